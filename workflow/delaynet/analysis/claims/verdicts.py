"""Corrections and verdicts: what the p and the interval of each hypothesis say.

The rules are in `delaynet.analysis.claims`.
"""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from delaynet.analysis.claims.terms import MARGIN, TYPICAL_Z, Hypothesis
from delaynet.analysis.statistics import Array, benjamini_hochberg, holm

LEVEL = 0.05

CORRECTIONS: dict[str, tuple[str, Callable[[Array], Array]]] = {
    "confirmatory": ("holm", holm),
    "accuracy": ("benjamini_hochberg", benjamini_hochberg),
    "part": ("none", np.asarray),
    "control": ("benjamini_hochberg", benjamini_hochberg),
    "exploratory": ("benjamini_hochberg", benjamini_hochberg),
}
# In these, tests that so few seeds can never decide would only weaken the others.
WITHOUT_HOPELESS = ("control", "exploratory")
CORRECTED = {
    "p": "corrected_p",
    "reversed_p": "corrected_reversed_p",
    "smallest_p": "smallest_corrected_p",
}


@dataclass
class Outcome:
    """What came out of one hypothesis; what there is not is NaN, and an empty verdict.

    Attributes:
        hypothesis: the hypothesis.
        shown: the hypothesis whose effect and interval are shown: itself, or the deciding part.
        n: seeds.
        effect: mean over seeds.
        low: lower end of its 95 % interval.
        high: upper end.
        p: uncorrected.
        reversed_p: of the test that the opposite holds, uncorrected; two-sided tests have none.
        smallest_p: the smallest p that so many seeds allow, uncorrected.
        smallest_reversed_p: the smallest `reversed_p` that they allow.
        corrected_p: corrected within the family; NaN where a family leaves the test out.
        corrected_reversed_p: `reversed_p` corrected likewise.
        smallest_corrected_p: `corrected_p` if every p of the family were the smallest.
        verdict: see `delaynet.analysis.claims`.
        reason: of the verdict, in a word or two.
    """

    hypothesis: Hypothesis
    shown: Hypothesis
    n: int = 0
    effect: float = math.nan
    low: float = math.nan
    high: float = math.nan
    p: float = math.nan
    reversed_p: float = math.nan
    smallest_p: float = math.nan
    smallest_reversed_p: float = math.nan
    corrected_p: float = math.nan
    corrected_reversed_p: float = math.nan
    smallest_corrected_p: float = math.nan
    verdict: str = ""
    reason: str = ""


def correct(outcomes: Iterable[Outcome]) -> None:
    """Correct p within each family; that of the opposite, and the smallest possible, likewise."""
    tested = [outcome for outcome in outcomes if not math.isnan(outcome.p)]
    for family, (_, corrected) in CORRECTIONS.items():
        members = [
            outcome
            for outcome in tested
            if outcome.hypothesis.family == family
            and not (family in WITHOUT_HOPELESS and outcome.smallest_p > LEVEL)
        ]
        for name, target in CORRECTED.items():
            ps = corrected(np.array([getattr(outcome, name) for outcome in members], float))
            for outcome, p in zip(members, ps, strict=True):
                setattr(outcome, target, float(p))


def judge(outcome: Outcome) -> None:
    """Give a hypothesis without parts its verdict and reason; one that has no p keeps its own."""
    is_on_its_side = outcome.effect > 0 or outcome.hypothesis.kind == "equivalence"
    if math.isnan(outcome.p):
        outcome.verdict = "not_testable"
    elif outcome.corrected_p <= LEVEL and is_on_its_side:
        outcome.verdict, outcome.reason = "supported", "p_within_level"
    elif _p_of_opposite(outcome) <= LEVEL and _lies_beyond(outcome):
        outcome.verdict, outcome.reason = "opposed", "interval_beyond_boundary"
    elif _has_too_few_seeds(outcome):
        outcome.verdict, outcome.reason = "undecided", "too_few_seeds"
    else:
        outcome.verdict, outcome.reason = "undecided", _why_undecided(outcome)


def _p_of_opposite(outcome: Outcome) -> float:
    """Return the corrected p against a hypothesis; that of a two-sided test speaks for both."""
    is_two_sided = outcome.hypothesis.kind == "two_sided"
    return outcome.corrected_p if is_two_sided else outcome.corrected_reversed_p


def judge_union(union: Outcome, parts: Sequence[Outcome]) -> None:
    """Give an intersection-union test its verdict, and the numbers of its deciding part."""
    deciding, union.verdict, union.reason = _judge_parts(union, parts)
    union.shown, union.n = deciding.hypothesis, deciding.n
    union.effect, union.low, union.high = deciding.effect, deciding.low, deciding.high


def _judge_parts(union: Outcome, parts: Sequence[Outcome]) -> tuple[Outcome, str, str]:
    """Return the deciding part, verdict and reason of an intersection-union test.

    What decides is the part with the largest p, unless parts oppose the claim (the one that does so
    most clearly), cannot be tested (the first), are of too few seeds (the fewest) or are premises
    that are not shown (the largest p of those).
    """
    weakest = max(parts, key=lambda part: part.p)
    untested = [part for part in parts if part.verdict == "not_testable"]
    if untested:
        return untested[0], "not_testable", untested[0].reason
    if union.corrected_p <= LEVEL:
        return weakest, "supported", "all_parts_supported"
    not_shown = [p for p in parts if p.hypothesis.is_premise and p.verdict != "supported"]
    opposing = [p for p in parts if not p.hypothesis.is_premise and p.verdict == "opposed"]
    if opposing and not not_shown and union.corrected_reversed_p <= LEVEL:
        strongest = min(opposing, key=lambda part: part.reversed_p)
        return strongest, "opposed", strongest.reason
    if _has_too_few_seeds(union):
        return max(parts, key=lambda part: part.smallest_p), "undecided", "too_few_seeds"
    if not_shown:
        return max(not_shown, key=lambda part: part.p), "undecided", "premise_not_shown"
    return weakest, "undecided", _why_undecided(weakest)


def _lies_beyond(outcome: Outcome) -> bool:
    """Return whether the interval lies where the hypothesis does not hold."""
    if outcome.hypothesis.kind == "equivalence":
        return outcome.low >= MARGIN
    if outcome.hypothesis.terms[0].quantity.name == "z":
        return outcome.low <= 0 and outcome.high < TYPICAL_Z
    return outcome.high < 0


def _has_too_few_seeds(outcome: Outcome) -> bool:
    return outcome.smallest_p > LEVEL or outcome.smallest_corrected_p > LEVEL


def _why_undecided(outcome: Outcome) -> str:
    if math.isnan(outcome.low):
        return "no_interval"
    if _lies_beyond(outcome):
        return "reversed_p_above_level"
    if outcome.hypothesis.kind == "equivalence":
        if outcome.high <= -MARGIN:
            return "worse_beyond_margin"
        is_clear = outcome.low > -MARGIN and outcome.high < MARGIN
    else:
        is_clear = outcome.low > 0
    return "p_above_level" if is_clear else "interval_covers_boundary"

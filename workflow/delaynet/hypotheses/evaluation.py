"""What comes out of each hypothesis: effect, interval, p, verdict, and the table of them.

The rules are in `delaynet.hypotheses`.
"""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd

from delaynet.config import Config
from delaynet.hypotheses.cells import Cells, has_enough_pairs, read_cells, values_of
from delaynet.hypotheses.exploratory import exploratory_hypotheses
from delaynet.hypotheses.of_claims import hypotheses_of_claims
from delaynet.hypotheses.terms import (
    MARGIN,
    TYPICAL_Z,
    Grid,
    Hypothesis,
    Kind,
    grid_of,
)
from delaynet.inference import (
    Array,
    all_of,
    benjamini_hochberg,
    bootstrap_interval,
    equivalence,
    holm,
    sign_flip,
    smallest_p,
)

LEVEL = 0.05
LEAST_SEEDS = 2

P_OF: dict[Kind, Callable[[Array], Array]] = {
    "greater": sign_flip,
    "two_sided": partial(sign_flip, alternative="two-sided"),
    "equivalence": partial(equivalence, margin=MARGIN),
}
CORRECTIONS: dict[str, tuple[str, Callable[[Array], Array]]] = {
    "confirmatory": ("holm", holm),
    "accuracy": ("none", np.asarray),
    "part": ("none", np.asarray),
    "control": ("benjamini_hochberg", benjamini_hochberg),
    "exploratory": ("benjamini_hochberg", benjamini_hochberg),
}
UNITS = {
    "accuracy": "points",
    "morans_i": "Moran's I",
    "join_excess": "share of pairs",
    "nearest_excess": "kernel widths",
    "clustering": "ratio to chance",
}
STATISTICS = {
    ("accuracy", 2): "mean difference",
    ("accuracy", 4): "mean difference of differences",
    ("z", 1): "mean z",
    ("effect", 1): "mean effect",
    ("effect", 2): "mean difference of effects",
}
COLUMNS = (
    *("test", "family", "claim", "contrast"),
    *("delays", "structure", "dale", "sparsity", "condition", "measure", "null"),
    *("statistic", "unit", "n", "effect", "low", "high", "p", "correction", "corrected_p"),
    *("smallest_p", "verdict", "reason"),
)


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
        smallest_p: the smallest p that so many seeds allow, uncorrected.
        corrected_p: corrected within the family.
        smallest_corrected_p: `corrected_p` if every p of the family were the smallest.
        verdict: see `delaynet.hypotheses`.
        reason: of the verdict, in a word or two.
    """

    hypothesis: Hypothesis
    shown: Hypothesis
    n: int = 0
    effect: float = math.nan
    low: float = math.nan
    high: float = math.nan
    p: float = math.nan
    smallest_p: float = math.nan
    corrected_p: float = math.nan
    smallest_corrected_p: float = math.nan
    verdict: str = ""
    reason: str = ""


def evaluated(config: Config, runs_folder: Path, grouping: Path) -> list[Outcome]:
    """List and test the hypotheses of a configuration's grid: claims, their parts, all others.

    Args:
        config: the configuration.
        runs_folder: the run folders.
        grouping: the table of grouping.

    Raises:
        UserError: a run or the table is missing.
    """
    grid, cells = grid_of(config), read_cells(config, runs_folder, grouping)
    claims = hypotheses_of_claims(
        grid, lambda point: has_enough_pairs(point, ("N1", "N2"), cells, grid)
    )
    parts = [part for claim in claims for part in claim.parts]
    others = exploratory_hypotheses(grid, {part.terms for part in parts})
    singles = {o.hypothesis.test: o for o in _test_singles([*parts, *others], cells, grid)}
    unions = [_unite(claim, [singles[part.test] for part in claim.parts]) for claim in claims]
    outcomes = [*unions, *singles.values()]
    _correct(outcomes)
    for outcome in singles.values():
        outcome.verdict, outcome.reason = _judge(outcome)
    for union in unions:
        _judge_union(union, [singles[part.test] for part in union.hypothesis.parts])
    return outcomes


def _test_singles(hypotheses: Sequence[Hypothesis], cells: Cells, grid: Grid) -> list[Outcome]:
    """Test hypotheses that have no parts, those with as many seeds at once."""
    outcomes = [Outcome(hypothesis, hypothesis) for hypothesis in hypotheses]
    same: dict[tuple[int, Kind], list[tuple[Outcome, Array]]] = {}
    for outcome in outcomes:
        values = values_of(outcome.hypothesis.terms, cells, grid)
        kind, n = outcome.hypothesis.kind, len(values)
        if n:
            outcome.n, outcome.effect = n, float(values.mean())
            outcome.smallest_p = smallest_p(n, kind == "two_sided")
        if n >= LEAST_SEEDS:
            same.setdefault((n, kind), []).append((outcome, values))
        else:
            outcome.reason = _why_not_testable(outcome.hypothesis, grid)
    for (_, kind), members in same.items():
        values = np.array([values for _, values in members])  # [tests, n]
        computed = zip(P_OF[kind](values), *bootstrap_interval(values), strict=True)
        for (outcome, _), (p, low, high) in zip(members, computed, strict=True):
            outcome.p, outcome.low, outcome.high = float(p), float(low), float(high)
    return outcomes


def _why_not_testable(hypothesis: Hypothesis, grid: Grid) -> str:
    points = [term.point for term in hypothesis.terms]
    if any(point not in grid for point in points):
        return "missing_from_grid"
    shared = frozenset.intersection(*(grid[point].seeds for point in points))
    return "too_few_seeds" if len(shared) < LEAST_SEEDS else "too_few_pairs"


def _unite(hypothesis: Hypothesis, parts: Sequence[Outcome]) -> Outcome:
    return Outcome(
        hypothesis,
        hypothesis,
        p=all_of([part.p for part in parts]),
        smallest_p=all_of([part.smallest_p for part in parts]),
    )


def _correct(outcomes: Iterable[Outcome]) -> None:
    """Correct p within each family, and the smallest p that its seeds allow likewise."""
    outcomes = list(outcomes)
    for family, (_, correct) in CORRECTIONS.items():
        members = [o for o in outcomes if o.hypothesis.family == family]
        corrected = correct(np.array([o.p for o in members], float))
        has_p = [o for o in members if not math.isnan(o.p)]
        smallest = correct(np.array([o.smallest_p for o in has_p], float))
        for outcome, p in zip(members, corrected, strict=True):
            outcome.corrected_p = float(p)
        for outcome, p in zip(has_p, smallest, strict=True):
            outcome.smallest_corrected_p = float(p)


def _judge(outcome: Outcome) -> tuple[str, str]:
    """Return verdict and reason of a hypothesis without parts."""
    if math.isnan(outcome.p):
        return "not_testable", outcome.reason
    is_on_its_side = outcome.effect > 0 or outcome.hypothesis.kind == "equivalence"
    if outcome.corrected_p <= LEVEL and is_on_its_side:
        return "supported", "p_within_level"
    if _is_opposed(outcome):
        return "opposed", "interval_beyond_boundary"
    return "undecided", _why_undecided(outcome, outcome)


def _is_opposed(outcome: Outcome) -> bool:
    """Return whether the interval speaks against a hypothesis; one of few seeds never does."""
    low, high = outcome.low, outcome.high
    if smallest_p(outcome.n) > LEVEL:
        return False
    if outcome.hypothesis.kind == "equivalence":
        return low >= MARGIN or high <= -MARGIN
    if outcome.hypothesis.terms[0].quantity.name == "z":
        return low <= 0 and high < TYPICAL_Z
    return high < 0


def _why_undecided(outcome: Outcome, deciding: Outcome) -> str:
    if outcome.smallest_corrected_p > LEVEL:
        return "too_few_seeds"
    if deciding.hypothesis.kind == "equivalence":
        is_clear = deciding.low > -MARGIN and deciding.high < MARGIN
    else:
        is_clear = deciding.low > 0
    return "p_above_level" if is_clear else "interval_covers_boundary"


def _judge_union(union: Outcome, parts: Sequence[Outcome]) -> None:
    """Give an intersection-union test its verdict, and the numbers of its deciding part.

    That is the part with the largest p; where parts oppose the claim, the one of them with the
    largest p; where parts cannot be tested, the first of them.
    """
    candidates = [part for part in parts if part.verdict == "not_testable"]
    if candidates:
        deciding = candidates[0]
        union.verdict, union.reason = "not_testable", deciding.reason
    else:
        opposing = [p for p in parts if p.verdict == "opposed" and not p.hypothesis.is_premise]
        deciding = max(opposing or parts, key=lambda part: part.p)
        if union.corrected_p <= LEVEL:
            union.verdict, union.reason = "supported", "all_parts_supported"
        elif opposing:
            union.verdict, union.reason = "opposed", deciding.reason
        else:
            union.verdict, union.reason = "undecided", _why_undecided(union, deciding)
            if union.reason != "too_few_seeds" and deciding.hypothesis.is_premise:
                union.reason = "premise_not_shown"
    union.shown, union.n = deciding.hypothesis, deciding.n
    union.effect, union.low, union.high = deciding.effect, deciding.low, deciding.high


def table_of(outcomes: Iterable[Outcome]) -> pd.DataFrame:
    """Return the table of tests, one row a test, columns `COLUMNS`."""
    return pd.DataFrame([_row(outcome) for outcome in outcomes], columns=list(COLUMNS))


def _row(outcome: Outcome) -> dict[str, object]:
    hypothesis, shown = outcome.hypothesis, outcome.shown
    term, kind = shown.terms[0], (shown.terms[0].quantity.name, len(shown.terms))
    has_share = any(abs(other.weight) != 1 for other in shown.terms)
    return {
        "test": hypothesis.test,
        "family": hypothesis.family,
        "claim": hypothesis.claim,
        "contrast": shown.contrast,
        **term.point._asdict(),
        "measure": term.quantity.measure,
        "null": term.quantity.null,
        "statistic": "mean effect less half of reference's" if has_share else STATISTICS[kind],
        "unit": "z" if kind[0] == "z" else UNITS[term.quantity.measure],
        "correction": CORRECTIONS[hypothesis.family][0],
        **{name: getattr(outcome, name) for name in COLUMNS if name in OUTCOMES},
    }


OUTCOMES = ("n", "effect", "low", "high", "p", "corrected_p", "smallest_p", "verdict", "reason")

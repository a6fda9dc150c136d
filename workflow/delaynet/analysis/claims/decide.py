"""Verdicts on test results, by the rules of `delaynet.analysis.claims`."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from delaynet.analysis.claims.terms import MARGIN, Hypothesis
from delaynet.analysis.statistics import Array, benjamini_hochberg, holm

LEVEL = 0.05

# The verdicts on a test, with their names for claims.
VERDICTS = {
    "supported": "replicated",
    "opposed": "not replicated",
    "undecided": "inconclusive",
    "not_testable": "not testable",
}
CORRECTIONS: dict[str, tuple[str, Callable[[Array], Array]]] = {
    "confirmatory": ("holm", holm),
    "accuracy": ("benjamini_hochberg", benjamini_hochberg),
    "part": ("none", np.asarray),
    "control": ("benjamini_hochberg", benjamini_hochberg),
    "exploratory": ("benjamini_hochberg", benjamini_hochberg),
}


@dataclass(frozen=True, kw_only=True)
class TestResult:
    """Result of the test of one hypothesis; missing numbers are NaN.

    The effect is a mean over n seeds with its 95 % interval; p is uncorrected. `reversed_p` is that
    of the opposite hypothesis; two-sided tests have none. `why_untested` is the reason if there is
    no p.
    """

    hypothesis: Hypothesis
    n: int = 0
    effect: float = math.nan
    low: float = math.nan
    high: float = math.nan
    p: float = math.nan
    reversed_p: float = math.nan
    why_untested: str = ""


class Corrected(NamedTuple):
    """p and reversed p of a test, corrected in its family; NaN if there is none."""

    p: float = math.nan
    reversed_p: float = math.nan


@dataclass(frozen=True)
class Decision:
    """The verdict on a test, one of `VERDICTS`, and its reason.

    `shown` is the result whose effect and interval are shown: the test's own, or that of the part
    that decides a claim.
    """

    result: TestResult
    shown: TestResult
    corrected: Corrected
    verdict: str
    reason: str

    @property
    def hypothesis(self) -> Hypothesis:
        """The hypothesis that was tested."""
        return self.result.hypothesis


def decide(results: Sequence[TestResult]) -> list[Decision]:
    """Return the verdicts on all tests of a grid, in order; p are corrected by family."""
    corrected = _corrected(results)
    decisions: dict[str, Decision] = {}
    # parts before the claims that they decide
    for result in sorted(results, key=lambda result: bool(result.hypothesis.parts)):
        test = result.hypothesis.test
        of_test = corrected.get(test, Corrected())
        if parts := [decisions[part.test] for part in result.hypothesis.parts]:
            shown, verdict, reason = _verdict_on_claim(of_test, parts)
        else:
            shown, (verdict, reason) = result, _verdict_on_test(result, of_test)
        decisions[test] = Decision(result, shown, of_test, verdict, reason)
    return [decisions[result.hypothesis.test] for result in results]


def _corrected(results: Sequence[TestResult]) -> Mapping[str, Corrected]:
    """Return the corrected p by test, without tests that have no p."""
    found: dict[str, Corrected] = {}
    for family, (_, correct) in CORRECTIONS.items():
        members = [
            result
            for result in results
            if result.hypothesis.family == family and not math.isnan(result.p)
        ]
        ps = correct(np.array([result.p for result in members]))
        reversed_ps = correct(np.array([result.reversed_p for result in members]))
        for result, p, reversed_p in zip(members, ps, reversed_ps, strict=True):
            found[result.hypothesis.test] = Corrected(float(p), float(reversed_p))
    return found


def _verdict_on_test(result: TestResult, corrected: Corrected) -> tuple[str, str]:
    """Return verdict and reason of a hypothesis without parts."""
    if math.isnan(result.p):
        return "not_testable", result.why_untested
    verdict = _verdict_by(result, corrected.p, corrected.reversed_p)
    if verdict == "supported":
        return verdict, "p_within_level"
    if verdict == "opposed":
        return verdict, "interval_beyond_boundary"
    return verdict, _why_undecided(result)


def _verdict_by(result: TestResult, p: float, reversed_p: float) -> str:
    """Return the verdict for p and reversed p, corrected or not."""
    if p <= LEVEL:
        is_below = result.hypothesis.kind == "two_sided" and result.effect < 0
        return "opposed" if is_below else "supported"
    # a mean z that is above 0 and below TYPICAL_Z opposes nothing
    if reversed_p <= LEVEL < result.p:
        return "opposed"
    return "undecided"


def _verdict_on_claim(
    corrected: Corrected, parts: Sequence[Decision]
) -> tuple[TestResult, str, str]:
    """Return the result of the deciding part, the verdict and its reason for a claim.

    The deciding part is the first that cannot be tested; if all can, and the claim is opposed, the
    part with the smallest reversed p; otherwise the one with the largest p, among premises if one
    is not supported.
    """
    untested = [part for part in parts if part.verdict == "not_testable"]
    if untested:
        return untested[0].result, "not_testable", untested[0].reason
    weakest = _weakest(parts)
    if corrected.p <= LEVEL:
        return weakest, "supported", "all_parts_supported"
    premises = [part for part in parts if part.hypothesis.is_premise]
    not_shown = [part for part in premises if part.verdict != "supported"]
    opposing = [part for part in parts if part not in premises and part.verdict == "opposed"]
    if opposing and not not_shown and corrected.reversed_p <= LEVEL:
        strongest = min(opposing, key=lambda part: part.result.reversed_p)
        return strongest.result, "opposed", strongest.reason
    if not_shown:
        return _weakest(not_shown), "undecided", "premise_not_shown"
    return weakest, "undecided", _why_undecided(weakest)


def _weakest(parts: Sequence[Decision]) -> TestResult:
    return max((part.result for part in parts), key=lambda result: result.p)


def _why_undecided(result: TestResult) -> str:
    uncorrected = _verdict_by(result, result.p, result.reversed_p)
    if uncorrected == "supported":
        return "p_above_level"
    if uncorrected == "opposed":
        return "reversed_p_above_level"
    if result.hypothesis.kind == "equivalence" and result.high <= -MARGIN:
        return "worse_beyond_margin"
    return "interval_covers_boundary"

"""Effect, interval and p of each hypothesis, by the rules of `delaynet.analysis.claims`."""

import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from delaynet.analysis.claims.cells import has_enough_pairs, reached_shares, read_cells, values_of
from delaynet.analysis.claims.claims import hypotheses_of_claims
from delaynet.analysis.claims.decide import TestResult
from delaynet.analysis.claims.exploratory import exploratory_hypotheses
from delaynet.analysis.claims.terms import MARGIN, TYPICAL_Z, Grid, Hypothesis, grid_of
from delaynet.analysis.statistics import (
    Array,
    all_of,
    any_of,
    equivalence,
    greater,
    t_interval,
    two_sided,
)
from delaynet.analysis.tables import read_results
from delaynet.config.grid import Config

# Fewer seeds are not tested: a t test of two or three relies on normality alone, and if their
# accuracies happen to be equal, p is 0.
LEAST_SEEDS = 5


def results_of_tests(config: Config, runs_folder: Path, grouping: Path) -> list[TestResult]:
    """Test all hypotheses of a grid; a missing run or table of grouping is a `UserError`."""
    grid, results = grid_of(config), read_results(config, runs_folder)
    cells = read_cells(config, results, grouping)
    claims = hypotheses_of_claims(
        grid,
        lambda point: has_enough_pairs(point, cells, grid),
        reached_shares(results),
    )
    parts = [part for claim in claims for part in claim.parts]
    singles = [
        _test(hypothesis, values_of(hypothesis.terms, cells, grid), grid)
        for hypothesis in (*parts, *exploratory_hypotheses(grid, parts))
    ]
    by_test = {result.hypothesis.test: result for result in singles}
    of_claims = [_combine(claim, [by_test[part.test] for part in claim.parts]) for claim in claims]
    return [*of_claims, *singles]


def _test(hypothesis: Hypothesis, values: Array, grid: Grid) -> TestResult:
    """Return the result of a hypothesis without parts, from values by seed, [n]."""
    result = TestResult(hypothesis=hypothesis, n=len(values))
    if len(values) > 0:
        low, high = map(float, t_interval(values))
        result = replace(result, effect=float(values.mean()), low=low, high=high)
    if len(values) < LEAST_SEEDS:
        return replace(result, why_untested=_why_untested(hypothesis, grid))
    p, reversed_p = map(float, _p_and_reversed_p(hypothesis, values))
    return replace(result, p=p, reversed_p=reversed_p)


def _p_and_reversed_p(hypothesis: Hypothesis, values: Array) -> tuple[Array | float, Array | float]:
    """Return p of a hypothesis and of its opposite; a two-sided test is its own opposite."""
    if hypothesis.kind == "two_sided":
        return two_sided(values), math.nan
    if hypothesis.kind == "equivalence":
        return equivalence(values, MARGIN), greater(values - MARGIN)
    is_z = hypothesis.terms[0].quantity.name == "z"
    return greater(values), greater((TYPICAL_Z if is_z else 0) - values)


def _why_untested(hypothesis: Hypothesis, grid: Grid) -> str:
    points = [term.point for term in hypothesis.terms]
    if any(point not in grid for point in points):
        return "missing_from_grid"
    shared = frozenset.intersection(*(grid[point].seeds for point in points))
    return "too_few_seeds" if len(shared) < LEAST_SEEDS else "too_few_pairs"


def _combine(hypothesis: Hypothesis, parts: Sequence[TestResult]) -> TestResult:
    """Return the result of a claim: p that all parts hold, reversed p that one does not."""
    not_premises = [part for part in parts if not part.hypothesis.is_premise]
    return TestResult(
        hypothesis=hypothesis,
        p=all_of([part.p for part in parts]),
        reversed_p=any_of([part.reversed_p for part in not_premises]),
    )

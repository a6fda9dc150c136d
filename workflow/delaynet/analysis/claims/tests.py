"""Effect, interval and p of each hypothesis, over seeds.

The rules are in `delaynet.analysis.claims`.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np

from delaynet.analysis.claims.cells import (
    Cells,
    has_enough_pairs,
    reached_shares,
    read_cells,
    values_of,
)
from delaynet.analysis.claims.claims import hypotheses_of_claims
from delaynet.analysis.claims.decide import TestResult
from delaynet.analysis.claims.exploratory import exploratory_hypotheses
from delaynet.analysis.claims.terms import MARGIN, TYPICAL_Z, Grid, Hypothesis, Kind, grid_of
from delaynet.analysis.statistics import (
    Array,
    all_of,
    any_of,
    equivalence,
    sign_flip,
    smallest_p,
    t_interval,
)
from delaynet.analysis.tables import read_results
from delaynet.config.grid import Config

LEAST_SEEDS = 2

P_OF: dict[Kind, Callable[[Array], Array]] = {
    "greater": sign_flip,
    "two_sided": partial(sign_flip, alternative="two-sided"),
    "equivalence": partial(equivalence, margin=MARGIN),
}
# p of the opposite, from values minus its boundary; a two-sided test is its own opposite
REVERSED_P_OF: dict[Kind, Callable[[Array], Array]] = {
    "greater": partial(sign_flip, alternative="less"),
    "two_sided": lambda values: np.full(len(values), np.nan),
    "equivalence": sign_flip,
}


def results_of_tests(config: Config, runs_folder: Path, grouping: Path) -> list[TestResult]:
    """List and test the hypotheses of a grid: claims, their parts, all others.

    Args:
        config: the configuration.
        runs_folder: the run folders.
        grouping: the table of grouping.

    Raises:
        UserError: a run or the table is missing.
    """
    grid, results = grid_of(config), read_results(config, runs_folder)
    cells = read_cells(config, results, grouping)
    claims = hypotheses_of_claims(
        grid,
        lambda point: has_enough_pairs(point, cells, grid),
        reached_shares(results),
    )
    parts = [part for claim in claims for part in claim.parts]
    singles = _test_singles([*parts, *exploratory_hypotheses(grid, parts)], cells, grid)
    by_test = {result.hypothesis.test: result for result in singles}
    of_claims = [_combine(claim, [by_test[part.test] for part in claim.parts]) for claim in claims]
    return [*of_claims, *singles]


def _test_singles(hypotheses: Sequence[Hypothesis], cells: Cells, grid: Grid) -> list[TestResult]:
    """Test hypotheses without parts, all with the same number of seeds at once."""
    results = []
    groups: dict[tuple[int, Kind, float], list[tuple[int, Array]]] = {}
    for index, hypothesis in enumerate(hypotheses):
        values = values_of(hypothesis.terms, cells, grid)
        results.append(_without_p(hypothesis, values, grid))
        if len(values) >= LEAST_SEEDS:
            group = len(values), hypothesis.kind, _boundary_of_opposite(hypothesis)
            groups.setdefault(group, []).append((index, values))
    for (_, kind, boundary), members in groups.items():
        values = np.array([values for _, values in members])  # [tests, n]
        ps, reversed_ps = P_OF[kind](values), REVERSED_P_OF[kind](values - boundary)
        computed = np.stack([ps, reversed_ps, *t_interval(values)], axis=1).tolist()
        for (index, _), (p, reversed_p, low, high) in zip(members, computed, strict=True):
            results[index] = replace(results[index], p=p, reversed_p=reversed_p, low=low, high=high)
    return results


def _without_p(hypothesis: Hypothesis, values: Array, grid: Grid) -> TestResult:
    """Return the result of a hypothesis without p and interval; `values` are by seed, [n]."""
    n, is_two_sided = len(values), hypothesis.kind == "two_sided"
    result = TestResult(hypothesis=hypothesis, n=n)
    if n < LEAST_SEEDS:
        result = replace(result, why_untested=_why_untested(hypothesis, grid))
    if n == 0:
        return result
    result = replace(result, effect=float(values.mean()), smallest_p=smallest_p(n, is_two_sided))
    return result if is_two_sided else replace(result, smallest_reversed_p=smallest_p(n))


def _boundary_of_opposite(hypothesis: Hypothesis) -> float:
    """Return the boundary of the mean beyond which the opposite of a hypothesis holds."""
    if hypothesis.kind == "equivalence":
        return MARGIN
    return TYPICAL_Z if hypothesis.terms[0].quantity.name == "z" else 0.0


def _why_untested(hypothesis: Hypothesis, grid: Grid) -> str:
    points = [term.point for term in hypothesis.terms]
    if any(point not in grid for point in points):
        return "missing_from_grid"
    shared = frozenset.intersection(*(grid[point].seeds for point in points))
    return "too_few_seeds" if len(shared) < LEAST_SEEDS else "too_few_pairs"


def _combine(hypothesis: Hypothesis, parts: Sequence[TestResult]) -> TestResult:
    """Return the combined result: all parts hold, or a part that is no premise does not."""
    not_premises = [part for part in parts if not part.hypothesis.is_premise]
    return TestResult(
        hypothesis=hypothesis,
        p=all_of([part.p for part in parts]),
        reversed_p=any_of([part.reversed_p for part in not_premises]),
        smallest_p=all_of([part.smallest_p for part in parts]),
        smallest_reversed_p=any_of([part.smallest_reversed_p for part in not_premises]),
    )

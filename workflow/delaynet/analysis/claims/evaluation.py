"""What comes out of each hypothesis: effect, interval, p, verdict, and the table of them.

The rules are in `delaynet.analysis.claims`.
"""

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd

from delaynet.analysis.claims.cells import (
    Cells,
    has_enough_pairs,
    reached_shares,
    read_cells,
    values_of,
)
from delaynet.analysis.claims.exploratory import exploratory_hypotheses
from delaynet.analysis.claims.of_claims import hypotheses_of_claims
from delaynet.analysis.claims.terms import MARGIN, TYPICAL_Z, Grid, Hypothesis, Kind, grid_of
from delaynet.analysis.claims.verdicts import CORRECTIONS, Outcome, correct, judge, judge_union
from delaynet.analysis.grouping.grouping import INTERIOR
from delaynet.analysis.grouping.nulls import WITHIN_NEURONS
from delaynet.analysis.statistics import (
    Array,
    all_of,
    any_of,
    bootstrap_interval,
    equivalence,
    sign_flip,
    smallest_p,
)
from delaynet.analysis.tables import read_results
from delaynet.config.grid import Config

LEAST_SEEDS = 2

P_OF: dict[Kind, Callable[[Array], Array]] = {
    "greater": sign_flip,
    "two_sided": partial(sign_flip, alternative="two-sided"),
    "equivalence": partial(equivalence, margin=MARGIN),
}
# of the opposite, from values less its boundary; a two-sided p speaks for both sides
REVERSED_P_OF: dict[Kind, Callable[[Array], Array]] = {
    "greater": partial(sign_flip, alternative="less"),
    "two_sided": lambda values: np.full(len(values), np.nan),
    "equivalence": sign_flip,
}
UNITS = {
    "accuracy": "points",
    "morans_i": "Moran's I",
    INTERIOR: "Moran's I",
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
    *("delays", "structure", "signs", "sparsity", "condition", "measure", "null"),
    *("reference_sparsity", "statistic", "unit", "kind"),
    *("n", "effect", "low", "high", "p", "correction", "corrected_p"),
    *("reversed_p", "corrected_reversed_p", "smallest_p", "smallest_reversed_p"),
    *("verdict", "reason"),
)


def evaluated(config: Config, runs_folder: Path, grouping: Path) -> list[Outcome]:
    """List and test the hypotheses of a configuration's grid: claims, their parts, all others.

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
        lambda point: has_enough_pairs(point, WITHIN_NEURONS, cells, grid),
        reached_shares(results),
    )
    parts = [part for claim in claims for part in claim.parts]
    others = exploratory_hypotheses(grid, parts)
    singles = {o.hypothesis.test: o for o in _test_singles([*parts, *others], cells, grid)}
    unions = [_unite(claim, [singles[part.test] for part in claim.parts]) for claim in claims]
    outcomes = [*unions, *singles.values()]
    correct(outcomes)
    for outcome in singles.values():
        judge(outcome)
    for union in unions:
        judge_union(union, [singles[part.test] for part in union.hypothesis.parts])
    return outcomes


def _test_singles(hypotheses: Sequence[Hypothesis], cells: Cells, grid: Grid) -> list[Outcome]:
    """Test hypotheses that have no parts, those with as many seeds at once."""
    outcomes = [Outcome(hypothesis, hypothesis) for hypothesis in hypotheses]
    same: dict[tuple[int, Kind, float], list[tuple[Outcome, Array]]] = {}
    for outcome in outcomes:
        values = values_of(outcome.hypothesis.terms, cells, grid)
        kind, n = outcome.hypothesis.kind, len(values)
        if n:
            outcome.n, outcome.effect = n, float(values.mean())
            outcome.smallest_p = smallest_p(n, kind == "two_sided")
            if kind != "two_sided":
                outcome.smallest_reversed_p = smallest_p(n)
        if n >= LEAST_SEEDS:
            boundary = _boundary_of_opposite(outcome.hypothesis)
            same.setdefault((n, kind, boundary), []).append((outcome, values))
        else:
            outcome.reason = _why_not_testable(outcome.hypothesis, grid)
    for (_, kind, boundary), members in same.items():
        values = np.array([values for _, values in members])  # [tests, n]
        ps, reversed_ps = P_OF[kind](values), REVERSED_P_OF[kind](values - boundary)
        computed = np.stack([ps, reversed_ps, *bootstrap_interval(values)], axis=1).tolist()
        for (outcome, _), numbers in zip(members, computed, strict=True):
            outcome.p, outcome.reversed_p, outcome.low, outcome.high = numbers
    return outcomes


def _boundary_of_opposite(hypothesis: Hypothesis) -> float:
    """Return on which side of what the mean lies if the opposite of a hypothesis holds."""
    if hypothesis.kind == "equivalence":
        return MARGIN
    return TYPICAL_Z if hypothesis.terms[0].quantity.name == "z" else 0.0


def _why_not_testable(hypothesis: Hypothesis, grid: Grid) -> str:
    points = [term.point for term in hypothesis.terms]
    if any(point not in grid for point in points):
        return "missing_from_grid"
    shared = frozenset.intersection(*(grid[point].seeds for point in points))
    return "too_few_seeds" if len(shared) < LEAST_SEEDS else "too_few_pairs"


def _unite(hypothesis: Hypothesis, parts: Sequence[Outcome]) -> Outcome:
    """Return what parts give together: that all hold, or that one that is no premise does not."""
    against = [part for part in parts if not part.hypothesis.is_premise]
    return Outcome(
        hypothesis,
        hypothesis,
        p=all_of([part.p for part in parts]),
        reversed_p=any_of([part.reversed_p for part in against]),
        smallest_p=all_of([part.smallest_p for part in parts]),
        smallest_reversed_p=any_of([part.smallest_reversed_p for part in against]),
    )


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
        "reference_sparsity": shown.terms[-1].point.sparsity,
        "unit": "z" if kind[0] == "z" else UNITS[term.quantity.measure],
        "kind": shown.kind,
        "correction": CORRECTIONS[hypothesis.family][0],
        **{name: getattr(outcome, name) for name in COLUMNS if name in OUTCOMES},
    }


OUTCOMES = (
    *("n", "effect", "low", "high", "p", "corrected_p", "reversed_p", "corrected_reversed_p"),
    *("smallest_p", "smallest_reversed_p", "verdict", "reason"),
)

"""Cells: the values of every quantity at every point of the grid, one per seed."""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from delaynet.analysis.claims.terms import ACCURACY, JOINT_EFFECT, Grid, Quantity, Term
from delaynet.analysis.grouping.kinds import effects_by_kind
from delaynet.analysis.statistics import Array
from delaynet.analysis.tables import read_table
from delaynet.config.errors import UserError
from delaynet.config.files import require
from delaynet.config.grid import STANDARD, Config, Point, Run

Cells = Mapping[tuple[Point, Quantity], Array]
KEYS = [*Point._fields, "measure", "null", "order"]


def read_cells(config: Config, results: pd.DataFrame, grouping: Path) -> Cells:
    """Return accuracies and the grouping of trained networks, [seeds] each, NaN where missing.

    `results` are those of `delaynet.analysis.tables.read_results`; `grouping` is the table's path.

    Raises:
        UserError: the table is missing, or has no rows for a run.
    """
    seeds = range(int(results["seed"].max()) + 1)
    by_seed = _by_seed(results, list(Point._fields), "accuracy", seeds)
    cells = {(Point(*point), ACCURACY): values for point, values in by_seed}
    table = read_table(require(grouping)).query("network == 'trained'")
    analysed = set(table[list(Run._fields)].itertuples(index=False, name=None))
    for run in config.runs():
        if tuple(run) not in analysed:
            raise UserError(
                f"{grouping} has no rows for {run.folder}: make it again from this grid's runs, "
                f"with `snakemake --forcerun grouping {grouping}`."
            )
    table = table.assign(effect=table["observed"] - table["null_mean"])
    for name in ("effect", "z"):
        for (*point, measure, null, order), values in _by_seed(table, KEYS, name, seeds):
            cells[Point(*point), Quantity(name, measure, null, order)] = values
    kinds, keys = effects_by_kind(table), [*Point._fields, "kind", "order"]
    for (*point, kind, order), values in _by_seed(kinds, keys, "effect", seeds):
        cells[Point(*point), Quantity("effect", kind, order=order)] = values
    return cells


def _by_seed(
    table: pd.DataFrame, keys: list[str], name: str, seeds: range
) -> Iterator[tuple[tuple[str, ...], Array]]:
    """Yield each key with the values of a column, [seeds]; NaN for missing seeds."""
    wide = table.pivot(index=keys, columns="seed", values=name).reindex(columns=seeds)
    yield from zip(wide.index, wide.to_numpy(float), strict=True)


def values_of(terms: Iterable[Term], cells: Cells, grid: Grid) -> Array:
    """Return the sum for each seed that all terms have, [n]; empty if a point is missing."""
    terms = list(terms)
    if any(term.point not in grid for term in terms):
        return np.empty(0)
    total = np.sum([weight * cells[point, quantity] for weight, point, quantity in terms], axis=0)
    return total[~np.isnan(total)]  # type: ignore[no-any-return]


def reached_shares(results: pd.DataFrame) -> dict[str, float]:
    """Return the share of outputs that inputs reach in random static networks, by sparsity.

    It is a mean over the condition `standard`. A random mask never changes, so the share does not
    depend on training.
    """
    static = results[(results["structure"] == "static") & (results["condition"] == STANDARD)]
    share = static["reachable_outputs"] / static["classes"]
    return dict(share.groupby(static["sparsity"]).mean())


def has_enough_pairs(point: Point, cells: Cells, grid: Grid) -> bool:
    """Return whether grouping can be tested in the networks of all seeds at a point."""
    testable = values_of([Term(1, point, JOINT_EFFECT)], cells, grid)
    return len(testable) == len(grid[point].seeds)

"""How grouped the networks are: Moran's I against each null model, over seeds."""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from delaynet.analysis.claims.terms import Grid
from delaynet.analysis.grouping.grouping import INTERIOR
from delaynet.analysis.grouping.nulls import UNTRAINED
from delaynet.analysis.tables import GRID_POINT, show_setting
from delaynet.config.grid import STANDARD, Point
from delaynet.config.variants import STRUCTURES
from delaynet.paper.numbers.number import Number, cell_key, count, show_signed

EFFECT_DIGITS = 3


def grouping_numbers(table: pd.DataFrame, grid: Grid) -> Iterator[Number]:
    """Yield effects and z of the primary measure, by variant, sparsity, network and null model.

    The effect is the observed value less the mean of the null model; where that finds nothing to
    permute, as in delays where there are none, there is no effect. Runs of the condition
    `standard` stand below `grouping`; trained networks of the others below
    `controls.<condition>.<order>`. Networks in which training can change nothing that is measured
    have `can_change` of no, and are left out of the counts of combinations.

    Args:
        table: the table of grouping.
        grid: the points of the grid.
    """
    primary = table[table["measure"] == "morans_i"]
    is_standard = primary["condition"] == STANDARD
    standard = primary[is_standard & (primary["order"] == "mel")]
    controls = primary[~is_standard & (primary["network"] == "trained")]
    for (network, null, *point), seeds in standard.groupby(["network", "null", *GRID_POINT]):
        cell = cell_key(dict(zip(GRID_POINT, point, strict=True)))
        yield from _cell(f"grouping.{cell}.{network}.{null}", seeds)
    for (order, null, *point), seeds in controls.groupby(["order", "null", *GRID_POINT]):
        place = dict(zip(GRID_POINT, point, strict=True))
        key = f"controls.{place['condition']}.{order}.{cell_key(place)}.{null}"
        yield from _cell(key, seeds)
    yield from _summaries(standard[standard["network"] == "trained"], grid)


def _summaries(trained: pd.DataFrame, grid: Grid) -> Iterator[Number]:
    """Yield which points training can change, and the summary over these by null model."""
    changes = {point: can_change(point, grid) for point in grid if point.condition == STANDARD}
    for point, changing in changes.items():
        key = f"grouping.{cell_key(point._asdict())}.can_change"
        yield Number(key, changing, show_setting(changing))
    points = trained[GRID_POINT].itertuples(index=False, name=None)
    marked = trained.assign(changing=np.array([changes[Point(*at)] for at in points], bool))
    for (null,), rows in marked.groupby(["null"]):
        yield from _summary(f"grouping_summary.{null}", rows)


def can_change(point: Point, grid: Grid) -> bool:
    """Return whether training can change the delay or the sign of a synapse, or which there are.

    Where Dale's principle binds the signs, delays do not move and connections stay, it cannot; the
    gain of batch normalisation apart, which may turn a neuron's signs around all at once.
    """
    moves = point.delays == "learned" or STRUCTURES[point.structure].change != "none"
    return moves or not grid[point].obeys_dale


def _is_unchanged(rows: pd.DataFrame) -> "pd.Series[bool]":
    """Return where a null model finds nothing to permute: no z, though there is a value."""
    return rows["observed"].notna() & rows["z"].isna() & (rows["null"] != UNTRAINED)


def _effects(rows: pd.DataFrame) -> "pd.Series[float]":
    """Return the effects; not a number where untested and where there is nothing to permute."""
    return (rows["observed"] - rows["null_mean"]).mask(_is_unchanged(rows))


def _cell(key: str, seeds: pd.DataFrame) -> Iterator[Number]:
    """Yield what the seeds of one combination show; what cannot be tested has no number."""
    effect = _effects(seeds).dropna()
    yield count(f"{key}.seeds", len(seeds))
    yield count(f"{key}.testable", len(effect))
    yield count(f"{key}.unchanged", _is_unchanged(seeds).sum())
    for name, values, digits in (("effect", effect, EFFECT_DIGITS), ("z", seeds["z"].dropna(), 1)):
        if len(values):
            parts = {"mean": values.mean(), "smallest": values.min(), "largest": values.max()}
            for part, value in parts.items():
                yield Number(f"{key}.{name}.{part}", float(value), show_signed(value, digits))


def _summary(key: str, rows: pd.DataFrame) -> Iterator[Number]:
    """Yield in how many combinations trained networks are grouped, and how many are not tested.

    Networks in which a null model finds nothing to permute count as neither. Combinations are
    those that training can change.
    """
    changing = rows[rows["changing"]]
    mean = _effects(changing).groupby([changing[name] for name in GRID_POINT]).mean().dropna()
    yield count(f"{key}.cells", len(mean))
    yield count(f"{key}.positive", (mean > 0).sum())
    yield count(f"{key}.networks", (~_is_unchanged(rows)).sum())
    yield count(f"{key}.not_testable", rows["observed"].isna().sum())


def interior_numbers(table: pd.DataFrame) -> Iterator[Number]:
    """Yield effects and z without the delays at the ends, by variant, sparsity and null model.

    Of the condition `standard`, below `interior`; the same synapses and more are below `grouping`.
    """
    inside = table[(table["measure"] == INTERIOR) & (table["condition"] == STANDARD)]
    for (null, *point), seeds in inside.groupby(["null", *GRID_POINT]):
        cell = cell_key(dict(zip(GRID_POINT, point, strict=True)))
        yield from _cell(f"interior.{cell}.{null}", seeds)

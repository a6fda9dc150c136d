"""How grouped the networks are: Moran's I against each null model, over seeds."""

from collections.abc import Iterator

import pandas as pd

from delaynet.config import STANDARD
from delaynet.numbers.number import Number, cell_key, count, show_signed
from delaynet.tables import GRID_POINT

EFFECT_DIGITS = 3


def grouping_numbers(table: pd.DataFrame) -> Iterator[Number]:
    """Yield effects and z of the primary measure, by variant, sparsity, network and null model.

    The effect is the observed value less the mean of the null model. Runs of the condition
    `standard` stand below `grouping`; trained networks of the others below
    `controls.<condition>.<order>`.
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
    for (null,), rows in standard[standard["network"] == "trained"].groupby(["null"]):
        yield from _summary(f"grouping_summary.{null}", rows)


def _cell(key: str, seeds: pd.DataFrame) -> Iterator[Number]:
    """Yield what the seeds of one combination show; what cannot be tested has no number."""
    effect = (seeds["observed"] - seeds["null_mean"]).dropna()
    yield count(f"{key}.seeds", len(seeds))
    yield count(f"{key}.testable", len(effect))
    for name, values, digits in (("effect", effect, EFFECT_DIGITS), ("z", seeds["z"].dropna(), 1)):
        if len(values):
            parts = {"mean": values.mean(), "smallest": values.min(), "largest": values.max()}
            for part, value in parts.items():
                yield Number(f"{key}.{name}.{part}", float(value), show_signed(value, digits))


def _summary(key: str, rows: pd.DataFrame) -> Iterator[Number]:
    """Yield in how many combinations trained networks are grouped, and how many are not tested."""
    effect = (rows["observed"] - rows["null_mean"]).groupby([rows[name] for name in GRID_POINT])
    mean = effect.mean().dropna()
    yield count(f"{key}.cells", len(mean))
    yield count(f"{key}.positive", (mean > 0).sum())
    yield count(f"{key}.networks", len(rows))
    yield count(f"{key}.not_testable", rows["observed"].isna().sum())

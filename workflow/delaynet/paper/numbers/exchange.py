"""The fall in accuracy when synapses exchange their delays or signs, over seeds."""

import pandas as pd

from delaynet.analysis.exchange import NO_EXCHANGE
from delaynet.analysis.tables import GRID_POINT, summarise_seeds
from delaynet.config.grid import STANDARD, Point
from delaynet.paper.numbers.inputs import Inputs
from delaynet.paper.numbers.number import Object, count, decimal, sourced
from delaynet.paper.numbers.places import place_of, sparsity_name


def exchange(inputs: Inputs) -> Object:
    """Return accuracy and its falls in points, by variant and sparsity.

    The fall `unrounded` is accuracy with rounded delays minus that with unrounded ones.
    """
    table = inputs.exchange
    found: Object = {}
    for at, rows in table[table["condition"] == STANDARD].groupby(GRID_POINT, sort=False):
        point = Point(*map(str, at))
        is_trained = (rows["null"] == NO_EXCHANGE) & (rows["rounded"] == "yes")
        kinds = rows["null"].mask(rows["rounded"] == "no", "unrounded")[~is_trained]
        found.setdefault(point.variant, {})[sparsity_name(point.sparsity)] = {
            **place_of(point._asdict()),
            "accuracy": decimal(rows["accuracy"][is_trained].mean()),
            "falls": {
                kind: _fall(seeds) for kind, seeds in rows["fall"].groupby(kinds, sort=False)
            },
        }
    return sourced(found, inputs.sources.exchange)


def _fall(seeds: "pd.Series[float]") -> Object:
    """Return mean and interval over seeds, in percentage points."""
    summary = summarise_seeds(seeds.to_numpy())
    points = {name: decimal(summary[name]) for name in ("mean", "low", "high")}
    return {"n": count(summary["n"]), **points}

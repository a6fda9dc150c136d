"""Accuracies, connections and contrasts."""

from collections.abc import Callable, Iterable, Sequence
from itertools import groupby
from operator import itemgetter
from typing import Any

import pandas as pd

from delaynet.config.grid import STANDARD, Point
from delaynet.config.variants import DELAYS, SIGNS, STRUCTURES
from delaynet.paper.numbers.inputs import Inputs, Row
from delaynet.paper.numbers.number import Object, count, decimal, signed, sourced
from delaynet.paper.numbers.places import (
    in_short,
    order_of,
    place_of,
    span_of,
    sparsity_name,
    sparsity_number,
)

_variant = itemgetter("delays", "structure", "signs")


def accuracy_objects(inputs: Inputs) -> Object:
    """Return accuracies of the condition `standard`, and connections.

    `accuracy` is by variant, with a cell for each of the `sparsities`; `accuracy_range` are the
    points of lowest and highest mean; `connectivity` is by structure.
    """
    by_mean = sorted(_standard(inputs), key=itemgetter("mean", *Point._fields))
    lowest, highest = (
        {**place_of(row), "mean": decimal(row["mean"])} for row in (by_mean[0], by_mean[-1])
    )
    objects = {
        "sparsities": _sparsities(inputs),
        "accuracy": _accuracies(inputs),
        "accuracy_range": {"lowest": lowest, "highest": highest},
        "connectivity": _connectivity(inputs),
    }
    return sourced(objects, inputs.sources.accuracy)


def _standard(inputs: Inputs) -> list[Row]:
    """Return the rows of the condition `standard`."""
    return [row for row in inputs.accuracy if row["condition"] == STANDARD]


def _sparsities(inputs: Inputs) -> Object:
    """Return the sparsities of the condition `standard`, the columns of the large tables."""
    sparsities = sorted({row["sparsity"] for row in _standard(inputs)}, key=float)
    return {sparsity_name(sparsity): sparsity_number(sparsity) for sparsity in sparsities}


def _by_sparsity(rows: Iterable[Row], cell: Callable[[Row], Any], inputs: Inputs) -> Object:
    """Return one cell per sparsity of the large tables; None for those without a row."""
    found = {sparsity_name(row["sparsity"]): cell(row) for row in rows}
    return {name: found.get(name) for name in _sparsities(inputs)}


def _accuracies(inputs: Inputs) -> Object:
    """Return one row of the table of accuracies per variant."""

    def cell(row: Row) -> Object:
        return {name: decimal(row[name]) for name in ("mean", "standard_deviation")}

    found = {}
    for variant, group in groupby(sorted(_standard(inputs), key=order_of), _variant):
        rows = list(group)
        found["-".join(variant)] = {
            **in_short(rows[0]),
            "seeds": span_of(row["n"] for row in rows),
            "cells": _by_sparsity(rows, cell, inputs),
        }
    return found


def _connectivity(inputs: Inputs) -> Object:
    """Return connections and reachable outputs of each structure, as means over variants."""
    table = pd.DataFrame(_standard(inputs))
    means = table.groupby(["structure", "sparsity"])[["connections", "reachable_outputs"]].mean()
    rows = means.reset_index().to_dict("records")
    found = {}
    for structure, kind in STRUCTURES.items():
        if structure_rows := [row for row in rows if row["structure"] == structure]:
            found[structure] = {
                "words": kind.words,
                "connections": _by_sparsity(
                    structure_rows, lambda row: count(round(row["connections"])), inputs
                ),
                "reachable_outputs": _by_sparsity(
                    structure_rows, lambda row: decimal(row["reachable_outputs"]), inputs
                ),
            }
    return found


def contrasts_by_claim(inputs: Inputs) -> Object:
    """Return the rows of the table of contrasts."""
    found: Object = {"C1": {}, "C2": {}, "C3": {}}
    keys = itemgetter("claim", "contrast", "signs")
    ordered = sorted(map(_with_sides, inputs.contrasts), key=_order)
    for (claim, contrast, signs), rows in groupby(ordered, keys):
        found[claim][f"{contrast.replace(' ', '_')}-{signs}"] = _contrast(list(rows), inputs)
    return sourced(found, inputs.sources.contrasts)


def _with_sides(row: Row) -> Row:
    """Return a contrast with the delays and the structures of its two sides."""
    sides = [side.split("-", 1) for side in row["contrast"].split(" minus ")]
    delays, structures = zip(*sides, strict=True)
    return row | {"delays": delays, "structures": structures}


def _order(row: Row) -> tuple[Any, ...]:
    """Return the place of a contrast: by claim, structures, delays, signs and sparsity."""
    structures = [list(STRUCTURES).index(name) for name in row["structures"]]
    delays = [list(DELAYS).index(name) for name in row["delays"]]
    return row["claim"], structures, delays, list(SIGNS).index(row["signs"]), float(row["sparsity"])


def _contrast(rows: Sequence[Row], inputs: Inputs) -> Object:
    """Return a row of the table of contrasts."""

    def cell(row: Row) -> Object:
        return {name: signed(row[name]) for name in ("mean_difference", "low", "high")}

    return {
        # one where they are the same
        "structures": [STRUCTURES[name].words for name in dict.fromkeys(rows[0]["structures"])],
        "delays": [DELAYS[name].short for name in rows[0]["delays"]],
        "signs": SIGNS[rows[0]["signs"]].short,
        "seeds": span_of(row["n"] for row in rows),
        "cells": _by_sparsity(rows, cell, inputs),
    }

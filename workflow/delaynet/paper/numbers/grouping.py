"""Effects on Moran's I by kind of grouping, over seeds."""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from delaynet.analysis.claims.claims import DENSE
from delaynet.analysis.claims.terms import JOINT_Z, Grid, name_of, name_of_point
from delaynet.analysis.grouping.kinds import INTERIOR, KINDS, PRIMARY, effects_by_kind
from delaynet.analysis.grouping.nulls import UNTRAINED
from delaynet.analysis.tables import GRID_POINT
from delaynet.config.grid import STANDARD, Point
from delaynet.config.variants import SIGNS, STRUCTURES
from delaynet.paper.numbers.claims import test_object
from delaynet.paper.numbers.inputs import Inputs
from delaynet.paper.numbers.number import Object, count, decimal, signed, sourced, typographic
from delaynet.paper.numbers.places import (
    in_short,
    order_of,
    place_of,
    sparsity_name,
    sparsity_number,
)

EFFECT_DIGITS = 3
# columns of the manuscript's table: kinds of grouping, and Moran's I minus that before training
COLUMNS = (*KINDS, UNTRAINED)


def kinds_of_grouping() -> Object:
    """Return words and labels of the kinds of grouping."""
    return {name: {"words": kind.words, "label": kind.label} for name, kind in KINDS.items()}


def grouping_objects(inputs: Inputs) -> Object:
    """Return effects on Moran's I in trained networks of the condition `standard`.

    `grouping` is by variant and sparsity; `grouping_summary` counts, by kind, the points at which
    networks are grouped; `untested` are the networks that are left out of it.
    """
    table, grid = inputs.grouping, inputs.grid
    trained = table[(table["condition"] == STANDARD) & (table["network"] == "trained")]
    trained = trained[(trained["measure"] == PRIMARY) & (trained["order"] == "mel")]
    effects = _effects(trained)
    objects = {
        "grouping": _rows(effects),
        "grouping_summary": {kind: _summary(effects, kind, grid) for kind in COLUMNS},
        "untested": _untested(trained, grid),
    }
    return sourced(objects, inputs.sources.grouping)


def can_change(point: Point, grid: Grid) -> bool:
    """Return whether training can change delays, signs or connections.

    It cannot if delays and connections are fixed under Dale's principle. The gain of batch
    normalisation, which may flip all signs of a neuron at once, is ignored.
    """
    moves = point.delays == "learned" or STRUCTURES[point.structure].change != "none"
    return moves or not grid[point].obeys_dale


def _by_point(rows: pd.DataFrame) -> Iterator[tuple[Point, pd.DataFrame]]:
    """Yield the rows of each point, in the order of tables."""
    groups = {Point(*map(str, at)): seeds for at, seeds in rows.groupby(GRID_POINT)}
    for point in sorted(groups, key=lambda at: (order_of(at._asdict()), float(at.sparsity))):
        yield point, groups[point]


def _effects(trained: pd.DataFrame) -> pd.DataFrame:
    """Return the effects of each network, one row for each of the `COLUMNS` that are defined."""
    beyond_initial = trained[trained["null"] == UNTRAINED].assign(kind=UNTRAINED)
    return pd.concat([effects_by_kind(trained), beyond_initial], join="inner")


def effect_cell(effects: "pd.Series[float]") -> Object:
    """Return mean and standard deviation over the testable seeds of a point."""
    testable = effects.dropna()
    return {
        "seeds": count(len(effects)),
        "testable": count(len(testable)),
        "effect": signed(float(testable.mean()), EFFECT_DIGITS),
        "standard_deviation": decimal(float(testable.std()), EFFECT_DIGITS),
    }


def _rows(effects: pd.DataFrame) -> Object:
    """Return one row per variant and sparsity; None for kinds that are not defined."""
    found: Object = {}
    for point, rows in _by_point(effects):
        cells = {kind: effect_cell(seeds["effect"]) for kind, seeds in rows.groupby("kind")}
        found.setdefault(point.variant, {})[sparsity_name(point.sparsity)] = {
            **in_short(point._asdict()),
            "sparsity": sparsity_number(point.sparsity),
            "seeds": cells[UNTRAINED]["seeds"],
            "kinds": {kind: cells.get(kind) for kind in COLUMNS},
        }
    return found


def _summary(effects: pd.DataFrame, kind: str, grid: Grid) -> Object:
    """Return at how many points there is grouping, of those that training can change."""
    means = sorted(
        (float(mean), point)
        for point, seeds in _by_point(effects[effects["kind"] == kind])
        if can_change(point, grid) and not np.isnan(mean := seeds["effect"].mean())
    )
    ordered = [
        {**place_of(point._asdict()), "effect": signed(mean, EFFECT_DIGITS)}
        for mean, point in means
    ]
    return {
        "cells": count(len(means)),
        "positive": count(sum(mean > 0 for mean, _ in means)),
        "least": ordered[0] if ordered else None,
        "most": ordered[-1] if ordered else None,
    }


def _untested(trained: pd.DataFrame, grid: Grid) -> Object:
    """Return the networks with too few close pairs, and those that training cannot change.

    Each network has one row of `UNTRAINED`, which is valid for all, and is counted by it.
    """
    rows = trained[trained["null"] == UNTRAINED]
    networks = rows.assign(is_untested=rows["observed"].isna())
    by_sparsity = networks.groupby("sparsity")["is_untested"]
    whole = [str(sparsity) for sparsity, untested in by_sparsity if untested.all()]
    elsewhere = networks[~networks["sparsity"].isin(whole)]["is_untested"]
    bound = {point.structure for point, _ in _by_point(rows) if not can_change(point, grid)}
    return {
        "networks": count(len(networks)),
        "not_testable": count(networks["is_untested"].sum()),
        "whole_sparsities": {
            sparsity_name(sparsity): sparsity_number(sparsity)
            for sparsity in sorted(whole, key=float)
        },
        "are_others": bool(elsewhere.any()),
        "that_cannot_change": [STRUCTURES[name].words for name in STRUCTURES if name in bound],
    }


def interior(inputs: Inputs) -> Object:
    """Return joint grouping in dense networks with learned delays, without delays at the ends.

    `effects` are by signs, without and with delays at the ends; `test` is with free signs,
    `survival` under Dale's principle, both or None.
    """
    table, null = inputs.grouping, JOINT_Z.null
    is_trained = (table["condition"] == STANDARD) & (table["network"] == "trained")
    effects, dale = {}, DENSE._replace(signs="dale")
    for point in (DENSE, dale):
        at_point = is_trained & is_at(table, point) & (table["null"] == null)
        inside, of_all = (
            effect_cell(table[at_point & (table["measure"] == measure)]["effect"])
            for measure in (INTERIOR, PRIMARY)
        )
        if inside["effect"] and of_all["effect"]:
            effects[point.signs] = {
                "signs": typographic(SIGNS[point.signs].words),
                "inside": inside["effect"],
                "of_all": of_all["effect"],
            }

    def test(*name: str) -> Object | None:
        row = inputs.tests.get(name_of(name))
        if row is None or pd.isna(row["p"]):
            return None
        return sourced(test_object(row), inputs.sources.tests)

    return {
        "effects": sourced(effects, inputs.sources.grouping),
        "test": test(INTERIOR, name_of_point(DENSE), null),
        "survival": test("survival", INTERIOR, name_of_point(dale), null),
    }


def is_at(table: pd.DataFrame, point: Point) -> "pd.Series[bool]":
    """Return the mask of a table's rows at a point of the grid."""
    return (table[GRID_POINT] == list(point)).all(axis=1)

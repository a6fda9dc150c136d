"""Grouping: effects on Moran's I against each null model, over seeds."""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from delaynet.analysis.claims.claims import DENSE
from delaynet.analysis.claims.exploratory import BY_CHANNEL, IN_DELAY
from delaynet.analysis.claims.terms import Grid, name_of, name_of_point
from delaynet.analysis.grouping.grouping import INTERIOR, PRIMARY
from delaynet.analysis.grouping.nulls import NULLS, UNTRAINED, WITHIN_NEURONS
from delaynet.analysis.tables import GRID_POINT
from delaynet.config.grid import STANDARD, Point
from delaynet.config.variants import SIGNS, STRUCTURES
from delaynet.paper.numbers.claims import test_object
from delaynet.paper.numbers.inputs import Inputs
from delaynet.paper.numbers.number import Object, count, signed, sourced, typographic
from delaynet.paper.numbers.places import (
    in_short,
    order_of,
    place_of,
    sparsity_name,
    sparsity_number,
)

EFFECT_DIGITS = 3
SUMMARISED = (*WITHIN_NEURONS, UNTRAINED)


def grouping_objects(inputs: Inputs) -> Object:
    """Return effects and z of the primary measure in trained networks of the standard condition.

    The effect is the observed value less the mean of the null model; where that has nothing to
    permute, such as delays that are all zero, there is no effect.

    `grouping`, by variant and sparsity; `grouping_summary`, by null model, in how many of the
    combinations that training can change the networks are grouped; `untested`, the networks that
    are left out.
    """
    table, grid = inputs.grouping, inputs.grid
    trained = table[(table["condition"] == STANDARD) & (table["network"] == "trained")]
    trained = trained[(trained["measure"] == PRIMARY) & (trained["order"] == "mel")]
    objects = {
        "grouping": _rows(trained),
        "grouping_summary": dict(_summaries(trained, grid)),
        "untested": _untested(trained, grid),
    }
    return sourced(objects, inputs.sources.grouping)


def can_change(point: Point, grid: Grid) -> bool:
    """Return whether training can change delays, signs or connections.

    It cannot where Dale's principle holds and delays and connections are fixed. The gain of batch
    normalisation, which may flip all signs of a neuron at once, is not considered.
    """
    moves = point.delays == "learned" or STRUCTURES[point.structure].change != "none"
    return moves or not grid[point].obeys_dale


def _by_point(rows: pd.DataFrame) -> Iterator[tuple[Point, pd.DataFrame]]:
    """Yield the rows of each point, in the order of tables."""
    groups = {Point(*map(str, at)): seeds for at, seeds in rows.groupby(GRID_POINT)}
    for point in sorted(groups, key=lambda at: (order_of(at._asdict()), float(at.sparsity))):
        yield point, groups[point]


def effect_cell(seeds: pd.DataFrame) -> Object:
    """Return means over the testable seeds of one point, against one null model."""
    effect, z = _effects(seeds).dropna(), seeds["z"].dropna()
    return {
        "seeds": count(len(seeds)),
        "testable": count(len(effect)),
        "unchanged": count(_is_unchanged(seeds).sum()),
        "effect": signed(float(effect.mean()), EFFECT_DIGITS),
        "z": signed(float(z.mean())),
    }


def _rows(trained: pd.DataFrame) -> Object:
    """Return one row per variant and sparsity; None where a null model is not valid."""
    found: Object = {}
    for point, rows in _by_point(trained):
        cells = {null: effect_cell(seeds) for null, seeds in rows.groupby("null")}
        found.setdefault(point.variant, {})[sparsity_name(point.sparsity)] = {
            **in_short(point._asdict()),
            "sparsity": sparsity_number(point.sparsity),
            "seeds": next(iter(cells.values()))["seeds"],
            "nulls": {null: cells.get(null) for null in NULLS},
        }
    return found


def _is_unchanged(rows: pd.DataFrame) -> "pd.Series[bool]":
    """Return where a null model has nothing to permute: there is a value, but no z."""
    return rows["observed"].notna() & rows["z"].isna() & (rows["null"] != UNTRAINED)


def _effects(rows: pd.DataFrame) -> "pd.Series[float]":
    """Return the effects; not a number where untested or where there is nothing to permute."""
    return (rows["observed"] - rows["null_mean"]).mask(_is_unchanged(rows))


def _summaries(trained: pd.DataFrame, grid: Grid) -> Iterator[tuple[str, Object]]:
    """Yield by null model the number of points with grouping, of those that training can change."""
    for null in SUMMARISED:
        rows = trained[trained["null"] == null]
        if rows.empty:
            continue
        means = {
            point: mean
            for point, seeds in _by_point(rows)
            if can_change(point, grid) and not np.isnan(mean := _effects(seeds).mean())
        }
        # of equal means the first by name is the lowest, the last the highest
        points = sorted(means, key=lambda point: (point.variant, sparsity_name(point.sparsity)))
        points.sort(key=means.__getitem__)
        extremes = [
            {**place_of(point._asdict()), "effect": signed(float(means[point]), EFFECT_DIGITS)}
            for point in points
        ]
        yield (
            null,
            {
                "cells": count(len(means)),
                "positive": count(sum(mean > 0 for mean in means.values())),
                "least": extremes[0] if extremes else None,
                "most": extremes[-1] if extremes else None,
            },
        )


def _untested(trained: pd.DataFrame, grid: Grid) -> Object:
    """Return the networks with too few close pairs of synapses, and those that cannot change.

    They are counted by the rows of the untrained network, a null model that is valid for all.
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
    """Return grouping in dense networks with learned delays, without the delays at the ends.

    `effects` in delay by signs, without and with the ends; `tests` with free signs by null model;
    `survival` under Dale's principle, or None.
    """
    table, grid, tests = inputs.grouping, inputs.grid, inputs.tests
    is_trained = (table["condition"] == STANDARD) & (table["network"] == "trained")
    effects = {}
    for point in (DENSE, DENSE._replace(signs="dale")):
        at_point = is_trained & is_at(table, point) & (table["null"] == IN_DELAY)
        inside, of_all = (
            effect_cell(table[at_point & (table["measure"] == measure)])
            for measure in (INTERIOR, PRIMARY)
        )
        if inside["effect"] and of_all["effect"]:
            effects[point.signs] = {
                "signs": typographic(SIGNS[point.signs].words),
                "inside": inside["effect"],
                "of_all": of_all["effect"],
            }
    dale = DENSE._replace(signs="dale")
    grouped = {
        null: test_object(tests[name_of((INTERIOR, name_of_point(DENSE), null))])
        for null in (IN_DELAY, BY_CHANNEL)
        if DENSE in grid
    }
    survival = None
    if DENSE in grid and dale in grid and grid[dale].obeys_dale:
        name = name_of(("survival", INTERIOR, name_of_point(dale), IN_DELAY))
        survival = test_object(tests[name])
    return {
        "effects": sourced(effects, inputs.sources.grouping),
        "tests": sourced({n: t for n, t in grouped.items() if t["p"]}, inputs.sources.tests),
        "survival": sourced(survival, inputs.sources.tests) if survival and survival["p"] else None,
    }


def is_at(table: pd.DataFrame, point: Point) -> "pd.Series[bool]":
    """Return the mask of a table's rows at a point of the grid."""
    return (table[GRID_POINT] == list(point)).all(axis=1)

"""Accuracy and grouping in controls."""

from typing import Any

from delaynet.analysis.claims.claims import DENSE
from delaynet.analysis.claims.terms import (
    JOINT_Z,
    LEARNED_FROM,
    LEARNED_SHARE,
    kinds_at,
    name_of,
    name_of_point,
)
from delaynet.analysis.grouping.kinds import JOINT, effects_by_kind
from delaynet.config.grid import STANDARD, Point
from delaynet.paper.numbers.claims import test_object
from delaynet.paper.numbers.experiment import corpus, settings
from delaynet.paper.numbers.grouping import effect_cell, is_at
from delaynet.paper.numbers.inputs import Inputs, Row
from delaynet.paper.numbers.number import Object, count, decimal, sourced
from delaynet.paper.numbers.places import place_of, sparsity_name


def conditions(inputs: Inputs) -> Object:
    """Return the training data of each condition, and the other settings that it changes."""
    numbers = settings(inputs)["conditions"]
    return {
        name: {
            "data": sections.get("training", {}).get("data", "natural"),
            "changes": {
                section: {
                    setting: numbers[name][section][setting]
                    for setting in sorted(overrides)
                    if setting != "data"
                }
                for section, overrides in sorted(sections.items())
            },
        }
        for name, sections in sorted(inputs.config.conditions.items())
    }


def controls(inputs: Inputs) -> Object:
    """Return the controls: conditions that train on other data, with the points of each."""
    found: Object = {}
    # those with free signs first
    by_variant = sorted(inputs.grid, key=lambda point: point.variant, reverse=True)
    for point in sorted(by_variant, key=lambda point: point.condition):
        data = inputs.grid[point].data
        if data != "natural":
            control = found.setdefault(point.condition, {"data": data, "points": {}})
            name = f"{point.variant}_{sparsity_name(point.sparsity)}"
            control["points"][name] = _point(point, inputs)
    return found


def _point(point: Point, inputs: Inputs) -> Object:
    """Return the results of a control at one point of the grid."""
    row, has_standard = _accuracy(point, inputs), point.standard in inputs.grid
    reached, least = row["training_accuracy"], LEARNED_FROM * corpus(inputs)["chance"].value
    standard = _accuracy(point.standard, inputs)["training_accuracy"] if has_standard else 0.0
    accuracy = {
        **place_of(row),
        "mean": decimal(row["mean"]),
        "n": count(row["n"]),
        "training_accuracy": decimal(reached),
        "standard_training_accuracy": decimal(standard) if has_standard else None,
    }
    kinds = {kind: _kind(point, kind, inputs) for kind in kinds_at(point, inputs.grid[point])}
    # a control is compared with standard networks, a check of the analysis with itself
    is_compared = _is_check(point, inputs) or has_standard
    return {
        **sourced(accuracy, inputs.sources.accuracy),
        "learned_nothing": bool(reached < least),
        "has_learned": bool(reached >= max(least, LEARNED_SHARE * standard)),
        "kinds": kinds,
        "is_decisive": is_compared and JOINT in kinds,
        "decides": point._replace(condition=STANDARD) == DENSE,
        "is_grouped": _is_grouped(point, inputs),
    }


def _accuracy(point: Point, inputs: Inputs) -> Row:
    """Return the row of a point in the table of accuracies."""
    return next(row for row in inputs.accuracy if point == tuple(row[at] for at in Point._fields))


def _is_check(point: Point, inputs: Inputs) -> bool:
    """Return whether a point checks the analysis: channels in another order."""
    return inputs.grid[point].data == "permuted_channels"


def _kind(point: Point, kind: str, inputs: Inputs) -> Object:
    """Return the effects of one kind of grouping, and the tests on them; None if missing."""

    def effect(point: Point, order: str = "mel") -> Any:
        rows = inputs.grouping[is_at(inputs.grouping, point)]
        effects = effects_by_kind(rows[(rows["network"] == "trained") & (rows["order"] == order)])
        cell = effect_cell(effects[effects["kind"] == kind]["effect"])
        return sourced(cell["effect"], inputs.sources.grouping)

    def test(prefix: str) -> Any:
        row = inputs.tests[name_of((prefix, name_of_point(point), kind))]
        return sourced(test_object(row), inputs.sources.tests)

    has_standard, is_check = point.standard in inputs.grid, _is_check(point, inputs)
    return {
        "effect": effect(point),
        "standard_effect": effect(point.standard) if has_standard else None,
        "fed_effect": effect(point, "fed") if is_check else None,
        "standard_less_this": test("condition_grouping") if has_standard else None,
        "true_less_fed_order": test("fed_order_mel") if is_check else None,
    }


def _is_grouped(point: Point, inputs: Inputs) -> bool:
    """Return whether networks of a control pass C4's test of joint grouping."""
    name = name_of((JOINT_Z.measure, name_of_point(point), JOINT_Z.null))
    # there is none for networks without delays
    return name in inputs.tests and inputs.tests[name]["verdict"] == "supported"

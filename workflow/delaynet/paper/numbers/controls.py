"""The effect of controls on accuracy and grouping, and what follows for the claims."""

from typing import Any

from delaynet.analysis.claims.claims import DENSE
from delaynet.analysis.claims.exploratory import BY_CHANNEL, NULLS_OF_CONTROLS
from delaynet.analysis.claims.terms import LEARNED_FROM, name_of, name_of_point
from delaynet.analysis.grouping.grouping import PRIMARY
from delaynet.analysis.grouping.nulls import NULLS
from delaynet.config.grid import STANDARD, Point
from delaynet.paper.numbers.claims import test_object
from delaynet.paper.numbers.experiment import corpus, settings
from delaynet.paper.numbers.grouping import effect_cell, is_at
from delaynet.paper.numbers.inputs import Inputs
from delaynet.paper.numbers.number import Object, count, decimal, sourced
from delaynet.paper.numbers.places import place_of, sparsity_name

# the null models that a control is described against; its own tests are against the last two
DESCRIBED_AGAINST = ("signs_within_neuron", *NULLS_OF_CONTROLS)


def conditions(inputs: Inputs) -> Object:
    """Return by condition its training data and the other settings that it changes."""
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
    """Return the conditions that train on other data, and the points at which each was trained."""
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
    row = next(row for row in inputs.accuracy if point == tuple(row[at] for at in Point._fields))
    chance = corpus(inputs)["chance"].value
    accuracy = {
        **place_of(row),
        "mean": decimal(row["mean"]),
        "n": count(row["n"]),
        "training_accuracy": decimal(row["training_accuracy"]),
    }
    valid = set(inputs.grouping[is_at(inputs.grouping, point)]["null"])
    against = {null: _against(point, null, inputs) for null in DESCRIBED_AGAINST if null in valid}
    # a check of the analysis concerns channels only; a control needs standard networks
    compared = NULLS_OF_CONTROLS if point.standard in inputs.grid else ()
    tested = (BY_CHANNEL,) if _is_check(point, inputs) else compared
    return {
        **sourced(accuracy, inputs.sources.accuracy),
        "learned_nothing": bool(row["training_accuracy"] < LEARNED_FROM * chance),
        "against": against,
        "decisive": [null for null in tested if null in against],
        "passed": _passed(point, inputs),
    }


def _is_check(point: Point, inputs: Inputs) -> bool:
    """Return whether a point is a check of the analysis: channels in another order."""
    return inputs.grid[point].data == "permuted_channels"


def _against(point: Point, null: str, inputs: Inputs) -> Object:
    """Return effects against one null model, and the tests that compare them; or None."""

    def effect(point: Point, order: str = "mel") -> Any:
        rows = inputs.grouping[is_at(inputs.grouping, point)]
        rows = rows[(rows["network"] == "trained") & (rows["measure"] == PRIMARY)]
        cell = effect_cell(rows[(rows["null"] == null) & (rows["order"] == order)])
        return sourced(cell["effect"], inputs.sources.grouping)

    def test(prefix: str) -> Any:
        row = inputs.tests[name_of((prefix, name_of_point(point), null))]
        return sourced(test_object(row), inputs.sources.tests)

    has_standard, is_check = point.standard in inputs.grid, _is_check(point, inputs)
    return {
        "effect": effect(point),
        "standard_effect": effect(point.standard) if has_standard else None,
        "fed_effect": effect(point, "fed") if is_check else None,
        "standard_less_this": test("condition_grouping") if has_standard else None,
        "true_less_fed_order": test("fed_order_mel") if is_check else None,
    }


def _passed(point: Point, inputs: Inputs) -> Object:
    """Return which of C4's tests networks of a control pass, and which evidence is left for claims.

    Returns:
        labels of the passed `nulls`; whether a claim is decided on such networks (`decides`); the
        claims that `cannot_tell` learned grouping from theirs; the null models that other claims
        `rest` on.
    """
    tests = inputs.tests
    nulls_of = {
        claim: list(
            dict.fromkeys(tests[part]["null"] for part in inputs.claims[claim]["tests"][1:])
        )
        for claim in ("C4", "C5", "C6")
    }
    names = {null: name_of((PRIMARY, name_of_point(point), null)) for null in nulls_of["C4"]}
    # not every null model is valid at every point
    verdicts = {null: tests[name]["verdict"] for null, name in names.items() if name in tests}
    passed = [null for null, verdict in verdicts.items() if verdict == "supported"]
    left = {
        claim: [NULLS[null].label for null in nulls if null not in passed]
        for claim, nulls in nulls_of.items()
        if not set(nulls).isdisjoint(passed)
    }
    return {
        "nulls": [NULLS[null].label for null in passed],
        "decides": point._replace(condition=STANDARD) == DENSE,
        "cannot_tell": [claim for claim, nulls in left.items() if not nulls],
        "rest": {claim: nulls for claim, nulls in left.items() if nulls},
    }

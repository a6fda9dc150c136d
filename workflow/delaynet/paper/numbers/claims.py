"""Tests and claims: each claim with its parts, its verdict and the deciding part."""

import re
from collections.abc import Mapping
from typing import Any

import pandas as pd

from delaynet.analysis.claims.claims import CLAIMS
from delaynet.analysis.claims.decide import VERDICTS
from delaynet.analysis.claims.terms import name_of, name_of_point
from delaynet.analysis.grouping.kinds import JOINT
from delaynet.config.grid import STANDARD, Point
from delaynet.config.variants import STRUCTURES
from delaynet.paper.numbers.inputs import Inputs, Row
from delaynet.paper.numbers.number import (
    Number,
    Object,
    count,
    p_value,
    signed,
    sourced,
    typographic,
    words,
)
from delaynet.paper.numbers.places import sparsity_number

EFFECTS = ("effect", "low", "high")
P_VALUES = ("p", "corrected_p", "reversed_p", "corrected_reversed_p")
# digits of an effect by its unit; measures such as Moran's I need more
DIGITS = {"points": 1, "z": 1}
OTHER_DIGITS = 3
# names of tests of learned minus frozen delays, with free signs
BEYOND_BLUR = re.compile(r"accuracy_learned_(\w+)_minus_frozen_\1_free_p[0-9_]+")


def test_object(row: Row) -> Object:
    """Return the numbers and words of a test; missing ones are None."""
    digits = DIGITS.get(row["unit"], OTHER_DIGITS)
    numbers: Object = {"n": count(row["n"])}
    numbers |= {name: signed(row[name], digits) for name in EFFECTS}
    numbers |= {name: p_value(row[name]) for name in P_VALUES}
    if row["correction"] == "none":
        numbers |= {"corrected_p": None, "corrected_reversed_p": None}
    return numbers | {
        "unit": row["unit"],
        "kind": row["kind"],
        "verdict": row["verdict"],
        "reason": row["reason"],
        "structure": STRUCTURES[row["structure"]].words,
        "sparsity": _sparsity(row["sparsity"]),
        "reference_sparsity": _sparsity(row["reference_sparsity"]),
    }


def _sparsity(sparsity: Any) -> Number | None:
    """Return a sparsity; None if the grid has none to test at."""
    return None if pd.isna(sparsity) else sparsity_number(sparsity)


def claims_by_name(inputs: Inputs) -> Object:
    """Return the claims: words, verdict, reason, `parts` and the name of the `deciding` one.

    `tested_at` is the sparsity of the test, if the verdict depends on it.
    """
    tests, ledger, table = inputs.tests, inputs.sources.claims, inputs.sources.tests
    claims = {}
    for claim, entry in inputs.claims.items():
        parts = {name: tests[name] for name in entry["tests"][1:]}
        first = next(iter(parts.values()))
        from_tests: Object = {
            "parts": {name: test_object(part) for name, part in parts.items()},
            "tested_at": _tested_at(claim, first, inputs),
        }
        if claim == "C3":
            from_tests["plain_difference"] = _plain_difference(first, tests)
        if claim == "C5":
            from_tests["static_survives"] = _static_survives(first, tests)
        claims[claim] = {
            "name": claim,
            "title": typographic(CLAIMS[claim].title),
            "restated": typographic(CLAIMS[claim].restated),
            **sourced(_ledger_entry(entry), ledger),
            **sourced(from_tests, table),
            "deciding": next(n for n in parts if parts[n]["contrast"] == entry["contrast"]),
        }
    return claims


def _ledger_entry(entry: Row) -> Object:
    """Return the verdict on a claim from the ledger; unlike its parts, it has no kind of test."""
    return {
        "statement": words(entry["statement"]),
        "verdict": words(entry["verdict"]),
        "reason": entry["reason"],
        "kind": "",
        "n": count(entry["n"]),
        **{name: p_value(entry[name]) for name in P_VALUES},
    }


def _tested_at(claim: str, first: Row, inputs: Inputs) -> Object | None:
    """Return the sparsity at which a claim was tested, if its verdict depends on it.

    It always does for C5; for C2 and C3 if the grid has a higher sparsity too.
    """
    is_testable = inputs.claims[claim]["verdict"] != VERDICTS["not_testable"]
    if claim not in ("C2", "C3", "C5") or not is_testable:
        return None
    variant = f"{'fixed' if claim == 'C2' else 'learned'}-{first['structure']}-free"
    points = [point for point in inputs.grid if point.condition == STANDARD]
    highest = max(float(point.sparsity) for point in points if point.variant == variant)
    is_highest = float(first["sparsity"]) >= highest
    if claim != "C5" and is_highest:
        return None
    return {"sparsity": sparsity_number(first["sparsity"]), "is_highest": is_highest}


def _plain_difference(first: Row, tests: Mapping[str, Row]) -> Object | None:
    """Return the two-sided test of C3's contrast; None if it has no p."""
    if pd.isna(first["effect"]):
        return None
    sides = " minus ".join(f"{delays}-{first['structure']}" for delays in ("learned", "fixed"))
    test = tests[name_of(("accuracy", sides, "free", f"p{first['sparsity']}"))]
    return None if pd.isna(test["p"]) else test_object(test)


def _static_survives(first: Row, tests: Mapping[str, Row]) -> bool:
    """Return whether C5 also holds for static networks of the same sparsity."""
    if pd.isna(first["effect"]):
        return False
    point = Point("learned", "static", "free", first["sparsity"])
    name = name_of(("survival", name_of_point(point), JOINT))
    # a grid without such networks has no such test
    return name in tests and tests[name]["verdict"] == "supported"


def findings(inputs: Inputs) -> Object:
    """Return the tests, besides claims, that the abstract reports; None if the grid lacks one.

    `structure_learns_delays`: the gain of rewiring with fixed delays minus that without delays, at
    the highest sparsity, over `static_connected` if the grid has it. `beyond_blur`: learned minus
    frozen delays, in dense networks or else in the first sparse ones.
    """
    blurred = [test for name, test in inputs.tests.items() if BEYOND_BLUR.fullmatch(name)]
    answers = [
        test
        for name, test in inputs.tests.items()
        if name.startswith("structure_learns_delays") and test["condition"] == STANDARD
    ]
    tests = {
        "structure_learns_delays": max(answers, key=_order, default=None),
        "beyond_blur": min(blurred, key=_order, default=None),
    }
    objects = {name: test_object(row) if row else None for name, row in tests.items()}
    return sourced(objects, inputs.sources.tests)


def _order(test: Row) -> tuple[float, int, bool]:
    """Return the place of a test: by sparsity, then structures."""
    structure = list(STRUCTURES).index(test["structure"])
    return float(test["sparsity"]), structure, "static_connected" in test["contrast"]


def families(inputs: Inputs) -> Object:
    """Return the number of tests in each family, in all and by verdict."""
    found: Object = {}
    for family in ("control", "exploratory"):
        verdicts = [test["verdict"] for test in inputs.tests.values() if test["family"] == family]
        counts = {verdict: count(verdicts.count(verdict)) for verdict in VERDICTS}
        found[family] = {"tests": count(len(verdicts)), **counts}
    return sourced(found, inputs.sources.tests)

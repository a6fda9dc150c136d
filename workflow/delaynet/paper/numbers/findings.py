"""The tests that answer what the abstract asks, apart from claims."""

import re

from delaynet.config.grid import STANDARD
from delaynet.config.variants import STRUCTURES
from delaynet.paper.numbers.claims import test_object
from delaynet.paper.numbers.inputs import Inputs, Row
from delaynet.paper.numbers.number import Object, sourced

# names of tests of accuracy with free signs
BEYOND_BLUR = re.compile(r"accuracy_learned_(\w+)_minus_frozen_\1_free_p[0-9_]+")


def findings(inputs: Inputs) -> Object:
    """Return the tests of the abstract; None for one that the grid lacks.

    `structure_learns_delays`: what rewiring gains with fixed delays less what it gains without, at
    the highest sparsity, against connected random networks where the grid has them. `beyond_blur`:
    learned less frozen delays in dense networks, or else in the sparse ones that come first.
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
    """Return what makes a test come last: its sparsity, its structures."""
    structure = list(STRUCTURES).index(test["structure"])
    return float(test["sparsity"]), structure, "static_connected" in test["contrast"]

"""Collect every number that the manuscript prints: `results/numbers.json`.

A number takes three steps: `delaynet.analysis.tables` makes the tables from run folders
(`analysis.grouping` and `analysis.claims` make those of grouping and tests), this file makes
`numbers.json` from the tables, and `num` in `manuscript/numbers.typ` prints it.

Numbers are nested in objects, as the manuscript's sentences and tables need them: a claim with its
parts and its verdict, a control with its comparisons, a row of a table with its cells. Objects of
one kind are named, and in the order of the text. A value that does not exist (an interval over one
seed, an effect that cannot be tested) is null: a missing name is a mistake.

A number is `{"key": "accuracy.learned-static-free.cells.p0_9375.mean", "value": .., "shown":
"46.2", "source": "results/tables/accuracy.csv"}`: its key, the names on
the way to it; the computed value; its printed form; and the file that it was read from. A sparsity
in a key starts with `p` and has `_` for its point. Strings and flags beside the numbers choose
sentences and are not printed.
"""

import json
from pathlib import Path

from delaynet.config.files import replacing
from delaynet.paper.numbers.accuracy import accuracy_objects, contrasts_by_claim
from delaynet.paper.numbers.claims import claims_by_name, families
from delaynet.paper.numbers.controls import conditions, controls
from delaynet.paper.numbers.exchange import exchange
from delaynet.paper.numbers.experiment import constants, corpus, derived, extent, nulls, settings
from delaynet.paper.numbers.findings import findings
from delaynet.paper.numbers.grouping import grouping_objects, interior, kinds_of_grouping
from delaynet.paper.numbers.inputs import Inputs, Sources, read_inputs
from delaynet.paper.numbers.number import Object, keyed


def write_numbers(sources: Sources, output: Path) -> None:
    """Write the numbers; the paths of the sources are written as given.

    Raises:
        UserError: a source is missing.
    """
    text = json.dumps(keyed(numbers_of(read_inputs(sources))), indent=1, ensure_ascii=False)
    with replacing(output) as temporary:
        temporary.write_text(text + "\n", encoding="utf-8")


def numbers_of(inputs: Inputs) -> Object:
    """Return the numbers of a paper in their objects."""
    return {
        "settings": settings(inputs),
        "derived": derived(inputs),
        "constants": constants(),
        "conditions": conditions(inputs),
        "grid": extent(inputs),
        "corpus": corpus(inputs),
        "nulls": nulls(),
        "kinds": kinds_of_grouping(),
        **accuracy_objects(inputs),
        "contrasts": contrasts_by_claim(inputs),
        **grouping_objects(inputs),
        "interior": interior(inputs),
        "exchange": exchange(inputs),
        "claims": claims_by_name(inputs),
        "findings": findings(inputs),
        "controls": controls(inputs),
        "families": families(inputs),
    }

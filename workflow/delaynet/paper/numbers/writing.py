"""Collect every number that the manuscript prints: `results/numbers.json`.

`delaynet.analysis` makes tables from run folders, this package makes `numbers.json` from the
tables, and `num` in `manuscript/numbers.typ` prints a number.

Numbers are nested in objects, as the manuscript's sentences and tables need them: a claim with its
parts and verdict, a control with its comparisons, a row of a table with its cells. Objects are in
the order of the text. A value that does not exist (an interval over one seed, an effect that cannot
be tested) is null; a missing name is a mistake.

A number is `{"key": "accuracy.learned-static-free.cells.p0_9375.mean", "value": .., "shown":
"46.2", "source": "results/tables/accuracy.csv"}`: the path of names to it, the computed value, its
printed form, and the file that it was read from. Sparsities in keys start with `p` and have `_` in
place of the point. Strings and flags beside numbers choose sentences, and are not printed.
"""

import json
from pathlib import Path

from delaynet.config.files import replacing
from delaynet.paper.numbers.accuracy import accuracy_objects, contrasts_by_claim
from delaynet.paper.numbers.claims import claims_by_name, families, findings
from delaynet.paper.numbers.controls import conditions, controls
from delaynet.paper.numbers.exchange import exchange
from delaynet.paper.numbers.experiment import constants, corpus, derived, extent, nulls, settings
from delaynet.paper.numbers.grouping import grouping_objects, interior, kinds_of_grouping
from delaynet.paper.numbers.inputs import Inputs, Sources, read_inputs
from delaynet.paper.numbers.number import Object, keyed


def write_numbers(sources: Sources, output: Path) -> None:
    """Write the numbers, with the paths of sources as given; see `read_inputs`."""
    text = json.dumps(keyed(numbers_of(read_inputs(sources))), indent=1, ensure_ascii=False)
    with replacing(output) as temporary:
        temporary.write_text(text + "\n", encoding="utf-8")


def numbers_of(inputs: Inputs) -> Object:
    """Return all numbers of the paper."""
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

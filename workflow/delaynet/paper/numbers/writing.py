"""Collect every number that the manuscript prints, by key: `results/numbers.json`.

A number is `{"value": .., "shown": "46.2", "source": "results/tables/accuracy.csv"}`: as computed,
as printed, and the file that it was read from. A dotted key leads to it through nested objects, as
`accuracy.learned-static-free.p0_9375.mean`; a sparsity in a key starts with `p` and has `_` for its
point. A number that does not exist (an interval over one seed, an effect that cannot be tested) has
no key. Words for variants and null models have keys likewise; their values are their places in
the order of legends and tables.
"""

import json
from collections.abc import Iterable
from itertools import chain
from pathlib import Path
from typing import NamedTuple

from delaynet.analysis.claims.terms import grid_of
from delaynet.analysis.tables import read_table
from delaynet.config.errors import UserError
from delaynet.config.grid import load_config
from delaynet.paper.numbers.accuracy import (
    accuracy_numbers,
    comparison_numbers,
    connectivity_numbers,
    contrast_numbers,
)
from delaynet.paper.numbers.claims import (
    claim_numbers,
    family_numbers,
    reach_numbers,
    test_numbers,
)
from delaynet.paper.numbers.experiment import (
    constant_numbers,
    corpus_numbers,
    corpus_words,
    grid_numbers,
    setting_numbers,
)
from delaynet.paper.numbers.grouping import grouping_numbers, interior_numbers
from delaynet.paper.numbers.number import Number, nest
from delaynet.paper.numbers.words import word_numbers
from delaynet.training.run_folder import write_json


class Sources(NamedTuple):
    """The files that numbers are read from.

    Attributes:
        config: the resolved configuration.
        features: the features file.
        accuracy: the table of accuracies.
        contrasts: the table of contrasts.
        tests: the table of tests.
        claims: the ledger of claims.
        grouping: what `delaynet grouping` has found.
    """

    config: Path
    features: Path
    accuracy: Path
    contrasts: Path
    tests: Path
    claims: Path
    grouping: Path


def write_numbers(sources: Sources, output: Path) -> None:
    """Write the numbers; the paths of the sources are recorded as they are given.

    Args:
        sources: where they are read from.
        output: the JSON file.

    Raises:
        UserError: a source is missing.
    """
    for path in sources:
        if not path.exists():
            raise UserError(f"{path} is missing: make it with `snakemake {path}`.")
    config = load_config(sources.config)
    accuracy, contrasts = read_table(sources.accuracy), read_table(sources.contrasts)
    tests, grouping = read_table(sources.tests), read_table(sources.grouping)
    claims = json.loads(sources.claims.read_text(encoding="utf-8"))
    sections: list[tuple[Path, Iterable[Number]]] = [
        (sources.config, setting_numbers(config)),
        (sources.config, grid_numbers(config)),
        (sources.features, corpus_numbers(sources.features, config)),
        (sources.accuracy, accuracy_numbers(accuracy)),
        (sources.accuracy, connectivity_numbers(accuracy)),
        (sources.contrasts, contrast_numbers(contrasts)),
        (sources.contrasts, comparison_numbers(contrasts)),
        (sources.grouping, grouping_numbers(grouping, grid_of(config))),
        (sources.grouping, interior_numbers(grouping)),
        (sources.claims, claim_numbers(claims)),
        (sources.tests, test_numbers(tests)),
        (sources.tests, family_numbers(tests)),
        (sources.tests, reach_numbers(tests)),
    ]
    read = ((source.as_posix(), number) for source, part in sections for number in part)
    write_json(output, nest(chain(constant_numbers(), corpus_words(config), word_numbers(), read)))

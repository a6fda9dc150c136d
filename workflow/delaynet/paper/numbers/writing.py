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

# what is read beside the configuration, below the folder of results
SOURCES = {
    "features": "features.h5",
    "accuracy": "tables/accuracy.csv",
    "contrasts": "tables/contrasts.csv",
    "tests": "tables/tests.csv",
    "claims": "claims.json",
    "grouping": "grouping.csv",
}


def sources_of(results: Path) -> dict[str, Path]:
    """Return the files that numbers are read from, by a name for each."""
    return {name: results / path for name, path in SOURCES.items()}


def write_numbers(config_path: Path, results: Path, output: Path) -> None:
    """Write the numbers; the paths of the sources are recorded as they are given.

    Args:
        config_path: the resolved configuration.
        results: the folder that holds the sources.
        output: the JSON file.

    Raises:
        UserError: a source is missing.
    """
    paths = sources_of(results)
    for path in (config_path, *paths.values()):
        if not path.exists():
            raise UserError(f"{path} is missing: make it with `snakemake {path}`.")
    config = load_config(config_path)
    accuracy, contrasts = read_table(paths["accuracy"]), read_table(paths["contrasts"])
    tests, grouping = read_table(paths["tests"]), read_table(paths["grouping"])
    claims = json.loads(paths["claims"].read_text(encoding="utf-8"))
    sections: list[tuple[Path, Iterable[Number]]] = [
        (config_path, setting_numbers(config)),
        (config_path, grid_numbers(config)),
        (paths["features"], corpus_numbers(paths["features"], config)),
        (paths["accuracy"], accuracy_numbers(accuracy)),
        (paths["accuracy"], connectivity_numbers(accuracy)),
        (paths["contrasts"], contrast_numbers(contrasts)),
        (paths["contrasts"], comparison_numbers(contrasts)),
        (paths["grouping"], grouping_numbers(grouping, grid_of(config))),
        (paths["grouping"], interior_numbers(grouping)),
        (paths["claims"], claim_numbers(claims)),
        (paths["tests"], test_numbers(tests)),
        (paths["tests"], family_numbers(tests)),
        (paths["tests"], reach_numbers(tests)),
    ]
    read = ((source.as_posix(), number) for source, part in sections for number in part)
    write_json(output, nest(chain(constant_numbers(), corpus_words(config), word_numbers(), read)))

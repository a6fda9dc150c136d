"""The inputs of numbers: the configuration, the tables, the ledger of claims."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from delaynet.analysis.claims.terms import Grid, grid_of
from delaynet.analysis.tables import read_table
from delaynet.config.files import require
from delaynet.config.grid import Config, load_config

Row = dict[Any, Any]  # of a table


class Sources(NamedTuple):
    """The files that numbers are read from."""

    config: Path
    features: Path
    accuracy: Path
    contrasts: Path
    tests: Path
    claims: Path
    grouping: Path
    exchange: Path


class Inputs(NamedTuple):
    """The content of the sources, and the points of the configuration's grid; tests are by name."""

    sources: Sources
    config: Config
    grid: Grid
    accuracy: list[Row]
    contrasts: list[Row]
    tests: Mapping[str, Row]
    claims: Mapping[str, Row]
    grouping: pd.DataFrame
    exchange: pd.DataFrame


def read_inputs(sources: Sources) -> Inputs:
    """Read the sources.

    Raises:
        UserError: one is missing.
    """
    for path in sources:
        require(path)
    config = load_config(sources.config)
    return Inputs(
        sources,
        config,
        grid_of(config),
        read_table(sources.accuracy).to_dict("records"),
        read_table(sources.contrasts).to_dict("records"),
        {row["test"]: row for row in read_table(sources.tests).to_dict("records")},
        json.loads(sources.claims.read_text(encoding="utf-8")),
        read_table(sources.grouping),
        read_table(sources.exchange),
    )

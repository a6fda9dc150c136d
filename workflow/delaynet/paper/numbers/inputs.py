"""The inputs of the numbers: configuration, tables, ledger of claims."""

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
    """The content of the sources; tests are by name, and grouping has a column `effect`."""

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
    """Read the sources; a missing one is a `UserError`."""
    for path in sources:
        require(path)
    config, grouping = load_config(sources.config), read_table(sources.grouping)
    return Inputs(
        sources,
        config,
        grid_of(config),
        read_table(sources.accuracy).to_dict("records"),
        read_table(sources.contrasts).to_dict("records"),
        {row["test"]: row for row in read_table(sources.tests).to_dict("records")},
        json.loads(sources.claims.read_text(encoding="utf-8")),
        grouping.assign(effect=grouping["observed"] - grouping["null_mean"]),
        read_table(sources.exchange),
    )

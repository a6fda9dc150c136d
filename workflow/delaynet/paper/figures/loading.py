"""Read files that several figures need."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from delaynet.analysis.grouping.receptive_fields import ReceptiveFields, receptive_fields
from delaynet.config.errors import UserError
from delaynet.config.grid import Run
from delaynet.training.run_folder import read_network, read_summary


def require(path: Path) -> Path:
    """Return the path of a file to read.

    Raises:
        UserError: it is missing.
    """
    if not path.exists():
        raise UserError(f"{path}: not there; make it first with `snakemake {path}`.")
    return path


def run_file(results_folder: Path, run: Run, name: str) -> Path:
    """Return the path of a file in a run's folder.

    Raises:
        UserError: it is missing.
    """
    return require(results_folder / "runs" / run.folder / name)


def corpus_name(results_folder: Path, runs: Sequence[Run]) -> str:
    """Return the name of the corpus that runs were trained on; empty without runs.

    Raises:
        UserError: the first run is missing.
    """
    if not runs:
        return ""
    summary = run_file(results_folder, runs[0], "summary.json")
    return str(read_summary(summary.parent)["corpus_name"])


def chance(results_folder: Path, runs: Sequence[Run]) -> float:
    """Return the accuracy of guessing, in percent; 0 without runs.

    Raises:
        UserError: the first run is missing.
    """
    if not runs:
        return 0.0
    summary = run_file(results_folder, runs[0], "summary.json")
    return 100 / int(read_summary(summary.parent)["classes"])


def read_morans_i(results_folder: Path, runs: Sequence[Run]) -> list[Any]:
    """Read the tests of Moran's I of some runs from `grouping.csv`.

    Returns:
        a named tuple a test: the columns, the `run`, and the `effect`, Moran's I less its mean
        under the null model; what cannot be tested is not a number.

    Raises:
        UserError: it is missing.
    """
    path = require(results_folder / "grouping.csv")
    table = pd.read_csv(path, dtype={"sparsity": str})
    table = table[table["measure"] == "morans_i"]
    table["run"] = [Run(*fields) for fields in table[list(Run._fields)].itertuples(index=False)]
    table["effect"] = table["observed"] - table["null_mean"]
    wanted = set(runs)
    return [test for test in table.itertuples() if test.run in wanted]


def accuracies(results_folder: Path, runs: Sequence[Run]) -> dict[Run, float]:
    """Return the test accuracy of runs, in percent.

    Raises:
        UserError: a run is missing.
    """
    folders = {run: run_file(results_folder, run, "summary.json").parent for run in runs}
    return {run: 100 * read_summary(folder)["test_accuracy"] for run, folder in folders.items()}


def fields_before_and_after(
    results_folder: Path, run: Run
) -> tuple[ReceptiveFields, ReceptiveFields]:
    """Read the receptive fields of a run before and after training.

    Raises:
        UserError: the run is missing.
    """
    before, after = (
        receptive_fields(read_network(run_file(results_folder, run, name)))
        for name in ("initial.h5", "network.h5")
    )
    return before, after

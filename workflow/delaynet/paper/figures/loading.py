"""Reading what several figures read."""

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from delaynet.analysis.grouping.receptive_fields import ReceptiveFields, receptive_fields
from delaynet.config.errors import UserError
from delaynet.config.grid import Run
from delaynet.training.run_folder import read_network, read_summary


def require(path: Path) -> Path:
    """Return the path of a file to read.

    Raises:
        UserError: it is not there.
    """
    if not path.exists():
        raise UserError(f"{path}: not there; make it first with `snakemake {path}`.")
    return path


def run_file(results_folder: Path, run: Run, name: str) -> Path:
    """Return the path of a file in a run's folder.

    Raises:
        UserError: it is not there.
    """
    return require(results_folder / "runs" / run.folder / name)


def corpus_name(results_folder: Path, runs: Sequence[Run]) -> str:
    """Return the name of the corpus that runs were trained on; empty without runs.

    Raises:
        UserError: the first run is not there.
    """
    if not runs:
        return ""
    summary = run_file(results_folder, runs[0], "summary.json")
    return str(read_summary(summary.parent)["corpus_name"])


def chance(results_folder: Path, runs: Sequence[Run]) -> float:
    """Return the accuracy of guessing, in percent; 0 without runs.

    Raises:
        UserError: the first run is not there.
    """
    if not runs:
        return 0.0
    summary = run_file(results_folder, runs[0], "summary.json")
    return 100 / int(read_summary(summary.parent)["classes"])


class Tested(NamedTuple):
    """One row of `grouping.csv`; what cannot be tested is not a number."""

    run: Run
    network: str
    order: str
    null: str
    close_pairs: int
    observed: float
    null_mean: float
    z: float

    @property
    def effect(self) -> float:
        """Difference of Moran's I from its mean under the null model."""
        return self.observed - self.null_mean


def read_morans_i(results_folder: Path, runs: Sequence[Run]) -> list[Tested]:
    """Read the tests of Moran's I of some runs from `grouping.csv`.

    Raises:
        UserError: it is not there.
    """
    wanted = set(runs)
    with require(results_folder / "grouping.csv").open(newline="", encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["measure"] == "morans_i"]
    tests = [
        Tested(
            Run(
                row["delays"],
                row["structure"],
                row["signs"],
                row["sparsity"],
                int(row["seed"]),
                row["condition"],
            ),
            row["network"],
            row["order"],
            row["null"],
            int(row["close_pairs"]),
            *(float(row[name] or "nan") for name in ("observed", "null_mean", "z")),
        )
        for row in rows
    ]
    return [test for test in tests if test.run in wanted]


def accuracies(results_folder: Path, runs: Sequence[Run]) -> dict[Run, float]:
    """Return the test accuracy of runs, in percent.

    Raises:
        UserError: a run is not there.
    """
    folders = {run: run_file(results_folder, run, "summary.json").parent for run in runs}
    return {run: 100 * read_summary(folder)["test_accuracy"] for run, folder in folders.items()}


def fields_before_and_after(
    results_folder: Path, run: Run
) -> tuple[ReceptiveFields, ReceptiveFields]:
    """Read the receptive fields of a run before and after training.

    Raises:
        UserError: the run is not there.
    """
    before, after = (
        receptive_fields(read_network(run_file(results_folder, run, name)))
        for name in ("initial.h5", "network.h5")
    )
    return before, after

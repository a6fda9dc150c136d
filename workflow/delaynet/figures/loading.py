"""Reading what several figures read."""

from collections.abc import Sequence
from pathlib import Path

from delaynet.config import Run
from delaynet.errors import UserError
from delaynet.runs import read_network, read_summary
from delaynet.structure.receptive_fields import ReceptiveFields, receptive_fields


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

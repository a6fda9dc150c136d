"""Read files that several figures need."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from delaynet.analysis.grouping.kinds import PRIMARY, effects_by_kind
from delaynet.analysis.grouping.receptive_fields import ReceptiveFields, receptive_fields
from delaynet.analysis.tables import read_table
from delaynet.config.files import require
from delaynet.config.grid import Run
from delaynet.training.run_folder import read_network, read_summary

# effects on Moran's I by run, network, order of the channels, and kind of grouping
Effects = dict[tuple[Run, str, str, str], float]


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


def _grouping_of(results_folder: Path, runs: Sequence[Run]) -> pd.DataFrame:
    """Return the rows of `grouping.csv` on Moran's I of some runs."""
    table = read_table(require(results_folder / "grouping.csv"))
    table = table[table["measure"] == PRIMARY]
    wanted = set(runs)
    is_wanted = [Run(*at) in wanted for at in table[list(Run._fields)].itertuples(index=False)]
    return table[is_wanted]


def read_close_pairs(results_folder: Path, runs: Sequence[Run]) -> dict[Run, float]:
    """Read the number of close pairs of synapses of trained networks.

    Raises:
        UserError: the table is missing.
    """
    table = _grouping_of(results_folder, runs).query("network == 'trained'")
    return {
        Run(*at): pairs
        for *at, pairs in table[[*Run._fields, "close_pairs"]].itertuples(index=False)
    }


def read_effects(results_folder: Path, runs: Sequence[Run]) -> Effects:
    """Read the effect of each kind of grouping on Moran's I.

    It is not a number where it cannot be tested, and left out where it is not defined.

    Raises:
        UserError: the table is missing.
    """
    effects = effects_by_kind(_grouping_of(results_folder, runs))
    return {
        (Run(*at), network, order, kind): effect
        for *at, network, order, kind, effect in effects.itertuples(index=False)
    }


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

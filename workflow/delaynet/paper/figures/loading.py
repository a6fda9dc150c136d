"""Read files for several figures; a missing file is a `UserError`."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from delaynet.analysis.grouping.kinds import PRIMARY, effects_by_kind
from delaynet.analysis.grouping.receptive_fields import ReceptiveFields, receptive_fields
from delaynet.analysis.tables import read_table
from delaynet.config.files import require
from delaynet.config.grid import Run
from delaynet.training.run_folder import read_network, read_summary

# effects on Moran's I by run, network, order of channels and kind of grouping
Effects = dict[tuple[Run, str, str, str], float]


def run_file(results_folder: Path, run: Run, name: str) -> Path:
    """Return the path of a file in a run's folder."""
    return require(results_folder / "runs" / run.folder / name)


def _summary(results_folder: Path, run: Run) -> dict[str, Any]:
    return read_summary(run_file(results_folder, run, "summary.json").parent)


def corpus_name(results_folder: Path, runs: Sequence[Run]) -> str:
    """Return the name of the corpus; empty without runs."""
    return str(_summary(results_folder, runs[0])["corpus_name"]) if runs else ""


def chance(results_folder: Path, runs: Sequence[Run]) -> float:
    """Return the accuracy of guessing, in percent; 0 without runs."""
    return 100 / int(_summary(results_folder, runs[0])["classes"]) if runs else 0.0


def accuracies(results_folder: Path, runs: Sequence[Run]) -> dict[Run, float]:
    """Return the test accuracy of runs, in percent."""
    return {run: 100 * _summary(results_folder, run)["test_accuracy"] for run in runs}


def _grouping_of(results_folder: Path, runs: Sequence[Run]) -> pd.DataFrame:
    """Return the rows of `grouping.csv` on Moran's I of these runs."""
    table = read_table(require(results_folder / "grouping.csv"))
    table = table[table["measure"] == PRIMARY]
    wanted = set(runs)
    is_wanted = [Run(*at) in wanted for at in table[list(Run._fields)].itertuples(index=False)]
    return table[is_wanted]


def read_close_pairs(results_folder: Path, runs: Sequence[Run]) -> dict[Run, float]:
    """Read the number of close pairs of synapses of trained networks."""
    table = _grouping_of(results_folder, runs).query("network == 'trained'")
    return {
        Run(*at): pairs
        for *at, pairs in table[[*Run._fields, "close_pairs"]].itertuples(index=False)
    }


def read_effects(results_folder: Path, runs: Sequence[Run]) -> Effects:
    """Read the effects on Moran's I; see `grouping.kinds.effects_by_kind`."""
    effects = effects_by_kind(_grouping_of(results_folder, runs))
    return {
        (Run(*at), network, order, kind): effect
        for *at, network, order, kind, effect in effects.itertuples(index=False)
    }


def fields_before_and_after(
    results_folder: Path, run: Run
) -> tuple[ReceptiveFields, ReceptiveFields]:
    """Read the receptive fields of a run before and after training."""
    before, after = (
        receptive_fields(read_network(run_file(results_folder, run, name)))
        for name in ("initial.h5", "network.h5")
    )
    return before, after

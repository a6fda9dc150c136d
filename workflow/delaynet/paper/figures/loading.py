"""The results that figures read; a missing file is a `UserError`."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from delaynet.analysis.grouping.kinds import PRIMARY, effects_by_kind
from delaynet.analysis.grouping.receptive_fields import ReceptiveFields, receptive_fields
from delaynet.analysis.tables import read_table
from delaynet.config.files import require
from delaynet.config.grid import Config, Run
from delaynet.data.features.frames import step_seconds
from delaynet.training.run_folder import read_network, read_summary

# effects on Moran's I by run, network, order of channels and kind of grouping
Effects = dict[tuple[Run, str, str, str], float]


@dataclass(frozen=True)
class Results:
    """The results that a figure reads.

    Attributes:
        folder: of the results.
        config: their configuration.
        runs: the runs that the figure shows.
        corpus: folder of the corpus, if the figure reads recordings.
    """

    folder: Path
    config: Config
    runs: Sequence[Run]
    corpus: Path | None = None

    @property
    def step_milliseconds(self) -> float:
        """Duration of a time step."""
        return 1000 * step_seconds(self.config.features)

    @property
    def corpus_name(self) -> str:
        """Name of the corpus; empty without runs."""
        return str(self._summary(self.runs[0])["corpus_name"]) if self.runs else ""

    @property
    def chance(self) -> float:
        """Accuracy of guessing, in percent; 0 without runs."""
        return 100 / int(self._summary(self.runs[0])["classes"]) if self.runs else 0.0

    def file(self, run: Run, name: str) -> Path:
        """Return the path of a file in a run's folder."""
        return require(self.folder / "runs" / run.folder / name)

    def _summary(self, run: Run) -> dict[str, Any]:
        return read_summary(self.file(run, "summary.json").parent)

    def accuracies(self) -> dict[Run, float]:
        """Return the test accuracy of each run, in percent."""
        return {run: 100 * self._summary(run)["test_accuracy"] for run in self.runs}

    def _grouping(self) -> pd.DataFrame:
        """Return the rows of `grouping.csv` on Moran's I of the runs."""
        table = read_table(require(self.folder / "grouping.csv"))
        table = table[table["measure"] == PRIMARY]
        wanted = set(self.runs)
        is_wanted = [Run(*at) in wanted for at in table[list(Run._fields)].itertuples(index=False)]
        return table[is_wanted]

    def close_pairs(self) -> dict[Run, float]:
        """Return the number of close pairs of synapses in each trained network."""
        table = self._grouping().query("network == 'trained'")[[*Run._fields, "close_pairs"]]
        return {Run(*at): pairs for *at, pairs in table.itertuples(index=False)}

    def effects(self) -> Effects:
        """Return the effects on Moran's I; see `grouping.kinds.effects_by_kind`."""
        effects = effects_by_kind(self._grouping())
        return {
            (Run(*at), network, order, kind): effect
            for *at, network, order, kind, effect in effects.itertuples(index=False)
        }

    def before_and_after(self, run: Run) -> tuple[ReceptiveFields, ReceptiveFields]:
        """Return the receptive fields of a run before and after training."""
        before, after = (
            receptive_fields(read_network(self.file(run, name)))
            for name in ("initial.h5", "network.h5")
        )
        return before, after

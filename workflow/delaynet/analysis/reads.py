"""Which files of each run an analysis reads: its rule and its command ask here."""

from pathlib import Path

from delaynet.config.grid import Config

OF_EACH_RUN = {
    "grouping": ("initial.h5", "network.h5"),
    "tables": ("summary.json", "metrics.csv"),
    "claims": ("summary.json",),
}


def files_of_runs(analysis: str, config: Config, runs: Path) -> list[Path]:
    """Return the files of all runs that an analysis reads.

    Args:
        analysis: one of `OF_EACH_RUN`.
        config: of the runs.
        runs: folder of run folders.
    """
    return [runs / run.folder / name for run in config.runs() for name in OF_EACH_RUN[analysis]]

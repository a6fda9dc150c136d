"""The files of each run that an analysis reads, for its rule and its command."""

from pathlib import Path

from delaynet.config.grid import Config

FILES_OF_A_RUN = {
    "grouping": ("initial.h5", "network.h5"),
    "exchange": ("network.h5", "summary.json"),
    "tables": ("summary.json", "metrics.csv"),
    "claims": ("summary.json",),
}


def files_of_runs(analysis: str, config: Config, runs: Path) -> list[Path]:
    """Return the files that an analysis reads in the folders of all runs, below `runs`."""
    return [runs / run.folder / name for run in config.runs() for name in FILES_OF_A_RUN[analysis]]

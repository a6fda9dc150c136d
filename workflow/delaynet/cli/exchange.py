"""`delaynet exchange`."""

from pathlib import Path

import click

from delaynet.analysis.exchange import DRAWS, write_exchange
from delaynet.analysis.reads import files_of_runs
from delaynet.cli import PATH, PROCESSES
from delaynet.config.grid import load_config
from delaynet.workflow.project import recorded


@click.command()
@click.option("--config", type=PATH, required=True, help="Resolved configuration.")
@click.option("--features", type=PATH, required=True, help="Features file (HDF5).")
@click.option("--runs", type=PATH, required=True, help="Folder of run folders.")
@PROCESSES
@click.option("--output", type=PATH, required=True, help="CSV to write.")
def command(config: Path, features: Path, runs: Path, processes: int, output: Path) -> None:
    """Measure what networks lose when synapses exchange delays or signs."""
    read = files_of_runs("exchange", load_config(config), runs)
    with recorded([config, features, *read], [output], {"draws": DRAWS}):
        write_exchange(config, runs, features, output, processes)

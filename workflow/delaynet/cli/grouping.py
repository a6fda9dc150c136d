"""`delaynet grouping`."""

from pathlib import Path

import click

from delaynet.analysis.grouping.grouping import PERMUTATIONS, write_grouping
from delaynet.analysis.reads import files_of_runs
from delaynet.cli import PATH, PROCESSES
from delaynet.config.grid import load_config
from delaynet.workflow.project import recorded


@click.command()
@click.option("--config", type=PATH, required=True, help="Resolved configuration.")
@click.option("--runs", type=PATH, required=True, help="Folder of run folders.")
@PROCESSES
@click.option("--output", type=PATH, required=True, help="CSV to write.")
@click.option("--maps", type=PATH, required=True, help="Correlograms to write (HDF5).")
def command(config: Path, runs: Path, processes: int, output: Path, maps: Path) -> None:
    """Measure how excitation and inhibition are grouped in the first layer of every run."""
    networks = files_of_runs("grouping", load_config(config), runs)
    with recorded([config, *networks], [output, maps], {"permutations": PERMUTATIONS}):
        write_grouping(config, runs, output, maps, PERMUTATIONS, processes)

"""`delaynet tables`."""

from pathlib import Path

import click

from delaynet.analysis.devices import refuse_mixed_devices
from delaynet.analysis.reads import files_of_runs
from delaynet.analysis.tables import write_accuracy, write_contrasts, write_hyperparameters
from delaynet.cli import PATH
from delaynet.config.grid import load_config
from delaynet.workflow.project import recorded


@click.command()
@click.option("--config", type=PATH, required=True, help="Resolved configuration.")
@click.option("--runs", type=PATH, required=True, help="Folder of run folders.")
@click.option("--accuracy", type=PATH, required=True, help="CSV of accuracies to write.")
@click.option("--contrasts", type=PATH, required=True, help="CSV of contrasts to write.")
@click.option("--hyperparameters", type=PATH, required=True, help="CSV of settings to write.")
def command(
    config: Path, runs: Path, accuracy: Path, contrasts: Path, hyperparameters: Path
) -> None:
    """Summarise run folders: accuracies, contrasts paired by seed, every setting.

    Refuse runs of which some were trained on CPUs and some on GPUs.
    """
    grid = load_config(config)
    refuse_mixed_devices(grid, runs)
    read = files_of_runs("tables", grid, runs)
    with recorded(inputs=[config, *read], outputs=[accuracy, contrasts, hyperparameters]):
        write_accuracy(config, runs, accuracy)
        write_contrasts(config, runs, contrasts)
        write_hyperparameters(config, hyperparameters)

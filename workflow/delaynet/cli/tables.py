"""`delaynet tables`."""

from pathlib import Path

import click

from delaynet.analysis.tables import write_accuracy, write_contrasts, write_hyperparameters
from delaynet.config.grid import load_config
from delaynet.workflow.project import recorded


@click.command()
@click.option(
    "--config", type=click.Path(path_type=Path), required=True, help="Resolved configuration."
)
@click.option(
    "--results", type=click.Path(path_type=Path), default=Path("results"), show_default=True
)
def command(config: Path, results: Path) -> None:
    """Summarise run folders in `tables/accuracy.csv`, `contrasts.csv` and `hyperparameters.csv`."""
    runs, tables = results / "runs", results / "tables"
    accuracy, contrasts = tables / "accuracy.csv", tables / "contrasts.csv"
    hyperparameters = tables / "hyperparameters.csv"
    folders = [runs / run.folder for run in load_config(config).runs()]
    read = [folder / file for folder in folders for file in ("summary.json", "metrics.csv")]
    with recorded(inputs=[config, *read], outputs=[accuracy, contrasts, hyperparameters]):
        write_accuracy(config, runs, accuracy)
        write_contrasts(config, runs, contrasts)
        write_hyperparameters(config, hyperparameters)

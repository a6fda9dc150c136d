"""`delaynet train`."""

from pathlib import Path

import click
import torch

from delaynet.config import RunSettings, parse_settings
from delaynet.provenance.record import recorded
from delaynet.runs import RUN_FILES
from delaynet.training.loop import train


@click.command()
@click.option("--settings", required=True, help="The run's resolved settings, as JSON.")
@click.option(
    "--features", type=click.Path(path_type=Path), required=True, help="Features file (HDF5)."
)
@click.option(
    "--folder", type=click.Path(path_type=Path), required=True, help="Run folder to write."
)
@click.option(
    "--threads", type=click.IntRange(1), default=1, show_default=True, help="Threads on a CPU."
)
def command(settings: str, features: Path, folder: Path, threads: int) -> None:
    """Train one network and write its run folder."""
    torch.set_num_threads(threads)
    run_settings = parse_settings(RunSettings, settings)
    with recorded(inputs=[features], outputs=[folder / name for name in RUN_FILES]):
        train(run_settings, features, folder)

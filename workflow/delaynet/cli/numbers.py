"""`delaynet numbers`."""

from pathlib import Path

import click

from delaynet.cli import PATH
from delaynet.paper.numbers.inputs import Sources
from delaynet.paper.numbers.writing import write_numbers
from delaynet.workflow.project import recorded


@click.command()
@click.option("--config", type=PATH, required=True, help="Resolved configuration.")
@click.option("--features", type=PATH, required=True, help="Features file (HDF5).")
@click.option("--accuracy", type=PATH, required=True, help="Table of accuracies.")
@click.option("--contrasts", type=PATH, required=True, help="Table of contrasts.")
@click.option("--grouping", type=PATH, required=True, help="CSV of `delaynet grouping`.")
@click.option("--exchange", type=PATH, required=True, help="CSV of `delaynet exchange`.")
@click.option("--tests", type=PATH, required=True, help="Table of tests.")
@click.option("--claims", type=PATH, required=True, help="JSON of all claims.")
@click.option("--output", type=PATH, required=True, help="JSON to write.")
def command(output: Path, **sources: Path) -> None:
    """Collect every number that the manuscript prints, by key, with its source."""
    read = Sources(**sources)
    with recorded(inputs=read, outputs=[output]):
        write_numbers(read, output)

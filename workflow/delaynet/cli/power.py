"""`delaynet power`."""

from pathlib import Path

import click

from delaynet.analysis.grouping.power import NETWORKS, write_power
from delaynet.cli import PATH
from delaynet.workflow.project import recorded


@click.command()
@click.option("--output", type=PATH, required=True, help="CSV to write.")
def command(output: Path) -> None:
    """Simulate how many pairs of synapses it takes to see grouping."""
    with recorded(inputs=[], outputs=[output], parameters={"networks": NETWORKS}):
        write_power(output)

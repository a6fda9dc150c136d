"""`delaynet crate`."""

from pathlib import Path

import click

from delaynet.cli import PATH, RESULTS
from delaynet.provenance.crate import write_crate
from delaynet.workflow.project import PROJECT


@click.command()
@RESULTS
@click.option(
    "--output",
    type=PATH,
    required=True,
    help="Archive to write (a name ending in .zip), or else a folder.",
)
def command(results: Path, output: Path) -> None:
    """Describe intact results as an RO-Crate, to publish or to deposit; overwrite nothing."""
    write_crate(PROJECT, results, output)

"""`delaynet seal`."""

from pathlib import Path

import click

from delaynet.cli import PATH, RESULTS
from delaynet.provenance.seal import write_seal
from delaynet.workflow.project import PROJECT, recorded


@click.command()
@RESULTS
@click.option("--output", type=PATH, required=True, help="JSON to write.")
def command(results: Path, output: Path) -> None:
    """Seal records and manuscript: a digest of each record and source, and one over all."""
    # no inputs: the seal itself lists the files that it read, with their digests
    with recorded(inputs=[], outputs=[output]):
        digest = write_seal(PROJECT, results, output)
    click.echo(f"The digest over all records and the manuscript is {digest}.")

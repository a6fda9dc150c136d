"""`delaynet manuscript`."""

from pathlib import Path

import click

from delaynet.cli import PATH
from delaynet.config.errors import UserError
from delaynet.paper.manuscript import build, list_numbers
from delaynet.provenance.seal import read_seal
from delaynet.workflow.project import recorded


@click.command()
@click.option("--source", type=PATH, required=True, help="Typst file to set.")
@click.option("--output", type=PATH, help="PDF to write.")
@click.option("--numbers", is_flag=True, help="List every printed number with its key instead.")
@click.argument("reads", nargs=-1, type=PATH)
def command(source: Path, output: Path | None, numbers: bool, reads: tuple[Path, ...]) -> None:
    """Set the manuscript from `results/` in the current folder.

    READS are the inputs to name in its record.
    """
    root = Path.cwd()
    if not source.is_file():
        raise UserError(f"{source}: no such file; the manuscript is manuscript/paper.typ.")
    if numbers:
        for key, shown in list_numbers(root, source):
            click.echo(f"{key}\t{shown}")
        return
    if output is None:
        raise click.UsageError("Give --output or --numbers.")
    with recorded(list(dict.fromkeys([source, *reads])), outputs=[output]) as job:
        seal = read_seal(Path("results"))
        # if the seal is missing, Typst reports it
        embedded = job.embedded()._replace(seal=seal and seal.digest)
        build(root, source, output, embedded)

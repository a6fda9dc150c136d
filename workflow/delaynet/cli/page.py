"""`delaynet page`."""

from pathlib import Path

import click

from delaynet.cli import PATH
from delaynet.paper.page.writing import write_page
from delaynet.provenance.audit import Audit
from delaynet.workflow.project import PROJECT, recorded


@click.command()
@click.option("--source", type=PATH, required=True, help="Typst file to set.")
@click.option("--output", type=PATH, required=True, help="HTML to write.")
@click.argument("reads", nargs=-1, type=PATH)
def command(source: Path, output: Path, reads: tuple[Path, ...]) -> None:
    """Set the manuscript as a page on which each number and figure links to its chain.

    It reads `results/` in the current folder. READS are the inputs to name in its record.
    """
    with recorded(list(dict.fromkeys([source, *reads])), outputs=[output]) as job:
        audit = Audit(PROJECT, Path("results"))
        write_page(Path.cwd(), source, audit, output, job.embedded())

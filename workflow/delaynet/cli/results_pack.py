"""`delaynet results pack`."""

from pathlib import Path

import click

from delaynet.cli import PATH
from delaynet.provenance.packing import pack
from delaynet.workflow.project import PROJECT


@click.command()
@click.argument("archive", type=PATH, metavar="FILE")
def command(archive: Path) -> None:
    """Pack all results into one archive, such as results.tar.gz.

    The archive holds all recorded files (corpus, features, runs, tables, figures, manuscript) and
    the records. All results are audited first; it stops at one that is altered, missing or
    unrecorded. Nothing is overwritten. Run it from the root of the project.
    """
    files = pack(PROJECT, Path("results"), archive)
    size = archive.stat().st_size / 1e6
    click.echo(f"{archive}: {files:,} files, each as it was recorded; {size:,.1f} MB.")

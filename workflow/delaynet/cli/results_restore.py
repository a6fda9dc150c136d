"""`delaynet results restore`."""

from pathlib import Path

import click

from delaynet.cli import PATH
from delaynet.provenance.repository import version_control
from delaynet.provenance.restoring import restore
from delaynet.workflow.project import PROJECT


@click.command()
@click.argument("archive", type=PATH, metavar="FILE")
def command(archive: Path) -> None:
    """Restore the results from an archive of `delaynet results pack`.

    The archive is first unpacked into a separate folder and compared with its manifest, its records
    and their seal. Results here that differ are never overwritten. In a clone of the commit that
    made them, `make replot` then draws figures and manuscript without training, and
    `delaynet audit --all` finds all intact. Run it from the root of the project.
    """
    restored = restore(PROJECT, archive)
    click.echo(f"{len(restored.files):,} files restored, each as it was recorded.")
    if not restored.is_sealed:
        click.echo("Their records are not sealed: a changed record cannot be found.")
    here = version_control(PROJECT, Path.cwd())["commit"]
    if restored.commit and here and restored.commit != here:
        click.echo(
            f"They were packed with commit {restored.commit[:10]}, and this is {here[:10]}: "
            "`delaynet plan` says which results the changed code would make again."
        )

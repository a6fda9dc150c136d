"""`delaynet cluster cancel`."""

from pathlib import Path

import click

from delaynet.workflow import cluster


@click.command()
@click.option("--yes", is_flag=True, help="Do not ask.")
def command(yes: bool) -> None:
    """Cancel the jobs that were submitted from this folder, after asking.

    Use it when their Snakemake has ended: one that still runs would submit them again.
    """
    jobs = cluster.orphans(Path.cwd())
    if not jobs:
        click.echo("No job of this folder is in the queue.")
        return
    click.echo(f"{len(jobs)} jobs of this folder are in the queue: {' '.join(jobs)}")
    if not yes:
        click.confirm("Cancel them?", abort=True)
    cluster.cancel(jobs, Path.cwd())
    click.echo(f"{len(jobs)} jobs are cancelled.")

"""`delaynet plan`."""

from pathlib import Path

import click

from delaynet.workflow.dry_run import dry_run
from delaynet.workflow.plan import REPLOTTED, lines_of, plan_of, refuse_costly


@click.command()
@click.option(
    "--configfile",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="Configuration.  [default: config/config.yaml, the miniature]",
)
@click.option(
    "--replot",
    is_flag=True,
    help="Plan to draw all figures and set the manuscript anew; refuse, with the reason, if that "
    "would train, or make corpus or features.",
)
def command(configfile: Path | None, replot: bool) -> None:
    """Say what would run, why, how many trainings, and for how long.

    It runs nothing and needs no cluster. Hours are those of trainings, estimated from earlier
    trainings here or from docs/benchmark.md. `snakemake --profile slurm -n` ends with the same
    plan, in hours of GPUs. On a machine with GPUs it says over how many of them trainings are
    spread.
    """
    with dry_run(configfile, REPLOTTED if replot else ()) as workflow:
        plan = plan_of(workflow)
    if replot:
        refuse_costly(plan)
    click.echo("\n".join(lines_of(plan)))

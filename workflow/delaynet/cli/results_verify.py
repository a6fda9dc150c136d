"""`delaynet results verify`."""

import secrets
import sys
import tempfile
from pathlib import Path

import click

from delaynet.cli import RESULTS
from delaynet.config.errors import UserError
from delaynet.provenance.audit import Audit
from delaynet.training.interruption import Interrupted
from delaynet.workflow.estimate import duration, training_seconds
from delaynet.workflow.project import PROJECT
from delaynet.workflow.verify import LEAST_TOLERANCE, STANDARD_ERRORS, drawn_runs, retrain

HELP = f"""Train runs drawn at random again, with their recorded settings, and compare.

Runs are trained in a temporary folder; results are only read. Where platform, processor, GPU,
Python, PyTorch's build and packages are the recorded ones, every file must have the same bytes
(except the column `seconds` of metrics.csv). Elsewhere, and where several devices trained a run in
parts, rounding differs, and the test accuracy must be the recorded one within
{100 * LEAST_TOLERANCE:.0f} points in a hundred, or within {STANDARD_ERRORS} standard errors of the
difference of two accuracies where that is more, as on few test clips. Exit code 0 only when every
run agrees.
"""


@click.command(help=HELP)
@click.option(
    "--retrain", "count", type=click.IntRange(1), required=True, help="How many runs to draw."
)
@click.option(
    "--seed", type=click.IntRange(0), help="Seed of the draw.  [default: random, and printed]"
)
@RESULTS
def command(count: int, seed: int | None, results: Path) -> None:
    """Retrain, and compare."""
    audit = Audit(PROJECT, results)
    seed = secrets.randbelow(10**6) if seed is None else seed
    runs = drawn_runs(audit, count, seed)
    trained = {run: audit.records[f"{run}/summary.json"] for run in runs}
    hours = sum(training_seconds(trained[run], audit.root / run) for run in runs) / 3600
    click.echo(f"Drawn with --seed {seed}: about {duration(hours)}, by the records.", err=True)
    agreeing = 0
    for number, run in enumerate(runs, 1):
        click.echo(f"[{number} of {count}] {run}", err=True)
        with tempfile.TemporaryDirectory() as folder:
            try:
                agrees, found = retrain(audit, run, Path(folder))
            except Interrupted:
                raise UserError("interrupted; the remaining runs were not compared.") from None
        agreeing += agrees
        click.echo(f"{'agrees' if agrees else 'DIFFERS'}  {run}: {found}")
    click.echo(f"{agreeing} of {count} agree with what was recorded.")
    sys.exit(0 if agreeing == count else 1)

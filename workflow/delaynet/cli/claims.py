"""`delaynet claims`."""

from pathlib import Path

import click

from delaynet.analysis.claims.ledger import write_claims
from delaynet.analysis.reads import files_of_runs
from delaynet.cli import PATH
from delaynet.config.grid import load_config
from delaynet.workflow.project import recorded


@click.command()
@click.option("--config", type=PATH, required=True, help="Resolved configuration.")
@click.option("--runs", type=PATH, required=True, help="Folder of run folders.")
@click.option("--grouping", type=PATH, required=True, help="CSV of `delaynet grouping`.")
@click.option("--tests", type=PATH, required=True, help="CSV of all tests to write.")
@click.option("--ledger", type=PATH, required=True, help="JSON of all claims to write.")
@click.option("--table", type=PATH, required=True, help="CSV of the same to write.")
def command(
    config: Path, runs: Path, grouping: Path, tests: Path, ledger: Path, table: Path
) -> None:
    """Test all that the grid can test, and judge the claims."""
    summaries = files_of_runs("claims", load_config(config), runs)
    with recorded(inputs=[config, grouping, *summaries], outputs=[tests, ledger, table]):
        write_claims(config, runs, grouping, tests, ledger, table)

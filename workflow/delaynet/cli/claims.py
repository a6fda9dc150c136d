"""`delaynet claims`."""

from pathlib import Path

import click

from delaynet.analysis.claims.ledger import write_claims
from delaynet.config.grid import load_config
from delaynet.workflow.project import recorded


@click.command()
@click.option(
    "--config", type=click.Path(path_type=Path), required=True, help="Resolved configuration."
)
@click.option(
    "--results", type=click.Path(path_type=Path), default=Path("results"), show_default=True
)
def command(config: Path, results: Path) -> None:
    """Test all that the grid can test in `tables/tests.csv`, and judge the claims.

    Writes the ledger of claims to `claims.json` and `tables/claims.csv`.
    """
    runs, grouping = results / "runs", results / "grouping.csv"
    tests, table = results / "tables" / "tests.csv", results / "tables" / "claims.csv"
    ledger = results / "claims.json"
    summaries = [runs / run.folder / "summary.json" for run in load_config(config).runs()]
    with recorded(inputs=[config, grouping, *summaries], outputs=[tests, ledger, table]):
        write_claims(config, runs, grouping, tests, ledger, table)

"""`delaynet numbers`."""

from pathlib import Path

import click

from delaynet.paper.numbers.writing import sources_of, write_numbers
from delaynet.workflow.project import recorded


@click.command()
@click.option(
    "--config", type=click.Path(path_type=Path), required=True, help="Resolved configuration."
)
@click.option(
    "--results", type=click.Path(path_type=Path), default=Path("results"), show_default=True
)
@click.option("--output", type=click.Path(path_type=Path), required=True, help="JSON to write.")
def command(config: Path, results: Path, output: Path) -> None:
    """Collect every number that the manuscript prints, by key, with its source."""
    with recorded(inputs=[config, *sources_of(results).values()], outputs=[output]):
        write_numbers(config, results, output)

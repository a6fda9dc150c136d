"""`delaynet figure`."""

from pathlib import Path

import click

from delaynet.config.grid import load_config
from delaynet.paper.figures.render import render
from delaynet.paper.figures.selection import needed_files
from delaynet.workflow.project import recorded


@click.command()
@click.argument("name")
@click.option(
    "--config", type=click.Path(path_type=Path), required=True, help="Resolved configuration."
)
@click.option(
    "--results", type=click.Path(path_type=Path), default=Path("results"), show_default=True
)
@click.option(
    "--output",
    type=click.Path(path_type=Path),
    required=True,
    multiple=True,
    help="File to write, SVG, PNG or PDF by its suffix; may be given again.",
)
def command(name: str, config: Path, results: Path, output: tuple[Path, ...]) -> None:
    """Draw the figure NAME from run folders."""
    inputs = [results / file for file in needed_files(name, load_config(config))]
    with recorded(
        inputs=[config, *inputs], outputs=list(output), parameters={"figure": name}
    ) as making:
        render(name, config, results, *output, embedded=making.embedded)

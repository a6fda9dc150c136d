"""`delaynet figure`."""

from pathlib import Path

import click

from delaynet.cli import PATH
from delaynet.config.errors import UserError
from delaynet.config.grid import load_config
from delaynet.data.sources import load_source
from delaynet.paper.figures.render import render
from delaynet.paper.figures.selection import FIGURES, needed_files, reads_recordings
from delaynet.workflow.project import recorded


@click.command()
@click.argument("name", type=click.Choice(FIGURES))
@click.option("--config", type=PATH, required=True, help="Resolved configuration.")
@click.option("--results", type=PATH, required=True, help="Folder of runs, tables and features.")
@click.option("--corpus", type=PATH, help="Folder of the corpus; the figure `task` reads it.")
@click.option(
    "--output",
    type=PATH,
    required=True,
    multiple=True,
    help="File to write, SVG, PNG or PDF by its suffix; may be given again.",
)
def command(
    name: str, config: Path, results: Path, corpus: Path | None, output: tuple[Path, ...]
) -> None:
    """Draw the figure NAME."""
    settings = load_config(config)
    inputs = [config, *(results / file for file in needed_files(name, settings))]
    if reads_recordings(name, settings):
        if corpus is None:
            raise UserError(f"--corpus is missing: the figure '{name}' shows a recording.")
        named = settings.corpus.model_copy(update={"folder": str(corpus)})
        inputs += load_source(named.source).inputs(named)
    with recorded(inputs, outputs=list(output), parameters={"figure": name}) as job:
        render(name, config, results, *output, corpus=corpus, embedded=job.embedded)

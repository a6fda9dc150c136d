"""`delaynet corpus make`."""

from pathlib import Path

import click

from delaynet.cli import CORPUS_SETTINGS, PROCESSES
from delaynet.config.grid import parse_settings
from delaynet.config.settings import NamedCorpusSettings
from delaynet.data.sources import load_source
from delaynet.workflow.project import recorded


@click.command()
@CORPUS_SETTINGS
@PROCESSES
@click.option(
    "--output",
    type=click.Path(path_type=Path, file_okay=False),
    required=True,
    help="Folder to write.",
)
def command(settings: str, processes: int, output: Path) -> None:
    """Make a corpus here: synthesise it, or unpack it from an archive."""
    corpus = parse_settings(NamedCorpusSettings, settings)
    source = load_source(corpus.source)
    parameters = corpus.model_dump(include={"source", *source.settings})
    seed = corpus.seed if "seed" in source.settings else None
    with recorded(source.archives(corpus), [output], parameters, seed=seed):
        source.make(output, corpus, processes)

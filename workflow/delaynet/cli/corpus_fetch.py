"""`delaynet corpus fetch`."""

from pathlib import Path

import click

from delaynet.cli import PUBLISHED
from delaynet.data.corpus.download import fetch
from delaynet.data.corpus.published import FETCHED, load_published
from delaynet.workflow.project import recorded


@click.command()
@click.option("--corpus", required=True, help="Which of the published corpora to fetch.")
@PUBLISHED
@click.option(
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Archive to write.  [default: its published name, in `resources/`]",
)
def command(corpus: str, published: Path, output: Path | None) -> None:
    """Fetch a published corpus, and verify it.

    If it is interrupted, the same command continues with the bytes that it has, from any mirror.
    The archive is compared with the pin in the file of addresses (`delaynet corpus pin` writes it)
    or else with the publisher's list of checksums; its record has its size and checksum. An
    existing archive is only compared with the pin, without a request to the network.
    """
    source = load_published(published, corpus)
    archive = output or FETCHED / source.file
    # no inputs: its checksum identifies the archive
    parameters = {"published": str(published), "corpus": corpus, "mirrors": list(source.mirrors)}
    with recorded(inputs=[], outputs=[archive], parameters=parameters):
        fetch(source, archive)

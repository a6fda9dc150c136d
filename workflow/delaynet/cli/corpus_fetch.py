"""`delaynet corpus fetch`."""

from pathlib import Path

import click

from delaynet.data.corpus.download import fetch
from delaynet.data.corpus.published import load_published
from delaynet.workflow.project import recorded


@click.command()
@click.option(
    "--published",
    type=click.Path(path_type=Path),
    default=Path("config/downloads.json"),
    show_default=True,
    help="File of addresses, mirrors and checksums.",
)
@click.option(
    "--corpus", default="heidelberg", show_default=True, help="Which of its corpora to fetch."
)
@click.option(
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Archive to write.  [default: `resources/`, and the name that it has there]",
)
def command(published: Path, corpus: str, output: Path | None) -> None:
    """Fetch a published corpus, and verify it.

    However it ends, the same command goes on from what has come, on any of the mirrors. The
    archive is verified against the publisher's list of checksums, and its size and digests are
    pinned in the file of addresses: commit that, and every later download is held against them.
    An archive that is there is verified only, without a request to the network.
    """
    source = load_published(published, corpus)
    archive = output or Path("resources") / source.file
    # no inputs: its own checksum says what the archive is, and pinning it writes to `published`
    parameters = {"published": str(published), "corpus": corpus, "mirrors": list(source.mirrors)}
    with recorded(inputs=[], outputs=[archive], parameters=parameters):
        fetch(source, archive)

"""`delaynet corpus unpack`."""

import logging
from pathlib import Path

import click

from delaynet.data.corpus.published import load_published
from delaynet.data.corpus.unpack import unpack
from delaynet.workflow.project import recorded

log = logging.getLogger("delaynet.data.corpus")


@click.command()
@click.option(
    "--archive", type=click.Path(path_type=Path), required=True, help="Gzipped tar file to unpack."
)
@click.option(
    "--published",
    type=click.Path(path_type=Path),
    help="JSON file of published corpora: an archive that is not the pinned one is refused.",
)
@click.option(
    "--output",
    type=click.Path(path_type=Path, file_okay=False),
    required=True,
    help="Folder to write.",
)
def command(archive: Path, published: Path | None, output: Path) -> None:
    """Unpack the archive of the Heidelberg Digits."""
    pinned = load_published(published, "heidelberg").pinned if published else None
    if pinned is None and archive.exists():
        log.warning(
            "%s is taken as it is: no checksum is known (`delaynet corpus fetch` pins it)", archive
        )
    parameters = {"pinned": pinned and pinned.model_dump(mode="json")}
    with recorded(inputs=[archive], outputs=[output], parameters=parameters):
        unpack(archive, output, pinned.sha256 if pinned else None)

"""`delaynet corpus pin`."""

from pathlib import Path

import click

from delaynet.cli import PUBLISHED
from delaynet.data.corpus.published import pin


@click.command()
@click.option("--corpus", required=True, help="Published corpus of the archive.")
@PUBLISHED
@click.option(
    "--archive",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Archive to pin.  [default: where `delaynet corpus fetch` puts it]",
)
def command(corpus: str, published: Path, archive: Path | None) -> None:
    """Pin a fetched archive: write its size and digests to the file of addresses.

    Commit that file: any other archive is refused from then on.
    """
    pin(published, corpus, archive)

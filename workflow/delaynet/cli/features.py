"""`delaynet features`."""

from pathlib import Path

import click

from delaynet.config import FeatureSettings, parse_settings
from delaynet.features import write_features
from delaynet.provenance.record import recorded


@click.command()
@click.option(
    "--corpus",
    type=click.Path(path_type=Path),
    required=True,
    help="Folder with `audio/` and the two filename lists.",
)
@click.option("--settings", required=True, help="Feature settings, as JSON.")
@click.option("--output", type=click.Path(path_type=Path), required=True, help="HDF5 to write.")
def command(corpus: Path, settings: str, output: Path) -> None:
    """Turn a corpus into mel features."""
    with recorded(inputs=[corpus], outputs=[output]):
        write_features(corpus, output, parse_settings(FeatureSettings, settings))

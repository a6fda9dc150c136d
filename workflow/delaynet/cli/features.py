"""`delaynet features`."""

from pathlib import Path
from typing import Literal

import click

from delaynet.cli import PATH, PROCESSES
from delaynet.config.errors import UserError
from delaynet.config.grid import parse_settings
from delaynet.config.settings import FeatureSettings, SpikeFeatures
from delaynet.data.corpus.report import places, read_report
from delaynet.data.features.spikes import CORPORA, write_spike_features
from delaynet.data.features.writing import write_features
from delaynet.workflow.project import recorded


@click.command()
@click.option(
    "--corpus",
    type=PATH,
    required=True,
    help="Folder of the corpus; for spikes, the one of the published files.",
)
@click.option(
    "--source",
    type=click.Choice(list(CORPORA)),
    default="spikes",
    show_default=True,
    help="Of spikes: which corpus they are.",
)
@click.option(
    "--report",
    type=PATH,
    help="Report on the corpus, by `delaynet corpus check`. Needed for audio; spikes have none.",
)
@click.option(
    "--settings",
    required=True,
    help="Settings of the features, as JSON: the name of a preset ('\"authors\"', '\"stork\"', "
    "'\"spikes\"'), or keys and values of the section `features` ('{\"frames\": 100}').",
)
@click.option(
    "--faults",
    type=click.Choice(["stop", "leave_out"]),
    default="stop",
    show_default=True,
    help="Stop with a list of all recordings that have a fault or no features, or leave them out "
    "and name them in the output.",
)
@PROCESSES
@click.option("--output", type=PATH, required=True, help="HDF5 to write.")
def command(
    corpus: Path,
    source: str,
    report: Path | None,
    settings: str,
    faults: Literal["stop", "leave_out"],
    processes: int,
    output: Path,
) -> None:
    """Turn a corpus into the input of the networks.

    Recordings give mel features, published spikes their counts. The output is one HDF5 file with
    features, label, speaker, word and split of each clip.
    """
    chosen = parse_settings(FeatureSettings, settings)
    parameters = {"features": chosen.model_dump(mode="json")}
    if isinstance(chosen, SpikeFeatures):
        if report is not None:
            raise UserError("--report: spikes have no report; leave it out.")
        inputs = [corpus / name for name in CORPORA[source].filenames.values()]
        with recorded(inputs, [output], parameters):
            write_spike_features(corpus, output, chosen, source)
        return
    if report is None:
        raise UserError("--report is missing: make one with `delaynet corpus check`, and name it.")
    content = read_report(report)
    inputs = [*places(corpus, content), report]
    with recorded(inputs, [output], parameters | {"faults": faults}):
        write_features(corpus, content, output, chosen, faults, processes)

"""`delaynet corpus speak`."""

from pathlib import Path

import click

from delaynet.data.corpus.synthetic import write_corpus
from delaynet.workflow.project import recorded


@click.command()
@click.option("--trials", type=click.IntRange(1), required=True, help="Trials of each word.")
@click.option("--seed", type=click.IntRange(0), required=True, help="Seed of the corpus.")
@click.option(
    "--processes",
    type=click.IntRange(1),
    default=1,
    show_default=True,
    envvar="DELAYNET_PROCESSES",
    show_envvar=True,
    help="How many speak at once.",
)
@click.option(
    "--output",
    type=click.Path(path_type=Path, file_okay=False),
    required=True,
    help="Folder to write.",
)
def command(trials: int, seed: int, processes: int, output: Path) -> None:
    """Speak the synthetic digits, in the layout of the Heidelberg Digits."""
    with recorded(inputs=[], outputs=[output], parameters={"trials": trials}, seed=seed):
        write_corpus(output, trials, seed, processes)

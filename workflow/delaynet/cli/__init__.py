"""The commands that the rules call, one file a command; `delaynet --help` lists them.

`delaynet corpus fetch` is the file `corpus_fetch.py`.
"""

import importlib
import logging
import sys
from pathlib import Path
from typing import Any

import click

from delaynet.config.errors import UserError

# name -> first line of help; a command's module is imported only when it is called, so that
# `delaynet --help` does not wait for PyTorch, and a command depends on its own code only
COMMANDS = {
    "audit": "Trace a figure, a table or a printed number back to the audio.",
    "claims": "Test what the grid can test, and judge the claims.",
    "cluster cancel": "Cancel jobs of an earlier Snakemake in Slurm's queue.",
    "config": "Check a configuration and write it out in full.",
    "corpus check": "Report the content of a corpus, and every fault in it.",
    "corpus fetch": "Download the archive of a published corpus, and verify it.",
    "corpus make": "Make a corpus here: synthesise it, or unpack it from an archive.",
    "corpus pin": "Pin a fetched archive, so that another one is refused.",
    "crate": "Describe intact results as an RO-Crate, to publish or to deposit.",
    "exchange": "Measure what networks lose when synapses exchange delays or signs.",
    "features": "Turn a corpus into the input of the networks.",
    "figure": "Draw one figure from run folders.",
    "grouping": "Measure how excitation and inhibition are grouped.",
    "manuscript": "Set the manuscript.",
    "numbers": "Collect every number that the manuscript prints.",
    "page": "Set the manuscript as a page whose numbers link to their chains.",
    "plan": "Say what would run, why, how many trainings, and for how long.",
    "power": "Simulate how many pairs of synapses it takes to see grouping.",
    "results pack": "Pack all results and records into one archive.",
    "results restore": "Restore results from an archive, once all of it is verified.",
    "results verify": "Retrain runs drawn at random, and compare with the recorded ones.",
    "schema": "Write the JSON schema of the configuration, or its table of keys.",
    "seal": "Seal the records of all results: a digest of each, and one over all.",
    "tables": "Summarise run folders in tables.",
    "train": "Train one network.",
}

GROUPS = {
    "cluster": "Look after jobs on a cluster.",
    "corpus": "Fetch, pin, make or check a corpus.",
    "results": "Pack, restore or verify results.",
}


# options of several commands
PATH = click.Path(path_type=Path)
RESULTS = click.option(
    "--results", type=PATH, default=Path("results"), show_default=True, help="Folder of results."
)
PUBLISHED = click.option(
    "--published",
    type=PATH,
    default=Path("config/downloads.json"),
    show_default=True,
    help="File of addresses, mirrors and checksums.",
)
CORPUS_SETTINGS = click.option(
    "--settings",
    required=True,
    help="The section `corpus` of the configuration, as JSON: the name of a source "
    '(\'"synthetic"\'), or keys and values (\'{"source": "synthetic", "trials": 2}\').',
)
PROCESSES = click.option(
    "--processes",
    type=click.IntRange(1),
    default=1,
    show_default=True,
    help="How many work at once; the output does not depend on it.",
)


class Commands(click.Group):
    """The group of commands, each imported when it is called; a user's mistake is one sentence."""

    def __init__(self, prefix: str = "", **settings: Any) -> None:
        super().__init__(**settings)
        self.prefix = prefix

    def _help_of_commands(self) -> dict[str, str]:
        names = [
            name.removeprefix(self.prefix) for name in COMMANDS if name.startswith(self.prefix)
        ]
        first_words = dict.fromkeys(name.split()[0] for name in names)
        return {word: (COMMANDS | GROUPS)[self.prefix + word] for word in first_words}

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of all commands."""
        return list(self._help_of_commands())

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return a command, or a group of them, by its name."""
        name = self.prefix + cmd_name
        if name in GROUPS:
            return Commands(f"{name} ", name=cmd_name, help=GROUPS[name])
        if name not in COMMANDS:
            return None
        module = importlib.import_module(f"delaynet.cli.{name.replace(' ', '_')}")
        command: click.Command = module.command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of commands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl(list(self._help_of_commands().items()))

    def invoke(self, ctx: click.Context) -> object:
        """Run a command; show a user's mistake as a sentence, exit code 2."""
        try:
            return super().invoke(ctx)
        except UserError as error:
            click.echo(f"delaynet: {error}", err=True)
            sys.exit(2)


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """Spiking networks that learn synaptic delays: the commands behind the workflow's rules."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s", stream=sys.stderr)

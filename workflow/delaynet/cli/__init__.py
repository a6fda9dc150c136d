"""The commands that the rules call, one file a command; `delaynet --help` lists them."""

import importlib
import logging
import sys

import click

from delaynet.errors import UserError

# name -> first line of help; a command's module is imported only when it is called, so that
# `delaynet --help` does not wait for PyTorch, and a command depends on its own code only
COMMANDS = {
    "audit": "Trace a figure, a table or a printed number back to the audio.",
    "config": "Check a configuration and write it out in full.",
    "corpus": "Speak the synthetic digits, in the layout of the Heidelberg Digits.",
    "features": "Turn a corpus into mel features.",
    "figure": "Draw one figure from run folders.",
    "grouping": "Measure how excitation and inhibition are grouped.",
    "manuscript": "Set the manuscript.",
    "numbers": "Collect every number that the manuscript prints.",
    "schema": "Write the JSON schema of the configuration, or its table of keys.",
    "tables": "Summarise run folders in tables.",
    "train": "Train one network.",
}


class Commands(click.Group):
    """The group of commands, each imported when it is called; a user's mistake is one sentence."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of all commands."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return a command by its name."""
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = importlib.import_module(f"delaynet.cli.{cmd_name}").command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of commands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

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

"""`delaynet schema`."""

from pathlib import Path

import click

from delaynet.cli import PATH
from delaynet.config.files import replacing
from delaynet.config.schema import key_table, schema


@click.command()
@click.option("--table", is_flag=True, help="The table of keys in Markdown instead.")
@click.option("--output", type=PATH, help="File to write.  [default: print]")
def command(table: bool, output: Path | None) -> None:
    """Write the JSON schema of the configuration, or its table of keys."""
    text = key_table() if table else schema()
    if output is None:
        click.echo(text, nl=False)
        return
    with replacing(output) as temporary:
        temporary.write_text(text, encoding="utf-8")

"""`delaynet config`."""

from pathlib import Path

import click

from delaynet.cli import PATH
from delaynet.config.files import replacing
from delaynet.config.grid import Config, load_config, parse_settings
from delaynet.workflow.defaults import with_defaults_of_source
from delaynet.workflow.project import recorded


@click.command()
@click.option("--file", type=PATH, help="Configuration file (YAML).")
@click.option("--content", help="Configuration as JSON, in place of a file.")
@click.option(
    "--read-from",
    multiple=True,
    type=PATH,
    help="File that --content was read from, for the record.",
)
@click.option("--output", type=PATH, required=True, help="JSON to write.")
def command(
    file: Path | None, content: str | None, read_from: tuple[Path, ...], output: Path
) -> None:
    """Check a configuration and write it out in full, defaults included."""
    if (file is None) == (content is None):
        raise click.UsageError("Give either --file or --content.")
    if file:
        config = with_defaults_of_source(load_config(file))
    else:
        config = parse_settings(Config, content or "")
    inputs, parameters = [file] if file else list(read_from), config.model_dump(mode="json")
    with recorded(inputs, [output], parameters), replacing(output) as temporary:
        temporary.write_text(config.model_dump_json(indent=2) + "\n", encoding="utf-8")

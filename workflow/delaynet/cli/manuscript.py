"""`delaynet manuscript`."""

from pathlib import Path

import click

from delaynet.errors import UserError
from delaynet.manuscript import build, list_numbers
from delaynet.provenance.record import recorded


@click.command()
@click.option("--source", type=click.Path(path_type=Path), required=True, help="Typst file to set.")
@click.option("--output", type=click.Path(path_type=Path), help="PDF to write.")
@click.option("--numbers", is_flag=True, help="List every printed number with its key instead.")
def command(source: Path, output: Path | None, numbers: bool) -> None:
    """Set the manuscript; the current folder holds `results/`, which it reads."""
    root = Path.cwd()
    if not source.is_file():
        raise UserError(f"{source}: no such file; the manuscript is manuscript/paper.typ.")
    if numbers:
        for key, shown in list_numbers(root, source):
            click.echo(f"{key}\t{shown}")
        return
    if output is None:
        raise click.UsageError("Give --output or --numbers.")
    parts = sorted(path for path in source.parent.iterdir() if path.is_file())
    figures = sorted(Path("results/figures").glob("*.svg"))
    tables = [Path(f"results/tables/{name}.csv") for name in ("accuracy", "hyperparameters")]
    inputs = [*parts, Path("results/numbers.json"), *tables, *figures]
    with recorded(inputs=inputs, outputs=[output]):
        build(root, source, output)

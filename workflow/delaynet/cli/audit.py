"""`delaynet audit`."""

import os
import sys
from collections import Counter
from pathlib import Path

import click

from delaynet.errors import UserError
from delaynet.provenance.audit import Link, chain, find_number, read_records

COLOURS = {"intact": "green", "source": "green", "unrecorded": "yellow"}


def _line(link: Link) -> str:
    """Return one line on a file of the chain."""
    state = click.style(f"{link.state:<10}", fg=COLOURS.get(link.state, "red"))
    text = f"{state} {'  ' * link.depth}{link.path}"
    if link.record is None:
        return text
    record = link.record
    commit = (record["commit"] or "no commit")[:10] + ("+" if record["uncommitted"] else "")
    digest = record["outputs"][link.path]["sha256"][:12]
    return f"{text}  sha256 {digest}  commit {commit}  {record['started']}  {record['host']}"


@click.command()
@click.argument("path", required=False)
@click.option("--number", help="A key of the manuscript's numbers, in place of a file.")
@click.option(
    "--results", type=click.Path(path_type=Path), default=Path("results"), show_default=True
)
def command(path: str | None, number: str | None, results: Path) -> None:
    """Trace PATH, or a printed number, back to the audio, and check every file on the way.

    Exit code 0 only when every result is intact and every source is as it was read.
    """
    if (path is None) == (number is None):
        raise click.UsageError("Give either a file or --number.")
    records = read_records(results)
    if number is not None:
        entry = find_number(results / "numbers.json", number)
        click.echo(f"{number} is printed as {entry['shown']}; it was read from {entry['source']}")
        path = str(results / "numbers.json")
    name = os.path.relpath(path or "")
    if name not in records:
        raise UserError(
            f"{name}: there is no record of such a result; name one below `{results}`, from the "
            "folder in which the workflow ran."
        )
    links = list(chain(name, records, results))
    for link in links:
        click.echo(_line(link))
    count = Counter(link.state for link in links)
    click.echo(", ".join(f"{number} {state}" for state, number in count.most_common()))
    sys.exit(0 if set(count) <= {"intact", "source"} else 1)

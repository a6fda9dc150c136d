"""`delaynet audit`."""

import hashlib
import json
import os
import shlex
import sys
from collections import Counter
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from textwrap import shorten
from typing import Any

import click
from tqdm import tqdm

from delaynet.errors import UserError
from delaynet.manuscript import set_pdf
from delaynet.provenance import states
from delaynet.provenance.audit import Audit, Link, find_number
from delaynet.provenance.embedded import read_embedded
from delaynet.provenance.record import embedded_of
from delaynet.provenance.states import Verdict

COLOURS = {states.INTACT: "green", states.SOURCE: "green"}
SECONDS_OF_PATIENCE = 3
LETTERS_OF_COMMAND = 100


def _links_of(audit: Audit, path: str) -> list[Link]:
    """Return the chain of a result, or of a copy of one that lies anywhere.

    Raises:
        UserError: nothing is known of it.
    """
    name = os.path.relpath(path, audit.root)
    known = audit.known(name)
    if known is not None:
        return list(audit.chain(known))
    carried = read_embedded(Path(path))
    if carried is not None:
        return list(audit.chain_of_copy(Path(path), carried))
    if Path(path).exists() and audit.is_result(name):
        return list(audit.chain(name))
    raise UserError(
        f"{path}: there is no record of such a result, and it carries no identifier of one; name a "
        f"file below `{audit.results}`, or a copy of a figure or of the manuscript."
    )


def _set_again(audit: Audit, link: Link) -> Link:
    """Return what is found of the manuscript when it is set again.

    The seal that it prints cannot hold its own record, so that both could be altered together. But
    the same sources give the same bytes, wherever the same compiler sets them.
    """
    record, state = link.record, link.verdict.state
    if record is None or record["rule"] != "paper" or state != states.INTACT:
        return link
    if record["packages"].get("typst") != version("typst") or audit.sealed is None:
        return link
    arguments = shlex.split(record["command"])
    source = audit.root / arguments[arguments.index("--source") + 1]
    pdf = set_pdf(audit.root, source, embedded_of(record)._replace(seal=audit.sealed.digest))
    if hashlib.sha256(pdf).hexdigest() == record["outputs"][link.path]["sha256"]:
        return link
    return link._replace(verdict=Verdict(states.ALTERED, "set again, it has other bytes"))


def _line(link: Link) -> str:
    """Return one line on a file of the chain."""
    state, reason = link.verdict
    text = f"{click.style(f'{state:<14}', fg=COLOURS.get(state, 'red'))}  {'  ' * link.depth}"
    text += link.path if not reason else f"{link.path}: {reason}"
    if link.record is None:
        return text
    record = link.record
    commit = (record["commit"] or "no commit")[:10] + "+" * bool(record["uncommitted"])
    made = f"[{record['id']}, {commit}, {record['ended'][:19]}, {record['host']}]"
    if record["inputs"]:
        return f"{text}  {made}"
    # where a chain ends at no file, what made it is its source
    return f"{text}  {made} by `{shorten(record['command'], LETTERS_OF_COMMAND)}`"


def _conclusion(links: Sequence[Link], seal: Verdict, digest: str | None) -> str:
    """Return the last line: how many files are in which state, and what the seal says."""
    count = Counter(link.verdict.state for link in links)
    counted = ", ".join(f"{count[state]} {state}" for state in states.STATES if count[state])
    if seal.state in (states.INTACT, states.CODE_CHANGED):
        return f"{counted}; the seal {digest} holds."
    if seal.state == states.UNRECORDED:
        return f"{counted}; the records are not sealed yet."
    return f"{counted}; the seal does not hold: it is {seal.state} ({seal.reason})."


def _as_json(link: Link) -> dict[str, Any]:
    record = link.record or {}
    made = {name: record.get(name) for name in ("id", "rule", "commit", "ended", "host")}
    return {"depth": link.depth, "path": link.path, **link.verdict._asdict(), "record": made}


@click.command()
@click.argument("path", required=False)
@click.option("--number", help="A key of the manuscript's numbers, in place of a file.")
@click.option("--all", "everything", is_flag=True, help="All results, in place of a file.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")
@click.option(
    "--results", type=click.Path(path_type=Path), default=Path("results"), show_default=True
)
def command(
    path: str | None, number: str | None, everything: bool, as_json: bool, results: Path
) -> None:
    """Trace PATH, or a printed number, back to the audio, and check every file on the way.

    PATH is a result, or a copy of a figure or of the manuscript that lies anywhere: it is found by
    the identifier in its metadata. Exit code 0 only when every result is intact, every source is as
    it was read, and every record is as it was sealed.
    """
    if (path is not None) + (number is not None) + everything != 1:
        raise click.UsageError("Give one of a file, --number and --all.")
    audit = Audit(results)
    entry = None if number is None else find_number(results / "numbers.json", number)
    if path is None:
        path = str(results / "numbers.json")
    if everything:
        found = audit.everything()
        # results of a whole paper take a while to read
        links = list(
            tqdm(found, unit=" files", delay=SECONDS_OF_PATIENCE, leave=False, disable=None)
        )
    else:
        links = _links_of(audit, path)
    links = [_set_again(audit, link) for link in links]
    seal, digest = audit.seal(), audit.sealed and audit.sealed.digest
    is_intact = {link.verdict.state for link in links} <= states.GOOD
    is_intact &= seal.state in (states.INTACT, states.CODE_CHANGED, states.UNRECORDED)
    if as_json:
        answer = {
            "intact": is_intact,
            "number": entry,
            "seal": {**seal._asdict(), "digest": digest},
            "files": [_as_json(link) for link in links],
        }
        click.echo(json.dumps(answer, indent=1))
    else:
        if entry is not None:
            shown, source = entry["shown"], entry["source"]
            click.echo(f"{number} is printed as {shown}; it was read from {source}")
        click.echo("\n".join(map(_line, links)))
        click.echo(_conclusion(links, seal, digest))
    sys.exit(0 if is_intact else 1)

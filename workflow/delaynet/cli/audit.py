"""`delaynet audit`."""

import json
import os
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from textwrap import shorten
from typing import Any

import click
from tqdm import tqdm

from delaynet.analysis.devices import mixed_devices
from delaynet.cli import RESULTS
from delaynet.config.errors import UserError
from delaynet.paper.numbers.find import find_number
from delaynet.paper.page.again import made_again
from delaynet.provenance import states
from delaynet.provenance.audit import Audit, Link
from delaynet.provenance.embedded import read_embedded
from delaynet.provenance.record import commit_of
from delaynet.provenance.states import Verdict
from delaynet.workflow.project import PROJECT

COLOURS = {states.INTACT: "green", states.SOURCE: "green"}
SECONDS_BEFORE_PROGRESS = 3
LETTERS_OF_COMMAND = 100


def _links_of(audit: Audit, path: str) -> list[Link]:
    """Return the chain of a result, or of a copy of one."""
    # the path may be a link to a result
    real = os.path.relpath(os.path.realpath(path), os.path.realpath(audit.root))
    name = os.path.relpath(path or os.curdir, audit.root)
    for recorded in filter(None, map(audit.recorded_path, (name, real))):
        return list(audit.chain(recorded))
    if Path(path).is_dir() and audit.is_result(real):
        return list(audit.everything(real))
    carried = read_embedded(Path(path))
    if carried is not None:
        return list(audit.chain_of_copy(Path(path), carried))
    if path and Path(path).exists() and audit.is_result(name):
        return list(audit.chain(name))
    raise UserError(
        f"{path}: there is no record of such a result, and it carries no identifier of one; name a "
        f"file below `{audit.results}`, or a copy of a figure or of the manuscript."
    )


def _line(link: Link) -> str:
    state, reason = link.verdict
    text = f"{click.style(f'{state:<14}', fg=COLOURS.get(state, 'red'))}  {'  ' * link.depth}"
    text += link.path if not reason else f"{link.path}: {reason}"
    if link.record is None:
        return text
    record = link.record
    made = f"[{record['id']}, {commit_of(record)}, {record['ended'][:19]}, {record['host']}]"
    if record["inputs"]:
        return f"{text}  {made}"
    # a job without inputs is itself the source
    return f"{text}  {made} by `{shorten(record['command'], LETTERS_OF_COMMAND)}`"


def _conclusion(
    links: Sequence[Link], seal: Verdict, digest: str | None, not_checked: Sequence[str]
) -> str:
    """Return the last line: files by state, the state of the seal, and what was not checked."""
    count = Counter(link.verdict.state for link in links)
    counted = ", ".join(f"{count[state]} {state}" for state in states.STATES if count[state])
    if seal.state in (states.INTACT, states.CODE_CHANGED):
        sealed = f"the seal {digest} holds"
    elif seal.state == states.UNRECORDED:
        sealed = "the records are not sealed yet"
    else:
        sealed = f"the seal does not hold: it is {seal.state} ({seal.reason})"
    unknown = [f"not checked: {', '.join(not_checked)}"] if not_checked else []
    return f"{'; '.join([counted, sealed, *unknown])}."


def _as_json(link: Link) -> dict[str, Any]:
    record = link.record or {}
    made = {name: record.get(name) for name in ("id", "rule", "commit", "ended", "host")}
    return {"depth": link.depth, "path": link.path, **link.verdict._asdict(), "record": made}


@click.command()
@click.argument("path", required=False)
@click.option("--number", help="A key of the manuscript's numbers, in place of a file.")
@click.option("--all", "everything", is_flag=True, help="All results, in place of a file.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")
@RESULTS
def command(
    path: str | None, number: str | None, everything: bool, as_json: bool, results: Path
) -> None:
    """Trace PATH, or a printed number, back to the audio, and check every file on the way.

    PATH is a result, or a copy of a figure or of the manuscript, whose metadata identify it. Exit
    code 0 only when every result is intact, every source is as it was read, and every record is as
    it was sealed.
    """
    if (path is not None) + (number is not None) + everything != 1:
        raise click.UsageError("Give one of a file, --number and --all.")
    audit = Audit(PROJECT, results)
    entry = None if number is None else find_number(results / "numbers.json", number)
    if path is None:
        path = str(results / "numbers.json")
    if everything:
        found = audit.everything()
        # results of a whole paper take a while to read
        links = list(
            tqdm(found, unit=" files", delay=SECONDS_BEFORE_PROGRESS, leave=False, disable=None)
        )
    else:
        links = _links_of(audit, path)
    mixed = mixed_devices(
        ((audit.root / link.path).parent, link.record)
        for link in links
        if link.record and link.path.endswith("/summary.json")
    )
    links, not_compared = made_again(audit, links)
    not_checked = [*audit.not_checked, *not_compared]
    seal, digest = audit.seal(), audit.sealed and audit.sealed.digest
    is_intact = {link.verdict.state for link in links} <= states.GOOD
    is_intact &= seal.state in (states.INTACT, states.CODE_CHANGED, states.UNRECORDED)
    if as_json:
        answer = {
            "intact": is_intact,
            "number": entry,
            "seal": {**seal._asdict(), "digest": digest},
            "not_checked": not_checked,
            "mixed_devices": mixed,
            "files": [_as_json(link) for link in links],
        }
        click.echo(json.dumps(answer, indent=1))
    else:
        if entry is not None:
            shown, source = entry["shown"], entry["source"]
            click.echo(f"{number} is printed as {shown}; it was read from {source}")
        click.echo("\n".join(map(_line, links)))
        if mixed is not None:
            click.echo(mixed)
        click.echo(_conclusion(links, seal, digest, not_checked))
    sys.exit(0 if is_intact else 1)

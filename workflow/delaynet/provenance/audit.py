"""The audit: from a result back through the records of the jobs that led to it."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from delaynet.errors import UserError
from delaynet.provenance.record import RECORDS, fingerprint

Record = dict[str, Any]


class Link(NamedTuple):
    """One file of a chain.

    Attributes:
        depth: jobs between this file and the one that was asked for.
        path: of the file or folder.
        state: `intact`, `altered` (its bytes differ from its record), `stale` (an input of it has
            another digest now than when it was made), `missing`, `source` (not a result: written
            by people, and held against its digest where it was read), or `unrecorded`.
        record: of the job that made it.
    """

    depth: int
    path: str
    state: str
    record: Record | None


def read_records(results: Path) -> dict[str, Record]:
    """Return the newest record of every recorded path.

    Raises:
        UserError: there is no record, or one cannot be read.
    """
    found: dict[str, Record] = {}
    files = sorted((results / RECORDS).rglob("[!.]*.json"))
    if not files:
        raise UserError(f"{results / RECORDS}: holds no records; run the workflow first.")
    for file in files:
        try:
            record = json.loads(file.read_text())
            for path in record["outputs"]:
                if path not in found or found[path]["started"] < record["started"]:
                    found[path] = record
        except (ValueError, KeyError, TypeError):
            raise UserError(f"{file}: is not a record; it was altered, or cut short.") from None
    return found


def find_number(numbers: Path, key: str) -> dict[str, Any]:
    """Return the entry of one number: `value`, `shown` and `source`.

    Raises:
        UserError: there is no such file or number.
    """
    if not numbers.exists():
        raise UserError(f"{numbers}: is missing; make it with `snakemake {numbers}`.")
    entry = json.loads(numbers.read_text())
    for part in key.split("."):
        if not isinstance(entry, dict) or part not in entry:
            raise UserError(
                f"{numbers}: holds no number '{key}'; "
                "`delaynet manuscript --source manuscript/paper.typ --numbers` lists them."
            )
        entry = entry[part]
    if not isinstance(entry, dict) or "shown" not in entry:
        raise UserError(f"{numbers}: '{key}' is a group of numbers; name one of them.")
    return entry


def chain(path: str, records: dict[str, Record], results: Path) -> Iterator[Link]:
    """Yield a result and all that it was made from, depth first, each path once.

    Args:
        path: as it stands in the records.
        records: from `read_records`.
        results: folder of results; all that lies elsewhere is a source.
    """
    seen: set[str] = set()
    digests: dict[str, str | None] = {}

    def digest(name: str) -> str | None:
        if name not in digests:
            exists = Path(name).exists()
            digests[name] = fingerprint(Path(name))["sha256"] if exists else None
        return digests[name]

    def state(name: str, record: Record | None) -> str:
        if digest(name) is None:
            return "missing"
        if record is None:
            return "unrecorded" if Path(name).is_relative_to(results) else "source"
        if record["outputs"][name]["sha256"] != digest(name):
            return "altered"
        made_from = record["inputs"].items()
        if any(fingerprints["sha256"] != digest(source) for source, fingerprints in made_from):
            return "stale"
        return "intact"

    def walk(name: str, depth: int) -> Iterator[Link]:
        if name in seen:
            return
        seen.add(name)
        record = records.get(name)
        yield Link(depth, name, state(name, record), record)
        for source in record["inputs"] if record else ():
            yield from walk(source, depth + 1)

    yield from walk(path, 0)

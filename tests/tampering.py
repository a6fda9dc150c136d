"""Ways to tamper with the results of a project; each keeps the time of what it alters."""

import hashlib
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any


def rewrite(path: Path, content: bytes) -> None:
    """Write other content into a file, and keep its time."""
    times = path.stat()
    path.write_bytes(content)
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))


def flip(path: Path, place: float = 0.5) -> None:
    """Change one bit, of the byte at a place between the first (0) and the last (1)."""
    content = bytearray(path.read_bytes())
    content[round(place * (len(content) - 1))] ^= 1
    rewrite(path, bytes(content))


def replace(path: Path, old: str, new: str) -> None:
    """Replace a part of a text."""
    text = path.read_text(encoding="utf-8")
    assert old in text, f"{old} is not in {path}"
    rewrite(path, text.replace(old, new, 1).encode())


def edit_json(path: Path, edit: Callable[[Any], object], indent: int = 2) -> None:
    content = json.loads(path.read_text(encoding="utf-8"))
    edit(content)
    rewrite(path, (json.dumps(content, indent=indent) + "\n").encode())


def swap(one: Path, other: Path) -> None:
    """Exchange two files or folders, with their times."""
    between = one.with_name(".between")
    one.rename(between)
    other.rename(one)
    between.rename(other)


def remove(path: Path) -> None:
    shutil.rmtree(path) if path.is_dir() else path.unlink()


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def record_of(project: Path, output: str) -> Path:
    return project / "results" / "records" / f"{Path(output).relative_to('results')}.json"


def edit_record(project: Path, output: str, **changes: Any) -> None:
    """Change fields of the record of a result."""
    edit_json(record_of(project, output), lambda record: record.update(changes))


def delete(project: Path, *outputs: str) -> None:
    """Delete what a job made, with its record, which is named after the first."""
    record_of(project, outputs[0]).unlink()
    for output in outputs:
        remove(project / output)


def forge(project: Path, output: str) -> None:
    """Change a result, and its record to fit."""
    path = project / output
    flip(path)
    edit_json(
        record_of(project, output),
        lambda record: record["outputs"][output].update(sha256=digest(path)),
    )


def fit(project: Path, output: str, **changes: Any) -> None:
    """Make the record of a result fit it as it is, and fit all that it was made from."""

    def edit(record: Any) -> None:
        for path, content in (record["inputs"] | record["outputs"]).items():
            if (project / path).is_file():
                file = project / path
                content.update(sha256=digest(file), bytes=file.stat().st_size)
        record.update(changes)

    edit_json(record_of(project, output), edit)


def reseal(project: Path) -> None:
    """Make the seal fit the records as they are, and its own record fit the seal."""
    records = project / "results" / "records"

    def edit(seal: Any) -> None:
        seal["records"] = {name: digest(records / name) for name in seal["records"]}
        files = [*seal["records"].items(), *seal["sources"].items()]
        lines = sorted(f"{sha256}  {name}\n" for name, sha256 in files)
        seal["digest"] = hashlib.sha256("".join(lines).encode()).hexdigest()

    edit_json(project / "results" / "seal.json", edit, indent=1)
    fit(project, "results/seal.json")

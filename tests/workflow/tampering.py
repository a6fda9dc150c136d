"""Ways to tamper with a finished project, each as a function of its folder.

Every one keeps the time of what it alters. What the audit must then say of which path stands in
`test_tampering.py`.
"""

import hashlib
import json
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

from delaynet.paper.manuscript import set_pdf
from delaynet.provenance.embedded import read_embedded

RUNS = "results/runs/standard"
LEARNED = f"{RUNS}/learned-dense-free/sparsity-0/seed-0"
NONE = f"{RUNS}/none-dense-free/sparsity-0/seed-0"
CLIPS = ("english_speaker-00_trial-0_digit-1", "english_speaker-00_trial-0_digit-2")


def clip(project: Path, name: str) -> Path:
    return project / "results" / "corpus" / "audio" / f"lang-{name}.flac"


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


def swap(one: Path, other: Path) -> None:
    """Exchange two files or folders, with their times."""
    between = one.with_name(".between")
    one.rename(between)
    other.rename(one)
    between.rename(other)


def replace(path: Path, old: str, new: str) -> None:
    """Replace a part of a text."""
    text = path.read_text(encoding="utf-8")
    assert old in text, f"{old} is not in {path}"
    rewrite(path, text.replace(old, new, 1).encode())


def record_of(project: Path, output: str) -> Path:
    return project / "results" / "records" / f"{Path(output).relative_to('results')}.json"


def edit_json(path: Path, edit: Callable[[Any], object], indent: int = 2) -> None:
    content = json.loads(path.read_text(encoding="utf-8"))
    edit(content)
    rewrite(path, (json.dumps(content, indent=indent) + "\n").encode())


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def forge(project: Path, output: str) -> None:
    """Change an output, and its record to fit."""
    path = project / output
    flip(path)
    record = record_of(project, output)
    edit_json(record, lambda content: content["outputs"][output].update(sha256=digest(path)))


def reseal(project: Path) -> None:
    """Make the seal fit the records as they are, and its own record fit the seal."""
    folder, seal = project / "results" / "records", project / "results" / "seal.json"

    def edit(content: Any) -> None:
        content["records"] = {name: digest(folder / name) for name in content["records"]}
        files = [*content["records"].items(), *content["sources"].items()]
        lines = sorted(f"{sha256}  {name}\n" for name, sha256 in files)
        content["digest"] = hashlib.sha256("".join(lines).encode()).hexdigest()

    edit_json(seal, edit, indent=1)
    outputs = {"sha256": digest(seal), "bytes": seal.stat().st_size}
    edit_json(
        record_of(project, "results/seal.json"),
        lambda content: content["outputs"]["results/seal.json"].update(outputs),
    )


def forge_all(project: Path, output: str) -> None:
    """Change an output, its record, and the seal to fit."""
    forge(project, output)
    reseal(project)


def add_record(project: Path, name: str, like: str, edit: Callable[[Any], object]) -> None:
    """Add a record, made of another one."""
    content = json.loads(record_of(project, like).read_text())
    edit(content)
    (project / "results" / "records" / name).write_text(json.dumps(content))


def add_recorded_file(project: Path) -> None:
    path = project / "results" / "extra.csv"
    path.write_text("not made by any job\n")
    made = {"results/extra.csv": {"sha256": digest(path), "bytes": path.stat().st_size}}
    add_record(
        project, "extra.csv.json", "results/power.csv", lambda content: content.update(outputs=made)
    )


def remove(path: Path) -> None:
    shutil.rmtree(path) if path.is_dir() else path.unlink()


def git(project: Path, *arguments: str) -> None:
    who = ["-c", "user.name=Eve", "-c", "user.email=eve@example.org"]
    subprocess.run(["git", *who, *arguments], cwd=project, check=True, capture_output=True)


def rewrite_history(project: Path) -> None:
    """Replace the commit that the records name by another one, and forget it."""
    git(project, "commit", "--amend", "--message", "Another history")
    git(project, "reflog", "expire", "--expire=now", "--all")
    git(project, "gc", "--prune=now", "--quiet")


def swap_runs_with_records(project: Path) -> None:
    swap(project / LEARNED, project / NONE)
    records = project / "results" / "records"
    for name in (LEARNED, NONE):
        assert (records / Path(name).relative_to("results")).is_dir()
    swap(*(records / Path(name).relative_to("results") for name in (LEARNED, NONE)))


def fit(project: Path, output: str, **changes: Any) -> None:
    """Make the record of a file fit it as it is, and fit all that it was made from."""

    def edit(content: Any) -> None:
        content["outputs"][output].update(
            sha256=digest(project / output), bytes=(project / output).stat().st_size
        )
        for path, read in content["inputs"].items():
            if (project / path).is_file():
                read.update(sha256=digest(project / path), bytes=(project / path).stat().st_size)
        content.update(changes)

    edit_json(record_of(project, output), edit)


def reword(project: Path) -> None:
    """Change the manuscript's words, set it under the same seal, and let the records fit."""
    replace(project / "manuscript" / "paper.typ", "*C1*", "*C1* not")
    pdf = project / "results" / "paper.pdf"
    rewrite(pdf, set_pdf(project, project / "manuscript" / "paper.typ", read_embedded(pdf)))
    for output in ("results/paper.pdf", "results/paper.html"):
        fit(project, output)


def delete(project: Path, output: str) -> None:
    """Delete a file with its record."""
    remove(project / output)
    remove(record_of(project, output))


def strip_digest(project: Path) -> None:
    """Take out of the PDF that it carries a seal."""
    pdf = project / "results" / "paper.pdf"
    rewrite(pdf, pdf.read_bytes().replace(b"delaynet-record: ", b"delaynet_record: "))
    for output in ("results/paper.pdf", "results/paper.html"):
        fit(project, output)


def strip_seal(project: Path) -> None:
    """Take the seal away, and all that tells of it."""
    delete(project, "results/seal.json")
    for output in ("results/paper.pdf", "results/paper.html"):
        edit_json(record_of(project, output), lambda r: r["inputs"].pop("results/seal.json"))
    strip_digest(project)
    forge(project, "results/figures/power.svg")


def make_folder_of(path: Path) -> None:
    """Put a folder in place of a file."""
    path.unlink()
    path.mkdir()
    (path / "file").write_text("")

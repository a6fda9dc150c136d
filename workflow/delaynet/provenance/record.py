"""One record for every job: its inputs, outputs, code, settings and machine.

A record is a JSON file below `results/records/`, named after the job's first output;
`workflow/schemas/record.schema.json` describes its fields. The job itself writes it,
on the machine that it runs on. No two jobs write the same record.
"""

import hashlib
import json
import os
import shlex
import sys
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from delaynet.config.errors import UserError
from delaynet.config.files import replacing
from delaynet.provenance.code import code_among, code_digest, code_of
from delaynet.provenance.embedded import Embedded
from delaynet.provenance.machine import machine, peak_gpu_memory, peak_memory
from delaynet.provenance.project import Project
from delaynet.provenance.repository import version_control

RECORDS = "records"
SEAL = "seal.json"
# names that a crate may have in the folder of results; the audit skips it
CRATES = ("crate", "crate.zip")
SCHEMA = 3
SCHEMA_FILE = Path(__file__).resolve().parents[2] / "schemas" / "record.schema.json"

Record = dict[str, Any]


def file_digest(path: Path) -> str:
    """Return the SHA-256 of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def fingerprint(path: Path) -> dict[str, Any]:
    """Return `sha256` and `bytes` of a file, or of a folder with all files below it.

    A folder's digest is that of the sorted lines `<sha256>  <path below the folder>`, of all files
    that are not hidden.
    """
    if not path.is_dir():
        return {"sha256": file_digest(path), "bytes": path.stat().st_size}
    # hidden files are not content: Snakemake leaves a time stamp in each folder it made
    files = sorted(file for file in path.rglob("[!.]*") if file.is_file())
    # names as the file system has them, whatever the locale
    lines = (f"{file_digest(file)}  {file.relative_to(path)}\n" for file in files)
    return {
        "sha256": hashlib.sha256(b"".join(map(os.fsencode, lines))).hexdigest(),
        "bytes": sum(file.stat().st_size for file in files),
        "files": len(files),
    }


def record_path(output: Path) -> Path:
    """Return the path of the record of a job: `results/records/..` for `results/..`.

    Where the output is elsewhere, as a fetched archive is, the record lies beside it.
    """
    parts = output.parts
    if "results" not in parts:
        return output.with_name(f"{output.name}.record.json")
    top = parts.index("results") + 1
    return Path(*parts[:top], RECORDS, *parts[top:-1], f"{output.name}.json")


class RunningJob:
    """A job that is running: what its record says before its outputs are written."""

    def __init__(self, project: Project, inputs: Mapping[str, Any]) -> None:
        self.project, self.inputs = project, inputs
        # `<rule> <digest>`, from the workflow's rule
        rule, _, digest = os.environ.get(project.variable("RULE"), "").partition(" ")
        self.rule, self.rule_code = rule or None, digest or None
        # the rule's parameters as Snakemake keeps them to detect changes
        self.compared: list[str] = json.loads(os.environ.get(project.variable("COMPARED"), "[]"))
        wildcards = os.environ.get(project.variable("WILDCARDS"), "{}")
        self.wildcards: dict[str, str] = json.loads(wildcards)
        self.versions = version_control(project, project.root)
        self._modules: dict[str, tuple[str, dict[str, str]]] = {}
        self.modules()

    def modules(self) -> dict[str, Mapping[str, str | None]]:
        """Return `sha256` and `code` of every module of the package that is loaded by now.

        `code` is None for modules that cannot change results. Each module is read once: an edit
        during a training does not change what the training runs.
        """
        for name, module in sorted(sys.modules.items()):
            path = getattr(module, "__file__", None)
            if name.split(".")[0] != self.project.package or path is None:
                continue
            source = Path(path)
            file = str(source.relative_to(self.project.workflow))
            if file not in self._modules:
                digests = {"sha256": file_digest(source), "code": code_digest(source)}
                self._modules[file] = name, digests
        counted = code_among(self.project, [name for name, _ in self._modules.values()])
        return {
            file: digests if name in counted else {**digests, "code": None}
            for file, (name, digests) in sorted(self._modules.items())
        }

    @cached_property
    def id(self) -> str:
        """The record's identifier: the same job has the same one on every machine."""
        made_by = {
            "rule": self.rule,
            "rule_code": self.rule_code,
            "wildcards": self.wildcards,
            "arguments": sys.argv[1:],
            "inputs": {path: read["sha256"] for path, read in self.inputs.items()},
            "modules": code_of({"modules": self.modules()}),
            **self.versions,
        }
        canonical = json.dumps(made_by, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(canonical.encode()).hexdigest()[:16]

    def embedded(self) -> Embedded:
        """Return the identifier that an output carries in its metadata."""
        return embedded_of(self.project, {"id": self.id, **self.versions})


def embedded_of(project: Project, record: Mapping[str, Any]) -> Embedded:
    """Return the identifier that the outputs of a record's job carry in their metadata."""
    commit = record["commit"]
    version = commit and commit + "+" * bool(record["uncommitted"])
    return Embedded(project.package, record["id"], version)


def commit_of(record: Mapping[str, Any]) -> str:
    """Return the short commit that a job ran from, with a `+` where code differed."""
    return (record["commit"] or "no commit")[:10] + "+" * bool(record["uncommitted"])


@contextmanager
def recorded(
    project: Project,
    inputs: Sequence[Path],
    outputs: Sequence[Path],
    parameters: Mapping[str, Any] | None = None,
    seed: int | None = None,
) -> Iterator[RunningJob]:
    """Write the record of a job when the block has written its outputs.

    If a job is run again and gives the same outputs from the same inputs, its sealed record stays,
    and the seal remains valid. Inputs are hashed before the block runs. `parameters` are the
    settings of the job in full, `seed` that of its random numbers.
    """
    started, begin = datetime.now(UTC), time.monotonic()
    # a missing input is reported by the code that needs it
    job = RunningJob(project, _fingerprints(project, (path for path in inputs if path.exists())))
    yield job
    names = {project.name_of(path): path for path in inputs}
    read = {name: job.inputs.get(name) or fingerprint(path) for name, path in names.items()}
    ended = datetime.now(UTC)
    record: Record = {
        "schema": SCHEMA,
        "id": job.id,
        "rule": job.rule,
        "rule_code": job.rule_code,
        "compared": job.compared,
        "wildcards": job.wildcards,
        "command": shlex.join([project.package, *sys.argv[1:]]),
        "parameters": parameters,
        "configuration": next(
            (read[path]["sha256"] for path in read if Path(path).name == "config.json"), None
        ),
        "seed": seed,
        "inputs": read,
        "outputs": _fingerprints(project, outputs),
        **job.versions,
        "modules": job.modules(),
        **machine(),
        "started": started.isoformat(timespec="milliseconds"),
        "ended": ended.isoformat(timespec="milliseconds"),
        "seconds": round(time.monotonic() - begin, 3),
        "peak_memory_bytes": peak_memory(),
        **peak_gpu_memory(),
    }
    path = record_path(outputs[0])
    if not _is_sealed_already(record, path):
        with replacing(path) as temporary:
            temporary.write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")


def _fingerprints(project: Project, paths: Iterable[Path]) -> dict[str, Any]:
    return {project.name_of(path): fingerprint(path) for path in paths}


def _is_sealed_already(record: Record, path: Path) -> bool:
    """Return whether a sealed record at `path` has the same outputs, inputs and code."""
    folder = next((parent for parent in path.parents if parent.name == RECORDS), None)
    if folder is None or not path.exists():
        return False
    try:
        sealed = json.loads((folder.parent / SEAL).read_text(encoding="utf-8"))["records"]
        former = json.loads(path.read_text(encoding="utf-8"))
        is_sealed = sealed[path.relative_to(folder).as_posix()] == file_digest(path)
        return is_sealed and _content(former) == _content(record)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return False  # no seal, or not a record: this one takes its place


def _content(record: Record) -> tuple[Any, ...]:
    """Return a record's outputs, inputs and code, without the job's time and machine."""
    digests = [
        {path: file["sha256"] for path, file in record[side].items()}
        for side in ("inputs", "outputs")
    ]
    return *digests, code_of(record), record["rule_code"], record["compared"]


@cache
def _validator() -> Any:
    # imported here, as jobs that write records do not need it
    from jsonschema import Draft202012Validator

    return Draft202012Validator(json.loads(SCHEMA_FILE.read_text(encoding="utf-8")))


def read_record(file: Path) -> Record:
    """Return a record, or raise a UserError if the file holds none."""
    try:
        record: Record = json.loads(file.read_text(encoding="utf-8"))
        is_record = _validator().is_valid(record)
    except (OSError, ValueError, RecursionError):
        is_record = False
    if not is_record:
        raise UserError(
            f"{file}: is not a record; it was altered or cut short, or an earlier version of this "
            "project wrote it. Remove it, and make its result again."
        )
    return record

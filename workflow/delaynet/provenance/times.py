"""Modification times by content: after a copy, nothing is made again from the same bytes.

Snakemake (9.27) compares folders, and files of more than a megabyte, by their times alone. A copy,
an unpacked archive, a cloud drive or a `touch` gives new times to old content. So an output that is
older than its inputs gets a new time where they still have the bytes that its record names. An
input that has changed stays newer, and what was made from it is made again.
"""

import json
import os
import stat
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import NamedTuple

from delaynet.config.errors import UserError
from delaynet.provenance.project import Project
from delaynet.provenance.record import SEAL, Record, file_digest, fingerprint
from delaynet.provenance.seal import not_sealed, read_seal, record_files

TIMESTAMP = ".snakemake_timestamp"  # of a folder that a rule made


class Job(NamedTuple):
    """A job, from its record: SHA-256 of the inputs by path, and paths of the outputs."""

    record: Record
    inputs: Mapping[str, str]
    outputs: Sequence[str]


def follow_content(project: Project, results: Path, jobs: Sequence[Job]) -> int:
    """Give outputs a new time where all newer inputs have their recorded bytes.

    Only newer inputs are read, each once; usually there are none. Where results are read-only,
    times stay as they are. Return a time in nanoseconds, at least that of the newest input.
    """
    times: dict[str, int | None] = {}
    digest = cache(lambda path: fingerprint(project.place_of(path, results))["sha256"])
    now = time.time_ns()

    def time_of(path: str) -> int | None:
        if path not in times:
            times[path] = _time_of(project.place_of(path, results))
        return times[path]

    with suppress(OSError):
        # made while the clock was ahead: Snakemake fails every job that reads it
        for path in [path for job in jobs for path in job.outputs if (time_of(path) or 0) > now]:
            times[path] = now
            _set_time(project.place_of(path, results), now)
        for job in _in_order(jobs):
            made = [made_at for path in job.outputs if (made_at := time_of(path)) is not None]
            if len(made) < len(job.outputs):
                continue
            found = {path: time_of(path) or 0 for path in job.inputs}
            newer = {path: found_at for path, found_at in found.items() if found_at > min(made)}
            if newer and all(digest(path) == job.inputs[path] for path in newer):
                # the same time for all outputs of the job
                times.update(dict.fromkeys(job.outputs, max(now, *newer.values())))
                for path in job.outputs:
                    _set_time(project.place_of(path, results), max(now, *newer.values()))
    return max([now, *(found_at for found_at in times.values() if found_at is not None)])


def recorded_jobs(project: Project, results: Path) -> list[Job]:
    """Return the jobs of all records that can be read; the seal's inputs are all that it seals."""
    jobs: list[Job] = []
    seal = None
    with suppress(UserError):  # the audit names a seal that cannot be read
        seal = read_seal(results)
    sealed: dict[str, str] = dict(seal.sources) if seal else {}
    for name, file in record_files(results).items():
        try:
            # not `read_record`: to validate two thousand takes seconds, at every start of Snakemake
            record = json.loads(file.read_text(encoding="utf-8"))
            inputs, outputs = (
                {path: content["sha256"] for path, content in record[side].items()}
                for side in ("inputs", "outputs")
            )
            if not all(is_below(results.name, path) for path in outputs):
                continue
        except (ValueError, KeyError, TypeError, AttributeError):
            continue
        if name == f"{SEAL}.json":
            inputs = sealed  # filled while the other records are read
        elif seal and name not in not_sealed(project):
            is_sealed = seal.records.get(name) == file_digest(file)
            sealed.update(outputs if is_sealed else dict.fromkeys(outputs, "not as sealed"))
        jobs.append(Job(record, inputs, list(outputs)))
    return jobs


def is_below(folder: str, path: str) -> bool:
    """Return whether a path of a record, which may be forged, lies in a folder."""
    return Path(path).parts[:1] == (folder,) and os.pardir not in Path(path).parts


def _in_order(jobs: Sequence[Job]) -> list[Job]:
    """Return jobs in topological order; none where records form a cycle."""
    maker = {path: number for number, job in enumerate(jobs) for path in job.outputs}
    graph = {
        number: {maker[path] for path in job.inputs if path in maker}
        for number, job in enumerate(jobs)
    }
    try:
        return [jobs[number] for number in TopologicalSorter(graph).static_order()]
    except CycleError:
        return []


def _time_of(path: Path) -> int | None:
    """Return the time that Snakemake compares, in nanoseconds; None for a missing file."""
    try:
        found = path.stat()
        if stat.S_ISDIR(found.st_mode):
            with suppress(FileNotFoundError):
                found = (path / TIMESTAMP).stat()
    except (FileNotFoundError, NotADirectoryError):
        return None
    return found.st_mtime_ns


def _set_time(path: Path, time_ns: int) -> None:
    stamp = path / TIMESTAMP
    os.utime(stamp if stamp.exists() else path, ns=(time_ns, time_ns))

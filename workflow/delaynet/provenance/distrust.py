"""Records that cannot be trusted: they differ from the seal, or from their commit."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path

from delaynet.provenance.project import Project
from delaynet.provenance.record import RECORDS, Record, record_path
from delaynet.provenance.repository import digests_at
from delaynet.provenance.seal import Seal, not_sealed
from delaynet.provenance.states import named


def distrusted(
    project: Project,
    records: Mapping[str, Record],
    digests: Mapping[str, str],
    seal: Seal | None,
    results: Path,
    commits: Mapping[str, bool | None],
) -> dict[str, str]:
    """Return the records that cannot be trusted, by their files, each with its first reason.

    Records and SHA-256 are by file, relative to `results/records`; `commits` says whether git has
    a commit, and None where that is unknown.
    """
    found: dict[str, str] = {}
    for file, reason in (
        *_places(records),
        *_sealed(project, digests, seal),
        *_commits(project, records, results, commits),
    ):
        found.setdefault(file, reason)
    return found


def own_name(record: Record) -> str:
    """Return the name, below `results/records`, that a record should have."""
    path = record_path(Path(next(iter(record["outputs"]))))
    parts = path.parts
    return Path(*parts[parts.index(RECORDS) + 1 :]).as_posix() if RECORDS in parts else path.name


def _places(records: Mapping[str, Record]) -> Iterator[tuple[str, str]]:
    claims: dict[str, list[str]] = defaultdict(list)
    for file, record in records.items():
        if file != own_name(record):
            yield file, f"{RECORDS}/{file} is the record of {next(iter(record['outputs']))}"
        for path in record["outputs"]:
            claims[path].append(file)
    for path, files in claims.items():
        for file in files if len(files) > 1 else ():
            others = [f"{RECORDS}/{other}" for other in files if other != file]
            yield file, f"{path} is also in {named(others)}"


def _sealed(
    project: Project, digests: Mapping[str, str], seal: Seal | None
) -> Iterator[tuple[str, str]]:
    if seal is None:
        return
    for file, digest in digests.items():
        if file in not_sealed(project) or seal.records.get(file) == digest:
            continue
        how = "differs from" if file in seal.records else "is not in"
        yield file, f"{RECORDS}/{file} {how} the seal"


def _commits(
    project: Project,
    records: Mapping[str, Record],
    results: Path,
    commits: Mapping[str, bool | None],
) -> Iterator[tuple[str, str]]:
    root = project.root_of(results)
    files: dict[str, set[str]] = defaultdict(set)
    for record in records.values():
        if commits.get(record["commit"]):
            files[record["commit"]].update(_code_of(project, record))
            files[record["commit"]].update(_sources_of(project, record, results))
    at = {commit: digests_at(root, commit, sorted(files[commit])) for commit in files}
    for file, record in records.items():
        commit = record["commit"]
        if commits.get(commit) is False:
            yield file, f"names the commit {commit[:10]}, which is not in this repository"
        elif commits.get(commit) and record["uncommitted"] is None:
            code, sources = _code_of(project, record), _sources_of(project, record, results)
            other = [name for name, digest in code.items() if at[commit][name] != digest]
            # git may have been told to ignore a file: then nothing of it was committed
            other += [
                name for name, digest in sources.items() if at[commit][name] not in (digest, None)
            ]
            if other:
                yield file, f"names code that differs from its commit {commit[:10]}: {named(other)}"


def _code_of(project: Project, record: Record) -> dict[str, str]:
    """Return the SHA-256 of the modules that a job loaded, by their paths in the repository."""
    folder = project.workflow.name
    return {f"{folder}/{name}": module["sha256"] for name, module in record["modules"].items()}


def _sources_of(project: Project, record: Record, results: Path) -> dict[str, str]:
    """Return the SHA-256 of the manuscript and configuration files that a job read."""
    root = project.root_of(results)
    return {
        path: read["sha256"]
        for path, read in record["inputs"].items()
        if path.split("/")[0] in project.versioned
        # a run that was started elsewhere has a configuration of its own
        and project.place_of(path, results) == root / path
    }

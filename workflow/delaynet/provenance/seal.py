"""The seal: a record of records, so that records cannot be forged one by one.

`results/seal.json` holds the SHA-256 of every record and of every source of the manuscript, and as
`digest` the SHA-256 of the sorted lines `<sha256>  <file>`, where `<file>` is the path of a record
below `results/records`, or of a source, as `manuscript/paper.typ`. The manuscript prints that
digest on its last page and carries it in the PDF. To change a sealed record, or a word of the text,
one has to change the seal too. Its digest then differs from the one in the manuscript.
"""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from delaynet.config.errors import UserError
from delaynet.config.files import readable, replacing
from delaynet.provenance.project import Project
from delaynet.provenance.record import RECORDS, SEAL, file_digest


def not_sealed(project: Project) -> tuple[str, ...]:
    """Return the records of results made after the seal, and of the seal itself."""
    return tuple(f"{name}.json" for name in (SEAL, *project.printed))


def record_files(results: Path) -> dict[str, Path]:
    """Return the files of records, by their paths below `results/records`, sorted."""
    folder = results / RECORDS
    files = sorted(path for path in folder.rglob("[!.]*.json") if path.is_file())
    return {path.relative_to(folder).as_posix(): path for path in files}


def sources_in(folder: Path) -> list[Path]:
    """Return the sources of a manuscript in their folder, sorted, without hidden files."""
    return sorted(path for path in folder.glob("[!.]*") if path.is_file())


def manuscript_files(project: Project, results: Path) -> dict[str, Path]:
    """Return the sources of the manuscript that prints results, by their paths, sorted."""
    folder = project.manuscript
    files = sources_in(project.root_of(results) / folder) if folder else []
    return {f"{folder}/{path.name}": path for path in files}


def digest_of(records: Mapping[str, str], sources: Mapping[str, str]) -> str:
    """Return the digest over records and sources: of the sorted lines `<sha256>  <file>`."""
    files = [*records.items(), *sources.items()]
    lines = sorted(f"{sha256}  {file}\n" for file, sha256 in files)
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def write_seal(project: Project, results: Path, output: Path) -> str:
    """Seal records and manuscript as they are, and return the digest over them.

    Raises:
        UserError: there are no records.
    """
    files, after = record_files(results), not_sealed(project)
    records = {name: file_digest(path) for name, path in files.items() if name not in after}
    if not records:
        raise UserError(f"{results / RECORDS}: holds no records; run the workflow first.")
    sources = {name: file_digest(path) for name, path in manuscript_files(project, results).items()}
    seal = Seal(digest_of(records, sources), records, sources)
    with replacing(output) as temporary:
        temporary.write_text(json.dumps(seal._asdict(), indent=1) + "\n", encoding="utf-8")
    return seal.digest


class Seal(NamedTuple):
    """The content of `results/seal.json`: SHA-256 of records and sources, by their paths."""

    digest: str
    records: Mapping[str, str]
    sources: Mapping[str, str]


def read_seal(results: Path) -> Seal | None:
    """Return the seal of results or None; raise a UserError if it cannot be read."""
    path = results / SEAL
    if not path.exists():
        return None
    with readable(path, "a seal"):
        seal = Seal(**json.loads(path.read_text(encoding="utf-8")))
        for digest in (seal.digest, *seal.records.values(), *seal.sources.values()):
            if not isinstance(digest, str):
                raise ValueError(f"{digest} is no digest")
    return seal

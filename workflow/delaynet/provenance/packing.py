"""Pack all recorded results in one archive, after an audit.

The archive is a tar file, compressed with gzip. It holds, by their paths below the root of the
project, every recorded output and every record, times kept; and at its end `manifest.json`:

    schema     1
    commit     of the project that packed it, or null
    files      {path: {"sha256": .., "bytes": ..}} of all other files
"""

import gzip
import io
import json
import os
import tarfile
from collections.abc import Iterator
from pathlib import Path

from tqdm import tqdm

from delaynet.config.errors import UserError
from delaynet.config.files import replacing
from delaynet.provenance.audit import Audit, Link
from delaynet.provenance.project import Project
from delaynet.provenance.record import CRATES, RECORDS, SEAL, fingerprint, record_path
from delaynet.provenance.repository import version_control
from delaynet.provenance.states import CODE_CHANGED, INTACT, STALE, UNRECORDED
from delaynet.provenance.times import TIMESTAMP

MANIFEST = "manifest.json"
OUTDATED = (CODE_CHANGED, STALE)
COMPRESSION = 5  # of 1 to 9: audio and networks hardly shrink


def pack(project: Project, results: Path, archive: Path) -> int:
    """Pack all recorded results of the project in the current folder; return the number of files.

    Raises:
        UserError: there are no records, a result fails the audit, or something is in the way.
    """
    refuse_place(archive, results)
    audit = Audit(project, results)
    advice = f"nothing is packed; `{project.package} audit --all` lists all of them"
    require_unaltered(audit, advice)
    packed = {Path(path) for path in files_of(audit)}
    if outside := sorted(path for path in packed if path.is_absolute() or ".." in path.parts):
        raise UserError(f"{outside[0]}: is not in this project; nothing is packed.")
    digests = {}
    with (
        replacing(archive) as temporary,
        temporary.open("wb") as file,
        # no name, no time: the same results give the same archive
        gzip.GzipFile("", "wb", COMPRESSION, file, mtime=0) as compressed,
        # links are packed as the files that they lead to
        tarfile.open(fileobj=compressed, mode="w", dereference=True) as tar,
    ):
        for path in tqdm(sorted(packed), "packing", unit=" files", mininterval=1):
            digests[path.as_posix()] = fingerprint(path)
            member = tar.gettarinfo(path, arcname=path.as_posix())
            member.uid = member.gid = 0
            member.uname = member.gname = ""
            with path.open("rb") as content:
                tar.addfile(member, content)
        commit = version_control(project, audit.clone)["commit"]
        manifest = json.dumps({"schema": 1, "commit": commit, "files": digests}, indent=1).encode()
        member = tarfile.TarInfo(MANIFEST)
        member.size = len(manifest)
        tar.addfile(member, io.BytesIO(manifest))
    return len(packed)


def refuse_place(output: Path, results: Path) -> None:
    """Raise a UserError if an archive or a crate would lie over a file or among the results."""
    top, place = results.resolve(), output.resolve()
    if place.is_relative_to(top) and place not in [top / name for name in CRATES]:
        raise UserError(f"{output}: is among the results; name another place.")
    if os.path.lexists(output):
        raise UserError(
            f"{output}: is there already and is not overwritten; move it away, or name another "
            "place."
        )


def files_of(audit: Audit) -> Iterator[str]:
    """Yield the records, and all outputs in them, relative to the project's folder."""
    for name in audit.files:
        yield (Path(audit.results.name) / RECORDS / name).as_posix()
    for path in audit.records:
        if not audit.is_result(path):
            yield record_path(Path(path)).as_posix()
        output = audit.root / path
        below = output.rglob("*") if output.is_dir() else [output]
        for file in filter(Path.is_file, below):
            # hidden files are not content, but Snakemake needs this one
            if not file.name.startswith(".") or file.name == TIMESTAMP:
                yield file.relative_to(audit.root).as_posix()


def require_unaltered(audit: Audit, advice: str) -> None:
    """Refuse results that are not as recorded, with a sentence that ends with the advice.

    Results may be out of date because code, configuration or manuscript have changed, but not
    because other results have.

    Raises:
        UserError: names the first file that is altered, missing, unrecorded or made from an
            earlier version of a result, or whose record is altered; or the seal.
    """
    links = tqdm(audit.everything(), "auditing", unit=" files", mininterval=1, delay=1)
    refused = [link for link in links if _is_refused(audit, link)]
    # files that are only out of date come last: an altered one may be the cause
    for link in sorted(refused, key=lambda link: link.verdict.state in OUTDATED):
        state, reason = link.verdict
        raise UserError(f"{link.path}: {state} ({reason}); {advice}.")
    seal = audit.seal()
    if seal.state not in (*OUTDATED, INTACT, UNRECORDED):
        path = Path(audit.results.name, SEAL)
        raise UserError(f"{path}: {seal.state} ({seal.reason}); {advice}.")


def _is_refused(audit: Audit, link: Link) -> bool:
    if link.record is None and not audit.is_result(link.path):
        return False  # a source, which need not be here
    if link.verdict.state not in OUTDATED:
        return link.verdict.state != INTACT
    inputs = link.record["inputs"] if link.record else {}
    results = [path for path in inputs if path in audit.records or audit.is_result(path)]
    return any((audit.fingerprint(p) or {}).get("sha256") != inputs[p]["sha256"] for p in results)

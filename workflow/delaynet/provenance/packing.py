"""Results in one archive: all that is recorded, checked against its records while it is packed.

The archive is a tar file, compressed with gzip. It holds, by their paths below the root of the
project, every recorded output, every record, and what Snakemake knows of them
(`.snakemake/metadata`), times kept; and at its end `manifest.json`:

    schema     1
    commit     of the project that packed it, or null
    files      {path: {"sha256": .., "bytes": ..}} of all others
"""

import gzip
import hashlib
import io
import json
import tarfile
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import IO, Any

from tqdm import tqdm

from delaynet.errors import UserError
from delaynet.files import replacing
from delaynet.provenance.code import ROOT
from delaynet.provenance.record import RECORDS, SEAL, read_record
from delaynet.provenance.repository import version_control
from delaynet.provenance.seal import digest_of, read_seal, record_files

MANIFEST = "manifest.json"
METADATA = Path(".snakemake", "metadata")
COMPRESSION = 5  # of 1 to 9: audio and networks hardly shrink

Digests = dict[str, dict[str, Any]]


def pack(results: Path, archive: Path) -> int:
    """Pack all that is recorded of the project in the current folder; return the number of files.

    Args:
        results: folder of results.
        archive: to write.

    Raises:
        UserError: there are no records, or a file is not what its record says.
    """
    files = sorted(set(packed_files(results)))
    total = sum(path.stat().st_size for path in files)
    digests: Digests = {}
    with (
        replacing(archive) as temporary,
        tqdm(None, "packing", total, unit="B", unit_scale=True, mininterval=1) as progress,
        temporary.open("wb") as file,
        # no name, no time: the same results give the same archive
        gzip.GzipFile("", "wb", COMPRESSION, file, mtime=0) as compressed,
        tarfile.open(fileobj=compressed, mode="w") as tar,
    ):
        for path in files:
            member = tar.gettarinfo(path, arcname=path.as_posix())
            member.uid = member.gid = 0
            member.uname = member.gname = ""
            with path.open("rb") as content:
                reader = Hashing(content, progress)
                tar.addfile(member, reader)
            digests[path.as_posix()] = {"sha256": reader.sha256, "bytes": member.size}
        refuse_disagreement(Path(), results, digests, "`delaynet audit --all` says more")
        commit = version_control(ROOT.parent)["commit"]
        manifest = json.dumps({"schema": 1, "commit": commit, "files": digests}, indent=1).encode()
        member = tarfile.TarInfo(MANIFEST)
        member.size = len(manifest)
        tar.addfile(member, io.BytesIO(manifest))
    return len(files)


def packed_files(results: Path) -> Iterator[Path]:
    """Yield what is recorded, its records, and what Snakemake knows of it.

    Raises:
        UserError: there are no records, or a recorded output is missing.
    """
    records = list(record_files(results).values())
    if not records:
        raise UserError(f"{results / RECORDS}: holds no records; run the workflow first.")
    # what is fetched lies elsewhere, its record beside it
    for record in records + sorted(Path("resources").glob("*.record.json")):
        yield record
        for output in map(Path, read_record(record)["outputs"]):
            if output.is_absolute() or not output.exists():
                raise UserError(
                    f"{output}: is not in this folder, though there is a record of it; pack from "
                    "the root of the project, when snakemake has made what is missing."
                )
            files = output.rglob("*") if output.is_dir() else [output]
            yield from filter(Path.is_file, files)
    yield from filter(Path.is_file, METADATA.rglob("*"))


def refuse_disagreement(root: Path, results: Path, digests: Digests, advice: str) -> None:
    """Refuse files that are not what their records, and the seal of those, say.

    Args:
        root: folder that the files lie in.
        results: folder of results, below it.
        digests: of all files, by their paths below it.
        advice: end of the sentence.

    Raises:
        UserError: names the first such file.
    """
    records = [path for path in digests if _is_record(path, results)]
    for file in records:
        record = read_record(root / file)
        for output, expected in record["outputs"].items():
            if _digest_of(output, digests) != expected["sha256"]:
                raise UserError(f"{output}: is not what its record {file} says; {advice}.")
    if seal := read_seal(root / results):
        sealed = {(results / RECORDS / name).as_posix(): d for name, d in seal.records.items()}
        wrong = [path for path, digest in sealed.items() if _digest_of(path, digests) != digest]
        if wrong or seal.digest != digest_of(seal.records):
            what = wrong[0] if wrong else results / SEAL
            raise UserError(f"{what}: is not what {results / SEAL} has sealed; {advice}.")


def _is_record(path: str, results: Path) -> bool:
    return (
        Path(path).is_relative_to(results / RECORDS) or path.endswith(".record.json")
    ) and path.endswith(".json")


def _digest_of(path: str, digests: Mapping[str, Mapping[str, Any]]) -> str | None:
    """Return the SHA-256 of a file, or of a folder as `record.fingerprint` has it."""
    if path in digests:
        return str(digests[path]["sha256"])
    below = {
        PurePosixPath(name).relative_to(path): content["sha256"]
        for name, content in digests.items()
        if name.startswith(f"{path}/")
    }
    shown = sorted(name for name in below if not name.name.startswith("."))
    lines = "".join(f"{below[name]}  {name}\n" for name in shown)
    return hashlib.sha256(lines.encode()).hexdigest() if shown else None


class Hashing:
    """A file that is read: its digest, and the progress, on the way."""

    def __init__(self, file: IO[bytes], progress: Any = None) -> None:
        """Take an open file, and the progress bar that counts its bytes."""
        self.file, self.progress, self.hash = file, progress, hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        """Read as files do."""
        content = self.file.read(size)
        self.hash.update(content)
        if self.progress is not None:
            self.progress.update(len(content))
        return content

    @property
    def sha256(self) -> str:
        """SHA-256 of what was read."""
        return self.hash.hexdigest()

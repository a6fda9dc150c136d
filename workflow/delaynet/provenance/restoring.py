"""Results restored from an archive: unpacked into a folder, verified, then put in their places."""

import gzip
import json
import os
import shutil
import tarfile
import tempfile
import zlib
from pathlib import Path, PurePosixPath
from typing import Any

from tqdm import tqdm

from delaynet.config.errors import UserError
from delaynet.config.files import explaining
from delaynet.provenance.audit import Audit
from delaynet.provenance.packing import (
    MANIFEST,
    Digests,
    Hashing,
    files_of,
    refuse_doubtful,
)
from delaynet.provenance.project import Project
from delaynet.provenance.record import file_digest

SNAKEMAKE = ".snakemake"
CHUNK = 1 << 20
LONGEST = 200  # bytes of a name, with those that writing it needs
# what reading an archive raises that was cut or altered
BROKEN = (
    *(tarfile.TarError, gzip.BadGzipFile, zlib.error, EOFError),
    *(IsADirectoryError, NotADirectoryError, FileExistsError),  # a file where a folder is
    *(ValueError, OverflowError),  # a name, a size or a time that is none
)


class Unpacked:
    """An archive, unpacked into a folder of its own and verified; nothing is in its place yet.

    Attributes:
        folder: that it was unpacked into.
        files: paths below it, which are those below the project's root.
        commit: of the project that packed it, or None.
        is_sealed: whether its records were, which they are once the manuscript is made.
    """

    def __init__(self, project: Project, archive: Path, folder: Path) -> None:
        """Unpack an archive into an empty folder.

        Raises:
            UserError: the archive is cut, altered, or would write elsewhere; one sentence.
        """
        self.folder = folder
        digests = _unpack(project, archive, folder)
        manifest = _manifest(archive, folder)
        digests.pop(MANIFEST)
        self.commit: str | None = manifest["commit"]
        self.files = sorted(digests)
        if difference := sorted(
            path
            for path in {*digests, *manifest["files"]}
            if digests.get(path) != manifest["files"].get(path)
        ):
            raise UserError(
                f"{archive}: {difference[0]} is not what the archive's manifest says; the archive "
                "was altered, nothing is restored."
            )
        advice = f"{archive} was altered, nothing is restored"
        _link_project(project, folder)
        audit = _audit(project, archive, folder)
        refuse_doubtful(audit, advice)
        self.is_sealed = audit.sealed is not None
        recorded = set(files_of(audit))
        for path in self.files:
            if path not in recorded:
                raise UserError(f"{path}: no record tells of it; {advice}.")

    def refuse_overwriting(self) -> None:
        """Refuse to replace results that differ.

        Raises:
            UserError: names the first of them.
        """
        there = [path for path in self.files if Path(path).exists()]
        differing = [
            path
            for path in tqdm(there, "comparing with what is here", mininterval=1, disable=not there)
            if Path(path).is_dir() or file_digest(Path(path)) != file_digest(self.folder / path)
        ]
        if differing:
            raise UserError(
                f"{differing[0]}: is here already and differs from the archive's "
                f"({len(differing)} files do); restore into a fresh clone, or move `results/` away."
            )

    def put_in_place(self) -> None:
        """Move every file to its place.

        What Snakemake remembers of earlier results goes; it learns of these from their records.
        """
        for path in tqdm(self.files, "restoring", unit="file", mininterval=1):
            place = Path(path)
            with explaining(place):
                place.parent.mkdir(parents=True, exist_ok=True)
                shutil.move(self.folder / path, place)
        shutil.rmtree(Path(SNAKEMAKE, "metadata"), ignore_errors=True)


def restore(project: Project, archive: Path) -> Unpacked:
    """Restore an archive into the project in the current folder; return what it held.

    Raises:
        UserError: the archive is cut, altered, or would write elsewhere, or results that are here
            differ; nothing is restored then.
    """
    if not archive.is_file():
        raise UserError(f"{archive}: there is no such archive.")
    with (
        explaining(Path.cwd()),
        tempfile.TemporaryDirectory(prefix=".restoring.", dir=Path.cwd()) as folder,
    ):
        unpacked = Unpacked(project, archive, Path(folder))
        unpacked.refuse_overwriting()
        unpacked.put_in_place()
    return unpacked


def _link_project(project: Project, folder: Path) -> None:
    """Make a folder of unpacked results look like the project in the current folder.

    The audit then finds code, manuscript, repository and sources as it will when the results are in
    their places.
    """
    brought = (*project.places, SNAKEMAKE)
    for path in Path.cwd().iterdir():
        if path != folder and not (folder / path.name).exists() and path.name not in brought:
            (folder / path.name).symlink_to(path)


def _audit(project: Project, archive: Path, folder: Path) -> Audit:
    try:
        return Audit(project, folder / project.places[0])
    except UserError as error:
        # of a file that the user never sees, and cannot repair
        what = str(error).replace(f"{folder}/", "").partition(";")[0]
        raise UserError(f"{archive}: {what}; nothing is restored.") from None


def _unpack(project: Project, archive: Path, folder: Path) -> Digests:
    """Unpack an archive into a folder, times kept, and return the digests of its files.

    Raises:
        UserError: it is cut or altered, or names anything but files in the places of results.
    """
    digests: Digests = {}
    size = archive.stat().st_size
    try:
        with (
            archive.open("rb") as file,
            tqdm.wrapattr(file, "read", size, desc="unpacking", mininterval=1) as compressed,
            gzip.GzipFile(fileobj=compressed) as content,
            tarfile.open(fileobj=content, mode="r|") as tar,
        ):
            for member in tar:
                _refuse_elsewhere(project, archive, member, digests)
                digests[member.name] = _write(tar, member, folder / member.name)
            # to its end, where gzip has its checksum
            while content.read(CHUNK):
                pass
    except BROKEN as error:
        raise UserError(
            f"{archive}: is no whole archive of results ({error}); fetch or pack it again, nothing "
            "is restored."
        ) from None
    return digests


def _write(tar: tarfile.TarFile, member: tarfile.TarInfo, target: Path) -> dict[str, Any]:
    """Write one file of an archive, and return its digest and size."""
    source = tar.extractfile(member)
    assert source is not None, "it is a file"
    target.parent.mkdir(parents=True, exist_ok=True)
    reader = Hashing(source)
    with target.open("wb") as file:
        shutil.copyfileobj(reader, file, CHUNK)
    os.utime(target, (member.mtime, member.mtime))
    return {"sha256": reader.sha256, "bytes": member.size}


def _refuse_elsewhere(
    project: Project, archive: Path, member: tarfile.TarInfo, known: Digests
) -> None:
    path = PurePosixPath(member.name)
    places = map(PurePosixPath, project.places)
    is_in_place = member.name == MANIFEST or any(place in path.parents for place in places)
    is_plain = str(path) == member.name and ".." not in path.parts
    is_plain &= all(len(part.encode(errors="replace")) <= LONGEST for part in path.parts)
    if not (member.isfile() and is_in_place and is_plain) or member.name in known:
        raise UserError(
            f"{archive}: holds '{member.name}', which is no result of this project; nothing is "
            "restored."
        )


def _manifest(archive: Path, folder: Path) -> dict[str, Any]:
    try:
        manifest: dict[str, Any] = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        commit, files = manifest["commit"], manifest["files"]
        if manifest["schema"] == 1 and isinstance(files, dict) and isinstance(commit, str | None):
            return {"commit": commit, "files": files}
    except (OSError, ValueError, KeyError, TypeError):
        pass
    raise UserError(
        f"{archive}: has no manifest that this version reads; it was cut, or is no archive of "
        "results; nothing is restored."
    )

"""Restore results from an archive: unpack into a folder, verify, then move into place."""

import json
import shutil
import tempfile
from pathlib import Path, PurePosixPath
from typing import Any

from tqdm import tqdm

from delaynet.config.errors import UserError
from delaynet.config.files import explaining
from delaynet.provenance.archives import Limits, unpack_archive
from delaynet.provenance.audit import Audit
from delaynet.provenance.packing import MANIFEST, Digests, files_of, require_unaltered
from delaynet.provenance.project import Project
from delaynet.provenance.record import file_digest

SNAKEMAKE = ".snakemake"
# several times what any results need
LIMITS = Limits(file_bytes=2**36, total_bytes=2**40, members=10**6)


class Unpacked:
    """An archive that is unpacked into a separate folder and verified, but not yet moved.

    Attributes:
        folder: that it was unpacked into.
        files: paths below it, which are those below the project's root.
        commit: of the project that packed it, or None.
        is_sealed: whether its records are sealed; they are once the manuscript is made.
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
        require_unaltered(audit, advice)
        self.is_sealed = audit.sealed is not None
        recorded = set(files_of(audit))
        for path in self.files:
            if path not in recorded:
                raise UserError(f"{path}: no record lists it; {advice}.")

    def refuse_overwriting(self) -> None:
        """Refuse to replace results that differ.

        Raises:
            UserError: names the first of them.
        """
        existing = [path for path in self.files if Path(path).exists()]
        differing = [
            path
            for path in tqdm(
                existing, "comparing with results here", mininterval=1, disable=not existing
            )
            if Path(path).is_dir() or file_digest(Path(path)) != file_digest(self.folder / path)
        ]
        if differing:
            raise UserError(
                f"{differing[0]}: is here already and differs from the archive's "
                f"({len(differing)} files do); restore into a fresh clone, or move `results/` away."
            )

    def put_in_place(self) -> None:
        """Move every file to its place.

        Snakemake's metadata of earlier results are removed; those of these come from the records.
        """
        for path in tqdm(self.files, "restoring", unit="file", mininterval=1):
            place = Path(path)
            with explaining(place):
                place.parent.mkdir(parents=True, exist_ok=True)
                shutil.move(self.folder / path, place)
        shutil.rmtree(Path(SNAKEMAKE, "metadata"), ignore_errors=True)


def restore(project: Project, archive: Path) -> Unpacked:
    """Restore an archive into the project in the current folder; return its content.

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
    not_linked = (*project.places, SNAKEMAKE)
    for path in Path.cwd().iterdir():
        if path != folder and not (folder / path.name).exists() and path.name not in not_linked:
            (folder / path.name).symlink_to(path)


def _audit(project: Project, archive: Path, folder: Path) -> Audit:
    try:
        return Audit(project, folder / project.places[0])
    except UserError as error:
        # the path is temporary, and its file cannot be repaired there
        what = str(error).replace(f"{folder}/", "").partition(";")[0]
        raise UserError(f"{archive}: {what}; nothing is restored.") from None


def _unpack(project: Project, archive: Path, folder: Path) -> Digests:
    """Unpack an archive into a folder, times kept, and return the digests of its files.

    Raises:
        UserError: it is cut or altered, or names anything but files in the places of results.
    """
    places = [PurePosixPath(place) for place in project.places]

    def is_wanted(path: PurePosixPath) -> bool:
        if str(path) != MANIFEST and not any(place in path.parents for place in places):
            raise UserError(f"holds '{path}', which is no result of this project")
        return True

    advice = "fetch or pack it again, nothing is restored"
    names = unpack_archive(archive, folder, LIMITS, is_wanted, advice)
    return {
        name: {"sha256": file_digest(folder / name), "bytes": (folder / name).stat().st_size}
        for name in tqdm(names, "reading", unit=" files", mininterval=1, delay=1)
    }


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

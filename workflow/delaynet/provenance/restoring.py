"""Restore results from an archive: unpack into a folder, verify, then move into place."""

import json
import shutil
import tempfile
from pathlib import Path
from typing import Any, NamedTuple

from tqdm import tqdm

from delaynet.config.errors import UserError
from delaynet.config.files import explaining
from delaynet.provenance.archives import Limits, unpack_archive
from delaynet.provenance.audit import Audit
from delaynet.provenance.packing import MANIFEST, files_of, require_unaltered
from delaynet.provenance.project import Project
from delaynet.provenance.record import file_digest, fingerprint

SNAKEMAKE = ".snakemake"
# several times what any results need
LIMITS = Limits(file_bytes=2**36, total_bytes=2**40, members=10**6)


class Restored(NamedTuple):
    """The content of an archive.

    Attributes:
        files: their paths below the project's root.
        commit: of the project that packed it, or None.
        is_sealed: whether its records are sealed; they are once the manuscript is made.
    """

    files: list[str]
    commit: str | None
    is_sealed: bool


def restore(project: Project, archive: Path) -> Restored:
    """Restore an archive into the project in the current folder; return its content.

    Raises:
        UserError: the archive is cut, altered, or would write elsewhere, or results that are here
            differ; nothing is restored then.
    """
    if not archive.is_file():
        raise UserError(f"{archive}: there is no such archive.")
    with (
        explaining(Path.cwd()),
        tempfile.TemporaryDirectory(prefix=".restoring.", dir=Path.cwd()) as name,
    ):
        folder = Path(name)
        restored = _unpack_and_verify(project, archive, folder)
        _refuse_overwriting(restored.files, folder)
        for path in tqdm(restored.files, "restoring", unit="file", mininterval=1):
            place = Path(path)
            with explaining(place):
                place.parent.mkdir(parents=True, exist_ok=True)
                shutil.move(folder / path, place)
        # Snakemake's metadata of earlier results; those of these come from the records
        shutil.rmtree(Path(SNAKEMAKE, "metadata"), ignore_errors=True)
    return restored


def _unpack_and_verify(project: Project, archive: Path, folder: Path) -> Restored:
    advice = "fetch or pack it again, nothing is restored"
    names = unpack_archive(archive, folder, LIMITS, advice)
    for name in names:
        if name != MANIFEST and Path(name).parts[0] not in project.places:
            raise UserError(
                f"{archive}: holds '{name}', which is no result of this project; {advice}."
            )
    commit, listed = _manifest(archive, folder)
    reading = tqdm(names, "reading", unit=" files", mininterval=1, delay=1)
    digests = {name: fingerprint(folder / name) for name in reading if name != MANIFEST}
    if difference := sorted(
        path for path in {*digests, *listed} if digests.get(path) != listed.get(path)
    ):
        raise UserError(
            f"{archive}: {difference[0]} is not what the archive's manifest says; the archive "
            "was altered, nothing is restored."
        )
    advice = f"{archive} was altered, nothing is restored"
    _link_project(project, folder)
    try:
        audit = Audit(project, folder / project.places[0])
    except UserError as error:
        # the path is temporary, and its file cannot be repaired there
        what = str(error).replace(f"{folder}/", "").partition(";")[0]
        raise UserError(f"{archive}: {what}; nothing is restored.") from None
    require_unaltered(audit, advice)
    if unrecorded := sorted(digests.keys() - set(files_of(audit))):
        raise UserError(f"{unrecorded[0]}: no record lists it; {advice}.")
    return Restored(sorted(digests), commit, audit.sealed is not None)


def _refuse_overwriting(files: list[str], folder: Path) -> None:
    """Refuse to replace results that differ from those in a folder."""
    existing = [path for path in files if Path(path).exists()]
    differing = [
        path
        for path in tqdm(
            existing, "comparing with results here", mininterval=1, disable=not existing
        )
        if Path(path).is_dir() or file_digest(Path(path)) != file_digest(folder / path)
    ]
    if differing:
        raise UserError(
            f"{differing[0]}: is here already and differs from the archive's "
            f"({len(differing)} files do); restore into a fresh clone, or move `results/` away."
        )


def _link_project(project: Project, folder: Path) -> None:
    """Make a folder of unpacked results look like the project in the current folder.

    The audit then finds code, manuscript, repository and sources as it will when the results are in
    their places.
    """
    not_linked = (*project.places, SNAKEMAKE)
    for path in Path.cwd().iterdir():
        if path != folder and not (folder / path.name).exists() and path.name not in not_linked:
            (folder / path.name).symlink_to(path)


def _manifest(archive: Path, folder: Path) -> tuple[str | None, dict[str, Any]]:
    """Return the commit and the files that the manifest of an unpacked archive names."""
    try:
        manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        commit, files = manifest["commit"], manifest["files"]
        if manifest["schema"] == 1 and isinstance(files, dict) and isinstance(commit, str | None):
            return commit, files
    except (OSError, ValueError, KeyError, TypeError):
        pass
    raise UserError(
        f"{archive}: has no manifest that this version reads; it was cut, or is no archive of "
        "results; nothing is restored."
    )

"""Where a crate may be written: never over anything but an older crate."""

import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

from delaynet.config.errors import UserError
from delaynet.provenance.record import file_digest

METADATA = "ro-crate-metadata.json"
# places for a crate within the folder of results, which the audit skips
WITHIN_RESULTS = ("crate", "crate.zip")


def refuse_place(output: Path, results: Path) -> None:
    """Refuse to write a crate over anything but an older one, or among the results.

    Args:
        output: archive or folder to write, resolved.
        results: folder of results; the project's folder is the one that holds it.

    Raises:
        UserError: something else than an older crate is there, or the place is not allowed.
    """
    top = results.resolve()
    around = top == output or output in top.parents
    if around or (top in output.parents and output not in [top / name for name in WITHIN_RESULTS]):
        raise UserError(
            f"{output}: a crate cannot be written over the results or the project, nor among the "
            f"results; name another place, or {results / 'crate'}."
        )
    if output.is_dir() and output.suffix != ".zip":
        lost = next(_not_of_a_crate(output), None)
    else:
        is_free = not output.exists() or (output.suffix == ".zip" and _is_crate(output))
        lost = None if is_free else output
    if lost is not None:
        raise UserError(
            f"{lost}: is there already and is no part of an older crate, so it is not overwritten; "
            "name another place, or move it away."
        )


def _not_of_a_crate(folder: Path) -> Iterator[Path]:
    """Yield the files of a folder that its crate does not list, or lists with another hash."""
    content = sorted(path for path in folder.rglob("*") if path.is_symlink() or not path.is_dir())
    metadata = folder / METADATA
    named = _named(metadata.read_bytes()) if metadata.is_file() else {}
    for path in content:
        name = path.relative_to(folder).as_posix()
        is_metadata = name == METADATA and named
        if not is_metadata and (path.is_symlink() or named.get(name) != file_digest(path)):
            yield path


def _is_crate(archive: Path) -> bool:
    """Return whether an archive is a crate, which lists every file in it."""
    if not archive.is_file():
        return False
    try:
        with zipfile.ZipFile(archive) as opened:
            named = _named(opened.read(METADATA))
            files = {name for name in opened.namelist() if not name.endswith("/")}
    except (zipfile.BadZipFile, KeyError):
        return False
    return bool(named) and files <= {*named, METADATA}


def _named(metadata: bytes) -> dict[str, str]:
    """Return the SHA-256 of each file that a crate of this command lists; {} for other crates."""
    try:
        entities = json.loads(metadata)["@graph"]
        is_own = any(entity["@id"] == "#run" for entity in entities)
        files = {unquote(e["@id"]): str(e["sha256"]) for e in entities if "sha256" in e}
    except (ValueError, KeyError, TypeError):
        return {}
    return files if is_own else {}

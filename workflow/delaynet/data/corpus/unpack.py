"""Unpack an untrusted archive in the layout of the Heidelberg Digits."""

import json
import shutil
from pathlib import Path

from delaynet.config.errors import UserError
from delaynet.config.files import replacing_folder
from delaynet.data.corpus.layout import LISTS, Identity, list_path, refuse_to_replace
from delaynet.provenance.archives import Limits, unpack_archive

# several times what the recordings need
LIMITS = Limits(file_bytes=64 * 2**20, total_bytes=16 * 2**30, members=100_000)


def unpack(archive: Path, folder: Path, identity: Identity, sha256: str) -> None:
    """Unpack the archive into a corpus folder, which appears whole or not at all.

    Resource forks of macOS (`._*`) are skipped. The content may lie below one common top
    folder. A folder that holds the same corpus already is replaced.

    Args:
        archive: a gzipped tar file.
        folder: to make; gets `audio/`, the two lists, and a `corpus.json` with the digest.
        identity: what the corpus is, for `corpus.json`.
        sha256: of the archive, for `corpus.json`.

    Raises:
        UserError: the archive is damaged, hostile or not in the layout; the folder holds something
            else, or cannot be written.
    """
    refuse_to_replace(folder, identity.source, f"the {identity.name}")
    with replacing_folder(folder) as temporary:
        unpacked = temporary / ".unpacked"
        unpacked.mkdir()
        unpack_archive(
            archive,
            unpacked,
            LIMITS,
            lambda path: not path.name.startswith("._"),
            "fetch it again, or name another archive",
        )
        for path in _root(unpacked, archive, identity.name).glob("[!.]*"):
            path.rename(temporary / path.name)
        shutil.rmtree(unpacked)
        record = {
            "name": identity.name,
            "source": identity.source,
            "licence": identity.licence,
            "archive": archive.name,
            "archive_sha256": sha256,
        }
        text = json.dumps(record, indent=2) + "\n"
        (temporary / "corpus.json").write_text(text, encoding="utf-8")


def _root(unpacked: Path, archive: Path, name: str) -> Path:
    """Return the folder with `audio/` and the lists: what was unpacked, or the one folder in it."""
    root = unpacked
    entries = sorted(root.glob("[!.]*"))
    if len(entries) == 1 and entries[0].is_dir() and entries[0].name != "audio":
        root = entries[0]
        entries = sorted(root.glob("[!.]*"))
    lists = [list_path(root, split) for split in LISTS]
    if (root / "audio").is_dir() and all(path.is_file() for path in lists):
        return root
    found = ", ".join(f"'{path.name}'" for path in entries[:5]) or "nothing"
    more = f" and {len(entries) - 5:,} more" if len(entries) > 5 else ""
    raise UserError(
        f"{archive}: holds {found}{more}, where `audio/`, `{lists[0].name}` and "
        f"`{lists[1].name}` should be; name the archive of the {name}."
    )

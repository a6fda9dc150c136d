"""Unpack the untrusted archive of a corpus."""

import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from delaynet.config.errors import UserError
from delaynet.config.files import replacing_folder
from delaynet.data.corpus.layout import LISTS, Identity, refuse_to_replace
from delaynet.provenance.archives import Limits, unpack_archive
from delaynet.provenance.record import fingerprint
from delaynet.provenance.states import named

# several times what the recordings need
LIMITS = Limits(file_bytes=64 * 2**20, total_bytes=16 * 2**30, members=100_000)
# folder of the sound files of a corpus that is known by its recordings
RECORDINGS = "recordings"
LAYOUT = ("audio", *LISTS.values())
ADVICE = "fetch it again, or name another archive"


def unpack(
    archive: Path, folder: Path, identity: Identity, sha256: str, names: Sequence[str] = LAYOUT
) -> None:
    """Unpack the archive into a corpus folder, which appears whole or not at all.

    Its content may lie below one common top folder. A folder that holds the same corpus already is
    replaced. `corpus.json` gets identity and digest of the archive. `names` are what the archive
    must hold, first the folder of sound files.

    Raises:
        UserError: the archive is damaged, hostile or not in the layout; the folder holds something
            else, or cannot be written.
    """
    refuse_to_replace(folder, identity)
    with replacing_folder(folder) as temporary:
        unpacked = temporary / ".unpacked"
        unpacked.mkdir()
        unpack_archive(archive, unpacked, LIMITS, ADVICE)
        root = _root(unpacked, archive, identity.name, names)
        for path in root.glob("[!.]*"):
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


def digest_of_recordings(archive: Path) -> str:
    """Return the digest of the folder `recordings` in an archive, as `fingerprint` computes it.

    Raises:
        UserError: the archive is damaged, hostile, or has no such folder.
    """
    with TemporaryDirectory() as temporary:
        unpacked = Path(temporary)
        unpack_archive(archive, unpacked, LIMITS, ADVICE)
        root = _root(unpacked, archive, "corpus", (RECORDINGS,))
        return str(fingerprint(root / RECORDINGS)["sha256"])


def _root(unpacked: Path, archive: Path, name: str, names: Sequence[str]) -> Path:
    """Return the folder with all these names: what was unpacked, or the one folder in it."""
    root = unpacked
    entries = sorted(root.glob("[!.]*"))
    if len(entries) == 1 and entries[0].is_dir() and entries[0].name != names[0]:
        root = entries[0]
        entries = sorted(root.glob("[!.]*"))
    if (root / names[0]).is_dir() and all((root / each).is_file() for each in names[1:]):
        return root
    found = named([f"'{path.name}'" for path in entries]) or "nothing"
    wanted = ", ".join(f"`{each}`" for each in names)
    raise UserError(
        f"{archive}: holds {found}, where {wanted} should be; name the archive of the {name}."
    )

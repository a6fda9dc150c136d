"""Unpacking an archive in the layout of the Heidelberg Digits, which is not trusted."""

import gzip
import hashlib
import json
import os
import shutil
import tarfile
import unicodedata
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from tqdm import tqdm

from delaynet.config.errors import UserError
from delaynet.config.files import replacing_folder
from delaynet.data.corpus.layout import LISTS, Identity, list_path, refuse_to_replace

# several times what the recordings need
MAXIMAL_MEMBER_BYTES = 64 * 2**20
MAXIMAL_TOTAL_BYTES = 16 * 2**30
MAXIMAL_MEMBERS = 100_000
MAXIMAL_PATH_BYTES = 255
# headers, padding and reading ahead between the content of one member and of the next
MARGIN_BYTES = 2**20
BLOCK_BYTES = 2**20
# a tar archive ends with two blocks of zeros
TAR_END = bytes(1024)


def unpack(
    archive: Path, folder: Path, identity: Identity, expected_sha256: str | None = None
) -> None:
    """Unpack the archive into a corpus folder, which appears whole or not at all.

    Only folders and regular files are made, inside of the folder and with the permissions of any
    new file; resource forks of macOS (`._*`) are passed over. The content may lie below one common
    top folder. A folder that holds the same corpus already is replaced.

    Args:
        archive: a gzipped tar file.
        folder: to make; gets `audio/`, the two lists, and a `corpus.json` with the digest.
        identity: what the corpus is, for `corpus.json`.
        expected_sha256: of the archive, in hexadecimal; without it, any archive is taken.

    Raises:
        UserError: the archive is not there, not the expected one, damaged, hostile or not in the
            layout; the folder holds something else, or cannot be written.
    """
    refuse_to_replace(folder, identity.source, f"the {identity.name}")
    if not archive.is_file():
        raise UserError(
            f"{archive}: not there; name the archive of the {identity.name}, or fetch it."
        )
    digest = _sha256(archive)
    if expected_sha256 is not None and digest != expected_sha256.lower():
        raise UserError(
            f"{archive}: its SHA-256 is {digest} and should be {expected_sha256.lower()}; "
            "fetch it again, or name another archive."
        )
    with replacing_folder(folder) as temporary:
        unpacked = temporary / ".unpacked"
        unpacked.mkdir()
        _extract(archive, unpacked)
        for path in _root(unpacked, archive, identity.name).glob("[!.]*"):
            path.rename(temporary / path.name)
        shutil.rmtree(unpacked)
        record = {
            "name": identity.name,
            "source": identity.source,
            "licence": identity.licence,
            "archive": archive.name,
            "archive_sha256": digest,
        }
        text = json.dumps(record, indent=2) + "\n"
        (temporary / "corpus.json").write_text(text, encoding="utf-8")


def _sha256(archive: Path) -> str:
    digest = hashlib.sha256()
    with archive.open("rb") as file, _progress("verifying", archive) as progress:
        while block := file.read(BLOCK_BYTES):
            digest.update(block)
            progress.update(len(block))
    return digest.hexdigest()


def _progress(doing: str, archive: Path) -> tqdm:
    size = archive.stat().st_size
    return tqdm(
        desc=f"{doing} {archive.name}", total=size, unit="B", unit_scale=True, mininterval=1
    )


class Decompressed:
    """The tar stream inside of a gzip file, which gives no more than it is allowed to.

    A header of a tar archive may announce any length for itself; tarfile would read it whole.
    """

    def __init__(self, compressed: BinaryIO) -> None:
        """Read from an open gzip file."""
        self.stream = gzip.GzipFile(fileobj=compressed)
        self.given = 0
        self.limit = 0
        self.tail = b""

    def allow(self, size: int) -> None:
        """Allow so many bytes from here on, and what lies between members."""
        self.limit = self.given + size + MARGIN_BYTES

    def read(self, size: int) -> bytes:
        """Return the next bytes.

        Raises:
            UserError: they are more than is allowed.
        """
        block = self.stream.read(size)
        self.given += len(block)
        if self.given > self.limit:
            raise UserError("it holds more between its files than a tar archive has there")
        self.tail = (self.tail + block)[-len(TAR_END) :]
        return block


def _extract(archive: Path, folder: Path) -> None:
    """Write every file of an archive below a folder, in one pass."""
    members, total, taken = 0, 0, Taken()
    with (
        archive.open("rb") as compressed,
        _progress("unpacking", archive) as progress,
        _explaining_damage(archive),
    ):
        stream = Decompressed(compressed)
        stream.allow(0)
        with tarfile.open(fileobj=stream, mode="r|", bufsize=tarfile.RECORDSIZE) as tar:  # type: ignore[call-overload]
            while (member := tar.next()) is not None:
                tar.members = []  # it would keep them all
                members, total = members + 1, total + member.size
                path = _checked(member, members, total, folder)
                stream.allow(member.size)
                if taken.claim(path, member.isdir()):
                    _write(tar, member, folder / path)
                progress.update(compressed.tell() - progress.n)
        while stream.read(BLOCK_BYTES):  # to the end, where gzip has its checksum
            pass
        if stream.tail != TAR_END:
            raise UserError("it ends before the end of its tar archive")
        progress.update(compressed.tell() - progress.n)


@contextmanager
def _explaining_damage(archive: Path) -> Iterator[None]:
    """Make one sentence of what is wrong with an archive."""
    advice = "fetch it again, or name another archive"
    try:
        yield
    except UserError as error:
        raise UserError(f"{archive}: {error}; {advice}.") from None
    except EOFError:
        raise UserError(f"{archive}: it is cut off; {advice}.") from None
    except (gzip.BadGzipFile, zlib.error, tarfile.TarError, UnicodeError, ValueError) as error:
        reason = str(error).strip().rstrip(".") or type(error).__name__
        raise UserError(f"{archive}: not a sound .tar.gz ({reason}); {advice}.") from None


def _checked(member: tarfile.TarInfo, members: int, total: int, folder: Path) -> PurePosixPath:
    """Return where below the folder a member belongs.

    Raises:
        UserError: it may not be unpacked.
    """
    path = PurePosixPath(member.name)
    length = len(os.fsencode(path))
    refusals = {
        "has an absolute path": path.is_absolute(),
        "leads elsewhere by '..'": ".." in path.parts,
        f"has a path of {length:,} bytes, more than {MAXIMAL_PATH_BYTES}": (
            length > MAXIMAL_PATH_BYTES
        ),
        "is a link": member.issym() or member.islnk(),
        "is neither a file nor a folder": (
            member.issparse() or not (member.isreg() or member.isdir())
        ),
        f"has {member.size:,} bytes; 0 to {MAXIMAL_MEMBER_BYTES:,} are allowed": (
            not 0 <= member.size <= MAXIMAL_MEMBER_BYTES
        ),
        f"makes {total:,} bytes in all, more than {MAXIMAL_TOTAL_BYTES:,}": (
            total > MAXIMAL_TOTAL_BYTES
        ),
        f"is one more than {MAXIMAL_MEMBERS:,}": members > MAXIMAL_MEMBERS,
    }
    for reason, applies in refusals.items():
        if applies:
            raise UserError(f"its member '{member.name}' {reason}")
    try:
        tarfile.data_filter(member, str(folder))
    except tarfile.FilterError as error:
        raise UserError(f"Python refuses its member '{member.name}' ({error})") from None
    return path


class Taken:
    """The paths that an archive has named so far, compared as a forgiving file system does."""

    def __init__(self) -> None:
        """Begin with none."""
        self.paths: dict[str, tuple[PurePosixPath, bool]] = {}

    def claim(self, path: PurePosixPath, is_folder: bool) -> bool:
        """Take a path and the folders above it; return whether there is a file to be written.

        Raises:
            UserError: it stands for something else already.
        """
        if path.name.startswith("._") or not path.parts:
            return False
        for folder in list(path.parents)[-2::-1]:
            self._take(folder, True)
        return self._take(path, is_folder) and not is_folder

    def _take(self, path: PurePosixPath, is_folder: bool) -> bool:
        key = unicodedata.normalize("NFC", str(path)).casefold()
        if key not in self.paths:
            self.paths[key] = (path, is_folder)
            return True
        other, other_is_folder = self.paths[key]
        if path == other and is_folder and other_is_folder:
            return False
        how = "is there twice" if path == other else f"has the name of '{other}' to some systems"
        raise UserError(f"its member '{path}' {how}")


def _write(tar: tarfile.TarFile, member: tarfile.TarInfo, path: Path) -> None:
    """Write the content of one member to a new file."""
    content = tar.extractfile(member)
    assert content is not None  # it is a regular file
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("xb") as file:
        shutil.copyfileobj(content, file)


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

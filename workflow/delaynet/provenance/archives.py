"""Unpack an untrusted `.tar.gz` in one pass, within limits, below one folder."""

import gzip
import os
import tarfile
import unicodedata
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import BinaryIO, NamedTuple

from tqdm import tqdm

from delaynet.config.errors import UserError

LONGEST_PATH = 255  # bytes
# headers, padding and reading ahead between the content of one member and of the next
MARGIN = 2**20  # bytes
BLOCK = 2**20  # bytes
# a tar archive ends with two blocks of zeros
TAR_END = bytes(1024)


class Limits(NamedTuple):
    """Upper limits for the content of an archive."""

    file_bytes: int
    total_bytes: int
    members: int


def unpack_archive(archive: Path, folder: Path, limits: Limits, advice: str) -> list[str]:
    """Write the files of an archive below a folder; return their paths.

    They get the permissions of any new file, and the times that the archive has. Resource forks of
    macOS (`._*`) are skipped. An archive is refused if it holds links, devices, paths that leave
    the folder, or a path twice; `advice` ends the error's sentence.

    Raises:
        UserError: the archive is damaged, hostile, or beyond the limits.
    """
    written, members, total = [], 0, 0
    used: dict[str, tuple[PurePosixPath, bool]] = {}
    size = archive.stat().st_size
    with (
        archive.open("rb") as compressed,
        tqdm(
            None, f"unpacking {archive.name}", size, unit="B", unit_scale=True, mininterval=1
        ) as progress,
        _explaining_damage(archive, advice),
    ):
        stream = Decompressed(compressed)
        with tarfile.open(fileobj=stream, mode="r|", bufsize=tarfile.RECORDSIZE) as tar:  # type: ignore[call-overload]
            while (member := tar.next()) is not None:
                tar.members = []  # it would keep them all
                members, total = members + 1, total + member.size
                path = _checked(member, members, total, limits)
                stream.allow(member.size)
                if not path.name.startswith("._"):
                    _claim(used, path, member.isdir())
                    if path.parts and not member.isdir():
                        tar.extract(member, folder, set_attrs=False, filter="data")
                        os.utime(folder / path, (member.mtime, member.mtime))
                        written.append(str(path))
                progress.update(compressed.tell() - progress.n)
        while stream.read(BLOCK):  # to the end, where gzip has its checksum
            pass
        if stream.tail != TAR_END:
            raise UserError("it ends before the end of its tar archive")
    return written


@contextmanager
def _explaining_damage(archive: Path, advice: str) -> Iterator[None]:
    try:
        yield
    except UserError as error:
        raise UserError(f"{archive}: {error}; {advice}.") from None
    except EOFError:
        raise UserError(f"{archive}: it is cut off; {advice}.") from None
    except (
        *(gzip.BadGzipFile, zlib.error, tarfile.TarError),
        *(ValueError, OverflowError),  # an invalid name, size or time
    ) as error:
        reason = str(error).strip().rstrip(".") or type(error).__name__
        raise UserError(f"{archive}: not a sound .tar.gz ({reason}); {advice}.") from None


def _checked(member: tarfile.TarInfo, members: int, total: int, limits: Limits) -> PurePosixPath:
    """Return the path of a member that may be unpacked."""
    path = PurePosixPath(member.name)
    length = len(os.fsencode(path))
    refusals = {
        "has an absolute path": path.is_absolute(),
        "leaves the folder by '..'": ".." in path.parts,
        f"has a path of {length:,} bytes, more than {LONGEST_PATH}": length > LONGEST_PATH,
        "is a link": member.issym() or member.islnk(),
        "is neither a file nor a folder": (
            member.issparse() or not (member.isreg() or member.isdir())
        ),
        f"has {member.size:,} bytes; 0 to {limits.file_bytes:,} are allowed": (
            not 0 <= member.size <= limits.file_bytes
        ),
        f"makes {total:,} bytes in all, more than {limits.total_bytes:,}": (
            total > limits.total_bytes
        ),
        f"is one more than {limits.members:,}": members > limits.members,
    }
    for reason, applies in refusals.items():
        if applies:
            raise UserError(f"its member '{member.name}' {reason}")
    return path


class Decompressed:
    """The tar stream in a gzip file, limited in length.

    A header of a tar archive may announce any length for itself; tarfile would read it whole.
    """

    def __init__(self, compressed: BinaryIO) -> None:
        self.stream = gzip.GzipFile(fileobj=compressed)
        self.given = 0
        self.tail = b""
        self.allow(0)

    def allow(self, size: int) -> None:
        """Allow so many more bytes, and those between two members."""
        self.limit = self.given + size + MARGIN

    def read(self, size: int) -> bytes:
        """Return the next bytes, or raise a UserError if they are more than is allowed."""
        block = self.stream.read(size)
        self.given += len(block)
        if self.given > self.limit:
            raise UserError("it has too many bytes between its files")
        self.tail = (self.tail + block)[-len(TAR_END) :]
        return block


def _claim(
    used: dict[str, tuple[PurePosixPath, bool]], path: PurePosixPath, is_folder: bool
) -> None:
    """Note the path of a member, and the folders above it, as used.

    `used` has them by a key without differences of case and of Unicode form.

    Raises:
        UserError: the path is used already.
    """
    for each in (*list(path.parents)[-2::-1], path):
        taken = each, is_folder or each != path
        key = unicodedata.normalize("NFC", str(each)).casefold()
        if key not in used:
            used[key] = taken
        elif used[key] != taken or taken == (path, False):
            other, _ = used[key]
            is_same = each == other
            how = "is there twice" if is_same else f"has the name of '{other}' on some systems"
            raise UserError(f"its member '{each}' {how}")

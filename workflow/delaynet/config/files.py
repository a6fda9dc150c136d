"""Atomic writing of files, and one-sentence errors for faults of disks and files."""

import errno
import io
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import h5py

from delaynet.config.errors import UserError

ADVICE = {
    **dict.fromkeys(
        (errno.ENOSPC, errno.EDQUOT, errno.EFBIG),
        "make room there (disk, quota or `ulimit -f`) and start again",
    ),
    **dict.fromkeys(
        (errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR, errno.EISDIR, errno.EEXIST),
        "name a place that can be written to, or make this one so",
    ),
}


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yield a temporary path beside `path`, renamed to it when the block ends well.

    The temporary name keeps the suffix, because some writers choose a format by it. It has the
    process id, so two writers never share it. The file is on the disk before it is renamed, and
    therefore complete even after a power cut. When the block raises, nothing is left.

    Raises:
        UserError: the disk is full, or the place cannot be written to.
    """
    path = Path(path)
    temporary = path.with_name(f".{path.stem}.{os.getpid()}{path.suffix}")
    with explaining(path, temporary):
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            yield temporary
            with temporary.open("rb") as written:
                os.fsync(written.fileno())
            os.replace(temporary, path)
        finally:
            temporary.unlink(missing_ok=True)


@contextmanager
def replacing_hdf5(path: Path, most_bytes: int | None = None) -> Iterator[h5py.File]:
    """Yield an HDF5 file in memory, written to `path` when the block ends well.

    On a full disk, HDF5 cannot close its file and may crash the interpreter. With `most_bytes`, an
    upper limit of its size, it is not kept in memory: this space is reserved on the disk first.
    """
    with replacing(path) as temporary:
        if most_bytes is not None:
            with _Reserved(temporary, "w+") as written:
                written.reserve(most_bytes)
                with h5py.File(written, "w") as file:
                    yield file
            return
        content = io.BytesIO()
        with h5py.File(content, "w") as file:
            yield file
        temporary.write_bytes(content.getbuffer())


class _Reserved(io.FileIO):
    """A file with reserved disk space, which looks empty at first, as HDF5 needs it to."""

    end = 0

    def reserve(self, size: int) -> None:
        if hasattr(os, "posix_fallocate"):  # not on a Mac
            os.posix_fallocate(self.fileno(), 0, size)

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        if whence == os.SEEK_END:
            offset += self.end
            whence = os.SEEK_SET
        return super().seek(offset, whence)

    def write(self, data: Any) -> int:
        written = super().write(data)
        self.end = max(self.end, self.tell())
        return written


@contextmanager
def replacing_folder(folder: Path) -> Iterator[Path]:
    """Yield a new folder beside `folder`, which takes its place when the block ends well.

    When the block raises, nothing is left. The remains of a killed process are removed by the next
    one, so no two processes may make the same folder at once. Unlike a file, the content may not be
    on the disk yet: check it afterwards.

    Raises:
        UserError: the disk is full, or the place cannot be written to.
    """
    folder = Path(folder)
    temporary = folder.with_name(f".{folder.name}.{os.getpid()}")
    former = temporary.with_name(f"{temporary.name}.former")
    with explaining(folder, temporary, former):
        folder.parent.mkdir(parents=True, exist_ok=True)
        for path in folder.parent.iterdir():
            if re.fullmatch(rf"\.{re.escape(folder.name)}\.\d+(\.former)?", path.name):
                shutil.rmtree(path)
        try:
            temporary.mkdir()
            yield temporary
            if folder.exists():
                folder.rename(former)
            temporary.rename(folder)
            shutil.rmtree(former, ignore_errors=True)
        finally:
            shutil.rmtree(temporary, ignore_errors=True)


@contextmanager
def explaining(path: Path, *written: Path) -> Iterator[None]:
    """Turn the system's error about a full disk or a place without permission into a sentence.

    Args:
        path: the path that the sentence names.
        written: other files that the block writes, or folders that it writes into; an error about
            any other path is raised as it is.

    Raises:
        UserError: the disk is full, or the place cannot be written to.
    """
    try:
        yield
    except OSError as error:
        if error.errno not in ADVICE or not _is_about(error, path, written):
            raise
        reason = os.strerror(error.errno).lower()
        raise UserError(f"{path}: cannot be written ({reason}); {ADVICE[error.errno]}.") from None


def require(path: Path) -> Path:
    """Return the path of a result, or raise a UserError if there is none."""
    if not path.exists():
        raise UserError(f"{path}: not there; make it first with `snakemake {path}`.")
    return path


@contextmanager
def readable(path: Path, kind: str) -> Iterator[None]:
    """Turn the error about a damaged file, or one of another kind, into a sentence.

    The error about a missing file is raised as it is. The kind is a text such as "a features file".

    Raises:
        UserError: it cannot be read as that.
    """
    try:
        yield
    except FileNotFoundError:
        raise
    except (OSError, KeyError, ValueError, TypeError, AttributeError) as error:
        reason = str(error).strip("'\"")
        raise UserError(
            f"{path}: cannot be read as {kind} ({reason}); make it again with "
            f"`snakemake --force {path}`."
        ) from None


@contextmanager
def reading_hdf5(path: Path, kind: str) -> Iterator[h5py.File]:
    """Yield an HDF5 file to read from; arguments and errors as `readable`.

    It is not locked: files are replaced as a whole, never changed, and some disks have no locks.
    """
    with readable(path, kind), h5py.File(path, locking=False) as file:
        yield file


def _is_about(error: OSError, path: Path, written: tuple[Path, ...]) -> bool:
    if not isinstance(error.filename, str | os.PathLike):
        return True  # a write or a descriptor, which can only be a file of this block
    faulty = Path(error.filename)
    return faulty in {path, *path.parents} or any(map(faulty.is_relative_to, written))


def remove_leftovers(folder: Path) -> None:
    """Remove temporary files of killed writers from a folder that nobody else writes to."""
    for path in folder.glob(".*"):
        if re.fullmatch(r"\..+\.\d+(\.\w+)?", path.name):
            path.unlink()

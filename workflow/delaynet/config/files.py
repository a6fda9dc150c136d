"""Writing files so that a reader never sees half of one; faults of disks and files as sentences."""

import errno
import io
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

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

    The temporary name keeps the suffix, so that writers that choose a format by it still do, and
    holds the process id, so that two writers never share it. What is renamed has reached the disk:
    it is whole after a power cut too. When the block raises, nothing is left.

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
def replacing_hdf5(path: Path) -> Iterator[h5py.File]:
    """Yield an HDF5 file in memory, written to `path` when the block ends well.

    HDF5 on a disk that fills up cannot close its file, and may take the interpreter down with it.
    """
    content = io.BytesIO()
    with replacing(path) as temporary:
        with h5py.File(content, "w") as file:
            yield file
        temporary.write_bytes(content.getbuffer())


@contextmanager
def replacing_folder(folder: Path) -> Iterator[Path]:
    """Yield a new folder beside `folder`, which takes its place when the block ends well.

    When the block raises, nothing is left; what a killed process left is removed by the next one,
    so no two may make the same folder at once. Unlike with files, the content need not have
    reached the disk: whoever makes thousands of files checks them afterwards.

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
    """Turn what the system says of a full disk or a closed place into a sentence.

    Args:
        path: what the sentence names.
        written: further files that the block writes, or folders that it writes into; an error about
            any other path passes through.

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


@contextmanager
def readable(path: Path, kind: str) -> Iterator[None]:
    """Turn what reading a damaged file, or one of another kind, gives into a sentence.

    A file that is not there is another mistake, and passes through.

    Args:
        path: what the block reads.
        kind: what it should be, such as "a features file".

    Raises:
        UserError: it cannot be read as that.
    """
    try:
        yield
    except FileNotFoundError:
        raise
    except (OSError, KeyError, ValueError) as error:
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
        return True  # a write, or a descriptor: what else is written in the block
    about = Path(error.filename)
    return about in {path, *path.parents} or any(map(about.is_relative_to, written))


def remove_leftovers(folder: Path) -> None:
    """Remove what writers that were killed have left in a folder that nobody else writes to."""
    for path in folder.glob(".*"):
        if re.fullmatch(r"\..+\.\d+(\.\w+)?", path.name):
            path.unlink()

"""Writing files so that a reader never sees half of one, and a full disk is one sentence."""

import errno
import io
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import h5py

from delaynet.errors import UserError

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
def explaining(path: Path, *written: Path) -> Iterator[None]:
    """Turn what the system says of a full disk or a closed place into a sentence.

    Args:
        path: what the sentence names.
        written: further paths that the block writes; an error about any other path passes through.

    Raises:
        UserError: the disk is full, or the place cannot be written to.
    """
    try:
        yield
    except OSError as error:
        is_ours = error.filename is None or Path(error.filename) in {path, *path.parents, *written}
        if error.errno not in ADVICE or not is_ours:
            raise
        reason = os.strerror(error.errno).lower()
        raise UserError(f"{path}: cannot be written ({reason}); {ADVICE[error.errno]}.") from None


def remove_leftovers(folder: Path) -> None:
    """Remove what writers that were killed have left in a folder that nobody else writes to."""
    for path in folder.glob(".*"):
        if re.fullmatch(r"\..+\.\d+(\.\w+)?", path.name):
            path.unlink()

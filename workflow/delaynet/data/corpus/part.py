"""The part of a file that has been fetched so far: it outlives the process that fetches it.

`<target>.part` holds the bytes, `<target>.part.json` the address that they came from and that
server's mark of the version (ETag or time stamp). One process at a time writes them.
"""

import errno
import fcntl
import hashlib
import io
import json
import logging
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tqdm import tqdm

from delaynet.config.errors import UserError
from delaynet.config.files import explaining, replacing

log = logging.getLogger("delaynet.data.corpus")

BLOCK = 1 << 20  # bytes
# what cluster file systems say that are mounted without locks
WITHOUT_LOCKS = (errno.ENOSYS, errno.ENOLCK, errno.EOPNOTSUPP)


def as_size(count: int) -> str:
    """Return a number of bytes as people read it."""
    return f"{count / 1e6:,.1f} MB" if count >= 50_000 else f"{count} bytes"


class Digests:
    """MD5 (what publishers list) and SHA-256 (what is pinned) of bytes as they come."""

    def __init__(self) -> None:
        """Begin with no bytes."""
        self._hashes = {
            "md5": hashlib.md5(usedforsecurity=False),
            "sha256": hashlib.sha256(),
        }

    def update(self, data: bytes | memoryview) -> None:
        """Add the next bytes."""
        for each in self._hashes.values():
            each.update(data)

    def __getitem__(self, algorithm: str) -> str:
        """Return the digest so far, hexadecimal."""
        return self._hashes[algorithm].hexdigest()


def read_digests(path: Path) -> Digests:
    """Return the digests of a file; progress is shown if that takes a while."""
    digests = Digests()
    with (
        path.open("rb") as file,
        tqdm(
            desc=f"reading {path.name}",
            total=path.stat().st_size,
            unit="B",
            unit_scale=True,
            mininterval=1,
            delay=2,
        ) as progress,
    ):
        while data := file.read(BLOCK):
            digests.update(data)
            progress.update(len(data))
    return digests


class Part:
    """The bytes that are there, with their digests.

    Attributes:
        path: of the part.
        position: bytes that are there.
        furthest: the largest position since the part was opened or thrown away: a server that
            starts over at each request brings nothing new until it passes this.
        digests: of the bytes that are there.
        assembled: whether the bytes came with more than one request.
    """

    def __init__(self, target: Path, file: io.FileIO) -> None:
        """Read what is there.

        Args:
            target: what the part becomes.
            file: the part, open for appending, by this process alone.
        """
        self.target = target
        self.path, self._origin = paths_of_part(target)
        self._file = file
        self.digests = read_digests(self.path)
        self.position = self.furthest = self.path.stat().st_size
        self.assembled = False

    def headers(self, url: str) -> dict[str, str]:
        """Return the headers that ask a server for the rest only.

        Another address than the one that the bytes came from is not held to that one's version:
        whether the two fit is for the checksum to say.
        """
        if not self.position:
            return {}
        headers = {"Range": f"bytes={self.position}-"}
        origin = self._read_origin()
        version = origin.get("version")
        if origin.get("url") == url and isinstance(version, str):
            headers["If-Range"] = version
        return headers

    def set_origin(self, url: str, version: str | None) -> None:
        """Keep the address that the next bytes come from, and its mark of the version."""
        origin = {"url": url, "version": version}
        if origin != self._read_origin():
            with replacing(self._origin) as temporary:
                temporary.write_text(json.dumps(origin) + "\n", encoding="utf-8")

    def append(self, data: bytes) -> None:
        """Write the next bytes.

        Raises:
            UserError: the disk is full; what fitted is kept.
        """
        rest = memoryview(data)
        with explaining(self.path):
            while rest:
                written = self._file.write(rest)
                self.digests.update(rest[:written])
                self.position += written
                self.furthest = max(self.furthest, self.position)
                rest = rest[written:]

    def rewind(self) -> None:
        """Begin again at the first byte."""
        self._file.truncate(0)
        self.digests, self.position, self.assembled = Digests(), 0, False

    def discard(self) -> None:
        """Throw away bytes that have turned out wrong."""
        self.rewind()
        self.furthest = 0
        self._origin.unlink(missing_ok=True)

    def finish(self) -> None:
        """Give the part the target's name, once it has reached the disk."""
        with explaining(self.path, self.target):
            os.fsync(self._file.fileno())
            os.replace(self.path, self.target)
        self._origin.unlink(missing_ok=True)

    def _read_origin(self) -> Mapping[str, object]:
        try:
            origin = json.loads(self._origin.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}  # not known: the checksum alone decides
        return origin if isinstance(origin, dict) else {}


def paths_of_part(target: Path) -> tuple[Path, Path]:
    """Return where the part of a file stands, and what is known of its origin."""
    return target.with_name(f"{target.name}.part"), target.with_name(f"{target.name}.part.json")


@contextmanager
def open_part(target: Path) -> Iterator[Part]:
    """Open the part of a file for this process alone; it stays when the block ends early.

    Raises:
        UserError: another process has it open, or the place cannot be written to.
    """
    path, origin = paths_of_part(target)
    with explaining(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        file = _open_locked(path)
    with file:
        part = Part(target, file)
        try:
            yield part
        finally:
            if not part.position:
                path.unlink(missing_ok=True)
                origin.unlink(missing_ok=True)
            elif not target.exists():
                log.info("%s: %s are kept; the next start goes on", path, as_size(part.position))


def _open_locked(path: Path) -> io.FileIO:
    while True:
        file = path.open("a+b", buffering=0)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno not in WITHOUT_LOCKS:
                file.close()
                if not isinstance(error, BlockingIOError):
                    raise
                raise UserError(
                    f"{path}: another process is fetching this file; wait until it has finished."
                ) from None
            log.warning("%s: this file system has no locks; start no second fetch of it", path)
        if _is_at(file, path):
            return file
        file.close()  # its last owner has renamed or removed it between our opening and locking


def _is_at(file: io.FileIO, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(file.fileno()), path.stat())
    except FileNotFoundError:
        return False

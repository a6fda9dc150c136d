"""Fetch a published file from its mirrors in turn, resume, and verify it before use.

The bytes are appended to `<target>.part`. Whatever interrupts a fetch, the next request continues
there, on any mirror. Only the checksum shows that the file is complete: servers may announce a
wrong length, and connections may end early. The part is then renamed.
"""

import fcntl
import io
import logging
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import NamedTuple

import requests
import tenacity
import urllib3
from requests.exceptions import InvalidSchema, InvalidURL
from tqdm import tqdm

from delaynet.config.errors import UserError
from delaynet.config.files import explaining
from delaynet.data.corpus.published import (
    BLOCK,
    Digests,
    Pin,
    Published,
    check,
    read_digests,
    url_of,
)
from delaynet.data.corpus.unpack import digest_of_recordings

log = logging.getLogger("delaynet.data.corpus")

as_size = partial(tqdm.format_sizeof, suffix="B")
LONGEST_LIST = 1 << 20  # bytes of a list of checksums
OF_RECORDINGS = "SHA-256 over the recordings"
# statuses below 500 that may change a moment later
TEMPORARY = (408, 425, 429)


class Patience(NamedTuple):
    """Limits on retries and waiting; times in seconds."""

    rounds: int = 3  # turns of each mirror
    attempts: int = 5  # requests in a row without progress, after which a turn ends
    progress: int = 1 << 20  # new bytes that a broken request must bring to count as progress
    back_off: float = 1.0  # before the second request; doubled from request to request
    longest_back_off: float = 60.0
    connect: float = 15.0  # until a connection is made
    silence: float = 60.0  # without a byte


PATIENCE = Patience()


class TemporaryFailure(Exception):
    """Why a mirror did not give the file; it is tried again."""


class PermanentFailure(Exception):
    """Why a mirror did not give the file; it is not tried again."""


class Expected(NamedTuple):
    """Checksum and size of the expected file, and their origin."""

    algorithm: str
    digest: str
    bytes: int | None
    origin: str


def fetch(published: Published, target: Path, patience: Patience = PATIENCE) -> None:
    """Fetch a published file, and verify it.

    An existing target is compared with the pin, without a request.

    Raises:
        UserError: no mirror gives the expected file, another process is fetching it, or the disk is
            full. Received bytes are kept unless they are wrong; the next call continues after them.
    """
    if target.exists():
        check(published, target)
        return
    with _open_part(target) as file, requests.Session() as session:
        if target.exists():  # another process has just finished it
            check(published, target)
            return
        download = Download(published, file, session, patience)
        url = download.from_mirrors()
        with explaining(target):
            os.fsync(file.fileno())
            os.replace(download.path, target)
    found = Pin(
        bytes=download.position, md5=download.digests["MD5"], sha256=download.digests["SHA-256"]
    )
    log.info("%s: fetched from %s; %s", target, url, found)
    if published.pinned is None and published.recordings is None:
        log.warning("%s: %s", target, published.not_pinned)


@contextmanager
def _open_part(target: Path) -> Iterator[io.FileIO]:
    """Open the part of a file for this process alone; if the block fails, the part is kept."""
    path = target.with_name(f"{target.name}.part")
    in_use = f"{path}: another process is fetching this file; wait until it has finished."
    with explaining(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        file = path.open("a+b", buffering=0)
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise UserError(in_use) from None
        except OSError:  # as on some clusters
            log.warning("%s: this file system has no locks; start no second fetch of it", path)
        if not os.fstat(file.fileno()).st_nlink:  # another process has just removed it
            raise UserError(in_use)
        try:
            yield file
        finally:
            if not os.fstat(file.fileno()).st_size:
                path.unlink(missing_ok=True)


class Download:
    """A fetch of a published file into its part, which this process alone appends to."""

    def __init__(
        self, published: Published, file: io.FileIO, session: requests.Session, patience: Patience
    ) -> None:
        self.published, self.file, self.session, self.patience = published, file, session, patience
        self.path = Path(file.name)
        self.digests = read_digests(self.path)
        self.position = self.path.stat().st_size
        if self.position:
            log.info("%s: continuing after %s", self.path, as_size(self.position))
        # the archive is compressed: a server that compresses it again would defeat resuming
        session.headers["Accept-Encoding"] = "identity"
        self.retrying = tenacity.Retrying(
            retry=tenacity.retry_if_exception_type(TemporaryFailure),
            stop=tenacity.stop_after_attempt(patience.attempts),
            wait=tenacity.wait_exponential(patience.back_off, patience.longest_back_off),
            before_sleep=tenacity.before_sleep_log(log, logging.INFO),
            reraise=True,
        )

    def from_mirrors(self) -> str:
        """Fetch from the first mirror that succeeds; return its address.

        Raises:
            UserError: none does; the sentence has what went wrong on each, and what to do.
        """
        failures: dict[str, Exception] = {}
        for mirror in self.published.mirrors * self.patience.rounds:
            if isinstance(failures.get(mirror), PermanentFailure):
                continue
            url = url_of(mirror, self.published.file)
            try:
                self.fill(url, self.expected(mirror))
                return url
            except (TemporaryFailure, PermanentFailure) as failure:
                log.info("%s: %s; this mirror's turn is over", url, failure)
                failures[mirror] = failure
        reasons = "; ".join(f"{mirror} {failure}" for mirror, failure in failures.items())
        advice = ["download it by hand and name it as `corpus.archive` in the configuration"]
        if any(isinstance(failure, TemporaryFailure) for failure in failures.values()):
            kept = f" (the {as_size(self.position)} that came are kept)" if self.position else ""
            advice.insert(0, f"start again later{kept}")
        is_final = any(isinstance(failure, PermanentFailure) for failure in failures.values())
        if self.published.pinned and is_final:
            advice.append(self.published.renewal)
        file = self.published.file
        raise UserError(f"{file}: could not be fetched: {reasons}; {', or '.join(advice)}.")

    def expected(self, mirror: str) -> Expected:
        """Return the expected checksum: the pin, else the one listed on the mirror or another."""
        published = self.published
        if pin := published.pinned:
            return Expected("SHA-256", pin.sha256, pin.bytes, f"pinned in {published.path}")
        if published.recordings:
            return Expected(OF_RECORDINGS, published.recordings, None, f"that in {published.path}")
        for other in sorted(published.mirrors, key=lambda each: each != mirror):
            url = url_of(other, published.checksums)
            try:
                return Expected(
                    "MD5", self.retrying(self.listed_md5, url), None, f"listed in {url}"
                )
            except PermanentFailure as failure:
                log.info("%s: %s", url, failure)
        raise PermanentFailure(
            f"cannot be verified: no mirror's {published.checksums} has its checksum"
        )

    def listed_md5(self, url: str) -> str:
        """Return the checksum of the file from a list of checksums."""
        with self.get(url) as response:
            content = response.raw.read(LONGEST_LIST, decode_content=True)
        digest = parse_checksums(content.decode(errors="replace"), self.published.file)
        if digest is None:
            raise PermanentFailure(f"has no checksum of {self.published.file}")
        return digest

    def fill(self, url: str, expected: Expected) -> None:
        """Fetch until all has come; discard it if the checksum is wrong."""
        self.furthest = self.position
        while not self.retrying(self.fetch_more, url, expected):
            pass
        if not self.is_complete(expected):
            found = f"{expected.algorithm} {self.digest(expected.algorithm)}"
            # pieces of two files may each be right
            failure = TemporaryFailure if self.is_assembled else PermanentFailure
            self.rewind()
            wanted = f"{expected.algorithm} {expected.digest} is {expected.origin}"
            raise failure(f"gave {found}, where {wanted}")

    def fetch_more(self, url: str, expected: Expected) -> bool:
        """Make one request, if the part is not complete; return whether all has come."""
        if self.is_complete(expected):
            return True
        try:
            with self.get(url, self.position) as response:
                self.append_body(response, expected)
            return True
        except TemporaryFailure:
            # cut after the last byte, or a wrong length was announced
            if self.is_complete(expected):
                return True
            # a server that starts over at each request makes no progress until it passes this
            progress = self.position - self.furthest
            self.furthest = max(self.furthest, self.position)
            if progress < self.patience.progress:
                raise
            return False

    def append_body(self, response: requests.Response, expected: Expected) -> None:
        """Append the body of a response, if it begins where the part ends, or write it anew."""
        start = self.position if response.status_code == 206 else 0
        span = response.headers.get("Content-Range", "").lower()
        if response.status_code == 416 or (start and not span.startswith(f"bytes {start}-")):
            self.rewind()
            raise TemporaryFailure("cannot continue where it stopped")
        length = response.raw.length_remaining  # None if the server does not say it
        total = None if length is None else start + length
        if None not in (total, expected.bytes) and total != expected.bytes:
            raise PermanentFailure(
                f"offers {total} bytes, where {expected.bytes} are {expected.origin}"
            )
        if start == 0:
            self.rewind()
        self.is_assembled = start > 0
        needed, free = length or 0, shutil.disk_usage(self.path.parent).free
        if needed > free:
            raise UserError(
                f"{self.path}: needs another {as_size(needed)}, and {as_size(free)} are free "
                "there; make room and start again."
            )
        title = f"fetching {self.published.file}"
        with tqdm(
            desc=title, total=total, initial=start, unit="B", unit_scale=True, mininterval=1
        ) as progress:
            # read1, not read: what has come before a connection breaks is not lost
            while data := response.raw.read1(BLOCK, decode_content=False):
                self.append(data)
                progress.update(len(data))
                if expected.bytes is not None and self.position > expected.bytes:
                    self.rewind()
                    limit = f"the {expected.bytes} bytes {expected.origin}"
                    raise PermanentFailure(f"gave more than {limit}")
        if not self.position:
            raise TemporaryFailure("gave no bytes")

    def append(self, data: bytes) -> None:
        """Write the next bytes; if the disk fills up, what fits is kept."""
        rest = memoryview(data)
        with explaining(self.path):
            while rest:
                rest = rest[self.file.write(rest) :]
        self.digests.update(data)
        self.position += len(data)

    def rewind(self) -> None:
        """Discard all bytes."""
        self.file.truncate(0)
        self.digests, self.position = Digests(), 0

    def is_complete(self, expected: Expected) -> bool:
        """Return whether the bytes are the expected ones."""
        return self.digest(expected.algorithm) == expected.digest

    def digest(self, algorithm: str) -> str:
        """Return a digest of the bytes, or of the recordings in them if they are an archive."""
        if algorithm != OF_RECORDINGS:
            return self.digests[algorithm]
        try:
            return digest_of_recordings(self.path)
        except UserError:  # as long as it is not complete
            return "of no archive of recordings"

    @contextmanager
    def get(self, url: str, position: int = 0) -> Iterator[requests.Response]:
        """Request a file from a position on; errors, also in reading the body, become failures."""
        headers = {"Range": f"bytes={position}-"} if position else {}
        timeout = (self.patience.connect, self.patience.silence)
        try:
            with self.session.get(url, headers=headers, stream=True, timeout=timeout) as response:
                status = response.status_code
                if status in TEMPORARY or status >= 500:
                    raise TemporaryFailure(f"answered {status}")
                if status != 200 and not (position and status in (206, 416)):
                    raise PermanentFailure(f"answered {status}")
                yield response
        except (InvalidURL, InvalidSchema, requests.TooManyRedirects) as error:
            raise PermanentFailure(f"cannot be followed ({error})") from None
        except (requests.Timeout, urllib3.exceptions.TimeoutError):
            raise TemporaryFailure("was silent for too long") from None
        except (requests.RequestException, urllib3.exceptions.HTTPError) as error:
            raise TemporaryFailure(f"broke off ({_cause(error)})") from None


def parse_checksums(text: str, name: str) -> str | None:
    """Return the MD5 of one file from a list such as `md5sum` writes, or None.

    Other lines are ignored. A file of that name in a folder counts if there is none outside of
    folders. If a file has several sums, none counts.
    """
    line = r"^[ \t]*([0-9a-fA-F]{32})[ \t]+\*?(?:\./)?(\S.*?)\s*$"
    entries = re.findall(line, text, re.MULTILINE)
    sums = {digest.lower() for digest, path in entries if path == name} or {
        digest.lower() for digest, path in entries if path.endswith(f"/{name}")
    }
    return sums.pop() if len(sums) == 1 else None


def _cause(error: BaseException) -> str:
    """Return the message of the innermost cause, which is the plainest."""
    while inner := error.__cause__ or error.__context__:
        error = inner
    message = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return " ".join(message.split())

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


class Failure(Exception):
    """Why a mirror did not give the file."""


class TemporaryFailure(Failure):
    """The mirror is tried again."""


class PermanentFailure(Failure):
    """The mirror is not tried again."""


class WrongBytes(PermanentFailure):
    """The mirror has another file than the expected one."""


class Expected(NamedTuple):
    """Checksum and size of the expected file, and their origin."""

    algorithm: str
    digest: str
    bytes: int | None
    origin: str


class Client(NamedTuple):
    """What every request needs."""

    session: requests.Session
    patience: Patience
    retrying: tenacity.Retrying


def fetch(published: Published, target: Path, patience: Patience = PATIENCE) -> Pin:
    """Fetch a published file, unless it exists, and verify it.

    Args:
        published: its mirrors and its pin.
        target: file to write. If it exists, it is compared with the pin, without a request.
        patience: limits on retries and waiting.

    Returns:
        Size and digests.

    Raises:
        UserError: no mirror gives the expected file, another process is fetching it, or the disk is
            full. Received bytes are kept unless they are wrong; the next call continues after them.
    """
    if target.exists():
        return check(published, target)
    with _open_part(target) as file:
        if target.exists():  # another process has just finished it
            return check(published, target)
        part = Part(target, file)
        if part.position:
            log.info("%s: continuing after %s", part.path, as_size(part.position))
        url = _fetch_from_mirrors(published, part, patience)
        part.finish()
    found = Pin(bytes=part.position, md5=part.digests["MD5"], sha256=part.digests["SHA-256"])
    log.info("%s: fetched from %s; %s", target, url, found)
    if published.pinned is None and published.recordings is None:
        log.warning("%s: %s", target, published.not_pinned)
    return found


class Part:
    """The received bytes of the target, in a file that this process alone appends to.

    Attributes:
        path: of the part.
        digests: of the received bytes.
        position: their number.
        furthest: largest position in a mirror's turn: a server that starts over at each request
            makes no progress until it passes this.
        is_assembled: whether the bytes came with more than one request.
    """

    def __init__(self, target: Path, file: io.FileIO) -> None:
        """Read the bytes of earlier requests."""
        self.target, self.path, self._file = target, Path(file.name), file
        self.digests = read_digests(self.path)
        self.position = self.furthest = self.path.stat().st_size
        self.is_assembled = False

    def append(self, data: bytes) -> None:
        """Write the next bytes; if the disk fills up, what fits is kept."""
        rest = memoryview(data)
        with explaining(self.path):
            while rest:
                written = self._file.write(rest)
                self.digests.update(rest[:written])
                self.position += written
                rest = rest[written:]
        self.furthest = max(self.furthest, self.position)

    def rewind(self) -> None:
        """Discard all bytes."""
        self._file.truncate(0)
        self.digests, self.position, self.is_assembled = Digests(), 0, False

    def digest(self, algorithm: str) -> str:
        """Return a digest of the bytes, or of the recordings in them if they are an archive."""
        if algorithm != OF_RECORDINGS:
            return self.digests[algorithm]
        try:
            return digest_of_recordings(self.path)
        except UserError:  # as long as it is not complete
            return "of no archive of recordings"

    def is_complete(self, expected: Expected) -> bool:
        """Return whether the bytes are the expected ones."""
        return self.digest(expected.algorithm) == expected.digest

    def finish(self) -> None:
        """Give the part the target's name, once it has reached the disk."""
        with explaining(self.path, self.target):
            os.fsync(self._file.fileno())
            os.replace(self.path, self.target)


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
            if not (size := os.fstat(file.fileno()).st_size):
                path.unlink(missing_ok=True)
            elif path.exists():
                log.info("%s: %s are kept for the next start", path, as_size(size))


def _fetch_from_mirrors(published: Published, part: Part, patience: Patience) -> str:
    """Fill the part from the first mirror that succeeds; return its address."""
    failures: dict[str, Failure] = {}
    retrying = tenacity.Retrying(
        retry=tenacity.retry_if_exception_type(TemporaryFailure),
        stop=tenacity.stop_after_attempt(patience.attempts),
        wait=tenacity.wait_exponential(patience.back_off, patience.longest_back_off),
        before_sleep=tenacity.before_sleep_log(log, logging.INFO),
        reraise=True,
    )
    with requests.Session() as session:
        # the archive is compressed: a server that compresses it again would defeat resuming
        session.headers["Accept-Encoding"] = "identity"
        client = Client(session, patience, retrying)
        for mirror in published.mirrors * patience.rounds:
            if isinstance(failures.get(mirror), PermanentFailure):
                continue
            url = url_of(mirror, published.file)
            try:
                _fill(part, url, _expected(mirror, published, client), client)
            except Failure as failure:
                log.info("%s: %s; this mirror's turn is over", url, failure)
                failures[mirror] = failure
            else:
                return url
    raise UserError(_account(published, part, failures))


def _account(published: Published, part: Part, failures: dict[str, Failure]) -> str:
    """Say in one sentence what went wrong on each mirror, and what to do."""
    reasons = "; ".join(f"{mirror} {failure}" for mirror, failure in failures.items())
    advice = ["download it by hand and name it as `corpus.archive` in the configuration"]
    if any(isinstance(failure, TemporaryFailure) for failure in failures.values()):
        kept = f" (the {as_size(part.position)} that came are kept)" if part.position else ""
        advice.insert(0, f"start again later{kept}")
    if published.pinned and any(isinstance(each, WrongBytes) for each in failures.values()):
        advice.append(published.renewal)
    return f"{published.file}: could not be fetched: {reasons}; {', or '.join(advice)}."


def _expected(mirror: str, published: Published, client: Client) -> Expected:
    """Return the expected checksum: the pin, else the one listed on the mirror or another."""
    if pin := published.pinned:
        return Expected("SHA-256", pin.sha256, pin.bytes, f"pinned in {published.path}")
    if published.recordings:
        return Expected(OF_RECORDINGS, published.recordings, None, f"that in {published.path}")
    for other in sorted(published.mirrors, key=lambda each: each != mirror):
        url = url_of(other, published.checksums)
        try:
            digest = client.retrying(_listed_md5, url, published.file, client)
            return Expected("MD5", digest, None, f"listed in {url}")
        except PermanentFailure as failure:
            log.info("%s: %s", url, failure)
    raise PermanentFailure(
        f"cannot be verified: no mirror's {published.checksums} has its checksum"
    )


def _listed_md5(url: str, name: str, client: Client) -> str:
    with _get(url, 0, client) as response:
        if response.status_code != 200:
            raise _failure(response.status_code)
        content = response.raw.read(LONGEST_LIST + 1, decode_content=True)
    if len(content) > LONGEST_LIST:
        raise PermanentFailure("is too long for a list of checksums")
    digest = parse_checksums(content.decode(errors="replace"), name)
    if digest is None:
        raise PermanentFailure(f"has no checksum of {name}")
    return digest


def parse_checksums(text: str, name: str) -> str | None:
    """Return the MD5 of one file from a list such as `md5sum` writes, or None.

    Lines that are no entries are passed over; a file of that name in a folder counts if there is
    none outside. Several different sums of one file are as good as none.
    """
    entries = re.findall(r"^\s*([0-9a-fA-F]{32})[ \t]+\*?(?:\./)?(\S.*?)\s*$", text, re.MULTILINE)
    sums = {digest.lower() for digest, path in entries if path == name} or {
        digest.lower() for digest, path in entries if path.endswith(f"/{name}")
    }
    return sums.pop() if len(sums) == 1 else None


def _fill(part: Part, url: str, expected: Expected, client: Client) -> None:
    """Fetch until the checksum is right; a file from several requests gets a second chance."""
    for chance in (1, 2):
        part.furthest = part.position
        while not client.retrying(_fetch_more, part, url, expected, client):
            pass
        if part.is_complete(expected):
            return
        name, found = expected.algorithm, part.digest(expected.algorithm)
        wrong = f"gave {name} {found}, where {name} {expected.digest} is {expected.origin}"
        is_final = chance == 2 or not part.is_assembled
        part.rewind()
        if is_final:
            raise WrongBytes(wrong)
        log.info("%s: put together from pieces, %s; fetched once more from the start", url, wrong)


def _fetch_more(part: Part, url: str, expected: Expected, client: Client) -> bool:
    """Make one request, if the part is not complete; return whether all has come."""
    furthest = part.furthest
    try:
        if not part.is_complete(expected):
            with _get(url, part.position, client) as response:
                _append_body(part, response, expected)
    except TemporaryFailure:
        # cut after the last byte, or a wrong length was announced
        if part.is_complete(expected):
            return True
        if part.furthest - furthest < client.patience.progress:
            raise
        return False
    return True


def _begin(part: Part, response: requests.Response) -> tuple[int, int | None]:
    """Return the offset of a response's body, 0 or the part's end, and the total size if known.

    Source: RFC 9110, sections 14 and 15.
    """
    number, status = "([0-9]{1,18})", response.status_code  # longer ones are invalid
    if status == 200:
        length = re.fullmatch(number, response.headers.get("Content-Length", ""))
        return 0, int(length[1]) if length else None
    if status == 206:
        header = response.headers.get("Content-Range", "")
        span = re.fullmatch(rf"bytes {number}-[0-9]+/(?:{number}|\*)", header, re.IGNORECASE)
        if span and int(span[1]) == part.position:
            return part.position, int(span[2]) if span[2] else None
    if status == 206 or (status == 416 and part.position):
        part.rewind()
        raise TemporaryFailure("cannot continue where it stopped")
    raise _failure(status)


def _failure(status: int) -> Failure:
    is_temporary = status in TEMPORARY or status >= 500
    return (TemporaryFailure if is_temporary else PermanentFailure)(f"answered {status}")


def _append_body(part: Part, response: requests.Response, expected: Expected) -> None:
    start, total = _begin(part, response)
    if None not in (total, expected.bytes) and total != expected.bytes:
        raise WrongBytes(f"offers {total} bytes, where {expected.bytes} are {expected.origin}")
    if start == 0:
        part.rewind()
    part.is_assembled = start > 0
    needed, free = (total or 0) - start, shutil.disk_usage(part.path.parent).free
    if needed > free:
        raise UserError(
            f"{part.target}: needs another {as_size(needed)}, and {as_size(free)} are free there; "
            "make room and start again."
        )
    with tqdm(
        None,
        f"fetching {part.target.name}",
        total,
        initial=start,
        unit="B",
        unit_scale=True,
        mininterval=1,
    ) as progress:
        # read1, not read: what has come before a connection breaks is not lost
        while data := response.raw.read1(BLOCK, decode_content=False):
            part.append(data)
            progress.update(len(data))
            if expected.bytes is not None and part.position > expected.bytes:
                part.rewind()
                raise WrongBytes(f"gave more than the {expected.bytes} bytes {expected.origin}")
    if not part.position or part.position < (total or 0):
        raise TemporaryFailure(f"ended after {part.position} bytes")


@contextmanager
def _get(url: str, position: int, client: Client) -> Iterator[requests.Response]:
    """Request a file from a position on; errors, also in reading the body, become failures."""
    headers = {"Range": f"bytes={position}-"} if position else {}
    timeout = (client.patience.connect, client.patience.silence)
    try:
        with client.session.get(url, headers=headers, stream=True, timeout=timeout) as response:
            yield response
    except (InvalidURL, InvalidSchema, requests.TooManyRedirects) as error:
        raise PermanentFailure(f"cannot be followed ({error})") from None
    except (requests.Timeout, urllib3.exceptions.TimeoutError):
        raise TemporaryFailure("was silent for too long") from None
    except (requests.RequestException, urllib3.exceptions.HTTPError) as error:
        raise TemporaryFailure(f"broke off ({_cause(error)})") from None


def _cause(error: BaseException) -> str:
    """Return the message of the innermost cause, which is the plainest."""
    while inner := error.__cause__ or error.__context__:
        error = inner
    message = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return " ".join(message.split())

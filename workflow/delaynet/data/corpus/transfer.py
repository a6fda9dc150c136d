"""Filling a part from one server: with patience, going on where it stands, until it is verified."""

import logging
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from http.client import IncompleteRead
from typing import NamedTuple, Protocol, TypeVar

import requests
import urllib3
from requests.exceptions import InvalidSchema, InvalidURL
from tqdm import tqdm

from delaynet.config.errors import UserError
from delaynet.data.corpus.answers import Step, decide, parse_checksums, version
from delaynet.data.corpus.part import BLOCK, Part, as_size

log = logging.getLogger("delaynet.data.corpus")

ALGORITHMS = {"md5": "MD5", "sha256": "SHA-256"}
LONGEST_LIST = 1 << 20  # bytes of a list of checksums
T = TypeVar("T")


class Patience(NamedTuple):
    """How long servers are given; seconds.

    Attributes:
        rounds: turns that each mirror gets.
        attempts: requests in a row that bring next to nothing, after which a mirror's turn ends.
        advance: new bytes that a request that fails must bring to count as more than nothing.
        back_off: pause before the second request; doubled from request to request and round to
            round, up to `longest_back_off`.
        longest_back_off: longest pause.
        connect: until a connection stands.
        silence: without a byte.
    """

    rounds: int = 3
    attempts: int = 4
    advance: int = 1 << 20
    back_off: float = 1.0
    longest_back_off: float = 60.0
    connect: float = 15.0
    silence: float = 60.0


PATIENCE = Patience()


class Failure(Exception):
    """Why a mirror did not give the file."""


class Trouble(Failure):
    """It may pass.

    Attributes:
        advanced: whether enough new bytes came before it to go on at once.
    """

    advanced = False


class Refusal(Failure):
    """This mirror is not asked again."""


class WrongBytes(Refusal):
    """What it has is not what is expected."""


class Expected(NamedTuple):
    """What the file must be, and who says so."""

    algorithm: str
    digest: str
    bytes: int | None
    origin: str


class Asker(NamedTuple):
    """How servers are asked."""

    session: requests.Session
    patience: Patience
    round: int


def listed_md5(url: str, name: str, asker: Asker) -> str:
    """Return the MD5 of a file, from the list at an address.

    Raises:
        Refusal: there is no list, or the file is not in it.
        Trouble: the server does not answer.
    """
    return _patiently(partial(_listed_md5, url, name, asker), url, asker)


def fill(url: str, part: Part, expected: Expected, asker: Asker) -> None:
    """Fetch until the checksum is right; a file put together from pieces gets a second chance.

    Raises:
        WrongBytes: what the server gives is not what is expected; nothing of it is kept.
        Refusal: it does not give the file.
        Trouble: it might later; what came is kept.
        UserError: there is no room.
    """
    for chances in (1, 0):
        _patiently(partial(_fetch_more, url, part, expected, asker), url, asker)
        found, assembled = part.digests[expected.algorithm], part.assembled
        if found == expected.digest:
            return
        part.discard()
        name = ALGORITHMS[expected.algorithm]
        wrong = f"gave {name} {found}, where {name} {expected.digest} is {expected.origin}"
        if not (chances and assembled):
            raise WrongBytes(wrong)
        log.info("%s: put together from pieces, %s; fetched once more from the start", url, wrong)


def _listed_md5(url: str, name: str, asker: Asker) -> str:
    with _answer(url, {}, asker) as response:
        decision = decide(response.status_code, response.headers, 0)
        _raise_unless_given(decision.step, decision.reason)
        content = b""
        for block in response.iter_content(LONGEST_LIST):
            content += block
            if len(content) > LONGEST_LIST:
                raise Refusal("is too long for a list of checksums")
    digest = parse_checksums(content.decode(errors="replace"), name)
    if digest is None:
        raise Refusal(f"has no checksum of {name}")
    return digest


def _patiently(ask: Callable[[], T], url: str, asker: Asker) -> T:
    """Ask until it goes well, or until several requests in a row have brought next to nothing."""
    patience, failures = asker.patience, 0
    while True:
        try:
            return ask()
        except Trouble as trouble:
            failures = 0 if trouble.advanced else failures + 1
            if failures >= patience.attempts:
                raise
            pause = patience.back_off * 2 ** (asker.round + max(failures - 1, 0))
            pause = min(pause, patience.longest_back_off)
            log.info("%s: %s; asked again in %.0f s", url, trouble, pause)
        time.sleep(pause)


def _fetch_more(url: str, part: Part, expected: Expected, asker: Asker) -> None:
    """Make one request, if the part is not complete; return when all has come."""
    if part.digests[expected.algorithm] == expected.digest:
        return
    furthest = part.furthest
    try:
        _request(url, part, expected, asker)
    except Trouble as trouble:
        if part.digests[expected.algorithm] == expected.digest:
            return  # cut after the last byte, or the server's word on the length was wrong
        trouble.advanced = part.furthest - furthest >= asker.patience.advance
        raise


def _request(url: str, part: Part, expected: Expected, asker: Asker) -> None:
    with _answer(url, part.headers(url), asker) as response:
        step, total, reason = decide(response.status_code, response.headers, part.position)
        if step is Step.ASK_AFRESH:
            part.rewind()
        _raise_unless_given(step, reason)
        if None not in (total, expected.bytes) and total != expected.bytes:
            raise WrongBytes(f"offers {total} bytes, where {expected.bytes} are {expected.origin}")
        if step is Step.START_OVER:
            part.rewind()
        part.assembled = part.position > 0
        part.set_origin(url, version(response.headers))
        _check_room(part, total)
        _pour(response.raw, part, total, expected)


def _raise_unless_given(step: Step, reason: str) -> None:
    if step is Step.LEAVE:
        raise Refusal(reason)
    if step in (Step.ASK_LATER, Step.ASK_AFRESH):
        raise Trouble(reason)


def _check_room(part: Part, total: int | None) -> None:
    free = shutil.disk_usage(part.path.parent).free
    if total is not None and total - part.position > free:
        raise UserError(
            f"{part.target}: needs another {as_size(total - part.position)}, and "
            f"{as_size(free)} are free there; make room and start again."
        )


class Body(Protocol):
    """The body of an answer as it came, whatever the server says that it is encoded with."""

    def read1(self, amt: int, decode_content: bool) -> bytes:
        """Return what is there, at most `amt` bytes; nothing at the end."""


def _pour(body: Body, part: Part, total: int | None, expected: Expected) -> None:
    with tqdm(
        desc=f"fetching {part.target.name}",
        total=total,
        initial=part.position,
        unit="B",
        unit_scale=True,
        mininterval=1,
    ) as progress:
        # read1, not read: what has come before a connection breaks is not lost
        while data := body.read1(BLOCK, decode_content=False):
            part.append(data)
            progress.update(len(data))
            if expected.bytes is not None and part.position > expected.bytes:
                part.discard()
                raise WrongBytes(f"gave more than the {expected.bytes} bytes {expected.origin}")
    if not part.position:
        raise Trouble("sent nothing")
    if total is not None and part.position < total:
        raise Trouble(f"ended at {part.position} of {total} bytes")


@contextmanager
def _answer(url: str, headers: dict[str, str], asker: Asker) -> Iterator[requests.Response]:
    """Ask for an address; what goes wrong, there or while the body is read, is a failure."""
    timeout = (asker.patience.connect, asker.patience.silence)
    try:
        with asker.session.get(url, headers=headers, stream=True, timeout=timeout) as response:
            yield response
    except (InvalidURL, InvalidSchema, requests.TooManyRedirects) as error:
        raise Refusal(f"leads nowhere ({error})") from None
    except (requests.Timeout, urllib3.exceptions.TimeoutError):
        raise Trouble("was silent for too long") from None
    except (requests.RequestException, urllib3.exceptions.HTTPError) as error:
        raise Trouble(f"broke off ({_cause(error)})") from None


def _cause(error: BaseException) -> str:
    """Return the innermost cause, where it is told most plainly."""
    while inner := error.__cause__ or error.__context__:
        error = inner
    if isinstance(error, IncompleteRead):
        return "the connection was closed too early"
    told = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return " ".join(told.split())

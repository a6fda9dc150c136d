"""What a server's answer means for a file of which the first bytes are there: pure functions."""

import re
from collections.abc import Mapping
from enum import Enum, auto
from typing import NamedTuple

BYTES = "[0-9]{1,18}"  # a number of bytes in a header; a longer one is nonsense
# of the statuses below 500, those that may be another one a moment later
PASSING = (408, 425, 429)


class Step(Enum):
    """What to do with an answer."""

    APPEND = auto()
    """Its body goes on where we stand."""
    START_OVER = auto()
    """Its body is the whole file."""
    ASK_AFRESH = auto()
    """It cannot go on where we stand: ask for the whole file."""
    ASK_LATER = auto()
    """It may be well in a moment."""
    LEAVE = auto()
    """This server will not give the file."""


class Decision(NamedTuple):
    """What an answer means.

    Attributes:
        step: to take.
        total: bytes of the whole file, or None where the server does not say.
        reason: for a step that takes no bytes, what was wrong.
    """

    step: Step
    total: int | None = None
    reason: str = ""


def decide(status: int, headers: Mapping[str, str], position: int) -> Decision:
    """Return what an answer to a request from `position` on means (RFC 9110, sections 14 and 15).

    Args:
        status: of the answer.
        headers: of the answer, found whatever their case.
        position: bytes that are there, which the server was asked to leave out if there are any.
    """
    match status:
        case 200:
            length = re.fullmatch(BYTES, headers.get("Content-Length", "").strip())
            return Decision(Step.START_OVER, int(length[0]) if length else None)
        case 206:
            start, total = _content_range(headers.get("Content-Range", ""))
            if start == position:
                return Decision(Step.APPEND, total)
            return Decision(Step.ASK_AFRESH, reason="sent another part than it was asked for")
        case 416 if position:
            return Decision(Step.ASK_AFRESH, reason="has no more bytes, and those are wrong")
    later = status in PASSING or status >= 500
    return Decision(Step.ASK_LATER if later else Step.LEAVE, reason=f"answered {status}")


def _content_range(text: str) -> tuple[int | None, int | None]:
    """Return first byte and size of the whole of `bytes 5-9/10`; None is what is not told."""
    form = rf"bytes ({BYTES})-{BYTES}/({BYTES}|\*)"
    parts = re.fullmatch(form, text.strip(), re.IGNORECASE)
    if not parts:
        return None, None
    return int(parts[1]), None if parts[2] == "*" else int(parts[2])


def version(headers: Mapping[str, str]) -> str | None:
    """Return the mark by which a server tells versions of a file apart, for `If-Range`.

    A weak ETag does not vouch for the bytes and may not be used there.
    """
    etag = headers.get("ETag")
    if etag and not etag.startswith("W/"):
        return etag
    return headers.get("Last-Modified")


def parse_checksums(text: str, name: str) -> str | None:
    """Return the MD5 of one file from a list such as `md5sum` writes, or None.

    Lines that are no entries are passed over; a file of that name in a folder counts if there is
    none outside. Several different sums of one file are as good as none.
    """
    entries = re.findall(r"^\s*([0-9a-fA-F]{32})[ \t]+\*?(\S.*?)\s*$", text, re.MULTILINE)
    for is_named in (
        lambda path: path.removeprefix("./") == name,
        lambda path: path.rsplit("/", 1)[-1] == name,
    ):
        if sums := {digest.lower() for digest, path in entries if is_named(path)}:
            return sums.pop() if len(sums) == 1 else None
    return None

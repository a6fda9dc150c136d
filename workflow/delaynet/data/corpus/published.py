"""Where published corpora are, and what their bytes must be: `config/downloads.json`.

It is the one place of URLs, mirrors and checksums. `pinned` is null until `delaynet corpus pin`
writes size and digests of a fetched archive there; committed, they make every later download the
same bytes.
"""

import json
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, ValidationError

from delaynet.config.errors import UserError
from delaynet.config.files import replacing
from delaynet.config.settings import Settings

CLONE = Path(__file__).resolve().parents[4]
FileName = Annotated[str, Field(pattern=r"^[^/\s]+$")]
Mirror = Annotated[str, Field(pattern=r"^https?://[^/\s]\S*$")]


class Pin(Settings):
    """Size and digests of a file, hexadecimal and in lower case."""

    bytes: int = Field(ge=1)
    md5: str = Field(pattern=r"^[0-9a-f]{32}$")
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")


class Entry(Settings):
    """What `config/downloads.json` says of one corpus."""

    file: FileName
    """Name of the archive, the same on every mirror."""
    mirrors: tuple[Mirror, ...] = Field(min_length=1)
    """Addresses that the names are appended to, in the order in which they are tried."""
    checksums: FileName
    """Name of the publisher's list of MD5 sums."""
    pinned: Pin | None = None
    """What the archive must be; null until it is pinned."""


class Published(Entry):
    """An entry, and where it stands."""

    path: Path
    corpus: str

    @property
    def renewal(self) -> str:
        """What a user does when the publisher's archive is no longer the pinned one."""
        return (
            "if the publisher has renewed the archive, set "
            f"`pinned` of '{self.corpus}' in {self.path} to null"
        )


def url_of(mirror: str, name: str) -> str:
    """Return the address of a file on a mirror."""
    return f"{mirror.rstrip('/')}/{name}"


def load_published(path: Path, corpus: str) -> Published:
    """Read the entry of one corpus, from the project's own file or that of the clone.

    Raises:
        UserError: no such file, not JSON, no such corpus, or an entry with a missing, unknown or
            wrong key.
    """
    path = path if path.exists() else CLONE / path
    content = _read(path)
    if corpus not in content:
        known = ", ".join(sorted(content)) or "none"
        raise UserError(f"{path}: has no corpus '{corpus}'; it has: {known}.")
    try:
        entry = Entry.model_validate(content[corpus])
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in (corpus, *first["loc"]))
        raise UserError(f"{path}: `{key}`: {_lower_first(first['msg'])}.") from None
    return Published(path=path, corpus=corpus, **entry.model_dump())


def write_pin(published: Published, pin: Pin) -> None:
    """Write a pin where the entry stands; all else in the file, and its order, stays.

    It is an explicit step of the user's: the file belongs to the repository.

    Raises:
        UserError: the file cannot be read or written, or has lost the corpus.
    """
    load_published(published.path, published.corpus)
    content = _read(published.path)
    content[published.corpus]["pinned"] = pin.model_dump()
    with replacing(published.path) as temporary:
        temporary.write_text(
            json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8"
        )


def _read(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror}).") from None
    except ValueError as error:  # not JSON, or not even text
        raise UserError(f"{path}: is not JSON: {_lower_first(str(error))}.") from None
    if not isinstance(content, dict):
        raise UserError(f"{path}: is not an object of corpora, each by its name.")
    return content


def _lower_first(text: str) -> str:
    return text[:1].lower() + text[1:]

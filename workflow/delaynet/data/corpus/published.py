"""Addresses and checksums of published corpora: `config/downloads.json`.

`pinned` is null until `delaynet corpus pin` writes size and digests of a fetched archive there.
From then on a download of other bytes is refused. An archive that its server packs anew for each
request has no digest to pin: its entry has the digest of the recordings in it.
"""

import hashlib
import json
import logging
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, ValidationError
from tqdm import tqdm

from delaynet.config.errors import UserError
from delaynet.config.files import replacing
from delaynet.config.settings import Settings
from delaynet.data.corpus.unpack import digest_of_recordings

log = logging.getLogger("delaynet.data.corpus")

FETCHED = Path("resources")
BLOCK = 1 << 20  # bytes
CLONE = Path(__file__).resolve().parents[4]
FileName = Annotated[str, Field(pattern=r"^[^/\s]+$")]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Mirror = Annotated[str, Field(pattern=r"^https?://[^/\s]\S*$")]


class Digests:
    """MD5 (what publishers list) and SHA-256 (what is pinned), computed as the bytes arrive."""

    def __init__(self) -> None:
        self._hashes = {"MD5": hashlib.md5(usedforsecurity=False), "SHA-256": hashlib.sha256()}

    def update(self, data: bytes | memoryview) -> None:
        """Add the next bytes."""
        for each in self._hashes.values():
            each.update(data)

    def __getitem__(self, algorithm: str) -> str:
        return self._hashes[algorithm].hexdigest()


class Pin(Settings):
    """Size and digests of a file, hexadecimal and in lower case."""

    bytes: int = Field(ge=1)
    md5: str = Field(pattern=r"^[0-9a-f]{32}$")
    sha256: Sha256

    def __str__(self) -> str:
        return f"{self.bytes} bytes, MD5 {self.md5}, SHA-256 {self.sha256}"


class Published(Settings):
    """One corpus in `config/downloads.json`, or another such file."""

    path: Path
    """That file."""
    corpus: str
    """Name of the entry."""
    file: FileName
    """Name of the archive, the same on every mirror."""
    mirrors: tuple[Mirror, ...] = Field(min_length=1)
    """Addresses in the order in which they are tried: of the archive, ending in .tar.gz; or of the
    place that it and the list of checksums are in, to which their names are appended."""
    checksums: FileName = "md5sums.txt"
    """Name of the publisher's list of MD5 sums; not read where `recordings` are known."""
    recordings: Sha256 | None = None
    """SHA-256 of what `sha256sum *` prints in the folder of the recordings. Any archive with these
    recordings is taken, and no other."""
    pinned: Pin | None = None
    """Size and digests of the archive; null until it is pinned."""

    @property
    def not_pinned(self) -> str:
        """Advice to pin an archive that is not pinned."""
        return f"{self.path} does not pin it; `delaynet corpus pin --corpus {self.corpus}` does"

    @property
    def renewal(self) -> str:
        """Advice where the publisher's archive is no longer the pinned one."""
        return (
            "if the publisher has renewed the archive, set "
            f"`pinned` of '{self.corpus}' in {self.path} to null"
        )


def url_of(mirror: str, name: str) -> str:
    """Return the address of a file on a mirror."""
    return mirror if mirror.endswith(".tar.gz") else f"{mirror.rstrip('/')}/{name}"


def load_published(path: Path, corpus: str) -> Published:
    """Read the entry of one corpus, from the project's own file or that of the clone.

    Raises:
        UserError: no such file, not JSON, no such corpus, or an entry with a missing, unknown or
            wrong key.
    """
    path = path if path.exists() else CLONE / path
    content = _read(path)
    if corpus not in content:
        available = ", ".join(sorted(content)) or "none"
        raise UserError(f"{path}: has no corpus '{corpus}'; it has: {available}.")
    try:
        return Published.model_validate(content[corpus] | {"path": path, "corpus": corpus})
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in (corpus, *first["loc"]))
        raise UserError(f"{path}: `{key}`: {_lower_first(first['msg'])}.") from None


def pin(path: Path, corpus: str, archive: Path | None = None) -> None:
    """Write size and digests of an archive, by default the fetched one, to its entry.

    Raises:
        UserError: the archive or the file of addresses is missing or cannot be used.
    """
    published = load_published(path, corpus)
    found = pin_of(archive or FETCHED / published.file)
    content = _read(published.path)
    content[corpus]["pinned"] = found.model_dump()
    with replacing(published.path) as temporary:
        temporary.write_text(
            json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8"
        )
    log.info("%s: pins '%s' now (%s); commit this file", published.path, corpus, found)


def check(published: Published, archive: Path) -> Pin:
    """Compare an archive with its pin, if there is one, without a request to the network.

    Raises:
        UserError: it is no file, is empty, cannot be read, differs from the pin, or holds other
            recordings.
    """
    expected, found = published.pinned, pin_of(archive)
    if published.recordings:
        check_recordings(published, digest_of_recordings(archive), archive)
    elif expected is None:
        log.warning("%s: is used unverified (%s); %s", archive, found, published.not_pinned)
    elif found != expected:
        raise UserError(
            f"{archive}: has {found}, where {published.path} pins {expected}; remove the file to "
            f"have it fetched again, name another archive, or, {published.renewal}."
        )
    else:
        log.info("%s: is the archive that %s pins", archive, published.path)
    return found


def check_recordings(published: Published, found: str, place: Path) -> None:
    """Raise a UserError if recordings, in an archive or a folder, have another digest."""
    if found != published.recordings:
        raise UserError(
            f"{place}: holds other recordings (SHA-256 over all of them {found}) than the corpus "
            f"'{published.corpus}', for which {published.path} has {published.recordings}: name "
            "an archive or folder of these, with nothing added, changed or left out."
        )


def pin_of(archive: Path) -> Pin:
    """Return size and digests of a file, or raise a UserError if it is empty or unreadable."""
    if not archive.is_file():
        raise UserError(f"{archive}: is not a file; name an archive that is there.")
    if not (size := archive.stat().st_size):
        raise UserError(f"{archive}: is empty; remove it to have it fetched again.")
    try:
        digests = read_digests(archive)
    except OSError as error:
        raise UserError(f"{archive}: cannot be read ({error.strerror}).") from None
    return Pin(bytes=size, md5=digests["MD5"], sha256=digests["SHA-256"])


def read_digests(path: Path) -> Digests:
    """Return the digests of a file; show progress if that takes long."""
    digests, size = Digests(), path.stat().st_size
    with (
        path.open("rb") as file,
        tqdm.wrapattr(
            file, "read", size, desc=f"reading {path.name}", mininterval=1, delay=2
        ) as reading,
    ):
        while data := reading.read(BLOCK):
            digests.update(data)
    return digests


def _read(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror}).") from None
    except ValueError as error:  # not JSON, or not even text
        raise UserError(f"{path}: is not JSON: {_lower_first(str(error))}.") from None
    if not (isinstance(content, dict) and all(isinstance(v, dict) for v in content.values())):
        raise UserError(f"{path}: is not an object of corpora, each by its name.")
    return content


def _lower_first(text: str) -> str:
    return text[:1].lower() + text[1:]

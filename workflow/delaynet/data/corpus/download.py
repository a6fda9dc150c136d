"""Fetching a published file: resumed, from its mirrors in turn, and verified before it counts.

Bytes are added to a part beside the target (`data.corpus.part`), whatever ends a request, the
process or the machine, and the next request or the next start goes on from there, on any mirror.
The checksum alone says when the file is complete: neither a server's word on the length nor the end
of its answer does. Then the part takes the target's name.
"""

import logging
from pathlib import Path

import requests

from delaynet.config.errors import UserError
from delaynet.data.corpus.part import Part, as_size, open_part, read_digests
from delaynet.data.corpus.published import Pin, Published, load_published, url_of, write_pin
from delaynet.data.corpus.transfer import (
    PATIENCE,
    Asker,
    Expected,
    Failure,
    Patience,
    Refusal,
    Trouble,
    WrongBytes,
    fill,
    listed_md5,
)

log = logging.getLogger("delaynet.data.corpus")

FETCHED = Path("resources")


def fetch(published: Published, target: Path, patience: Patience = PATIENCE) -> Pin:
    """Fetch a published file, unless it is there, and verify it.

    Args:
        published: where it is, and what it must be.
        target: file to write. If it is there, it is compared with the pin, and nothing is asked of
            the network.
        patience: how long servers are given.

    Returns:
        Size and digests.

    Raises:
        UserError: no mirror gives what is expected, another process is fetching it, or there is
            no room. What came is kept and gone on from at the next call, unless it is wrong.
    """
    if target.exists():
        return check(published, target)
    with open_part(target) as part:
        if target.exists():  # another process has just finished it
            return check(published, target)
        if part.position:
            log.info("%s: going on from %s", part.path, as_size(part.position))
        with requests.Session() as session:
            # the archive is compressed: a server that compresses it again would defeat resuming
            session.headers["Accept-Encoding"] = "identity"
            source = _ask_mirrors(published, part, session, patience)
        found = Pin(bytes=part.position, md5=part.digests["md5"], sha256=part.digests["sha256"])
        log.info("%s: fetched from %s; %s", target, source, _described(found))
        if published.pinned is None:
            log.warning("%s: %s", target, _not_pinned(published))
        part.finish()
    return found


def pin(path: Path, corpus: str, archive: Path | None = None) -> Pin:
    """Write size and digests of an archive on this disk to the file of addresses.

    Args:
        path: the file of addresses.
        corpus: its entry.
        archive: to pin; by default where it is fetched to.

    Raises:
        UserError: the archive or the file of addresses is not there, or cannot be used.
    """
    published = load_published(path, corpus)
    archive = archive or FETCHED / published.file
    found = _pin_of(archive)
    write_pin(published, found)
    log.info("%s: pins '%s' now (%s); commit this file", path, corpus, _described(found))
    return found


def check(published: Published, archive: Path) -> Pin:
    """Compare a file on this disk with the pin, if there is one; nothing is asked of the network.

    Raises:
        UserError: it is no file, is empty, cannot be read, or is not what is pinned.
    """
    expected, found = published.pinned, _pin_of(archive)
    if expected and found.bytes != expected.bytes:
        raise _other_than_pinned(
            published, archive, f"{found.bytes} bytes", f"{expected.bytes} bytes"
        )
    if expected and found.sha256 != expected.sha256:
        raise _other_than_pinned(
            published, archive, f"SHA-256 {found.sha256}", f"SHA-256 {expected.sha256}"
        )
    if expected:
        log.info("%s: is there, and is what %s pins", archive, published.path)
    else:
        log.warning(
            "%s: is there and is taken as it is (%s); %s",
            archive,
            _described(found),
            _not_pinned(published),
        )
    return found


def _pin_of(archive: Path) -> Pin:
    """Return size and digests of a file on this disk."""
    if not archive.is_file():
        raise UserError(f"{archive}: is not a file; name an archive that is there.")
    if not (size := archive.stat().st_size):
        raise UserError(f"{archive}: is empty; remove it to have it fetched again.")
    try:
        digests = read_digests(archive)
    except OSError as error:
        raise UserError(f"{archive}: cannot be read ({error.strerror}).") from None
    return Pin(bytes=size, md5=digests["md5"], sha256=digests["sha256"])


def _other_than_pinned(published: Published, archive: Path, found: str, pinned: str) -> UserError:
    return UserError(
        f"{archive}: has {found}, where {published.path} pins {pinned}; remove the file to have it "
        f"fetched again, or, {published.renewal}."
    )


def _not_pinned(published: Published) -> str:
    return (
        f"{published.path} does not pin it; `delaynet corpus pin --corpus {published.corpus}` does"
    )


def _described(pin: Pin) -> str:
    return f"{pin.bytes} bytes, MD5 {pin.md5}, SHA-256 {pin.sha256}"


def _ask_mirrors(
    published: Published, part: Part, session: requests.Session, patience: Patience
) -> str:
    """Fill the part from the first mirror that can; return the address."""
    failures: dict[str, Failure] = {}
    for turn in range(patience.rounds):
        for mirror in published.mirrors:
            if isinstance(failures.get(mirror), Refusal):
                continue
            asker, url = Asker(session, patience, turn), url_of(mirror, published.file)
            try:
                fill(url, part, _expected(mirror, published, asker), asker)
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
    if any(isinstance(failure, Trouble) for failure in failures.values()):
        kept = f" (the {as_size(part.position)} that came are kept)" if part.position else ""
        advice.insert(0, f"start again later{kept}")
    if published.pinned and any(isinstance(each, WrongBytes) for each in failures.values()):
        advice.append(published.renewal)
    return f"{published.file}: could not be fetched: {reasons}; {', or '.join(advice)}."


def _expected(mirror: str, published: Published, asker: Asker) -> Expected:
    """Return what the file must be: as pinned, else as listed on its mirror, else on another."""
    if pin := published.pinned:
        return Expected("sha256", pin.sha256, pin.bytes, f"pinned in {published.path}")
    for other in sorted(published.mirrors, key=lambda each: each != mirror):
        url = url_of(other, published.checksums)
        try:
            digest = listed_md5(url, published.file, asker)
        except Refusal as refusal:
            log.info("%s: %s", url, refusal)
        else:
            return Expected("md5", digest, None, f"listed in {url}")
    raise Refusal(f"cannot be verified: no mirror's {published.checksums} has its checksum")

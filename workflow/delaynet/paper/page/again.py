"""Make manuscript and page again in memory, and compare.

The seal that they show cannot include their own records, so each could be altered together with its
record. But the same sources give the same bytes with the same version of Typst. The file to make
again and its source are never read from a record.
"""

import hashlib
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

from delaynet.paper.manuscript import set_pdf
from delaynet.paper.page.writing import page_of
from delaynet.provenance import states
from delaynet.provenance.audit import Audit, Link
from delaynet.provenance.record import Record, embedded_of
from delaynet.provenance.states import GOOD, Verdict

SOURCE = Path("manuscript/paper.typ")


def made_again(audit: Audit, links: Sequence[Link]) -> tuple[list[Link], list[str]]:
    """Compare manuscript and page with what their sources give, and return the links.

    The page shows states, and can be made again only where all are good. What could not be compared
    is returned too, with the reason.

    Raises:
        UserError: the manuscript has a mistake.
    """
    pdf, page = audit.printed
    is_good = {link.verdict.state for link in links} <= GOOD
    is_good = is_good and audit.seal().state == states.INTACT
    found: list[Link] = []
    not_checked: list[str] = []
    for link in links:
        checked = link
        if link.record is not None and link.verdict.state == states.INTACT and audit.sealed:
            if link.path == pdf:
                checked = _compared(link, link.record, _pdf(audit, link.record), not_checked)
            elif link.path == page and is_good:
                embedded = embedded_of(audit.project, link.record)
                content = page_of(audit, audit.root, audit.clone / SOURCE, embedded)
                checked = _compared(link, link.record, content.encode(), not_checked)
        found.append(checked)
    return found, not_checked


def _pdf(audit: Audit, record: Record) -> bytes:
    assert audit.sealed is not None
    embedded = embedded_of(audit.project, record)._replace(seal=audit.sealed.digest)
    return set_pdf(audit.root, audit.clone / SOURCE, embedded)


def _compared(link: Link, record: Record, content: bytes, not_checked: list[str]) -> Link:
    """Return the link; its state is `altered` where the file made again has other bytes."""
    if hashlib.sha256(content).hexdigest() == record["outputs"][link.path]["sha256"]:
        return link
    installed, recorded = version("typst"), record["packages"].get("typst", "unknown")
    if installed != recorded:
        not_checked.append(f"{link.path} (set by Typst {recorded}; here is {installed})")
        return link
    return link._replace(verdict=Verdict(states.ALTERED, "set again, it has other bytes"))

"""Make manuscript and page again in memory, and compare them with the files.

They show the seal, which therefore cannot cover their own records: each could be altered together
with its record. But the same sources and version of Typst give the same bytes. Neither the file to
make again nor its source is read from a record.
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
    """Compare manuscript and page with what their sources give.

    Returns the links with their new states, and the files that could not be compared, with reasons.
    The page shows states, and is made again only if all are good.

    Raises:
        UserError: the manuscript has a mistake.
    """
    pdf, page = audit.printed
    is_good = {link.verdict.state for link in links} <= GOOD
    is_good = is_good and audit.seal().state == states.INTACT
    source = audit.clone / SOURCE
    found: list[Link] = []
    not_checked: list[str] = []
    for link in links:
        checked = link
        if link.record is not None and link.verdict.state == states.INTACT and audit.sealed:
            if link.path == pdf:
                embedded = embedded_of(audit.project, link.record)
                sealed = embedded._replace(seal=audit.sealed.digest)
                document = set_pdf(audit.root, source, sealed)
                checked = _compared(link, link.record, document, not_checked)
            elif link.path == page and is_good:
                embedded = embedded_of(audit.project, link.record)
                content = page_of(audit, audit.root, source, embedded)
                checked = _compared(link, link.record, content.encode(), not_checked)
        found.append(checked)
    return found, not_checked


def _compared(link: Link, record: Record, content: bytes, not_checked: list[str]) -> Link:
    """Return the link, with the state `altered` if the file made again has other bytes."""
    if hashlib.sha256(content).hexdigest() == record["outputs"][link.path]["sha256"]:
        return link
    installed, recorded = version("typst"), record["packages"].get("typst", "unknown")
    if installed != recorded:
        not_checked.append(f"{link.path} (set by Typst {recorded}; here is {installed})")
        return link
    return link._replace(verdict=Verdict(states.ALTERED, "set again, it has other bytes"))

"""The identifier that figures and manuscript carry in their metadata, in every copy.

It is one line of text, in an SVG's Dublin Core, a PNG's text chunk or a PDF's keywords:
`<package>-record: <record's id>; commit: <commit>[+];`, and in the manuscript ` seal: <digest>;`.
A `+` means that code differed from the commit.
"""

import re
from pathlib import Path
from typing import NamedTuple

CARRIERS = (".svg", ".png", ".pdf")
PATTERN = re.compile(
    # each part has its end: in a PNG any byte may follow
    r"(?P<package>[A-Za-z]\w*)-record: (?P<record>[0-9a-f]{16});"
    r"( commit: (?P<commit>[0-9a-f]{40,64}\+?);)?"
    r"( seal: (?P<seal>[0-9a-f]{64});)?"
)


class Embedded(NamedTuple):
    """The identifier of a file's job, which its metadata carry.

    Attributes:
        package: of the project that made it.
        record: identifier of the record of the job that made it.
        commit: of the project, with a `+` where code differed; None where it was no clone.
        seal: the digest over all records, in the manuscript.
    """

    package: str
    record: str
    commit: str | None = None
    seal: str | None = None

    def __str__(self) -> str:
        line = f"{self.package}-record: {self.record};"
        if self.commit is not None:
            line += f" commit: {self.commit};"
        return line if self.seal is None else f"{line} seal: {self.seal};"


def read_embedded(path: Path) -> Embedded | None:
    """Return the identifier in an SVG, PNG or PDF, or None where there is none."""
    if path.suffix.lower() not in CARRIERS or not path.is_file():
        return None
    found = PATTERN.search(path.read_bytes().decode("latin-1"))
    return None if found is None else Embedded(*found.group("package", "record", "commit", "seal"))

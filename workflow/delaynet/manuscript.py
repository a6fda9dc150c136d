"""The manuscript: from Typst to PDF, and the list of the numbers that it prints.

The Typst source reads `/results/numbers.json`, tables and figures by paths from the project's root,
and marks each number that it prints with its key (`num` in `manuscript/numbers.typ`).
"""

import json
import re
from pathlib import Path

import typst

from delaynet.errors import UserError
from delaynet.files import replacing


def build(root: Path, source: Path, output: Path) -> None:
    """Compile the manuscript to PDF; the same sources give the same bytes.

    Args:
        root: project folder, in which paths of the source that start with `/` are looked up.
        source: Typst file within `root`.
        output: the PDF.

    Raises:
        UserError: a number, a figure or a table is missing (named), or the source has a mistake.
    """
    try:
        # A fixed time: without one the PDF would hold the time at which it was made.
        document = typst.compile(source, root=root, format="pdf", timestamp=0)
    except typst.TypstError as error:
        raise UserError(_sentence(error, root, source)) from None
    with replacing(output) as temporary:
        temporary.write_bytes(document)


def list_numbers(root: Path, source: Path) -> list[tuple[str, str]]:
    """List the numbers that the manuscript prints, in its order: (key, as printed).

    Raises:
        UserError: as `build`.
    """
    try:
        found = json.loads(typst.query(source, "<num>", field="value", root=root))
    except typst.TypstError as error:
        raise UserError(_sentence(error, root, source)) from None
    return [(number["path"], number["shown"]) for number in found]


def _sentence(error: typst.TypstError, root: Path, source: Path) -> str:
    """Say in one sentence what stopped the build."""
    message = str(error)
    if stop := re.search(r'panicked with: "(.*)"', message):
        return f"{source}: {stop[1]}."
    if missing := re.search(r"file not found \(searched at (.*?)\)", message):
        path = Path(missing[1])
        if path.is_relative_to(root.resolve()):
            path = path.relative_to(root.resolve())
        return f"{source} needs {path}, which is missing: make it with `snakemake {path}`."
    place = re.search(r"┌─ (\S.*)", error.diagnostic)
    return f"{place[1] if place else source}: {' '.join(message.split())}; correct the source."

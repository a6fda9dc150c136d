"""The manuscript: from Typst to PDF, and the list of the numbers that it prints.

The Typst source reads `/results/numbers.json`, tables and figures by paths from the project's root,
and marks each number that it prints with its key (`num` in `manuscript/numbers.typ`). A name that
the numbers do not hold stops the build.
"""

import json
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path

import typst

from delaynet.config.errors import UserError
from delaynet.config.files import replacing
from delaynet.provenance.embedded import Embedded

NUMBERS = "results/numbers.json"


def build(root: Path, source: Path, output: Path, embedded: Embedded | None = None) -> None:
    """Compile the manuscript to PDF; the same sources give the same bytes.

    Paths in the source that start with `/` are looked up in the project folder `root`. The
    identifier goes to the PDF's metadata.

    Raises:
        UserError: a number, a figure or a table is missing (named), or the source has a mistake.
    """
    document = set_pdf(root, source, embedded)
    with replacing(output) as temporary:
        temporary.write_bytes(document)


def set_pdf(root: Path, source: Path, embedded: Embedded | None = None) -> bytes:
    """Return the manuscript as PDF.

    Raises:
        UserError: as `build`.
    """
    with _below_one_root(root, source) as (top, file):
        # A fixed time, as the PDF would otherwise contain the present one. No fonts of the system:
        # they may differ between machines under the same name.
        pdf: bytes = typst.compile(
            file,
            root=top,
            format="pdf",
            timestamp=0,
            sys_inputs=_origin(embedded),
            ignore_system_fonts=True,
        )
    return pdf


def _origin(embedded: Embedded | None) -> dict[str, str]:
    """Return what the colophon names: the release, and the identifier where there is one."""
    inputs = {"release": version("delaynet")}
    return inputs if embedded is None else inputs | {"origin": str(embedded)}


def html_of_page(root: Path, source: Path, embedded: Embedded | None = None) -> str:
    """Return the manuscript as HTML, in which numbers carry their keys and figures their paths.

    Raises:
        UserError: as `build`.
    """
    with _below_one_root(root, source) as (top, file):
        inputs = _origin(embedded) | {"page": "yes"}
        page = typst.compile(file, root=top, format="html", sys_inputs=inputs)
    return str(page, "utf-8")


def list_numbers(root: Path, source: Path) -> list[tuple[str, str]]:
    """List the numbers that the manuscript prints, in its order: (key, as printed).

    Raises:
        UserError: as `build`.
    """
    with _below_one_root(root, source) as (top, file):
        found = json.loads(typst.query(file, "<num>", field="value", root=top))
    return [(number["path"], number["shown"]) for number in found]


@contextmanager
def _below_one_root(root: Path, source: Path) -> Iterator[tuple[Path, Path]]:
    """Yield a folder that holds manuscript and results, and the source in it.

    Typst reads nothing that is not below its root. A manuscript that lies elsewhere than the
    results is copied beside a link to them.

    Raises:
        UserError: what stopped Typst, in one sentence.
    """
    with tempfile.TemporaryDirectory() as folder:
        top, file = root, source
        if not source.resolve().is_relative_to(root.resolve()):
            top, file = Path(folder), Path(folder, source.parent.name, source.name)
            shutil.copytree(source.parent, file.parent)
            (top / "results").symlink_to((root / "results").resolve())
        try:
            yield top, file
        except typst.TypstError as error:
            raise UserError(_sentence(error, top, source)) from None


def _sentence(error: typst.TypstError, root: Path, source: Path) -> str:
    """Return in one sentence what stopped the build."""
    message = str(error)
    if missing := re.search(r"file not found \(searched at (.*?)\)", message):
        path = Path(missing[1])
        if path.is_relative_to(root.resolve()):
            path = path.relative_to(root.resolve())
        return f"{source} needs {path}, which is missing: make it with `snakemake {path}`."
    found = re.search(r"┌─ (\S.*)", error.diagnostic)
    place = found[1] if found else source
    # a message on missing words, which are looked up by `at`, ends otherwise
    if missing := re.search(r'dictionary does not contain key "(.*)"$', message):
        return (
            f"{place} needs `{missing[1]}`, which {NUMBERS} does not hold there: make it again "
            f"with `snakemake --force {NUMBERS}`."
        )
    return f"{place}: {' '.join(message.split())}; correct the source."

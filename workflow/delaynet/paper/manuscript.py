"""The manuscript: Typst to PDF and HTML, and the list of the numbers that it prints.

The Typst source reads `/results/numbers.json`, tables and figures by paths from the project's root,
and marks each number with its key (`num` in `manuscript/numbers.typ`). A missing number stops the
build.
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
    """Write the manuscript as PDF; the same sources give the same bytes.

    Paths in the source that start with `/` are looked up in the project folder `root`. The
    identifier `embedded` is printed in the colophon, and written to the PDF's metadata.

    Raises:
        UserError: a number, a figure or a table is missing (named), or the source has a mistake.
    """
    document = set_pdf(root, source, embedded)
    with replacing(output) as temporary:
        temporary.write_bytes(document)


def set_pdf(root: Path, source: Path, embedded: Embedded | None = None) -> bytes:
    """Return the manuscript as PDF; arguments and errors as `build`."""
    with _below_one_root(root, source) as (top, file):
        # The PDF would otherwise contain the present time. Fonts of the system may differ between
        # machines under the same name.
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
    """Return what the colophon prints: the release, and the identifier if there is one."""
    inputs = {"release": version("delaynet")}
    return inputs if embedded is None else inputs | {"origin": str(embedded)}


def html_of_page(root: Path, source: Path, embedded: Embedded | None = None) -> str:
    """Return the manuscript as HTML with keys of numbers and paths of figures; see `build`."""
    with _below_one_root(root, source) as (top, file):
        inputs = _origin(embedded) | {"page": "yes"}
        page = typst.compile(file, root=top, format="html", sys_inputs=inputs)
    return str(page, "utf-8")


def list_numbers(root: Path, source: Path) -> list[tuple[str, str]]:
    """Return key and printed form of each number in the manuscript, in order; see `build`."""
    with _below_one_root(root, source) as (top, file):
        found = json.loads(typst.query(file, "<num>", field="value", root=top))
    return [(number["path"], number["shown"]) for number in found]


@contextmanager
def _below_one_root(root: Path, source: Path) -> Iterator[tuple[Path, Path]]:
    """Yield a folder that holds manuscript and results, and the source in it.

    Typst reads only files below its root, so a manuscript outside of the project is copied beside a
    link to the results. Errors of Typst become `UserError`s of one sentence.
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
    """Return the reason why the build stopped, in one sentence."""
    message = str(error)
    if missing := re.search(r"file not found \(searched at (.*?)\)", message):
        path = Path(missing[1])
        if path.is_relative_to(root.resolve()):
            path = path.relative_to(root.resolve())
        return f"{source} needs {path}, which is missing: make it with `snakemake {path}`."
    found = re.search(r"┌─ (\S.*)", error.diagnostic)
    place = found[1] if found else source
    # messages about missing words, which are looked up by `at`, have another end
    if missing := re.search(r'dictionary does not contain key "(.*)"$', message):
        return (
            f"{place} needs `{missing[1]}`, which {NUMBERS} does not hold there: make it again "
            f"with `snakemake --force {NUMBERS}`."
        )
    return f"{place}: {' '.join(message.split())}; correct the source."

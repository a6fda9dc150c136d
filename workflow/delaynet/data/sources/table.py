"""A user's own recordings, in any folders and under any names, with a table that describes them.

The table is a CSV or TSV file with a header. It has the columns `file` (below the folder of the
table), `word` and `speaker`, and may have `split` (train, validation or test), `language` and
`trial`; other columns are ignored.
"""

import csv
import io
import posixpath
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import NamedTuple
from unicodedata import normalize

import numpy as np

from delaynet.config.errors import UserError
from delaynet.config.settings import CorpusSettings
from delaynet.data.corpus.clips import SPLITS, Clip, Fault, FaultKind, Table
from delaynet.data.corpus.layout import read_text
from delaynet.data.order import number_first
from delaynet.data.sources import Source
from delaynet.provenance.record import file_digest

REQUIRED = ("file", "word", "speaker")
COLUMNS = (*REQUIRED, "split", "language", "trial")
SEPARATORS = "\t;,"
HOLDS = "a CSV or TSV file with the columns file, word and speaker"
LEAST_SPEAKERS = 3  # to draw three splits


class Line(NamedTuple):
    """A line of the table: its number, and the recording that it names."""

    number: int
    clip: Clip


class Recordings(Source):
    """Recordings that are listed in a table."""

    settings = ("table", "seed", "shared_speakers")
    description = (
        'The corpus, _#corpus;_, holds #num("corpus.clips") recordings of '
        '#plural("corpus.classes", "word", "words") by #num("corpus.speakers") speakers.'
    )

    def table(self, folder: Path, corpus: CorpusSettings) -> Table:
        """Read the table, and look for faults in every line."""
        path = folder / _path(corpus).name
        lines, faults, notes = _read(path, corpus.seed)
        for line in lines:
            if line.clip.split not in SPLITS:
                detail = f"'{line.clip.split}' is none of {', '.join(SPLITS)}"
                faults.append(_fault(line, "unknown split", detail))
            if not (folder / line.clip.filename).exists():
                faults.append(_fault(line, "missing", f"not in {folder}"))
        faults += [*_named_twice(lines), *_same_content(folder, lines)]
        if corpus.shared_speakers == "excluded":
            faults += _shared_speakers(lines)
        # otherwise the check of the corpus reports these too, without their lines
        reported = {each.filename for each in faults if each.fault in ("missing", "listed twice")}
        clips = (line.clip for line in lines if line.clip.filename not in reported)
        return Table(path.stem, tuple(clips), tuple(faults), notes, audio=".")

    def folder(self, corpus: CorpusSettings) -> Path:
        """Return the folder of the table."""
        return _path(corpus).parent

    def inputs(self, corpus: CorpusSettings) -> list[Path]:
        """Return the table, and what its folder holds of the listed files and their folders."""
        path = _path(corpus)
        lines, _, _ = _read(path, corpus.seed)
        tops = {path.parent / PurePosixPath(line.clip.filename).parts[0] for line in lines}
        return [path, *sorted(top for top in tops if top.exists())]

    def training_clips(self, corpus: CorpusSettings) -> int:
        """Return the number of lines for training."""
        lines, _, _ = _read(_path(corpus), corpus.seed)
        return sum(line.clip.split == "train" for line in lines)

    def check(self, corpus: CorpusSettings) -> None:
        """Check that the table is there, has its columns, and has splits or speakers enough."""
        _read(_path(corpus), corpus.seed)


SOURCE = Recordings()


def draw_splits(speakers: Iterable[str], seed: int) -> dict[str, str]:
    """Draw the split of each of at least three speakers, for a table that has none.

    The speakers (numbers in their order, then names in theirs) are shuffled from the seed. The
    first fifth is for the test, the next tenth for validation, both rounded and at least one
    speaker; the others are for training.
    """
    ordered = sorted(set(speakers), key=number_first)
    count = len(ordered)
    shuffled = [ordered[index] for index in np.random.default_rng(seed).permutation(count)]
    test, validation = max(1, (count + 2) // 5), max(1, (count + 5) // 10)
    return {
        speaker: "test" if place < test else "validation" if place < test + validation else "train"
        for place, speaker in enumerate(shuffled)
    }


def _path(corpus: CorpusSettings) -> Path:
    if corpus.table is None:
        raise UserError(f"`corpus.table` is missing: `source: table` needs {HOLDS}.")
    return Path(corpus.table)


def _read(path: Path, seed: int) -> tuple[list[Line], list[Fault], tuple[str, ...]]:
    """Return the lines that name a recording, the faults of the others, and a note on drawn splits.

    Raises:
        UserError: the table has no recording, or too few speakers to draw splits.
    """
    lines: list[Line] = []
    faults = []
    trials: Counter[tuple[str, ...]] = Counter()
    for number, row, problem in _rows(path):
        if problem:
            faults.append(Fault(row["file"], "wrong line", f"line {number}: {problem}"))
            continue
        said = row["language"], row["word"], row["speaker"]
        trial = int(row["trial"]) if row["trial"] else trials[said]
        trials[said] += 1
        name = posixpath.normpath(row["file"])
        clip = Clip(name, row["word"], row["speaker"], row["split"], row["language"], trial)
        lines.append(Line(number, clip))
    if not lines and not faults:
        raise UserError(f"{path}: names no recording; give each a line below the first.")
    if not lines or any(line.clip.split for line in lines):
        return lines, faults, ()
    drawn = draw_splits((line.clip.speaker for line in lines), seed)
    if len(drawn) < LEAST_SPEAKERS:
        raise UserError(
            f"{path}: has no splits, and {len(drawn)} of the {LEAST_SPEAKERS} speakers that are "
            f"needed to draw them: add a column `split`, with {', '.join(SPLITS)}."
        )
    chosen = [Line(number, replace(clip, split=drawn[clip.speaker])) for number, clip in lines]
    names = {
        split: ", ".join(sorted((s for s in drawn if drawn[s] == split), key=number_first))
        for split in SPLITS
    }
    note = (
        f"{path.name} has no splits; they were drawn by speaker, with `corpus.seed` {seed}. Test: "
        f"{names['test']}. Validation: {names['validation']}. Training: {names['train']}."
    )
    return chosen, faults, (note,)


def _rows(path: Path) -> Iterator[tuple[int, dict[str, str], str]]:
    """Yield of each row the number of its line, its cells by column, and its problem or ''."""
    text = read_text(path, "table", f"name {HOLDS}.")
    separator = max(SEPARATORS, key=text.lstrip().split("\n")[0].count)
    reader = csv.reader(io.StringIO(text), delimiter=separator, skipinitialspace=True, strict=True)
    columns: list[str] = []
    last = 0
    try:
        for cells in reader:
            last = reader.line_num
            cells = [cell.strip() for cell in cells]
            if not any(cells):
                continue
            if not columns:
                columns = _checked_header(path, cells)
                continue
            row = dict.fromkeys(COLUMNS, "") | dict(zip(columns, cells, strict=False))
            # "ì" is one character or two, and the same word; file names stay as they are
            row |= {name: normalize("NFC", row[name]) for name in COLUMNS[1:]}
            yield last, row, _problem(row, len(cells), len(columns))
    except csv.Error as error:
        raise UserError(
            f"{path}: what follows line {last} cannot be read ({error}): correct the quotation "
            "marks there."
        ) from None


def _checked_header(path: Path, columns: list[str]) -> list[str]:
    wrong = [f"no column `{name}`" for name in REQUIRED if name not in columns]
    wrong += [f"two columns `{name}`" for name in COLUMNS if columns.count(name) > 1]
    if wrong:
        raise UserError(
            f"{path}: its first line has {' and '.join(wrong)}; it needs {', '.join(REQUIRED)}, "
            f"each once, and has: {', '.join(columns)}."
        )
    return columns


def _problem(row: dict[str, str], cells: int, columns: int) -> str:
    """Return what makes a row useless, or ''."""
    if cells != columns:
        return f"{cells} cells, where the first line has {columns}"
    if empty := [name for name in REQUIRED if not row[name]]:
        return f"no {' and no '.join(empty)}"
    if row["trial"] and not row["trial"].isdecimal():
        return f"trial '{row['trial']}' is not a whole number"
    if posixpath.normpath(row["file"]).split("/")[0] in ("", ".", ".."):
        return "not the path of a file below the folder of the table"
    return ""


def _fault(line: Line, kind: FaultKind, detail: str) -> Fault:
    return Fault(line.clip.filename, kind, f"line {line.number}: {detail}")


def _named_twice(lines: Iterable[Line]) -> list[Fault]:
    numbers = defaultdict(list)
    for line in lines:
        numbers[line.clip.filename].append(str(line.number))
    return [
        Fault(name, "listed twice", f"lines {', '.join(where)}")
        for name, where in numbers.items()
        if len(where) > 1
    ]


def _same_content(folder: Path, lines: Iterable[Line]) -> list[Fault]:
    """Return a fault for each line whose file has the bytes of another one."""
    by_digest = defaultdict(list)
    for line in {line.clip.filename: line for line in lines}.values():
        with suppress(OSError):  # the check of the corpus reports it
            by_digest[file_digest(folder / line.clip.filename)].append(line)
    return [
        _fault(
            line,
            "same content",
            "as " + ", ".join(f"'{other.clip.filename}'" for other in same if other is not line),
        )
        for same in by_digest.values()
        if len(same) > 1
        for line in same
    ]


def _shared_speakers(lines: Iterable[Line]) -> list[Fault]:
    """Return a fault for each line whose speaker an earlier line has in another split."""
    first: dict[str, Line] = {}
    faults = []
    for line in lines:
        other = first.setdefault(line.clip.speaker, line)
        if line.clip.split != other.clip.split:
            words = f"speaker '{line.clip.speaker}' is in the {other.clip.split} list by line "
            faults.append(_fault(line, "shared speaker", f"{words}{other.number}"))
    return faults

"""The layout of the Heidelberg Digits: file names, speakers, and the training and test lists.

A corpus is a folder with `audio/`, `train_filenames.txt` and `test_filenames.txt` (one bare file
name a line), and, unless it holds a user's own recordings, a `corpus.json` that says what it is.
Source: Cramer et al. 2020, "The Heidelberg Spiking Data Sets", doi 10.1109/TNNLS.2020.3044364.
"""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from delaynet.errors import UserError
from delaynet.files import replacing

# fmt: off
LABEL_NAMES = (
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine",
    "null", "eins", "zwei", "drei", "vier", "fünf", "sechs", "sieben", "acht", "neun",
)
# fmt: on
LANGUAGES = ("english", "german")
TEST_SPEAKERS = (4, 5)
SPLITS = ("train", "test")

_FILENAME = re.compile(
    r"lang-(english|german)_speaker-([0-9]{2})_trial-(0|[1-9][0-9]*)_digit-([0-9])\.flac"
)


@dataclass(frozen=True, order=True)
class Clip:
    """One recording of one digit: who said what, in which language, for the how-manieth time."""

    language: str
    speaker: int
    trial: int
    digit: int

    @property
    def filename(self) -> str:
        """The name of the clip's file in `audio/`."""
        return (
            f"lang-{self.language}_speaker-{self.speaker:02d}"
            f"_trial-{self.trial}_digit-{self.digit}.flac"
        )

    @property
    def label(self) -> int:
        """The class: 0-9 for English digits, 10-19 for German ones."""
        return 10 * LANGUAGES.index(self.language) + self.digit


def parse_filename(name: str) -> Clip:
    """Read a clip from its file name; `Clip.filename` is the inverse.

    Raises:
        UserError: the name is not one of the layout.
    """
    match = _FILENAME.fullmatch(name)
    if match is None:
        raise UserError(
            f"'{name}' is not the name of a clip: name it as "
            "'lang-english_speaker-03_trial-4_digit-7.flac'."
        )
    language, speaker, trial, digit = match.groups()
    return Clip(language, int(speaker), int(trial), int(digit))


def list_path(folder: Path, split: str) -> Path:
    """The list of the clips of one split, 'train' or 'test'."""
    return folder / f"{split}_filenames.txt"


def audio_path(folder: Path, clip: Clip) -> Path:
    """The sound file of one clip."""
    return folder / "audio" / clip.filename


def write_filenames(path: Path, clips: Iterable[Clip]) -> None:
    """Write the file names of the clips, sorted, one a line."""
    names = sorted(clip.filename for clip in clips)
    with replacing(path) as temporary:
        temporary.write_text("".join(f"{name}\n" for name in names), encoding="utf-8")


def read_corpus(folder: Path) -> list[tuple[Clip, str]]:
    """Read which clips a corpus holds, each with its split ('train' or 'test').

    Lines may carry the prefix `audio/`; blank lines are passed over. The order is that of the
    sorted file names, whatever the order of the lists.

    Raises:
        UserError: the folder, a list or a listed clip is missing, a list is empty, a line is not
            the name of a clip, or a clip is listed twice.
    """
    if not folder.is_dir():
        raise UserError(f"There is no corpus folder {folder}: make the corpus or correct its path.")
    splits: dict[Clip, str] = {}
    for split in SPLITS:
        for clip in _read_list(list_path(folder, split)):
            if clip in splits:
                where = f"both lists of {folder}"
                if splits[clip] == split:
                    where = f"{list_path(folder, split)} twice"
                raise UserError(f"'{clip.filename}' is in {where}: leave it in one place.")
            splits[clip] = split
    present = {path.name for path in (folder / "audio").glob("*.flac")}
    missing = sorted(clip.filename for clip in splits if clip.filename not in present)
    if missing:
        raise UserError(
            f"{folder / 'audio'} lacks {len(missing)} of the {len(splits)} listed clips, "
            f"'{missing[0]}' first: add them or take them off the list."
        )
    return sorted(splits.items(), key=lambda item: item[0].filename)


def _read_list(path: Path) -> list[Clip]:
    if not path.is_file():
        raise UserError(f"The list {path} is missing: write one clip's file name a line into it.")
    lines = [line.strip() for line in path.read_text(encoding="utf-8").splitlines()]
    clips = []
    for number, line in enumerate(lines, start=1):
        if not line:
            continue
        try:
            clips.append(parse_filename(line.removeprefix("audio/")))
        except UserError as error:
            raise UserError(f"{path}, line {number}: {error}") from None
    if not clips:
        raise UserError(f"The list {path} is empty: write one clip's file name a line into it.")
    return clips


def test_split(clips: Iterable[Clip], seed: int) -> set[Clip]:
    """Draw the test clips as the Heidelberg Digits do.

    All clips of speakers 4 and 5, and 5 % of the n others, drawn without replacement from the seed:
    (n + 10) // 20 of them, the nearest whole number, halves upwards. The order of `clips` is of no
    consequence.
    """
    clips = sorted(set(clips))
    others = [clip for clip in clips if clip.speaker not in TEST_SPEAKERS]
    drawn = np.random.default_rng(seed).choice(
        len(others), size=(len(others) + 10) // 20, replace=False
    )
    return set(clips) - set(others) | {others[index] for index in drawn}


# The name says what it does; it is not a test for pytest to collect where it is imported.
test_split.__test__ = False  # type: ignore[attr-defined]


def corpus_name_and_source(folder: Path) -> tuple[str, str]:
    """What the corpus is called and where it comes from, for axis titles and records.

    Without a `corpus.json` the folder holds a user's own recordings: its name, and "folder".

    Raises:
        UserError: `corpus.json` is not readable JSON with `name` and `source`.
    """
    path = folder / "corpus.json"
    if not path.exists():
        return folder.resolve().name, "folder"
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
        return str(record["name"]), str(record["source"])
    except (ValueError, KeyError, TypeError):
        raise UserError(
            f"{path} is not JSON with a 'name' and a 'source': make the corpus again."
        ) from None

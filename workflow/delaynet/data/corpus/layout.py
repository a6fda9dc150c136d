"""The layout of the Heidelberg Digits: file names, speakers, and the training and test lists.

A corpus is a folder with `audio/`, `train_filenames.txt` and `test_filenames.txt` (one bare file
name a line), and, unless it holds a user's own recordings, a `corpus.json` that says what it is.
Source: Cramer et al. 2020, "The Heidelberg Spiking Data Sets", doi 10.1109/TNNLS.2020.3044364.
"""

import json
import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np

from delaynet.config.errors import UserError
from delaynet.config.files import replacing

# fmt: off
DIGIT_NAMES = {
    "english": (
        "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine",
    ),
    "german": (
        "null", "eins", "zwei", "drei", "vier", "fünf", "sechs", "sieben", "acht", "neun",
    ),
}
# fmt: on
LANGUAGES = tuple(DIGIT_NAMES)
TEST_SPEAKERS = (4, 5)
SPLITS = ("train", "test")

_FILENAME = re.compile(
    r"lang-([^_/]+)_speaker-([0-9]{1,9})_trial-([0-9]{1,9})_(?:digit|word)-([^_/.]+)\.(?:flac|wav)"
)


@dataclass(frozen=True, order=True)
class Clip:
    """One recording of one word: who said what, in which language, for the how-manieth time.

    Attributes:
        language: that is spoken.
        speaker: number of the speaker.
        trial: how-manieth time the speaker says the word.
        word: as the file name has it, such as "7".
        filename: in `audio/`.
    """

    language: str
    speaker: int
    trial: int
    word: str
    filename: str

    @property
    def label(self) -> "Label":
        """The class: the word in its language."""
        return Label(self.language, self.word)


class Label(NamedTuple):
    """A class of the task: a word in a language."""

    language: str
    word: str


def digit_clip(language: str, speaker: int, trial: int, digit: int) -> Clip:
    """Return a clip named as in the Heidelberg Digits."""
    name = f"lang-{language}_speaker-{speaker:02d}_trial-{trial}_digit-{digit}.flac"
    return Clip(language, speaker, trial, str(digit), name)


def parse_filename(name: str) -> Clip:
    """Read a clip from its file name.

    Raises:
        UserError: the name is not one of the layout.
    """
    match = _FILENAME.fullmatch(name)
    if match is None:
        raise UserError(
            f"'{name}' is not the name of a clip: name it as "
            "'lang-english_speaker-03_trial-4_digit-7.flac'."
        )
    language, speaker, trial, word = match.groups()
    return Clip(language, int(speaker), int(trial), word, name)


def labels_of(clips: Iterable[Clip]) -> list[Label]:
    """Return the classes of a corpus in the order of their numbers: by language, then by word.

    Numbers stand before other words. The Heidelberg Digits have English as 0-9, German as 10-19.
    """
    return sorted(
        {clip.label for clip in clips},
        key=lambda label: (
            label.language,
            int(label.word) if label.word.isdecimal() else math.inf,
            label.word,
        ),
    )


def label_names(labels: Sequence[Label]) -> list[str]:
    """Return what the classes are called in figures: the word, with its language where it must."""
    names = [_spelled(label) for label in labels]
    return [
        f"{name} ({label.language})" if names.count(name) > 1 else name
        for name, label in zip(names, labels, strict=True)
    ]


def _spelled(label: Label) -> str:
    """Return an English or German digit as a word, another word as it is."""
    names = DIGIT_NAMES.get(label.language, ())
    is_digit = label.word.isdecimal() and int(label.word) < len(names)
    return names[int(label.word)] if is_digit else label.word


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


def refuse_to_replace(folder: Path, source: str, what: str) -> None:
    """Do nothing where nothing of the user's is lost with a folder: absent, empty, or made before.

    Args:
        folder: that is about to be replaced.
        source: of the corpus that may be replaced, as its `corpus.json` has it.
        what: that corpus in words.

    Raises:
        UserError: the folder holds something else, or is a file.
    """
    if not folder.exists():
        return
    try:
        record = json.loads((folder / "corpus.json").read_text(encoding="utf-8"))
        is_ours = isinstance(record, dict) and record.get("source") == source
    except (OSError, ValueError):
        is_ours = folder.is_dir() and not any(folder.iterdir())
    if not is_ours:
        raise UserError(
            f"{folder} holds something other than {what}: remove it or choose another folder."
        )


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

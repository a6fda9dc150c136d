"""The table of clips of a corpus: one row per recording.

The check, the features, the splits and the figures read this table. They parse no file names.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

from delaynet.data.order import number_first

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
SPLITS = ("train", "validation", "test")

FaultKind = Literal[
    "name",  # not the name of a clip
    "listed twice",  # in one list
    "both lists",
    "same recording",  # another file has the same language, speaker, trial and word
    "same content",  # another file has the same bytes
    "wrong line",  # of a table, that names no recording
    "unknown split",
    "shared speaker",  # another split has the speaker too, and must not
    "unknown label",  # a word that the corpus does not have
    "missing",  # listed, and not there
    "extra",  # there, and not listed
    "unreadable",  # not sound, or cut off
    "empty",
    "silent",
    "not a number",
]


@dataclass(frozen=True)
class Clip:
    """One recording of one word.

    Attributes:
        filename: path of the sound file below the corpus's folder of sound files.
        word: as written in the corpus, such as "7".
        speaker: name or number of the speaker.
        split: 'train', 'validation' or 'test'.
        language: that is spoken; '' where a table does not say.
        trial: number of the repetition, by the same speaker.
    """

    filename: str
    word: str
    speaker: str
    split: str
    language: str
    trial: int

    @property
    def label(self) -> "Label":
        """The class: the word in its language."""
        return Label(self.language, self.word)


class Label(NamedTuple):
    """A class of the task: a word in a language."""

    language: str
    word: str


class Fault(NamedTuple):
    """A fault of one file, or of one line of a list."""

    filename: str
    fault: FaultKind
    detail: str


@dataclass(frozen=True)
class Table:
    """The recordings of a corpus, by its lists and file names.

    Attributes:
        name: of the corpus, for figures and the manuscript.
        clips: one per recording, in any order.
        faults: of lists and names; a clip with a fault is left out later.
        notes: sentences on unusual properties that are no faults.
        audio: folder of the sound files, below the folder of the corpus.
    """

    name: str
    clips: tuple[Clip, ...]
    faults: tuple[Fault, ...] = ()
    notes: tuple[str, ...] = ()
    audio: str = "audio"


def labels_of(clips: Iterable[Clip]) -> list[Label]:
    """Return the classes of a corpus in the order of their numbers: by language, then by word.

    Numbers stand before other words. The Heidelberg Digits have English as 0-9, German as 10-19.
    """
    return sorted(
        {clip.label for clip in clips},
        key=lambda label: (label.language, *number_first(label.word)),
    )


def label_names(labels: Sequence[Label]) -> list[str]:
    """Return the names of classes for figures: the word, with its language where words repeat."""
    names = [_spelled(label) for label in labels]
    return [
        f"{name} ({label.language})" if names.count(name) > 1 else name
        for name, label in zip(names, labels, strict=True)
    ]


def _spelled(label: Label) -> str:
    """Spell out an English or German digit; return other words unchanged."""
    names = DIGIT_NAMES.get(label.language, ())
    is_digit = label.word.isdecimal() and int(label.word) < len(names)
    return names[int(label.word)] if is_digit else label.word

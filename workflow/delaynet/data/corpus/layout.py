"""The layout of the Heidelberg Digits: names of files, and the training and test lists.

A corpus in this layout is a folder with `audio/`, `train_filenames.txt` and `test_filenames.txt`
(one bare file name per line), and, unless it holds a user's own recordings, a `corpus.json` that
names it. Only this module knows these names; the others use its table of clips.
Source: Cramer et al. 2020, "The Heidelberg Spiking Data Sets", doi 10.1109/TNNLS.2020.3044364.
"""

import json
import os
import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from delaynet.config.errors import UserError
from delaynet.data.corpus.clips import DIGIT_NAMES, Clip, Fault, Table

LISTS = {split: f"{split}_filenames.txt" for split in ("train", "test")}

_FILENAME = re.compile(
    r"lang-([^_/]+)_speaker-([0-9]{1,9})_trial-([0-9]{1,9})_(?:digit|word)-([^_/.]+)\.(?i:flac|wav)"
)


class Identity(NamedTuple):
    """Origin, name and licence of a corpus that is made here, for its `corpus.json`."""

    source: str
    name: str
    licence: str


class Place(NamedTuple):
    """A line of the list of a split, and how it is called."""

    split: str
    name: str


def digit_clip(language: str, speaker: int, trial: int, digit: int, split: str = "train") -> Clip:
    """Return a clip named as in the Heidelberg Digits."""
    name = f"lang-{language}_speaker-{speaker:02d}_trial-{trial}_digit-{digit}.flac"
    return Clip(name, str(digit), str(speaker), split, language, trial)


def parse_filename(name: str, split: str = "train") -> Clip | None:
    """Read a clip from its file name, or None if that is no such name; speaker 03 is called "3"."""
    match = _FILENAME.fullmatch(name)
    if match is None:
        return None
    language, speaker, trial, word = match.groups()
    return Clip(name, _composed(word), str(int(speaker)), split, _composed(language), int(trial))


def _composed(text: str) -> str:
    """Return a text with "ì" as one character; it may be two, as in a Mac's names of files."""
    return unicodedata.normalize("NFC", text)


def read_table(folder: Path, name: str, *, are_digits: bool = False) -> Table:
    """Read both lists and the names of the files in `audio/`.

    Lines of a list may carry the prefix `audio/`; a byte order mark, Windows line ends, blank lines
    and hidden files in `audio/` are ignored. With `are_digits`, words other than English or German
    digits are faults.

    Raises:
        UserError: `audio/` or a list is missing, or a list is empty or not text.
    """
    files = _files_in(folder / "audio")
    spelled = {_composed(name): name for name in files}
    places: dict[str, list[Place]] = defaultdict(list)
    for listed, where in read_lists(folder, LISTS).items():
        file = listed if listed in files else spelled.get(_composed(listed), listed)
        places[file] += where
    clips, faults = [], []
    for filename in dict.fromkeys((*places, *files)):
        where = places.get(filename, [])
        clip = parse_filename(filename, where[0].split if where else "")
        if clip is None:
            place = _joined(where) or "in audio/"
            faults.append(Fault(filename, "name", f"{place}: not the name of a clip"))
        elif where:
            clips.append(clip)
        else:
            faults.append(Fault(filename, "extra", "in audio/, and in no list"))
    faults += list_faults({clip.filename: places[clip.filename] for clip in clips})
    if are_digits:
        faults += [
            Fault(clip.filename, "unknown label", f"no {clip.language} digit '{clip.word}'")
            for clip in clips
            if clip.word not in map(str, range(len(DIGIT_NAMES.get(clip.language, ()))))
        ]
    return Table(name, tuple(clips), tuple(faults))


def read_list(path: Path) -> list[tuple[int, str]]:
    """Return the names in a list, each with the number of its line.

    Raises:
        UserError: the list is missing, empty or not text.
    """
    text = read_text(path, "list", "write one clip's file name a line into it.")
    names = (line.strip().removeprefix("audio/") for line in text.split("\n"))
    return [(number, name) for number, name in enumerate(names, start=1) if name]


def read_text(path: Path, what: str, advice: str) -> str:
    """Return the text of a list or table in UTF-8, without a byte order mark.

    For errors, `what` says what it is, and `advice` what to do if it is missing or empty.

    Raises:
        UserError: the file is missing, empty or not text.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise UserError(f"The {what} {path} is missing: {advice}") from None
    except OSError as error:
        raise UserError(f"The {what} {path} cannot be read ({error.strerror}).") from None
    except UnicodeDecodeError:
        raise UserError(f"The {what} {path} is not text in UTF-8: save it as that.") from None
    if not text.strip():
        raise UserError(f"The {what} {path} is empty: {advice}")
    return text


def read_lists(folder: Path, lists: Mapping[str, str]) -> dict[str, list[Place]]:
    """Return all names in lists, each with its places; `lists` has a list's file name by split."""
    places = defaultdict(list)
    for split, name in lists.items():
        for line, filename in read_list(folder / name):
            places[filename].append(Place(split, f"line {line} of {name}"))
    return places


def list_faults(places: Mapping[str, Sequence[Place]]) -> Iterator[Fault]:
    """Yield a fault for each name that is in several lines of lists."""
    for filename, where in places.items():
        if len({place.split for place in where}) > 1:
            yield Fault(filename, "both lists", _joined(where))
        elif len(where) > 1:
            yield Fault(filename, "listed twice", _joined(where))


def _files_in(folder: Path) -> set[str]:
    """Return the names of everything in `audio/` that is not hidden."""
    try:
        return {name for name in os.listdir(folder) if not name.startswith(".")}
    except OSError as error:
        raise UserError(
            f"{folder} cannot be read ({error.strerror}): the sound files belong there."
        ) from None


def _joined(places: Iterable[Place]) -> str:
    return ", ".join(place.name for place in places)


def list_path(folder: Path, split: str) -> Path:
    """The list of the clips of one split, 'train' or 'test'."""
    return folder / LISTS[split]


def audio_path(folder: Path, clip: Clip) -> Path:
    """The sound file of one clip."""
    return folder / "audio" / clip.filename


def counted(clips: Mapping[str, int]) -> str:
    """Return numbers of clips, by split, in words."""
    purposes = {"train": "train", "validation": "validate", "test": "test"}
    each = ", ".join(f"{number:,} to {purposes[split]}" for split, number in clips.items())
    return f"{sum(clips.values()):,} clips ({each})"


def write_filenames(path: Path, clips: Iterable[Clip]) -> None:
    """Write the file names of the clips, sorted, one per line."""
    names = sorted(clip.filename for clip in clips)
    path.write_text("".join(f"{name}\n" for name in names), encoding="utf-8")


def refuse_to_replace(folder: Path, identity: Identity) -> None:
    """Raise a UserError unless a folder is absent, empty, or an older version of the corpus."""
    if not folder.exists():
        return
    try:
        record = json.loads((folder / "corpus.json").read_text(encoding="utf-8"))
        is_ours = isinstance(record, dict) and record.get("source") == identity.source
    except (OSError, ValueError):
        is_ours = folder.is_dir() and not any(folder.iterdir())
    if not is_ours:
        raise UserError(
            f"{folder} holds something other than the {identity.name}: remove it or choose another "
            "folder."
        )


def corpus_name(folder: Path) -> str:
    """Return the name of a corpus: that in its `corpus.json`, or else that of its folder.

    Raises:
        UserError: `corpus.json` is not readable JSON with a `name`.
    """
    path = folder / "corpus.json"
    if not path.exists():
        return folder.resolve().name
    try:
        return str(json.loads(path.read_text(encoding="utf-8"))["name"])
    except (ValueError, KeyError, TypeError):
        raise UserError(f"{path} is not JSON with a 'name': make the corpus again.") from None

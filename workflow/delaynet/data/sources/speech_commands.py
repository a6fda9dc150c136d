"""The Speech Commands, version 0.02, as their archive unpacks, in the user's folder.

A folder a word holds `<speaker>_nohash_<trial>.wav`; `validation_list.txt` and `testing_list.txt`
name files as `<word>/<file>`, and all others are the training list. `_background_noise_` is no
word. Source: Warden 2018, "Speech Commands", arXiv 1804.03209.
"""

import os
import re
from collections import defaultdict
from contextlib import suppress
from pathlib import Path

from delaynet.config.errors import UserError
from delaynet.config.settings import CorpusSettings
from delaynet.data.corpus.clips import Clip, Fault, FaultKind, Table
from delaynet.data.corpus.layout import read_list
from delaynet.data.sources import Source

LISTS = {"validation": "validation_list.txt", "test": "testing_list.txt"}
# of version 0.02
PUBLISHED_CLIPS = {"train": 84_843, "validation": 9_981, "test": 11_005}
BIBLIOGRAPHY = """
@misc{warden2018,
  author = {Warden, Pete},
  title = {Speech Commands: A Dataset for Limited-Vocabulary Speech Recognition},
  year = {2018},
  eprint = {1804.03209},
  archiveprefix = {arXiv}
}
"""

_FILENAME = re.compile(r"([^_]+)_nohash_([0-9]{1,9})\.(?i:wav)")


class SpeechCommands(Source):
    """Recordings of 35 English words at 16 kHz, by some thousands of speakers."""

    settings = ("folder",)
    holds = f"a folder for each word, {' and '.join(f'`{name}`' for name in LISTS.values())}"
    highest_hz = 8000.0
    description = (
        'The corpus is the _#corpus;_ @warden2018: #num("corpus.clips") recordings of '
        '#num("corpus.classes") English words by #plural("corpus.speakers", "speaker", "speakers").'
    )
    availability = (
        "The corpus is named in the configuration; the Speech Commands are published under "
        "CC~BY~4.0 @warden2018."
    )
    bibliography = BIBLIOGRAPHY

    def table(self, folder: Path, corpus: CorpusSettings) -> Table:
        """Read the lists and the names of the files in the words' folders."""
        listed, faults = _read_lists(folder)
        names = [f"{path.name}/{name}" for path in _words(folder) for name in _files_in(path)]
        clips = []
        # a listed file that is not there is reported by the check
        for filename in {*names, *listed}:
            word, _, name = filename.partition("/")
            match = _FILENAME.fullmatch(name)
            if match is None:
                faults.append(
                    Fault(filename, "name", "is not named as 'bed/00176480_nohash_0.wav'")
                )
                continue
            speaker, trial = match.groups()
            split = listed.get(filename, "train")
            clips.append(Clip(filename, word, speaker, split, "english", int(trial)))
        return Table(
            "Speech Commands", tuple(clips), tuple(faults), tuple(_notes_on_counts(clips)), "."
        )

    def inputs(self, corpus: CorpusSettings) -> list[Path]:
        """Return the lists and the words' folders; other files do not matter."""
        folder = self.folder(corpus)
        return [*(folder / name for name in LISTS.values()), *_words(folder)]

    def training_clips(self, corpus: CorpusSettings) -> int | None:
        """Count the files that are in no list; None if a list is faulty."""
        folder = self.folder(corpus)
        with suppress(UserError):
            files = sum(len(_files_in(path)) for path in _words(folder))
            return files - len(_read_lists(folder)[0])
        return None

    def check(self, corpus: CorpusSettings) -> None:
        """Check that the lists and a folder of a word are there."""
        super().check(corpus)
        folder = self.folder(corpus)
        if not _words(folder):
            raise UserError(
                f"`corpus.folder`: {folder} has no folder of a word; name the folder into which "
                "the archive of the Speech Commands was unpacked."
            )


def _words(folder: Path) -> list[Path]:
    """Return the words' folders, sorted."""
    if not folder.is_dir():
        return []
    return sorted(path for path in folder.glob("[!._]*") if path.is_dir())


def _files_in(folder: Path) -> list[str]:
    return [name for name in os.listdir(folder) if not name.startswith(".")]


def _read_lists(folder: Path) -> tuple[dict[str, str], list[Fault]]:
    """Return the list that each file is in, and the files that are listed more than once."""
    places = defaultdict(list)
    for split, name in LISTS.items():
        for line, filename in read_list(folder / name):
            places[filename].append((split, f"line {line} of {name}"))
    faults = []
    for filename, found in places.items():
        if len(found) > 1:
            is_in_both = len({split for split, _ in found}) > 1
            kind: FaultKind = "both lists" if is_in_both else "listed twice"
            faults.append(Fault(filename, kind, ", ".join(place for _, place in found)))
    return {filename: found[0][0] for filename, found in places.items()}, faults


def _notes_on_counts(clips: list[Clip]) -> list[str]:
    """Return a note if the lists differ in size from those of version 0.02."""
    counts = {split: sum(c.split == split for c in clips) for split in PUBLISHED_CLIPS}
    if counts == PUBLISHED_CLIPS:
        return []
    published, found = (
        f"{sum(numbers.values()):,} clips ({numbers['train']:,} to train, "
        f"{numbers['validation']:,} to validate, {numbers['test']:,} to test)"
        for numbers in (PUBLISHED_CLIPS, counts)
    )
    return [f"The Speech Commands, version 0.02, have {published}; this folder has {found}."]


SOURCE = SpeechCommands()

"""The Speech Commands, version 0.02, as their archive unpacks, in the user's folder.

A folder a word holds `<speaker>_nohash_<trial>.wav`; `validation_list.txt` and `testing_list.txt`
name files as `<word>/<file>`, and all others are the training list. `_background_noise_` is no
word. Source: Warden 2018, "Speech Commands", arXiv 1804.03209.
"""

import os
import re
from pathlib import Path

from delaynet.config.errors import UserError
from delaynet.config.settings import CorpusSettings
from delaynet.data.corpus.clips import Clip, Fault, Table
from delaynet.data.corpus.layout import counted, list_faults, read_lists
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
        places = read_lists(folder, LISTS)
        faults = [*list_faults(places)]
        names = [f"{path.name}/{name}" for path in _words(folder) for name in _files_in(path)]
        clips = []
        # a listed file that is not there is reported by the check
        for filename in {*names, *places}:
            word, _, name = filename.partition("/")
            match = _FILENAME.fullmatch(name)
            if match is None:
                faults.append(
                    Fault(filename, "name", "is not named as 'bed/00176480_nohash_0.wav'")
                )
                continue
            speaker, trial = match.groups()
            split = places[filename][0].split if filename in places else "train"
            clips.append(Clip(filename, word, speaker, split, "english", int(trial)))
        notes = []
        found = {split: sum(c.split == split for c in clips) for split in PUBLISHED_CLIPS}
        if found != PUBLISHED_CLIPS:
            notes.append(
                f"The Speech Commands, version 0.02, have {counted(PUBLISHED_CLIPS)}; this folder "
                f"has {counted(found)}."
            )
        return Table("Speech Commands", tuple(clips), tuple(faults), tuple(notes), audio=".")

    def inputs(self, corpus: CorpusSettings) -> list[Path]:
        """Return the lists and the words' folders; other files do not matter."""
        folder = self.folder(corpus)
        return [*(folder / name for name in LISTS.values()), *_words(folder)]

    def training_clips(self, corpus: CorpusSettings) -> int:
        """Count the files that are in no list."""
        folder = self.folder(corpus)
        files = sum(len(_files_in(path)) for path in _words(folder))
        return files - len(read_lists(folder, LISTS))

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
    if not folder.is_dir():
        return []
    return sorted(path for path in folder.glob("[!._]*") if path.is_dir())


def _files_in(folder: Path) -> list[str]:
    return [name for name in os.listdir(folder) if not name.startswith(".")]


SOURCE = SpeechCommands()

"""The Free Spoken Digit Dataset: fetched, or from an archive or a folder on disk.

Six people say the English digits, each 50 times: 3,000 recordings at 8 kHz, trimmed, with names
such as `7_jackson_32.wav`. It is known by its recordings (`config/downloads.json`), as its archive
is packed anew for each request.

Source: Jackson et al. 2018, doi 10.5281/zenodo.1342401.
"""

import os
import re
from pathlib import Path

from delaynet.config.errors import UserError
from delaynet.config.settings import CorpusSettings
from delaynet.data.corpus.clips import Clip, Fault, Table
from delaynet.data.corpus.layout import Identity
from delaynet.data.corpus.published import check, check_recordings, load_published
from delaynet.data.corpus.unpack import RECORDINGS, unpack
from delaynet.data.sources import MADE, Source
from delaynet.provenance.record import fingerprint

IDENTITY = Identity(
    "fsdd",
    "Free Spoken Digit Dataset",
    "CC BY-SA 4.0 (https://creativecommons.org/licenses/by-sa/4.0/); Jackson et al. 2018",
)
# names a folder, so that the same configuration serves on every machine
VARIABLE = "DELAYNET_FSDD"
TEST_INDICES = range(5)
TRAINING_CLIPS = 2700


class FreeSpokenDigits(Source):
    """Recordings of six people who say the digits in English."""

    settings = ("archive", "folder", "published", "test_speakers")
    highest_hz = 4000.0
    archive_name = "fsdd.tar.gz"
    holds = f"`{RECORDINGS}/`"
    description = (
        'The corpus is the _#corpus;_ @jackson2018: #num("corpus.clips") recordings of the English '
        'digits zero to nine by #num("corpus.speakers") people, at a sampling rate of 8 kHz.'
    )
    limits = (
        "Few people spoke the corpus, so that accuracies say little about other voices. The digits "
        "are words of one language, recorded at 8 kHz: accuracies cannot be compared with those on "
        "the Heidelberg Digits."
    )
    availability = (
        "The corpus is named in the configuration; the Free Spoken Digit Dataset @jackson2018 is "
        "published under CC~BY-SA~4.0, and was used unchanged."
    )
    bibliography = """
@misc{jackson2018,
  author    = {Jackson, Zohar and Souza, César and Flaks, Jason and Pan, Yuxin
               and Nicolas, Hereman and Thite, Adhish},
  title     = {Jakobovski/free-spoken-digit-dataset},
  publisher = {Zenodo},
  year      = {2018},
  doi       = {10.5281/zenodo.1342401},
}
"""

    def folder(self, corpus: CorpusSettings) -> Path:
        """Return the folder named in the configuration or environment, or the one that is made."""
        named = os.environ.get(VARIABLE)
        if corpus.archive is None and corpus.folder is None and named:
            return Path(named)
        return super().folder(corpus)

    def inputs(self, corpus: CorpusSettings) -> list[Path]:
        """Return the folder of sound files; the corpus that is made, as a whole."""
        folder = self.folder(corpus)
        return [folder if folder == MADE else folder / RECORDINGS]

    def make(self, folder: Path, corpus: CorpusSettings, processes: int) -> None:
        """Unpack the archive; refuse one with other recordings."""
        (archive,) = self.archives(corpus)
        found = check(load_published(Path(corpus.published), IDENTITY.source), archive)
        unpack(archive, folder, IDENTITY, found.sha256, (RECORDINGS,))

    def table(self, folder: Path, corpus: CorpusSettings) -> Table:
        """Read the file names; refuse a folder with other recordings."""
        recordings = folder / RECORDINGS
        published = load_published(Path(corpus.published), IDENTITY.source)
        check_recordings(published, fingerprint(recordings)["sha256"], recordings)
        clips, faults = [], []
        for name in sorted(path.name for path in recordings.glob("[!.]*")):
            match = re.fullmatch(r"(\d)_([a-z]+)_(\d+)\.wav", name)
            if match is None:
                faults.append(Fault(name, "name", "not as 7_jackson_32.wav"))
                continue
            word, speaker, number = match.groups()
            is_test = int(number) in TEST_INDICES
            if corpus.test_speakers:
                is_test = speaker in corpus.test_speakers
            split = "test" if is_test else "train"
            clips.append(Clip(name, word, speaker, split, "english", int(number)))
        speakers = {clip.speaker for clip in clips}
        if absent := sorted(set(corpus.test_speakers or ()) - speakers):
            raise UserError(
                f"`corpus.test_speakers`: the corpus has no speaker {' and no '.join(absent)}; it "
                f"has {', '.join(sorted(speakers))}."
            )
        return Table(IDENTITY.name, tuple(clips), tuple(faults), audio=RECORDINGS)

    def training_clips(self, corpus: CorpusSettings) -> int:
        """Return the number of clips in the corpus's own training list; others are similar."""
        return TRAINING_CLIPS

    def check(self, corpus: CorpusSettings) -> None:
        """Check that the archive or folder named in configuration or environment is there."""
        super().check(corpus)
        if corpus.folder and corpus.archive:
            raise UserError("`corpus.folder` and `corpus.archive` are both named; leave one out.")
        (recordings,) = self.inputs(corpus)
        if recordings != MADE and not recordings.is_dir():
            raise UserError(
                f"{VARIABLE}: {recordings} does not exist; name a folder that holds {self.holds}."
            )


SOURCE = FreeSpokenDigits()

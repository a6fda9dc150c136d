"""The Heidelberg Digits: fetched, or from an archive on disk, and unpacked.

Source: Cramer et al. 2020, "The Heidelberg Spiking Data Sets", doi 10.1109/TNNLS.2020.3044364.
"""

from dataclasses import replace
from pathlib import Path

from delaynet.config.settings import CorpusSettings
from delaynet.data.corpus.clips import Table
from delaynet.data.corpus.layout import LISTS, Identity, counted, read_list, read_table
from delaynet.data.corpus.published import check, load_published
from delaynet.data.corpus.unpack import unpack
from delaynet.data.sources import Source

IDENTITY = Identity(
    "heidelberg",
    "Heidelberg Digits",
    "CC BY 4.0 (https://creativecommons.org/licenses/by/4.0/); Cramer et al. 2020",
)
# Cramer et al. 2020: clips in the two lists
PUBLISHED_CLIPS = {"train": 8156, "test": 2264}


class Heidelberg(Source):
    """Recordings of twelve speakers who say the digits in English and German."""

    settings = ("archive", "published")
    archive_name = "hd_audio.tar.gz"
    description = (
        'The corpus is the _#corpus;_ @cramer2022: #num("corpus.clips") recordings of the digits '
        'zero to nine, spoken in #plural("corpus.languages", "language", "languages") by '
        '#num("corpus.speakers") speakers.'
    )
    availability = (
        "The corpus is named in the configuration; the Heidelberg Digits are published under "
        "CC~BY~4.0 @cramer2022."
    )

    def make(self, folder: Path, corpus: CorpusSettings, processes: int) -> None:
        """Unpack the archive; refuse one that differs from the pin."""
        (archive,) = self.archives(corpus)
        found = check(load_published(Path(corpus.published), IDENTITY.source), archive)
        unpack(archive, folder, IDENTITY, found.sha256)

    def table(self, folder: Path, corpus: CorpusSettings) -> Table:
        """Read the lists and the file names; note if the lists differ from the published ones."""
        table = read_table(folder, IDENTITY.name, are_digits=True)
        listed = {split: len(read_list(folder / name)) for split, name in LISTS.items()}
        if listed == PUBLISHED_CLIPS:
            return table
        note = (
            f"The Heidelberg Digits have {counted(PUBLISHED_CLIPS)}; these lists have "
            f"{counted(listed)} and are followed."
        )
        return replace(table, notes=(note,))

    def training_clips(self, corpus: CorpusSettings) -> int:
        """Return the published number."""
        return PUBLISHED_CLIPS["train"]


SOURCE = Heidelberg()

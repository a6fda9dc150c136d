"""A user's own recordings, in the layout of the Heidelberg Digits."""

from pathlib import Path

from delaynet.config.errors import UserError
from delaynet.config.settings import CorpusSettings
from delaynet.data.corpus.clips import Table
from delaynet.data.corpus.layout import LISTS, corpus_name, read_list, read_table
from delaynet.data.sources import Source


class Folder(Source):
    """Recordings in a folder: `audio/`, `train_filenames.txt` and `test_filenames.txt`."""

    settings = ("folder",)
    holds = "`audio/` and the two filename lists"
    description = (
        'The corpus, _#corpus;_, holds #num("corpus.clips") clips by #num("corpus.speakers") '
        "speakers in the layout of the Heidelberg Digits @cramer2022, spoken words in "
        '#plural("corpus.languages", "language", "languages").'
    )

    def table(self, folder: Path, corpus: CorpusSettings) -> Table:
        """Read the lists and the file names."""
        return read_table(folder, corpus_name(folder))

    def inputs(self, corpus: CorpusSettings) -> list[Path]:
        """Return the folder of sound files and the lists; other files do not matter."""
        folder = self.folder(corpus)
        return [folder / "audio", *(folder / name for name in LISTS.values())]

    def training_clips(self, corpus: CorpusSettings) -> int:
        """Count the names in the training list."""
        return len(read_list(self.folder(corpus) / LISTS["train"]))

    def check(self, corpus: CorpusSettings) -> None:
        """Check that folder, lists and sound files are there."""
        super().check(corpus)
        audio = self.folder(corpus) / "audio"
        if not audio.is_dir():
            raise UserError(f"`corpus.folder`: {audio} is no folder; put the sound files into one.")


SOURCE = Folder()

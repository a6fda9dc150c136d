"""The Spiking Heidelberg Digits, under an earlier name; see `shd`."""

from pathlib import Path

from delaynet.config.settings import CorpusSettings
from delaynet.data.features.spikes import SHD
from delaynet.data.sources import Source


class Spikes(Source):
    """Spikes in the published files; there are no recordings, so there is no table of clips."""

    settings = ("folder",)
    features = ("spikes",)
    corpus = SHD
    holds = " and ".join(SHD.filenames.values())
    description = (
        "The corpus, _#corpus;_ @cramer2022, holds the spikes of "
        '#num("corpus.clips") clips of spoken digits by #num("corpus.speakers") speakers, made by '
        "its authors with a model of the inner ear."
    )
    availability = (
        "The corpus is named in the configuration; the Heidelberg Digits are published under "
        "CC~BY~4.0 @cramer2022."
    )

    def inputs(self, corpus: CorpusSettings) -> list[Path]:
        """Return the published files."""
        return [self.folder(corpus) / name for name in self.corpus.filenames.values()]


SOURCE = Spikes()

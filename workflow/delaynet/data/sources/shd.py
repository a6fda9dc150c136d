"""The Spiking Heidelberg Digits: the published spikes, in the user's folder.

Source: Cramer et al. 2020, "The Heidelberg Spiking Data Sets", doi 10.1109/TNNLS.2020.3044364.
"""

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

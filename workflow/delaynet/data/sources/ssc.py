"""The Spiking Speech Commands: the published spikes, in the user's folder.

Source: Cramer et al. 2020, "The Heidelberg Spiking Data Sets", doi 10.1109/TNNLS.2020.3044364.
"""

from delaynet.data.features.spikes import SSC
from delaynet.data.sources.shd import Spikes
from delaynet.data.sources.speech_commands import BIBLIOGRAPHY


class SpikingSpeechCommands(Spikes):
    """Spikes of 35 English words; the validation list is one of the files."""

    corpus = SSC
    holds = ", ".join(SSC.filenames.values())
    description = (
        "The corpus, _#corpus;_ @cramer2022, holds the spikes of "
        '#num("corpus.clips") clips of single English words from the Speech Commands '
        "@warden2018, made by its authors with a model of the inner ear."
    )
    availability = (
        "The corpus is named in the configuration; the Spiking Speech Commands are published under "
        "CC~BY~4.0 @cramer2022."
    )
    bibliography = BIBLIOGRAPHY


SOURCE = SpikingSpeechCommands()

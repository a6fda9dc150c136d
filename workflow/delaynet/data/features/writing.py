"""The mel features of a whole corpus, computed in parallel and written to one HDF5 file."""

import logging
from collections.abc import Sequence
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Literal

import h5py
import numpy as np
from tqdm import tqdm

from delaynet.config.errors import UserError
from delaynet.config.files import replacing_hdf5
from delaynet.data.corpus.clips import label_names, labels_of
from delaynet.data.corpus.report import CheckedClip, CorpusReport, counted, usable_clips
from delaynet.data.features.audio import read_audio
from delaynet.data.features.hdf5 import (
    CLIPS_PER_CHUNK,
    create_features,
    describe_corpus,
    most_bytes,
    write_table,
)
from delaynet.data.features.mel import (
    MelSettings,
    NoFeatures,
    mel_features,
    require_bands,
    sentences_on_empty_bands,
)
from delaynet.data.processes import in_order

log = logging.getLogger("delaynet.data.features")

UNITS = {"authors": "dB above the floor", "stork": "standard deviation of the clip"}


def write_features(
    folder: Path,
    report: CorpusReport,
    path: Path,
    settings: MelSettings,
    faults: Literal["stop", "leave_out"] = "stop",
    processes: int = 1,
) -> None:
    """Write the features of a corpus to an HDF5 file (see `delaynet.data.features.hdf5`).

    Clips stand in the order of their file names. The number of processes changes no byte. Some
    recordings have a fault, or no features with these settings (shorter than a window, silent in
    the frames kept): they are an error if `faults` is `stop`, and named in the file if it is
    `leave_out`.

    Raises:
        UserError: there are faults and `faults` is `stop` (all are listed), no clip is left, there
            are more bands than frequencies, or a sound file can no longer be read.
    """
    clips = usable_clips(report, faults)
    _require_bands_of_all(clips, settings)
    with replacing_hdf5(path, most_bytes(settings, len(clips))) as file:
        features = create_features(file, settings, len(clips), "mel band", UNITS[settings.preset])
        used, without = _compute(features, folder / report.audio, clips, settings, processes)
        if without and (faults == "stop" or not used):
            reasons = "\n".join(f"'{name}': {reason}" for name, reason in without)
            raise UserError(
                f"{counted(len(without), 'clip')} of the corpus '{report.name}' give no features "
                "with these settings: record them again or take them off the lists, or set "
                "`corpus.faults: leave_out` in the configuration to go on without them:\n"
                f"{reasons}"
            )
        features.resize(len(used), axis=0)
        labels = labels_of(used)
        describe_corpus(file, report.name, report.source, report.audio, label_names(labels))
        without += [(f.filename, f"{f.fault} ({f.detail})") for f in report.faults]
        write_table(file, used, [labels.index(clip.label) for clip in used], sorted(without))


def _require_bands_of_all(clips: Sequence[CheckedClip], settings: MelSettings) -> None:
    """Check that the bands fit all sampling rates; warn of bands that differ or stay empty."""
    rates = sorted({clip.sample_rate for clip in clips})
    for rate in rates:
        require_bands(rate, settings)
    if settings.preset == "stork" and settings.highest_hz is None and len(rates) > 1:
        log.warning(
            "The clips have sampling rates of %s Hz; with `features: stork` the same band is at "
            "another frequency at each. `features.highest_hz: %g` makes them the same.",
            ", ".join(map(str, rates)),
            rates[0] / 2,
        )
    for sentence in sentences_on_empty_bands([clip.sample_rate for clip in clips], settings):
        log.warning("%s", sentence)


def _compute(
    dataset: h5py.Dataset,
    audio: Path,
    clips: Sequence[CheckedClip],
    settings: MelSettings,
    processes: int,
) -> tuple[list[CheckedClip], list[tuple[str, str]]]:
    """Fill the first rows of the dataset; return their clips, and files without features."""
    used: list[CheckedClip] = []
    without = []
    results = in_order(partial(_features_of, audio, settings), clips, processes, CLIPS_PER_CHUNK)
    results = iter(tqdm(results, "mel features", len(clips), unit="clip", mininterval=1))
    for start in range(0, len(clips), CLIPS_PER_CHUNK):
        chunk = clips[start : start + CLIPS_PER_CHUNK]
        found = list(islice(results, len(chunk)))
        features = [each for each in found if not isinstance(each, str)]
        if features:
            dataset[len(used) : len(used) + len(features)] = features
        for clip, each in zip(chunk, found, strict=True):
            if isinstance(each, str):
                without.append((clip.filename, each))
            else:
                used.append(clip)
    return used, without


def _features_of(audio: Path, settings: MelSettings, clip: CheckedClip) -> np.ndarray | str:
    """Return the features of a clip, [frames, bands], or the reason why it has none."""
    try:
        return mel_features(*read_audio(audio / clip.filename), settings)
    except NoFeatures as reason:
        return str(reason)

"""The Heidelberg Spiking Data Sets instead of audio: published spikes, counted in bins.

They are the Heidelberg Digits and the Speech Commands after a model of the inner ear: spikes of 700
units, in one HDF5 file per list. Source: Cramer et al. 2020, "The Heidelberg Spiking Data Sets",
doi 10.1109/TNNLS.2020.3044364. Datasets of one row per clip: `spikes/times` (in seconds) and
`spikes/units` (0 to 699), with one number per spike, `labels` and `extra/speaker`; and
`extra/keys`, the names of the labels.
"""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import h5py
import numpy as np
from tqdm import tqdm

from delaynet.config.errors import UserError
from delaynet.config.files import replacing_hdf5
from delaynet.config.settings import SpikeFeatures
from delaynet.data.corpus.clips import DIGIT_NAMES, Clip, Label, label_names
from delaynet.data.features.hdf5 import (
    CLIPS_PER_CHUNK,
    create_features,
    describe_corpus,
    most_bytes,
    write_table,
)

UNITS = 700


class SpikeCorpus(NamedTuple):
    """A published corpus of spikes.

    Attributes:
        filenames: of the file of each list.
        language: of words that are not the twenty digits.
    """

    name: str
    filenames: dict[str, str]
    language: str


SHD = SpikeCorpus(
    "Spiking Heidelberg Digits", {"train": "shd_train.h5", "test": "shd_test.h5"}, "unknown"
)
SSC = SpikeCorpus(
    "Spiking Speech Commands",
    {"train": "ssc_train.h5", "validation": "ssc_valid.h5", "test": "ssc_test.h5"},
    "english",
)
# by `corpus.source`
CORPORA = {"shd": SHD, "spikes": SHD, "ssc": SSC}
DIGITS = [Label(language, str(digit)) for language in DIGIT_NAMES for digit in range(10)]
# A time on the edge of two bins may be stored as the next smaller binary number; it still belongs
# to the later bin. In bins: 0.1 microseconds for bins of 10 ms.
EDGE = 1e-5


@dataclass(frozen=True)
class _SpikeFile:
    """The content of one list's file, apart from the spikes.

    Attributes:
        keys: names of the labels, or None if the file does not say.
    """

    path: Path
    split: str
    label: list[int]
    speaker: list[str]
    keys: list[str] | None


def spike_counts(times: np.ndarray, units: np.ndarray, settings: SpikeFeatures) -> np.ndarray:
    """Count the spikes of one clip in bins of time and groups of units.

    A feature is scale times the number of spikes with floor(t / bin_seconds) = frame and floor(unit
    * bands / 700) = group; spikes after the last frame are not counted. A spike less than `EDGE`
    before an edge counts as on it. Times are in seconds from the beginning of the clip, units 0 to
    699, [spikes] each. The counts are float32, [frames, bands].

    Raises:
        UserError: times and units differ in number, or there is a unit outside 0 to 699 or a time
            that is negative or not a number.
    """
    if len(times) != len(units):
        raise UserError(f"has {len(times)} times and {len(units)} units of spikes")
    times = times.astype(np.float64)
    units = units.astype(np.int64)
    if not (times >= 0).all():
        raise UserError("has a spike at a time that is negative or not a number")
    if len(units) and not 0 <= units.min() <= units.max() < UNITS:
        raise UserError(f"has spikes of units {units.min()} to {units.max()}, not 0 to {UNITS - 1}")
    frame = np.floor(times / settings.bin_seconds + EDGE)
    counted = frame < settings.frames
    group = units[counted] * settings.bands // UNITS
    cell = frame[counted].astype(np.int64) * settings.bands + group
    counts = np.bincount(cell, minlength=settings.frames * settings.bands)
    features: np.ndarray = settings.scale * counts.reshape(settings.frames, settings.bands)
    return features.astype(np.float32)


def write_spike_features(
    folder: Path, path: Path, settings: SpikeFeatures, source: str = "spikes"
) -> None:
    """Write the published spikes as a features file (see `delaynet.data.features.hdf5`).

    The training clips stand first and the test clips last, in the order of their file. A clip is
    named after its file and row, as `shd_train.h5#17`; its trial counts the clips of its speaker
    and label before it. Of twenty labels of the Spiking Heidelberg Digits the first ten are the
    English digits, the others the German ones. The source is a name in `CORPORA`.

    Raises:
        UserError: a file is missing or not in the published layout; the file and, where one is at
            fault, the clip are named.
    """
    corpus = CORPORA[source]
    parts = [_read_clips(folder / name, split, corpus) for split, name in corpus.filenames.items()]
    labels, names = _labels(parts, corpus)
    clips = [clip for part in parts for clip in _clips(part, labels)]
    with (
        replacing_hdf5(path, most_bytes(settings, len(clips))) as file,
        tqdm(total=len(clips), desc="counting spikes", unit="clip", mininterval=1) as progress,
    ):
        features = create_features(file, settings, len(clips), "unit group", "spike in a bin")
        done = 0
        for part in parts:
            for counts in _counts(part, settings, corpus):
                features[done : done + len(counts)] = counts
                done += len(counts)
                progress.update(len(counts))
        describe_corpus(file, corpus.name, source, "", names)
        write_table(file, clips, [label for part in parts for label in part.label], left_out=[])


def _labels(parts: list[_SpikeFile], corpus: SpikeCorpus) -> tuple[list[Label], list[str]]:
    """Return the classes of all files and their names."""
    keys = None
    for part in parts:
        if keys and part.keys and part.keys != keys:
            raise UserError(
                f"{parts[0].path} and {part.path} do not agree in `extra/keys`: fetch both."
            )
        keys = keys or part.keys
    classes = len(keys) if keys else 1 + max(max(part.label) for part in parts)
    for part in parts:
        if not 0 <= min(part.label) <= max(part.label) < classes:
            raise UserError(
                f"{part.path}: `labels` has numbers from {min(part.label)} to {max(part.label)}, "
                f"not 0 to {classes - 1}: fetch it again."
            )
    if corpus is SHD and classes == len(DIGITS):
        return DIGITS, keys or label_names(DIGITS)
    keys = keys or [str(number) for number in range(classes)]
    return [Label(corpus.language, key) for key in keys], keys


def _clips(part: _SpikeFile, labels: list[Label]) -> Iterator[Clip]:
    trials: Counter[tuple[str, int]] = Counter()
    for index, (label, speaker) in enumerate(zip(part.label, part.speaker, strict=True)):
        language, word = labels[label]
        filename = f"{part.path.name}#{index}"
        trial = trials[speaker, label]
        yield Clip(filename, word, speaker, part.split, language, trial)
        trials[speaker, label] += 1


def _counts(part: _SpikeFile, settings: SpikeFeatures, corpus: SpikeCorpus) -> Iterator[np.ndarray]:
    """Yield the features of a file, [up to 64 clips, frames, bands] at a time."""
    with _opened(part.path, corpus) as file:
        for start in range(0, len(part.label), CLIPS_PER_CHUNK):
            chunk = slice(start, start + CLIPS_PER_CHUNK)
            clips = zip(file["spikes/times"][chunk], file["spikes/units"][chunk], strict=True)
            counts = []
            for index, (times, units) in enumerate(clips, start):
                try:
                    counts.append(spike_counts(times, units, settings))
                except UserError as error:
                    raise UserError(f"{part.path}: clip {index} {error}: fetch it again.") from None
            yield np.stack(counts)


def _read_clips(path: Path, split: str, corpus: SpikeCorpus) -> _SpikeFile:
    """Read a file apart from its spikes, and check that these are there."""
    with _opened(path, corpus) as file:
        lengths = {}
        for name, kinds, content in (
            ("labels", "iu", "a whole number"),
            ("spikes/times", "f", "a list of times"),
            ("spikes/units", "iu", "a list of whole numbers"),
        ):
            dataset = _dataset(file, name)
            kind = dataset.dtype if name == "labels" else h5py.check_vlen_dtype(dataset.dtype)
            if dataset.ndim != 1 or kind is None or kind.kind not in kinds:
                raise UserError(
                    f"{path}: `{name}` does not hold {content} for each clip: fetch it again."
                )
            lengths[name] = len(dataset)
        label: list[int] = file["labels"][()].tolist()
        # a corpus with a validation list may leave them out
        if "validation" in corpus.filenames and "extra/speaker" not in file:
            speaker = ["unknown"] * len(label)
        else:
            speaker = _texts(_dataset(file, "extra/speaker"))
        lengths["extra/speaker"] = len(speaker)
        if len(set(lengths.values())) > 1 or not label:
            described = ", ".join(f"{count} in `{name}`" for name, count in lengths.items())
            raise UserError(f"{path}: not the same number of clips ({described}): fetch it again.")
        keys = _texts(_dataset(file, "extra/keys")) if "extra/keys" in file else None
        return _SpikeFile(path, split, label, speaker, keys)


def _texts(dataset: h5py.Dataset) -> list[str]:
    """Return texts, or numbers as texts."""
    values = np.atleast_1d(dataset[()]).tolist()
    return [value.decode() if isinstance(value, bytes) else str(value) for value in values]


def _dataset(file: h5py.File, name: str) -> h5py.Dataset:
    dataset = file.get(name)
    if not isinstance(dataset, h5py.Dataset):
        raise UserError(
            f"{file.filename}: has no dataset `{name}`; it must be a published file of spikes"
        )
    return dataset


@contextmanager
def _opened(path: Path, corpus: SpikeCorpus) -> Iterator[h5py.File]:
    if not path.is_file():
        raise UserError(
            f"{path} is not there: fetch `{path.name}.gz` of the {corpus.name} from "
            "https://zenkelab.org/datasets and unpack it there."
        )
    try:
        with h5py.File(path, locking=False) as file:
            yield file
    except OSError as error:
        raise UserError(f"{path} cannot be read as HDF5 ({error}): fetch it again.") from None

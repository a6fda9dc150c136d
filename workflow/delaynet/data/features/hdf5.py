"""The layout of the features file, for every source of features.

Datasets of one row per clip: `features` [clips, frames, bands]; `label`, `trial`; and as strings
`filename`, `word`, `speaker`, `split`, `language`. Of one row per fault: `left_out` (name of a file
that is not among the clips) and `left_out_fault`. Attributes of the file: every setting of the
features, `corpus_name`, `corpus_source`, `corpus_audio` (folder of the sound files below that of
the corpus), `label_names`.
"""

from collections.abc import Sequence

import h5py
import numpy as np

from delaynet.config.settings import AnyFeatures
from delaynet.data.corpus.clips import Clip
from delaynet.data.features.frames import step_seconds

CLIPS_PER_CHUNK = 64


def most_bytes(settings: AnyFeatures, clips: int) -> int:
    """Return how large the file of so many clips can be: full chunks, and 4 kB of text a clip."""
    chunks = -(-clips // CLIPS_PER_CHUNK)
    return 4 * chunks * CLIPS_PER_CHUNK * settings.frames * settings.bands + 4096 * (clips + 256)


def create_features(
    file: h5py.File, settings: AnyFeatures, clips: int, band: str, unit: str
) -> h5py.Dataset:
    """Create the dataset of features, float32 [clips, frames, bands], and describe it.

    `clips` is their largest possible number, `band` names the last axis, and `unit` is what a
    feature of `settings.scale` stands for.
    """
    file.attrs.update(settings.model_dump())
    # Not compressed: gzip would save 40 % of the space and read ten times slower.
    features = file.create_dataset(
        "features",
        (clips, settings.frames, settings.bands),
        np.float32,
        chunks=(min(CLIPS_PER_CHUNK, clips), settings.frames, settings.bands),
    )
    features.attrs["axes"] = ["clip", "frame", band]
    features.attrs["units"] = f"{settings.scale:g} per {unit}"
    features.attrs["frame_duration_s"] = step_seconds(settings)
    return features


def describe_corpus(
    file: h5py.File, name: str, source: str, audio: str, labels: Sequence[str]
) -> None:
    """Write name, origin and folder of the corpus, and the names of its labels."""
    file.attrs.update(corpus_name=name, corpus_source=source, corpus_audio=audio)
    file.attrs["label_names"] = list(labels)


def write_table(
    file: h5py.File,
    clips: Sequence[Clip],
    labels: Sequence[int],
    left_out: Sequence[tuple[str, str]],
) -> None:
    """Write the table of clips, and which files were left out, and why.

    A label is an index of the names of labels; `left_out` has the name of a file and its fault.
    """
    for key, numbers, meaning in (
        ("label", labels, "class, an index of label_names"),
        ("trial", [clip.trial for clip in clips], "how-manieth time the speaker says the word"),
    ):
        _describe(file.create_dataset(key, data=np.array(numbers, np.int64)), "clip", meaning)
    filenames = [clip.filename for clip in clips]
    names, faults = [name for name, _ in left_out], [fault for _, fault in left_out]
    for key, axis, texts, meaning in (
        ("word", "clip", [clip.word for clip in clips], "word said"),
        ("speaker", "clip", [clip.speaker for clip in clips], "name or number of the speaker"),
        ("language", "clip", [clip.language for clip in clips], "language spoken"),
        ("filename", "clip", filenames, "name of the file that holds the clip"),
        ("split", "clip", [clip.split for clip in clips], "'train', 'validation' or 'test'"),
        ("left_out", "fault", names, "name of a file that was left out"),
        ("left_out_fault", "fault", faults, "what is wrong with it"),
    ):
        encoded = [text.encode() for text in texts]
        kind = h5py.string_dtype("utf-8", max([1, *map(len, encoded)]))
        dataset = file.create_dataset(key, data=np.array(encoded, dtype=kind))
        _describe(dataset, axis, meaning)


def _describe(dataset: h5py.Dataset, axis: str, meaning: str) -> None:
    dataset.attrs["axes"] = [axis]
    dataset.attrs["units"] = "none"
    dataset.attrs["meaning"] = meaning

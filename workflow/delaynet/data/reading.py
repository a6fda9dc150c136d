"""Read the features file: its table of clips, and the features of clips."""

from pathlib import Path
from typing import NamedTuple

import h5py
import numpy as np

from delaynet.config.files import reading_hdf5, require

KIND = "a features file"


class FeaturesTable(NamedTuple):
    """The clips of a features file; arrays have one row per clip.

    Attributes:
        label: index of `label_names`.
        split: "train", "validation" or "test".
        label_names: the classes' words.
        corpus_audio: folder of the sound files below that of the corpus.
        channel_name: what an input channel is.
        step_milliseconds: duration of a frame, which is a time step of the network.
        left_out: number of files that were left out.
    """

    filename: np.ndarray
    label: np.ndarray
    speaker: np.ndarray
    language: np.ndarray
    split: np.ndarray
    label_names: list[str]
    corpus_name: str
    corpus_audio: str
    channel_name: str
    step_milliseconds: float
    left_out: int


def read_table(path: Path) -> FeaturesTable:
    """Read the table of clips; raise a UserError if the file is no features file."""
    with reading_hdf5(require(path), KIND) as file:
        texts = ("filename", "speaker", "language", "split")
        return FeaturesTable(
            **{name: file[name].asstr()[()] for name in texts},
            label=file["label"][()],
            label_names=[str(name) for name in file.attrs["label_names"]],
            corpus_name=str(file.attrs["corpus_name"]),
            corpus_audio=str(file.attrs["corpus_audio"]),
            channel_name=str(file["features"].attrs["axes"][2]),
            step_milliseconds=1000 * float(file["features"].attrs["frame_duration_s"]),
            left_out=len(file["left_out"]),
        )


def open_features(path: Path) -> h5py.Dataset:
    """Open the features, [clips, frames, bands], to read the rows of a few clips at a time.

    Raises:
        OSError, KeyError: it is no features file; see `readable`.
    """
    # without a cache of chunks a row is read alone, not with the 63 others of its chunk
    return h5py.File(path, locking=False, rdcc_nbytes=0)["features"]

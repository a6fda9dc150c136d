"""From the features file to tensors: training, validation and test clips."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import h5py
import numpy as np
import torch
from torch import Tensor

from delaynet.errors import UserError


@dataclass(frozen=True)
class Clips:
    """A set of clips on one device.

    Attributes:
        features: input currents, [time, clips, channels].
        spectrum: of the features over time, [frequencies, 2, clips, channels]; computed once, as
            the input never changes.
        label: [clips].
        filename: of each clip.
    """

    features: Tensor
    spectrum: Tensor
    label: Tensor
    filename: tuple[str, ...]

    def __len__(self) -> int:
        """Return the number of clips."""
        return len(self.filename)


@dataclass(frozen=True)
class Splits:
    """The clips of a corpus.

    Attributes:
        training: the training list without the validation speakers.
        validation: the validation speakers' clips of the training list.
        test: the test list.
        classes: number of labels.
        corpus_name: as in the features file.
        step_milliseconds: duration of a frame, which is a time step of the network.
    """

    training: Clips
    validation: Clips
    test: Clips
    classes: int
    corpus_name: str
    step_milliseconds: float


def load_splits(
    path: Path,
    validation_speakers: tuple[int, ...],
    to_spectrum: Callable[[Tensor], Tensor],
    device: torch.device,
) -> Splits:
    """Read a features file.

    Args:
        path: features file, as `delaynet.features` writes it.
        validation_speakers: held out of the training list.
        to_spectrum: `delaynet.delays.spectrum` with the taps of the kernels that follow.
        device: where the clips live.

    Raises:
        UserError: no such file, or a split without clips.
    """
    try:
        file = h5py.File(path)
    except OSError as error:
        raise UserError(f"{path}: cannot be read as a features file ({error}).") from None
    with file:
        features = file["features"][()]
        label = file["label"][()]
        filename = file["filename"].asstr()[()]
        is_test = file["split"].asstr()[()] == "test"
        speaker = file["speaker"][()]
        is_validation = ~is_test & np.isin(speaker, validation_speakers)
        classes = len(file.attrs["label_names"])
        corpus_name = str(file.attrs["corpus_name"])
        step_milliseconds = 1000 * float(file["features"].attrs["frame_duration_s"])

    there = set(speaker[~is_test].tolist())
    if absent := sorted(set(validation_speakers) - there):
        raise UserError(
            f"{path}: the training list has no clips of speakers {absent}, which "
            f"`training.validation_speakers` names; it has {sorted(there)}."
        )

    def clips(chosen: np.ndarray, split: str) -> Clips:
        if not chosen.any():
            raise UserError(
                f"{path}: the {split} split has no clips with validation speakers "
                f"{list(validation_speakers)}; change `training.validation_speakers`."
            )
        time_major = torch.from_numpy(features[chosen]).transpose(0, 1).contiguous().to(device)
        return Clips(
            time_major,
            to_spectrum(time_major),
            torch.from_numpy(label[chosen]).to(device),
            tuple(filename[chosen]),
        )

    return Splits(
        training=clips(~is_test & ~is_validation, "training"),
        validation=clips(is_validation, "validation"),
        test=clips(is_test, "test"),
        classes=classes,
        corpus_name=corpus_name,
        step_milliseconds=step_milliseconds,
    )

"""From the features file to tensors: training, validation and test clips."""

from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from delaynet.config.errors import UserError
from delaynet.config.files import reading_hdf5
from delaynet.data.order import number_first


@dataclass(frozen=True)
class Clips:
    """A set of clips on one device.

    Attributes:
        features: input currents, [clips, channels, time].
        label: [clips].
        filename: of each clip.
    """

    features: Tensor
    label: Tensor
    filename: tuple[str, ...]

    def __len__(self) -> int:
        """Return the number of clips."""
        return len(self.filename)

    def signal(self, index: Tensor | slice) -> Tensor:
        """Return the input currents of some clips as the network takes them.

        Whole rows are gathered and then transposed: value by value takes four times as long.

        Returns:
            [channels, time, batch].
        """
        return self.features[index].permute(1, 2, 0).contiguous()


@dataclass(frozen=True)
class Splits:
    """The clips of a corpus.

    Attributes:
        training: the training list without the validation clips.
        validation: the validation list, where the corpus has one; else the validation speakers'
            clips of the training list.
        test: the test list.
        mel_channel: which channel of the features file each input carries, [channels], on the CPU.
        classes: number of labels.
        corpus_name: as in the features file.
        step_milliseconds: duration of a frame, which is a time step of the network.
    """

    training: Clips
    validation: Clips
    test: Clips
    mel_channel: Tensor
    classes: int
    corpus_name: str
    step_milliseconds: float


class _FeaturesFile(NamedTuple):
    """The content of a features file; arrays have one row per clip."""

    features: np.ndarray
    label: np.ndarray
    filename: np.ndarray
    speaker: np.ndarray
    split: np.ndarray
    classes: int
    corpus_name: str
    step_milliseconds: float


def load_splits(
    path: Path,
    validation_speakers: tuple[str, ...],
    device: torch.device,
) -> Splits:
    """Read a features file.

    Args:
        path: features file, as `delaynet.data.features` writes it.
        validation_speakers: held out of the training list, unless the corpus has a validation list.
        device: of the returned tensors.

    Raises:
        UserError: no features file, a validation speaker without clips, or a split without clips.
    """
    content = _read(path)
    is_validation = validation_clips(content.split, content.speaker, validation_speakers)
    if not (content.split == "validation").any():
        speakers = sorted(set(content.speaker[content.split == "train"]), key=number_first)
        if absent := sorted(set(validation_speakers) - set(speakers), key=number_first):
            raise UserError(
                f"{path}: the training list has no clips of speakers {', '.join(absent)}, which "
                f"`training.validation_speakers` names; it has {', '.join(speakers)}."
            )
    chosen = {
        "training": (content.split == "train") & ~is_validation,
        "validation": is_validation,
        "test": content.split == "test",
    }
    for split, rows in chosen.items():
        if not rows.any():
            raise UserError(
                f"{path}: the {split} split has no clips with validation speakers "
                f"{', '.join(validation_speakers)}; change `training.validation_speakers`."
            )
    return Splits(
        **{split: _clips(content, rows, device) for split, rows in chosen.items()},
        mel_channel=torch.arange(content.features.shape[2]),
        classes=content.classes,
        corpus_name=content.corpus_name,
        step_milliseconds=content.step_milliseconds,
    )


def validation_clips(
    split: np.ndarray, speaker: np.ndarray, validation_speakers: tuple[str, ...]
) -> np.ndarray:
    """Return the mask of validation clips, [clips]: the corpus's own list, or else some speakers.

    Args:
        split: of each clip, [clips].
        speaker: of each clip, [clips].
        validation_speakers: whose clips are taken from the training list where there is no list.
    """
    listed: np.ndarray = split == "validation"
    if listed.any():
        return listed
    held_out: np.ndarray = (split == "train") & np.isin(speaker, validation_speakers)
    return held_out


def _read(path: Path) -> _FeaturesFile:
    if not path.exists():
        raise UserError(f"{path}: not there; make it first with `snakemake {path}`.")
    with reading_hdf5(path, "a features file") as file:
        return _FeaturesFile(
            features=file["features"][()],
            label=file["label"][()],
            filename=file["filename"].asstr()[()],
            speaker=file["speaker"].asstr()[()],
            split=file["split"].asstr()[()],
            classes=len(file.attrs["label_names"]),
            corpus_name=str(file.attrs["corpus_name"]),
            step_milliseconds=1000 * float(file["features"].attrs["frame_duration_s"]),
        )


def _clips(content: _FeaturesFile, rows: np.ndarray, device: torch.device) -> Clips:
    """Return the chosen clips on the device."""
    return Clips(
        torch.from_numpy(content.features[rows]).transpose(1, 2).contiguous().to(device),
        torch.from_numpy(content.label[rows]).to(device),
        tuple(content.filename[rows]),
    )

"""From the features file to tensors: training, validation and test clips."""

import logging
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from delaynet.config.errors import UserError
from delaynet.data.features.reading import FeaturesTable, read_features, read_table
from delaynet.data.order import number_first

# value of `training.validation_speakers`
LEAVE_ONE_OUT = ("leave_one_out",)

log = logging.getLogger("delaynet.data")


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


def load_splits(
    path: Path,
    validation_speakers: tuple[str, ...],
    device: torch.device,
    seed: int = 0,
) -> Splits:
    """Read a features file.

    Args:
        path: features file, as `delaynet.data.features` writes it.
        validation_speakers: held out of the training list, unless the corpus has a validation list;
            or `LEAVE_ONE_OUT`, one speaker by the seed.
        device: of the returned tensors.
        seed: of the run.

    Raises:
        UserError: no features file, a validation speaker without clips, a split without clips, or
            `LEAVE_ONE_OUT` with a corpus that has a validation list.
    """
    table, features = read_table(path), read_features(path)
    has_list = (table.split == "validation").any()
    speakers = training_speakers(table.split, table.speaker)
    if validation_speakers == LEAVE_ONE_OUT:
        if has_list:
            raise UserError(
                f"{path}: the corpus has a validation list, so no speaker is left out; take "
                "`training.validation_speakers` out of the configuration."
            )
        validation_speakers = (speakers[seed % len(speakers)],) if speakers else ()
        log.info("held out for validation: speaker %s", ", ".join(validation_speakers))
    is_validation = validation_clips(table.split, table.speaker, validation_speakers)
    absent = sorted(set(validation_speakers) - set(speakers), key=number_first)
    if absent and not has_list:
        raise UserError(
            f"{path}: the training list has no clips of speakers {', '.join(absent)}, which "
            f"`training.validation_speakers` names; it has {', '.join(speakers)}."
        )
    chosen = {
        "training": (table.split == "train") & ~is_validation,
        "validation": is_validation,
        "test": table.split == "test",
    }
    for split, rows in chosen.items():
        if not rows.any():
            raise UserError(
                f"{path}: the {split} split has no clips with validation speakers "
                f"{', '.join(validation_speakers)}; change `training.validation_speakers`."
            )
    return Splits(
        **{split: _clips(table, features, rows, device) for split, rows in chosen.items()},
        mel_channel=torch.arange(features.shape[2]),
        classes=len(table.label_names),
        corpus_name=table.corpus_name,
        step_milliseconds=table.step_milliseconds,
    )


def training_speakers(split: np.ndarray, speaker: np.ndarray) -> list[str]:
    """Return the speakers of the training list, numbers first.

    Args:
        split: of each clip, [clips].
        speaker: of each clip, [clips].
    """
    return sorted(set(speaker[split == "train"]), key=number_first)


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


def _clips(
    table: FeaturesTable, features: np.ndarray, rows: np.ndarray, device: torch.device
) -> Clips:
    """Return the chosen clips on the device."""
    return Clips(
        torch.from_numpy(features[rows]).transpose(1, 2).contiguous().to(device),
        torch.from_numpy(table.label[rows]).to(device),
        tuple(table.filename[rows]),
    )

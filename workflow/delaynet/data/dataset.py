"""From the features file to tensors: training, validation and test clips."""

import logging
from dataclasses import dataclass
from pathlib import Path

import h5py
import numpy as np
import torch
from torch import Tensor

from delaynet.config.errors import UserError
from delaynet.config.files import readable
from delaynet.data.memory import free_memory
from delaynet.data.order import number_first
from delaynet.data.reading import KIND, FeaturesTable, open_features, read_table

# value of `training.validation_speakers`
LEAVE_ONE_OUT = ("leave_one_out",)

# of the free memory, for features: the rest is for this training and others that start with it
SHARE_OF_MEMORY = 0.5
CLIPS_PER_PART = 1024

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
        return len(self.filename)

    def signal(self, index: Tensor | slice) -> Tensor:
        """Return the input currents of some clips for the network, [channels, time, batch].

        Whole rows are gathered and then transposed: value by value takes four times as long.
        """
        return self.features[index].permute(1, 2, 0).contiguous()


@dataclass(frozen=True)
class StoredClips(Clips):
    """Clips whose features stay in their file, and are read when they are needed.

    Attributes:
        features: without values, for their shape, [clips, channels, time].
        stored: features of all clips of the file, [clips of the file, time, channels].
        row: of each clip in the file, [clips].
    """

    stored: h5py.Dataset
    row: np.ndarray

    def signal(self, index: Tensor | slice) -> Tensor:
        """Read the input currents of some clips, [channels, time, batch]."""
        rows = self.row[index.cpu().numpy() if isinstance(index, Tensor) else index]
        features = np.empty((len(rows), *self.stored.shape[1:]), np.float32)
        for place in rows.argsort():
            self.stored.read_direct(features, rows[place], place)
        return torch.from_numpy(features).to(self.label.device).permute(2, 1, 0).contiguous()


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
    path: Path, validation_speakers: tuple[str, ...], device: torch.device, seed: int = 0
) -> Splits:
    """Read a features file; the tensors are on the device.

    The validation speakers are held out of the training list, unless the corpus has a validation
    list. `LEAVE_ONE_OUT` is one speaker, by the seed.

    Raises:
        UserError: no features file, a validation speaker without clips, a split without clips, or
            `LEAVE_ONE_OUT` with a corpus that has a validation list.
    """
    table = read_table(path)
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
    with readable(path, KIND):
        stored = open_features(path)
        clips = _stored_clips if _is_too_large(stored, device) else _loaded_clips
        splits = {split: clips(table, stored, rows, device) for split, rows in chosen.items()}
    return Splits(
        **splits,
        mel_channel=torch.arange(stored.shape[2]),
        classes=len(table.label_names),
        corpus_name=table.corpus_name,
        step_milliseconds=table.step_milliseconds,
    )


def training_speakers(split: np.ndarray, speaker: np.ndarray) -> list[str]:
    """Return the speakers of the training list, numbers first; arguments are [clips]."""
    return sorted(set(speaker[split == "train"]), key=number_first)


def validation_clips(
    split: np.ndarray, speaker: np.ndarray, validation_speakers: tuple[str, ...]
) -> np.ndarray:
    """Return the mask of validation clips by split and speaker, [clips] each.

    They are the corpus's own list, or else the clips of some speakers in the training list.
    """
    listed: np.ndarray = split == "validation"
    if listed.any():
        return listed
    held_out: np.ndarray = (split == "train") & np.isin(speaker, validation_speakers)
    return held_out


def _is_too_large(stored: h5py.Dataset, device: torch.device) -> bool:
    """Return whether features need more than their share of the free memory, and log it."""
    free = free_memory(device)
    if free is None or stored.nbytes <= SHARE_OF_MEMORY * free:
        return False
    log.info(
        "the features (%.1f GB) are read from disk batch by batch: of the memory %.1f GB are free, "
        "and they get at most %d %% of it",
        stored.nbytes / 1e9,
        free / 1e9,
        100 * SHARE_OF_MEMORY,
    )
    return True


def _stored_clips(
    table: FeaturesTable, stored: h5py.Dataset, rows: np.ndarray, device: torch.device
) -> StoredClips:
    """Return the chosen clips, with their features left in the file."""
    (row,) = np.nonzero(rows)
    frames, bands = stored.shape[1:]
    return StoredClips(
        torch.empty(len(row), bands, frames, device="meta"),
        torch.from_numpy(table.label[rows]).to(device),
        tuple(table.filename[rows]),
        stored,
        row,
    )


def _loaded_clips(
    table: FeaturesTable, stored: h5py.Dataset, rows: np.ndarray, device: torch.device
) -> Clips:
    """Return the chosen clips with their features on the device.

    They are read in parts: a copy of all would take as much memory again.
    """
    frames, bands = stored.shape[1:]
    features = torch.empty(int(rows.sum()), bands, frames, device=device)  # [clips, channels, time]
    done = 0
    for start in range(0, len(rows), CLIPS_PER_PART):
        part = slice(start, start + CLIPS_PER_PART)
        if (chosen := rows[part]).any():
            values = torch.from_numpy(stored[part][chosen])
            features[done : done + len(values)] = values.transpose(1, 2)
            done += len(values)
    return Clips(
        features, torch.from_numpy(table.label[rows]).to(device), tuple(table.filename[rows])
    )

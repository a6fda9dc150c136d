"""Controls: altered training data (`training.data`).

Each removes one kind of information and keeps the rest:

    permuted_channels   neighbours in frequency: one random order of channels per run
    scrambled_time      order in time: a random order of frames for every clip
    shuffled_labels     labels: shuffled within training and within validation, true in the test

Controls draw from their own random streams, on the CPU. They are the same on every device, and the
initial network and the order of batches are those of the same run on natural clips.
"""

from dataclasses import replace

import torch

from delaynet.config.errors import UserError
from delaynet.data.dataset import Clips, Splits, StoredClips
from delaynet.training.randomness import generator


def apply_control(splits: Splits, data: str, seed: int) -> Splits:
    """Return the splits that a run is trained and tested on.

    Args:
        splits: as they are.
        data: `training.data`.
        seed: of the run.

    Raises:
        UserError: the control alters features, which do not fit into memory.
    """
    if data in ("permuted_channels", "scrambled_time") and isinstance(splits.training, StoredClips):
        raise UserError(
            f"`training.data: {data}` needs all features in memory, and they do not fit: give the "
            "training more memory."
        )
    match data:
        case "natural":
            return splits
        case "permuted_channels":
            return permuted_channels(splits, generator(seed, "channels"))
        case "scrambled_time":
            return scrambled_time(splits, generator(seed, "frames"))
        case "shuffled_labels":
            return shuffled_labels(splits, generator(seed, "labels"))
    raise ValueError(f"unknown data '{data}'")


def permuted_channels(splits: Splits, stream: torch.Generator) -> Splits:
    """Return the splits with their channels in one random order, given by `mel_channel`."""
    order = torch.randperm(len(splits.mel_channel), generator=stream)

    def permuted(clips: Clips) -> Clips:
        return replace(clips, features=clips.features[:, order.to(clips.features.device)])

    return replace(
        splits,
        training=permuted(splits.training),
        validation=permuted(splits.validation),
        test=permuted(splits.test),
        mel_channel=splits.mel_channel[order],
    )


def scrambled_time(splits: Splits, stream: torch.Generator) -> Splits:
    """Return the splits with the frames of every clip in a random order of its own."""

    def scrambled(clips: Clips) -> Clips:
        count, _, frames = clips.features.shape
        draw = torch.rand(count, frames, generator=stream, dtype=torch.float64)
        order = draw.argsort(dim=1).to(clips.features.device)  # [clips, time]
        order = order[:, None].expand_as(clips.features)
        return replace(clips, features=clips.features.gather(2, order))

    return replace(
        splits,
        training=scrambled(splits.training),
        validation=scrambled(splits.validation),
        test=scrambled(splits.test),
    )


def shuffled_labels(splits: Splits, stream: torch.Generator) -> Splits:
    """Return the splits with labels shuffled within training and within validation."""

    def shuffled(clips: Clips) -> Clips:
        order = torch.randperm(len(clips), generator=stream)
        return replace(clips, label=clips.label[order.to(clips.label.device)])

    return replace(
        splits, training=shuffled(splits.training), validation=shuffled(splits.validation)
    )

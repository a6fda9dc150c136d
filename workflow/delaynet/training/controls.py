"""Controls: what a network is trained on instead of the clips as they are (`training.data`).

Each takes away one thing that a network could learn from, and leaves the rest:

    permuted_channels   neighbours in frequency: channels in one order a run, the same for all clips
    scrambled_time      order in time: frames in an order of its own for every clip
    shuffled_labels     meaning: clips of a split exchange their labels, those of the test apart

What is drawn comes from streams of its own, on the CPU: it is the same on every device, and a
network and the order of its batches are those of the same run on natural clips.
"""

from dataclasses import replace

import torch

from delaynet.data.dataset import Clips, Splits
from delaynet.training.randomness import generator


def controlled(splits: Splits, data: str, seed: int) -> Splits:
    """Return the splits that a run is trained and tested on.

    Args:
        splits: as they are.
        data: `training.data`.
        seed: of the run.
    """
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
    """Return the splits with their channels in one random order, which `mel_channel` tells."""
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
    """Return the splits with labels exchanged within training and within validation."""

    def shuffled(clips: Clips) -> Clips:
        order = torch.randperm(len(clips), generator=stream)
        return replace(clips, label=clips.label[order.to(clips.label.device)])

    return replace(
        splits, training=shuffled(splits.training), validation=shuffled(splits.validation)
    )

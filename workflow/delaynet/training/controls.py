"""Controls: altered training data (`training.data`).

Each removes one kind of information and keeps the rest:

    permuted_channels   neighbours in frequency: one random order of channels per run
    scrambled_time      order in time: a random order of frames for every clip
    shuffled_labels     labels: shuffled within training and within validation, true in the test
    labels_by_heart     labels, as above, of few training clips that can be learned by heart
    whitened            correlations over channels and frames (`training.whitening`)

Controls draw from their own random streams, on the CPU. They are the same on every device, and the
initial network and the order of batches are those of the same run on natural clips.
"""

from dataclasses import replace

import torch

from delaynet.config.errors import UserError
from delaynet.data.dataset import Clips, Splits, StoredClips
from delaynet.training.randomness import generator
from delaynet.training.whitening import whitened, whitening_of

# Training clips of each class that are learned by heart: so few that the miniature's networks learn
# nearly all of them in its ten epochs.
BY_HEART = 5
# controls that change the features of training clips, or which clips there are
ALTERS_FEATURES = ("permuted_channels", "scrambled_time", "labels_by_heart", "whitened")


def apply_control(splits: Splits, data: str, seed: int) -> Splits:
    """Return the splits that a run is trained and tested on.

    Args:
        splits: as they are.
        data: `training.data`.
        seed: of the run.

    Raises:
        UserError: the control alters features, which do not fit into memory.
    """
    if data in ALTERS_FEATURES and isinstance(splits.training, StoredClips):
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
        case "labels_by_heart":
            return labels_by_heart(splits, generator(seed, "labels"))
        case "whitened":
            return whitened_clips(splits)
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
    return replace(
        splits,
        training=_shuffled(splits.training, stream),
        validation=_shuffled(splits.validation, stream),
    )


def labels_by_heart(splits: Splits, stream: torch.Generator) -> Splits:
    """Return the splits with few training clips, repeated, and labels shuffled among them.

    They are `BY_HEART` clips of each class, drawn at random. They are repeated until there are as
    many as before, so that a training takes as many steps. Labels are also shuffled within
    validation.
    """
    order = torch.randperm(len(splits.training), generator=stream)
    label = splits.training.label.cpu()[order]
    few = torch.cat([order[label == word][:BY_HEART] for word in label.unique()])
    learned = _shuffled(_chosen(splits.training, few), stream)
    repeated = torch.arange(len(splits.training)) % len(few)
    return replace(
        splits,
        training=_chosen(learned, repeated),
        validation=_shuffled(splits.validation, stream),
    )


def whitened_clips(splits: Splits) -> Splits:
    """Return the splits with clips whitened, by the training clips."""
    whitening = whitening_of(splits.training.features)

    def white(clips: Clips) -> Clips:
        return replace(clips, features=whitened(clips.features, whitening))

    return replace(
        splits,
        training=white(splits.training),
        validation=white(splits.validation),
        test=white(splits.test),
    )


def _shuffled(clips: Clips, stream: torch.Generator) -> Clips:
    """Return clips with their labels in a random order."""
    order = torch.randperm(len(clips), generator=stream)
    return replace(clips, label=clips.label[order.to(clips.label.device)])


def _chosen(clips: Clips, index: torch.Tensor) -> Clips:
    """Return the clips with these indices, [chosen]."""
    on_device = index.to(clips.label.device)
    filenames = tuple(clips.filename[clip] for clip in index.tolist())
    return Clips(clips.features[on_device], clips.label[on_device], filenames)

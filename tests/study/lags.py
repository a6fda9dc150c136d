"""What makes the ridge: do like signs gather on the same delay, or at the same time of arrival?

Dense networks with learned delays are trained on clips whose channels lag behind:

    lagged_channels  each channel by so many steps of its own, the same in all clips
    lagged_clips     each channel of each clip by so many steps of its own
"""

from dataclasses import replace
from pathlib import Path

import torch
from torch import Tensor

from delaynet.config.grid import Config, Run
from delaynet.data.dataset import Clips, load_splits
from delaynet.training.initial import initial_network
from delaynet.training.randomness import generator
from study.training import is_finished, train_into

CHANNELS, CLIPS = LAGGED = ("lagged_channels", "lagged_clips")
LONGEST = 12
SEEDS = range(100, 105)


def lags_of_channels(seed: int, channels: int) -> Tensor:
    """Return the lags of `lagged_channels` in steps, [channels]."""
    return torch.randint(LONGEST + 1, (channels,), generator=generator(seed, "channels"))


def lagged(clips: Clips, lag: Tensor) -> Clips:
    """Return clips whose channels lag behind, after silence; what passes their end is cut off.

    Args:
        clips: in memory.
        lag: in steps, [clips or 1, channels].
    """
    features = clips.features  # [clips, channels, time]
    source = torch.arange(features.shape[2]) - lag[:, :, None]
    source = source.expand(features.shape)
    return replace(clips, features=features.gather(2, source.clamp(min=0)) * (source >= 0))


def train_lagged(config: Config, results: Path) -> None:
    """Train the networks that are not done.

    Args:
        config: of the study.
        results: of the study, with its features file; run folders are written below `lagged`.
    """
    torch.set_num_threads(1)
    for kind in LAGGED:
        for seed in SEEDS:
            folder = lagged_folder(results, kind, seed)
            if is_finished(folder):
                continue
            print(f"training {kind}, seed {seed}", flush=True)
            settings = config.resolve(Run("learned", "dense", "free", "0", seed, "ten_epochs"))
            speakers = settings.training.validation_speakers
            splits = load_splits(results / "features.h5", speakers, torch.device("cpu"), seed)
            channels = splits.training.features.shape[1]
            stream = generator(seed, "frames")
            for name in ("training", "validation", "test"):
                clips = getattr(splits, name)
                lag = lags_of_channels(seed, channels)[None]
                if kind == CLIPS:
                    lag = torch.randint(LONGEST + 1, (len(clips), channels), generator=stream)
                splits = replace(splits, **{name: lagged(clips, lag)})
            network = initial_network(settings, channels, splits.classes)
            train_into(folder, network, settings, splits)


def lagged_folder(results: Path, kind: str, seed: int) -> Path:
    """Return the run folder of a network."""
    return results / "lagged" / kind / f"seed-{seed}"

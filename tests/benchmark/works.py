"""What is measured: the paper's setting in its variants, and how each cost grows."""

from dataclasses import dataclass, field
from typing import Literal

import torch
from torch.nn import functional

from benchmark.peer import Data
from delaynet.config.grid import RunSettings
from delaynet.config.settings import ModelSettings, TrainingSettings
from delaynet.model.connectivity import connection_count

INPUTS, CLASSES = 40, 20
BATCH, STEPS = 256, 80
EPOCH_CLIPS, TEST_CLIPS = 8156, 2264  # of the Heidelberg Digits
LARGEST_INPUT = 1.584

Quantity = Literal["step", "epoch", "evaluation"]

# how often each side does its part, after the warm-up; the median counts
REPEATS = {"step": 7, "growth": 3, "epoch": 3, "evaluation": 5}


@dataclass(frozen=True)
class Work:
    """One thing that all sides do; works that differ in their names alone are equal.

    Attributes:
        name: as in the table.
        settings: of the network and its training.
        sigma: width of the delay kernels; 0 for rounded delays.
        quantity: what is timed.
        clips: in all.
        steps: of a clip.
        repeats: timings of each side.
        with_memory: whether the peak memory of a step is measured too.
    """

    name: str = field(compare=False)
    settings: RunSettings
    sigma: float
    quantity: Quantity = "step"
    clips: int = BATCH
    steps: int = STEPS
    repeats: int = field(default=REPEATS["step"], compare=False)
    with_memory: bool = field(default=False, compare=False)

    @property
    def batches(self) -> int:
        """Batches that a side works through at a time."""
        return -(-self.clips // BATCH)


def settings(
    delays: str = "learned",
    structure: str = "dense",
    sparsity: str = "0",
    signs: str = "free",
    hidden: int = 256,
    taps: int = 25,
) -> RunSettings:
    """Return the paper's settings of one variant, seed 0."""
    return RunSettings(
        delays=delays,
        structure=structure,
        signs=signs,
        sparsity=sparsity,
        seed=0,
        model=ModelSettings(hidden=(hidden,), max_delay=taps),
        training=TrainingSettings(),
    )


def _main_works() -> list[Work]:
    wide, narrow = TrainingSettings().initial_sigma, TrainingSettings().final_sigma
    rigl = "deep_r_rigl"
    with_memory = {
        "dense_learned": (settings(), narrow),
        "dense_learned_dale": (settings(signs="dale"), narrow),
        "dense_fixed": (settings("fixed"), 0.0),
        "static_fixed_0.9375": (settings("fixed", "static", "0.9375"), 0.0),
        "static_fixed_0.984375": (settings("fixed", "static", "0.984375"), 0.0),
        "deep_r_rigl_0.5": (settings("fixed", rigl, "0.5"), 0.0),
        "deep_r_rigl_0.9375": (settings("fixed", rigl, "0.9375"), 0.0),
        "deep_r_rigl_0.984375": (settings("fixed", rigl, "0.984375"), 0.0),
        "deep_r_rigl_dale_0.9375": (settings("fixed", rigl, "0.9375", "dale"), 0.0),
        "deep_r_rigl_learned_0.9375": (settings("learned", rigl, "0.9375"), narrow),
    }
    annealed = {
        "dense_learned_sigma_12": (settings(), wide),
        "deep_r_rigl_learned_0.9375_sigma_12": (settings("learned", rigl, "0.9375"), wide),
    }
    return [
        *(Work(name, *variant, with_memory=True) for name, variant in with_memory.items()),
        *(Work(name, *variant) for name, variant in annealed.items()),
    ]


def _epochs_and_evaluations() -> list[Work]:
    narrow = TrainingSettings().final_sigma
    epochs = {
        f"epoch_{EPOCH_CLIPS}": (settings(), narrow),
        f"epoch_{EPOCH_CLIPS}_deep_r_rigl_0.9375": (
            settings("fixed", "deep_r_rigl", "0.9375"),
            0.0,
        ),
    }
    evaluations = {
        "evaluation_0": settings("fixed"),
        "evaluation_0.9375": settings("fixed", "static", "0.9375"),
        "evaluation_0.984375": settings("fixed", "static", "0.984375"),
    }
    return [
        *(
            Work(name, *variant, "epoch", EPOCH_CLIPS, repeats=REPEATS["epoch"])
            for name, variant in epochs.items()
        ),
        *(
            Work(name, variant, 0.0, "evaluation", TEST_CLIPS, repeats=REPEATS["evaluation"])
            for name, variant in evaluations.items()
        ),
    ]


def growth_works() -> dict[str, list[Work]]:
    """Return how a step grows, by what is changed; the number stands last in a work's name."""
    narrow, repeats = TrainingSettings().final_sigma, REPEATS["growth"]
    sparsities = ["0.984375", "0.96875", "0.9375", "0.875", "0.75", "0.5", "0"]
    possible = (INPUTS * 256, 256 * CLASSES)
    return {
        "hidden": [
            Work(f"hidden_{hidden}", settings(hidden=hidden), narrow, repeats=repeats)
            for hidden in (64, 128, 256, 512, 1024)
        ],
        "steps": [
            Work(f"steps_{steps}", settings(), narrow, steps=steps, repeats=repeats)
            for steps in (80, 160, 320)
        ],
        "taps": [
            Work(f"taps_{taps}", settings(taps=taps), narrow, repeats=repeats)
            for taps in (25, 51, 101)
        ],
        "connections": [
            Work(
                f"connections_{sum(connection_count(n, sparsity) for n in possible)}",
                settings("fixed", "static" if sparsity != "0" else "dense", sparsity),
                0.0,
                repeats=repeats,
            )
            for sparsity in sparsities
        ],
    }


def all_works() -> list[Work]:
    """Return every work, in the order of the table."""
    growth = [work for works in growth_works().values() for work in works]
    return [*_main_works(), *_epochs_and_evaluations(), *growth]


def drawn_data(clips: int, steps: int) -> Data:
    """Return drawn clips shaped like mel features, always the same.

    Noise, smooth over about 5 steps and 3 channels, from 0 to the largest input within each clip:
    signal [time, clips, channels], label [clips].
    """
    draw = torch.Generator().manual_seed(0)
    noise = torch.randn(clips, 1, steps, INPUTS, generator=draw)
    time = torch.exp(-0.5 * (torch.arange(-10, 11) / 5) ** 2)
    channel = torch.exp(-0.5 * (torch.arange(-6, 7) / 3) ** 2)
    smooth = functional.conv2d(noise, time.view(1, 1, -1, 1), padding="same")
    smooth = functional.conv2d(smooth, channel.view(1, 1, 1, -1), padding="same")[:, 0]
    low, high = smooth.amin((1, 2), keepdim=True), smooth.amax((1, 2), keepdim=True)
    signal = (smooth - low) / (high - low) * LARGEST_INPUT
    return signal.transpose(0, 1).contiguous(), torch.randint(CLASSES, (clips,), generator=draw)

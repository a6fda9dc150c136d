"""The state of a training: everything that changes during it, for checkpoints."""

import copy
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import torch
from torch import Tensor

from delaynet.config.errors import UserError
from delaynet.config.grid import RunSettings
from delaynet.model.network import DelayNetwork
from delaynet.training.randomness import generator
from delaynet.training.run_folder import EpochMetrics
from delaynet.training.schedules import Optimisers
from delaynet.training.step import StepResult, Streams


class Best(NamedTuple):
    """The epoch whose network is kept."""

    accuracy: float
    epoch: int
    sigma: float
    network: dict[str, Tensor]


class Sums(NamedTuple):
    """Sums over the batches of an epoch so far, and the number of connections of all layers."""

    loss: float
    correct: int
    grown: int
    connections: int


@dataclass
class TrainingState:
    """The state of a training, between two batches.

    Sums stay on the device, so no batch waits for a GPU.

    Attributes:
        network: on the device of the training.
        initial: state of the network before training.
        optimisers: with their schedules.
        streams: random streams of the steps.
        order_stream: random stream of the order of the clips.
        turnover: connections grown in all finished epochs, [layers].
        epoch: number of finished epochs.
        batch: number of finished batches of the current epoch.
        order: of the clips in the current epoch, [clips].
        losses: of its batches, summed over clips, [batches].
        correct: number of its clips that were classified correctly.
        grown: connections grown in it, [layers].
        metrics: one row per finished epoch.
        best: of the finished epochs.
        epoch_began: `seconds` at the beginning of the epoch.
        devices: all that trained a part of it (`delaynet.training.device.describe_device`).
    """

    network: DelayNetwork
    initial: dict[str, Tensor]
    optimisers: Optimisers
    streams: Streams
    order_stream: torch.Generator
    turnover: Tensor
    epoch: int = 0
    batch: int = 0
    order: Tensor = field(init=False, repr=False)
    losses: Tensor = field(init=False, repr=False)
    correct: Tensor = field(init=False, repr=False)
    grown: Tensor = field(init=False, repr=False)
    metrics: list[EpochMetrics] = field(default_factory=list)
    best: Best | None = None
    epoch_began: float = 0.0
    devices: list[str] = field(default_factory=list)
    _earlier_seconds: float = 0.0
    _clock_began: float = field(default_factory=time.monotonic)

    @classmethod
    def before_training(cls, network: DelayNetwork, settings: RunSettings) -> "TrainingState":
        """Return the state before the first batch.

        Args:
            network: untrained, on the device of the training.
            settings: of the run.
        """
        device = network.layers[0].weight.device
        return cls(
            network=network,
            initial=copy.deepcopy(network.state_dict()),
            optimisers=Optimisers(network, settings),
            streams=Streams(
                generator(settings.seed, "dropout", device),
                generator(settings.seed, "growth", device),
            ),
            order_stream=generator(settings.seed, "order"),
            turnover=torch.zeros(len(network.layers), dtype=torch.long, device=device),
        )

    @property
    def device(self) -> torch.device:
        """Where the training computes."""
        return self.turnover.device

    @property
    def seconds(self) -> float:
        """Seconds of training so far, without interruptions and repeated batches."""
        return self._earlier_seconds + time.monotonic() - self._clock_began

    def begin_epoch(self, clips: int, batch_size: int) -> None:
        """Draw the order of the clips and start the sums, unless the epoch has begun already.

        Args:
            clips: number of clips.
            batch_size: clips per step.
        """
        if self.batch > 0:
            return
        order = torch.randperm(clips, generator=self.order_stream)
        self.order = order.to(self.device, non_blocking=True)
        self.losses = torch.zeros(len(self.batches(batch_size)), device=self.device)
        self.correct = torch.zeros((), dtype=torch.long, device=self.device)
        self.grown = torch.zeros_like(self.turnover)
        self.epoch_began = self.seconds

    def batches(self, batch_size: int) -> list[Tensor]:
        """Return the clips of each batch of the epoch, one tensor per batch."""
        # batch-norm needs more than one clip, so a single last one is left out
        return [batch for batch in self.order.split(batch_size) if len(batch) > 1]

    def end_batch(self, result: StepResult) -> None:
        """Add a batch to the sums of the epoch."""
        self.losses[self.batch] = result.loss
        self.correct += result.correct
        self.grown += result.grown
        self.batch += 1

    def end_epoch(self, metrics: EpochMetrics) -> None:
        """Close the epoch."""
        self.metrics.append(metrics)
        self.turnover += self.grown
        self.epoch += 1
        self.batch = 0

    def sums(self) -> list[Tensor]:
        """Return on the device whether all values are finite, and the fields of `Sums`."""
        losses = self.losses[: self.batch]
        values = [losses, *_real([self.network.state_dict(), self.optimisers.state_dict()])]
        return [
            torch.stack([value.isfinite().all() for value in values]).all(),
            losses.sum(),
            self.correct,
            self.grown.sum(),
            torch.stack([layer.mask.sum() for layer in self.network.layers]).sum(),
        ]

    def checked(self, sums: Sequence[Tensor], run: str) -> Sums:
        """Return sums if all values are finite.

        Args:
            sums: see `sums`, brought to the CPU.
            run: name of the run, for the message.

        Raises:
            UserError: a loss of this epoch, a weight or a moment of Adam is not finite.
        """
        is_finite, loss, *counts = sums
        if is_finite:
            return Sums(float(loss), *map(int, counts))
        losses = self.losses[: self.batch]
        if len(bad := losses.isfinite().logical_not().nonzero()):
            first = int(bad[0])
            what = f"{first + 1}, the loss became {float(losses[first])}"
        else:
            what = f"{self.batch} at the latest, the network became infinite or undefined"
        raise UserError(
            f"{run}: in epoch {self.epoch + 1}, batch {what}; lower `training.learning_rate`."
        )

    def state_dict(self) -> dict[str, Any]:
        """Return the state as tensors and plain values."""
        return {
            "network": self.network.state_dict(),
            "optimisers": self.optimisers.state_dict(),
            "generators": [stream.get_state() for stream in self._generators()],
            **{name: getattr(self, name) for name in _SAVED_AS_IT_IS},
            "metrics": [tuple(row) for row in self.metrics],
            "best": None if self.best is None else tuple(self.best),
            "seconds": self.seconds,
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Load what `state_dict` returned."""
        self.network.load_state_dict(state["network"])
        self.optimisers.load_state_dict(state["optimisers"])
        for stream, state_of_stream in zip(self._generators(), state["generators"], strict=True):
            stream.set_state(state_of_stream)
        for name in _SAVED_AS_IT_IS:
            value = state[name]
            setattr(self, name, value.to(self.device) if isinstance(value, Tensor) else value)
        self.metrics = [EpochMetrics(*row) for row in state["metrics"]]
        self.best = None if state["best"] is None else Best(*state["best"])
        self._earlier_seconds, self._clock_began = state["seconds"], time.monotonic()

    def _generators(self) -> tuple[torch.Generator, ...]:
        return *self.streams, self.order_stream


# what is saved as it is
_SAVED_AS_IT_IS = (
    "initial", "epoch", "batch", "order", "losses", "correct", "grown", "turnover", "epoch_began",
    "devices",
)  # fmt: skip


def _real(value: Any) -> Iterator[Tensor]:
    """Yield all floating-point tensors in nested dictionaries and lists."""
    if isinstance(value, dict | list | tuple):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from _real(inner)
    elif isinstance(value, Tensor) and value.is_floating_point():
        yield value

"""What changes from epoch to epoch: width of the delay kernels, pruning, learning rates."""

import inspect
import warnings
from typing import Any

import torch

from delaynet.config.grid import RunSettings
from delaynet.config.settings import TrainingSettings
from delaynet.model.network import DelayLayer


def kernel_width(delays: str, training: TrainingSettings, epoch: int) -> float:
    """Return sigma in an epoch, in steps; 0 stands for rounded delays, one tap.

    sigma falls exponentially from `initial_sigma` to `final_sigma` over the first
    `annealing_fraction` of the epochs (Hammouamri et al. 2024). Delays `none` and `fixed` have one
    tap from the start; `frozen` delays never change, but are annealed like learned ones.

    Args:
        delays: none, fixed, learned or frozen.
        training: settings.
        epoch: from 0.
    """
    if delays in ("none", "fixed"):
        return 0.0
    annealing_epochs = training.annealing_fraction * training.epochs
    progress = min(1.0, epoch / annealing_epochs)
    ratio = training.final_sigma / training.initial_sigma
    return float(training.initial_sigma * ratio**progress)


def pruning_progress(training: TrainingSettings, epoch: int) -> float:
    """Return the progress of gradual pruning in an epoch: from 0, dense, to 1, at its sparsity.

    It rises linearly over `pruning_fraction` of the epochs and reaches 1 in the last at the latest,
    because only such an epoch can be selected.

    Args:
        training: settings.
        epoch: from 0.
    """
    end = min(training.pruning_fraction * training.epochs, training.epochs - 1)
    return epoch / end if epoch < end else 1.0


class Adam(torch.optim.Adam):
    """PyTorch's Adam without the decorators that import its compiler, which takes two seconds."""

    add_param_group = inspect.unwrap(torch.optim.Adam.add_param_group)
    zero_grad = inspect.unwrap(torch.optim.Adam.zero_grad)
    state_dict = inspect.unwrap(torch.optim.Adam.state_dict)
    load_state_dict = inspect.unwrap(torch.optim.Adam.load_state_dict)
    step = torch.no_grad()(inspect.unwrap(torch.optim.Adam.step))


class Optimisers:
    """Adam for weights (OneCycle schedule) and for delays (cosine), stepping once an epoch."""

    def __init__(self, network: torch.nn.Module, settings: RunSettings) -> None:
        """Set up the optimisers of a network's parameters."""
        training = settings.training
        delays = [p for name, p in network.named_parameters() if name.endswith(".delay")]
        weights = [p for name, p in network.named_parameters() if not name.endswith(".delay")]
        self.weights = Adam(weights, lr=training.learning_rate, fused=True)
        self.delays = Adam(delays, lr=training.delay_learning_rate, fused=True)
        self._schedules = [
            torch.optim.lr_scheduler.OneCycleLR(
                self.weights,
                max_lr=training.learning_rate * training.peak_factor,
                total_steps=max(2, training.epochs),
            ),
            torch.optim.lr_scheduler.CosineAnnealingLR(self.delays, T_max=training.epochs),
        ]

    @property
    def learning_rate(self) -> float:
        """The weights' learning rate in this epoch."""
        return float(self.weights.param_groups[0]["lr"])

    def zero_grad(self) -> None:
        """Clear the gradients."""
        self.weights.zero_grad(set_to_none=True)
        self.delays.zero_grad(set_to_none=True)

    def step(self) -> None:
        """Update all parameters from their gradients."""
        self.weights.step()
        self.delays.step()

    def next_epoch(self, is_last: bool) -> None:
        """Advance the schedules, except after the last epoch: they have one value per epoch."""
        if is_last:
            return
        with warnings.catch_warnings():
            # after a checkpoint, the epoch's steps were taken in another process
            warnings.filterwarnings("ignore", r"Detected call of `lr_scheduler\.step\(\)`")
            for schedule in self._schedules:
                schedule.step()

    def state_dict(self) -> dict[str, Any]:
        """Return learning rates, moments and schedules."""
        return {
            "weights": self.weights.state_dict(),
            "delays": self.delays.state_dict(),
            "schedules": [schedule.state_dict() for schedule in self._schedules],
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Load what `state_dict` returned."""
        self.weights.load_state_dict(state["weights"])
        self.delays.load_state_dict(state["delays"])
        for schedule, state_of_schedule in zip(self._schedules, state["schedules"], strict=True):
            schedule.load_state_dict(state_of_schedule)

    def reset_moments(self, layer: DelayLayer, changed: torch.Tensor) -> None:
        """Clear the moments of connections that were pruned or have just started.

        Args:
            layer: of connections.
            changed: bool, [synapses, out, in].
        """
        for optimiser, parameter in ((self.weights, layer.weight), (self.delays, layer.delay)):
            if parameter in optimiser.state:
                for moment in ("exp_avg", "exp_avg_sq"):
                    optimiser.state[parameter][moment].masked_fill_(changed, 0.0)

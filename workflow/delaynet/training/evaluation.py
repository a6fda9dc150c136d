"""Evaluation of a network on clips: rounded delays, accuracy, activity."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from delaynet.config.settings import ModelSettings, TrainingSettings
from delaynet.data.dataset import Clips
from delaynet.model.network import DelayNetwork, LayerArrays, Response, class_evidence
from delaynet.training.device import on_cpu
from delaynet.training.run_folder import SavedNetwork


class Evaluation(NamedTuple):
    """Results of a network on a set of clips, on the CPU.

    Attributes:
        prediction: [clips].
        is_correct: whether it is the label, [clips].
        loss: mean cross-entropy.
        firing_rates: of each hidden layer's neurons, spikes per step, [neurons].
    """

    prediction: Tensor
    is_correct: Tensor
    loss: float
    firing_rates: tuple[Tensor, ...]

    @classmethod
    def of(cls, fetched: Sequence[Tensor]) -> "Evaluation":
        """Return the results of `evaluated`, brought to the CPU."""
        prediction, is_correct, loss, *rates = fetched
        return cls(prediction, is_correct, float(loss), tuple(rates))

    @property
    def correct(self) -> int:
        """Number of clips classified correctly."""
        return int(self.is_correct.sum())

    def accuracy(self, training: TrainingSettings) -> float:
        """Return the share of clips classified correctly, as defined by `training.accuracy`."""
        if training.accuracy == "clips":
            return self.correct / len(self.is_correct)
        batches = self.is_correct.split(training.batch_size)
        return sum(int(batch.sum()) / len(batch) for batch in batches) / len(batches)


def _signals(clips: Clips) -> Iterator[Tensor]:
    """Yield the input currents of all clips, some clips at a time, [channels, time, batch]."""
    # on a CPU few, so that a layer's signals stay in its cache; on a GPU many, to save launches
    at_once = 64 if clips.label.device.type == "cpu" else 256
    for first in range(0, len(clips), at_once):
        yield clips.signal(slice(first, first + at_once))


def evaluate(network: DelayNetwork, clips: Clips, sigma: float = 0.0) -> Evaluation:
    """Evaluate a network on clips: see `evaluated`; this waits for the device, once."""
    return Evaluation.of(on_cpu(*evaluated(network, clips, sigma)))


@torch.no_grad()
def evaluated(network: DelayNetwork, clips: Clips, sigma: float = 0.0) -> list[Tensor]:
    """Return the results of a network on clips, on its device.

    Delays are rounded, batch-norm is the learned one, and there is no dropout.

    Args:
        network: to evaluate.
        clips: to evaluate on.
        sigma: width of the delay kernels in steps; 0 for rounded delays.

    Returns:
        The fields of `Evaluation`, a tensor each.
    """
    network.eval()
    steps = clips.features.shape[2]
    evidence = []
    spike_counts = [torch.zeros_like(norm.weight) for norm in network.norms]
    for signal in _signals(clips):
        response = network(signal, sigma, None)
        evidence.append(class_evidence(response.voltage))
        for count, spikes in zip(spike_counts, response.spikes, strict=True):
            count += spikes.sum((0, 1))
    logits = torch.cat(evidence)  # [clips, classes]
    prediction = logits.argmax(1)
    return [
        prediction,
        prediction == clips.label,
        torch.nn.functional.cross_entropy(logits, clips.label),
        *(count / (steps * len(clips)) for count in spike_counts),
    ]


class RoundingGap(NamedTuple):
    """Effect of rounding the delays after training with kernels of some width.

    Attributes:
        predictions: share of clips whose prediction differs.
        spikes: share of the hidden spikes that only one of the two networks emits.
        steps: share of the hidden neurons' time steps in which one spikes and the other does not.
    """

    predictions: float
    spikes: float
    steps: float


@torch.no_grad()
def rounding_gap(network: DelayNetwork, clips: Clips, sigma: float) -> RoundingGap:
    """Compare a network with rounded delays with the same network with kernels of width sigma.

    Args:
        network: to compare.
        clips: to compare on.
        sigma: width of the delay kernels in steps.
    """
    network.eval()
    changed = torch.zeros((), dtype=torch.long, device=clips.label.device)  # predictions
    emitted, differing, steps = torch.zeros_like(changed), torch.zeros_like(changed), 0
    for signal in _signals(clips):
        rounded, spread = (network(signal, width, None) for width in (0.0, sigma))
        predictions = (class_evidence(response.voltage).argmax(1) for response in (rounded, spread))
        changed += torch.ne(*predictions).sum()
        for one, other in zip(rounded.spikes, spread.spikes, strict=True):
            emitted += torch.logical_or(one, other).sum()
            differing += torch.ne(one, other).sum()
            steps += one.numel()
    return RoundingGap(
        int(changed) / len(clips), int(differing) / max(1, int(emitted)), int(differing) / steps
    )


def rebuild(saved: SavedNetwork, model: ModelSettings) -> DelayNetwork:
    """Return a saved network as a module, in evaluation mode, on the CPU.

    Its input i takes the mel channel `mel_channel[i]` of the file's attributes. Features from their
    file fit only if that is the identity.

    Args:
        saved: as read from a run folder.
        model: the run's model settings.
    """
    arrays = [
        LayerArrays(
            torch.from_numpy(layer.weight),
            torch.from_numpy(layer.delay),
            torch.from_numpy(layer.mask),
            torch.from_numpy(layer.sign).to(torch.float32),
        )
        for layer in saved.layers
    ]
    network = DelayNetwork(arrays, model, learn_delays=False)
    for norm, layer in zip(network.norms, saved.layers, strict=False):
        for name, values in (
            ("weight", layer.gain),
            ("bias", layer.bias),
            ("running_mean", layer.running_mean),
            ("running_var", layer.running_variance),
        ):
            getattr(norm, name).data.copy_(torch.as_tensor(values))
    return network.eval()


@torch.no_grad()
def respond(network: DelayNetwork, features: Tensor) -> Response:
    """Return the response of a network, delays rounded, to features [time, batch, channels]."""
    network.eval()
    response: Response = network(features.permute(2, 0, 1), 0.0, None)
    return response

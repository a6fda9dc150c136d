"""What a network does with clips that it was not trained on: rounded delays, accuracy, activity."""

from typing import NamedTuple

import torch
from torch import Tensor

from delaynet.config import ModelSettings
from delaynet.dataset import Clips
from delaynet.delays import spectrum
from delaynet.network import DelayNetwork, LayerArrays, Response, class_evidence
from delaynet.runs import SavedNetwork

CLIPS_AT_ONCE = 256


class Evaluation(NamedTuple):
    """A network on a set of clips.

    Attributes:
        prediction: [clips].
        correct: number of clips predicted rightly.
        loss: mean cross-entropy.
        firing_rates: of each hidden layer's neurons, spikes per step, [neurons].
    """

    prediction: Tensor
    correct: int
    loss: float
    firing_rates: tuple[Tensor, ...]

    @property
    def accuracy(self) -> float:
        """Share of clips predicted rightly: correct / N."""
        return self.correct / len(self.prediction)


@torch.no_grad()
def evaluate(network: DelayNetwork, clips: Clips) -> Evaluation:
    """Run a network, delays rounded, batch-norm as learned, no dropout, over clips."""
    network.eval()
    steps = len(clips.features)
    evidence = []
    spike_counts = [torch.zeros_like(norm.weight) for norm in network.norms]
    for signal_spectrum in clips.spectrum.split(CLIPS_AT_ONCE, dim=2):
        response = network(signal_spectrum, steps, 0.0, None)
        evidence.append(class_evidence(response.voltage))
        for count, spikes in zip(spike_counts, response.spikes, strict=True):
            count += spikes.sum((0, 1))
    logits = torch.cat(evidence)  # [clips, classes]
    prediction = logits.argmax(1)
    return Evaluation(
        prediction,
        int((prediction == clips.label).sum()),
        float(torch.nn.functional.cross_entropy(logits, clips.label)),
        tuple(count / (steps * len(clips)) for count in spike_counts),
    )


def rebuild(saved: SavedNetwork, model: ModelSettings) -> DelayNetwork:
    """Return a saved network as a module, in evaluation mode, on the CPU.

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
    signal_spectrum = spectrum(features, network.model.max_delay)
    response: Response = network(signal_spectrum, len(features), 0.0, None)
    return response

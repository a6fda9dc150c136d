"""This project's side of the comparison: its own functions, called as the training calls them."""

import copy

import torch
from torch import Tensor

from benchmark.peer import Data
from delaynet.config.grid import RunSettings
from delaynet.data.dataset import Clips
from delaynet.model.network import DelayNetwork, Response
from delaynet.training.evaluation import evaluate
from delaynet.training.randomness import generator
from delaynet.training.schedules import Optimisers
from delaynet.training.step import Streams, training_step


class OurTraining:
    """One of our networks with its optimisers, taking steps and evaluating."""

    def __init__(self, network: DelayNetwork, settings: RunSettings, sigma: float) -> None:
        self.network, self.settings, self.sigma = network, settings, sigma
        self.optimisers = Optimisers(network, settings)
        device = network.layers[0].weight.device
        self.streams = Streams(
            generator(settings.seed, "dropout", device), generator(settings.seed, "growth", device)
        )
        self.order = generator(settings.seed, "order")

    @staticmethod
    def arrange(data: Data) -> Clips:
        """Return the data in the layout that this side trains on."""
        signal, label = data
        names = tuple(f"clip-{index}" for index in range(len(label)))
        return Clips(signal.permute(1, 2, 0).contiguous(), label, names)

    def step(self, batch: Clips) -> Tensor:
        """Train on a batch; return the loss."""
        self.network.train()
        return self._step((batch.signal(slice(None)), batch.label))

    def _step(self, batch: tuple[Tensor, Tensor]) -> Tensor:
        result = training_step(
            self.network, self.optimisers, self.settings, batch, self.sigma, self.streams
        )
        return result.loss / len(batch[1])

    def epoch(self, clips: Clips) -> float:
        """Train on every clip once, in a drawn order; return the mean loss of a batch."""
        self.network.train()
        shuffled = torch.randperm(len(clips), generator=self.order)
        losses = [
            self._step((clips.signal(index), clips.label[index]))
            for index in shuffled.split(self.settings.training.batch_size)
        ]
        return float(torch.stack(losses).mean())

    def evaluate(self, clips: Clips) -> Tensor:
        """Return the predicted class of each clip, delays rounded."""
        return evaluate(self.network, clips).prediction


def with_dcls(network: DelayNetwork) -> DelayNetwork:
    """Return a copy of a network as `model.kernel: dcls` makes it."""
    copied = copy.deepcopy(network)
    for layer in copied.layers:
        layer.uses_dcls = True
    return copied


@torch.no_grad()
def firing_rate(network: DelayNetwork, batch: Clips, sigma: float) -> float:
    """Return the mean rate of the hidden neurons on a batch in training, in spikes per step."""
    network.train()
    return float(
        torch.cat([spikes.mean((0, 1)) for spikes in respond(network, batch, sigma).spikes]).mean()
    )


def respond(network: DelayNetwork, batch: Clips, sigma: float) -> Response:
    """Return the network's response without dropout."""
    response: Response = network(batch.signal(slice(None)), sigma, None)
    return response

"""What `plain` and `public` share: optimisers, constraints, DEEP R with RigL, epoch, evaluation."""

import copy
from collections.abc import Sequence
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from delaynet.config.grid import RunSettings
from delaynet.model.network import DelayNetwork
from delaynet.model.structures import structure_named

CLIPS_AT_ONCE = 256

# signal [time, clips, channels] and label [clips]
Data = tuple[Tensor, Tensor]


class PeerNetwork(nn.Module):
    """What the training below asks of a network; the arrays of a layer have one shape.

    Called with a signal [time, batch, in], it returns the outputs' voltage [time, batch, classes].
    """

    weights: Sequence[nn.Parameter]  # signed
    delays: Sequence[nn.Parameter]
    masks: list[Tensor]  # the connections, bool
    signs: list[Tensor]  # -1 or 1; 0 where a sign is free
    norms: Sequence[nn.BatchNorm1d]

    def clamp_delays(self) -> None:
        """Bring the delays back to the taps."""
        raise NotImplementedError

    def round_delays(self) -> None:
        """Have one tap for each delay from here on."""
        raise NotImplementedError


def copied_norms(ours: DelayNetwork) -> Sequence[nn.BatchNorm1d]:
    """Return batch-norms with the gains, biases and running statistics of ours."""
    norms = [
        nn.BatchNorm1d(len(of_ours.weight), device=of_ours.weight.device) for of_ours in ours.norms
    ]
    for norm, of_ours in zip(norms, ours.norms, strict=True):
        for name in ("weight", "bias", "running_mean", "running_var"):
            getattr(norm, name).data.copy_(getattr(of_ours, name).data)
    return cast(Sequence[nn.BatchNorm1d], nn.ModuleList(norms))


class PeerTraining:
    """A network with its optimisers, taking steps and evaluating as ours does."""

    def __init__(self, network: PeerNetwork, settings: RunSettings) -> None:
        self.network, self.settings = network, settings
        self.is_rewired = structure_named(settings.structure).fixes_signs
        norms = [parameter for norm in network.norms for parameter in norm.parameters()]
        rate = settings.training.learning_rate
        self.optimisers = [torch.optim.Adam([*network.weights, *norms], lr=rate, fused=True)]
        if settings.delays == "learned":
            rate = settings.training.delay_learning_rate
            self.optimisers.append(torch.optim.Adam(network.delays, lr=rate, fused=True))

    @staticmethod
    def arrange(data: Data) -> Data:
        """Return the data in the layout that this side trains on: as they are."""
        return data

    def step(self, data: Data) -> Tensor:
        """Train on a batch; return the loss."""
        signal, label = data
        self.network.train()
        for optimiser in self.optimisers:
            optimiser.zero_grad()
        evidence = self.network(signal).softmax(-1).sum(0)
        loss = functional.cross_entropy(evidence, label)
        loss.backward()
        gradients = [self._mask_gradient(index) for index in range(len(self.network.weights))]
        for optimiser in self.optimisers:
            optimiser.step()
        with torch.no_grad():
            for index, gradient in enumerate(gradients):
                if self.is_rewired:
                    self._rewire(index, gradient)
                weight, sign = self.network.weights[index], self.network.signs[index]
                weight.mul_((weight * sign >= 0) & self.network.masks[index])
            self.network.clamp_delays()
        return loss.detach()

    def _mask_gradient(self, index: int) -> Tensor:
        """Keep the gradient of connections only, add the L1 penalty; return it as it was."""
        weight, mask = self.network.weights[index], self.network.masks[index]
        gradient = weight.grad
        assert gradient is not None
        l1 = self.settings.training.l1 if self.is_rewired else 0.0
        weight.grad = gradient * mask + l1 * weight.detach().sign()
        return gradient

    def _rewire(self, index: int, gradient: Tensor) -> None:
        """DEEP R's pruning, and growth of the most negative gradients (RigL)."""
        weight, sign = self.network.weights[index], self.network.signs[index]
        mask = self.network.masks[index]
        pruned = mask & (weight * sign <= 0)
        mask &= ~pruned
        weight.mul_(mask)
        score = (gradient * sign).masked_fill(mask, torch.inf).flatten()
        grown = score.topk(int(pruned.sum()), largest=False).indices
        mask.view(-1)[grown] = True
        weight.view(-1)[grown] = 1e-12 * sign.view(-1)[grown]
        changed = pruned.view(-1).index_fill(0, grown, True).view_as(mask)
        for optimiser in self.optimisers:
            for parameter in (weight, self.network.delays[index]):
                for moment in ("exp_avg", "exp_avg_sq"):
                    if parameter in optimiser.state:
                        optimiser.state[parameter][moment].masked_fill_(changed, 0.0)

    def epoch(self, data: Data) -> float:
        """Train on every clip once, in a drawn order; return the mean loss of a batch."""
        signal, label = data
        shuffled = torch.randperm(len(label)).to(label.device)
        batches = shuffled.split(self.settings.training.batch_size)
        losses = [self.step((signal.index_select(1, index), label[index])) for index in batches]
        return float(torch.stack(losses).mean())

    @torch.no_grad()
    def evaluate(self, data: Data) -> Tensor:
        """Return the predicted class of each clip, delays rounded, 256 clips at a time."""
        network = copy.deepcopy(self.network)
        network.eval()
        network.round_delays()
        parts = [
            network(part).softmax(-1).sum(0).argmax(1) for part in data[0].split(CLIPS_AT_ONCE, 1)
        ]
        return torch.cat(parts)

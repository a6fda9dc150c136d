"""One step of training: loss, gradients, update, rewiring; and what changes before an epoch."""

from typing import NamedTuple

import torch
from torch import Tensor

from delaynet.config.grid import RunSettings
from delaynet.model.network import DelayLayer, DelayNetwork, class_evidence
from delaynet.model.structures import Change
from delaynet.training.initial import structure_of
from delaynet.training.schedules import Optimisers, pruning_progress


class StepResult(NamedTuple):
    """Sums over a batch, on the device, so that nothing waits for a GPU."""

    loss: Tensor
    correct: Tensor
    grown: Tensor


class Streams(NamedTuple):
    """Random streams on the device of the training."""

    dropout: torch.Generator
    growth: torch.Generator


def training_step(
    network: DelayNetwork,
    optimisers: Optimisers,
    settings: RunSettings,
    batch: tuple[Tensor, Tensor],
    sigma: float,
    streams: Streams,
) -> StepResult:
    """Train on one batch.

    Args:
        network: in training mode.
        optimisers: of the network.
        settings: of the run.
        batch: input currents [channels, time, batch], and labels [batch].
        sigma: width of the delay kernels.
        streams: random streams.
    """
    signal, label = batch
    optimisers.zero_grad()
    evidence = class_evidence(network(signal, sigma, streams.dropout).voltage)
    loss = torch.nn.functional.cross_entropy(evidence, label)
    loss.backward()
    structure = structure_of(settings)
    for layer in network.layers:
        change = structure.before_step(layer.weight.detach(), layer.mask, layer.sign)
        _apply_change(change, layer, optimisers)
    is_penalised = structure.fixes_signs or settings.training.l1_on == "every_structure"
    penalty = settings.training.l1 * is_penalised
    gradients = [
        _mask_gradient(layer, penalty, structure.dormant_moments) for layer in network.layers
    ]
    optimisers.step()
    grown = []
    for layer, gradient in zip(network.layers, gradients, strict=True):
        weight = layer.weight.detach()
        change = structure.after_step(weight, layer.mask, layer.sign, gradient, streams.growth)
        grown.append(_apply_change(change, layer, optimisers))
    network.apply_constraints(signs=not structure.fixes_signs)
    return StepResult(
        loss.detach() * len(label), (evidence.argmax(1) == label).sum(), torch.stack(grown)
    )


def change_before_epoch(
    network: DelayNetwork,
    optimisers: Optimisers,
    settings: RunSettings,
    epoch: int,
    stream: torch.Generator,
) -> Tensor:
    """Apply the changes of connections that a structure makes before an epoch.

    Args:
        network: to be changed.
        optimisers: of the network; moments of connections that end or start are cleared.
        settings: of the run.
        epoch: from 0, about to begin.
        stream: random stream of growth.

    Returns:
        How many connections started, [layers].
    """
    structure = structure_of(settings)
    progress = pruning_progress(settings.training, epoch)
    grown = []
    for layer in network.layers:
        weight = layer.weight.detach()
        change = structure.before_epoch(weight, layer.mask, layer.sign, epoch, progress, stream)
        grown.append(_apply_change(change, layer, optimisers))
    return torch.stack(grown)


@torch.no_grad()
def _apply_change(change: Change | None, layer: DelayLayer, optimisers: Optimisers) -> Tensor:
    """Write a change of a layer's connections into it; return how many connections started."""
    if change is None:
        return layer.mask.new_zeros((), dtype=torch.long)
    layer.weight.copy_(change.weight)
    layer.mask.copy_(change.mask)
    if change.reset is not None:
        optimisers.reset_moments(layer, change.reset)
    return change.grown


@torch.no_grad()
def _mask_gradient(layer: DelayLayer, l1: float, dormant: bool) -> Tensor:
    """Keep the gradient of connections only (or of dormant ones too), and add the L1 penalty.

    Returns:
        The gradient before the change.
    """
    assert layer.weight.grad is not None
    gradient = layer.weight.grad
    masked = gradient if dormant else gradient * layer.mask
    layer.weight.grad = masked + l1 * layer.weight.sign()
    return gradient

"""One step of training: loss, gradients, update, rewiring; and the pruning between epochs."""

from typing import NamedTuple

import torch
from torch import Tensor

from delaynet.config.grid import REWIRED_STRUCTURES, RunSettings
from delaynet.model.connectivity import (
    connection_count,
    gradual_count,
    growth_score,
    largest_connections,
    rewire,
)
from delaynet.model.network import DelayLayer, DelayNetwork, class_evidence
from delaynet.training.schedules import Optimisers, pruning_progress


class StepResult(NamedTuple):
    """Sums over a batch, still on the device: nothing waits for a GPU."""

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
    rewired = settings.structure in REWIRED_STRUCTURES
    if rewired and settings.training.pruning == "next_batch":
        for layer in network.layers:
            _drop_overdue(layer)
    gradients = [_mask_gradient(layer, settings.training.l1 * rewired) for layer in network.layers]
    optimisers.step()
    grown = [
        _rewire_layer(layer, gradient, optimisers, settings, streams.growth)
        for layer, gradient in zip(network.layers, gradients, strict=True)
        if rewired
    ]
    network.hold_constraints(signs=not rewired)
    return StepResult(
        loss.detach() * len(label),
        (evidence.argmax(1) == label).sum(),
        torch.stack(grown) if rewired else label.new_zeros(len(network.layers)),
    )


@torch.no_grad()
def prune_gradually(
    network: DelayNetwork, optimisers: Optimisers, settings: RunSettings, epoch: int
) -> None:
    """Bring a `magnitude` network to the number of connections that it has in an epoch.

    Each layer loses its connections of smallest magnitude; they never come back. Called again in
    the same epoch, it changes nothing.

    Args:
        network: to be pruned.
        optimisers: of the network; moments of what is pruned are cleared.
        settings: of the run; other structures stay as they are.
        epoch: from 0, about to begin.
    """
    if settings.structure != "magnitude":
        return
    progress = pruning_progress(settings.training, epoch)
    for layer in network.layers:
        possible = layer.mask.numel()
        final = connection_count(possible, settings.sparsity)
        count = gradual_count(possible, final, progress)
        kept = largest_connections(layer.weight.abs(), layer.mask, count)
        optimisers.forget(layer, layer.mask & ~kept)
        layer.mask.copy_(kept)
        layer.weight.mul_(kept)


@torch.no_grad()
def _mask_gradient(layer: DelayLayer, l1: float) -> Tensor:
    """Keep the gradient of connections only, add the L1 penalty; return the gradient as it was."""
    assert layer.weight.grad is not None
    gradient = layer.weight.grad
    layer.weight.grad = gradient * layer.mask + l1 * layer.weight.sign()
    return gradient


@torch.no_grad()
def _drop_overdue(layer: DelayLayer) -> None:
    """End the connections that the step before this one left with a turned sign."""
    layer.mask.logical_and_(layer.weight * layer.sign > 0)
    layer.weight.mul_(layer.mask)


@torch.no_grad()
def _rewire_layer(
    layer: DelayLayer,
    gradient: Tensor,
    optimisers: Optimisers,
    settings: RunSettings,
    stream: torch.Generator,
) -> Tensor:
    """Prune and grow a layer's connections; return how many were grown."""
    growth = "random" if settings.structure == "deep_r" else settings.training.growth
    score = growth_score(gradient * layer.sign, growth, stream)
    result = rewire(layer.weight * layer.sign, layer.mask, score)
    if settings.training.pruning == "at_once":
        layer.weight.copy_(result.magnitude * layer.sign)
        layer.mask.copy_(result.mask)
        optimisers.forget(layer, result.pruned | result.grown)
    else:
        layer.weight.copy_(torch.where(result.pruned, layer.weight, result.magnitude * layer.sign))
        layer.mask.copy_(result.mask | result.pruned)
    return result.grown.sum()

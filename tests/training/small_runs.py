"""Small networks, trained on made-up input for a few steps: what must hold after every step."""

import copy
from typing import Any, NamedTuple

import torch
from torch import Tensor

from delaynet.config.grid import RunSettings
from delaynet.config.settings import ModelSettings, TrainingSettings
from delaynet.model.network import DelayNetwork, class_evidence
from delaynet.training.initial import initial_network
from delaynet.training.randomness import generator
from delaynet.training.schedules import Optimisers, kernel_width
from delaynet.training.step import Streams, change_before_epoch, training_step

CHANNELS, CLASSES, TIME_STEPS, BATCH = 12, 5, 30, 16

# large steps, so that six of them prune, turn signs and push delays out of bounds where they can
MODEL = {"hidden": (16,)}
TRAINING = {"epochs": 6, "batch_size": BATCH, "learning_rate": 0.2, "delay_learning_rate": 5.0}


def run_settings(
    delays: str = "learned",
    structure: str = "dense",
    signs: str = "free",
    sparsity: str = "0.75",
    seed: int = 0,
    model: dict[str, Any] | None = None,
    training: dict[str, Any] | None = None,
) -> RunSettings:
    return RunSettings(
        delays=delays,  # type: ignore[arg-type]
        structure=structure,  # type: ignore[arg-type]
        signs=signs,  # type: ignore[arg-type]
        sparsity="0" if structure == "dense" else sparsity,
        seed=seed,
        model=ModelSettings(**(MODEL | (model or {}))),
        training=TrainingSettings(**(TRAINING | (training or {}))),
    )


class SmallRun(NamedTuple):
    """A network in training."""

    settings: RunSettings
    network: DelayNetwork
    optimisers: Optimisers
    streams: Streams


def begin(settings: RunSettings) -> SmallRun:
    network = initial_network(settings, CHANNELS, CLASSES).train()
    streams = Streams(generator(settings.seed, "dropout"), generator(settings.seed, "growth"))
    return SmallRun(settings, network, Optimisers(network, settings), streams)


def made_up_batch(step: int) -> tuple[Tensor, Tensor]:
    """Input currents [channels, time, batch] and labels [batch], another batch every step."""
    draw = torch.Generator().manual_seed(step)
    features = torch.rand(CHANNELS, TIME_STEPS, BATCH, generator=draw)
    return features, torch.randint(CLASSES, (BATCH,), generator=draw)


def take_step(run: SmallRun, step: int = 0) -> None:
    """Take one step as the loop does, every step an epoch of its own."""
    sigma = kernel_width(run.settings.delays, run.settings.training, step)
    batch = made_up_batch(step)
    change_before_epoch(run.network, run.optimisers, run.settings, step, run.streams.growth)
    training_step(run.network, run.optimisers, run.settings, batch, sigma, run.streams)


def trained(settings: RunSettings, steps: int = 6) -> DelayNetwork:
    run = begin(settings)
    for step in range(steps):
        take_step(run, step)
    return run.network


def magnitude_gradients(run: SmallRun, step: int = 0) -> list[Tensor]:
    """The gradient of the loss for every layer's magnitudes, dormant ones too; no dropout."""
    network = copy.deepcopy(run.network)
    features, label = made_up_batch(step)
    sigma = kernel_width(run.settings.delays, run.settings.training, step)
    evidence = class_evidence(network(features, sigma, None).voltage)
    torch.nn.functional.cross_entropy(evidence, label).backward()
    return [layer.weight.grad * layer.sign for layer in network.layers]


@torch.no_grad()
def units_of_both_signs(network: DelayNetwork) -> int:
    """Presynaptic units that excite and inhibit, by what evaluation makes of single spikes."""
    count = 0
    for layer in network.layers:
        inputs = layer.mask.shape[2]
        spikes = torch.zeros(inputs, layer.max_delay, inputs)  # [in, time, batch]
        spikes[:, 0] = torch.eye(inputs)
        current = layer.current(spikes, 0.0)  # [out, time, in]
        # transforms leave rounding errors of either sign
        smallest = 1e-5 * float(layer.weight.abs().max())
        excites, inhibits = ((sign * current > smallest).any(0).any(0) for sign in (1, -1))
        count += int((excites & inhibits).sum())
    return count

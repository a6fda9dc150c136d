"""The network before training: masks, signs, weights and delays, from the seed alone."""

import math
from itertools import pairwise

import torch
from torch import Tensor

from delaynet.config.grid import RunSettings
from delaynet.model.dale import obeys_dale
from delaynet.model.network import DelayNetwork, LayerArrays
from delaynet.model.structures import Structure, structure_named
from delaynet.training.randomness import generator


def structure_of(settings: RunSettings) -> Structure:
    """Return the structure of a run."""
    training = settings.training
    kind = structure_named(settings.structure)
    return kind(settings.sparsity, training.growth, training.pruning)


def initial_network(settings: RunSettings, inputs: int, outputs: int) -> DelayNetwork:
    """Return the untrained network of a run, on the CPU.

    Variants of one seed are paired: dense, static and rewired networks have the same delays, and
    networks of equal sparsity the same masks and magnitudes. Networks that are pruned gradually
    begin as the dense ones.

    Args:
        settings: of the run.
        inputs: input channels.
        outputs: classes.
    """
    sizes = [inputs, *settings.model.hidden, outputs]
    synapses = settings.model.synapses_per_pair
    shapes = [(synapses, out, into) for into, out in pairwise(sizes)]
    structure = structure_of(settings)
    masks = structure.initial_masks(shapes, generator(settings.seed, "mask"))
    streams = {name: generator(settings.seed, name) for name in ("weight", "delay", "sign")}
    signs_are_fixed = obeys_dale(settings) or structure.fixes_signs
    if signs_are_fixed and settings.model.signs_drawn == "unseeded":
        streams["sign"].seed()
    layers = []
    for index, (shape, mask) in enumerate(zip(shapes, masks, strict=True)):
        delay = initial_delays(settings, shape, streams["delay"])
        sign = initial_signs(settings, shape, streams["sign"])
        is_output = index == len(shapes) - 1
        magnitude = initial_magnitudes(settings, mask, is_output, streams["weight"])
        layers.append(
            LayerArrays(magnitude * sign, delay, mask, sign if signs_are_fixed else 0 * sign)
        )
    learn_delays = settings.delays == "learned"
    return DelayNetwork(layers, settings.model, learn_delays, structure.needs_dormant_gradients)


def initial_delays(
    settings: RunSettings, shape: tuple[int, int, int], stream: torch.Generator
) -> Tensor:
    """Return initial delays in steps, [synapses, out, in]: all 0 for `none`."""
    max_delay = settings.model.max_delay
    if settings.model.initial_delays == "clamped":
        delay = (torch.rand(shape, generator=stream) * max_delay).clamp(max=max_delay - 1)
        delay = delay.round() if settings.delays == "fixed" else delay
    else:
        delay = torch.randint(max_delay, shape, generator=stream).to(torch.float32)
    return torch.zeros_like(delay) if settings.delays == "none" else delay


def initial_signs(
    settings: RunSettings, shape: tuple[int, int, int], stream: torch.Generator
) -> Tensor:
    """Return a sign for every possible connection, -1 or 1, [synapses, out, in].

    Under Dale's principle a presynaptic unit has one sign, and exactly the configured share of
    units is excitatory; otherwise each connection draws its own.
    """
    if not obeys_dale(settings):
        return torch.randint(2, shape, generator=stream).to(torch.float32) * 2 - 1
    presynaptic = shape[2]
    excitatory = round(settings.model.excitatory_fraction * presynaptic)
    sign = -torch.ones(presynaptic)
    sign[torch.randperm(presynaptic, generator=stream)[:excitatory]] = 1
    return sign.expand(shape).clone()


def initial_magnitudes(
    settings: RunSettings, mask: Tensor, is_output: bool, stream: torch.Generator
) -> Tensor:
    """Return the magnitudes of a layer's weights, [synapses, out, in], by `initial_weights`.

    `scaled`: uniform up to 1/sqrt(mean number of inputs), PyTorch's own bound for a linear layer
    with the inputs that a neuron really has. `published`: uniform up to sqrt(6 / inputs) of the
    dense layer (He et al. 2015, eq. 10, for a uniform distribution).
    """
    magnitude = torch.rand(mask.shape, generator=stream) * mask
    if settings.model.initial_weights == "published":
        return magnitude * math.sqrt(6 / mask[:, 0].numel())
    magnitude /= math.sqrt(max(1.0, float(mask.sum()) / mask.shape[1]))
    # a leaky integrator multiplies a constant current by its time constant; without the division
    # the first epochs would only reduce large outputs
    return magnitude / settings.model.time_constant if is_output else magnitude

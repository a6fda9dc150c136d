"""The network: layers of delayed connections, leaky integrate-and-fire neurons, an output.

    input -> [delayed connections -> batch-norm -> LIF -> dropout] x hidden layers
          -> delayed connections -> leaky integrators

(Mészáros, Knight & Nowotny 2024; Hammouamri et al. 2024.) Layers hold their weights signed; `sign`
holds fixed signs (Dale's principle, DEEP R), which `apply_constraints` enforces.
"""

from collections.abc import Sequence
from typing import NamedTuple, cast

import torch
from torch import Tensor, nn

from delaynet.config.settings import ModelSettings
from delaynet.model.dcls_kernel import dcls_kernel
from delaynet.model.delays import gaussian_kernel, rounded_kernel, transformed_current
from delaynet.model.neurons import leaky_integrator, normalised_lif
from delaynet.model.taps import count_taps, current_of_taps, taps_of_connections

# above 0, so that a positive gain has a sign
SMALLEST_GAIN = 1e-6


class LayerArrays(NamedTuple):
    """The arrays of a layer of connections, all [synapses, out, in]."""

    weight: Tensor
    delay: Tensor
    mask: Tensor
    sign: Tensor


class DelayLayer(nn.Module):
    """Delayed connections between two layers.

    Attributes:
        weight: signed weights, [synapses, out, in]; 0 where there is no connection.
        delay: delays in steps, same shape.
        mask: the connections, bool, same shape.
        sign: fixed signs, -1 or 1, same shape; 0 where a sign is free.
        dense_gradient: whether dormant connections get gradients too, for regrowth.
        uses_dcls: whether the package `dcls` builds the kernel.
    """

    mask: Tensor
    sign: Tensor

    def __init__(
        self,
        arrays: LayerArrays,
        max_delay: int,
        learn_delays: bool,
        dense_gradient: bool = False,
        uses_dcls: bool = False,
    ) -> None:
        """Copy the arrays; delays get gradients only if they are learned."""
        super().__init__()
        self.max_delay = max_delay
        self.dense_gradient = dense_gradient
        self.uses_dcls = uses_dcls
        self.weight = nn.Parameter(arrays.weight * arrays.mask)
        self.delay = nn.Parameter(arrays.delay.clone(), requires_grad=learn_delays)
        self.register_buffer("mask", arrays.mask.clone())
        self.register_buffer("sign", arrays.sign.clone())

    def kernel(self, sigma: float) -> Tensor:
        """Return the kernel [out, in, taps]: Gaussian of this width, or one tap for sigma 0."""
        if self.uses_dcls:
            return dcls_kernel(self.weight, self.delay, sigma, self.max_delay)
        if sigma == 0:
            kernel = rounded_kernel(self.weight, self.delay, self.max_delay)
        else:
            kernel = gaussian_kernel(self.weight, self.delay, sigma, self.max_delay)
        return kernel[0] if len(kernel) == 1 else kernel.sum(0)

    def current(self, signal: Tensor, sigma: float) -> Tensor:
        """Return the delayed current that a signal causes.

        On a CPU it is computed tap by tap if there are at most as many taps as pairs of neurons,
        which is about where the measured times cross; otherwise, and with the kernel of `dcls`, by
        Fourier transforms. The result is the same.

        Args:
            signal: [in, time, batch].
            sigma: width of the delay kernels in steps; 0 for rounded delays.

        Returns:
            [out, time, batch].
        """
        _, outputs, inputs = self.mask.shape
        if signal.device.type == "cpu" and not self.uses_dcls:
            included = torch.ones_like(self.mask) if self._has_dense_gradient() else self.mask
            if count_taps(included, sigma, self.max_delay) <= outputs * inputs:
                connections = self.weight, self.delay, included
                value, taps = taps_of_connections(*connections, sigma, self.max_delay)
                return current_of_taps(signal, value, taps, outputs)
        return transformed_current(signal, self.kernel(sigma))

    def _has_dense_gradient(self) -> bool:
        return self.dense_gradient and torch.is_grad_enabled()

    @torch.no_grad()
    def apply_constraints(self, signs: bool = True) -> None:
        """Bring delays into 0 .. max_delay - 1 and, where `signs`, weights of a wrong sign to 0."""
        self.delay.clamp_(0, self.max_delay - 1)
        self.weight.mul_((self.weight * self.sign >= 0) & self.mask if signs else self.mask)


class Response(NamedTuple):
    """Response of a network to a batch.

    Attributes:
        voltage: of the output neurons, [time, batch, out].
        spikes: of each hidden layer, after dropout, [time, batch, neurons].
    """

    voltage: Tensor
    spikes: tuple[Tensor, ...]


class DelayNetwork(nn.Module):
    """Hidden LIF layers and an output layer of leaky integrators, with delayed connections."""

    def __init__(
        self,
        layers: Sequence[LayerArrays],
        model: ModelSettings,
        learn_delays: bool,
        dense_gradient: bool = False,
    ) -> None:
        """Build the network from the arrays of its layers, input first."""
        super().__init__()
        self.model = model
        self.layers = cast(
            Sequence[DelayLayer],
            nn.ModuleList(
                DelayLayer(
                    arrays, model.max_delay, learn_delays, dense_gradient, model.kernel == "dcls"
                )
                for arrays in layers
            ),
        )
        self.norms = cast(
            Sequence[nn.BatchNorm1d],
            nn.ModuleList(nn.BatchNorm1d(arrays.weight.shape[1]) for arrays in layers[:-1]),
        )

    def forward(self, signal: Tensor, sigma: float, dropout: torch.Generator | None) -> Response:
        """Return the network's response.

        Args:
            signal: input current, [channels, time, batch].
            sigma: width of the delay kernels in steps; 0 for rounded delays.
            dropout: generator of the dropout masks; None for no dropout.
        """
        model = self.model
        neuron = model.time_constant, model.threshold, model.surrogate_slope
        all_spikes = []
        for layer, norm in zip(self.layers, self.norms, strict=False):
            mask = draw_dropout_mask(len(norm.weight), signal, model.dropout, dropout)
            signal = normalised_lif(layer.current(signal, sigma), norm, *neuron, mask)
            all_spikes.append(signal.permute(1, 2, 0))
        current = self.layers[-1].current(signal, sigma).permute(1, 2, 0)  # [T, B, out]
        return Response(leaky_integrator(current, model.time_constant), tuple(all_spikes))

    @torch.no_grad()
    def apply_constraints(self, signs: bool = True) -> None:
        """Keep delays, signs and (with `model.positive_gain`) the batch-norm gain in their bounds.

        Args:
            signs: False if the rewiring enforces the signs.
        """
        for layer in self.layers:
            layer.apply_constraints(signs)
        if self.model.positive_gain:
            for norm in self.norms:
                norm.weight.clamp_(min=SMALLEST_GAIN)


def class_evidence(voltage: Tensor) -> Tensor:
    """Return the evidence for each class: sum_t softmax(u_t).

    Args:
        voltage: of the output neurons, [time, batch, classes].

    Returns:
        [batch, classes]; the loss is its cross-entropy, the prediction its largest entry.
    """
    return voltage.softmax(-1).sum(0)


def draw_dropout_mask(
    neurons: int, like: Tensor, dropout: float, generator: torch.Generator | None
) -> Tensor:
    """Return one mask for all steps, [neurons, batch]: 0, or 1 / (1 - dropout).

    Args:
        neurons: of the layer.
        like: a signal of the batch, [.., batch]; gives size, device and type.
        dropout: share of neurons that are dropped.
        generator: on the device of `like`; None for a mask of ones.
    """
    mask = torch.ones(neurons, like.shape[-1], device=like.device, dtype=like.dtype)
    if generator is None or dropout == 0:
        return mask
    draw = torch.rand(mask.shape, generator=generator, device=like.device)
    return mask.div_(1 - dropout).mul_(draw >= dropout)

"""The network: layers of delayed connections, leaky integrate-and-fire neurons, an output.

    input -> [delayed connections -> batch-norm -> LIF -> dropout] x hidden layers
          -> delayed connections -> leaky integrators

(Mészáros, Knight & Nowotny 2024; Hammouamri et al. 2024.) Layers hold their weights signed; where
signs are fixed (Dale's principle, DEEP R), `sign` says which, and `hold_constraints` keeps them.
"""

from collections.abc import Sequence
from typing import NamedTuple, cast

import torch
from torch import Tensor, nn

from delaynet.config import ModelSettings
from delaynet.delays import current_from_spectrum, gaussian_kernel, rounded_kernel, spectrum
from delaynet.neurons import leaky_integrator, lif

# above zero, so that the sign of a gain that is kept positive is never lost
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
    """

    mask: Tensor
    sign: Tensor

    def __init__(self, arrays: LayerArrays, max_delay: int, learn_delays: bool) -> None:
        """Take the arrays over; delays get gradients only where they are learned."""
        super().__init__()
        self.max_delay = max_delay
        self.weight = nn.Parameter(arrays.weight * arrays.mask)
        self.delay = nn.Parameter(arrays.delay.clone(), requires_grad=learn_delays)
        self.register_buffer("mask", arrays.mask.clone())
        self.register_buffer("sign", arrays.sign.clone())

    def kernel(self, sigma: float) -> Tensor:
        """Return the kernel [out, in, taps]: Gaussian of this width, or one tap for sigma 0."""
        if sigma == 0:
            kernel = rounded_kernel(self.weight, self.delay, self.max_delay)
        else:
            kernel = gaussian_kernel(self.weight, self.delay, sigma, self.max_delay)
        return kernel[0] if len(kernel) == 1 else kernel.sum(0)

    @torch.no_grad()
    def hold_constraints(self) -> None:
        """Bring delays back into 0 .. max_delay - 1, and weights of a wrong sign to 0."""
        self.delay.clamp_(0, self.max_delay - 1)
        self.weight.mul_((self.weight * self.sign >= 0) & self.mask)


class Response(NamedTuple):
    """What a network does with a batch.

    Attributes:
        voltage: of the output neurons, [time, batch, out].
        spikes: of each hidden layer, before dropout, [time, batch, neurons].
    """

    voltage: Tensor
    spikes: tuple[Tensor, ...]


class DelayNetwork(nn.Module):
    """Hidden LIF layers and an output layer of leaky integrators, with delayed connections."""

    def __init__(
        self, layers: Sequence[LayerArrays], model: ModelSettings, learn_delays: bool
    ) -> None:
        """Build the network from the arrays of its layers, from the input on."""
        super().__init__()
        self.model = model
        self.layers = cast(
            Sequence[DelayLayer],
            nn.ModuleList(DelayLayer(arrays, model.max_delay, learn_delays) for arrays in layers),
        )
        self.norms = cast(
            Sequence[nn.BatchNorm1d],
            nn.ModuleList(nn.BatchNorm1d(arrays.weight.shape[1]) for arrays in layers[:-1]),
        )

    def forward(
        self, signal_spectrum: Tensor, steps: int, sigma: float, dropout: torch.Generator | None
    ) -> Response:
        """Return the network's response.

        Args:
            signal_spectrum: `delaynet.delays.spectrum` of the input, [frequencies, 2, batch, in].
            steps: time steps of the input.
            sigma: width of the delay kernels in steps; 0 for rounded delays.
            dropout: generator of the dropout masks; None for no dropout.
        """
        model = self.model
        all_spikes = []
        for layer, norm in zip(self.layers, self.norms, strict=False):
            current = current_from_spectrum(signal_spectrum, layer.kernel(sigma), steps)
            current = norm(current.flatten(0, 1)).view_as(current)  # [T, B, hidden]
            spikes = lif(current, model.time_constant, model.threshold, model.surrogate_slope)
            all_spikes.append(spikes)
            if dropout is not None and model.dropout > 0:
                spikes = spikes * dropout_mask(spikes, model.dropout, dropout)
            signal_spectrum = spectrum(spikes, model.max_delay)
        current = current_from_spectrum(signal_spectrum, self.layers[-1].kernel(sigma), steps)
        return Response(leaky_integrator(current, model.time_constant), tuple(all_spikes))

    @torch.no_grad()
    def hold_constraints(self) -> None:
        """Keep delays, signs and (where it is asked for) the batch-norm gain in their bounds."""
        for layer in self.layers:
            layer.hold_constraints()
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


def dropout_mask(spikes: Tensor, dropout: float, generator: torch.Generator) -> Tensor:
    """Return one mask for all steps, [1, batch, neurons]: 0, or 1 / (1 - dropout)."""
    draw = torch.rand(1, *spikes.shape[1:], generator=generator, device=spikes.device)
    return (draw >= dropout).to(spikes.dtype) / (1 - dropout)

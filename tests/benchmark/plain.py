"""What one would write from the equations: a convolution, and a loop over time with autograd.

The peer `plain` of `make benchmark`, and an oracle of the tests: the equations of the model, as
they stand, in PyTorch. `F.conv1d` on the signal padded on the left, with time last; neurons step by
step; no backward pass by hand. Weights are signed, and zero where there is no connection.
"""

import math
from collections.abc import Sequence
from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from benchmark.peer import PeerNetwork, PeerTraining, copied_norms
from delaynet.config.grid import RunSettings
from delaynet.model.network import DelayNetwork


class Spike(torch.autograd.Function):
    """The step function, with the derivative of an arctangent in place of its own."""

    @staticmethod
    def forward(ctx: Any, overshoot: Tensor, alpha: float) -> Tensor:
        ctx.save_for_backward(overshoot)
        ctx.alpha = alpha
        return (overshoot > 0).to(overshoot.dtype)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:
        (overshoot,) = ctx.saved_tensors
        alpha = ctx.alpha
        return gradient * alpha / 2 / (1 + (math.pi / 2 * alpha * overshoot) ** 2), None


def lif(current: Tensor, tau: float, threshold: float, alpha: float) -> Tensor:
    """Spikes, [T, B, N]: v_{t+1} = (b v_t + I_{t-1}) (1 - s_t)."""
    voltage = torch.zeros_like(current[0])
    spikes = []
    for t in range(len(current)):
        spike = Spike.apply(voltage - threshold, alpha)
        spikes.append(spike)
        incoming = current[t - 1] if t > 0 else torch.zeros_like(voltage)
        voltage = ((1 - 1 / tau) * voltage + incoming) * (1 - spike.detach())
    return torch.stack(spikes)


def leaky_integrator(current: Tensor, tau: float) -> Tensor:
    """Voltage, [T, B, N]: u_t = b u_{t-1} + I_{t-1}."""
    voltage = torch.zeros_like(current[0])
    voltages = [voltage]
    for t in range(1, len(current)):
        voltage = (1 - 1 / tau) * voltage + current[t - 1]
        voltages.append(voltage)
    return torch.stack(voltages)


def kernel(weight: Tensor, delay: Tensor, sigma: float, taps: int) -> Tensor:
    """Kernel [out, in, taps], Gaussian or (sigma 0) of rounded delays, latest delay first."""
    delays = torch.arange(taps - 1, -1, -1, dtype=weight.dtype, device=weight.device)
    if sigma == 0:
        one = delays == delay.detach().round().unsqueeze(-1)
        return (weight.unsqueeze(-1) * one).sum(0)
    bump = torch.exp(-0.5 * ((delays - delay.unsqueeze(-1)) / (sigma + 0.27)) ** 2)
    bump = bump / (bump.sum(-1, keepdim=True) + 1e-7)
    return (weight.unsqueeze(-1) * bump).sum(0)


def delayed_current(signal: Tensor, kernel: Tensor) -> Tensor:
    """Current [T, B, out] of a signal [T, B, in]."""
    padded = functional.pad(signal.permute(1, 2, 0), (kernel.shape[-1] - 1, 0))
    return functional.conv1d(padded, kernel).permute(2, 0, 1)


class PlainNetwork(PeerNetwork):
    """The model of one of our networks, with its parameters copied.

    Arrays of a layer are [synapses, out, in].
    """

    def __init__(self, ours: DelayNetwork, learn_delays: bool, sigma: float) -> None:
        super().__init__()
        self.model, self.sigma = ours.model, sigma
        weights = [nn.Parameter(layer.weight.detach().clone()) for layer in ours.layers]
        delays = [
            nn.Parameter(layer.delay.detach().clone(), requires_grad=learn_delays)
            for layer in ours.layers
        ]
        self.weights = cast(Sequence[nn.Parameter], nn.ParameterList(weights))
        self.delays = cast(Sequence[nn.Parameter], nn.ParameterList(delays))
        self.masks = [layer.mask.clone() for layer in ours.layers]
        self.signs = [layer.sign.clone() for layer in ours.layers]
        self.norms = copied_norms(ours)

    def forward(self, signal: Tensor) -> Tensor:
        """Voltage of the outputs [T, B, classes] for a signal [T, B, in]."""
        model, taps = self.model, self.model.max_delay
        kernels = [
            kernel(w, d, self.sigma, taps) for w, d in zip(self.weights, self.delays, strict=True)
        ]
        for into, norm in zip(kernels, self.norms, strict=False):
            current = delayed_current(signal, into)
            current = norm(current.flatten(0, 1)).view_as(current)
            signal = lif(current, model.time_constant, model.threshold, model.surrogate_slope)
            if self.training and model.dropout > 0:
                signal = signal * functional.dropout(torch.ones_like(signal[0]), model.dropout)
        return leaky_integrator(delayed_current(signal, kernels[-1]), model.time_constant)

    def clamp_delays(self) -> None:
        """Bring the delays back to the taps."""
        for delay in self.delays:
            delay.data.clamp_(0, self.model.max_delay - 1)

    def round_delays(self) -> None:
        """Have one tap for each delay from here on."""
        self.sigma = 0.0


def plain_training(ours: DelayNetwork, settings: RunSettings, sigma: float) -> PeerTraining:
    """Return the training of this peer, from one of our networks on."""
    return PeerTraining(PlainNetwork(ours, settings.delays == "learned", sigma), settings)

"""Neurons in discrete time: leaky integrate-and-fire, leaky integrator, surrogate gradient.

Time is in steps; arrays are time-major, [time, batch, neurons]. Both models are those of
Mészáros, Knight & Nowotny (2024), after Hammouamri et al. (2024).
"""

import torch
from torch import Tensor
from torch.autograd.function import FunctionCtx


class _LeakyIntegrateAndFire(torch.autograd.Function):
    """`lif` with its backward pass by hand: autograd would keep five tensors a step, not one."""

    @staticmethod
    def forward(
        ctx: FunctionCtx, current: Tensor, decay: float, threshold: float, alpha: float
    ) -> Tensor:
        voltage = torch.zeros_like(current)  # [T, B, N]
        silent = torch.empty_like(current[0])  # [B, N], 1 where no spike
        for t in range(1, len(current) - 1):
            torch.le(voltage[t], threshold, out=silent)
            torch.add(current[t - 1], voltage[t], alpha=decay, out=voltage[t + 1]).mul_(silent)
        ctx.save_for_backward(voltage)
        ctx.constants = decay, threshold, alpha  # type: ignore[attr-defined]
        return torch.gt(voltage, threshold, out=torch.empty_like(voltage))

    @staticmethod
    def backward(ctx: FunctionCtx, spikes_gradient: Tensor) -> tuple[Tensor, None, None, None]:
        (voltage,) = ctx.saved_tensors  # type: ignore[attr-defined]
        decay, threshold, alpha = ctx.constants  # type: ignore[attr-defined]
        current_gradient = torch.zeros_like(voltage)  # [T, B, N]
        silent = torch.empty_like(voltage[0])  # [B, N]
        # dL/dv_{t+1}; the loop keeps every temporary small enough for the processor's cache
        adjoint = _surrogate(voltage[-1], threshold, alpha).mul_(spikes_gradient[-1])
        for t in range(len(voltage) - 2, 0, -1):
            torch.le(voltage[t], threshold, out=silent)
            carried = torch.mul(adjoint, silent, out=current_gradient[t - 1])
            adjoint = _surrogate(voltage[t], threshold, alpha).mul_(spikes_gradient[t])
            adjoint.add_(carried, alpha=decay)
        return current_gradient, None, None, None


def _surrogate(voltage: Tensor, threshold: float, alpha: float) -> Tensor:
    """Return ds/dv = (a/2) / (1 + (pi/2 a (v - threshold))^2), the derivative of an arctangent."""
    scaled = (voltage - threshold).mul_(alpha * torch.pi / 2)
    return scaled.square_().add_(1.0).reciprocal_().mul_(alpha / 2)


def lif(current: Tensor, tau: float, threshold: float = 1.0, alpha: float = 5.0) -> Tensor:
    """Return the spikes of leaky integrate-and-fire neurons.

        s_t = H(v_t - threshold);  v_{t+1} = (b v_t + I_{t-1}) (1 - s_t);  b = 1 - 1/tau

    with v_0 = v_1 = 0. The gradient of the step function is replaced by the surrogate
    ds/dv = (a/2) / (1 + (pi/2 a (v - threshold))^2) (Fang et al. 2021, arctangent); the reset is
    detached from the gradient.

    Args:
        current: input current, [time, batch, neurons].
        tau: membrane time constant, in steps, above 1.
        threshold: firing threshold, in the units of the voltage.
        alpha: slope of the surrogate.

    Returns:
        Spikes, 0 or 1, [time, batch, neurons], in the type of `current`.
    """
    spikes: Tensor = _LeakyIntegrateAndFire.apply(current, 1.0 - 1.0 / tau, threshold, alpha)
    return spikes


def leaky_integrator(current: Tensor, tau: float) -> Tensor:
    """Return the voltage of leaky integrators that never fire.

        u_t = b u_{t-1} + I_{t-1};  b = 1 - 1/tau;  u_0 = 0

    It is linear, so it is one product with the triangular matrix of its impulse responses.

    Args:
        current: input current, [time, batch, neurons].
        tau: membrane time constant, in steps, above 1.

    Returns:
        Voltage, [time, batch, neurons].
    """
    steps = torch.arange(len(current), device=current.device, dtype=current.dtype)
    lag = steps[:, None] - steps[None, :] - 1  # [T, T]
    response = torch.where(lag >= 0, (1.0 - 1.0 / tau) ** lag.clamp(min=0), 0.0)  # [T, T]
    return (response @ current.flatten(1)).view_as(current)

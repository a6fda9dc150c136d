"""Neurons in discrete time: leaky integrate-and-fire, leaky integrator, surrogate gradient.

Time is in steps; arrays are time-major, [time, batch, neurons]. Both models are those of
Mészáros, Knight & Nowotny (2024), after Hammouamri et al. (2024).
"""

import torch
from torch import Tensor
from torch.autograd.function import FunctionCtx

VALUES_AT_ONCE = 2**17


class _LeakyIntegrateAndFire(torch.autograd.Function):
    """`lif` with its backward pass by hand: autograd would keep five tensors a step, not one."""

    @staticmethod
    def forward(
        ctx: FunctionCtx, current: Tensor, decay: float, threshold: float, alpha: float
    ) -> Tensor:
        voltage = torch.zeros_like(current)  # [T, B, N]
        silent = torch.empty_like(current[0])  # [B, N], 1 where no spike
        v, i = voltage.unbind(0), current.unbind(0)
        for t in range(1, len(current) - 1):
            torch.le(v[t], threshold, out=silent)
            torch.add(i[t - 1], v[t], alpha=decay, out=v[t + 1]).mul_(silent)
        ctx.save_for_backward(voltage)
        ctx.constants = decay, threshold, alpha  # type: ignore[attr-defined]
        return torch.gt(voltage, threshold, out=torch.empty_like(voltage))

    @staticmethod
    def backward(ctx: FunctionCtx, spikes_gradient: Tensor) -> tuple[Tensor, None, None, None]:
        (voltage,) = ctx.saved_tensors  # type: ignore[attr-defined]
        decay, threshold, alpha = ctx.constants  # type: ignore[attr-defined]
        current_gradient = torch.zeros_like(voltage)  # [T, B, N]
        into = current_gradient.unbind(0)
        # a few steps at once: few enough for the processor's cache, many enough for its pipelines
        steps_at_once = max(1, VALUES_AT_ONCE // voltage[0].numel())
        adjoint = torch.zeros_like(voltage[0])  # dL/dv_{t+1}
        for end in range(len(voltage), 1, -steps_at_once):
            start = max(1, end - steps_at_once)
            v = voltage[start:end]
            direct = _surrogate(v, threshold, alpha).mul_(spikes_gradient[start:end]).unbind(0)
            silent = torch.le(v, threshold, out=torch.empty_like(v)).unbind(0)
            for t in range(end - 1, start - 1, -1):
                carried = torch.mul(adjoint, silent[t - start], out=into[t - 1])
                adjoint = direct[t - start].add_(carried, alpha=decay)
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

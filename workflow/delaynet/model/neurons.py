"""Neurons in discrete time: leaky integrate-and-fire, leaky integrator, surrogate gradient.

Time is in steps; arrays are time-major, [time, batch, neurons]. Both models are those of
Mészáros, Knight & Nowotny (2024), after Hammouamri et al. (2024). `normalised_lif` is what the
network runs: batch-norm and neuron in one, neuron-major, compiled for a CPU or a GPU.
"""

import logging
from collections.abc import Callable
from functools import cache, lru_cache
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.autograd.function import FunctionCtx

from delaynet.model import cpu_kernels

VALUES_AT_ONCE = 2**17
WITHOUT_TRITON = (
    "Triton cannot compile for this GPU (%s), so neurons are computed one operation at a time, "
    "which is slower"
)

log = logging.getLogger("delaynet.training")


class _LeakyIntegrateAndFire(torch.autograd.Function):
    """`lif` with its own backward pass: autograd would keep five tensors per step, not one."""

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
        # on a CPU a few steps at once, which fit in its cache; on a GPU all, to save launches
        steps_at_once = len(voltage)
        if voltage.device.type == "cpu":
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
    responses = _impulse_responses(len(current), tau, current.device, current.dtype)
    return (responses @ current.flatten(1)).view_as(current)


@lru_cache(maxsize=16)
def _impulse_responses(steps: int, tau: float, device: torch.device, dtype: torch.dtype) -> Tensor:
    """Return the voltage of a leaky integrator [time] after an impulse at each step, [T, T]."""
    time = torch.arange(steps, device=device, dtype=dtype)
    lag = time[:, None] - time[None, :] - 1  # [T, T]
    return torch.where(lag >= 0, (1.0 - 1.0 / tau) ** lag.clamp(min=0), 0.0)


def normalised_lif(
    current: Tensor,
    norm: nn.BatchNorm1d,
    tau: float,
    threshold: float,
    alpha: float,
    dropout_mask: Tensor,
) -> Tensor:
    """Return the spikes of LIF neurons whose input current passes a batch-norm.

    Batch-norm is over time and batch (Ioffe & Szegedy 2015); in training mode it updates its
    running moments. Both are one compiled pass over memory, on a CPU and on a GPU; where Triton
    cannot compile for the GPU, they are operations on tensors.

    Args:
        current: input current, [neurons, time, batch].
        norm: batch-norm of the neurons.
        tau: membrane time constant, in steps, above 1.
        threshold: firing threshold.
        alpha: slope of the surrogate.
        dropout_mask: [neurons, batch], the value of a spike; 0 where a neuron is dropped.

    Returns:
        Spikes times dropout mask, [neurons, time, batch].
    """
    run = kernels_of(current.device.type)
    if run is None:
        return normalised_lif_of_tensors(current, norm, tau, threshold, alpha, dropout_mask)
    return normalised_lif_by(run, current, norm, tau, threshold, alpha, dropout_mask)


# runs a kernel of `cpu_kernels` or `gpu_kernels`, by its name, on its arguments
Run = Callable[..., None]


@cache
def kernels_of(device: str) -> Run | None:
    """Return what runs the kernels of neurons on a kind of device; None if nothing can."""
    if device == "cpu":
        return cpu_kernels.run
    try:
        from delaynet.model import gpu_kernels

        gpu_kernels.run("moments", *torch.ones(3, 1, 1, 1, device=device).unbind())
    except Exception as error:  # its compiler, and that of the system, fail in many ways
        log.warning(WITHOUT_TRITON, str(error).strip().partition("\n")[0])
        return None
    return gpu_kernels.run


def normalised_lif_by(
    run: Run,
    current: Tensor,
    norm: nn.BatchNorm1d,
    tau: float,
    threshold: float,
    alpha: float,
    dropout_mask: Tensor,
) -> Tensor:
    """Return `normalised_lif` by the kernels that `run` runs."""
    if norm.training:
        mean, variance = torch.empty_like(norm.weight), torch.empty_like(norm.weight)
        run("moments", current.detach(), mean, variance)
        _update_running_moments(norm, mean, variance, current[0].numel())
    else:
        assert norm.running_mean is not None
        assert norm.running_var is not None
        mean, variance = norm.running_mean, norm.running_var
    constants = _constants(1.0 - 1.0 / tau, threshold, alpha, current.device, current.dtype)
    moments = _Moments(mean, variance + norm.eps, norm.training)
    spikes: Tensor = _NormalisedLif.apply(
        current, norm.weight, norm.bias, dropout_mask, constants, moments, run
    )
    return spikes


@lru_cache(maxsize=16)
def _constants(
    decay: float, threshold: float, alpha: float, device: torch.device, dtype: torch.dtype
) -> Tensor:
    """Return the constants of a neuron, [3]: copied to a device once, as a copy waits for it."""
    return torch.tensor((decay, threshold, alpha), device=device, dtype=dtype)


def normalised_lif_of_tensors(
    current: Tensor,
    norm: nn.BatchNorm1d,
    tau: float,
    threshold: float,
    alpha: float,
    dropout_mask: Tensor,
) -> Tensor:
    """Return `normalised_lif` by operations on tensors: for want of a kernel, and for tests."""
    normalised = norm(current.transpose(0, 1)).permute(0, 2, 1)  # [T, B, N]
    return lif(normalised, tau, threshold, alpha).permute(2, 0, 1) * dropout_mask[:, None]


@torch.no_grad()
def _update_running_moments(
    norm: nn.BatchNorm1d, mean: Tensor, variance: Tensor, count: int
) -> None:
    """Update the running moments of a batch-norm from those of a batch, as PyTorch does."""
    assert norm.momentum is not None
    assert norm.running_mean is not None
    assert norm.running_var is not None
    assert norm.num_batches_tracked is not None
    norm.num_batches_tracked += 1
    norm.running_mean.lerp_(mean, norm.momentum)
    norm.running_var.lerp_(variance * (count / (count - 1)), norm.momentum)


class _Moments(NamedTuple):
    """Mean and variance of a batch-norm, [neurons], and whether they are those of the batch."""

    mean: Tensor
    variance: Tensor
    are_of_batch: bool


class _NormalisedLif(torch.autograd.Function):
    """Batch-norm with given moments, LIF, and dropout, by the kernels of a device."""

    @staticmethod
    def forward(
        ctx: FunctionCtx,
        current: Tensor,
        gain: Tensor,
        bias: Tensor,
        dropout_mask: Tensor,
        constants: Tensor,
        moments: _Moments,
        run: Run,
    ) -> Tensor:
        scale = gain * moments.variance.rsqrt()
        neurons = (current, scale, bias - moments.mean * scale, dropout_mask, constants)
        ctx.save_for_backward(*neurons)
        ctx.moments, ctx.run = moments, run  # type: ignore[attr-defined]
        spikes = torch.empty_like(current)
        run("fire", *neurons, spikes)
        return spikes

    @staticmethod
    def backward(ctx: FunctionCtx, gradient: Tensor) -> tuple[Tensor | None, ...]:
        neurons = ctx.saved_tensors  # type: ignore[attr-defined]
        mean, variance, are_of_batch = ctx.moments  # type: ignore[attr-defined]
        own_variance = variance if are_of_batch else torch.zeros_like(variance)
        result = torch.empty_like(neurons[0])
        sums = torch.empty(len(result), 2, dtype=torch.float64, device=result.device)
        tensors = (*neurons, mean, own_variance, gradient.contiguous(), result, sums)
        ctx.run("fire_gradient", *tensors)  # type: ignore[attr-defined]
        bias_gradient, product = sums.to(mean.dtype).unbind(1)
        return result, product * variance.rsqrt(), bias_gradient, None, None, None, None

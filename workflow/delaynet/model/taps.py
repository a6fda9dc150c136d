"""Delayed currents tap by tap: faster on a CPU if there are few connections.

A tap is a contribution value * x[t - delay] of one presynaptic to one postsynaptic neuron, with a
delay of whole steps. A connection with a rounded delay is one tap; a Gaussian kernel is the
taps within its reach. Signals are neuron-major, [neurons, time, batch].
"""

import math
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.autograd.function import FunctionCtx

from delaynet.model import cpu_kernels
from delaynet.model.delays import gaussian_kernel, gaussian_reach, rounded_steps


class Taps(NamedTuple):
    """Indices of taps, in the order of their targets; all [taps], int64, on the CPU.

    Attributes:
        target: postsynaptic neuron, ascending.
        source: presynaptic neuron.
        delay: in steps.
    """

    target: Tensor
    source: Tensor
    delay: Tensor


def count_taps(included: Tensor, sigma: float, max_delay: int) -> int:
    """Return an upper bound on the taps of `taps_of_connections`; same arguments."""
    within_reach = 1 if sigma == 0 else 2 * math.floor(gaussian_reach(sigma)) + 1
    return int(included.sum()) * min(within_reach, max_delay)


def taps_of_connections(
    weight: Tensor, delay: Tensor, included: Tensor, sigma: float, max_delay: int
) -> tuple[Tensor, Taps]:
    """Return values and indices of the taps of connections: their kernels without zeros.

    Args:
        weight: weights, [synapses, out, in].
        delay: delays in steps, same shape.
        included: the connections to compute with, bool, same shape.
        sigma: width of the Gaussian kernel in steps; 0 for rounded delays.
        max_delay: number of taps of a kernel.

    Returns:
        The values, [taps], differentiable for weight and (sigma above 0) delay; the indices.
    """
    _, outputs, inputs = included.shape
    target, synapse, source = included.movedim(0, 1).nonzero().unbind(1)
    place = (synapse * outputs + target) * inputs + source
    weight, delay = (x.reshape(-1).index_select(0, place) for x in (weight, delay))
    if sigma == 0:
        return weight, Taps(target, source, rounded_steps(delay, max_delay).long())
    kernel = gaussian_kernel(weight, delay, sigma, max_delay)  # [connections, taps]
    delay_of_tap = torch.arange(max_delay - 1, -1, -1)
    is_near = (delay_of_tap - delay.detach()[:, None]).abs() <= gaussian_reach(sigma)
    connection, tap = is_near.nonzero().unbind(1)
    taps = Taps(target[connection], source[connection], delay_of_tap[tap])
    return kernel.reshape(-1).index_select(0, connection * max_delay + tap), taps


def current_of_taps(signal: Tensor, value: Tensor, taps: Taps, neurons: int) -> Tensor:
    """Return the delayed current, differentiable for signal and values.

        I[j, t, b] = sum_e value[e] x[source[e], t - delay[e], b]  over the taps e with target j

    A tap of value 0 is skipped here but gets a gradient, as dormant connections need.

    Args:
        signal: [in, time, batch], on the CPU.
        value: [taps].
        taps: their indices.
        neurons: postsynaptic neurons.

    Returns:
        Current, [neurons, time, batch].
    """
    current: Tensor = _CurrentOfTaps.apply(signal.contiguous(), value, taps, neurons)
    return current


class _CurrentOfTaps(torch.autograd.Function):
    """`current_of_taps`, forward and backward by the loops of `delaynet.model.cpu_kernels`."""

    @staticmethod
    def forward(
        ctx: FunctionCtx, signal: Tensor, value: Tensor, taps: Taps, neurons: int
    ) -> Tensor:
        ctx.save_for_backward(signal, value)
        ctx.taps = taps  # type: ignore[attr-defined]
        nonzero = value != 0
        taps = Taps(*(indices[nonzero] for indices in taps))
        ctx.nonzero = nonzero  # type: ignore[attr-defined]
        return _sum_taps(signal, value[nonzero], taps, neurons, lead=False)

    @staticmethod
    def backward(
        ctx: FunctionCtx, gradient: Tensor
    ) -> tuple[Tensor | None, Tensor | None, None, None]:
        signal, value = ctx.saved_tensors  # type: ignore[attr-defined]
        taps: Taps = ctx.taps  # type: ignore[attr-defined]
        needs_signal, needs_value, *_ = ctx.needs_input_grad  # type: ignore[attr-defined]
        signal_gradient = value_gradient = None
        gradient = gradient.contiguous()
        if needs_value:
            value_gradient = torch.zeros_like(value)
            cpu_kernels.by_rows(
                cpu_kernels.correlate_delayed,
                len(gradient),
                _starts(taps.target, len(gradient)),
                taps.source.numpy(),
                (taps.delay * signal.shape[2]).numpy(),
                signal.flatten(1).numpy(),
                gradient.flatten(1).numpy(),
                value_gradient.numpy(),
            )
        if needs_signal:
            places = ctx.nonzero.nonzero().squeeze(1)  # type: ignore[attr-defined]
            by_source = places[taps.source[places].argsort(stable=True)]
            target, source, delay = (indices[by_source] for indices in taps)
            reversed_taps = Taps(source, target, delay)
            signal_gradient = _sum_taps(
                gradient, value[by_source], reversed_taps, len(signal), lead=True
            )
        return signal_gradient, value_gradient, None, None


def _sum_taps(signal: Tensor, value: Tensor, taps: Taps, neurons: int, lead: bool) -> Tensor:
    """Return the sums of a signal over taps; with `lead` delays are leads."""
    shift = taps.delay * (-signal.shape[2] if lead else signal.shape[2])
    current = signal.new_empty(neurons, *signal.shape[1:])
    cpu_kernels.by_rows(
        cpu_kernels.add_delayed,
        neurons,
        _starts(taps.target, neurons),
        taps.source.numpy(),
        shift.numpy(),
        value.numpy(),
        signal.flatten(1).numpy(),
        current.flatten(1).numpy(),
    )
    return current


def _starts(target: Tensor, neurons: int) -> np.ndarray:
    """Return the first tap of every target, and the number of taps, [neurons + 1]."""
    return torch.searchsorted(target, torch.arange(neurons + 1)).numpy()

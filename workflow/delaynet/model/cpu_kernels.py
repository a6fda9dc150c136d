"""The compiled loops for a CPU: delayed currents tap by tap, and neurons.

Arrays here are neuron-major, [neurons, time, batch] with `batch` contiguous: a delay of d steps is
then a shift of a neuron's row by d * batch values, and the loops vectorise over clips. Every
row of a result is computed by one thread in one order, so these loops give the same bytes on any
number of threads (PyTorch's matrix products do not). The
tests compare them with the functions of tensors in `delaynet.model.delays` and
`delaynet.model.neurons`; `delaynet.model.gpu_kernels` has the loops over neurons for a GPU.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from itertools import pairwise
from typing import Any

import numpy as np
import torch
from numba import njit
from torch import Tensor

# values of a row processed at once; with those of all sources they fit in a core's cache
CHUNK = 2048

# sums may be reordered to vectorise, and use fused multiply-add; inf and nan stay exact
_compile = njit(cache=True, nogil=True, error_model="numpy", fastmath={"reassoc", "contract"})


def by_rows(loop: Callable[..., None], rows: int, *arguments: Any) -> None:
    """Run a compiled loop over all rows, a share of them in each of PyTorch's threads.

    Args:
        loop: called as loop(first, last, *arguments), writes into its arguments.
        rows: number of rows.
        arguments: arrays and numbers.
    """
    threads = max(1, min(torch.get_num_threads(), rows))
    if threads == 1:
        loop(0, rows, *arguments)
        return
    bounds = [rows * share // threads for share in range(threads + 1)]
    jobs = [_pool(threads).submit(loop, *ends, *arguments) for ends in pairwise(bounds)]
    for job in jobs:
        job.result()


def run(kernel: str, *tensors: Tensor) -> None:
    """Run a loop over neurons in PyTorch's threads.

    Args:
        kernel: `moments`, `fire` or `fire_gradient`.
        tensors: contiguous; [neurons, time, batch] first.
    """
    by_rows(globals()[kernel], len(tensors[0]), *(tensor.numpy() for tensor in tensors))


@lru_cache(maxsize=1)
def _pool(threads: int) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(threads)


@_compile
def add_delayed(first, last, start, source, shift, value, signal, current):  # type: ignore[no-untyped-def]
    """Write to row j the sum of value[e] * signal[source[e]], shifted, over the taps e of j.

    The taps of row j are start[j] .. start[j + 1] - 1. A shift is a number of values, to the right
    if positive; values from outside of the row are 0.

    Args:
        first: row.
        last: row after the last.
        start: [rows + 1].
        source: [taps], row of the signal.
        shift: [taps].
        value: [taps].
        signal: [sources, length].
        current: [rows, length], written.
    """
    length = current.shape[1]
    for begin in range(0, length, CHUNK):
        for j in range(first, last):
            current[j, begin : begin + CHUNK] = current.dtype.type(0)
            for e in range(start[j], start[j + 1]):
                low = max(begin, shift[e])
                high = min(begin + CHUNK, length, length + shift[e])
                if low < high:
                    into = current[j, low:high]
                    delayed = signal[source[e], low - shift[e] : high - shift[e]]
                    for k in range(high - low):
                        into[k] += value[e] * delayed[k]


@_compile
def correlate_delayed(first, last, start, source, shift, signal, gradient, result):  # type: ignore[no-untyped-def]
    """Add to result[e] the product of row j of `gradient` and the shifted signal, for every tap e.

    It is the gradient of `add_delayed` for `value`; arguments as there, `gradient` [rows, length].
    """
    length = gradient.shape[1]
    for begin in range(0, length, CHUNK):
        for j in range(first, last):
            for e in range(start[j], start[j + 1]):
                low = max(begin, shift[e])
                high = min(begin + CHUNK, length, length + shift[e])
                if low < high:
                    gradient_row = gradient[j, low:high]
                    delayed = signal[source[e], low - shift[e] : high - shift[e]]
                    total = result.dtype.type(0)
                    for k in range(high - low):
                        total += gradient_row[k] * delayed[k]
                    result[e] += total


@_compile
def moments(first, last, current, mean, variance):  # type: ignore[no-untyped-def]
    """Write mean and (biased) variance of every neuron's current over time and batch.

    Args:
        first: row.
        last: row after the last.
        current: [neurons, time, batch].
        mean: [neurons], written.
        variance: [neurons], written.
    """
    _, steps, batch = current.shape
    for n in range(first, last):
        total = 0.0
        for t in range(steps):
            step_total = current.dtype.type(0)
            for b in range(batch):
                step_total += current[n, t, b]
            total += step_total
        middle = current.dtype.type(total / (steps * batch))
        total = 0.0
        for t in range(steps):
            step_total = current.dtype.type(0)
            for b in range(batch):
                step_total += (current[n, t, b] - middle) ** 2
            total += step_total
        mean[n] = middle
        variance[n] = total / (steps * batch)


@_compile
def _integrate(voltage, before, current, scale, offset, decay, threshold):  # type: ignore[no-untyped-def]
    """Write v_{t+1} = (b v_t + I_{t-1}) (1 - s_t) of one neuron in all clips, [batch]."""
    zero = voltage.dtype.type(0)
    for b in range(len(voltage)):
        old = before[b]
        new = decay * old + (scale * current[b] + offset)
        voltage[b] = zero if old > threshold else new


@_compile
def fire(first, last, current, scale, offset, dropout_mask, constants, spikes):  # type: ignore[no-untyped-def]
    """Write the spikes of LIF neurons whose input is scale * current + offset.

        s_t = H(v_t - threshold);  v_{t+1} = (b v_t + I_{t-1}) (1 - s_t);  v_0 = v_1 = 0

    Args:
        first: row.
        last: row after the last.
        current: [neurons, time, batch].
        scale: [neurons].
        offset: [neurons].
        dropout_mask: [neurons, batch], the value of a spike; 0 where a neuron is dropped.
        constants: decay b of the voltage in a step, threshold, slope of the surrogate; [3].
        spikes: [neurons, time, batch], written.
    """
    _, steps, batch = current.shape
    zero = current.dtype.type(0)
    decay, threshold = constants[0], constants[1]
    for n in range(first, last):
        voltage, before = np.zeros(batch, current.dtype), np.zeros(batch, current.dtype)
        spike_value, neuron_spikes = dropout_mask[n], spikes[n]
        neuron_spikes[:2] = zero
        for t in range(2, steps):
            # into another array, because the compiler would not vectorise it in place
            voltage, before = before, voltage
            _integrate(voltage, before, current[n, t - 2], scale[n], offset[n], decay, threshold)
            spike = neuron_spikes[t]
            for b in range(batch):
                # a voltage that is not a number must not count as no spike
                spike[b] = spike_value[b] if voltage[b] > threshold else zero * voltage[b]


@_compile
def fire_gradient(  # type: ignore[no-untyped-def]
    first,
    last,
    current,
    scale,
    offset,
    dropout_mask,
    constants,
    mean,
    variance,
    gradient,
    result,
    sums,
):
    """Write the gradient of `fire` for the current, and the sums for those of batch-norm.

    With g the gradient for the normalised current y = scale x + offset, and means over time and
    batch, that for the current x is scale g where mean and variance are given, and where they are
    the batch's own (Ioffe & Szegedy 2015)

        scale (g - mean(g) - (x - mean(x)) mean(g (x - mean(x))) / variance)

    The voltages are computed again, which is faster than reading them from memory. Loops over the
    batch are short and separate, because the compiler vectorises only such loops.

    Args:
        first: row.
        last: row after the last.
        current: as for `fire`, like scale, offset, dropout_mask and constants.
        scale: [neurons].
        offset: [neurons].
        dropout_mask: [neurons, batch].
        constants: [3].
        mean: of the current, [neurons].
        variance: of the current, [neurons]; 0 where the moments are not this batch's own.
        gradient: [neurons, time, batch], of the spikes.
        result: [neurons, time, batch], written: the gradient for the current.
        sums: [neurons, 2], float64, written: the sum of g, and that of g (x - mean(x)).
    """
    _, steps, batch = current.shape
    zero = current.dtype.type(0)
    decay, threshold = constants[0], constants[1]
    voltage = np.empty((steps, batch), current.dtype)
    direct, of_input = np.empty_like(voltage), np.zeros_like(voltage)
    for n in range(first, last):
        voltage[:2] = zero
        for t in range(2, steps):
            x = current[n, t - 2]
            _integrate(voltage[t], voltage[t - 1], x, scale[n], offset[n], decay, threshold)
        _through_spikes(voltage, gradient[n], dropout_mask[n], constants, direct)
        _back_in_time(voltage, decay, threshold, direct, of_input)
        total, product = _sums(current[n], mean[n], of_input)
        sums[n, 0], sums[n, 1] = total, product
        slope = constant = zero
        if variance[n] > zero:
            slope = current.dtype.type(product / variance[n] / (steps * batch))
            constant = current.dtype.type(total / (steps * batch)) - slope * mean[n]
        for t in range(steps):
            x, of_current = current[n, t], result[n, t]
            g = of_input[(t + 1) % steps]
            for b in range(batch):
                of_current[b] = scale[n] * (g[b] - constant - slope * x[b])


@_compile
def _through_spikes(voltage, gradient, dropout_mask, constants, direct):  # type: ignore[no-untyped-def]
    """Write the part of dL/dv_t that comes through s_t, by the surrogate; all [time, batch]."""
    one = voltage.dtype.type(1)
    threshold, alpha = constants[1], constants[2]
    height, steepness = alpha / voltage.dtype.type(2), alpha * voltage.dtype.type(np.pi / 2)
    for t in range(1, len(voltage)):
        v, of_spikes, of_voltage = voltage[t], gradient[t], direct[t]
        for b in range(len(v)):
            overshoot = steepness * (v[b] - threshold)
            of_voltage[b] = (
                height / (one + overshoot * overshoot) * (of_spikes[b] * dropout_mask[b])
            )


@_compile
def _step_back(adjoint, later, voltage, direct, decay, threshold, carried):  # type: ignore[no-untyped-def]
    """Write dL/dv_t and dL/dy_{t-1} of one neuron in all clips, [batch]; `later` is dL/dv_{t+1}."""
    zero = voltage.dtype.type(0)
    for b in range(len(voltage)):
        through = zero if voltage[b] > threshold else later[b]
        adjoint[b] = direct[b] + decay * through
        carried[b] = through


@_compile
def _back_in_time(voltage, decay, threshold, direct, of_input):  # type: ignore[no-untyped-def]
    """Write dL/dy_{t-1}, y the input, from the direct part of dL/dv_t; all [time, batch]."""
    steps, batch = voltage.shape
    adjoint, later = np.zeros(batch, voltage.dtype), np.zeros(batch, voltage.dtype)
    for t in range(steps - 1, 0, -1):
        adjoint, later = later, adjoint
        _step_back(adjoint, later, voltage[t], direct[t], decay, threshold, of_input[t])


@_compile
def _sums(current, mean, of_input):  # type: ignore[no-untyped-def]
    """Return the sums of g_{t-1} and of g_{t-1} (x_{t-1} - mean) over time and batch."""
    total = product = 0.0
    for t in range(1, len(current)):
        x, g = current[t - 1], of_input[t]
        step_total = of_product = current.dtype.type(0)
        for b in range(len(x)):
            step_total += g[b]
            of_product += g[b] * (x[b] - mean)
        total += step_total
        product += of_product
    return total, product

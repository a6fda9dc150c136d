"""The loops of `cpu_kernels` over neurons, for a GPU, in Triton.

One program computes one neuron: batch-norm, neuron and dropout over all steps, with a clip in each
lane and the voltage in registers. The sums of a neuron are made within its program, in one order:
no atomics, so the same bytes every time. Arguments are those of the loops of the same name.
"""

import torch
import triton
import triton.language as tl
from torch import Tensor

# clips at once; more are taken one block after the other
LARGEST_BLOCK = 1024


def run(kernel: str, *tensors: Tensor) -> None:
    """Run a kernel for all neurons.

    Args:
        kernel: `moments`, `fire` or `fire_gradient`.
        tensors: contiguous, as the loop of `cpu_kernels` takes them; [neurons, time, batch] first.
    """
    neurons, steps, batch = tensors[0].shape
    block = min(triton.next_power_of_2(batch), LARGEST_BLOCK)
    if kernel == "fire_gradient":
        tensors += (torch.empty_like(tensors[0]),)
    KERNELS[kernel][(neurons,)](*tensors, steps, batch, block=block)


@triton.jit
def _moments(current, mean, variance, steps, batch, block: tl.constexpr):  # type: ignore[no-untyped-def]
    """Write mean and (biased) variance of every neuron's current over time and batch."""
    neuron = tl.program_id(0)
    x = current + neuron.to(tl.int64) * steps * batch
    count = steps * batch
    total = tl.zeros([block], tl.float64)
    for first in range(0, count, block):
        place = first + tl.arange(0, block)
        total += tl.load(x + place, mask=place < count, other=0.0).to(tl.float64)
    middle = (tl.sum(total, 0) / count).to(current.dtype.element_ty)
    total = tl.zeros([block], tl.float64)
    for first in range(0, count, block):
        place = first + tl.arange(0, block)
        distance = tl.load(x + place, mask=place < count, other=0.0) - middle
        total += tl.where(place < count, distance * distance, 0.0).to(tl.float64)
    tl.store(mean + neuron, middle)
    tl.store(variance + neuron, (tl.sum(total, 0) / count).to(current.dtype.element_ty))


@triton.jit
def _fire(  # type: ignore[no-untyped-def]
    current,
    scale,
    offset,
    dropout_mask,
    constants,
    spikes,
    steps,
    batch,
    block: tl.constexpr,
):
    """Write the spikes of LIF neurons whose input is scale * current + offset."""
    neuron = tl.program_id(0)
    row = neuron.to(tl.int64) * steps * batch
    gain, shift = tl.load(scale + neuron), tl.load(offset + neuron)
    decay, threshold = tl.load(constants), tl.load(constants + 1)
    for first in range(0, batch, block):
        clip = first + tl.arange(0, block)
        is_clip = clip < batch
        value = tl.load(dropout_mask + neuron * batch + clip, mask=is_clip, other=0.0)
        voltage = tl.zeros([block], current.dtype.element_ty)
        tl.store(spikes + row + clip, voltage, mask=is_clip)
        tl.store(spikes + row + batch + clip, voltage, mask=is_clip & (steps > 1))
        for t in range(2, steps):
            place = row + t * batch + clip
            x = tl.load(current + place - 2 * batch, mask=is_clip, other=0.0)
            integrated = decay * voltage + (gain * x + shift)
            voltage = tl.where(voltage > threshold, 0.0, integrated)
            # a voltage that is not a number must not count as no spike
            spike = tl.where(voltage > threshold, value, 0.0 * voltage)
            tl.store(spikes + place, spike, mask=is_clip)


@triton.jit
def _fire_gradient(  # type: ignore[no-untyped-def]
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
    voltages,
    steps,
    batch,
    block: tl.constexpr,
):
    """Write the gradient of `fire` for the current, and the sums for those of batch-norm.

    The voltages are computed again, and kept in memory on the way back through time: `voltages`,
    of the current's shape.
    """
    neuron = tl.program_id(0)
    row = neuron.to(tl.int64) * steps * batch
    gain, shift = tl.load(scale + neuron), tl.load(offset + neuron)
    middle, spread = tl.load(mean + neuron), tl.load(variance + neuron)
    decay, threshold = tl.load(constants), tl.load(constants + 1)
    alpha = tl.load(constants + 2)
    height, steepness = alpha * 0.5, alpha * 1.5707963267948966
    total = tl.zeros([block], tl.float64)
    product = tl.zeros([block], tl.float64)
    for first in range(0, batch, block):
        clip = first + tl.arange(0, block)
        is_clip = clip < batch
        value = tl.load(dropout_mask + neuron * batch + clip, mask=is_clip, other=0.0)
        voltage = tl.zeros([block], current.dtype.element_ty)
        tl.store(voltages + row + batch + clip, voltage, mask=is_clip & (steps > 1))
        for t in range(2, steps):
            place = row + t * batch + clip
            x = tl.load(current + place - 2 * batch, mask=is_clip, other=0.0)
            integrated = decay * voltage + (gain * x + shift)
            voltage = tl.where(voltage > threshold, 0.0, integrated)
            tl.store(voltages + place, voltage, mask=is_clip)
        # what other threads of the program have written is read from here on
        tl.debug_barrier()
        later = tl.zeros([block], current.dtype.element_ty)  # dL/dv_{t+1}
        tl.store(result + row + (steps - 1) * batch + clip, later, mask=is_clip)
        for back in range(1, steps):
            place = row + (steps - back) * batch + clip
            voltage = tl.load(voltages + place, mask=is_clip, other=0.0)
            overshoot = steepness * (voltage - threshold)
            of_spikes = tl.load(gradient + place, mask=is_clip, other=0.0) * value
            carried = tl.where(voltage > threshold, 0.0, later)  # dL/dy_{t-1}, y the input
            later = height / (1.0 + overshoot * overshoot) * of_spikes + decay * carried
            x = tl.load(current + place - batch, mask=is_clip, other=0.0)
            tl.store(result + place - batch, carried, mask=is_clip)
            total += carried.to(tl.float64)
            product += (carried * (x - middle)).to(tl.float64)
    tl.debug_barrier()
    total_sum, product_sum = tl.sum(total, 0), tl.sum(product, 0)
    tl.store(sums + 2 * neuron, total_sum)
    tl.store(sums + 2 * neuron + 1, product_sum)
    count = steps * batch
    is_own = spread > 0.0
    slope = (product_sum / tl.where(is_own, spread, 1.0) / count).to(current.dtype.element_ty)
    constant = (total_sum / count).to(current.dtype.element_ty) - slope * middle
    slope, constant = tl.where(is_own, slope, 0.0), tl.where(is_own, constant, 0.0)
    for first in range(0, count, block):
        place = first + tl.arange(0, block)
        x = tl.load(current + row + place, mask=place < count)
        g = tl.load(result + row + place, mask=place < count)
        tl.store(result + row + place, gain * (g - constant - slope * x), mask=place < count)


KERNELS = {"moments": _moments, "fire": _fire, "fire_gradient": _fire_gradient}

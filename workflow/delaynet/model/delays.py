"""Delay kernels and delayed currents: pure functions.

A connection with weight w and delay d adds w x[t - d] to the current at time t. All connections of
a layer together are a convolution over time with a kernel [out, in, taps], whose tap index
`max_delay - 1 - d` stands for the delay d (Hammouamri et al. 2024; Khalfaoui-Hassani et al. 2023).

Signals are neuron-major, [neurons, time, batch].
"""

import math
from functools import lru_cache
from typing import NamedTuple

import torch
from torch import Tensor
from torch.autograd.function import FunctionCtx

# DCLS adds this to sigma, to avoid a division by zero.
MINIMAL_WIDTH = 0.27
NEURONS_AT_ONCE = 64


def gaussian_kernel(weight: Tensor, delay: Tensor, sigma: float, max_delay: int) -> Tensor:
    """Return the kernel of learnable delays: each weight spread over the taps by a Gaussian.

        K[j, i, d] = w[j, i] g(d - d[j, i]),  g of width sigma + 0.27, summing to 1 over the taps

    (DCLS with Gaussian interpolation, Khalfaoui-Hassani et al. 2023; Hammouamri et al. 2024, eq. 5;
    `dcls_kernel.py` uses the published package, which was measured 2.2 to 3 times slower, forward
    and backward, with 40 inputs and 96 or 256 neurons.)

    Args:
        weight: weights, [..., out, in].
        delay: delays in steps, same shape.
        sigma: width in steps; 0.27 is added.
        max_delay: number of taps.

    Returns:
        Kernel, [..., out, in, max_delay], tap index max_delay - 1 - d for delay d.
    """
    kernel: Tensor = _GaussianKernel.apply(weight, delay, sigma, max_delay)
    return kernel.movedim(0, -1)


class _GaussianKernel(torch.autograd.Function):
    """`gaussian_kernel`, taps first; the backward pass computes the Gaussians again.

    With g_d the share of tap d and w the width: dg_d / d(delay) = g_d (d - mean) / w^2, where mean
    is sum_d g_d d.
    """

    @staticmethod
    def forward(
        ctx: FunctionCtx, weight: Tensor, delay: Tensor, sigma: float, max_delay: int
    ) -> Tensor:
        ctx.save_for_backward(weight, delay)
        ctx.settings = sigma, max_delay  # type: ignore[attr-defined]
        return _gaussian_shares(delay, sigma, max_delay)[0].mul_(weight)

    @staticmethod
    def backward(
        ctx: FunctionCtx, gradient: Tensor
    ) -> tuple[Tensor | None, Tensor | None, None, None]:
        weight, delay = ctx.saved_tensors  # type: ignore[attr-defined]
        sigma, max_delay = ctx.settings  # type: ignore[attr-defined]
        share, offset = _gaussian_shares(delay, sigma, max_delay)
        share_gradient = gradient * share
        weight_gradient = share_gradient.sum(0)
        if not ctx.needs_input_grad[1]:  # type: ignore[attr-defined]
            return weight_gradient, None, None, None
        mean = share.mul_(offset).sum(0)
        moment = share_gradient.mul_(offset).sum(0)
        delay_gradient = weight * (moment - mean * weight_gradient) / (sigma + MINIMAL_WIDTH) ** 2
        return weight_gradient, delay_gradient, None, None


def _gaussian_shares(delay: Tensor, sigma: float, max_delay: int) -> tuple[Tensor, Tensor]:
    """Return each tap's share of a weight, and its distance from the delay, [taps, ..]."""
    taps = torch.arange(max_delay - 1, -1, -1, device=delay.device, dtype=delay.dtype)
    offset = taps.view(-1, *(1 for _ in delay.shape)) - delay
    scale = math.sqrt(0.5) / (sigma + MINIMAL_WIDTH)
    # values below exp(-80) do not matter, and denormal numbers are slow
    gaussian = (offset * scale).square_().neg_().clamp_(min=-80.0).exp_()
    # DCLS's own constant: it keeps the kernel finite for delays far outside of the taps
    return gaussian.div_(gaussian.sum(0) + 1e-7), offset


def gaussian_reach(sigma: float) -> float:
    """Return the distance from the delay, in steps, up to which a Gaussian kernel matters.

    Beyond it a tap is below 1e-8 of the largest, which is below single precision.
    """
    return (sigma + MINIMAL_WIDTH) * math.sqrt(2 * math.log(1e8))


def rounded_steps(delay: Tensor, max_delay: int) -> Tensor:
    """Return delays rounded half to even and clamped to the taps, same shape.

    What is not a number becomes 0: the network of an epoch is evaluated before it is known to be
    finite, and a delay is an index.
    """
    return delay.detach().nan_to_num().round().clamp(0, max_delay - 1)


def rounded_kernel(weight: Tensor, delay: Tensor, max_delay: int) -> Tensor:
    """Return the kernel of rounded delays: each weight on one tap.

    Args:
        weight: weights, [..., out, in].
        delay: delays in steps, same shape; rounded half to even, then clamped to the taps.
        max_delay: number of taps.

    Returns:
        Kernel, [..., out, in, max_delay], tap index max_delay - 1 - d for delay d. It carries the
        gradient of the weight; rounding has none for the delay.
    """
    tap = max_delay - 1 - rounded_steps(delay, max_delay).long()
    kernel = weight.new_zeros(max_delay, *weight.shape)
    return kernel.scatter(0, tap.unsqueeze(0), weight.unsqueeze(0)).movedim(0, -1)


def transformed_current(signal: Tensor, kernel: Tensor) -> Tensor:
    """Return the current that a signal causes through delayed connections.

        I[j, t, b] = sum_i sum_d K[j, i, d] x[i, t - d, b],  x = 0 before the first step

    computed by discrete Fourier transforms over time; a delay becomes a phase.

    Args:
        signal: presynaptic signal, [in, time, batch].
        kernel: delay kernel, [out, in, taps], tap index taps - 1 - d for delay d.

    Returns:
        Current, [out, time, batch].
    """
    transform = _transforms(signal.shape[1], kernel.shape[-1], signal.device, signal.dtype)
    with torch.no_grad():
        signal_spectrum = _per_frequency(transform.forward, signal)  # [F, 2 in, B]
    current = _ProductForSignal.apply(signal, kernel.detach(), signal_spectrum, transform)
    # the input is in memory anyway, so its spectrum is computed again; other spectra are saved
    saved_spectrum = signal_spectrum if signal.requires_grad else None
    saved_signal = None if signal.requires_grad else signal
    result: Tensor = _ProductForKernel.apply(
        current, kernel, saved_spectrum, saved_signal, transform
    )
    return result


# Transform, one complex matrix product per frequency, inverse transform. A complex product is a
# real one with [[re, -im], [im, re]] in place of each entry of the kernel's spectrum. Transforms
# are matrix products: measured at two to three times the speed of an FFT along an inner axis.
# Spectra lie in memory as [neurons, re | im, frequencies, batch], and are passed to the products
# per frequency as [frequencies, neurons re | im, batch] without a copy.
#
# Each factor's gradient has its own function. The kernel's gradient is computed first; then the
# signal's spectrum, the largest array, can be freed. The kernel's spectrum is computed again when
# it is needed, which is quick and saves memory.


class _ProductForSignal(torch.autograd.Function):
    """The delayed current, with its gradient for the signal."""

    @staticmethod
    def forward(
        ctx: FunctionCtx,
        signal: Tensor,
        kernel: Tensor,
        signal_spectrum: Tensor,
        transform: "_Transforms",
    ) -> Tensor:
        if ctx.needs_input_grad[0]:  # type: ignore[attr-defined]
            ctx.save_for_backward(kernel)
        ctx.transform = transform  # type: ignore[attr-defined]
        kernel_spectrum = _kernel_spectrum(transform.kernel, kernel)  # [F, 2 out, 2 in]
        return _product_back(transform.backward, kernel_spectrum, signal_spectrum)

    @staticmethod
    def backward(ctx: FunctionCtx, gradient: Tensor) -> tuple[Tensor | None, None, None, None]:
        if not ctx.needs_input_grad[0]:  # type: ignore[attr-defined]
            return None, None, None, None
        (kernel,) = ctx.saved_tensors  # type: ignore[attr-defined]
        transform = ctx.transform  # type: ignore[attr-defined]
        kernel_spectrum = _kernel_spectrum(transform.kernel, kernel)
        gradient_spectrum = _per_frequency(transform.backward.mT, gradient)  # [F, 2 out, B]
        signal_gradient = _product_back(transform.forward.mT, kernel_spectrum.mT, gradient_spectrum)
        return signal_gradient, None, None, None


class _ProductForKernel(torch.autograd.Function):
    """The delayed current, unchanged, with its gradient for the kernel."""

    @staticmethod
    def forward(
        ctx: FunctionCtx,
        current: Tensor,
        kernel: Tensor,
        signal_spectrum: Tensor | None,
        signal: Tensor | None,
        transform: "_Transforms",
    ) -> Tensor:
        if ctx.needs_input_grad[1]:  # type: ignore[attr-defined]
            ctx.save_for_backward(signal_spectrum, signal)  # type: ignore[arg-type]
        ctx.transform = transform  # type: ignore[attr-defined]
        return current.view_as(current)

    @staticmethod
    def backward(ctx: FunctionCtx, gradient: Tensor) -> tuple[Tensor | None, ...]:
        if not ctx.needs_input_grad[1]:  # type: ignore[attr-defined]
            return gradient, None, None, None, None
        signal_spectrum, signal = ctx.saved_tensors  # type: ignore[attr-defined]
        transform = ctx.transform  # type: ignore[attr-defined]
        if signal_spectrum is None:
            signal_spectrum = _per_frequency(transform.forward, signal)
        gradient_spectrum = _per_frequency(transform.backward.mT, gradient)  # [F, 2 out, B]
        product_gradient = torch.bmm(gradient_spectrum, signal_spectrum.mT)  # [F, 2 out, 2 in]
        kernel_gradient = _kernel_spectrum_gradient(transform.kernel, product_gradient)
        return gradient, kernel_gradient, None, None, None


def _per_frequency(transform: Tensor, signal: Tensor) -> Tensor:
    """Return the spectrum of a signal [n, T, B]: [F, 2n, B], a neuron's parts in adjacent rows."""
    neurons, _, batch = signal.shape
    parts = torch.bmm(transform.expand(neurons, -1, -1), signal)  # [n, 2 F, B]
    return parts.view(2 * neurons, -1, batch).permute(1, 0, 2)


def _product_back(transform: Tensor, factor: Tensor, spectrum: Tensor) -> Tensor:
    """Return the signal of a product of spectra: [F, 2m, 2n] x [F, 2n, B] -> [m, T, B].

    On a CPU a few neurons at a time, as the whole product would be the largest array of a training
    step; on a GPU all, to save launches.
    """
    frequencies, rows, _ = factor.shape
    batch = spectrum.shape[2]
    signal = spectrum.new_empty(rows // 2, len(transform), batch)
    at_once = min(NEURONS_AT_ONCE, rows // 2) if spectrum.device.type == "cpu" else rows // 2
    product = spectrum.new_empty(2 * at_once, frequencies, batch)
    for first in range(0, rows, len(product)):
        some = factor[:, first : first + len(product)]  # [F, 2 some, 2 n]
        part = product[: some.shape[1]]
        torch.bmm(some, spectrum, out=part.permute(1, 0, 2))
        parts = part.view(len(part) // 2, 2 * frequencies, batch)
        into = signal[first // 2 : (first + len(part)) // 2]
        torch.bmm(transform.expand(len(parts), -1, -1), parts, out=into)
    return signal


def _kernel_spectrum(transform: Tensor, kernel: Tensor) -> Tensor:
    """Return the real matrices that represent a kernel's spectrum, [F, 2 out, 2 in]."""
    outputs, inputs, taps = kernel.shape
    by_tap = kernel.movedim(-1, 0).reshape(
        taps, -1
    )  # [taps, out * in], the memory layout of kernels
    real, imaginary = (transform @ by_tap).view(2, -1, outputs, inputs)  # [F, out, in]
    matrices = kernel.new_empty(len(real), outputs, 2, inputs, 2)
    matrices[:, :, 0, :, 0] = real
    matrices[:, :, 1, :, 1] = real
    matrices[:, :, 1, :, 0] = imaginary
    torch.neg(imaginary, out=matrices[:, :, 0, :, 1])
    return matrices.view(len(real), 2 * outputs, 2 * inputs)


def _kernel_spectrum_gradient(transform: Tensor, gradient: Tensor) -> Tensor:
    """Return the gradient for a kernel, [out, in, taps], from that for `_kernel_spectrum`."""
    frequencies, rows, columns = gradient.shape
    parts = gradient.view(frequencies, rows // 2, 2, columns // 2, 2)
    both = gradient.new_empty(2, frequencies, rows // 2, columns // 2)
    torch.add(parts[:, :, 0, :, 0], parts[:, :, 1, :, 1], out=both[0])
    torch.sub(parts[:, :, 1, :, 0], parts[:, :, 0, :, 1], out=both[1])
    by_tap = transform.mT @ both.flatten(0, 1).flatten(1)  # [taps, out * in]
    return by_tap.view(-1, rows // 2, columns // 2).movedim(0, -1)


class _Transforms(NamedTuple):
    """Matrices of discrete Fourier transforms; rows or columns of F real, then F imaginary parts.

    Attributes:
        forward: [2 F, time].
        kernel: [2 F, taps]; its columns run from the latest delay to 0, as a kernel's taps do.
        backward: [time, 2 F].
    """

    forward: Tensor
    kernel: Tensor
    backward: Tensor


@lru_cache(maxsize=16)
def _transforms(steps: int, taps: int, device: torch.device, dtype: torch.dtype) -> _Transforms:
    """Return the transforms of the shortest even length without wrap-around into the signal."""
    length = (steps + taps) // 2 * 2
    frequency = torch.arange(length // 2 + 1, dtype=torch.float64)
    time = torch.arange(max(steps, taps), dtype=torch.float64)
    phase = 2 * math.pi * torch.outer(frequency, time) / length  # [F, time]
    parts = torch.cat((phase.cos(), -phase.sin()))  # [2 F, time]
    # every frequency except the first and the last also represents its conjugate
    count = torch.full_like(frequency, 2.0)
    count[0] = count[-1] = 1.0
    back = (parts * count.repeat(2)[:, None] / length).mT  # [time, 2 F]
    matrices = parts[:, :steps], parts[:, :taps].flip(1), back[:steps]
    return _Transforms(*(matrix.to(device, dtype).contiguous() for matrix in matrices))

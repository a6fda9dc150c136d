"""Delay kernels and delayed currents: pure functions.

A connection with weight w and delay d adds w x[t - d] to the current at time t. All connections of
a layer together are a convolution over time with a kernel [out, in, taps], whose tap index
`max_delay - 1 - d` stands for the delay d (Hammouamri et al. 2024; Khalfaoui-Hassani et al. 2023).
"""

import math
from functools import lru_cache

import torch
from torch import Tensor
from torch.autograd.function import FunctionCtx

# Widths below this are reached by no kernel: DCLS adds it to sigma, against a division by zero.
MINIMAL_WIDTH = 0.27


def gaussian_kernel(weight: Tensor, delay: Tensor, sigma: float, max_delay: int) -> Tensor:
    """Return the kernel of learnable delays: each weight spread over the taps by a Gaussian.

        K[j, i, d] = w[j, i] g(d - d[j, i]),  g of width sigma + 0.27, summing to 1 over the taps

    (DCLS with Gaussian interpolation, Khalfaoui-Hassani et al. 2023; Hammouamri et al. 2024, eq. 5;
    the DCLS position P is max_delay // 2 - delay.) The `dcls` package is its oracle in the tests;
    forward and backward it was measured 2.2 to 3 times slower (40 inputs, 96 and 256 neurons).

    Args:
        weight: weights, [..., out, in].
        delay: delays in steps, same shape.
        sigma: width in steps; 0.27 is added.
        max_delay: number of taps.

    Returns:
        Kernel, [..., out, in, max_delay], tap index max_delay - 1 - d for delay d.
    """
    taps = _delay_of_taps(max_delay, delay)  # [taps, 1, .., 1]
    scale = math.sqrt(0.5) / (sigma + MINIMAL_WIDTH)
    # what is smaller than exp(-80) is nothing, and numbers near underflow are slow to compute with
    bump = ((taps - delay) * scale).square().neg().clamp(min=-80.0).exp()  # [taps, .., out, in]
    # the small constant is DCLS's own: it keeps a kernel far outside of the taps finite
    return (bump * (weight / (bump.sum(0) + 1e-7))).movedim(0, -1)


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
    tap = max_delay - 1 - delay.detach().round().clamp(0, max_delay - 1).long()
    kernel = weight.new_zeros(max_delay, *weight.shape)
    return kernel.scatter(0, tap.unsqueeze(0), weight.unsqueeze(0)).movedim(0, -1)


def delayed_current(signal: Tensor, kernel: Tensor) -> Tensor:
    """Return the current that a signal causes through delayed connections.

        I[t, b, j] = sum_i sum_d K[j, i, d] x[t - d, b, i],  x = 0 before the first step

    computed in the frequency domain, where a delay is a phase.

    Args:
        signal: presynaptic signal, [time, batch, in].
        kernel: delay kernel, [out, in, taps], tap index taps - 1 - d for delay d.

    Returns:
        Current, [time, batch, out].
    """
    return current_from_spectrum(spectrum(signal, kernel.shape[-1]), kernel, len(signal))


def spectrum(signal: Tensor, max_delay: int) -> Tensor:
    """Return the discrete Fourier transform of a signal over time, padded for its delays.

    Args:
        signal: [time, ...].
        max_delay: taps of the kernel that it will meet.

    Returns:
        Real and imaginary parts, [frequencies, 2, ...].
    """
    length = _transform_length(len(signal), max_delay)
    transform = _forward_transform(len(signal), length, signal.device, signal.dtype)
    parts = transform @ signal.flatten(1)  # [2 F, ..]
    return parts.view(-1, 2, *signal.shape[1:])


def current_from_spectrum(signal_spectrum: Tensor, kernel: Tensor, steps: int) -> Tensor:
    """Return `delayed_current` of a signal whose `spectrum` is known.

    Args:
        signal_spectrum: [frequencies, 2, batch, in].
        kernel: [out, in, taps].
        steps: time steps of the signal.

    Returns:
        Current, [time, batch, out].
    """
    outputs, inputs, taps = kernel.shape
    length = _transform_length(steps, taps)
    # tap k stands for the delay taps - 1 - k, so the columns are in reverse
    transform = _forward_transform(taps, length, kernel.device, kernel.dtype).flip(1)
    by_tap = kernel.movedim(-1, 0).flatten(1)  # [taps, out * in], as the kernels above are laid out
    kernel_spectrum = (transform @ by_tap).view(-1, 2, outputs, inputs)  # [F, 2, out, in]
    product: Tensor = _ComplexProduct.apply(signal_spectrum, kernel_spectrum)  # [F, 2, B, out]
    inverse = _inverse_transform(steps, length, kernel.device, kernel.dtype)
    return (inverse @ product.flatten(0, 1).flatten(1)).view(steps, *product.shape[2:])


def _delay_of_taps(max_delay: int, like: Tensor) -> Tensor:
    """Return the delay of each tap, max_delay - 1 .. 0, ahead of the axes of `like`."""
    delay = torch.arange(max_delay - 1, -1, -1, device=like.device, dtype=like.dtype)
    return delay.view(-1, *(1 for _ in like.shape))


def _transform_length(steps: int, max_delay: int) -> int:
    """Return the even length at which a circular convolution does not wrap into the signal."""
    return (steps + max_delay) // 2 * 2


@lru_cache(maxsize=16)
def _forward_transform(steps: int, length: int, device: torch.device, dtype: torch.dtype) -> Tensor:
    """Return the matrix of the real Fourier transform of `steps` samples, [2 F, steps].

    A product with it was measured three times faster than an FFT over the leading axis, which
    copies to and fro, and it serves every layout that has time first.
    """
    phase = _phases(steps, length)  # [F, steps]
    return torch.stack((phase.cos(), -phase.sin()), 1).flatten(0, 1).to(device, dtype)


@lru_cache(maxsize=16)
def _inverse_transform(steps: int, length: int, device: torch.device, dtype: torch.dtype) -> Tensor:
    """Return the matrix that gives the first `steps` samples back, [steps, 2 F]."""
    phase = _phases(steps, length).T  # [steps, F]
    # every frequency but the first and the last stands for itself and for its conjugate
    count = torch.full((length // 2 + 1,), 2.0, dtype=torch.float64)
    count[0] = count[-1] = 1.0
    parts = torch.stack((phase.cos() * count, -phase.sin() * count), 2)  # [steps, F, 2]
    return (parts.flatten(1) / length).to(device, dtype)


def _phases(steps: int, length: int) -> Tensor:
    """Return 2 pi f t / length for every frequency f and step t, [F, steps]."""
    frequency = torch.arange(length // 2 + 1, dtype=torch.float64)
    time = torch.arange(steps, dtype=torch.float64)
    return 2 * math.pi * torch.outer(frequency, time) / length


class _ComplexProduct(torch.autograd.Function):
    """Product of a signal's and a kernel's spectrum, at each frequency a complex matrix product.

    Real and imaginary parts stand one below the other, so one real product gives the four products
    of parts: [2 B, in] @ [2 out, in]^T -> [2 B, 2 out].
    """

    @staticmethod
    def forward(ctx: FunctionCtx, signal: Tensor, kernel: Tensor) -> Tensor:
        ctx.save_for_backward(signal, kernel)
        batch, outputs = signal.shape[2], kernel.shape[2]
        parts = torch.bmm(signal.flatten(1, 2), kernel.flatten(1, 2).mT)  # [F, 2 B, 2 out]
        parts = parts.view(-1, 2, batch, 2, outputs)
        product = signal.new_empty(len(signal), 2, batch, outputs)
        torch.sub(parts[:, 0, :, 0], parts[:, 1, :, 1], out=product[:, 0])
        torch.add(parts[:, 0, :, 1], parts[:, 1, :, 0], out=product[:, 1])
        return product

    @staticmethod
    def backward(ctx: FunctionCtx, gradient: Tensor) -> tuple[Tensor | None, Tensor | None]:
        signal, kernel = ctx.saved_tensors  # type: ignore[attr-defined]
        needs_signal, needs_kernel = ctx.needs_input_grad  # type: ignore[attr-defined]
        frequencies, _, batch, outputs = gradient.shape
        parts = gradient.new_empty(frequencies, 2, batch, 2, outputs)
        parts[:, 0, :, 0] = gradient[:, 0]
        torch.neg(gradient[:, 0], out=parts[:, 1, :, 1])
        parts[:, 0, :, 1] = gradient[:, 1]
        parts[:, 1, :, 0] = gradient[:, 1]
        parts = parts.view(frequencies, 2 * batch, 2 * outputs)
        signal_gradient = kernel_gradient = None
        if needs_signal:
            signal_gradient = torch.bmm(parts, kernel.flatten(1, 2)).view_as(signal)
        if needs_kernel:
            kernel_gradient = torch.bmm(parts.mT, signal.flatten(1, 2)).view_as(kernel)
        return signal_gradient, kernel_gradient

"""Delay kernels and delayed currents: taps, the authors' numbers, gradients."""

import pytest
import torch
from comparison import relative_error
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn.functional import conv1d, pad

from delaynet.model.delays import (
    gaussian_kernel,
    rounded_kernel,
    rounded_steps,
    transformed_current,
)

SIGMAS = ("12.0", "3.0", "0.23")


def delayed_current(signal: torch.Tensor, kernel: torch.Tensor) -> torch.Tensor:
    """Return `transformed_current` of a signal [time, batch, in] as [time, batch, out]."""
    return transformed_current(signal.permute(2, 0, 1), kernel).permute(1, 2, 0)


def test_a_spike_arrives_after_its_delay() -> None:
    weight, delay = torch.tensor([[2.0, 3.0]]), torch.tensor([[0.0, 4.0]])
    signal = torch.zeros(8, 1, 2)
    signal[1] = 1.0
    current = delayed_current(signal, rounded_kernel(weight, delay, 5)).flatten()
    expected = torch.tensor([0.0, 2.0, 0.0, 0.0, 0.0, 3.0, 0.0, 0.0])
    assert torch.allclose(current, expected, atol=1e-6)


def test_nothing_wraps_around_from_the_end_of_the_trial_to_its_start() -> None:
    signal = torch.zeros(10, 1, 1)
    signal[-1] = 100.0
    kernel = rounded_kernel(torch.ones(1, 1), torch.full((1, 1), 24.0), 25)
    assert delayed_current(signal, kernel).abs().max() < 1e-4


@given(
    steps=st.integers(1, 40),
    taps=st.integers(1, 30),
    batch=st.integers(1, 3),
    inputs=st.integers(1, 4),
    outputs=st.integers(1, 4),
    seed=st.integers(0, 99),
)
@settings(max_examples=60, deadline=None)
def test_delayed_current_is_the_convolution_over_time(
    steps: int, taps: int, batch: int, inputs: int, outputs: int, seed: int
) -> None:
    draw = torch.Generator().manual_seed(seed)
    signal = torch.randn(steps, batch, inputs, generator=draw, dtype=torch.float64)
    kernel = torch.randn(outputs, inputs, taps, generator=draw, dtype=torch.float64)
    by_convolution = conv1d(pad(signal.permute(1, 2, 0), (taps - 1, 0)), kernel).permute(2, 0, 1)
    assert torch.allclose(delayed_current(signal, kernel), by_convolution, atol=1e-9)


def test_delayed_current_agrees_with_the_authors_code(reference: dict[str, torch.Tensor]) -> None:
    current = delayed_current(reference["conv_input"], reference["conv_kernel"])
    assert relative_error(current, reference["conv_out"]) < 1e-5


@pytest.mark.parametrize("sigma", SIGMAS)
def test_gaussian_kernel_agrees_with_the_authors_code(
    reference: dict[str, torch.Tensor], sigma: str
) -> None:
    weight = reference["kernel_weight"].clone().requires_grad_()
    delay = reference["kernel_delay"].clone().requires_grad_()
    kernel = gaussian_kernel(weight, delay, float(sigma), 25)
    kernel.backward(reference[f"kernel_gauss_sigma{sigma}_cotangent"])
    assert relative_error(kernel, reference[f"kernel_gauss_sigma{sigma}_out"]) < 1e-5
    assert relative_error(weight.grad, reference[f"kernel_gauss_sigma{sigma}_grad_weight"]) < 1e-5
    assert relative_error(delay.grad, reference[f"kernel_gauss_sigma{sigma}_grad_delay"]) < 1e-5


def test_rounded_kernel_agrees_with_the_authors_code(reference: dict[str, torch.Tensor]) -> None:
    kernel = rounded_kernel(reference["kernel_weight"], reference["kernel_delay"], 25)
    assert relative_error(kernel, reference["kernel_rounded_out"]) < 1e-6


def test_gradients_agree_with_finite_differences() -> None:
    draw = torch.Generator().manual_seed(2)
    signal = torch.rand(12, 2, 3, generator=draw, dtype=torch.float64, requires_grad=True)
    weight = torch.randn(4, 3, generator=draw, dtype=torch.float64, requires_grad=True)
    delay = (torch.rand(4, 3, generator=draw, dtype=torch.float64) * 6).requires_grad_()

    def current(signal: torch.Tensor, weight: torch.Tensor, delay: torch.Tensor) -> torch.Tensor:
        return delayed_current(signal, gaussian_kernel(weight, delay, 1.0, 7))

    assert torch.autograd.gradcheck(current, (signal, weight, delay))


@given(delay=st.floats(0, 24, allow_nan=False), sigma=st.floats(0.1, 12), weight=st.floats(-3, 3))
@settings(deadline=None)
def test_a_gaussian_kernel_holds_all_of_its_weight(
    delay: float, sigma: float, weight: float
) -> None:
    kernel = gaussian_kernel(torch.tensor([[weight]]), torch.tensor([[delay]]), sigma, 25)
    assert kernel.sum().item() == pytest.approx(weight, abs=1e-5)


def test_delays_that_are_not_numbers_are_still_indices():
    delay = torch.tensor([[[torch.nan, torch.inf, -torch.inf, 2.5]]])
    assert rounded_steps(delay, 25).tolist() == [[[0, 24, 0, 2]]]

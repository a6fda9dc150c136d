"""Delayed currents tap by tap: the same as by transforms, forward and backward, on any threads."""

from collections.abc import Iterator

import pytest
import torch
from comparison import relative_error
from hypothesis import given, settings
from hypothesis import strategies as st

from delaynet.model.delays import (
    gaussian_kernel,
    rounded_kernel,
    transformed_current,
)
from delaynet.model.taps import Taps, count_taps, current_of_taps, taps_of_connections

TAPS = 9


@pytest.fixture
def threads() -> Iterator[None]:
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


def test_a_tap_brings_a_spike_after_its_delay_and_scaled() -> None:
    signal = torch.zeros(2, 8, 3)
    signal[1, 2] = 1.0
    place = Taps(torch.tensor([0]), torch.tensor([1]), torch.tensor([4]))
    current = current_of_taps(signal, torch.tensor([2.5]), place, 2)
    assert current[0, 6].tolist() == [2.5] * 3
    assert current.sum() == 7.5


@given(
    steps=st.integers(1, 30),
    batch=st.integers(1, 5),
    inputs=st.integers(1, 4),
    outputs=st.integers(1, 4),
    synapses=st.integers(1, 2),
    sigma=st.sampled_from([0.0, 0.23, 12.0]),
    seed=st.integers(0, 99),
)
@settings(max_examples=80, deadline=None)
def test_taps_and_transforms_agree_forward_and_backward(
    steps: int, batch: int, inputs: int, outputs: int, synapses: int, sigma: float, seed: int
) -> None:
    draw = torch.Generator().manual_seed(seed)
    shape = (synapses, outputs, inputs)
    mask = torch.rand(shape, generator=draw) < 0.5
    signal = torch.randn(inputs, steps, batch, generator=draw, dtype=torch.float64).requires_grad_()
    weight = (torch.randn(shape, generator=draw, dtype=torch.float64) * mask).requires_grad_()
    delay = torch.rand(shape, generator=draw, dtype=torch.float64) * (TAPS - 1)
    delay.requires_grad_(sigma > 0)
    cotangent = torch.randn(outputs, steps, batch, generator=draw, dtype=torch.float64)
    if sigma == 0:
        kernel = rounded_kernel(weight, delay, TAPS).sum(0)
    else:
        kernel = gaussian_kernel(weight, delay, sigma, TAPS).sum(0)
    expected = transformed_current(signal, kernel)
    value, taps = taps_of_connections(weight, delay, mask, sigma, TAPS)
    current = current_of_taps(signal, value, taps, outputs)
    assert torch.allclose(current, expected, atol=1e-6)
    of = (signal, weight, delay) if sigma > 0 else (signal, weight)
    expected_gradients = torch.autograd.grad(expected, of, cotangent)
    gradients = torch.autograd.grad(current, of, cotangent)
    assert torch.allclose(gradients[0], expected_gradients[0], atol=1e-6)
    for gradient, expected_gradient in zip(gradients[1:], expected_gradients[1:], strict=True):
        assert torch.allclose(gradient, expected_gradient * mask, atol=1e-5)


def test_dormant_connections_get_the_gradient_of_a_dense_kernel() -> None:
    draw = torch.Generator().manual_seed(0)
    mask = torch.rand(1, 6, 5, generator=draw) < 0.3
    weight = (torch.randn(1, 6, 5, generator=draw) * mask).requires_grad_()
    delay = torch.randint(TAPS, (1, 6, 5), generator=draw).float()
    signal, cotangent = torch.rand(5, 20, 4, generator=draw), torch.rand(6, 20, 4, generator=draw)
    dense = transformed_current(signal, rounded_kernel(weight, delay, TAPS).sum(0))
    value, taps = taps_of_connections(weight, delay, torch.ones_like(mask), 0.0, TAPS)
    asked = current_of_taps(signal, value, taps, 6)
    expected, gradient = (
        torch.autograd.grad(current, weight, cotangent)[0] for current in (dense, asked)
    )
    assert (expected[~mask] != 0).all()
    assert relative_error(gradient, expected) < 1e-5


def test_agrees_with_the_authors_code(reference: dict[str, torch.Tensor]) -> None:
    kernel = reference["conv_kernel"]  # [out, in, taps], every tap in use
    target, source, tap = torch.ones_like(kernel).nonzero().unbind(1)
    taps = Taps(target, source, kernel.shape[-1] - 1 - tap)
    signal = reference["conv_input"].permute(2, 0, 1)
    current = current_of_taps(signal, kernel.flatten(), taps, len(kernel)).permute(1, 2, 0)
    assert relative_error(current, reference["conv_out"]) < 1e-5
    assert (
        relative_error(
            current,
            transformed_current(reference["conv_input"].permute(2, 0, 1), kernel).permute(1, 2, 0),
        )
        < 1e-5
    )


def test_results_are_the_same_bytes_on_any_number_of_threads(threads: None) -> None:
    draw = torch.Generator().manual_seed(0)
    mask = torch.rand(1, 50, 40, generator=draw) < 0.2
    delay = torch.randint(TAPS, mask.shape, generator=draw).float()
    signal = torch.rand(40, 30, 16, generator=draw).requires_grad_()
    weight = (torch.randn(mask.shape, generator=draw) * mask).requires_grad_()
    results = []
    for count in (1, 2, 3):
        torch.set_num_threads(count)
        value, taps = taps_of_connections(weight, delay, mask, 0.0, TAPS)
        current = current_of_taps(signal, value, taps, 50)
        results.append((current, *torch.autograd.grad(current.square().sum(), (signal, weight))))
    for result in results[1:]:
        assert all(torch.equal(a, b) for a, b in zip(result, results[0], strict=True))


@pytest.mark.parametrize("sigma", [0.0, 0.23, 3.0, 12.0])
def test_the_count_of_taps_is_a_bound_on_what_there_is(sigma: float) -> None:
    mask = torch.rand(1, 20, 20, generator=torch.Generator().manual_seed(0)) < 0.3
    delay = torch.rand(mask.shape, generator=torch.Generator().manual_seed(1)) * 24
    value, _ = taps_of_connections(mask.float(), delay, mask, sigma, 25)
    assert len(value) <= count_taps(mask, sigma, 25) <= 25 * mask.sum()
    assert len(value) >= mask.sum()

"""Neurons follow their equations: exact traces, the authors' numbers, finite differences."""

import copy

import pytest
import torch
from comparison import relative_error
from hypothesis import given, settings
from hypothesis import strategies as st

from delaynet.model.neurons import leaky_integrator, lif, normalised_lif, normalised_lif_of_tensors

TAU = 10.05


def test_a_current_reaches_the_voltage_two_steps_later() -> None:
    current = torch.zeros(6, 1, 1)
    current[1] = 1.5
    assert lif(current, TAU).flatten().tolist() == [0, 0, 0, 1, 0, 0]


def test_below_threshold_currents_add_up_with_decay_until_a_spike() -> None:
    # v_{t+1} = b v_t + 0.4 with b = 0.5: 0.4, 0.6, 0.7, 0.75, .. stays below 1
    assert lif(torch.full((30, 1, 1), 0.4), tau=2.0).sum() == 0
    # with 0.6: 0.6, 0.9, 1.05 -> spike at the third voltage, then zero, then anew
    spikes = lif(torch.full((12, 1, 1), 0.6), tau=2.0).flatten().tolist()
    assert spikes == [0, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0]


def test_a_voltage_at_the_threshold_does_not_spike() -> None:
    current = torch.zeros(5, 1, 1)
    current[0] = 1.0
    assert lif(current, TAU).sum() == 0


@pytest.mark.parametrize("drive", ["weak", "strong"])
def test_lif_agrees_with_the_authors_code(reference: dict[str, torch.Tensor], drive: str) -> None:
    current = reference[f"lif_{drive}_current"].clone().requires_grad_()
    spikes = lif(current, TAU)
    spikes.backward(reference[f"lif_{drive}_cotangent"])
    assert torch.equal(spikes, reference[f"lif_{drive}_spikes"])
    assert relative_error(current.grad, reference[f"lif_{drive}_grad_current"]) < 1e-5


def test_leaky_integrator_agrees_with_the_authors_code(reference: dict[str, torch.Tensor]) -> None:
    current = reference["li_current"].clone().requires_grad_()
    voltage = leaky_integrator(current, TAU)
    voltage.backward(reference["li_cotangent"])
    assert relative_error(voltage, reference["li_voltage"]) < 1e-5
    assert relative_error(current.grad, reference["li_grad_current"]) < 1e-5


def test_the_hand_written_backward_pass_equals_autograd_through_the_equations() -> None:
    def plain(current: torch.Tensor) -> torch.Tensor:
        decay, voltage, before, spikes = 1 - 1 / TAU, torch.zeros(2, 3), torch.zeros(2, 3), []
        for now in current:
            ideal = (5.0 / 2 * torch.pi * (voltage - 1)).atan() / torch.pi
            spike = ((voltage > 1).to(ideal) - ideal).detach() + ideal
            spikes.append(spike)
            voltage = (decay * voltage + before) * (1 - spike.detach())
            before = now
        return torch.stack(spikes)

    draw = torch.Generator().manual_seed(0)
    current = torch.rand(40, 2, 3, generator=draw, dtype=torch.float64).requires_grad_()
    cotangent = torch.randn(40, 2, 3, generator=draw, dtype=torch.float64)
    (by_hand,) = torch.autograd.grad(lif(current, TAU), current, cotangent)
    (by_autograd,) = torch.autograd.grad(plain(current), current, cotangent)
    assert relative_error(by_hand, by_autograd) < 1e-6


def test_leaky_integrator_gradient_agrees_with_finite_differences() -> None:
    current = torch.rand(9, 2, 3, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda x: leaky_integrator(x, TAU), current)


def norm_that_changes_nothing(neurons: int, dtype: torch.dtype) -> torch.nn.BatchNorm1d:
    return torch.nn.BatchNorm1d(neurons, eps=0.0).to(dtype).eval()


@pytest.mark.parametrize("drive", ["weak", "strong"])
def test_the_compiled_neuron_agrees_with_the_authors_code(
    reference: dict[str, torch.Tensor], drive: str
) -> None:
    current = reference[f"lif_{drive}_current"].permute(2, 0, 1).contiguous().requires_grad_()
    norm = norm_that_changes_nothing(len(current), torch.float32)
    dropout_mask = torch.ones_like(current[:, 0])
    spikes = normalised_lif(current, norm, TAU, 1.0, 5.0, dropout_mask)
    spikes.backward(reference[f"lif_{drive}_cotangent"].permute(2, 0, 1))
    assert torch.equal(spikes.permute(1, 2, 0), reference[f"lif_{drive}_spikes"])
    gradient = current.grad.permute(1, 2, 0)
    assert relative_error(gradient, reference[f"lif_{drive}_grad_current"]) < 1e-5


@given(
    neurons=st.integers(1, 5),
    steps=st.integers(1, 30),
    batch=st.integers(2, 6),
    training=st.booleans(),
    seed=st.integers(0, 99),
)
@settings(max_examples=60, deadline=None)
def test_compiled_batch_norm_neuron_and_dropout_equal_pytorchs(
    neurons: int, steps: int, batch: int, training: bool, seed: int
) -> None:
    draw = torch.Generator().manual_seed(seed)
    current = torch.randn(neurons, steps, batch, generator=draw, dtype=torch.float64)
    current.mul_(2.0).add_(0.3).requires_grad_()
    cotangent = torch.randn(current.shape, generator=draw, dtype=torch.float64)
    dropout_mask = torch.randint(2, (neurons, batch), generator=draw).to(torch.float64) * 1.7
    norm = torch.nn.BatchNorm1d(neurons).to(torch.float64).train(training)
    for values in (norm.weight.data, norm.bias.data, norm.running_mean, norm.running_var):
        values.copy_(torch.rand(neurons, generator=draw) + 0.5)
    norms = copy.deepcopy(norm), norm
    results = []
    for run, of_kind in zip((normalised_lif_of_tensors, normalised_lif), norms, strict=True):
        spikes = run(current, of_kind, 3.0, 1.0, 5.0, dropout_mask)
        parameters = (current, of_kind.weight, of_kind.bias)
        results.append((spikes, *torch.autograd.grad(spikes, parameters, cotangent)))
    for ours, expected in zip(results[1], results[0], strict=True):
        assert torch.allclose(ours, expected, atol=1e-9)
    for ours, expected in zip(norms[1].buffers(), norms[0].buffers(), strict=True):
        assert torch.allclose(ours, expected, atol=1e-12)


def test_a_current_that_is_not_a_number_does_not_pass_for_silence() -> None:
    current = torch.zeros(1, 6, 2)
    current[0, 1, 0] = torch.nan
    norm = torch.nn.BatchNorm1d(1).train()
    spikes = normalised_lif(current, norm, TAU, 1.0, 5.0, torch.ones(1, 2))
    assert spikes[:, 3:].isnan().all()

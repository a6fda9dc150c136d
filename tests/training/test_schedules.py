"""Schedules: the width of delay kernels, learning rates, moments that are forgotten."""

import subprocess
import sys
from itertools import pairwise

import pytest
import torch

from delaynet.config.grid import RunSettings
from delaynet.config.settings import ModelSettings, TrainingSettings
from delaynet.training.initial import initial_network
from delaynet.training.schedules import Adam, Optimisers, kernel_width, pruning_progress

TRAINING = TrainingSettings(epochs=100)


def test_sigma_falls_exponentially_over_the_first_quarter_and_stays() -> None:
    widths = [kernel_width("learned", TRAINING, epoch) for epoch in range(100)]
    assert widths[0] == pytest.approx(12.0)
    assert widths[25] == widths[99] == pytest.approx(0.23)
    ratios = [after / before for before, after in pairwise(widths[:26])]
    assert ratios == pytest.approx([(0.23 / 12) ** (1 / 25)] * 25)


def test_frozen_delays_are_annealed_as_learned_ones_and_fixed_ones_have_one_tap() -> None:
    for epoch in (0, 10, 99):
        assert kernel_width("frozen", TRAINING, epoch) == kernel_width("learned", TRAINING, epoch)
        assert kernel_width("fixed", TRAINING, epoch) == kernel_width("none", TRAINING, epoch) == 0


def test_pruning_advances_over_its_share_of_the_epochs_and_is_over_then() -> None:
    progress = [pruning_progress(TRAINING, epoch) for epoch in range(100)]
    assert progress[:51] == pytest.approx([epoch / 50 for epoch in range(51)])
    assert set(progress[50:]) == {1.0}


@pytest.mark.parametrize("epochs", [1, 2, 3, 10])
@pytest.mark.parametrize("share", [0.01, 0.5, 0.99, 1.0])
def test_pruning_is_over_in_the_last_epoch_however_long_it_may_take(
    epochs: int, share: float
) -> None:
    training = TrainingSettings(epochs=epochs, pruning_fraction=share)
    assert pruning_progress(training, epochs - 1) == 1
    assert pruning_progress(training, 0) == (epochs == 1)


def run_settings(epochs: int) -> RunSettings:
    return RunSettings(
        delays="learned",
        structure="deep_r",
        signs="free",
        sparsity="0.5",
        seed=0,
        model=ModelSettings(hidden=(5,)),
        training=TrainingSettings(epochs=epochs),
    )


def test_learning_rates_rise_to_five_times_the_base_and_fall() -> None:
    settings = run_settings(50)
    optimisers = Optimisers(initial_network(settings, 4, 3), settings)
    rates, delay_rates = [], []
    for epoch in range(50):
        optimisers.zero_grad()
        optimisers.step()
        rates.append(optimisers.learning_rate)
        delay_rates.append(optimisers.delays.param_groups[0]["lr"])
        optimisers.next_epoch(is_last=epoch == 49)
    assert max(rates) == pytest.approx(5e-3, rel=1e-3)
    assert rates[-1] < 1e-6
    assert delay_rates[0] == 0.1
    assert delay_rates == sorted(delay_rates, reverse=True)


def parameters_after_three_steps(kind: type[torch.optim.Adam]) -> torch.Tensor:
    parameter = torch.nn.Parameter(torch.linspace(-1, 1, 7))
    optimiser = kind([parameter], lr=0.1, fused=True)
    for _ in range(3):
        optimiser.zero_grad()
        parameter.square().sum().backward()
        optimiser.step()
    return parameter.detach()


def test_our_adam_is_pytorchs_to_the_bit() -> None:
    ours, theirs = map(parameters_after_three_steps, (Adam, torch.optim.Adam))
    assert torch.equal(ours, theirs)


@pytest.mark.slow
def test_optimising_does_not_import_pytorchs_compiler() -> None:
    program = (
        "import sys, torch; from delaynet.training.schedules import Adam; "
        "parameter = torch.nn.Parameter(torch.ones(2)); optimiser = Adam([parameter], fused=True); "
        "optimiser.zero_grad(); parameter.sum().backward(); optimiser.step(); "
        "optimiser.load_state_dict(optimiser.state_dict()); "
        "sys.exit('torch._dynamo' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


def test_a_regrown_connection_starts_without_memory_of_gradients() -> None:
    settings = run_settings(2)
    network = initial_network(settings, 4, 3)
    optimisers, layer = Optimisers(network, settings), network.layers[0]
    for parameter in (layer.weight, layer.delay):
        parameter.grad = torch.ones_like(parameter)
    optimisers.step()
    changed = torch.zeros_like(layer.mask)
    changed[0, 1, 2] = True
    optimisers.reset_moments(layer, changed)
    for optimiser, parameter in (
        (optimisers.weights, layer.weight),
        (optimisers.delays, layer.delay),
    ):
        for moment in ("exp_avg", "exp_avg_sq"):
            values = optimiser.state[parameter][moment]
            assert values[changed] == 0
            assert (values[~changed] != 0).all()

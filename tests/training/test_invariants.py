"""What holds after every step of training, for every variant."""

from functools import partial
from itertools import product
from pathlib import Path

import pytest
import torch

from delaynet.config import (
    REWIRED_STRUCTURES,
    ModelSettings,
    RunSettings,
    TrainingSettings,
)
from delaynet.dataset import Splits, load_splits
from delaynet.delays import spectrum
from delaynet.network import DelayNetwork
from delaynet.rewiring import connection_count
from delaynet.training.initial import initial_network
from delaynet.training.randomness import generator
from delaynet.training.schedules import Optimisers, kernel_width
from delaynet.training.step import Streams, training_step

DELAYS = ("none", "fixed", "learned", "frozen")
STRUCTURES = ("dense", "static", "static_connected", "deep_r", "deep_r_rigl")
VARIANTS = list(product(DELAYS, STRUCTURES, ("free", "dale")))


@pytest.fixture(scope="session")
def splits(small_features: Path) -> Splits:
    return load_splits(small_features, (11,), partial(spectrum, max_delay=25), torch.device("cpu"))


def settings_of(
    delays: str, structure: str, dale: str, seed: int = 0, **model: object
) -> RunSettings:
    return RunSettings(
        delays=delays,  # type: ignore[arg-type]
        structure=structure,  # type: ignore[arg-type]
        dale=dale,  # type: ignore[arg-type]
        sparsity="0" if structure == "dense" else "0.9375",
        seed=seed,
        model=ModelSettings(**({"hidden": (24,)} | model)),  # type: ignore[arg-type]
        training=TrainingSettings(epochs=4, batch_size=32, l1=0.001, learning_rate=0.01),
    )


def take_steps(
    settings: RunSettings, splits: Splits, check: object, count: int = 6
) -> DelayNetwork:
    network = initial_network(settings, 40, splits.classes)
    optimisers = Optimisers(network, settings)
    streams = Streams(generator(settings.seed, "dropout"), generator(settings.seed, "growth"))
    network.train()
    check(network)  # type: ignore[operator]
    for step in range(count):
        sigma = kernel_width(settings.delays, settings.training, step)
        index = torch.arange(32 * step, 32 * step + 32) % len(splits.training)
        batch = splits.training.spectrum.index_select(2, index), splits.training.label[index]
        training_step(network, optimisers, settings, batch, 80, sigma, streams)
        check(network)  # type: ignore[operator]
    return network


@pytest.mark.parametrize(("delays", "structure", "dale"), VARIANTS)
def test_count_dormancy_signs_and_delays_hold_after_every_step(
    splits: Splits, delays: str, structure: str, dale: str
) -> None:
    settings = settings_of(delays, structure, dale)
    start = initial_network(settings, 40, splits.classes)

    def check(network: DelayNetwork) -> None:
        for layer, first in zip(network.layers, start.layers, strict=True):
            assert layer.mask.sum() == connection_count(layer.mask.numel(), settings.sparsity)
            assert (layer.weight[~layer.mask] == 0).all()
            assert layer.delay.min() >= 0
            assert layer.delay.max() <= 24
            if dale == "dale":
                excitatory = (layer.weight > 0).any(0).any(0)
                inhibitory = (layer.weight < 0).any(0).any(0)
                assert not (excitatory & inhibitory).any(), "a unit of both signs"
            if structure in REWIRED_STRUCTURES:
                assert (layer.weight * first.sign >= 0).all(), "a sign has changed"
            if structure not in REWIRED_STRUCTURES:
                assert torch.equal(layer.mask, first.mask), "a fixed structure has changed"
            if delays != "learned":
                assert torch.equal(layer.delay, first.delay), "a fixed delay has moved"

    trained = take_steps(settings, splits, check)
    changed = any(
        not torch.equal(layer.mask, first.mask)
        for layer, first in zip(trained.layers, start.layers, strict=True)
    )
    assert changed == (structure in REWIRED_STRUCTURES)


def test_learned_delays_move(splits: Splits) -> None:
    settings = settings_of("learned", "dense", "free")
    start = initial_network(settings, 40, splits.classes)
    trained = take_steps(settings, splits, lambda network: None)
    for layer, first in zip(trained.layers, start.layers, strict=True):
        assert ((layer.delay - first.delay).abs() > 0.1).float().mean() > 0.5


def test_networks_of_one_seed_share_delays_and_of_equal_sparsity_their_masks() -> None:
    fixed, learned, rewired = (
        initial_network(settings_of(delays, structure, "free"), 40, 20).layers[0]
        for delays, structure in (("fixed", "static"), ("learned", "static"), ("fixed", "deep_r"))
    )
    assert torch.equal(fixed.delay, learned.delay)
    assert torch.equal(fixed.mask, rewired.mask)
    assert torch.equal(fixed.weight.abs(), rewired.weight.abs())
    other = initial_network(settings_of("fixed", "static", "free", seed=1), 40, 20).layers[0]
    assert not torch.equal(fixed.delay, other.delay)
    assert not torch.equal(fixed.mask, other.mask)


def test_initial_delays_are_uniform_and_the_published_ones_are_not_at_the_ends() -> None:
    def share_of_delay_zero_and_max(initial_delays: str) -> tuple[float, float]:
        settings = settings_of(
            "fixed", "dense", "free", hidden=(2000,), initial_delays=initial_delays
        )
        delay = initial_network(settings, 40, 20).layers[0].delay
        return float((delay == 0).float().mean()), float((delay == 24).float().mean())

    assert share_of_delay_zero_and_max("uniform") == pytest.approx((1 / 25, 1 / 25), abs=0.004)
    # uniform on [-1, 24], clamped at 0, rounded: 1.5 / 25 at 0 and 0.5 / 25 at 24
    assert share_of_delay_zero_and_max("clamped") == pytest.approx((0.06, 0.02), abs=0.004)


def test_dale_draws_exactly_the_share_of_excitatory_units() -> None:
    settings = settings_of("fixed", "dense", "dale", excitatory_fraction=0.8)
    for layer in initial_network(settings, 40, 20).layers:
        presynaptic_sign = layer.sign[0, 0]
        assert (layer.sign == presynaptic_sign).all()
        assert int((presynaptic_sign > 0).sum()) == round(0.8 * len(presynaptic_sign))


def test_positive_gain_stays_positive_where_it_is_asked_for(splits: Splits) -> None:
    for positive_gain in (False, True):
        settings = settings_of("fixed", "dense", "dale", positive_gain=positive_gain)
        lowest = []

        def check(network: DelayNetwork) -> None:
            lowest.append(float(network.norms[0].weight.detach().min()))  # noqa: B023
            network.norms[0].weight.data.clamp_(max=0.001)  # one step from a change of sign

        take_steps(settings, splits, check)
        assert (min(lowest) > 0) == positive_gain

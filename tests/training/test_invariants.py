"""What holds after every step of training, for every variant, sparsity and seed."""

import json
import random
import subprocess
import sys
import tempfile
from hashlib import sha256
from itertools import product
from pathlib import Path
from types import SimpleNamespace

import hypothesis
import numpy as np
import pytest
import torch
from hypothesis import strategies as st
from small_runs import (
    CHANNELS,
    CLASSES,
    begin,
    run_settings,
    take_step,
    trained,
    units_of_both_signs,
)

import delaynet.training.loop as loop
from delaynet.config.errors import UserError
from delaynet.config.grid import RunSettings
from delaynet.config.variants import STRUCTURES
from delaynet.model.connectivity import connection_count
from delaynet.model.network import DelayNetwork
from delaynet.model.structures import structure_named
from delaynet.model.structures.magnitude import gradual_count
from delaynet.training.evaluation import rebuild
from delaynet.training.initial import initial_network
from delaynet.training.results import saved_network
from delaynet.training.run_folder import read_network, write_network
from delaynet.training.step import StepResult, training_step

DELAYS = ("none", "fixed", "learned", "frozen")
VARIANTS = list(product(DELAYS, STRUCTURES, ("free", "dale")))
SPARSITIES = [str(1 - 2.0**-k) for k in range(1, 10)] + ["0.1", "0.9"]

SETTINGS = st.builds(
    lambda variant, sparsity, seed, hidden, synapses, growth: run_settings(
        *variant,
        sparsity=sparsity,
        seed=seed,
        model={"hidden": hidden, "synapses_per_pair": synapses},
        training={"growth": growth},
    ),
    variant=st.sampled_from(VARIANTS),
    sparsity=st.sampled_from(SPARSITIES),
    seed=st.integers(0, 2**31 - 1),
    hidden=st.sampled_from([(16,), (9, 7)]),
    synapses=st.integers(1, 2),
    growth=st.sampled_from(["gradient", "magnitude", "random", "positive_gradient"]),
)


def check(network: DelayNetwork, start: DelayNetwork, settings: RunSettings, epoch: int) -> None:
    """Check a network in an epoch against what it began as."""
    change = STRUCTURES[settings.structure].change
    rewired, pruned = change == "rewired", change == "pruned"
    fixes_signs = structure_named(settings.structure).fixes_signs
    for layer, first in zip(network.layers, start.layers, strict=True):
        weight, delay = layer.weight.detach(), layer.delay.detach()
        possible = layer.mask.numel()
        final = connection_count(possible, settings.sparsity)
        if pruned and epoch < 3:  # half of the six epochs
            assert layer.mask.sum() == gradual_count(possible, final, epoch / 3)
        else:
            assert layer.mask.sum() == final
        assert (weight[~layer.mask] == 0).all(), "a dormant connection carries weight"
        assert delay.min() >= 0
        assert delay.max() <= 24
        if settings.signs == "dale":
            excites, inhibits = ((sign * weight > 0).any(0).any(0) for sign in (1, -1))
            assert not (excites & inhibits).any(), "a unit of both signs"
        if settings.signs == "dale" or fixes_signs:
            assert torch.equal(layer.sign, first.sign)
            assert (weight * first.sign >= 0).all(), "a sign has changed"
        if fixes_signs:
            assert (weight[layer.mask] != 0).all(), "a connection that is dead"
        if not (rewired or pruned):
            assert torch.equal(layer.mask, first.mask), "a fixed structure has changed"
        if settings.delays != "learned":
            assert torch.equal(delay, first.delay), "a fixed delay has moved"


def saved_and_read_back(network: DelayNetwork, settings: RunSettings) -> DelayNetwork:
    splits = SimpleNamespace(step_milliseconds=10.0, mel_channel=torch.arange(CHANNELS))
    saved = saved_network(network, settings, splits, epoch=0)
    with tempfile.TemporaryDirectory() as folder:
        write_network(Path(folder) / "network.h5", saved)
        return rebuild(read_network(Path(folder) / "network.h5"), settings.model)


def checked_training(settings: RunSettings) -> tuple[DelayNetwork, DelayNetwork]:
    """Check a network before and after every step; return it as it began and as it ends."""
    start = initial_network(settings, CHANNELS, CLASSES)
    run = begin(settings)
    check(run.network, start, settings, epoch=0)
    for step in range(6):
        before = [layer.mask.clone() for layer in run.network.layers]
        take_step(run, step)
        check(run.network, start, settings, epoch=step)
        if STRUCTURES[settings.structure].change != "rewired":
            grown = [
                layer.mask & ~mask for layer, mask in zip(run.network.layers, before, strict=True)
            ]
            assert not any(mask.any() for mask in grown), "a connection has grown"
    return start, run.network


@pytest.mark.slow
@hypothesis.given(settings=SETTINGS)
@hypothesis.settings(deadline=None, max_examples=100)
def test_count_dormancy_signs_and_delays_hold_after_every_step_and_in_the_saved_network(
    settings: RunSettings,
) -> None:
    try:
        start, network = checked_training(settings)
    except UserError:  # too few connections for a connected net
        hypothesis.reject()
    read_back = saved_and_read_back(network, settings)
    check(read_back, start, settings, epoch=5)
    if settings.signs == "dale":
        assert units_of_both_signs(read_back) == 0, "a unit of both signs at evaluation"


@pytest.mark.parametrize(("delays", "structure", "signs"), VARIANTS)
def test_connections_change_where_they_are_rewired_or_pruned_and_delays_where_they_are_learned(
    delays: str, structure: str, signs: str
) -> None:
    start, network = checked_training(run_settings(delays, structure, signs))
    pairs = list(zip(network.layers, start.layers, strict=True))
    moved = [not torch.equal(layer.mask, first.mask) for layer, first in pairs]
    assert all(moved) == any(moved) == (STRUCTURES[structure].change != "none")
    shifts = [float((layer.delay - first.delay).detach().abs().max()) for layer, first in pairs]
    assert (min(shifts) > 1) == (max(shifts) > 0) == (delays == "learned")


def test_learned_delays_come_to_rest_on_the_first_and_last_tap() -> None:
    delay = trained(run_settings("learned", "dense")).layers[0].delay
    assert (delay == 0).any()
    assert (delay == 24).any()


def stir_the_global_generators() -> None:
    random.seed(random.randrange(2**32))
    np.random.seed(random.randrange(2**32))
    torch.manual_seed(random.randrange(2**32))
    torch.rand(random.randrange(1, 99))


def state_digest(network: DelayNetwork) -> str:
    content = [value.numpy().tobytes() for value in network.state_dict().values()]
    return sha256(b"".join(content)).hexdigest()


def order_of_data(settings: RunSettings, features: Path) -> list[int]:
    """The labels of all training clips in the order in which a training takes them."""
    labels: list[int] = []

    def observed(*args: object, **named: object) -> StepResult:
        batch = named.get("batch", args[3] if len(args) > 3 else None)
        labels.extend(batch[1].tolist())  # type: ignore[index]
        return training_step(*args, **named)  # type: ignore[arg-type]

    with pytest.MonkeyPatch.context() as patch, tempfile.TemporaryDirectory() as folder:
        patch.setattr(loop, "training_step", observed)
        loop.train(settings, features, Path(folder))
    return labels


def what_the_seed_gives(features: Path) -> dict[str, object]:
    """Initial networks of all variants, and the order of data of one."""
    stir_the_global_generators()
    networks = {
        "-".join(variant): state_digest(
            initial_network(run_settings(*variant, seed=3), CHANNELS, CLASSES)
        )
        for variant in VARIANTS
    }
    stir_the_global_generators()
    order = order_of_data(run_settings(seed=3, training={"epochs": 2, "batch_size": 32}), features)
    return networks | {"order": order}


@pytest.mark.slow
def test_signs_masks_and_order_of_data_are_the_same_in_another_process(
    small_features: Path,
) -> None:
    code = (
        "import json, sys, pathlib, test_invariants;"
        "print(json.dumps(test_invariants.what_the_seed_gives(pathlib.Path(sys.argv[1]))))"
    )
    other = subprocess.run(
        [sys.executable, "-c", code, small_features],
        cwd=Path(__file__).parent,
        capture_output=True,
        encoding="utf-8",
        check=True,
    )
    assert json.loads(other.stdout) == what_the_seed_gives(small_features)


@pytest.mark.parametrize("structure", STRUCTURES)
def test_a_training_does_not_depend_on_global_random_generators(structure: str) -> None:
    digests = set()
    for _ in range(2):
        stir_the_global_generators()
        digests.add(state_digest(trained(run_settings("learned", structure, "dale"))))
    assert len(digests) == 1


def test_the_order_of_data_depends_on_the_seed_and_on_no_variant(small_features: Path) -> None:
    def order(*variant: str, sparsity: str = "0.75", seed: int = 0) -> list[int]:
        training = {"epochs": 2, "batch_size": 32}
        settings = run_settings(*variant, sparsity=sparsity, seed=seed, training=training)
        return order_of_data(settings, small_features)

    first = order("learned", "dense", "free")
    assert first == order("fixed", "static_connected", "dale")
    assert first == order("none", "deep_r", "free", sparsity="0.9375")
    assert first == order("frozen", "deep_r_rigl", "dale", sparsity="0.5")
    assert first != order("learned", "dense", "free", seed=1)
    one_epoch = len(first) // 2
    assert first[:one_epoch] != first[one_epoch:]
    assert sorted(first[:one_epoch]) == sorted(first[one_epoch:])


def test_networks_of_one_seed_share_delays_and_of_equal_sparsity_their_masks() -> None:
    fixed, learned, rewired = (
        initial_network(run_settings(delays, structure), CHANNELS, CLASSES).layers[0]
        for delays, structure in (("fixed", "static"), ("learned", "static"), ("fixed", "deep_r"))
    )
    assert torch.equal(fixed.delay, learned.delay)
    assert torch.equal(fixed.mask, rewired.mask)
    assert torch.equal(fixed.weight.abs(), rewired.weight.abs())
    other = initial_network(run_settings("fixed", "static", seed=1), CHANNELS, CLASSES).layers[0]
    assert not torch.equal(fixed.delay, other.delay)
    assert not torch.equal(fixed.mask, other.mask)


def test_dale_draws_exactly_the_share_of_excitatory_units() -> None:
    settings = run_settings("fixed", "dense", "dale", model={"excitatory_fraction": 0.75})
    for layer in initial_network(settings, CHANNELS, CLASSES).layers:
        presynaptic_sign = layer.sign[0, 0]
        assert (layer.sign == presynaptic_sign).all()
        assert int((presynaptic_sign > 0).sum()) == round(0.75 * len(presynaptic_sign))

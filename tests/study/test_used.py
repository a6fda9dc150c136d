"""Maps that are kept or exchanged differ in joint grouping alone, and networks keep them."""

import numpy as np
import pandas as pd
import pytest
import torch

from delaynet.config.grid import load_config
from delaynet.training.randomness import generator
from delaynet.training.run_folder import SavedLayer, SavedNetwork
from study.grouping import joint_effect
from study.report import ROOT
from study.used import (
    MAPS,
    SEEDS_OF_100_EPOCHS,
    WithMap,
    map_of,
    network_with_map,
    networks_to_train,
    what_grouping_is_worth,
)

CONFIG = load_config(ROOT / "config/study.yaml")
Map = tuple[np.ndarray, np.ndarray]


def network_of(weight: np.ndarray, delay: np.ndarray, gain: np.ndarray) -> SavedNetwork:
    """A network whose first layer is dense; all of its neurons fire."""
    mask, sign = np.ones(weight.shape, bool), np.zeros(weight.shape, np.int8)
    rates = np.ones(len(gain), np.float32)
    layer = SavedLayer(weight, delay, mask, sign, gain=gain, firing_rate=rates)
    return SavedNetwork([layer], {"max_delay": 25, "mel_channel": np.arange(weight.shape[2])})


def grouped_network() -> SavedNetwork:
    """Signs are those of a chessboard of channels and delays; half of the gains are negative."""
    random = np.random.default_rng(0)
    delay = random.uniform(0, 24, (96, 40)).astype(np.float32)
    sign = np.where((np.arange(40) // 10 + delay // 8) % 2, 1, -1)
    gain = np.where(np.arange(96) % 2, -1, 1).astype(np.float32)
    weight = sign * random.uniform(0.1, 1, sign.shape) * gain[:, None]
    return network_of(weight[None].astype(np.float32), delay[None], gain)


def maps() -> dict[str, Map]:
    """Delays and signs by kind of map."""
    found = grouped_network()
    return {
        name: tuple(values.numpy() for values in map_of(found, name, generator(0, "channels")))
        for name in MAPS
    }


def test_an_exchange_keeps_the_sign_of_each_channel_and_the_delays_of_each_sign() -> None:
    (delay, sign), (exchanged, sign_there) = maps()["found"], maps()["exchanged"]
    assert np.array_equal(sign, sign_there) and not np.array_equal(delay, exchanged)
    layer = grouped_network().layers[0]
    assert np.array_equal(delay, layer.delay.round())
    assert np.array_equal(sign, np.sign(layer.weight * layer.gain[:, None]))
    for neuron in range(96):
        for one in (-1, 1):
            own = sign[0, neuron] == one
            assert sorted(delay[0, neuron][own]) == sorted(exchanged[0, neuron][own])


@pytest.mark.parametrize("name", ["found", "exchanged"])
def test_a_mirrored_map_has_its_channels_in_reverse_order(name: str) -> None:
    mirrored = maps()["mirrored" if name == "found" else "mirrored_exchanged"]
    for values, reversed_ones in zip(maps()[name], mirrored, strict=True):
        assert np.array_equal(values[:, :, ::-1], reversed_ones)


def test_mirrored_maps_are_grouped_as_before_and_exchanged_ones_not() -> None:
    effect = {
        name: joint_effect(network_of(sign, delay, np.ones(96, np.float32)), seed=0)
        for name, (delay, sign) in maps().items()
    }
    assert effect["found"] > 0.2
    assert effect["mirrored"] == pytest.approx(effect["found"], abs=0.01)
    assert abs(effect["exchanged"]) < 0.02 and abs(effect["mirrored_exchanged"]) < 0.02


def test_networks_differ_in_the_map_alone_and_keep_its_signs() -> None:
    found = grouped_network()
    networks = {}
    for name in MAPS:
        one = WithMap(100, name, 10)
        networks[name] = network_with_map(found, one, one.settings(CONFIG), classes=20)
    first = networks["found"]
    magnitude = first.layers[0].weight.detach().abs().clone()
    for name, network in networks.items():
        assert network.layers[0].weight.abs().equal(magnitude)
        for parameter in ("weight", "delay", "sign"):
            output = getattr(network.layers[1], parameter)
            assert output.equal(getattr(first.layers[1], parameter))
        assert not network.layers[1].sign.any() and not network.layers[0].delay.requires_grad
        assert np.array_equal(network.layers[0].sign, maps()[name][1])
        with torch.no_grad():
            network.layers[0].weight.neg_()
        network.apply_constraints()
        assert not network.layers[0].weight.any()


def test_ten_epochs_take_all_seeds_and_a_hundred_five() -> None:
    planned = networks_to_train(CONFIG)
    of_100 = {one.seed for one in planned if one.epochs == 100}
    assert of_100 == set(SEEDS_OF_100_EPOCHS) and len(planned) == 4 * (20 + 5)
    settings = planned[0].settings(CONFIG)
    assert (settings.training.epochs, settings.seed, settings.delays) == (10, 1100, "fixed")


def test_what_grouping_is_worth_is_a_difference_of_differences_by_seed() -> None:
    accuracy = {"found": 95, "exchanged": 90, "mirrored": 91, "mirrored_exchanged": 89}
    rows = [
        {"seed": seed, "map": name, "epochs": 10, "accuracy": value + seed + place * seed**2}
        for seed in range(4)
        for place, (name, value) in enumerate(accuracy.items())
    ]
    worth = what_grouping_is_worth(pd.DataFrame(rows)).set_index("name")
    squares = np.mean([seed**2 for seed in range(4)])
    assert worth["effect"].tolist() == pytest.approx([5 - squares, 2 - squares, 3])
    assert worth["n"].tolist() == [4, 4, 4]

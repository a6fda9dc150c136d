"""Structures trained anew keep connections and signs, and differ only in their delays."""

import numpy as np
import pandas as pd
import pytest
import torch

from delaynet.config.grid import load_config
from delaynet.model.network import DelayNetwork
from delaynet.training.run_folder import SavedLayer, SavedNetwork
from study.along import at_equal_accuracy
from study.grouping import DIFFERENCE
from study.report import ROOT
from study.retrained import CHANGES, Retraining, network_to_retrain
from study.study import chosen_or_useful

CONFIG = load_config(ROOT / "config/study.yaml")


def found_network() -> SavedNetwork:
    """A sparse network of random delays, of the study's size."""
    random = np.random.default_rng(0)
    layers = []
    for shape in ((1, 96, 40), (1, 20, 96)):
        mask = random.random(shape) < 0.1
        weight = (random.normal(size=shape) * mask).astype(np.float32)
        delay = random.integers(0, 25, shape).astype(np.float32)
        layers.append(SavedLayer(weight, delay, mask, np.zeros(shape, np.int8)))
    return SavedNetwork(layers)


def networks_of(found: SavedNetwork) -> dict[str, DelayNetwork]:
    """The networks to train anew, by what changes."""
    return {
        change: network_to_retrain(found, one, one.settings(CONFIG))
        for change in CHANGES
        for one in [Retraining(100, change)]
    }


@pytest.mark.parametrize("change", ["found", "exchanged", "none", "without", "without_none"])
def test_connections_and_signs_are_kept_and_weights_are_drawn_anew(change: str) -> None:
    found = found_network()
    network = networks_of(found)[change]
    for layer, before in zip(network.layers, found.layers, strict=True):
        assert np.array_equal(layer.mask, before.mask)
        weight = layer.weight.detach().numpy()
        assert np.array_equal(np.sign(weight), np.sign(before.weight))
        assert not np.isin(weight[before.mask], before.weight).any()
        assert not layer.sign.any() and not layer.delay.requires_grad


def test_delays_are_kept_exchanged_within_neurons_or_zero() -> None:
    found = found_network()
    networks = networks_of(found)
    for index, layer in enumerate(found.layers):
        delay = {name: of.layers[index].delay.detach().numpy() for name, of in networks.items()}
        assert np.array_equal(delay["found"], layer.delay)
        assert not delay["none"].any() and not delay["drawn_none"].any()
        assert not np.array_equal(delay["exchanged"][layer.mask], layer.delay[layer.mask])
        for neuron in range(layer.delay.shape[1]):
            own = layer.mask[:, neuron]
            assert sorted(delay["exchanged"][:, neuron][own]) == sorted(layer.delay[:, neuron][own])


def test_structures_found_without_delays_get_new_ones_or_none() -> None:
    found = found_network()
    networks = networks_of(found)
    for index, layer in enumerate(found.layers):
        delay = networks["without"].layers[index].delay.detach().numpy()[layer.mask]
        assert not networks["without_none"].layers[index].delay.any()
        assert (
            abs(delay.mean() - 12) < 1.5
            and abs(np.corrcoef(delay, layer.delay[layer.mask])[0, 1]) < 0.2
        )
    assert Retraining(100, "without").found_by.delays == "none"


def test_drawn_inputs_leave_each_neuron_its_number_of_inputs_signs_and_delays() -> None:
    found = found_network()
    networks = networks_of(found)
    drawn, exchanged = (networks[name].layers for name in ("drawn", "exchanged"))
    assert torch.equal(drawn[0].mask, networks["drawn_none"].layers[0].mask)
    assert not torch.equal(drawn[0].mask, exchanged[0].mask)
    assert torch.equal(drawn[1].mask, exchanged[1].mask)
    for neuron in range(drawn[0].mask.shape[1]):
        ends = []
        for layer in (drawn[0], exchanged[0]):
            own = layer.mask[:, neuron]
            of_synapses = (layer.delay[:, neuron][own], layer.weight[:, neuron][own].sign())
            ends.append(sorted(zip(*(values.tolist() for values in of_synapses), strict=True)))
        assert ends[0] == ends[1]


def test_the_networks_of_a_seed_have_the_same_weights_where_inputs_are_kept() -> None:
    networks = networks_of(found_network())
    weight = networks["found"].layers[0].weight
    assert all(torch.equal(weight, networks[name].layers[0].weight) for name in CHANGES[1:3])


def test_what_was_chosen_and_what_was_made_useful_are_told_apart() -> None:
    seeds = range(4)
    anew = {"found": 70, "exchanged": 65, "none": 50, "drawn": 52, "drawn_none": 45}
    anew |= {"without": 60, "without_none": 48}
    random = {"fixed": 40, "none": 38}
    retrained = pd.DataFrame(
        [(seed, name, mean + seed % 2) for seed in seeds for name, mean in anew.items()],
        columns=["seed", "change", "accuracy"],
    )
    runs = pd.DataFrame(
        [(seed, name, mean + seed**2) for seed in seeds for name, mean in random.items()],
        columns=["seed", "delays", "accuracy"],
    ).assign(structure="static_connected", sparsity="0.9375", condition="standard")
    effects = chosen_or_useful(retrained, runs)["effect"].tolist()
    assert effects == pytest.approx([5, 15, 7, 2, 13, 5, 8, 10, 5, 12, 10, 4, 5])


def test_at_equal_accuracy_networks_are_compared_where_they_last_rise_through_it() -> None:
    along = pd.DataFrame(
        [
            (seed, delays, epoch, accuracy, slope * epoch + 0.01 * seed)
            for seed in range(3)
            for delays, slope in (("learned", 0.004), ("fixed", 0.001))
            for epoch, accuracy in ((1, 20.0), (5, 60.0), (10, 45.0), (20, 80.0))
        ],
        columns=["seed", "delays", "epoch", "accuracy", "effect"],
    )
    table = at_equal_accuracy(along).set_index(["accuracy", "delays"])["mean"]
    epoch = 10 + 10 * (50 - 45) / (80 - 45)
    assert table[50, "learned"] == pytest.approx(0.004 * epoch + 0.01)
    assert table[50, DIFFERENCE] == pytest.approx(0.003 * epoch)
    assert 90 not in table.index.get_level_values("accuracy")

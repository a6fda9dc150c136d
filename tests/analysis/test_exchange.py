"""Accuracy after synapses have exchanged delays or signs."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest
import torch

from delaynet.analysis.exchange import (
    COLUMNS,
    EXCHANGES,
    accuracies,
    exchanged,
    write_exchange,
)
from delaynet.config.errors import UserError
from delaynet.config.grid import RunSettings, load_config
from delaynet.config.settings import ModelSettings, TrainingSettings
from delaynet.data.dataset import Clips
from delaynet.training.loop import train
from delaynet.training.run_folder import SavedLayer, SavedNetwork, write_json


def random_network(synapses: int) -> SavedNetwork:
    """A sparse first layer with 5 neurons and 7 channels, and a second one."""
    draw = np.random.default_rng(0)

    def layer(*shape: int) -> SavedLayer:
        mask = draw.random(shape) < 0.7
        weight = (draw.normal(size=shape) * mask).astype(np.float32)
        delay = draw.uniform(0, 24, shape).astype(np.float32)
        return SavedLayer(weight, delay, mask, np.zeros(shape, np.int8))

    attributes = {"max_delay": 25, "mel_channel": np.arange(7)[::-1]}
    return SavedNetwork([layer(synapses, 5, 7), layer(synapses, 3, 5)], attributes)


def synapses_of(layer: SavedLayer, neuron: int) -> list[tuple[float, float]]:
    """Weight and delay of every synapse of a neuron."""
    has = layer.mask[:, neuron]
    return list(zip(layer.weight[:, neuron][has], layer.delay[:, neuron][has], strict=True))


@pytest.mark.parametrize("synapses", [1, 2])
@pytest.mark.parametrize("null", EXCHANGES)
def test_an_exchange_keeps_occupancy_magnitudes_and_what_each_neuron_has(
    null: str, synapses: int
) -> None:
    network = random_network(synapses)
    before = network.layers[0]
    for drawn in exchanged(network, null, 5, seed=0):
        after = drawn.layers[0]
        assert drawn.layers[1] is network.layers[1]
        assert np.array_equal(after.weight != 0, before.weight != 0)
        assert np.array_equal(np.abs(after.weight), np.abs(before.weight))
        assert np.array_equal(after.delay[~before.mask], before.delay[~before.mask])
        changed, kept = (after.weight, after.delay), (before.weight, before.delay)
        is_delays = null != "signs_within_neuron"
        assert np.array_equal(changed[not is_delays], kept[not is_delays])
        assert not np.array_equal(changed[is_delays], kept[is_delays])
        for neuron in range(5):
            was, now = synapses_of(before, neuron), synapses_of(after, neuron)
            assert sorted(delay for _, delay in now) == sorted(delay for _, delay in was)
            assert sum(weight > 0 for weight, _ in now) == sum(weight > 0 for weight, _ in was)
            if null == "delays_within_sign":
                for sign in (1, -1):
                    of_sign = (
                        sorted(delay for weight, delay in of if weight * sign > 0)
                        for of in (now, was)
                    )
                    assert next(of_sign) == next(of_sign)


def test_draws_depend_on_the_seed_alone() -> None:
    def delays(seed: int) -> list[np.ndarray]:
        drawn = exchanged(random_network(1), "delays_within_neuron", 3, seed)
        return [network.layers[0].delay for network in drawn]

    assert np.array_equal(delays(0), delays(0))
    assert not np.array_equal(delays(0), delays(1))
    assert not np.array_equal(*delays(0)[:2])


def test_only_networks_that_use_their_delays_lose_accuracy() -> None:
    """Two pulses, in one order or the other; a neuron fires if its delays make them coincide."""
    features = torch.zeros(2, 2, 40)  # [clips, channels, time]
    for clip in range(2):
        features[clip, clip, 5] = features[clip, 1 - clip, 17] = 1
    clips = Clips(features, torch.arange(2), ("one", "other"))
    settings = RunSettings(
        delays="fixed",
        structure="dense",
        signs="free",
        sparsity="0",
        seed=0,
        model=ModelSettings(hidden=(2,)),
        training=TrainingSettings(),
    )
    weight = np.full((1, 2, 2), 0.65, np.float32)
    neuron = {name: np.zeros(2, np.float32) for name in ("bias", "running_mean")}
    neuron |= {name: np.ones(2, np.float32) for name in ("gain", "running_variance")}
    one, everywhere = np.eye(2, dtype=np.float32)[None], np.ones((1, 2, 2), bool)
    output = SavedLayer(one, 0 * one, everywhere, np.zeros((1, 2, 2), np.int8))

    def falls(delay: np.ndarray) -> dict[str, float]:
        hidden = SavedLayer(weight, delay, everywhere, np.zeros((1, 2, 2), np.int8), **neuron)
        attributes = {"max_delay": 25, "mel_channel": np.arange(2)}
        network = SavedNetwork([hidden, output], attributes)
        rows = accuracies(network, settings, clips, 0.0, draws=40)
        assert all(row.fall == pytest.approx(rows[0].accuracy - row.accuracy) for row in rows)
        return {row.null: row.fall for row in rows} | {"none": rows[0].accuracy}

    used = falls(12 * one)
    assert used["none"] == 100
    assert used["signs_within_neuron"] == 0, "all signs are the same"
    # each of two neurons exchanges its two delays or does not
    assert 30 < used["delays_within_neuron"] < 70
    assert 30 < used["delays_within_sign"] < 70
    unused = falls(0 * one + 3)
    assert [unused[null] for null in EXCHANGES] == [0, 0, 0]


GRID = [
    {"delays": ["none", "learned"], "structure": ["dense"]},
    {"delays": ["learned"], "structure": ["dense"], "signs": ["dale"]},
    {"delays": ["learned"], "structure": ["dense"], "condition": ["scrambled"]},
]


@pytest.fixture(scope="module")
def trained(small_features: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a configuration and its runs."""
    folder = tmp_path_factory.mktemp("exchange")
    content = {
        "name": "tiny",
        "grid": GRID,
        "seeds": 1,
        "model": {"hidden": [12]},
        "training": {"epochs": 2, "batch_size": 32},
        "conditions": {"scrambled": {"training": {"data": "scrambled_time"}}},
    }
    write_json(folder / "config.json", content)
    config = load_config(folder / "config.json")
    for run in config.runs():
        train(config.resolve(run), small_features, folder / "runs" / run.folder)
    return folder


def exchange(trained: Path, features: Path, name: str, processes: int) -> list[dict[str, str]]:
    output = trained / name
    write_exchange(trained / "config.json", trained / "runs", features, output, processes, draws=2)
    with output.open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_the_table_has_the_exchanges_that_change_a_network(
    trained: Path, small_features: Path
) -> None:
    rows = exchange(trained, small_features, "exchange.csv", 1)
    assert tuple(rows[0]) == COLUMNS
    by_run: dict[tuple[str, ...], list[tuple[str, str]]] = {}
    for row in rows:
        run = row["delays"], row["signs"], row["condition"]
        by_run.setdefault(run, []).append((row["null"], row["rounded"]))
    without = [("none", "yes"), ("none", "no")]
    of_delays = [("delays_within_neuron", "yes"), ("delays_within_sign", "yes")]
    of_all = [*without, ("signs_within_neuron", "yes"), *of_delays]
    assert by_run == {
        ("none", "free", "standard"): [("none", "yes"), ("signs_within_neuron", "yes")],
        ("learned", "free", "standard"): of_all,
        ("learned", "dale", "standard"): [*without, *of_delays],
        ("learned", "free", "scrambled"): of_all,
    }
    assert {row["draws"] for row in rows if row["null"] != "none"} == {"2"}


@pytest.mark.slow
def test_without_exchange_the_accuracy_is_that_of_the_summary(
    trained: Path, small_features: Path
) -> None:
    """On the clips that the run was tested on: a control's are altered too."""
    rows = exchange(trained, small_features, "again.csv", 2)
    config = load_config(trained / "config.json")
    for run in config.runs():
        summary = json.loads((trained / "runs" / run.folder / "summary.json").read_text())
        (row,) = (
            row
            for row in rows
            if (row["null"], row["rounded"]) == ("none", "yes")
            and all(row[name] == str(value) for name, value in run._asdict().items())
        )
        assert float(row["accuracy"]) == pytest.approx(100 * summary["test_accuracy"], rel=1e-5)
    assert (trained / "again.csv").read_bytes() == (trained / "exchange.csv").read_bytes()


def test_a_run_that_is_missing_is_named(
    trained: Path, small_features: Path, tmp_path: Path
) -> None:
    with pytest.raises(UserError, match="make it first"):
        write_exchange(
            trained / "config.json", tmp_path, small_features, tmp_path / "e.csv", 1, draws=2
        )
    assert not (tmp_path / "e.csv").exists()

"""The table of grouping: planted grouping is found, absent grouping is not."""

import csv
import math

import numpy as np
import planted
import pytest
from planted import points_of

from delaynet.config import parse_config
from delaynet.errors import UserError
from delaynet.runs import SavedLayer, SavedNetwork, write_json, write_network
from delaynet.structure.grouping import COLUMNS, grouping, write_grouping

CHANNELS, STEPS = planted.CHANNELS, planted.STEPS


@pytest.mark.parametrize("null", ["N1", "N2"])
def test_planted_grouping_over_channel_and_delay_is_found(null):
    assert grouping(points_of(*planted.both(np.random.default_rng(0))), null, 200, seed=0).z > 8


@pytest.mark.parametrize("density", [1.0, 0.2])
@pytest.mark.parametrize("null", ["N1", "N2"])
def test_without_grouping_z_is_a_standard_normal(null, density):
    z = [
        grouping(
            points_of(*planted.neither(np.random.default_rng(seed), 24, density)), null, 200, 0
        ).z
        for seed in range(40)
    ]
    assert abs(np.mean(z)) < 0.5  # three standard errors
    assert 0.65 < np.std(z) < 1.4
    assert np.max(np.abs(z)) < 4


def test_the_same_seed_gives_the_same_numbers():
    points = points_of(*planted.both(np.random.default_rng(4), neurons=8))
    first, second, other = (grouping(points, "N2", 50, seed) for seed in (0, 0, 1))
    assert first == second != other


def test_too_few_pairs_are_not_testable():
    sign, delay = planted.neither(np.random.default_rng(5), neurons=48, density=1 / 64)
    result = grouping(points_of(sign, delay), "N2", 50, seed=0)
    assert result.synapses > 0
    assert math.isnan(result.moran_i) and math.isnan(result.z)


def test_a_network_without_synapses_is_not_testable():
    empty = np.zeros((4, CHANNELS), int)
    assert math.isnan(grouping(points_of(empty, empty), "N1", 50, seed=0).z)


def test_one_sign_only_is_not_testable():
    _, delay = planted.neither(np.random.default_rng(6))
    for null in ("N1", "N2"):
        assert math.isnan(grouping(points_of(np.ones_like(delay), delay), null, 50, seed=0).z)


def test_without_delays_time_cannot_be_tested_and_space_can():
    sign, delay = planted.space(np.random.default_rng(7))
    points = points_of(sign, np.zeros_like(delay))
    assert math.isnan(grouping(points, "N2", 50, seed=0).z)
    assert grouping(points, "N1", 50, seed=0).z > 8


@pytest.fixture(scope="module")
def analysed(tmp_path_factory):
    """A grid of grouped (trained) and random (initial) networks, and its analysis."""
    folder = tmp_path_factory.mktemp("grouping")
    content = {
        "name": "tiny",
        "grid": [
            {"delays": ["learned"], "structure": ["dense"], "dale": ["free", "dale"]},
            {"delays": ["fixed"], "structure": ["static"], "sparsity": ["0.984375"]},
        ],
        "seeds": 2,
    }
    write_json(folder / "config.json", content)
    for run in parse_config(content).runs():
        random = np.random.default_rng(run.seed)
        density = 1 - float(run.sparsity)
        trained = planted.both(random, 32) if density == 1 else planted.neither(random, 32, density)
        for name, net in (("initial", planted.neither(random, 32, density)), ("network", trained)):
            sign, delay = net
            rate = (np.arange(32) > 1).astype(np.float32)  # two neurons are silent
            layer = SavedLayer(
                sign[None].astype(np.float32),
                delay[None].astype(np.float32),
                sign[None] != 0,
                np.zeros((1, *sign.shape), np.int8),
                firing_rate=rate if name == "network" else np.zeros_like(rate),
            )
            path = folder / "runs" / run.folder / f"{name}.h5"
            write_network(path, SavedNetwork([layer], {"max_delay": STEPS}))
    write_grouping(folder / "config.json", folder / "runs", folder / "one.csv", 100, 1)
    return folder


def read_rows(path):
    with path.open() as file:
        return list(csv.DictReader(file))


def test_the_table_holds_every_run_network_and_valid_null_in_the_order_of_the_grid(analysed):
    rows = read_rows(analysed / "one.csv")
    assert tuple(rows[0]) == COLUMNS
    keys = [(row["delays"], row["dale"], row["seed"], row["network"], row["null"]) for row in rows]
    free = [(network, null) for network in ("initial", "trained") for null in ("N1", "N2")]
    assert keys == (
        [("learned", "free", seed, *pair) for seed in "01" for pair in free]
        + [("learned", "dale", seed, *pair) for seed in "01" for pair in free if pair[1] == "N2"]
        + [("fixed", "free", seed, *pair) for seed in "01" for pair in free]
    )


def test_signs_are_never_permuted_under_dales_principle(analysed):
    rows = read_rows(analysed / "one.csv")
    assert {row["null"] for row in rows if row["dale"] == "dale"} == {"N2"}


def test_the_trained_network_is_grouped_and_the_initial_one_is_not(analysed):
    z = {"initial": [], "trained": []}
    for row in read_rows(analysed / "one.csv"):
        if row["structure"] == "dense":
            z[row["network"]].append(float(row["z"]))
    assert min(z["trained"]) > 5
    assert max(map(abs, z["initial"])) < 4


def test_what_is_too_sparse_has_empty_cells(analysed):
    for row in read_rows(analysed / "one.csv"):
        if row["structure"] == "static":
            assert row["z"] == row["moran_i"] == row["null_mean"] == row["null_sd"] == ""


def test_both_networks_are_analysed_on_the_neurons_that_fire_after_training(analysed):
    dense = [row for row in read_rows(analysed / "one.csv") if row["structure"] == "dense"]
    assert {row["neurons"] for row in dense} == {"30"}
    assert {row["synapses"] for row in dense} == {str(30 * CHANNELS)}


@pytest.mark.slow
def test_more_processes_give_the_same_bytes(analysed):
    write_grouping(analysed / "config.json", analysed / "runs", analysed / "two.csv", 100, 2)
    assert (analysed / "one.csv").read_bytes() == (analysed / "two.csv").read_bytes()


def test_a_missing_network_is_named(analysed):
    with pytest.raises(UserError, match=r"initial\.h5: not there; train this run first"):
        write_grouping(
            analysed / "config.json", analysed / "elsewhere", analysed / "no.csv", 100, 1
        )
    assert not (analysed / "no.csv").exists()

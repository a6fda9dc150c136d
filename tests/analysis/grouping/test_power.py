"""How many pairs it takes: what is planted is what is said, and the threshold follows from it."""

import csv
import math
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pytest

from delaynet.analysis.grouping.points import MINIMAL_PAIRS
from delaynet.analysis.grouping.power import (
    COUNTS,
    EFFECTS,
    NETWORKS,
    POWER,
    Power,
    density_of,
    effect_of,
    planted,
    power_at,
    strength_of,
    write_power,
)


@pytest.mark.parametrize("null", EFFECTS)
@pytest.mark.parametrize("part", [0, 1])
def test_the_effect_planted_is_the_effect_found_in_dense_networks(null, part):
    effect = EFFECTS[null][part]
    found = effects_at(1, strength_of(effect, null), null)
    assert np.mean(found) == pytest.approx(effect, abs=4 * np.std(found) / math.sqrt(12))
    assert np.mean(found) == pytest.approx(effect, abs=0.01)


def effects_at(density, strength, null, networks=12):
    random = (np.random.default_rng([seed, 2]) for seed in range(networks))
    nets = [planted(source, density, strength) for source in random]
    return [effect_of(net, null, seed) for seed, net in enumerate(nets)]


@pytest.mark.parametrize(
    ("null", "dense", "sparse"),
    [
        ("signs_within_neuron", 0.56, 0.43),
        ("delays_within_neuron", 0.55, 0.39),
        ("channels_within_neuron", 0.56, 0.4),
    ],
)
def test_a_sparse_network_shows_less_of_the_same_rule(null, dense, sparse):
    assert np.mean(effects_at(1, 1, null)) == pytest.approx(dense, abs=0.02)
    found = effects_at(1 / 16, 1, null, networks=200)
    assert np.mean(found) == pytest.approx(sparse, abs=4 * np.std(found) / math.sqrt(200))
    assert np.mean(found) < 0.9 * dense


@pytest.mark.parametrize("close_pairs", COUNTS)
def test_the_networks_have_the_expected_pairs(close_pairs):
    nets = [planted(np.random.default_rng(n), density_of(close_pairs), 1) for n in range(20)]
    assert np.mean([net.close_pairs for net in nets]) == pytest.approx(close_pairs, rel=0.1)


def pairs_needed(curve: Sequence[Power], null: str, effect: float) -> float:
    """Return the close pairs from which on the power's interval lies above 0.8.

    Between two counts of the curve it is taken to be linear in the logarithm of the count. Where it
    is never reached, infinity.
    """
    of_test = [point for point in curve if (point.null, point.effect) == (null, effect)]
    for below, above in pairwise(of_test):
        if below.low < POWER <= above.low:
            share = (POWER - below.low) / (above.low - below.low)
            return float(below.close_pairs * (above.close_pairs / below.close_pairs) ** share)
    return math.inf


def curve_of(lower_ends):
    return [
        Power("signs_within_neuron", 0.3, pairs, 0, 100, 1, low, 1)
        for pairs, low in zip((100, 200, 400, 800), lower_ends, strict=True)
    ]


def test_the_pairs_needed_lie_where_the_curve_reaches_80_per_cent():
    assert pairs_needed(
        curve_of([0.2, 0.7, 0.9, 1.0]), "signs_within_neuron", 0.3
    ) == pytest.approx(200 * 2**0.5)
    assert pairs_needed(
        curve_of([0.2, 0.3, 0.5, 0.8]), "signs_within_neuron", 0.3
    ) == pytest.approx(800)
    assert pairs_needed(curve_of([0.2, 0.3, 0.5, 0.7]), "signs_within_neuron", 0.3) == math.inf


@pytest.mark.slow
def test_a_network_is_testable_from_where_a_whole_effect_is_found_with_80_per_cent():
    needed = []
    for null in ("signs_within_neuron", "delays_within_neuron"):
        whole = EFFECTS[null][0]
        curve = [power_at(null, whole, count, NETWORKS) for count in (300, 400, 600, 900)]
        needed.append(pairs_needed(curve, null, whole))
    assert 100 * math.ceil(max(needed) / 100) == MINIMAL_PAIRS


@pytest.mark.slow
@pytest.mark.parametrize(("close_pairs", "share"), [(MINIMAL_PAIRS, 1 / 4), (2700, 3 / 5)])
def test_a_single_network_with_few_pairs_often_hides_joint_grouping(close_pairs, share):
    whole = EFFECTS["delays_within_sign"][0]
    found = power_at("delays_within_sign", whole, close_pairs, NETWORKS)
    assert found.low < share < found.high


@pytest.mark.slow
def test_without_an_effect_five_per_cent_are_found():
    for null in EFFECTS:
        assert strength_of(0.0, null) == 0
        assert 0.02 <= power_at(null, 0.0, MINIMAL_PAIRS, 300).power <= 0.10


@pytest.mark.slow
def test_the_curve_is_a_table_of_every_null_effect_and_count(tmp_path):
    for name in ("one", "two"):
        write_power(tmp_path / f"{name}.csv", networks=4)
    assert (tmp_path / "one.csv").read_bytes() == (tmp_path / "two.csv").read_bytes()
    with (tmp_path / "one.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert tuple(rows[0]) == Power._fields
    keys = [(row["null"], float(row["effect"])) for row in rows[:: len(COUNTS)]]
    assert keys == [
        ("signs_within_neuron", 0.3),
        ("signs_within_neuron", 0.15),
        ("delays_within_neuron", 0.19),
        ("delays_within_neuron", 0.095),
        ("delays_within_sign", 0.065),
        ("delays_within_sign", 0.0325),
    ]
    assert len(rows) == 6 * len(COUNTS)
    assert all(float(row["low"]) <= float(row["power"]) <= float(row["high"]) for row in rows)

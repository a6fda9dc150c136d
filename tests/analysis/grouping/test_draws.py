"""A drawn measure is that of a permuted network, for every null model."""

from dataclasses import replace

import numpy as np
import planted
import pytest
from permuted import PERMUTING
from planted import STEPS, points_of

from delaynet.analysis.grouping.draws import draws
from delaynet.analysis.grouping.measures import MEASURES, measures
from delaynet.analysis.grouping.nulls import TESTED_BY
from delaynet.analysis.grouping.permutations import permutations_of
from delaynet.analysis.grouping.points import marked_points
from delaynet.analysis.grouping.receptive_fields import ReceptiveFields

TESTS = [
    (measure, null) for measure in MEASURES for null in PERMUTING if null in TESTED_BY[measure]
]


def two_synapses_a_pair():
    """A sparse network in which a neuron may have two synapses at a channel."""
    random = np.random.default_rng(4)
    sign = random.choice([-1, 0, 0, 1], (9, 80))
    fields = ReceptiveFields(
        channel=np.tile(np.arange(40), 2),
        delay=random.integers(0, STEPS, sign.shape),
        weight=sign.astype(np.float32),
        firing_rate=np.ones(9, np.float32),
        channels=40,
        max_delay=STEPS,
    )
    return marked_points(fields, np.ones(9, bool))


@pytest.mark.parametrize(("measure", "null"), TESTS)
def test_a_draw_is_the_measure_of_the_permuted_network(measure, null):
    random = np.random.default_rng(2)
    dense = points_of(*planted.both(random, neurons=7))
    sparse = points_of(*planted.neither(random, neurons=40, density=0.1))
    for points in (dense, sparse, two_synapses_a_pair()):
        drawn = draws(points, {(measure, null): 70}, 0)[measure, null]
        networks = (
            replace(points, sign=sign, delay=delay)
            for signs, delays in permutations_of(points, null, 70, 0)
            for sign, delay in zip(signs.T.copy(), delays.T.copy(), strict=True)
        )
        of_networks = [getattr(measures(network), measure) for network in networks]
        np.testing.assert_allclose(drawn, of_networks, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize(("measure", "null"), TESTS)
def test_the_same_seed_gives_the_same_draws_and_another_seed_others(measure, null):
    points = points_of(*planted.both(np.random.default_rng(1), neurons=6))
    first, again, other = (
        draws(points, {(measure, null): 50}, seed)[measure, null] for seed in (3, 3, 4)
    )
    assert np.array_equal(first, again, equal_nan=True)
    assert not np.array_equal(first, other, equal_nan=True)


def test_tests_drawn_together_have_the_draws_that_each_has_alone():
    points = points_of(*planted.both(np.random.default_rng(1), neurons=40))
    wanted = {test: 70 for test in TESTS}
    together = draws(points, wanted, 0)
    for test in TESTS:
        alone = draws(points, {test: 70}, 0)
        assert np.array_equal(alone[test], together[test], equal_nan=True), test


def test_each_test_has_the_requested_number_of_draws():
    points = points_of(*planted.both(np.random.default_rng(1), neurons=40))
    wanted = {
        ("morans_i", "signs_within_neuron"): 500,
        ("join_excess", "signs_within_neuron"): 70,
        ("morans_i", "delays_within_neuron"): 3,
    }
    assert {test: len(values) for test, values in draws(points, wanted, 0).items()} == wanted


def test_what_a_null_model_cannot_test_is_not_drawn():
    points = points_of(*planted.both(np.random.default_rng(1), neurons=6))
    for measure, null in (
        ("clustering", "signs_within_neuron"),
        ("nearest_excess", "channels_within_neuron"),
    ):
        with pytest.raises(ValueError, match=f"{null} cannot test {measure}"):
            draws(points, {(measure, null): 50}, 0)


def test_the_mean_over_orders_of_signs_is_that_of_the_formula():
    """E[I] = -1 / (n - 1) for neurons of n synapses each (Cliff & Ord 1981, ch. 1)."""
    points = points_of(*planted.both(np.random.default_rng(0), neurons=24))
    drawn = draws(points, {("morans_i", "signs_within_neuron"): 2000}, 0)[
        "morans_i", "signs_within_neuron"
    ]
    assert drawn.mean() == pytest.approx(-1 / 39, abs=4 * drawn.std() / np.sqrt(2000))

"""The band of a correlogram holds what chance makes of it, all lags taken together."""

import numpy as np
import planted
import pytest
from planted import points_of
from scipy.stats import binom

from delaynet.analysis.grouping.grouping import possible_draws
from delaynet.analysis.grouping.maps import grouping_map, simultaneous_band
from delaynet.analysis.grouping.measures import measures


def map_of(points, null, permutations, seed=0):
    tests = ("correlogram", null), ("correlogram", "delays_within_sign")
    drawn = possible_draws(points, dict.fromkeys(tests, permutations), seed)
    return grouping_map(points, measures(points).correlogram, null, *map(drawn.get, tests))


def outside(of_network):
    """The lags whose correlation the band does not hold."""
    return of_network.outside_of(of_network.low, of_network.high)


def outside_jointly(of_network):
    """The lags whose correlation the band of joint grouping does not hold."""
    return of_network.outside_of(of_network.joint_low, of_network.joint_high)


def test_the_band_holds_the_share_of_draws_it_says():
    drawn = np.random.default_rng(0).normal(size=(1000, 8, 49)) * np.linspace(1, 9, 49)
    *_, low, high = simultaneous_band(drawn)
    held = ((drawn >= low) & (drawn <= high)).all(axis=(1, 2))
    assert held.mean() == pytest.approx(0.95, abs=0.002)


def test_a_lag_without_pairs_has_no_band_and_does_not_widen_that_of_others():
    drawn = np.random.default_rng(0).normal(size=(200, 3, 4))
    whole = simultaneous_band(drawn[:, :2])
    drawn[7, 2, 1], drawn[:, 2, 0], drawn[:, 2, 2:] = np.nan, 5, np.nan
    for values, expected in zip(simultaneous_band(drawn), whole, strict=True):
        assert values[:2] == pytest.approx(expected)
        assert np.isnan(values[2, 1:]).all()
    assert [values[2, 0] for values in simultaneous_band(drawn)] == [5, 0, 5, 5]


def test_grouping_in_space_stands_out_of_the_band_at_short_channel_lags():
    points = points_of(*planted.space(np.random.default_rng(0), neurons=96))
    stands_out = outside(map_of(points, "signs_within_neuron", 300))  # [8, 49]
    assert stands_out[1, 10:-10].mean() > 0.8
    assert not outside(map_of(points, "delays_within_neuron", 300)).any()


def test_grouping_in_time_stands_out_under_dales_principle():
    points = points_of(*planted.time_under_dale(np.random.default_rng(0), neurons=96))
    stands_out = outside(map_of(points, "delays_within_neuron", 300))
    assert stands_out[1:, 20:29].mean() > 0.5


def test_without_delays_the_band_of_permuted_delays_is_the_network():
    sign, delay = planted.space(np.random.default_rng(0))
    result = map_of(points_of(sign, np.zeros_like(delay)), "delays_within_neuron", 100)
    assert np.array_equal(result.high, result.correlogram, equal_nan=True)
    assert np.nanmax(result.null_sd) == 0


def test_joint_grouping_alone_stands_out_of_the_joint_band():
    random = np.random.default_rng(0)
    apart = map_of(points_of(*planted.space(random, neurons=96)), "signs_within_neuron", 300)
    both = map_of(points_of(*planted.both(random, neurons=96)), "signs_within_neuron", 300)
    assert not outside_jointly(apart).any()
    assert outside_jointly(both)[1, 22:27].all()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("net", "null"),
    [("neither", "signs_within_neuron"), ("neither_under_dale", "delays_within_neuron")],
)
def test_bands_hold_95_per_cent_of_networks_without_grouping(net, null):
    held = 0
    for seed in range(400):
        made = getattr(planted, net)(
            np.random.default_rng([seed, 1]), 24, 1.0, channels=16, taps=10
        )
        points = points_of(*made, taps=10)
        assert points.is_testable
        held += not outside(map_of(points, null, 199, seed)).any()
    low, high = binom.ppf([0.0005, 0.9995], 400, 0.95)
    assert low <= held <= high

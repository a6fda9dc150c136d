"""What the null models keep, what each measure finds against each, and how often it errs."""

import numpy as np
import planted
import pytest
from permuted import PERMUTING, permuted_measures
from planted import points_of
from scipy.stats import binom

from delaynet.analysis.grouping.measures import measures
from delaynet.analysis.grouping.nulls import (
    NULLS,
    TESTED_BY,
    p_value,
    valid_nulls,
    z_score,
)
from delaynet.analysis.grouping.permutations import changes_nothing, permutations_of

SIGNS = ("morans_i", "join_excess", "nearest_excess")
SCALARS = (*SIGNS, "clustering")
ALL = {
    "signs_within_neuron",
    "delays_within_neuron",
    "channels_within_neuron",
    "delays_within_sign",
    "signs_across_neurons",
    "delays_across_neurons",
}
JOINT = {"delays_within_sign"}
# Which null models reject, for the measures of signs (where they can test them) and for clustering
# of positions. Where delays follow Dale's signs, positions hang on the signs that neighbouring
# channels happen to have.
EXPECTED = {
    "both": {"signs": ALL, "clustering": set()},
    "space": {
        "signs": {"signs_within_neuron", "channels_within_neuron", "signs_across_neurons"},
        "clustering": set(),
    },
    "time": {"signs": ALL - {"channels_within_neuron"} - JOINT, "clustering": set()},
    "neither": {"signs": set(), "clustering": set()},
    "shared_stripes": {
        "signs": {"signs_within_neuron", "channels_within_neuron"},
        "clustering": set(),
    },
    "time_under_dale": {
        "signs": {"delays_within_neuron", "delays_across_neurons"},
        "clustering": None,
    },
    "neither_under_dale": {"signs": set(), "clustering": set()},
    "track": {"signs": set(), "clustering": {"delays_within_neuron", "delays_across_neurons"}},
    "unbalanced": {"signs": set(), "clustering": set()},
}
UNDER_DALE = {"shared_stripes", "time_under_dale", "neither_under_dale"}


def groups_of(points, within):
    neuron = np.repeat(np.arange(points.neurons), points.size)
    return {
        "neuron": neuron,
        "sign": neuron + 1j * points.sign,
        "channel": points.channel,
    }[within]


@pytest.mark.parametrize("density", [1.0, 0.1])
@pytest.mark.parametrize("null", PERMUTING)
def test_a_permutation_keeps_what_each_neuron_or_channel_has(null, density):
    points = points_of(*planted.neither(np.random.default_rng(0), density=density))
    group = groups_of(points, NULLS[null].within)
    signs, delays = next(permutations_of(points, null, 20, seed=0))  # [synapses, 20] each
    permutes = NULLS[null].permutes
    for sign, delay in zip(signs.T, delays.T, strict=True):
        for name, before, after in (("sign", points.sign, sign), ("delay", points.delay, delay)):
            own, kept = (values[np.lexsort((values, group))] for values in (after, before))
            assert np.array_equal(own, kept)
            assert np.array_equal(after, before) != (permutes in (name, "both"))


def test_a_channel_is_permuted_with_sign_and_delay_kept_together():
    points = points_of(*planted.time(np.random.default_rng(0), neurons=12))
    group = groups_of(points, "neuron")
    synapses = sorted(zip(group, points.sign, points.delay, strict=True))
    signs, delays = next(permutations_of(points, "channels_within_neuron", 20, seed=0))
    for sign, delay in zip(signs.T, delays.T, strict=True):
        assert sorted(zip(group, sign, delay, strict=True)) == synapses


def test_all_orders_are_equally_likely():
    sign = np.ones((1, 4), int)
    points = points_of(sign, [[0, 1, 2, 3]])
    chunks = permutations_of(points, "delays_within_neuron", 24_000, seed=0)
    codes = np.concatenate([4 ** np.arange(4) @ delay for _, delay in chunks])
    counts = np.unique(codes, return_counts=True)[1]
    assert len(counts) == 24
    assert np.square((counts - 1000) / np.sqrt(1000)).sum() < 49.7  # chi-square, 23, 0.1 %


def test_nothing_changes_where_all_that_is_exchanged_is_alike():
    sign, delay = planted.neither(np.random.default_rng(1), density=0.3)
    without_delays = points_of(sign, np.zeros_like(delay))
    assert [null for null in PERMUTING if changes_nothing(without_delays, null)] == [
        "delays_within_neuron",
        "delays_within_sign",
        "delays_across_neurons",
    ]
    one_sign = points_of(np.abs(sign), delay)
    assert [null for null in PERMUTING if changes_nothing(one_sign, null)] == [
        "signs_within_neuron",
        "signs_across_neurons",
    ]
    under_dale = points_of(*planted.neither_under_dale(np.random.default_rng(1), density=0.3))
    assert [null for null in PERMUTING if changes_nothing(under_dale, null)] == [
        "signs_across_neurons"
    ]
    neither_changes = points_of(np.abs(sign), np.zeros_like(delay))
    assert all(changes_nothing(neither_changes, null) for null in PERMUTING)


def test_without_delays_the_channel_is_permuted_as_the_sign_is():
    sign, delay = planted.space(np.random.default_rng(1), neurons=12)
    points = points_of(sign, np.zeros_like(delay))
    of_channels, of_signs = (
        permuted_measures(points, null, 50, 0)
        for null in ("channels_within_neuron", "signs_within_neuron")
    )
    assert np.array_equal(of_channels["morans_i"], of_signs["morans_i"])


def test_signs_across_neurons_do_not_change_under_dales_principle():
    points = points_of(*planted.neither_under_dale(np.random.default_rng(3)))
    assert all(
        (points.sign == sign.T).all()
        for sign, _ in permutations_of(points, "signs_across_neurons", 50, 0)
    )
    assert valid_nulls(under_dale=True) == (
        "delays_within_neuron",
        "delays_within_sign",
        "delays_across_neurons",
        "untrained",
    )
    assert valid_nulls(under_dale=False) == tuple(NULLS)


@pytest.mark.parametrize("net", EXPECTED)
def test_each_measure_and_null_finds_what_is_there_and_only_that(net):
    points = points_of(*getattr(planted, net)(np.random.default_rng(0), neurons=96))
    observed = measures(points)
    nulls = [n for n in PERMUTING if n in valid_nulls(net in UNDER_DALE)]
    if net == "shared_stripes":  # as a network without Dale's principle may have them
        nulls = list(PERMUTING)
    for null in nulls:
        draws = permuted_measures(points, null, 400, seed=0)
        for name in SCALARS:
            if null not in TESTED_BY[name]:
                continue
            z = z_score(getattr(observed, name), draws[name])
            expected = EXPECTED[net]["signs" if name in SIGNS else "clustering"]
            if (net, null) == ("shared_stripes", "signs_across_neurons"):
                assert np.isnan(z), (name, null)
            elif expected is None:
                continue
            elif null in expected:
                assert z > 6, (name, null)
            else:
                assert abs(z) < 3.5, (name, null)


def test_the_correlogram_shows_where_signs_are_alike():
    points = points_of(*planted.space(np.random.default_rng(0), neurons=96))
    draws = permuted_measures(points, "signs_within_neuron", 200, seed=0)["correlogram"]
    z = z_score(measures(points).correlogram, draws)  # [8, 49]
    assert (z[1, 4:-4] > 2.5).all() and (z[6, 4:-4] < -2.5).all()  # half a period is 6.3 channels


def false_positives(net, signs, density, nets):
    """How many of the nets without grouping each measure and null rejects at 5 %."""
    rejected = {}
    for seed in range(nets):
        sizes = {"neurons": 12, "density": density, "channels": 16, "taps": 10}
        points = points_of(*net(np.random.default_rng([seed, 1]), **sizes), taps=10)
        observed = measures(points)
        for null in PERMUTING:
            if null not in valid_nulls(signs == "dale"):
                continue
            draws = permuted_measures(points, null, 99, seed)
            for name in SCALARS:
                if null in TESTED_BY[name]:
                    p = p_value(getattr(observed, name), draws[name])
                    rejected[name, null] = rejected.get((name, null), 0) + (p <= 0.05)
    return rejected


@pytest.mark.slow
@pytest.mark.parametrize("density", [1.0, 0.25])
@pytest.mark.parametrize("signs", ["free", "dale"])
def test_false_positives_at_five_per_cent_lie_within_binomial_bounds(signs, density):
    net = planted.neither if signs == "free" else planted.neither_under_dale
    rejected = false_positives(net, signs, density, nets=1000)
    # 99.9 % for the 46 rates together
    low, high = binom.ppf([0.0005 / 46, 1 - 0.0005 / 46], 1000, 0.05)
    assert len(rejected) == (15 if signs == "free" else 8)
    for which, count in rejected.items():
        assert low <= count <= high, which


def test_a_p_value_counts_the_draws_that_reach_the_observed():
    draws = np.arange(99.0)
    assert p_value(98.5, draws) == pytest.approx(0.01)
    assert p_value(94.5, draws) == pytest.approx(0.05)
    assert p_value(94.0, draws) == pytest.approx(0.06)
    assert p_value(-1.0, draws) == 1

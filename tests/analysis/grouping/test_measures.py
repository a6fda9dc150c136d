"""Each measure is its definition, pair by pair, and ignores what it should."""

from itertools import permutations

import numpy as np
import planted
import pytest
from esda import Moran
from libpysal.weights import WSP
from planted import STEPS, points_of
from scipy.sparse import block_diag
from scipy.spatial import cKDTree

from delaynet.analysis.grouping.measures import measures
from delaynet.analysis.grouping.points import marked_points
from delaynet.analysis.grouping.receptive_fields import ReceptiveFields

DENSITIES = pytest.mark.parametrize("density", [1.0, 0.3])


def some_net(density, neurons=8):
    return planted.neither(np.random.default_rng(1), neurons, density)


def neurons_of(sign, delay):
    """Channels, delays and signs of every neuron with at least two synapses."""
    for s, d in zip(sign, delay, strict=True):
        (channel,) = np.nonzero(s)
        if len(channel) > 1:
            yield channel, d[channel], s[channel]


def pysal_morans_i(sign, delay, weigh):
    """Moran's I by PySAL, with any weights of (channel lag, delay lag).

    Marks are centred per neuron, as no weight joins two neurons.
    """
    marks, weights = [], []
    for channel, steps, s in neurons_of(sign, delay):
        marks.append(s - s.mean())
        weight = weigh(channel - channel[:, None], steps - steps[:, None]).astype(float)
        np.fill_diagonal(weight, 0)
        weights.append(weight)
    joined = WSP(block_diag(weights, format="csr")).to_W(silence_warnings=True)
    return Moran(np.concatenate(marks), joined, transformation="O", permutations=0).I


@DENSITIES
def test_morans_i_is_that_of_pysal(density):
    def gaussian(h, k):
        return np.exp(-(h**2) / (2 * 1.5**2) - k**2 / (2 * 2**2))

    sign, delay = some_net(density)
    expected = pysal_morans_i(sign, delay, gaussian)
    assert measures(points_of(sign, delay)).morans_i == pytest.approx(expected, abs=2e-6)


@DENSITIES
def test_the_correlogram_is_morans_i_of_one_lag_at_a_time(density):
    sign, delay = some_net(density, neurons=24)
    correlogram = measures(points_of(sign, delay)).correlogram
    for h, k in [(1, 0), (1, 3), (2, -4), (7, 1)]:
        expected = pysal_morans_i(sign, delay, lambda x, y, h=h, k=k: (x == h) & (y == k))
        assert correlogram[h, k + STEPS - 1] == pytest.approx(expected)


@DENSITIES
def test_join_counts_are_like_less_unlike_pairs_beyond_those_of_the_whole_neuron(density):
    excess = pairs = 0
    sign, delay = some_net(density)
    for channel, steps, s in neurons_of(sign, delay):
        every = [s[i] * s[j] for i, j in permutations(range(len(s)), 2)]
        for i, j in permutations(range(len(s)), 2):
            if ((channel[i] - channel[j]) / 1.5) ** 2 + ((steps[i] - steps[j]) / 2) ** 2 <= 4:
                excess += s[i] * s[j] - np.mean(every)
                pairs += 1
    assert measures(points_of(sign, delay)).join_excess == pytest.approx(excess / pairs)


@DENSITIES
def test_nearest_neighbours_are_those_of_scipys_tree(density):
    sign, delay = some_net(density)
    excess = []
    for channel, steps, s in neurons_of(sign, delay):
        place = np.stack([channel / 1.5, steps / 2], axis=1)
        for i in range(len(s)):
            like, unlike = s == s[i], s != s[i]
            like[i] = False
            if like.any() and unlike.any():
                to = [cKDTree(place[kind]).query(place[i])[0] for kind in (like, unlike)]
                excess.append(to[1] - to[0])
    assert measures(points_of(sign, delay)).nearest_excess == pytest.approx(np.mean(excess), 1e-5)


def test_positions_at_random_do_not_cluster():
    sign, delay = planted.neither(np.random.default_rng(0), neurons=2000, density=0.5)
    assert measures(points_of(sign, delay)).clustering == pytest.approx(1, abs=0.01)


def test_synapses_of_one_delay_cluster_as_much_as_lags_of_random_delays_weigh_less():
    sign, delay = np.ones((1, 40), int), np.zeros((1, 40), int)
    lags = np.subtract.outer(np.arange(STEPS), np.arange(STEPS))
    expected = 1 / np.exp(-(lags**2) / (2 * 2**2)).mean()
    assert measures(points_of(sign, delay)).clustering == pytest.approx(expected)


def test_several_synapses_of_a_pair_count_as_pairs_of_one_channel():
    random = np.random.default_rng(0)
    fields = ReceptiveFields(
        channel=np.tile(np.arange(40), 2),
        delay=random.integers(0, STEPS, (800, 80)),
        weight=random.choice([-1, 1], (800, 80)).astype(np.float32),
        firing_rate=np.ones(800, np.float32),
        channels=40,
        max_delay=STEPS,
    )
    result = measures(marked_points(fields, np.ones(800, bool)))
    assert result.clustering == pytest.approx(1, abs=0.01)
    assert result.correlogram[0] == pytest.approx(result.correlogram[0, ::-1])


def test_the_order_of_neurons_does_not_matter():
    sign, delay = some_net(0.5, neurons=20)
    order = np.random.default_rng(0).permutation(20)
    before, after = measures(points_of(sign, delay)), measures(points_of(sign[order], delay[order]))
    for a, b in zip(before, after, strict=True):
        assert a == pytest.approx(b, nan_ok=True)


def test_turning_all_signs_of_a_neuron_around_changes_nothing():
    sign, delay = planted.both(np.random.default_rng(3))
    turned = sign * np.where(np.arange(len(sign)) % 2, 1, -1)[:, None]
    before, after = measures(points_of(sign, delay)), measures(points_of(turned, delay))
    for a, b in zip(before, after, strict=True):
        assert a == pytest.approx(b, nan_ok=True)


def test_what_has_no_pairs_or_one_sign_is_not_a_number():
    empty = np.zeros((4, 40), int)
    assert all(np.isnan(values).all() for values in measures(points_of(empty, empty)))
    one_sign = measures(points_of(np.ones_like(empty), empty))
    assert np.isnan(one_sign.morans_i) and np.isnan(one_sign.nearest_excess)
    assert np.isnan(one_sign.correlogram).all()
    assert one_sign.join_excess == 0

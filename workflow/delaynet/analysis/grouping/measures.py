"""Measures of the grouping of excitation and inhibition in receptive fields.

All are sums over pairs of synapses in one neuron, pooled over neurons. A pair's lag is h channels
and k steps; c(h, k) is the number of pairs at this lag. Signs s are centred in each neuron,
m = s - mean(s), so an excess of excitation or inhibition does not count as grouping.

Moran's I (primary; Moran 1950, Biometrika 37, 17-23; weights as in Cliff & Ord 1981, Spatial
Processes, ch. 1), with N synapses and a kernel w of the widths of `grouping.points`:

    I = N / W * sum_pairs w(h, k) m_i m_j / sum_i m_i^2,      W = sum_pairs w(h, k)
    w(h, k) = exp(-h^2 / (2 * 1.5^2) - k^2 / (2 * 2^2))

Sign correlogram (Sokal & Oden 1978, Biol. J. Linn. Soc. 10, 199-228; over two lags as in Oden &
Sokal 1986, Syst. Zool. 35, 608-617): Moran's I of one lag at a time,

    r(h, k) = (sum_pairs-at-(h, k) m_i m_j / c(h, k)) / (sum_i m_i^2 / N)

Join counts (Moran 1948, J. R. Stat. Soc. B 10, 243-251; Cliff & Ord 1981): the share of like minus
that of unlike signs, among pairs within two kernel widths, (h / 1.5)^2 + (k / 2)^2 <= 4, minus the
same among all pairs of the neuron, a_n = ((sum s)^2 - n) / (n (n - 1)):

    J = sum_close-pairs (s_i s_j - a_n) / number of close pairs

Nearest neighbours (after Clark & Evans 1954, Ecology 35, 445-453; by kind as in Dixon 1994, Ecology
75, 1940-1948): the distance to the nearest unlike synapse in the neuron minus that to the nearest
like one, in kernel widths, as a mean over the synapses that have both.

Clustering of positions alone, a pair correlation at the kernel's scale (Illian, Penttinen, Stoyan &
Stoyan 2008, Statistical Analysis and Modelling of Spatial Point Patterns, ch. 4): pairs relative to
those expected if every neuron drew its columns at random and its delays uniformly. E[c] takes into
account that few pairs can have a large lag.

    G = sum w c / sum w E[c],   E[c(h, k)] = sum_n n (n - 1) / 2 * p(h) * (D - |k|) / D^2

with p(h) the share of pairs of columns that lie h channels apart, and D taps.

Each is positive (G above 1) if like signs, for G synapses, lie close together.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from delaynet.analysis.grouping import pairs
from delaynet.analysis.grouping.points import (
    CHANNEL_WIDTH,
    DELAY_WIDTH,
    REACH,
    MarkedPoints,
    Values,
)

Array = NDArray[np.float64]


class Measures(NamedTuple):
    """All measures of a network; NaN if undefined.

    The correlogram is [REACH + 1, 2 max_delay - 1], by channel lag 0 .. REACH and delay lag
    1 - max_delay .. max_delay - 1, of the synapse of higher channel minus the other. The row of
    channel lag 0 is symmetric.
    """

    morans_i: Array
    join_excess: Array
    nearest_excess: Array
    clustering: Array
    correlogram: Array


def measures(points: MarkedPoints) -> Measures:
    """Return all measures of a network."""
    sign, delay = points.sign[:, None], points.delay[:, None]
    return Measures(**{name: of(points, sign, delay)[0] for name, of in MEASURES.items()})


# Each measure takes several patterns of signs and delays, [synapses, patterns] each, and the
# neurons and channels of the points.


def morans_i(points: MarkedPoints, sign: Values, delay: Values) -> Array:
    """Return I, [patterns]."""
    mark, squares = _centred(points, sign)
    kernel, no_chance = kernel_of(points.max_delay), np.zeros_like(mark)
    cross, weight = _kernel_sums(points, mark, no_chance, delay, kernel)
    return ratio(points.synapses * cross, weight * squares)


def join_excess(points: MarkedPoints, sign: Values, delay: Values) -> Array:
    """Return J, [patterns]."""
    close = (squared_distance(points.max_delay) <= 4).astype(float)
    size = points.size[:, None]
    chance = (np.square(_totals(points, sign)) - size) / (size * (size - 1))
    chance = np.repeat(chance, points.size, axis=0)
    return ratio(*_kernel_sums(points, sign.astype(float), chance, delay, close))


def nearest_excess(points: MarkedPoints, sign: Values, delay: Values) -> Array:
    """Return mean distance to the nearest unlike minus nearest like synapse, [patterns]."""
    excess, count = np.zeros((2, sign.shape[1]))
    shape = (CHANNEL_WIDTH, DELAY_WIDTH)
    pairs.nearest_sums(points.start, points.channel, sign, delay, *shape, excess, count)
    return ratio(excess, count)


def clustering(points: MarkedPoints, sign: Values, delay: Values) -> Array:
    """Return G, [patterns]; the signs do not matter."""
    kernel, unused = kernel_of(points.max_delay), np.zeros(sign.shape)
    _, weight = _kernel_sums(points, unused, unused, delay, kernel)
    return ratio(weight, (kernel * expected_pairs(points)).sum())


def correlogram(points: MarkedPoints, sign: Values, delay: Values) -> Array:
    """Return r, [patterns, REACH + 1, 2 max_delay - 1]."""
    mark, squares = _centred(points, sign)
    sums = np.zeros((len(squares), REACH + 1, 2 * points.max_delay - 1, 2))
    pairs.lag_sums(points.first, points.second, points.lag, mark, delay, sums)
    # pairs of one channel have no order: half of them count at k and half at -k
    sums[:, 0] = (sums[:, 0] + sums[:, 0, ::-1]) / 2
    count, product = np.moveaxis(sums, -1, 0)  # [patterns, h, k] each
    return ratio(product, count * (squares / max(points.synapses, 1))[:, None, None])


MEASURES: dict[str, Callable[[MarkedPoints, Values, Values], Array]] = {
    "morans_i": morans_i,
    "join_excess": join_excess,
    "nearest_excess": nearest_excess,
    "clustering": clustering,
    "correlogram": correlogram,
}


def _centred(points: MarkedPoints, sign: Values) -> tuple[Array, Array]:
    """Return centred signs, [synapses, patterns], and the sums of their squares, [patterns]."""
    size = points.size[:, None]
    mean = _totals(points, sign) / size
    mark: Array = np.subtract(sign, np.repeat(mean, points.size, axis=0))
    return mark, (size - size * np.square(mean)).sum(axis=0)


def _totals(points: MarkedPoints, sign: Values) -> Array:
    """Return the sum of each neuron's signs, [neurons, patterns]."""
    total: Array = np.add.reduceat(sign, points.start[:-1], axis=0)
    return total


def _kernel_sums(
    points: MarkedPoints, mark: Array, chance: Array, delay: Values, kernel: Array
) -> tuple[Array, Array]:
    """Return sums over pairs: of weight x (mark x mark - chance) and of weights, [patterns]."""
    cross, weight = np.zeros((2, delay.shape[1]))
    ends = points.first, points.second, points.lag
    pairs.kernel_sums(*ends, mark, chance, delay, kernel, cross, weight)
    return cross, weight


def kernel_of(max_delay: int) -> Array:
    """Return the kernel's weights by lag, [REACH + 1, 2 max_delay - 1]."""
    kernel: Array = np.exp(-squared_distance(max_delay) / 2)
    return kernel


def squared_distance(max_delay: int) -> Array:
    """Return squared distances in kernel widths by lag, [REACH + 1, 2 max_delay - 1]."""
    channel_lag = np.arange(REACH + 1)[:, None] / CHANNEL_WIDTH
    delay_lag = np.arange(1 - max_delay, max_delay) / DELAY_WIDTH
    square: Array = np.square(channel_lag) + np.square(delay_lag)
    return square


def expected_pairs(points: MarkedPoints) -> Array:
    """Return the number of pairs expected at each lag, E[c], [REACH + 1, 2 max_delay - 1].

    Pairs of one channel have no order: half of them count at k and half at -k.
    """
    first, second = np.triu_indices(len(points.columns), 1)
    apart = np.abs(points.columns[first] - points.columns[second])
    share = np.bincount(apart, minlength=REACH + 1)[: REACH + 1] / max(len(first), 1)
    taps = points.max_delay
    delay_share = (taps - np.abs(np.arange(1 - taps, taps))) / taps**2
    expected: Array = (points.size * (points.size - 1)).sum() / 2 * np.outer(share, delay_share)
    return expected


def ratio(numerator: Array, denominator: Array) -> Array:
    """Divide; NaN where the denominator is zero."""
    shape = np.broadcast_shapes(numerator.shape, denominator.shape)
    quotient = np.full(shape, np.nan)
    np.divide(numerator, denominator, out=quotient, where=denominator != 0)
    return quotient

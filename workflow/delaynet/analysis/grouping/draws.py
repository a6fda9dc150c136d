"""Measures under null models, each computed as fast as possible.

The definitions are those of `grouping.measures`, the permutations those of
`grouping.permutations.permutations_of`. What a null model does not change is computed once: the
lags of pairs if only signs are permuted, the product of a pair's marks if only delays are. Signs
and delays are permuted together, once for the three null models within neurons and once for the two
within channels; for `delays_within_sign` alone.
"""

from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np

from delaynet.analysis.grouping import pairs
from delaynet.analysis.grouping.measures import (
    Array,
    centred,
    expected_pairs,
    kernel_of,
    measures_of,
    nearest_excess,
    ratio,
    squared_distance,
)
from delaynet.analysis.grouping.nulls import NULLS, PERMUTING, TESTED_BY
from delaynet.analysis.grouping.permutations import permuted_within, repeated
from delaynet.analysis.grouping.points import REACH, MarkedPoints, Values
from delaynet.analysis.grouping.receptive_fields import IntArray

# measure and null model
Test = tuple[str, str]
# computes a measure, [permutations, ..], from permuted signs, delays or both,
# [synapses, permutations] each
MeasureOfPermuted = Callable[..., Array]


def draws(points: MarkedPoints, wanted: Mapping[Test, int], seed: int) -> dict[Test, Array]:
    """Return measures under null models, [permutations] or, of the correlogram, [.., lags, lags].

    `wanted` says how many draws of a measure (`correlogram`, or a scalar of
    `delaynet.analysis.grouping.measures.Measures`) under a null model (one of
    `delaynet.analysis.grouping.nulls.PERMUTING`).

    Raises:
        ValueError: a null model cannot test a measure.
    """
    for measure, null in wanted:
        if null not in TESTED_BY[measure]:
            raise ValueError(f"{null} cannot test {measure}")
    drawn: dict[Test, Array] = {}
    for within in dict.fromkeys(NULLS[null].within for null in PERMUTING):
        wanted_within = {test: n for test, n in wanted.items() if NULLS[test[1]].within == within}
        if wanted_within:
            drawn |= _draws_within(points, within, wanted_within, seed)
    return drawn


def _draws_within(
    points: MarkedPoints, within: str, wanted: Mapping[Test, int], seed: int
) -> dict[Test, Array]:
    """Return all draws that permute within the same groups of synapses."""
    compute = {
        (measure, null): getattr(MEASURES[measure], NULLS[null].permutes)(points)
        for measure, null in wanted
    }
    parts: dict[Test, list[Array]] = {test: [] for test in wanted}
    done = 0
    for sign, delay in permuted_within(points, within, max(wanted.values()), seed):
        permuted = {"sign": (sign,), "delay": (delay,), "both": (sign, delay)}
        for test, permutations in wanted.items():
            if done < permutations:
                chunk = [
                    np.ascontiguousarray(values[:, : permutations - done])
                    for values in permuted[NULLS[test[1]].permutes]
                ]
                parts[test].append(compute[test](*chunk))
        done += sign.shape[1]
    return {test: np.concatenate(of_chunks) for test, of_chunks in parts.items()}


def _cells(points: MarkedPoints) -> tuple[IntArray, IntArray]:
    """Return the indices of each pair in a table over lags, [pairs] each."""
    delay_lag = points.delay[points.second] - points.delay[points.first]
    return points.lag.astype(np.int64), delay_lag.astype(np.int64) + points.max_delay - 1


def _close(points: MarkedPoints) -> Array:
    """Return 1 for the lags within two kernel widths, [REACH + 1, 2 max_delay - 1]."""
    return (squared_distance(points.max_delay) <= 4).astype(float)


def _chance(points: MarkedPoints, sign: Values) -> Array:
    """Return the mean of sign x sign over all pairs of each neuron, [neurons, patterns]."""
    size = points.size[:, None]
    total = np.add.reduceat(sign, points.start[:-1], axis=0)
    chance: Array = (np.square(total) - size) / (size * (size - 1))
    return chance


def _neuron(points: MarkedPoints) -> IntArray:
    """Return the neuron of each pair, [pairs]."""
    neuron: IntArray = np.repeat(np.arange(points.neurons), points.size)[points.first]
    return neuron


def _morans_i_of_signs(points: MarkedPoints) -> MeasureOfPermuted:
    weight = kernel_of(points.max_delay)[_cells(points)]  # [pairs]
    total = weight.sum()

    def measure_permuted(sign: Values) -> Array:
        mark, squares = centred(points, sign)
        cross = np.zeros(sign.shape[1])
        pairs.kernel_sums_of_signs(points.first, points.second, weight, mark, cross)
        return ratio(points.synapses * cross, total * squares)

    return measure_permuted


def _morans_i_of_delays(points: MarkedPoints) -> MeasureOfPermuted:
    mark, squares = centred(points, points.sign[:, None])
    product = mark[points.first, 0] * mark[points.second, 0]
    kernel = kernel_of(points.max_delay)

    def measure_permuted(delay: Values) -> Array:
        cross, weight = _kernel_sums(points, product, delay, kernel)
        return ratio(points.synapses * cross, weight * squares)

    return measure_permuted


def _morans_i_of_both(points: MarkedPoints) -> MeasureOfPermuted:
    kernel, zeros = kernel_of(points.max_delay), np.zeros(len(points.first))

    def measure_permuted(sign: Values, delay: Values) -> Array:
        mark, squares = centred(points, sign)
        cross, weight = _kernel_sums_of_both(points, zeros, mark, delay, kernel)
        return ratio(points.synapses * cross, weight * squares)

    return measure_permuted


def _join_excess_of_signs(points: MarkedPoints) -> MeasureOfPermuted:
    (near,) = np.nonzero(_close(points)[_cells(points)])
    ends, ones = (points.first[near], points.second[near]), np.ones(len(near))
    per_neuron = np.bincount(_neuron(points)[near], minlength=points.neurons)

    def measure_permuted(sign: Values) -> Array:
        cross = np.zeros(sign.shape[1])
        pairs.kernel_sums_of_signs(*ends, ones, sign.astype(float), cross)
        return ratio(cross - per_neuron @ _chance(points, sign), np.asarray(len(near)))

    return measure_permuted


def _join_excess_of_delays(points: MarkedPoints) -> MeasureOfPermuted:
    sign, close = points.sign, _close(points)
    chance = _chance(points, sign[:, None])[_neuron(points), 0]
    product = sign[points.first] * sign[points.second] - chance
    return lambda delay: ratio(*_kernel_sums(points, product, delay, close))


def _join_excess_of_both(points: MarkedPoints) -> MeasureOfPermuted:
    close = _close(points)
    chance = _chance(points, points.sign[:, None])[_neuron(points), 0]
    return lambda sign, delay: ratio(
        *_kernel_sums_of_both(points, chance, sign.astype(float), delay, close)
    )


def _clustering_of_delays(points: MarkedPoints) -> MeasureOfPermuted:
    kernel, zeros = kernel_of(points.max_delay), np.zeros(len(points.first))
    expected = (kernel * expected_pairs(points)).sum()
    return lambda delay: ratio(_kernel_sums(points, zeros, delay, kernel)[1], expected)


def _kernel_sums(
    points: MarkedPoints, product: Array, delay: Values, kernel: Array
) -> tuple[Array, Array]:
    """Return sums of weight x product and of weights, [permutations] each."""
    cross, weight = np.zeros((2, delay.shape[1]))
    ends = points.first, points.second, points.lag
    pairs.kernel_sums_of_delays(*ends, product, delay, kernel, cross, weight)
    return cross, weight


def _kernel_sums_of_both(
    points: MarkedPoints, chance: Array, mark: Array, delay: Values, kernel: Array
) -> tuple[Array, Array]:
    """Return sums of weight x (mark x mark - chance) and of weights, [permutations] each."""
    cross, weight = np.zeros((2, delay.shape[1]))
    ends = points.first, points.second, points.lag
    pairs.kernel_sums_of_both(*ends, chance, mark, delay, kernel, cross, weight)
    return cross, weight


def _nearest_excess_of_signs(points: MarkedPoints) -> MeasureOfPermuted:
    return lambda sign: nearest_excess(points, sign, repeated(points.delay, sign))


def _nearest_excess_of_delays(points: MarkedPoints) -> MeasureOfPermuted:
    return lambda delay: nearest_excess(points, repeated(points.sign, delay), delay)


def _correlogram_of_signs(points: MarkedPoints) -> MeasureOfPermuted:
    lags = REACH + 1, 2 * points.max_delay - 1
    cell = np.ravel_multi_index(_cells(points), lags)
    order = np.argsort(cell, kind="stable")
    ends = points.first[order], points.second[order]
    count = np.bincount(cell, minlength=lags[0] * lags[1])
    start = np.append(0, np.cumsum(count))

    def measure_permuted(sign: Values) -> Array:
        mark, squares = centred(points, sign)
        sums = np.zeros((len(count), sign.shape[1]))
        pairs.products_by_lag(start, *ends, mark, sums)
        products = np.vstack([sums.T, count]).reshape(-1, *lags)
        # pairs of one channel have no order: half of them count at k and half at -k
        products[:, 0] = (products[:, 0] + products[:, 0, ::-1]) / 2
        variance = squares[:, None, None] / points.synapses
        return ratio(products[:-1], products[-1] * variance)

    return measure_permuted


def _correlogram_of_delays(points: MarkedPoints) -> MeasureOfPermuted:
    def measure_permuted(delay: Values) -> Array:
        sign = repeated(points.sign, delay)
        return measures_of(points, sign, delay, nearest=False).correlogram

    return measure_permuted


class _Measure(NamedTuple):
    """Functions that compute a measure of permuted signs, delays, or both, for a network."""

    sign: Callable[[MarkedPoints], MeasureOfPermuted] | None
    delay: Callable[[MarkedPoints], MeasureOfPermuted]
    both: Callable[[MarkedPoints], MeasureOfPermuted] | None = None


MEASURES = {
    "morans_i": _Measure(_morans_i_of_signs, _morans_i_of_delays, _morans_i_of_both),
    "join_excess": _Measure(_join_excess_of_signs, _join_excess_of_delays, _join_excess_of_both),
    "nearest_excess": _Measure(_nearest_excess_of_signs, _nearest_excess_of_delays),
    "clustering": _Measure(None, _clustering_of_delays),
    "correlogram": _Measure(_correlogram_of_signs, _correlogram_of_delays),
}

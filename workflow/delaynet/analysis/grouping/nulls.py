"""Null models: what a network would look like if signs or delays were not grouped.

All keep the occupancy: which neuron has a synapse at which channel. Each permutes attributes of the
synapses among those that are alike in another, all orders equally likely:

    N1  signs within a neuron                     is the sign tied to the place?
    N2  delays within a neuron                    ... to the delay, beyond the channel?
    N6  signs and delays together within a neuron ... to the channel, beyond the delay?
    N3  signs across neurons, channel by channel  ... beyond each channel's own share of signs?
    N4  delays across neurons, channel by channel ... beyond each channel's own delays?
    N5  the initial network of the same seed: a comparison, nothing is permuted

N2 and N6 are counterparts, time beyond space and space beyond time. Signs that follow the delay
alone are found by N1 and N2 as those that follow both are, and N6 tells these apart. Without delays
N6 is N1. N3 and N4 exchange one attribute alone, so that a relation of sign and delay that all
neurons share remains visible to them.

Under Dale's principle a sign belongs to its channel. N1 and N6 would break that and N3 would change
nothing, so only N2, N4 and N5 are valid.

Not every null can test every measure. N1 and N3 leave positions where they are, so the pair
correlation of positions is constant under them; to positions alone N6 is N2. N3 and N4 mix neurons,
and N5 compares networks: there, a measure that depends on how many synapses of either sign a neuron
has answers to differences of balance where nothing is grouped. Distances to the nearest do, and are
tested within neurons alone. Moran's I, the correlogram and the join counts are taken beyond a
neuron's own balance; yet N3 makes the balances of neurons more alike than they are, and where
these differ widely rejects more often than it should. It decides nothing. N6 is drawn for Moran's I
and the join counts.
"""

import math
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from delaynet.analysis.grouping import pairs
from delaynet.analysis.grouping.measures import Array, Measures, measures_of
from delaynet.analysis.grouping.points import MarkedPoints, Values
from delaynet.analysis.grouping.receptive_fields import IntArray

# As many permutations at once as stay in a processor's cache, in whole vectors.
VALUES_PER_CHUNK, VECTOR = 2**17, 32
# A smaller standard deviation, or difference of two values, is rounding.
ROUNDING = 1e-12


class Null(NamedTuple):
    """What a null model permutes, and within what (`neuron` or `channel`).

    It permutes `sign`, `delay`, or `both`: a synapse's sign and delay go to another channel.
    """

    permutes: str
    within: str


NULLS = {
    "N1": Null("sign", "neuron"),
    "N2": Null("delay", "neuron"),
    "N6": Null("both", "neuron"),
    "N3": Null("sign", "channel"),
    "N4": Null("delay", "channel"),
}
COMPARISON = "N5"
VALID_UNDER_DALE = ("N2", "N4", COMPARISON)

# Which null models can test which measure, and why: see above.
OF_SIGNS = (*NULLS, COMPARISON)
OF_LAGS = ("N1", "N2", "N3", "N4", COMPARISON)
OF_POSITIONS = ("N2", "N4", COMPARISON)
TESTED_BY: dict[str, tuple[str, ...]] = {
    "morans_i": OF_SIGNS,
    "join_excess": OF_SIGNS,
    "nearest_excess": ("N1", "N2"),
    "clustering": OF_POSITIONS,
    "correlogram": OF_LAGS,
    "pair_correlation": OF_POSITIONS,
}


def valid_nulls(signs: str) -> tuple[str, ...]:
    """Return the null models valid for networks with (`dale`) or without (`free`) Dale's signs."""
    return VALID_UNDER_DALE if signs == "dale" else OF_SIGNS


def permutations_of(
    points: MarkedPoints, null: str, permutations: int, seed: int
) -> Iterator[tuple[Values, Values]]:
    """Yield chunks of signs and delays under a null model, [synapses, chunk] each.

    Args:
        points: the network.
        null: one of `NULLS`.
        permutations: how many in all.
        seed: seed of the permutations.
    """
    permutes = NULLS[null].permutes
    for sign, delay in permuted_within(points, NULLS[null].within, permutations, seed):
        yield (
            repeated(points.sign, sign) if permutes == "delay" else sign,
            repeated(points.delay, delay) if permutes == "sign" else delay,
        )


def permuted_within(
    points: MarkedPoints, within: str, permutations: int, seed: int
) -> Iterator[tuple[Values, Values]]:
    """Yield chunks of signs and delays, both permuted alike within groups, [synapses, chunk] each.

    A null model takes both, or one of the two and leaves the other as it is.

    Args:
        points: the network.
        within: `neuron` or `channel`.
        permutations: how many in all.
        seed: seed of the permutations.
    """
    # both in one number, so that they are moved once: negative ones are inhibitory
    values = np.where(points.sign > 0, points.delay, ~points.delay)
    start, member = _groups(points, within)
    random = np.random.default_rng(seed)
    at_once = max(1, VALUES_PER_CHUNK // VECTOR // max(points.synapses, 1024)) * VECTOR
    for done in range(0, permutations, at_once):
        shape = points.synapses, min(at_once, permutations - done)
        shuffled = np.empty(shape, np.int32)
        # two words of 32 bits at a time are drawn twice as fast
        halves = random.integers(0, 2**64, (math.prod(shape) + 1) // 2, np.uint64).view(np.uint32)
        words = halves[: math.prod(shape)].reshape(shape)
        pairs.shuffle(values, start, member, words, shuffled)
        is_negative = shuffled >> 31  # 0 or -1, all bits set
        yield is_negative | 1, shuffled ^ is_negative


def repeated(values: Values, patterns: Values) -> Values:
    """Return the same values for each pattern, [synapses, patterns]."""
    return np.repeat(values[:, None], patterns.shape[1], 1)


def _groups(points: MarkedPoints, within: str) -> tuple[IntArray, IntArray]:
    """Return the synapses that are exchanged for each other: [groups + 1] and [synapses]."""
    if within == "neuron":
        return points.start, np.arange(points.synapses)
    member = np.argsort(points.channel, kind="stable")
    return np.append(0, np.cumsum(np.bincount(points.channel))), member


def changes_nothing(points: MarkedPoints, null: str) -> bool:
    """Return whether all that a null model exchanges is alike, as delays are where there are none.

    Arguments as `permutations_of`.
    """
    start, member = _groups(points, NULLS[null].within)
    group = np.repeat(np.arange(len(start) - 1), np.diff(start))
    is_alike = np.ones(max(points.synapses - 1, 0), bool)
    for name, values in (("sign", points.sign), ("delay", points.delay)):
        if NULLS[null].permutes in (name, "both"):
            is_alike &= np.diff(values[member]) == 0
    return bool((is_alike | (np.diff(group) > 0)).all())


def permuted_measures(points: MarkedPoints, null: str, permutations: int, seed: int) -> Measures:
    """Return all measures under a null model, each [permutations, ...].

    What the null model cannot test is not a number. Arguments as `permutations_of`. The
    same numbers are drawn faster by `delaynet.analysis.grouping.draws`.
    """
    nearest = null in TESTED_BY["nearest_excess"]
    chunks = permutations_of(points, null, permutations, seed)
    parts = [measures_of(points, sign, delay, nearest) for sign, delay in chunks]
    stacked = Measures(*map(np.concatenate, zip(*parts, strict=True)))
    return _only_tested(stacked, null)


def _only_tested(measured: Measures, null: str) -> Measures:
    """Return the measures with not a number in place of what a null model cannot test."""
    untested = [name for name, nulls in TESTED_BY.items() if null not in nulls]
    return measured._replace(
        **{name: np.full_like(getattr(measured, name), np.nan) for name in untested}
    )


def initial_differences(trained: Measures, initial: Measures) -> Measures:
    """Return trained - initial for what N5 compares; the rest is not a number."""
    differences = (after - before for after, before in zip(trained, initial, strict=True))
    return _only_tested(Measures(*differences), COMPARISON)


def z_score(observed: NDArray[np.float64] | float, draws: Array) -> Array:
    """Return (observed - mean) / standard deviation of the draws, [...].

    Args:
        observed: [...].
        draws: [permutations, ...].

    Returns:
        Not a number where all draws agree or one of them is undefined.
    """
    deviation = draws.std(axis=0, ddof=1)
    usable = np.where(deviation > ROUNDING, deviation, np.nan)
    score: Array = (observed - draws.mean(axis=0)) / usable
    return score


def p_value(observed: NDArray[np.float64] | float, draws: Array) -> Array:
    """Return the one-sided p, (1 + draws that reach the observed) / (1 + draws), [...].

    Small where the network is more grouped than the null model (Phipson & Smyth 2010, Stat. Appl.
    Genet. Mol. Biol. 9, 39). An undefined draw counts as reaching it.

    Args:
        observed: [...].
        draws: [permutations, ...].
    """
    reached = len(draws) - (draws < np.asarray(observed) - ROUNDING).sum(axis=0)
    p: Array = (1 + reached) / (1 + len(draws))
    return p

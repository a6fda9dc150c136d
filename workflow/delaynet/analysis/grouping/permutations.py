"""Permutations of signs and delays by the null models of `grouping.nulls`."""

from collections.abc import Iterator

import numpy as np

from delaynet.analysis.grouping import pairs
from delaynet.analysis.grouping.nulls import NULLS
from delaynet.analysis.grouping.points import MarkedPoints, Values
from delaynet.analysis.grouping.receptive_fields import IntArray

# Permutations per chunk: as many as fit in a processor's cache, in whole vectors.
VALUES_PER_CHUNK, VECTOR = 2**17, 32


def permutations_of(
    points: MarkedPoints, null: str, permutations: int, seed: int
) -> Iterator[tuple[Values, Values]]:
    """Yield signs and delays permuted by a null model, in chunks of [synapses, permutations]."""
    permutes = NULLS[null].permutes
    for sign, delay in permuted_within(points, NULLS[null].within, permutations, seed):
        if permutes == "delay":
            sign = np.repeat(points.sign[:, None], sign.shape[1], axis=1)
        if permutes == "sign":
            delay = np.repeat(points.delay[:, None], delay.shape[1], axis=1)
        yield sign, delay


def permuted_within(
    points: MarkedPoints, within: str, permutations: int, seed: int
) -> Iterator[tuple[Values, Values]]:
    """Yield signs and delays, permuted together, in chunks of [synapses, permutations].

    They are permuted within groups: `neuron`, `sign` or `channel` (see `grouping.nulls.Null`).
    """
    # sign and delay in one number, to be permuted once; inhibitory ones are negative
    values = np.where(points.sign > 0, points.delay, ~points.delay)
    start, member = _groups(points, within)
    random = np.random.default_rng(seed)
    at_once = max(1, VALUES_PER_CHUNK // VECTOR // max(points.synapses, 1024)) * VECTOR
    for done in range(0, permutations, at_once):
        shape = points.synapses, min(at_once, permutations - done)
        shuffled = np.empty(shape, np.int32)
        words = random.integers(0, 2**32, shape, np.uint32)
        pairs.shuffle(values, start, member, words, shuffled)
        is_negative = shuffled >> 31  # 0 or -1, all bits set
        yield is_negative | 1, shuffled ^ is_negative


def _groups(points: MarkedPoints, within: str) -> tuple[IntArray, IntArray]:
    """Return the groups in which synapses are permuted: starts [groups + 1], members [synapses]."""
    if within == "neuron":
        return points.start, np.arange(points.synapses)
    if within == "sign":
        group = 2 * np.repeat(np.arange(points.neurons), points.size) + (points.sign > 0)
    else:
        group = points.channel
    member = np.argsort(group, kind="stable")
    return np.append(0, np.cumsum(np.bincount(group))), member


def changes_nothing(points: MarkedPoints, null: str) -> bool:
    """Return whether a null model changes nothing, because all values in a group are equal."""
    start, member = _groups(points, NULLS[null].within)
    group = np.repeat(np.arange(len(start) - 1), np.diff(start))
    is_alike = np.ones(max(points.synapses - 1, 0), bool)
    for name, values in (("sign", points.sign), ("delay", points.delay)):
        if NULLS[null].permutes in (name, "both"):
            is_alike &= np.diff(values[member]) == 0
    return bool((is_alike | (np.diff(group) > 0)).all())

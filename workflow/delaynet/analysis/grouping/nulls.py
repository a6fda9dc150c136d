"""Null models: networks without grouping of signs or delays.

All keep the occupancy: which neuron has a synapse at which channel. Each permutes attributes of
synapses within a neuron or within a channel, all orders equally likely; `NULLS` lists them.

`delays_within_neuron` and `channels_within_neuron` are counterparts: time beyond space, and space
beyond time. `signs_within_neuron` and `delays_within_neuron` reject for signs that depend on delay
alone and for signs that depend on both; `channels_within_neuron` distinguishes the two. Without
delays it equals `signs_within_neuron`. `delays_within_sign` keeps which signs lie at which channels
and at which delays, and rejects only where the two go together. The models across neurons permute
only one attribute, so they detect a relation of sign and delay that all neurons share.

Under Dale's principle a sign belongs to its channel. `signs_within_neuron` and
`channels_within_neuron` would break that and `signs_across_neurons` would change nothing.

Not every null model can test every measure. Permuting signs alone does not change positions, so
the pair correlation of positions is constant. For positions alone, `channels_within_neuron` equals
`delays_within_neuron`. The models across neurons and `untrained` compare neurons with different
numbers of excitatory and inhibitory synapses. Distances to the nearest depend on this balance, and
are therefore tested within neurons only. Moran's I, the correlogram and the join counts correct for
a neuron's balance. But `signs_across_neurons` makes the balances of neurons more alike, and rejects
too often if they differ widely; it decides no claim.
`channels_within_neuron` is drawn for Moran's I and the join counts, `delays_within_sign` for
Moran's I and the correlogram.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from delaynet.analysis.grouping import pairs
from delaynet.analysis.grouping.measures import Array
from delaynet.analysis.grouping.points import MarkedPoints, Values
from delaynet.analysis.grouping.receptive_fields import IntArray

# Permutations per chunk: as many as fit in a processor's cache, in whole vectors.
VALUES_PER_CHUNK, VECTOR = 2**17, 32
# Smaller standard deviations, and differences of two values, are rounding.
ROUNDING = 1e-12


@dataclass(frozen=True)
class Null:
    """A null model.

    Attributes:
        label: its name in the paper.
        permutes: `sign`, `delay`, or `both` (a synapse's sign and delay go to another channel);
            empty if networks are compared.
        within: `neuron`, `sign` (the excitatory, or the inhibitory, synapses of a neuron) or
            `channel`.
        description: what it permutes and tests, in Typst.
        valid_under_dale: whether it is valid for networks under Dale's principle.
    """

    label: str
    permutes: str
    within: str
    description: str
    valid_under_dale: bool = False


# In the order of tables and figures.
NULLS = {
    "signs_within_neuron": Null(
        "N1",
        "sign",
        "neuron",
        "permutes signs within a neuron: is the sign tied to the place?",
    ),
    "delays_within_neuron": Null(
        "N2",
        "delay",
        "neuron",
        "permutes delays within a neuron, channel and sign kept: is it tied to the delay, beyond "
        "the channel (_time beyond space_)?",
        valid_under_dale=True,
    ),
    "channels_within_neuron": Null(
        "N6",
        "both",
        "neuron",
        "permutes sign and delay together within a neuron, so that each pair of them goes to "
        "another channel: is the sign tied to the channel, beyond the delay (_space beyond time_)?",
    ),
    "delays_within_sign": Null(
        "N7",
        "delay",
        "sign",
        "permutes delays within a neuron among synapses of the same sign, so that which signs lie "
        "at which channels and at which delays is kept: do channel and delay go together "
        "(_joint grouping_)?",
        valid_under_dale=True,
    ),
    "signs_across_neurons": Null(
        "N3",
        "sign",
        "channel",
        "permutes signs across neurons at the same channel: is there more than each channel's own "
        "share of signs?",
    ),
    "delays_across_neurons": Null(
        "N4",
        "delay",
        "channel",
        "permutes delays across neurons at the same channel: is there more than each channel's own "
        "delays?",
        valid_under_dale=True,
    ),
    "untrained": Null(
        "N5",
        "",
        "",
        "is no permutation but the untrained network of the same seed, on the same neurons.",
        valid_under_dale=True,
    ),
}
UNTRAINED = "untrained"
PERMUTING = tuple(name for name, null in NULLS.items() if null.permutes)

# Which null models can test which measure, and why: see above.
_OF_SIGNS = tuple(name for name in NULLS if name != "delays_within_sign")
_OF_POSITIONS = ("delays_within_neuron", "delays_across_neurons", UNTRAINED)
TESTED_BY: dict[str, tuple[str, ...]] = {
    "morans_i": tuple(NULLS),
    "join_excess": _OF_SIGNS,
    "nearest_excess": ("signs_within_neuron", "delays_within_neuron"),
    "clustering": _OF_POSITIONS,
    "correlogram": tuple(name for name in NULLS if name != "channels_within_neuron"),
    "pair_correlation": _OF_POSITIONS,
}


def valid_nulls(under_dale: bool) -> tuple[str, ...]:
    """Return the null models valid for networks with or without Dale's principle.

    The first one is the primary null model, for the effects in figures.
    """
    return tuple(name for name, null in NULLS.items() if null.valid_under_dale or not under_dale)


def permutations_of(
    points: MarkedPoints, null: str, permutations: int, seed: int
) -> Iterator[tuple[Values, Values]]:
    """Yield chunks of signs and delays under a null model, [synapses, chunk] each.

    Args:
        points: the network.
        null: one of `PERMUTING`.
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

    A null model uses both, or only one of them.

    Args:
        points: the network.
        within: `neuron`, `sign` or `channel`.
        permutations: how many in all.
        seed: seed of the permutations.
    """
    # sign and delay in one number, to permute them once; negative ones are inhibitory
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
    """Return the groups within which synapses are permuted: [groups + 1] and [synapses]."""
    if within == "neuron":
        return points.start, np.arange(points.synapses)
    if within == "sign":
        group = 2 * np.repeat(np.arange(points.neurons), points.size) + (points.sign > 0)
    else:
        group = points.channel
    member = np.argsort(group, kind="stable")
    return np.append(0, np.cumsum(np.bincount(group))), member


def changes_nothing(points: MarkedPoints, null: str) -> bool:
    """Return whether a null model changes nothing, because the values in each group are equal.

    Arguments as for `permutations_of`.
    """
    start, member = _groups(points, NULLS[null].within)
    group = np.repeat(np.arange(len(start) - 1), np.diff(start))
    is_alike = np.ones(max(points.synapses - 1, 0), bool)
    for name, values in (("sign", points.sign), ("delay", points.delay)):
        if NULLS[null].permutes in (name, "both"):
            is_alike &= np.diff(values[member]) == 0
    return bool((is_alike | (np.diff(group) > 0)).all())


def z_score(observed: NDArray[np.float64] | float, draws: Array) -> Array:
    """Return (observed - mean) / standard deviation of the draws, [...].

    Args:
        observed: [...].
        draws: [permutations, ...].

    Returns:
        NaN if all draws agree or one of them is undefined.
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

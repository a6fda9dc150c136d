"""Null models: networks without grouping of signs or delays.

All keep which neuron has a synapse at which channel. Each permutes signs or delays of synapses
within a neuron or within a channel, all orders equally likely. `NULLS` lists them;
`grouping.permutations` draws them.

`delays_within_neuron` and `channels_within_neuron` are counterparts: time beyond space, and space
beyond time. `signs_within_neuron` and `delays_within_neuron` reject if signs depend on delay alone,
and also if they depend on channel and delay together; `channels_within_neuron` separates the two
cases. Without delays it equals `signs_within_neuron`. `delays_within_sign` keeps the signs at each
channel and at each delay, so it rejects only if signs depend on both together. The models across
neurons permute one attribute alone, so they detect a relation of sign and delay that all neurons
share.

Under Dale's principle a sign belongs to its channel. `signs_within_neuron` and
`channels_within_neuron` would break this, and `signs_across_neurons` would change nothing.

Not every null model can test every measure. Permuting signs alone leaves positions, and so their
clustering, as they are. For positions alone, `channels_within_neuron` equals
`delays_within_neuron`. The models across neurons and `untrained` compare neurons with different
numbers of excitatory and inhibitory synapses. Distances to the nearest synapse depend on this
balance, and are tested within neurons only. Moran's I, the correlogram and the join counts correct
for it. But `signs_across_neurons` makes the balances of neurons more alike, and rejects too often
if they differ widely; it decides no claim. `channels_within_neuron` is drawn for Moran's I and the
join counts, `delays_within_sign` for Moran's I and the correlogram.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

# Smaller standard deviations and differences are rounding errors.
ROUNDING = 1e-12


@dataclass(frozen=True)
class Null:
    """A null model.

    Attributes:
        label: its name in the paper.
        permutes: `sign`, `delay` or `both` (sign and delay move to another channel together);
            empty if networks are compared.
        within: `neuron`, `sign` (the synapses of one sign in a neuron) or `channel`.
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

# The null models that can test a measure; the reasons are above.
TESTED_BY: dict[str, tuple[str, ...]] = {
    "morans_i": tuple(NULLS),
    "join_excess": tuple(name for name in NULLS if name != "delays_within_sign"),
    "nearest_excess": ("signs_within_neuron", "delays_within_neuron"),
    "clustering": ("delays_within_neuron", "delays_across_neurons", UNTRAINED),
    "correlogram": tuple(name for name in NULLS if name != "channels_within_neuron"),
}


def valid_nulls(under_dale: bool) -> tuple[str, ...]:
    """Return the null models valid with or without Dale's principle, the primary one first."""
    return tuple(name for name, null in NULLS.items() if null.valid_under_dale or not under_dale)


def changing_nulls(under_dale: bool, has_delays: bool) -> list[str]:
    """Return the valid null models that permute something.

    Without delays they are those of signs: `channels_within_neuron` then equals
    `signs_within_neuron`.
    """
    permuted = ("sign", "delay", "both") if has_delays else ("sign",)
    return [null for null in valid_nulls(under_dale) if NULLS[null].permutes in permuted]


def z_score(observed: NDArray[np.float64] | float, draws: Array) -> Array:
    """Return (observed - mean) / standard deviation of draws, [permutations, ...], as [...].

    NaN if all draws are equal or one is undefined.
    """
    deviation = draws.std(axis=0, ddof=1)
    usable = np.where(deviation > ROUNDING, deviation, np.nan)
    score: Array = (observed - draws.mean(axis=0)) / usable
    return score


def p_value(observed: NDArray[np.float64] | float, draws: Array) -> Array:
    """Return the one-sided p, (1 + draws that reach the observed) / (1 + draws), [...].

    Small if the network is more grouped than the null model (Phipson & Smyth 2010, Stat. Appl.
    Genet. Mol. Biol. 9, 39). The draws are [permutations, ...]; NaN counts as reaching it.
    """
    reached = len(draws) - (draws < np.asarray(observed) - ROUNDING).sum(axis=0)
    p: Array = (1 + reached) / (1 + len(draws))
    return p

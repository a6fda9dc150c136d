"""Receptive fields as marked point patterns, for measures and null models.

A synapse is a point (input channel, delay), and its effective sign is the mark. Distances are
weighted by a Gaussian kernel, 1.5 channels and 2 steps wide in every network.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from delaynet.analysis.grouping.receptive_fields import BoolArray, IntArray, ReceptiveFields

Values = NDArray[np.int32]
Indices = NDArray[np.uint32]

CHANNEL_WIDTH = 1.5
DELAY_WIDTH = 2.0
# Pairs that are more channels apart have weights below 1e-6, and are left out.
REACH = int(5 * CHANNEL_WIDTH)
# Networks with fewer close pairs cannot be tested; `grouping.power` gives the reason.
MINIMAL_PAIRS = 900


@dataclass(frozen=True)
class MarkedPoints:
    """The synapses of several neurons, neuron by neuron, by ascending channel.

    Attributes:
        start: synapses start[n] .. start[n + 1] - 1 belong to neuron n, [neurons + 1].
        channel: input channel, [synapses].
        delay: rounded delay in steps, [synapses].
        sign: effective sign, +1 or -1, [synapses].
        first, second: the two synapses of every pair within reach in one neuron, lower channel
            first, [pairs].
        lag: the difference of their channels, 0 .. REACH, [pairs].
        columns: channel of every synapse that a neuron could have, [columns].
        max_delay: number of taps; delays lie in 0 .. max_delay - 1.
    """

    start: IntArray
    channel: IntArray
    delay: Values
    sign: Values
    first: Indices
    second: Indices
    lag: Indices
    columns: IntArray
    max_delay: int

    @property
    def neurons(self) -> int:
        """Number of neurons."""
        return len(self.start) - 1

    @property
    def synapses(self) -> int:
        """Number of synapses."""
        return len(self.channel)

    @property
    def size(self) -> IntArray:
        """Number of synapses of each neuron, [neurons]."""
        return np.diff(self.start)

    @property
    def close_pairs(self) -> int:
        """Number of pairs within two kernel widths in channel, at any delays."""
        return int((self.lag <= 2 * CHANNEL_WIDTH).sum())

    @property
    def is_testable(self) -> bool:
        """Whether there are enough close pairs to distinguish grouping from chance."""
        return self.close_pairs >= MINIMAL_PAIRS


def marked_points(fields: ReceptiveFields, included: BoolArray) -> MarkedPoints:
    """Return the synapses of the included neurons, [neurons], that have at least two."""
    order = np.argsort(fields.channel, kind="stable")
    selected = included & (np.count_nonzero(fields.sign, axis=1) > 1)
    sign, delay = fields.sign[selected][:, order], fields.delay[selected][:, order]
    exists = sign != 0
    neuron, column = np.nonzero(exists)
    channel = fields.channel[order][column]
    first, second = _pairs(neuron, channel)
    return MarkedPoints(
        start=np.append(0, np.cumsum(exists.sum(axis=1))),
        channel=channel,
        delay=delay[exists].astype(np.int32),
        sign=sign[exists].astype(np.int32),
        first=first.astype(np.uint32),
        second=second.astype(np.uint32),
        lag=(channel[second] - channel[first]).astype(np.uint32),
        columns=fields.channel,
        max_delay=fields.max_delay,
    )


def interior(fields: ReceptiveFields) -> ReceptiveFields:
    """Return receptive fields without the synapses that have the shortest or the longest delay.

    Learned delays are clamped to the range, so they accumulate at its ends.
    """
    is_inside = (fields.delay > 0) & (fields.delay < fields.max_delay - 1)
    return replace(fields, weight=np.where(is_inside, fields.weight, np.float32(0)))


def _pairs(neuron: IntArray, channel: IntArray) -> tuple[IntArray, IntArray]:
    """Return the pairs of synapses within reach in one neuron; channels ascend in a neuron."""
    position = neuron * (channel.max(initial=0) + REACH + 1) + channel
    index = np.arange(len(position))
    partners = np.searchsorted(position, position + REACH, side="right") - index - 1
    first = np.repeat(index, partners)
    before = np.repeat(np.cumsum(partners) - partners, partners)
    return first, first + 1 + np.arange(len(first)) - before

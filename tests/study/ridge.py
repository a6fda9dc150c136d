"""Why delays of like sign gather on the same step: likeness of signs by difference of delays."""

from collections.abc import Iterable
from itertools import zip_longest

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from delaynet.analysis.grouping.receptive_fields import receptive_fields
from delaynet.training.run_folder import SavedNetwork

# of two delays, in steps
DIFFERENCES = (0, 0.1, 0.25, 0.5, 1, 2, 3, 5, 8)
# so many channels apart, synapses see sounds that have little in common
CHANNELS_APART = 4
# delays nearer to the ends of their range are taken for clamped
MARGIN = 0.01
# whose lags differ by at least so many steps
LAGS_APART = 2


def likeness_by_difference(
    networks: Iterable[SavedNetwork],
    lags: Iterable[NDArray[np.int64]] = (),
    *,
    of_arrival: bool = False,
) -> pd.DataFrame:
    """Return how alike the signs of two synapses of a neuron are, by the difference of delays.

    Delays are those of training, before rounding, without those at the ends of their range.

    Args:
        networks: of one kind, dense, with one synapse from each input.
        lags: for each network by how many steps its channels lag behind, [channels]; only pairs
            count whose lags differ. By default no channel lags, and all pairs count.
        of_arrival: whether the difference is that of delay plus lag.

    Returns:
        A row for each interval of differences: `low` and `high` in steps, `pairs`, and `likeness`,
        the mean product of signs less their mean in the neuron, as a share of their variance.
    """
    edges = np.array(DIFFERENCES, float)
    pairs, products, squares, synapses = np.zeros(len(edges) - 1), np.zeros(len(edges) - 1), 0.0, 0
    for network, lag in zip_longest(networks, lags):
        fields = receptive_fields(network)
        for delay, sign in zip(_delays(network, fields.sign.shape), fields.sign, strict=True):
            mark = sign - sign.mean()
            squares, synapses = squares + np.square(mark).sum(), synapses + len(mark)
            first, second = np.triu_indices(len(delay), CHANNELS_APART)
            is_inside = (delay > MARGIN) & (delay < fields.max_delay - 1 - MARGIN)
            is_pair = is_inside[first] & is_inside[second]
            if lag is not None:
                is_pair &= np.abs(lag[first] - lag[second]) >= LAGS_APART
            first, second = first[is_pair], second[is_pair]
            time = delay + lag if of_arrival else delay
            difference = np.abs(time[first] - time[second])
            products += np.histogram(difference, edges, weights=mark[first] * mark[second])[0]
            pairs += np.histogram(difference, edges)[0]
    likeness = products / np.maximum(pairs, 1) / (squares / max(synapses, 1))
    columns = {"low": edges[:-1], "high": edges[1:], "pairs": pairs.astype(int)}
    return pd.DataFrame(columns | {"likeness": likeness})


def _delays(network: SavedNetwork, shape: tuple[int, ...]) -> NDArray[np.float32]:
    delay: NDArray[np.float32] = np.asarray(network.layers[0].delay).reshape(shape)
    return delay

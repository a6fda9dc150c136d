"""Smoothed signs of single neurons on the plane of channel and delay."""

from dataclasses import dataclass

import numpy as np
import seaborn
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from delaynet.analysis.grouping.measures import measures
from delaynet.analysis.grouping.points import CHANNEL_WIDTH, DELAY_WIDTH, marked_points
from delaynet.analysis.grouping.receptive_fields import ReceptiveFields
from delaynet.paper.figures import style
from delaynet.paper.figures.receptive_fields import SYNAPSES_TO_TEST

PERCENTILES = (10, 50, 90)
COLOURS = seaborn.blend_palette([style.INHIBITORY, "white", style.EXCITATORY], as_cmap=True)


@dataclass(frozen=True)
class SignMap:
    """A neuron's signs.

    Attributes:
        percentile: of its Moran's I in its network.
        moran_i: Moran's I of its synapses.
        smoothed: its signs, smoothed by the kernel of Moran's I, [channels, delays].
        channel, delay, sign: of its synapses, [synapses] each.
    """

    percentile: int
    moran_i: float
    smoothed: NDArray[np.float64]
    channel: NDArray[np.int64]
    delay: NDArray[np.int64]
    sign: NDArray[np.int64]


def sign_maps(fields: ReceptiveFields) -> list[SignMap]:
    """Return the neurons at the percentiles of Moran's I, of those with enough synapses."""
    chosen = np.flatnonzero(~fields.silent & ((fields.sign != 0).sum(axis=1) >= SYNAPSES_TO_TEST))
    every = np.arange(len(fields.sign))
    by_neuron = {
        int(one): float(measures(marked_points(fields, every == one)).morans_i) for one in chosen
    }
    # neurons with one sign only have no Moran's I
    ranked = sorted((value, one) for one, value in by_neuron.items() if np.isfinite(value))
    if not ranked:
        return []
    at = {share: ranked[round(share / 100 * (len(ranked) - 1))] for share in PERCENTILES}
    return [_sign_map(fields, share, *value_and_neuron) for share, value_and_neuron in at.items()]


def _sign_map(fields: ReceptiveFields, percentile: int, moran_i: float, neuron: int) -> SignMap:
    is_there = fields.sign[neuron] != 0
    channel, delay = fields.channel[is_there], fields.delay[neuron][is_there]
    sign = fields.sign[neuron][is_there]
    image = np.zeros((fields.channels, fields.max_delay))
    np.add.at(image, (channel, delay), sign)
    smoothed = gaussian_filter(image, (CHANNEL_WIDTH, DELAY_WIDTH), mode="constant")
    return SignMap(percentile, moran_i, smoothed, channel, delay, sign)


def draw_sign_map(axes: Axes, one: SignMap, step: float) -> None:
    """Draw a neuron: smoothed signs in colour, on its own scale, and synapses as dots.

    `step` is in milliseconds.
    """
    channels, delays = one.smoothed.shape
    end = 1.3 * np.abs(one.smoothed).max()  # paler than the dots
    axes.imshow(
        one.smoothed,
        cmap=COLOURS,
        vmin=-end,
        vmax=end,
        origin="lower",
        aspect="auto",
        interpolation="nearest",
        extent=(-step / 2, (delays - 0.5) * step, -0.5, channels - 0.5),
    )
    colours = np.where(one.sign > 0, style.EXCITATORY, style.INHIBITORY)
    axes.scatter(step * one.delay, one.channel, s=4, c=colours, linewidths=0)
    axes.xaxis.set_major_locator(MaxNLocator(3, steps=[1, 2, 5, 10]))
    axes.spines[:].set_visible(True)
    axes.set_xlabel("delay (ms)")
    axes.set_ylabel("mel band")

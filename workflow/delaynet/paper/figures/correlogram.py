"""Sign correlograms as maps over (channel lag, delay lag): reading and drawing."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import seaborn
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from delaynet.analysis.grouping.maps import read_map
from delaynet.config.files import require
from delaynet.config.grid import Run
from delaynet.paper.figures import style

# not red and blue, which stand for excitation and inhibition
COLOUR_MAP = "PuOr_r"


class Correlogram(NamedTuple):
    """A sign correlogram over seeds, or a part of it, [channel lags, delay lags] each.

    Attributes:
        excess: correlogram less the mean of the null model, mean over the seeds; not a number where
            no seed has pairs, or none can be tested.
        outside: lags at which most seeds lie outside of the simultaneous band of their null model.
    """

    excess: NDArray[np.float64]
    outside: NDArray[np.bool_]


class Parts(NamedTuple):
    """A correlogram beyond chance, and its two parts, whose sum it is.

    Attributes:
        whole: the correlogram less the mean of its null model.
        apart: what signs by channel and signs by delay give without going together: the mean of
            the null model of joint grouping less that of the other.
        joint: the correlogram less the mean of the null model of joint grouping.
    """

    whole: Correlogram
    apart: Correlogram
    joint: Correlogram


def read_correlogram(results_folder: Path, runs: Sequence[Run]) -> Parts:
    """Read the correlogram of trained seeds of one variant, and its lags outside of the bands.

    Raises:
        UserError: `grouping_maps.h5` is missing, or lacks it.
    """
    path = require(results_folder / "grouping_maps.h5")
    maps = [read_map(path, run) for run in runs]
    bands = [one.outside_of(one.low, one.high) for one in maps]
    joint_bands = [one.outside_of(one.joint_low, one.joint_high) for one in maps]
    nowhere = [np.zeros_like(band) for band in bands]
    return Parts(
        whole=_over_seeds([one.correlogram - one.null_mean for one in maps], bands),
        apart=_over_seeds([one.joint_mean - one.null_mean for one in maps], nowhere),
        joint=_over_seeds([one.correlogram - one.joint_mean for one in maps], joint_bands),
    )


def _over_seeds(
    excess: Sequence[NDArray[np.floating]], outside: Sequence[NDArray[np.bool_]]
) -> Correlogram:
    """Return mean excess and where most seeds lie outside of their band, [seeds] of maps each."""
    values = np.stack(excess)  # [seeds, channel lags, delay lags]
    there = np.isfinite(values)
    count = there.sum(axis=0)
    mean = np.where(there, values, 0).sum(axis=0) / np.maximum(count, 1)
    mean[count == 0] = np.nan
    mean[0, mean.shape[1] // 2] = np.nan  # two synapses in one place
    return Correlogram(mean, (np.mean(outside, axis=0) > 0.5) & np.isfinite(mean))


def scale_of(correlograms: Sequence[Correlogram]) -> float:
    """Return the end of a colour scale that holds all but the rarest values."""
    values = np.concatenate([np.abs(c.excess[np.isfinite(c.excess)]) for c in correlograms])
    return float(np.quantile(values, 0.995)) if len(values) else 1.0


def draw_map(axes: Axes, correlogram: Correlogram, step: float, scale: float) -> None:
    """Draw a correlogram; lags outside of the null model's band are outlined.

    The step is in milliseconds; `scale` is the end of the colours.
    """
    axes.set_facecolor("#E4E4E4")  # where there are no pairs
    seaborn.heatmap(
        correlogram.excess,
        cmap=COLOUR_MAP,
        vmin=-scale,
        vmax=scale,
        cbar=False,
        xticklabels=False,
        rasterized=True,  # no hairlines between the cells
        ax=axes,
    )
    axes.invert_yaxis()
    axes.tick_params(axis="y", rotation=0)
    middle = correlogram.excess.shape[1] / 2  # of a cell, as heatmap counts them
    ticks = np.array(MaxNLocator(5).tick_values(-middle * step, middle * step)[1:-1])  # ms
    axes.set_xticks(middle + ticks / step, [style.rounded(tick, 0) for tick in ticks])
    outline = _borders(correlogram.outside)
    axes.add_collection(LineCollection(outline, colors="black", linewidths=0.7))
    if not np.isfinite(correlogram.excess).any():
        style.say_in_middle(axes, "not testable")
    axes.spines[:].set_visible(True)
    axes.set_xlabel("delay lag (ms)")
    axes.set_ylabel("channel lag")


def _borders(marked: NDArray[np.bool_]) -> list[list[tuple[int, int]]]:
    """Return the edges between marked and other cells as (x, y) of the cells' corners."""
    padded = np.pad(marked, 1)
    upright = np.argwhere(padded[1:-1, 1:] != padded[1:-1, :-1])
    level = np.argwhere(padded[1:, 1:-1] != padded[:-1, 1:-1])
    return [
        *([(x, y), (x, y + 1)] for y, x in upright.tolist()),
        *([(x, y), (x + 1, y)] for y, x in level.tolist()),
    ]


def draw_scale(panels: Sequence[Axes]) -> None:
    """Draw the colour scale at the right of maps that share it."""
    image = panels[-1].collections[0]
    bar = panels[-1].figure.colorbar(image, ax=list(panels), pad=0.015, fraction=0.025, aspect=14)
    bar.set_label("correlation of signs − null")
    bar.outline.set_linewidth(0.4)
    bar.ax.yaxis.set_major_locator(MaxNLocator(4, symmetric=True))

"""Reading and drawing of sign correlograms, as maps over channel lag and delay lag."""

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
        excess: correlogram minus the mean of the null model, as a mean over seeds; NaN if no seed
            has pairs or can be tested.
        outside: lags at which most seeds lie outside the simultaneous band of their null model.
    """

    excess: NDArray[np.float64]
    outside: NDArray[np.bool_]


class Parts(NamedTuple):
    """A correlogram beyond chance, and the two parts that add up to it.

    Attributes:
        whole: the correlogram minus the mean of the primary null model.
        apart: grouping in space and in time: the mean of the null model of joint grouping minus
            that of the primary one.
        joint: joint grouping: the correlogram minus the mean of the null model of joint grouping.
    """

    whole: Correlogram
    apart: Correlogram
    joint: Correlogram


def read_correlogram(results_folder: Path, runs: Sequence[Run]) -> Parts:
    """Read the correlograms of trained networks, runs of one variant; see `read_map`."""
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
    """Return the mean excess, and where most seeds are outside; both arguments by seed."""
    mean = np.ma.masked_invalid(excess).mean(axis=0).filled(np.nan)
    mean[0, mean.shape[1] // 2] = np.nan  # two synapses in one place
    return Correlogram(mean, (np.mean(outside, axis=0) > 0.5) & np.isfinite(mean))


def scale_of(correlograms: Sequence[Correlogram]) -> float:
    """Return the end of a colour scale: the 99.5 % quantile of absolute values."""
    values = np.concatenate([np.abs(c.excess[np.isfinite(c.excess)]) for c in correlograms])
    return float(np.quantile(values, 0.995)) if len(values) else 1.0


def draw_map(axes: Axes, correlogram: Correlogram, step: float, scale: float) -> None:
    """Draw a correlogram, with lags outside the null model's band outlined.

    `step` is in milliseconds, `scale` is the end of the colour scale.
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
    middle = correlogram.excess.shape[1] / 2  # in cells, the unit of the heatmap's axes
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
    """Return the edges between marked and other cells, as pairs of corners (x, y)."""
    padded = np.pad(marked, 1)
    upright = np.argwhere(padded[1:-1, 1:] != padded[1:-1, :-1])
    level = np.argwhere(padded[1:, 1:-1] != padded[:-1, 1:-1])
    return [
        *([(x, y), (x, y + 1)] for y, x in upright.tolist()),
        *([(x, y), (x + 1, y)] for y, x in level.tolist()),
    ]


def draw_scale(panels: Sequence[Axes]) -> None:
    """Draw the common colour scale at the right of maps."""
    image = panels[-1].collections[0]
    bar = panels[-1].figure.colorbar(image, ax=list(panels), pad=0.015, fraction=0.025, aspect=14)
    bar.set_label("correlation of signs − null")
    bar.outline.set_linewidth(0.4)
    bar.ax.yaxis.set_major_locator(MaxNLocator(4, symmetric=True))

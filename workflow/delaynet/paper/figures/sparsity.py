"""Panels with sparsity on the x axis: points for seeds, lines through means."""

import math
from collections.abc import Iterable, Mapping

import pandas as pd
import seaborn
from matplotlib.axes import Axes

from delaynet.config.grid import Run
from delaynet.paper.figures.selection import ordered
from delaynet.paper.figures.style import COLOURS, DASHES, MARKERS, open_last_points
from delaynet.paper.words import percent

AXIS = "sparsity (%)"
WIDTH = 0.6  # from first to last variant at one sparsity, in halvings


def halvings(sparsity: str) -> float:
    """Return how often the density is halved: 0 for dense, k for a sparsity of 1 - 2^-k."""
    return -math.log2(1 - float(sparsity))


def sparsity_axis(axes: Axes, runs: Iterable[Run], labels: int = 10) -> None:
    """Put ticks at the sparsities of the runs, labelled in percent; x is in `halvings`.

    With more sparsities than `labels`, every second tick is labelled, the last one included.
    """
    sparsities = sorted({run.sparsity for run in runs}, key=float)
    places = [halvings(sparsity) for sparsity in sparsities]
    words = [percent(sparsity) for sparsity in sparsities]
    if len(words) > labels:
        words[-2::-2] = [""] * len(words[-2::-2])
    axes.set_xticks(places, words)
    axes.set_xlim(places[0] - 0.5, places[-1] + 0.5)


def draw_seeds(axes: Axes, values: Mapping[Run, float], name: str) -> None:
    """Draw a value of every run against its sparsity; `name` is the label of the y axis.

    Under Dale's principle points are open and lines broken.
    """
    runs = ordered(values)
    table = pd.DataFrame(runs).assign(variant=[run.variant for run in runs])
    table[name] = [values[run] for run in runs]
    table[AXIS] = table["sparsity"].map(halvings) + table["variant"].map(shifts(runs))
    look = {"x": AXIS, "y": name, "hue": "variant", "palette": COLOURS, "legend": False, "ax": axes}
    seaborn.lineplot(table, style="signs", dashes=DASHES, errorbar=None, zorder=2, **look)
    size = 12 if table["variant"].nunique() <= 10 else 6  # square points
    for signs, own in table.groupby("signs"):
        seaborn.scatterplot(own, style="structure", markers=MARKERS, s=size, zorder=3, **look)
        if signs == "dale":
            open_last_points(axes)


def shifts(runs: Iterable[Run]) -> dict[str, float]:
    """Return a small shift along x for each variant, so that points do not hide each other.

    Dense and sparse variants have no sparsity in common, so they are shifted separately.
    """
    found = {}
    for is_dense in (True, False):
        names = dict.fromkeys(run.variant for run in runs if (run.structure == "dense") == is_dense)
        step = min(0.1, WIDTH / max(len(names), 1))
        for index, name in enumerate(names):
            found[name] = step * (index - (len(names) - 1) / 2)
    return found

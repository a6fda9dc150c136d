"""Panels of rows: a row a network, its name at the left, a point a seed.

In every panel the seeds of a row stand at their own heights, the first seed on top, so that a seed
can be followed across panels.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from matplotlib.axes import Axes

from delaynet.config.grid import Run
from delaynet.config.variants import DELAYS, SIGNS, STRUCTURES
from delaynet.paper.figures import style
from delaynet.paper.words import percent

INITIAL = "#8C8C8C"  # edge of the points of initial networks
BAND = "#F4F4F4"  # behind a row
SPREAD = 0.62  # of a row's height, from the first seed to the last


@dataclass(frozen=True)
class Row:
    """A row, or with `name` alone the heading of those below it.

    Attributes:
        name: what stands at the left.
        runs: one a seed; none in a heading.
        network: `initial` or `trained`.
        order: of the channels, `mel` or `fed`.
    """

    name: str
    runs: tuple[Run, ...] = ()
    network: str = "trained"
    order: str = "mel"


def grouped(runs: Iterable[Run], with_dale: bool = True) -> list[Row]:
    """Return a row a variant, by structure and sparsity under headings, in the order of legends.

    Args:
        runs: those to show.
        with_dale: whether networks under Dale's principle have rows of their own.
    """
    headings: dict[str, dict[str, list[Run]]] = {}
    for run in style.ordered(runs):
        share = "" if run.sparsity == "0" else f", {percent(run.sparsity)} %"
        heading = STRUCTURES[run.structure].words + share
        signs = f", {SIGNS['dale'].short}" if with_dale and run.signs == "dale" else ""
        name = DELAYS[run.delays].words + signs
        headings.setdefault(heading, {}).setdefault(name, []).append(run)
    rows = []
    for heading, names in headings.items():
        rows.append(Row(heading))
        rows += [Row(name, tuple(own)) for name, own in names.items()]
    return rows


def lay_out(panels: Sequence[Axes], rows: Sequence[Row]) -> None:
    """Give panels that share y a place for every row, names at the left of the first."""
    panels[0].set_yticks(range(len(rows)), [row.name for row in rows])
    panels[0].set_ylim(len(rows) - 0.5, -0.5)
    for label, row in zip(panels[0].get_yticklabels(), rows, strict=True):
        if not row.runs:
            label.set_fontweight("bold")
    for axes in panels:
        axes.spines["left"].set_visible(False)
        axes.tick_params(axis="y", length=0)
        for place, row in enumerate(rows):
            if row.runs:
                axes.axhspan(place - 0.44, place + 0.44, color=BAND, linewidth=0, zorder=0)


def heights(place: int, seeds: Sequence[int]) -> dict[int, float]:
    """Return the height of every seed in the row at a place."""
    step = SPREAD / max(len(seeds) - 1, 1)
    middle = (len(seeds) - 1) / 2
    return {seed: place + step * (index - middle) for index, seed in enumerate(sorted(seeds))}


def draw_points(
    axes: Axes,
    place: int,
    values: Mapping[Run, float],
    is_open: bool = False,
    grey: bool = False,
    height: Mapping[int, float] | None = None,
) -> None:
    """Draw the points of a row, in the look of their variant.

    Args:
        axes: where to.
        place: of the row.
        values: of each run; those that are not a number are left out.
        is_open: not filled.
        grey: grey and not filled: an initial network.
        height: of each seed, where the row holds more seeds than these.
    """
    shown = {run: value for run, value in values.items() if value == value}
    if not shown:
        return
    height = height or heights(place, [run.seed for run in values])
    first = next(iter(shown))
    own = INITIAL if grey else style.colour(first)
    is_open = is_open or grey
    look: dict[str, Any] = {
        "marker": style.MARKERS[first.structure],
        "markersize": 2.8,
        "markerfacecolor": "white" if is_open else own,
        "markeredgecolor": own if is_open else "white",
        "markeredgewidth": 0.6 if is_open else 0.25,
    }
    x, y = list(shown.values()), [height[run.seed] for run in shown]
    axes.plot(x, y, linestyle="", zorder=4, gid=f"points-{place}", **look)


def draw_mean(axes: Axes, place: int, values: Iterable[float], colour: str) -> None:
    """Mark the mean of a row with an upright stroke."""
    shown = [value for value in values if value == value]
    if shown:
        mean = sum(shown) / len(shown)
        axes.vlines(mean, place - 0.4, place + 0.4, color=colour, linewidth=1.1, zorder=3)


def say(axes: Axes, place: int, words: str) -> None:
    """Say in grey why a row is empty."""
    axes.annotate(
        words,
        (0.5, place),
        xycoords=("axes fraction", "data"),
        ha="center",
        va="center",
        color=style.GREY,
        fontsize=6,
        bbox={"facecolor": BAND, "edgecolor": "none", "pad": 0.5},
    )


def chance_line(axes: Axes, chance: float) -> None:
    """Draw the accuracy of guessing, in percent, its name in the first row, which is a heading."""
    axes.axvline(chance, color=style.GREY, linewidth=0.7, linestyle=(0, (1, 2)), zorder=1)
    axes.annotate(
        "chance",
        (chance, 0),
        (2, 0),
        textcoords="offset points",
        va="center",
        color=style.GREY,
        fontsize=6,
    )


def zero_line(axes: Axes) -> None:
    """Draw a thin upright line at zero."""
    axes.axvline(0, color="black", linewidth=0.5, zorder=1)

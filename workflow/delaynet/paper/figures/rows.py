"""Panels of rows: one row per network, its name at the left, one point per seed.

A seed has the same height within its row in all panels, so it can be followed across them.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import pandas as pd
import seaborn
from matplotlib.axes import Axes

from delaynet.config.grid import Run
from delaynet.config.variants import DELAYS, SIGNS, STRUCTURES
from delaynet.paper.figures import style
from delaynet.paper.figures.selection import ordered
from delaynet.paper.words import percent

INITIAL = "#8C8C8C"  # edge of the points of initial networks
BAND = "#F4F4F4"  # behind a row
SPREAD = 0.62  # of a row's height, from the first seed to the last


@dataclass(frozen=True)
class Row:
    """A row, or a heading, which has no runs.

    Attributes:
        name: at the left.
        runs: one per seed.
        network: `initial` or `trained`.
        order: of the channels, `mel` or `fed`.
    """

    name: str
    runs: tuple[Run, ...] = ()
    network: str = "trained"
    order: str = "mel"


def grouped(runs: Iterable[Run], with_dale: bool = True) -> list[Row]:
    """Return one row per variant, under headings of structure and sparsity, in legend order.

    Without `with_dale`, networks under Dale's principle are in the rows of those with free signs.
    """
    headings: dict[str, dict[str, list[Run]]] = {}
    for run in ordered(runs):
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


def of_condition(name: str, runs: tuple[Run, ...], data: str) -> list[Row]:
    """Return the row of a condition, or two for permuted channels: true and fed order."""
    words = style.condition_words(name)
    if data != "permuted_channels":
        return [Row(words, runs)]
    return [Row(f"{words}, true order", runs), Row(f"{words}, fed order", runs, order="fed")]


def lay_out(panels: Sequence[Axes], rows: Sequence[Row]) -> None:
    """Lay out the rows in panels that share y, with names at the left of the first panel."""
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


def table_of(rows: Sequence[Row], value: Callable[[Row, Run], float]) -> pd.DataFrame:
    """Return a table for drawing, one line per row and run; `place` is that on the y axis.

    `value` returns NaN where there is no value.
    """
    lines = []
    for index, row in enumerate(rows):
        seeds = sorted({run.seed for run in row.runs})
        step = SPREAD / max(len(seeds) - 1, 1)
        for run in row.runs:
            place = index + step * (seeds.index(run.seed) - (len(seeds) - 1) / 2)
            look = (row.network, run.variant, run.structure, run.signs)
            lines.append((index, place, value(row, run), *look))
    names = ("row", "place", "value", "network", "variant", "structure", "signs")
    return pd.DataFrame(lines, columns=names)


def draw_points(axes: Axes, table: pd.DataFrame, open_dale: bool = False) -> None:
    """Draw the points of `table_of` in the colours and markers of their variants.

    Initial networks are open grey points; with `open_dale`, those under Dale's principle are open.
    """
    for (network, signs), own in table.dropna().groupby(["network", "signs"]):
        is_initial = network == "initial"
        look = {"color": INITIAL} if is_initial else {"hue": "variant", "palette": style.COLOURS}
        seaborn.scatterplot(
            own,
            x="value",
            y="place",
            style="structure",
            markers=style.MARKERS,
            s=9,  # square points
            zorder=4,
            legend=False,
            ax=axes,
            **look,
        )
        if is_initial or (open_dale and signs == "dale"):
            style.open_last_points(axes)
    axes.set_ylabel("")


def draw_means(axes: Axes, table: pd.DataFrame) -> None:
    """Mark the mean of each row with a vertical stroke."""
    means = table.groupby("row")["value"].mean().dropna()
    axes.vlines(means, means.index - 0.4, means.index + 0.4, color=style.GREY, zorder=3)


def join_seeds(axes: Axes, table: pd.DataFrame) -> None:
    """Join the points of a seed in a row by a thin line."""
    for _, points in table.dropna().groupby("place"):
        axes.plot(points["value"], points["place"], color="#B0B0B0", linewidth=0.6, zorder=2)


def empty_rows(table: pd.DataFrame) -> list[int]:
    """Return the rows without a value for any seed."""
    count = table.groupby("row")["value"].count()
    return count.index[count == 0].tolist()


def say(axes: Axes, place: int, words: str) -> None:
    """Write in an empty row why it is empty."""
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
    """Draw a line at the accuracy of guessing, in percent, named in the first row, a heading."""
    axes.axvline(chance, color=style.GREY, linewidth=0.7, linestyle=(0, (1, 2)), zorder=1)
    style.write_at(axes, "chance", (chance, 0), (2, 0), "data", va="center", color=style.GREY)


def zero_line(axes: Axes) -> None:
    """Draw a thin vertical line at zero."""
    axes.axvline(0, color="black", linewidth=0.5, zorder=1)

"""One style for all figures: sizes, fonts, the look of every variant, and how a figure is saved."""

import math
import re
import textwrap
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import wraps
from pathlib import Path
from typing import Any, Literal, ParamSpec

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.lines import Line2D

from delaynet.config.files import replacing
from delaynet.config.grid import Run
from delaynet.config.variants import DELAYS, SIGNS, STRUCTURES
from delaynet.paper.figures.selection import ordered
from delaynet.paper.words import percent
from delaynet.provenance.embedded import Embedded

FULL_WIDTH = 175.0  # mm, both columns
MILLIMETRES_PER_INCH = 25.4
DECIMALS = 9  # of a place, as a fraction of the figure

# Hue says structure and lightness says delays: the darkest learn them. Told apart under simulated
# protanopia, deuteranopia and tritanopia together with the markers (colour difference in CIELAB).
COLOURS = {
    "dense": {"none": "#C9C9C9", "fixed": "#969696", "frozen": "#636363", "learned": "#000000"},
    "static": {"none": "#FFDDB8", "fixed": "#F5A623", "frozen": "#E08300", "learned": "#C05A00"},
    "static_connected": {
        "none": "#F3CFE2",
        "fixed": "#E28DB8",
        "frozen": "#C4559B",
        "learned": "#9C1F6B",
    },
    "magnitude": {"none": "#E3D3C3", "fixed": "#B08A66", "frozen": "#86603C", "learned": "#54321A"},
    "deep_r": {"none": "#D3EDC6", "fixed": "#97CB6A", "frozen": "#4C9E55", "learned": "#00583C"},
    "deep_r_rigl": {
        "none": "#C6DDF7",
        "fixed": "#62AEEF",
        "frozen": "#2A7BD0",
        "learned": "#0A3A8C",
    },
}
MARKERS = {
    "dense": "o",
    "static": "s",
    "static_connected": "D",
    "magnitude": "P",
    "deep_r": "^",
    "deep_r_rigl": "v",
}
LINES: dict[str, Any] = {"free": "-", "dale": (0, (3, 1.2))}

EXCITATORY, INHIBITORY = "#C8102E", "#1F5FBF"
GREY = "#767676"
COLUMNS_OF_LEGEND = 5  # that fit beside each other with their headings in one line

SETTINGS: dict[Any, Any] = {
    "font.family": "DejaVu Sans",  # comes with matplotlib, so it is the same everywhere
    "font.size": 7,
    "axes.titlesize": 7,
    "axes.labelsize": 7,
    "xtick.labelsize": 6.5,
    "ytick.labelsize": 6.5,
    "legend.fontsize": 6.5,
    "legend.frameon": False,
    "legend.handlelength": 2.0,
    "legend.columnspacing": 1.5,
    "legend.labelspacing": 0.35,
    "axes.linewidth": 0.6,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "xtick.major.size": 2.5,
    "ytick.major.size": 2.5,
    "lines.linewidth": 1.1,
    "lines.markersize": 3.5,
    "figure.constrained_layout.h_pad": 0.03,
    "figure.constrained_layout.w_pad": 0.03,
    "savefig.dpi": 300,
    "svg.fonttype": "path",  # the manuscript's compiler has other fonts
    "svg.hashsalt": "delaynet",
    "pdf.fonttype": 42,
}

# suffix -> metadata that would change from one drawing to the next, left out
FORMATS: dict[str, dict[str, str | None]] = {
    ".svg": {"Date": None},
    ".png": {"Software": None},
    ".pdf": {"CreationDate": None, "Producer": None},
}
# where each has a place for what says where it came from
ORIGINS = {".svg": "Source", ".png": "Source", ".pdf": "Keywords"}

Parameters = ParamSpec("Parameters")


def styled(draw: Callable[Parameters, Figure]) -> Callable[Parameters, Figure]:
    """Make a drawing function draw in this style, whatever style the caller has."""

    @wraps(draw)
    def draw_in_style(*args: Parameters.args, **kwargs: Parameters.kwargs) -> Figure:
        with mpl.rc_context(SETTINGS):
            return draw(*args, **kwargs)

    return draw_in_style


def new_figure(width: float, height: float) -> Figure:
    """Return an empty figure; width and height in mm."""
    size = (width / MILLIMETRES_PER_INCH, height / MILLIMETRES_PER_INCH)
    return Figure(figsize=size, layout="constrained")


def stacked(heights: Sequence[float]) -> tuple[Figure, list[SubFigure]]:
    """Return an empty figure of both columns' width, and its parts from above; heights in mm."""
    figure = new_figure(FULL_WIDTH, sum(heights))
    parts: Any = figure.subfigures(len(heights), 1, height_ratios=heights)
    return figure, list(parts)


def colour(run: Run) -> str:
    """Return the colour of a run's structure and delays."""
    return COLOURS[run.structure][run.delays]


def variant_legend(
    figure: Figure | SubFigure, runs: Iterable[Run], marker: bool = True, dale: bool = False
) -> None:
    """Put a legend below the panels: a column a structure, a row a way of having delays.

    Args:
        figure: where it goes.
        runs: those drawn.
        marker: whether the figure's lines carry the structure's marker.
        dale: say what stands for Dale's principle, where panels show both.
    """
    runs = ordered(runs)
    columns: dict[str, list[Line2D]] = {}
    for run in {(run.structure, run.delays): run for run in runs}.values():
        own = MARKERS[run.structure] if marker else ""
        handle = Line2D([], [], color=colour(run), marker=own, label=DELAYS[run.delays].words)
        columns.setdefault(STRUCTURES[run.structure].words, []).append(handle)
    if dale and {run.signs for run in runs} == set(SIGNS):
        columns["signs"] = [_dale_handle(kind) for kind in SIGNS]
    rows = max(map(len, columns.values()), default=0)
    is_wide = len(columns) > COLUMNS_OF_LEGEND
    if is_wide:  # headings of two lines each, so that rows stay level
        columns = {_in_two_lines(header): column for header, column in columns.items()}
    handles = []
    for header, column in columns.items():
        blank = [Line2D([], [], linestyle="", label=" ")] * (rows - len(column))
        handles += [Line2D([], [], linestyle="", label=header), *column, *blank]
    if handles:
        spaces = {"handlelength": 1.4, "columnspacing": 0.6} if is_wide else {}
        figure.legend(handles=handles, loc="outside lower center", ncols=len(columns), **spaces)


def _in_two_lines(words: str) -> str:
    return "\n".join([*textwrap.wrap(words, 10), " "][:2])


def _dale_handle(signs: str) -> Line2D:
    fill = GREY if signs == "free" else "white"
    return Line2D(
        [],
        [],
        color=GREY,
        linestyle=LINES[signs],
        marker="o",
        markerfacecolor=fill,
        label=SIGNS[signs].words,
    )


def say_empty(axes: Axes, words: str) -> None:
    """Say in grey why a panel is empty."""
    axes.set_axis_off()
    axes.text(0.5, 0.5, words, transform=axes.transAxes, ha="center", va="center", color=GREY)


def variant_words(run: Run) -> str:
    """Return the name of a run's variant and sparsity, for reading."""
    words = [STRUCTURES[run.structure].words, DELAYS[run.delays].words]
    if run.signs == "dale":
        words.append(SIGNS["dale"].short)
    if run.sparsity != "0":
        words[0] += f" {percent(run.sparsity)} %"
    return ", ".join(words)


def rounded(value: float, digits: int) -> str:
    """Return a number for reading, with a true minus and no minus before zero."""
    return f"{round(value, digits) + 0.0:.{digits}f}".replace("-", "−")


def condition_words(condition: str) -> str:
    """Return a condition's name for reading: underscores are blanks, and points in `0_001`."""
    return re.sub(r"_0_(?=\d)", "_0.", condition).replace("_", " ")


def panel_title(axes: Axes, letter: str, words: str = "") -> None:
    """Put the panel's letter, and words after it, over its upper left corner."""
    axes.set_title(letter, loc="left", fontweight="bold")
    pad = mpl.rcParams["axes.titlepad"]
    axes.annotate(words, (0, 1), (9, pad), xycoords="axes fraction", textcoords="offset points")


def save(figure: Figure, path: Path, embedded: Embedded | None = None) -> None:
    """Write a figure as SVG, PDF or PNG (300 dots per inch) by the suffix.

    The same figure gives the same bytes: no date stands in the file.

    Args:
        figure: to be written.
        path: file to write.
        embedded: what the file says of its making, in its metadata.
    """
    metadata = dict(FORMATS[path.suffix])
    if embedded is not None:
        metadata[ORIGINS[path.suffix]] = str(embedded)
    with mpl.rc_context(SETTINGS), replacing(path) as temporary:
        _lay_out_for_good(figure)
        figure.savefig(temporary, metadata=metadata)


def _lay_out_for_good(figure: Figure) -> None:
    """Lay a figure out, and round all places.

    The solver of the constrained layout goes by addresses in memory: the last bits of what it finds
    differ from draw to draw, and with them the names of clips in an SVG.
    """
    if isinstance(figure.get_layout_engine(), ConstrainedLayoutEngine):
        figure.draw_without_rendering()
        figure.set_layout_engine("none")
        for part in figure.subfigs:
            part.bbox_relative.set_points(part.bbox_relative.get_points().round(DECIMALS))
        for axes in figure.axes:
            axes.set_position(np.round(axes.get_position(original=True).bounds, DECIMALS))


def halvings(sparsity: str) -> float:
    """Return how often the density is halved: 0 for dense, k for a sparsity of 1 - 2^-k."""
    return -math.log2(1 - float(sparsity))


def sparsity_axis(axes: Axes, runs: Iterable[Run], labels: int = 10) -> None:
    """Make x the halvings of density, with the sparsities of the runs as ticks in percent.

    With more sparsities than `labels`, every second tick has its number, the last one included.
    """
    sparsities = sorted({run.sparsity for run in runs}, key=float)
    places = [halvings(sparsity) for sparsity in sparsities]
    words = [percent(sparsity) for sparsity in sparsities]
    if len(words) > labels:
        words[-2::-2] = [""] * len(words[-2::-2])
    axes.set_xticks(places, words)
    axes.set_xlim(places[0] - 0.5, places[-1] + 0.5)
    axes.set_xlabel("sparsity (%)")


def side_by_side(runs: Iterable[Run], width: float = 0.6) -> dict[str, float]:
    """Return a small shift along x for each variant, so that points do not hide each other.

    Dense variants share a place with each other only, and so do the sparse ones.
    """
    variants = list(dict.fromkeys((run.structure == "dense", run.variant) for run in ordered(runs)))
    shifts = {}
    for is_dense in (True, False):
        names = [variant for dense, variant in variants if dense == is_dense]
        step = min(0.1, width / max(len(names), 1))
        for index, name in enumerate(names):
            shifts[name] = step * (index - (len(names) - 1) / 2)
    return shifts


def seed_points(axes: Axes, values: Mapping[Run, float], dale_by_fill: bool = False) -> None:
    """Draw a value of every run against its sparsity: a point a seed, a line through the means.

    Args:
        axes: where to.
        values: of each run, in the unit of the y axis.
        dale_by_fill: open points and broken lines for Dale's principle.
    """
    shifts = side_by_side(values)
    size = 3.5 if len(shifts) <= 10 else 2.5  # points
    for variant, shift in shifts.items():
        seeds: dict[str, list[float]] = {}
        runs = [run for run in ordered(values) if run.variant == variant]
        for run in runs:
            seeds.setdefault(run.sparsity, []).append(values[run])
        is_open = dale_by_fill and runs[0].signs == "dale"
        axes.plot(
            [halvings(sparsity) + shift for sparsity in seeds],
            [sum(points) / len(points) for points in seeds.values()],
            color=colour(runs[0]),
            linestyle=LINES["dale" if is_open else "free"],
            zorder=2,
        )
        axes.plot(
            [halvings(run.sparsity) + shift for run in runs],
            [values[run] for run in runs],
            linestyle="",
            marker=MARKERS[runs[0].structure],
            markersize=size,
            markerfacecolor="white" if is_open else colour(runs[0]),
            markeredgecolor=colour(runs[0]) if is_open else "white",
            markeredgewidth=0.7 if is_open else 0.3,
            zorder=3,
            gid=f"points-{variant}",
        )


def chance_line(axes: Axes, chance: float, side: Literal["left", "right"]) -> None:
    """Draw the accuracy of guessing, in percent, its name under or over one end of the line."""
    axes.axhline(chance, color=GREY, linewidth=0.7, linestyle=(0, (1, 2)), zorder=1)
    axes.annotate(
        "chance",
        (0 if side == "left" else 1, chance),
        (2, -1) if side == "left" else (-2, 1),
        xycoords=("axes fraction", "data"),
        textcoords="offset points",
        ha=side,
        va="top" if side == "left" else "bottom",
        color=GREY,
        fontsize=6,
    )


def note(axes: Axes, words: str) -> None:
    """Say something in small grey letters over the panel's upper right, as the corpus's name."""
    axes.set_title(words, loc="right", color=GREY, fontsize=6)

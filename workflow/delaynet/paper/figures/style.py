"""The style of all figures: theme, colours and markers of variants, sizes, small texts."""

import re
import textwrap
from collections.abc import Iterable, Sequence
from typing import Any, Literal

import matplotlib as mpl
import matplotlib.style
import seaborn
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure
from matplotlib.lines import Line2D
from matplotlib.text import Annotation

from delaynet.config.grid import Run
from delaynet.config.variants import DELAYS, SIGNS, STRUCTURES
from delaynet.paper.figures.selection import ordered
from delaynet.paper.words import percent

FULL_WIDTH = 175.0  # mm, both columns
MILLIMETRES_PER_INCH = 25.4

# The font scale gives 7 points for text, and 6.4 for labels of ticks and legends.
THEME: dict[Any, Any] = {
    **seaborn.axes_style("ticks"),
    **seaborn.plotting_context("paper", font_scale=0.73),
    "font.family": "DejaVu Sans",  # comes with matplotlib, so it is the same everywhere
    "legend.frameon": False,
    "legend.columnspacing": 1.5,
    "legend.labelspacing": 0.35,
    "axes.linewidth": 0.6,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "xtick.major.size": 2.5,
    "ytick.major.size": 2.5,
    "xtick.minor.size": 1.5,
    "lines.markersize": 3.5,
    "figure.constrained_layout.h_pad": 0.03,
    "figure.constrained_layout.w_pad": 0.03,
    "savefig.dpi": 300,
    "svg.fonttype": "path",  # the manuscript's compiler has other fonts
    "svg.hashsalt": "delaynet",
    "pdf.fonttype": 42,
}

# A decorator that sets this theme on matplotlib's defaults, whatever the user's settings.
styled = mpl.style.context(THEME, after_reset=True)

# Hue shows the structure, lightness the delays. Together with the markers, variants are distinct
# under simulated protanopia, deuteranopia and tritanopia.
HUES = {
    "dense": "#000000",
    "static": "#C05A00",
    "static_connected": "#9C1F6B",
    "magnitude": "#6B3A1E",
    "deep_r": "#00674A",
    "deep_r_rigl": "#0A3A8C",
}
SHADES = ("none", "fixed", "frozen", "learned")  # from light to dark
COLOURS = {  # by a run's variant
    f"{delays}-{structure}-{signs}": colour
    for structure, hue in HUES.items()
    for delays, colour in zip(SHADES, seaborn.light_palette(hue, 6).as_hex()[2:], strict=True)
    for signs in SIGNS
}
MARKERS = {
    "dense": "o",
    "static": "s",
    "static_connected": "D",
    "magnitude": "P",
    "deep_r": "^",
    "deep_r_rigl": "v",
}
DASHES: dict[str, Any] = {"free": "", "dale": (3, 1.2)}

EXCITATORY, INHIBITORY = "#C8102E", "#1F5FBF"
GREY = "#767676"
COLUMNS_OF_LEGEND = 5  # that fit beside each other with headings of one line


def new_figure(height: float) -> Figure:
    """Return an empty figure of full width; the height is in mm."""
    size = (FULL_WIDTH / MILLIMETRES_PER_INCH, height / MILLIMETRES_PER_INCH)
    return Figure(figsize=size, layout="constrained")


def stacked(heights: Sequence[float]) -> tuple[Figure, list[SubFigure]]:
    """Return an empty figure of full width, and its parts from top to bottom; heights in mm."""
    figure = new_figure(sum(heights))
    parts: Any = figure.subfigures(len(heights), 1, height_ratios=heights)
    return figure, list(parts)


def variant_legend(figure: Figure | SubFigure, runs: Iterable[Run], points: bool = True) -> None:
    """Put a legend below the panels: one column per structure, one row per kind of delays.

    With `points`, it shows markers too, open ones under Dale's principle.
    """
    runs = ordered(runs)
    columns: dict[str, list[Line2D]] = {}
    for run in {(run.structure, run.delays): run for run in runs}.values():
        own = MARKERS[run.structure] if points else ""
        words = DELAYS[run.delays].words
        handle = Line2D([], [], color=COLOURS[run.variant], marker=own, label=words)
        columns.setdefault(STRUCTURES[run.structure].words, []).append(handle)
    if points and {run.signs for run in runs} == set(SIGNS):
        look: dict[str, Any] = {"color": GREY, "marker": "o"}
        open_look = look | {"linestyle": (0, DASHES["dale"]), "markerfacecolor": "white"}
        columns["signs"] = [
            Line2D([], [], label=SIGNS["free"].words, **look),
            Line2D([], [], label=SIGNS["dale"].words, **open_look),
        ]
    rows = max(map(len, columns.values()), default=0)
    is_wide = len(columns) > COLUMNS_OF_LEGEND
    if is_wide:  # all headings have two lines, so that rows stay level
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


def open_last_points(axes: Axes) -> None:
    """Turn the points that were drawn last into open ones of their colours."""
    points = axes.collections[-1]
    points.set_edgecolor(points.get_facecolor())
    points.set_facecolor("white")
    points.set_linewidth(0.7)


def say_empty(axes: Axes, words: str) -> None:
    """Write in an empty panel why it is empty."""
    axes.set_axis_off()
    say_in_middle(axes, words)


def say_in_middle(axes: Axes, words: str) -> None:
    """Write grey text in the middle of a panel."""
    axes.text(0.5, 0.5, words, transform=axes.transAxes, ha="center", va="center", color=GREY)


def variant_words(run: Run, separator: str = ", ") -> str:
    """Return structure, sparsity, delays and Dale's principle of a run in words."""
    share = "" if run.sparsity == "0" else f" {percent(run.sparsity)} %"
    signs = f", {SIGNS['dale'].short}" if run.signs == "dale" else ""
    structure, delays = STRUCTURES[run.structure].words, DELAYS[run.delays].words
    return f"{structure}{share}{separator}{delays}{signs}"


def rounded(value: float, digits: int) -> str:
    """Return a number as text, with a minus sign (U+2212), but none before zero."""
    return f"{round(value, digits) + 0.0:.{digits}f}".replace("-", "−")


def condition_words(condition: str) -> str:
    """Return a condition's name in words: `shuffled labels`, `l1 0.001` for `l1_0_001`."""
    return re.sub(r"_0_(?=\d)", "_0.", condition).replace("_", " ")


def panel_title(axes: Axes, letter: str, words: str = "") -> None:
    """Write the panel's letter, and words after it, above its upper left corner."""
    axes.set_title(letter, loc="left", fontweight="bold")
    pad = mpl.rcParams["axes.titlepad"]
    axes.annotate(words, (0, 1), (9, pad), xycoords="axes fraction", textcoords="offset points")


def write_at(
    axes: Axes,
    words: str,
    place: tuple[float, float],
    shift: tuple[float, float],
    coordinates: Any = "axes fraction",
    **look: Any,
) -> Annotation:
    """Write small text at a position in a panel, shifted by some points."""
    look = {"xycoords": coordinates, "textcoords": "offset points", "fontsize": 6, **look}
    return axes.annotate(words, place, shift, **look)


def chance_line(axes: Axes, chance: float, side: Literal["left", "right"]) -> None:
    """Draw a line at the accuracy of guessing, in percent, with its name above one end."""
    axes.axhline(chance, color=GREY, linewidth=0.7, linestyle=(0, (1, 2)), zorder=1)
    edge, shift = (0, 2) if side == "left" else (1, -2)
    look: dict[str, Any] = {"ha": side, "va": "bottom", "color": GREY}
    write_at(axes, "chance", (edge, chance), (shift, 1), ("axes fraction", "data"), **look)


def note(axes: Axes, words: str) -> None:
    """Write small grey text, such as the corpus's name, above the panel's upper right corner."""
    axes.set_title(words, loc="right", color=GREY, fontsize=6)

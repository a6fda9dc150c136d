"""Test accuracy by sparsity, and paired differences in accuracy, every seed shown."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from delaynet.analysis.claims.terms import MARGIN
from delaynet.analysis.statistics import t_interval
from delaynet.analysis.tables import COMPARED_DELAYS
from delaynet.config.grid import Point, Run
from delaynet.config.variants import DELAYS, SIGNS, STRUCTURES
from delaynet.paper.figures import rows, style
from delaynet.paper.figures.loading import Results
from delaynet.paper.figures.rows import Row
from delaynet.paper.figures.selection import REWIRED, ordered, shown_sparsity
from delaynet.paper.figures.sparsity import halvings, shifts, sparsity_axis
from delaynet.paper.words import percent

HEIGHT, ROW, AROUND_ROWS = 46.0, 4.4, 20.0  # in mm: one panel of accuracy, one row, around rows
RANDOM = ("static_connected", "static")  # structures that rewired ones are compared with
Terms = tuple[tuple[int, Point], ...]  # of a sum: signs and points of the grid
# of lines, by delays
DASHES: dict[str, Any] = {
    "learned": "-",
    "frozen": (0, (6, 1.5)),
    "fixed": (0, (3, 1.5)),
    "none": (0, (1, 1.5)),
}
FILLINGS = {"learned": None, "frozen": "#BBBBBB", "fixed": "white"}  # None: as the edge


@dataclass(frozen=True)
class Accuracy:
    """What the figure shows.

    Attributes:
        accuracy: test accuracy of each run, in percent.
        chance: accuracy of guessing, in percent.
        differences: by row, the paired difference of each seed in percentage points; a row has the
            runs of the first term.
    """

    accuracy: dict[Run, float]
    chance: float
    corpus_name: str
    differences: dict[Row, dict[int, float]]


def load(results: Results) -> Accuracy:
    """Read the summaries of all standard runs."""
    accuracy = results.accuracies()
    compared = differences(accuracy, shown_sparsity(results.config))
    return Accuracy(accuracy, results.chance, results.corpus_name, compared)


def differences(accuracy: dict[Run, float], shown: str | None) -> dict[Row, dict[int, float]]:
    """Return the rows of the forest plot, for networks with free signs, and the headings.

    If there are more than three sparsities, they are the lowest, `shown` and the highest.
    """
    free = [run for run in accuracy if run.signs == "free"]
    by_point: dict[Point, dict[int, float]] = {}
    for run in free:
        by_point.setdefault(run.point, {})[run.seed] = accuracy[run]
    found: dict[Row, dict[int, float]] = {}
    for heading, name, terms in _compared(free, shown):
        seeds = sorted(set.intersection(*(set(by_point.get(point, ())) for _, point in terms)))
        if not seeds:
            continue
        first = terms[0][1]
        runs = tuple(run for run in free if run.point == first and run.seed in seeds)
        found.setdefault(Row(heading), {})
        found[Row(name, runs)] = {
            seed: sum(sign * by_point[point][seed] for sign, point in terms) for seed in seeds
        }
    return found


def _compared(free: list[Run], shown: str | None) -> Iterator[tuple[str, str, Terms]]:
    """Yield heading, name and terms of each row, also of rows that the grid lacks.

    The rows compare kinds of delays in dense networks; learned and fixed delays in rewired
    networks; rewired and random networks, with the same delays, and with fixed and learned ones;
    learned and frozen delays in random networks; last, the gain of rewiring with fixed delays and
    without delays.
    """

    def at(delays: str, structure: str, sparsity: str = "0") -> Point:
        return Point(delays, structure, "free", sparsity)

    for these, those in COMPARED_DELAYS:
        words = f"{DELAYS[these].short} − {DELAYS[those].short}"
        yield STRUCTURES["dense"].words, words, ((1, at(these, "dense")), (-1, at(those, "dense")))
    structures = {run.structure for run in free}
    rewired = next((name for name in reversed(REWIRED) if name in structures), None)
    if rewired is None:
        return
    # if the grid has no random networks, their rows are empty and left out
    random = next((name for name in RANDOM if name in structures), RANDOM[0])
    sparsities = sorted({run.sparsity for run in free if run.structure == rewired}, key=float)
    if len(sparsities) > 3:
        sparsities = [s for s in sparsities if s in (sparsities[0], shown, sparsities[-1])]
    random_words = STRUCTURES[random].words
    for s in sparsities:
        heading = f"{STRUCTURES[rewired].words}, {percent(s)} %"
        against_random = f"rewired − {random_words}, {percent(s)} %"
        sides = (1, at("learned", rewired, s)), (-1, at("fixed", rewired, s))
        yield heading, "learned − fixed", sides
        for delays in ("learned", "fixed", "none"):
            sides = (1, at(delays, rewired, s)), (-1, at(delays, random, s))
            yield against_random, f"both with {DELAYS[delays].words}", sides
        sides = (1, at("fixed", rewired, s)), (-1, at("learned", random, s))
        yield against_random, f"rewired fixed − {random_words} learned", sides
    for s in sparsities:
        sides = (1, at("learned", random, s)), (-1, at("frozen", random, s))
        yield f"{random_words}, {percent(s)} %", "learned − frozen", sides
    for s in sparsities:
        with_delays = (1, at("fixed", rewired, s)), (-1, at("fixed", random, s))
        without = (-1, at("none", rewired, s)), (1, at("none", random, s))
        yield "gain of rewiring: fixed − none", f"{percent(s)} %", (*with_delays, *without)


@style.styled
def draw(data: Accuracy) -> Figure:
    """Draw a panel for free signs, one for Dale's principle, and beside them the differences.

    Points are seeds. Lines join means; those of dense networks are extended for comparison. Each
    row of the forest plot shows seeds, mean, and 95 % interval, as in the table of tests.
    """
    signs = [name for name in SIGNS if any(run.signs == name for run in data.accuracy)]
    shown = list(data.differences)
    height = max(HEIGHT * len(signs), ROW * len(shown)) + AROUND_ROWS
    figure = style.new_figure(height)
    layout: Any = [[name, "differences"] if shown else [name] for name in signs]
    panels = figure.subplot_mosaic(layout, width_ratios=(1.0, 0.9) if shown else None)
    for letter, name in zip("ab", signs, strict=False):
        style.panel_title(panels[name], letter, SIGNS[name].words)
        _draw_accuracy(panels[name], data, name)
    if shown:
        style.panel_title(panels["differences"], "abc"[len(signs)])
        _draw_differences(panels["differences"], data)
    style.note(panels["differences" if shown else signs[0]], data.corpus_name)
    figure.legend(handles=_handles(data), loc="outside lower center", ncols=5)
    return figure


def _draw_accuracy(axes: Axes, data: Accuracy, signs: str) -> None:
    runs = ordered(run for run in data.accuracy if run.signs == signs)
    places = shifts(runs)
    for variant in dict.fromkeys(run.variant for run in runs):
        own = [run for run in runs if run.variant == variant]
        place = [halvings(run.sparsity) + places[variant] for run in own]
        accuracy = pd.Series([data.accuracy[run] for run in own])
        means = accuracy.groupby(place).mean()
        structure, delays = own[0].structure, own[0].delays
        line = {"color": style.HUES[structure], "linestyle": DASHES[delays]}
        if structure == "dense":
            axes.axhline(means.item(), **line, linewidth=0.5, zorder=1)
        axes.plot(means.index, means, **line, linewidth=0.9, zorder=2)
        axes.scatter(
            place,
            accuracy,
            s=11,
            marker="_" if delays == "none" else style.MARKERS[structure],
            linewidths=0.7,
            zorder=3,
            **_filling(own[0]),
        )
    sparsity_axis(axes, data.accuracy)
    axes.set_xlabel("sparsity (%), log scale of density")
    axes.set_ylabel("test accuracy (%)")
    axes.set_ylim(0, min(100.0, 1.08 * max(*data.accuracy.values(), data.chance)))
    style.chance_line(axes, data.chance, "left")


def _filling(run: Run) -> dict[str, Any]:
    """Return the colours of a run's point; without delays the point is a stroke."""
    hue = style.HUES[run.structure]
    if run.delays == "none":
        return {"color": hue}
    return {"edgecolor": hue, "facecolor": FILLINGS[run.delays] or hue}


def _draw_differences(axes: Axes, data: Accuracy) -> None:
    shown = list(data.differences)
    table = rows.table_of(shown, lambda row, run: data.differences[row][run.seed])
    rows.lay_out([axes], shown)
    axes.axvspan(-MARGIN, MARGIN, color="#E3E3E3", linewidth=0, zorder=0.5)
    rows.zero_line(axes)
    for place, row in enumerate(shown):
        if row.runs:
            low, high = map(float, t_interval(list(data.differences[row].values())))
            axes.hlines(place, low, high, color=style.GREY, linewidth=1.6, zorder=2)
    rows.draw_means(axes, table)
    rows.draw_points(axes, table)
    axes.set_xlabel("difference in test accuracy (points)")


def _handles(data: Accuracy) -> list[Line2D]:
    """Return the legend: structures by colour and marker, delays by filling."""
    runs = ordered(data.accuracy)
    handles = []
    for structure in dict.fromkeys(run.structure for run in runs):
        look: dict[str, Any] = {"color": style.HUES[structure]}
        look["marker"] = style.MARKERS[structure]
        handles.append(Line2D([], [], label=STRUCTURES[structure].words, **look))
    for delays in (name for name in DELAYS if any(run.delays == name for run in runs)):
        filled: dict[str, Any] = {"color": style.GREY, "label": DELAYS[delays].words}
        if delays != "none":
            filled |= {"marker": "o", "markerfacecolor": FILLINGS[delays] or style.GREY}
        handles.append(Line2D([], [], linestyle=DASHES[delays], **filled))
    return handles

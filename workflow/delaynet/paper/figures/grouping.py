"""Grouping of excitation and inhibition: effects, fall in accuracy, correlograms, neurons."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import nan
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator

from delaynet.analysis.grouping.kinds import JOINT, KINDS
from delaynet.analysis.grouping.nulls import NULLS
from delaynet.analysis.grouping.receptive_fields import receptive_fields
from delaynet.analysis.tables import read_table
from delaynet.config.files import require
from delaynet.config.grid import STANDARD, Run
from delaynet.paper.figures import rows, style
from delaynet.paper.figures.correlogram import (
    Parts,
    draw_map,
    draw_scale,
    read_correlogram,
    scale_of,
)
from delaynet.paper.figures.loading import Effects, Results
from delaynet.paper.figures.rows import Row
from delaynet.paper.figures.sign_maps import SignMap, draw_sign_map, sign_maps
from delaynet.training.run_folder import read_network

SEEN = "learned-dense-free"  # the variant of the maps, if the grid has it
EXCHANGE = KINDS[JOINT].minuend  # the exchange whose fall in accuracy is shown
OUTLINED = "outside of the null model's band in most seeds"
LEARNED = ", learned delays"  # omitted in the heading of controls
ROW, MAPS, LEGEND = 4.2, 28.0, 6.0  # heights in mm
AROUND_ROWS, AROUND_MAPS, MOST_OF_ROWS = 20.0, 13.0, 135.0


@dataclass(frozen=True)
class GroupingFigure:
    """What the figure shows.

    Attributes:
        shown: the rows, those of controls last.
        effects: of each kind of grouping on Moran's I.
        falls: of accuracy in percentage points after the exchange.
        seen: the first run of the variant of the maps.
        correlogram: of this variant after training.
        sign_maps: of neurons of that run.
    """

    shown: list[Row]
    effects: Effects
    falls: dict[Run, float]
    seen: Run
    correlogram: Parts
    sign_maps: list[SignMap]
    step_milliseconds: float
    corpus_name: str


def load(results: Results) -> GroupingFigure:
    """Read the effects of the dense runs, of those at the shown sparsity, and of controls."""
    runs = results.runs
    seen = next((run for run in runs if run.variant == SEEN), runs[0])
    seeds = [run for run in runs if run.point == seen.point]
    return GroupingFigure(
        _rows(results),
        results.effects(),
        _read_falls(results),
        seen,
        read_correlogram(results.folder, seeds),
        sign_maps(receptive_fields(read_network(results.file(seen, "network.h5")))),
        results.step_milliseconds,
        results.corpus_name,
    )


def _read_falls(results: Results) -> dict[Run, float]:
    table = read_table(require(results.folder / "tables" / "exchange.csv"))
    table = table[table["null"] == EXCHANGE]
    columns = table[[*Run._fields, "fall"]]
    return {Run(*at): fall for *at, fall in columns.itertuples(index=False)}


def _rows(results: Results) -> list[Row]:
    """Return one row per variant, then one per control, under headings."""
    shown = rows.grouped(run for run in results.runs if run.condition == STANDARD)
    controls = [run for run in results.runs if run.condition != STANDARD]
    for network in dict.fromkeys(run.point.standard for run in controls):
        own = [run for run in controls if run.point.standard == network]
        shown.append(Row("controls: " + style.variant_words(own[0]).replace(LEARNED, "")))
        for name in dict.fromkeys(run.condition for run in own):
            seeds = tuple(run for run in own if run.condition == name)
            shown += rows.of_condition(name, seeds, results.config.resolve(seeds[0]).training.data)
    return shown


@style.styled
def draw(data: GroupingFigure) -> Figure:
    """Draw effects as rows of points above, correlograms and neurons below.

    a, b, c: effects on Moran's I of grouping in space, in time and in both together; one point per
    seed, trained networks in colour, initial ones open and grey; strokes are means of trained ones.
    d: fall in accuracy of trained networks when synapses of the same sign in a neuron exchange
    their delays. e, f, g: correlogram minus the mean of its null model, mean over seeds, and its
    two parts (`correlogram.Parts`); outlined lags lie outside the simultaneous 95 % band in most
    seeds; grey lags have no pairs. h, i, j: neurons of the first seed at percentiles of Moran's I,
    their signs smoothed.
    """
    shown = data.shown
    maps = MAPS + AROUND_MAPS
    heights = (min(ROW * len(shown), MOST_OF_ROWS) + AROUND_ROWS, maps, maps, LEGEND)
    figure, (above, middle, below, _) = style.stacked(heights)
    panels = above.subplots(1, len(KINDS) + 1, sharey=True)
    rows.lay_out(panels, shown)
    for axes in panels[1 : len(KINDS)]:
        axes.sharex(panels[0])
    for axes, letter, (name, kind) in zip(panels, "abc", KINDS.items(), strict=False):
        before = [replace(row, network="initial") for row in shown]
        rows.draw_points(axes, _effects_of(before, data.effects, name))
        draw_effects(axes, shown, data.effects, name)
        axes.xaxis.set_major_locator(MaxNLocator(4))
        style.panel_title(axes, letter, f"{kind.words}\n({kind.label})")
    _draw_falls(panels[-1], shown, data.falls)
    style.panel_title(panels[-1], "d", f"delays exchanged\n({NULLS[EXCHANGE].label})")
    _draw_correlograms(middle.subplots(1, 3, sharey=True), data)
    _draw_sign_maps(below.subplots(1, 3, sharey=True), data)
    _draw_legend(figure, data.corpus_name)
    return figure


def _draw_correlograms(panels: Sequence[Axes], data: GroupingFigure) -> None:
    scale = scale_of(data.correlogram)
    words = (style.variant_words(data.seen), "space and time apart", "both together")
    for axes, letter, text, part in zip(panels, "efg", words, data.correlogram, strict=True):
        draw_map(axes, part, data.step_milliseconds, scale)
        style.panel_title(axes, letter, text)
        axes.label_outer()
    draw_scale(panels)


def _draw_sign_maps(panels: Sequence[Axes], data: GroupingFigure) -> None:
    if not data.sign_maps:
        for axes, letter in zip(panels, "hij", strict=True):
            style.panel_title(axes, letter)
            style.say_empty(axes, "too few synapses")
    for axes, letter, one in zip(panels, "hij", data.sign_maps, strict=False):
        draw_sign_map(axes, one, data.step_milliseconds)
        moran_i = style.rounded(one.moran_i, 2)
        style.panel_title(axes, letter, f"{one.percentile}th percentile, Moran's I {moran_i}")
        axes.label_outer()


def _draw_falls(axes: Axes, shown: list[Row], falls: dict[Run, float]) -> None:
    rows.zero_line(axes)
    table = rows.table_of(shown, lambda row, run: falls.get(run, nan))
    rows.draw_means(axes, table)
    rows.draw_points(axes, table)
    for place in rows.empty_rows(table):
        rows.say(axes, place, "no delays")
    axes.set_xlabel("fall in accuracy (points)")
    axes.xaxis.set_major_locator(MaxNLocator(4))


def _draw_legend(figure: Figure, corpus_name: str) -> None:
    ring: dict[str, Any] = {
        "markerfacecolor": "white",
        "markeredgecolor": rows.INITIAL,
        "markeredgewidth": 0.6,
    }
    handles = [
        Line2D([], [], linestyle="", marker="o", label="before training", **ring),
        Line2D([], [], linestyle="", marker="o", color="black", label="after training"),
        Patch(facecolor="none", edgecolor="black", linewidth=0.7, label=OUTLINED),
        Line2D([], [], linestyle="", label=f"corpus: {corpus_name}"),
    ]
    figure.legend(handles=handles, loc="lower center", ncols=len(handles))


def draw_effects(axes: Axes, shown: list[Row], effects: Effects, kind: str) -> None:
    """Draw the effects of one kind of grouping; empty rows say why they are empty."""
    table = _effects_of(shown, effects, kind)
    rows.zero_line(axes)
    rows.draw_means(axes, table)
    rows.draw_points(axes, table)
    for place in rows.empty_rows(table):
        row = shown[place]
        is_defined = any((run, row.network, row.order, kind) in effects for run in row.runs)
        rows.say(axes, place, "not testable" if is_defined else "not defined")
    axes.set_xlabel("effect on Moran's I")


def _effects_of(shown: list[Row], effects: Effects, kind: str) -> pd.DataFrame:
    return rows.table_of(
        shown, lambda row, run: effects.get((run, row.network, row.order, kind), nan)
    )

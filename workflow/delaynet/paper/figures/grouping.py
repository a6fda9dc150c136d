"""Grouping of excitation and inhibition in space, in time and in both, and correlograms."""

from dataclasses import dataclass
from math import nan
from pathlib import Path
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator

from delaynet.analysis.grouping.kinds import KINDS
from delaynet.config.grid import STANDARD, Config, Run
from delaynet.data.features.frames import step_seconds
from delaynet.paper.figures import rows, style
from delaynet.paper.figures.correlogram import (
    Correlogram,
    draw_map,
    draw_scale,
    read_correlogram,
    scale_of,
)
from delaynet.paper.figures.loading import Effects, corpus_name, read_effects
from delaynet.paper.figures.rows import Row
from delaynet.paper.figures.selection import needed_runs

SEEN = "learned-dense-free"  # the variant of the correlograms, if the grid holds it
NETWORKS = ("initial", "trained")
OUTLINED = "outside of the null model's band in most seeds"
LEARNED = ", learned delays"  # left out of the heading of controls
ROW, MAPS, LEGEND = 4.2, 36.0, 6.0  # heights in mm
AROUND_ROWS, AROUND_MAPS, MOST_OF_ROWS = 20.0, 13.0, 150.0


@dataclass(frozen=True)
class GroupingFigure:
    """What the figure shows.

    Attributes:
        shown: the rows, those of controls last.
        effects: of each kind of grouping on Moran's I.
        seen: one run of the variant of the correlograms.
        correlograms: before and after training.
        step_milliseconds: duration of a step.
        corpus_name: what the networks learned.
    """

    shown: list[Row]
    effects: Effects
    seen: Run
    correlograms: tuple[Correlogram, Correlogram]
    step_milliseconds: float
    corpus_name: str


def load(config: Config, results_folder: Path) -> GroupingFigure:
    """Read the effects of the dense runs, of those at the shown sparsity, and of controls.

    Raises:
        UserError: a table or a run is missing.
    """
    runs = needed_runs("grouping", config)
    seen = next((run for run in runs if run.variant == SEEN), runs[0])
    seeds = [run for run in runs if run.point == seen.point]
    before, after = (read_correlogram(results_folder, seeds, name) for name in NETWORKS)
    return GroupingFigure(
        _rows(config, runs),
        read_effects(results_folder, runs),
        seen,
        (before, after),
        1000 * step_seconds(config.features),
        corpus_name(results_folder, runs),
    )


def _rows(config: Config, runs: list[Run]) -> list[Row]:
    """Return one row per variant, then one per control, under headings."""
    shown = rows.grouped(run for run in runs if run.condition == STANDARD)
    controls = [run for run in runs if run.condition != STANDARD]
    for network in dict.fromkeys(run.point.standard for run in controls):
        own = [run for run in controls if run.point.standard == network]
        shown.append(Row("controls: " + style.variant_words(own[0]).replace(LEARNED, "")))
        for name in dict.fromkeys(run.condition for run in own):
            seeds = tuple(run for run in own if run.condition == name)
            shown += rows.of_condition(name, seeds, config.resolve(seeds[0]).training.data)
    return shown


@style.styled
def draw(data: GroupingFigure) -> Figure:
    """Draw effects as rows of points above, correlograms below.

    a, b, c: effects on Moran's I of grouping in space, in time and in both together; trained
    networks in colour and initial ones as grey rings, a point a seed, strokes are means of trained
    ones. d, e: correlogram less the mean of its null model, mean over seeds; outlined lags lie
    outside of the null model's simultaneous 95 % band in most seeds; at grey ones there is no pair.
    """
    shown = data.shown
    heights = (min(ROW * len(shown), MOST_OF_ROWS) + AROUND_ROWS, MAPS + AROUND_MAPS, LEGEND)
    figure, (above, below, _) = style.stacked(heights)
    panels = above.subplots(1, len(KINDS), sharex=True, sharey=True)
    rows.lay_out(panels, shown)
    for axes, letter, (name, kind) in zip(panels, "abc", KINDS.items(), strict=True):
        _draw_effects(axes, shown, data.effects, name)
        style.panel_title(axes, letter, f"{kind.words}\n({kind.label})")
    maps = below.subplots(1, 2, sharey=True)
    scale = scale_of(data.correlograms)
    words = f": {style.variant_words(data.seen)}"
    for axes, letter, when, values in zip(
        maps, "de", ("before", "after"), data.correlograms, strict=True
    ):
        draw_map(axes, values, data.step_milliseconds, scale)
        style.panel_title(axes, letter, f"{when} training{words}")
        words = ""
    maps[1].set_ylabel("")
    draw_scale(maps)
    style.note(maps[1], data.corpus_name)
    _draw_legend(figure)
    return figure


def _draw_legend(figure: Figure) -> None:
    ring: dict[str, Any] = {
        "markerfacecolor": "white",
        "markeredgecolor": rows.INITIAL,
        "markeredgewidth": 0.6,
    }
    handles = [
        Line2D([], [], linestyle="", marker="o", label="before training", **ring),
        Line2D([], [], linestyle="", marker="o", color="black", label="after training"),
        Patch(facecolor="none", edgecolor="black", linewidth=0.7, label=OUTLINED),
    ]
    figure.legend(handles=handles, loc="lower center", ncols=len(handles))


def _draw_effects(axes: Axes, shown: list[Row], effects: Effects, kind: str) -> None:
    rows.zero_line(axes)

    def effects_of(network: str) -> pd.DataFrame:
        table = rows.table_of(
            shown, lambda row, run: effects.get((run, network, row.order, kind), nan)
        )
        return table.assign(network=network)

    before, after = map(effects_of, NETWORKS)
    rows.draw_means(axes, after)
    rows.draw_points(axes, pd.concat([before, after], ignore_index=True))
    for place in rows.empty_rows(after):
        rows.say(axes, place, why_empty(effects, shown[place], kind))
    axes.set_xlabel("effect on Moran's I")
    axes.xaxis.set_major_locator(MaxNLocator(4))


def why_empty(effects: Effects, row: Row, kind: str) -> str:
    """Say why no seed of a row has an effect."""
    is_defined = any((run, row.network, row.order, kind) in effects for run in row.runs)
    return "not testable" if is_defined else "not defined"

"""Dale's principle against free signs: accuracy, grouping, correlograms and delays."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import nan
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from numpy.typing import NDArray

from delaynet.analysis.claims.terms import SHARE
from delaynet.analysis.grouping.kinds import JOINT, KINDS
from delaynet.config.grid import Point, Run
from delaynet.config.variants import SIGNS
from delaynet.paper.figures import rows, style
from delaynet.paper.figures.correlogram import (
    Correlogram,
    draw_map,
    draw_scale,
    read_correlogram,
    scale_of,
)
from delaynet.paper.figures.delays import mean_distributions, read_change
from delaynet.paper.figures.loading import Results
from delaynet.paper.figures.rows import Row

ROW, MAPS, LEGEND = 5.0, 25.0, 6.0  # heights in mm
AROUND_ROWS, AROUND_MAPS, MOST_OF_ROWS = 12.0, 14.0, 150.0
PANEL_OF_DELAYS = 40.0

Values = Mapping[Run, float]


@dataclass(frozen=True)
class DaleFigure:
    """What the figure shows.

    Attributes:
        accuracy: on the test clips, in percent.
        effect: of joint grouping on Moran's I, of trained networks.
        chance: accuracy of guessing, in percent.
        seen: two runs, with free signs and under Dale's principle, of the variant below.
        correlograms: of the trained networks of both.
        delays: the distributions under Dale's principle, see `mean_distributions`; or none.
    """

    accuracy: Values
    effect: Values
    chance: float
    seen: tuple[Run, ...]
    correlograms: tuple[Correlogram, ...]
    delays: tuple[NDArray[np.float64], ...]
    step_milliseconds: float
    corpus_name: str


def load(results: Results) -> DaleFigure:
    """Read networks with both free signs and Dale's principle."""
    runs, effects = results.runs, results.effects()
    own = [run for run in runs if run.point._replace(signs=runs[0].signs) == runs[0].point]
    by_signs = [[run for run in own if run.signs == signs] for signs in SIGNS] if runs else []
    changes = [read_change(results, run) for run in own if run.signs == "dale"]
    return DaleFigure(
        results.accuracies(),
        {run: effects.get((run, "trained", "mel", JOINT), nan) for run in runs},
        results.chance,
        tuple(seeds[0] for seeds in by_signs),
        tuple(read_correlogram(results.folder, seeds).whole for seeds in by_signs),
        mean_distributions(changes) if changes else (),
        results.step_milliseconds,
        results.corpus_name,
    )


@style.styled
def draw(data: DaleFigure) -> Figure:
    """Draw pairs of networks of the same seed above, one variant in detail below.

    a: test accuracy; b: joint grouping, effect on Moran's I; filled points have free signs, open
    ones obey Dale's principle, and a line joins each seed's two. Strokes mark half of the mean
    effect in dense networks with the same delays and free signs, the margin of "survives". c:
    delays after training under Dale's principle by sign, mean over seeds. d, e: correlograms of
    trained networks, as in the figure of grouping.
    """
    shown = rows.grouped(data.accuracy, with_dale=False)
    tall = min(ROW * max(len(shown), 5), MOST_OF_ROWS)
    heights = (tall + AROUND_ROWS, MAPS + AROUND_MAPS, LEGEND)
    figure, (above, below, _) = style.stacked(heights)
    parts = (PANEL_OF_DELAYS, max(tall - PANEL_OF_DELAYS, 1))
    grid = above.add_gridspec(2, 3, width_ratios=(1, 1.2, 1.1), height_ratios=parts)
    accuracy, effect = (above.add_subplot(grid[:, column]) for column in range(2))
    delays = above.add_subplot(grid[0 if tall > PANEL_OF_DELAYS + ROW else slice(None), 2])
    panels = (accuracy, effect, delays)
    maps = below.subplots(1, 2, sharey=True)
    for axes, letter in zip([*panels, *maps], "abcde", strict=True):
        style.panel_title(axes, letter)
    style.note(maps[1], data.corpus_name)
    if not data.seen:
        for axes in (*panels, *maps):
            style.say_empty(axes, "no networks with Dale's principle\nand with free signs")
        return figure
    effect.sharey(accuracy)
    effect.tick_params(labelleft=False)
    rows.lay_out((accuracy, effect), shown)
    _draw_pairs(accuracy, rows.table_of(shown, lambda row, run: data.accuracy[run]))
    accuracy.set_xlabel("test accuracy (%)")
    accuracy.set_xlim(0, 100)
    rows.chance_line(accuracy, data.chance)
    rows.zero_line(effect)
    effects = rows.table_of(shown, lambda row, run: data.effect[run])
    _draw_pairs(effect, effects)
    _draw_margins(effect, shown, data.effect, rows.empty_rows(effects))
    effect.set_xlabel(f"joint grouping ({KINDS[JOINT].label}),\neffect on Moran's I")
    _draw_delays(delays, data)
    _draw_maps(maps, data)
    _draw_legend(figure)
    return figure


def _draw_pairs(axes: Axes, table: pd.DataFrame) -> None:
    """Draw two points per seed, joined by a line."""
    rows.join_seeds(axes, table)
    rows.draw_points(axes, table, open_dale=True)


def _draw_margins(axes: Axes, shown: list[Row], effect: Values, empty: list[int]) -> None:
    """Mark the margin of each row: half of the effect in dense networks with free signs."""

    def margin(row: Row, run: Run) -> float:
        dense = Point(run.delays, "dense", "free", "0")
        effects = [value for other, value in effect.items() if other.point == dense]
        return SHARE * float(pd.Series(effects, dtype=float).mean())

    margins = rows.table_of(shown, margin)
    rows.draw_means(axes, margins[~margins["row"].isin(empty)])
    for place in empty:
        rows.say(axes, place, "not testable")


def _draw_delays(axes: Axes, data: DaleFigure) -> None:
    before, excitatory, inhibitory = data.delays
    delay = data.step_milliseconds * np.arange(len(before))
    edges = data.step_milliseconds * (np.arange(len(before) + 1) - 0.5)
    axes.stairs(before, edges, fill=True, color="#DDDDDD", label="before training")
    axes.plot(delay, excitatory, color=style.EXCITATORY, linewidth=1, label="excitatory")
    axes.plot(delay, inhibitory, color=style.INHIBITORY, linewidth=1, label="inhibitory")
    axes.set_ylim(0, 1.45 * axes.get_ylim()[1])
    axes.legend(loc="upper center", ncols=1)
    axes.set_xlabel("delay (ms)")
    axes.set_ylabel("synapses of a sign (%)")


def _draw_maps(maps: NDArray[np.object_], data: DaleFigure) -> None:
    scale = scale_of(data.correlograms)
    for axes, letter, run, values in zip(maps, "de", data.seen, data.correlograms, strict=True):
        draw_map(axes, values, data.step_milliseconds, scale)
        words = style.variant_words(run._replace(signs="free")) + ": " if letter == "d" else ""
        style.panel_title(axes, letter, words + SIGNS[run.signs].words)
    maps[1].set_ylabel("")
    draw_scale(list(maps))


def _draw_legend(figure: Figure) -> None:
    point: dict[str, Any] = {"marker": "o", "markeredgecolor": "black", "markeredgewidth": 0.6}
    stroke: dict[str, Any] = {"marker": "|", "markersize": 7, "color": style.GREY}
    half = "half of the effect, dense, free signs"
    handles = [
        Line2D([], [], linestyle="", markerfacecolor="black", label=SIGNS["free"].words, **point),
        Line2D([], [], linestyle="", markerfacecolor="white", label=SIGNS["dale"].words, **point),
        Line2D([], [], linestyle="", label=half, **stroke),
    ]
    figure.legend(handles=handles, loc="lower center", ncols=len(handles))

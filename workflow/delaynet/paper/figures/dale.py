"""Dale's principle against free signs: accuracy, grouping, correlograms and delays."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import nan
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from numpy.typing import NDArray

from delaynet.analysis.claims.terms import SHARE
from delaynet.analysis.grouping.kinds import JOINT, KINDS
from delaynet.config.grid import Config, Point, Run
from delaynet.config.variants import SIGNS
from delaynet.data.features.frames import step_seconds
from delaynet.paper.figures import rows, style
from delaynet.paper.figures.correlogram import (
    Correlogram,
    draw_map,
    draw_scale,
    read_correlogram,
    scale_of,
)
from delaynet.paper.figures.loading import (
    accuracies,
    chance,
    corpus_name,
    fields_before_and_after,
    read_effects,
)
from delaynet.paper.figures.rows import Row
from delaynet.paper.figures.selection import needed_runs

BY_SIGN = {"excitatory": (1, style.EXCITATORY), "inhibitory": (-1, style.INHIBITORY)}
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
        seen: one run of each, with free signs and with Dale's principle, of the variant below.
        correlograms: of trained networks with free signs and with Dale's principle.
        delays: share (%) of the synapses of either sign at each delay, mean over the seeds under
            Dale's principle, [max_delay], by sign's name, and "before" training, of both signs.
    """

    accuracy: Values
    effect: Values
    chance: float
    seen: tuple[Run, ...]
    correlograms: tuple[Correlogram, ...]
    delays: dict[str, NDArray[np.float64]]
    step_milliseconds: float
    corpus_name: str


def load(config: Config, results_folder: Path) -> DaleFigure:
    """Read networks with both free signs and Dale's principle."""
    runs = needed_runs("dale", config)
    effects = read_effects(results_folder, runs)
    own = [run for run in runs if run.point._replace(signs=runs[0].signs) == runs[0].point]
    kinds = {signs: [run for run in own if run.signs == signs] for signs in SIGNS}
    kinds = {signs: seeds for signs, seeds in kinds.items() if seeds}
    return DaleFigure(
        accuracies(results_folder, runs),
        {run: effects.get((run, "trained", "mel", JOINT), nan) for run in runs},
        chance(results_folder, runs),
        tuple(seeds[0] for seeds in kinds.values()),
        tuple(read_correlogram(results_folder, seeds).whole for seeds in kinds.values()),
        _delays(results_folder, kinds.get("dale", [])),
        1000 * step_seconds(config.features),
        corpus_name(results_folder, runs),
    )


def _delays(results_folder: Path, runs: list[Run]) -> dict[str, NDArray[np.float64]]:
    shares: dict[str, list[NDArray[np.float64]]] = {}
    for run in runs:
        before, after = fields_before_and_after(results_folder, run)
        taken = {"before": before.delay[before.sign != 0]}
        taken |= {name: after.delay[after.sign == sign] for name, (sign, _) in BY_SIGN.items()}
        for name, delay in taken.items():
            count = np.bincount(delay, minlength=after.max_delay)
            shares.setdefault(name, []).append(100 * count / max(len(delay), 1))
    return {name: np.mean(parts, axis=0) for name, parts in shares.items()}


@style.styled
def draw(data: DaleFigure) -> Figure:
    """Draw pairs of networks of the same seed above, one variant in detail below.

    a: test accuracy; b: joint grouping, effect on Moran's I, filled with free signs, open
    under Dale's principle, a line a seed; strokes mark half of the mean effect in dense networks
    with the same delays and free signs, which must be left if the grouping is to survive. c: delays
    after training under Dale's principle by sign, mean over seeds. d, e: correlograms of trained
    networks, as in the figure of grouping.
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
    """Mark the threshold of each row: half of the effect of dense networks with free signs."""

    def margin(row: Row, run: Run) -> float:
        dense = Point(run.delays, "dense", "free", "0")
        effects = [value for other, value in effect.items() if other.point == dense]
        return SHARE * float(pd.Series(effects, dtype=float).mean())

    margins = rows.table_of(shown, margin)
    rows.draw_means(axes, margins[~margins["row"].isin(empty)])
    for place in empty:
        rows.say(axes, place, "not testable")


def _draw_delays(axes: Axes, data: DaleFigure) -> None:
    delay = data.step_milliseconds * np.arange(len(data.delays["before"]))
    axes.stairs(
        data.delays["before"],
        np.append(delay, delay[-1] + data.step_milliseconds) - data.step_milliseconds / 2,
        fill=True,
        color="#DDDDDD",
        label="before training",
    )
    for name, (_, colour) in BY_SIGN.items():
        axes.plot(delay, data.delays[name], color=colour, linewidth=1, label=name)
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
    look: dict[str, Any] = {
        "linestyle": "",
        "marker": "o",
        "markeredgecolor": "black",
        "markeredgewidth": 0.6,
    }
    handles = [
        Line2D([], [], markerfacecolor="black", label=SIGNS["free"].words, **look),
        Line2D([], [], markerfacecolor="white", label=SIGNS["dale"].words, **look),
        Line2D(
            [],
            [],
            linestyle="",
            marker="|",
            markersize=7,
            color=style.GREY,
            label="half of the effect, dense, free signs",
        ),
    ]
    figure.legend(handles=handles, loc="lower center", ncols=len(handles))

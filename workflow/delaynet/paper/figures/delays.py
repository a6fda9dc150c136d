"""Delays before and after training: their distribution, their movement, and who carries them."""

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from numpy.typing import NDArray

from delaynet.analysis.grouping.receptive_fields import ReceptiveFields
from delaynet.config.grid import Config, Run
from delaynet.config.variants import DELAYS, SIGNS, STRUCTURES
from delaynet.data.features.frames import step_seconds
from delaynet.paper.figures import rows, style
from delaynet.paper.figures.loading import corpus_name, fields_before_and_after
from delaynet.paper.figures.selection import REWIRED, needed_runs, shown_sparsity
from delaynet.paper.words import percent

MOST_COLUMNS, LEAST_COLUMNS = 5, 3  # distributions side by side
PANEL, TITLE, ROW = 22.0, 11.0, 4.6  # heights in mm
LEAST_BELOW, AROUND, LEGEND = 36.0, 18.0, 5.0
BEFORE = "#DADADA"

Array = NDArray[np.float64]


@dataclass(frozen=True)
class DelayChange:
    """The first layer of one run; delays are rounded.

    Attributes:
        before: share of connections (%) at each delay, [max_delay].
        excitatory, inhibitory: after training, share of the connections of either sign (%) at each
            delay, [max_delay].
        movement: share of connections (%) whose delay moved by so many steps, [max_delay], among
            those that are there before and after.
        turnover: share of the connections (%) after training that were not there before.
    """

    before: Array
    excitatory: Array
    inhibitory: Array
    movement: Array
    turnover: float


@dataclass(frozen=True)
class Delays:
    """What the figure shows."""

    changes: dict[Run, DelayChange]
    step_milliseconds: float
    sparsity: str | None
    corpus_name: str


def load(config: Config, results_folder: Path) -> Delays:
    """Read the first layers, before and after training, of runs that learn delays or rewire.

    Raises:
        UserError: a run is not there.
    """
    runs = needed_runs("delays", config)
    changes = {run: _change(*fields_before_and_after(results_folder, run)) for run in runs}
    step = 1000 * step_seconds(config.features)
    return Delays(changes, step, shown_sparsity(config), corpus_name(results_folder, runs))


def _change(before: ReceptiveFields, after: ReceptiveFields) -> DelayChange:
    was, stays = before.sign != 0, (before.sign != 0) & (after.sign != 0)
    movement = np.abs(after.delay - before.delay)
    return DelayChange(
        _shares(before.delay[was], before.max_delay),
        _shares(after.delay[after.sign > 0], before.max_delay),
        _shares(after.delay[after.sign < 0], before.max_delay),
        _shares(movement[stays], before.max_delay),
        100 * (1 - stays.sum() / max((after.sign != 0).sum(), 1)),
    )


def _shares(steps: NDArray[np.int64], max_delay: int) -> Array:
    """Return the share of each number of steps in percent, [max_delay]."""
    return 100 * np.bincount(steps, minlength=max_delay) / max(len(steps), 1)


@style.styled
def draw(data: Delays) -> Figure:
    """Draw distributions, movement and turnover for the first layer.

    a: delays of excitatory and inhibitory connections after training, and of all before it, a panel
    a network, means over seeds. b: how far delays moved of connections that are there before and
    after: the middle half (thick), 90 % (thin), and the mean of each seed (points). c: share of
    connections that rewiring put in the place of others, a point a seed; open points: Dale's
    principle.
    """
    shown = {run: change for run, change in data.changes.items() if _is_shown(run, data.sparsity)}
    learned = [run for run in shown if run.delays == "learned"]
    rewired = {
        run: change.turnover for run, change in data.changes.items() if run.structure in REWIRED
    }
    variants = _seeds_of(shown)
    moved = rows.grouped(learned)
    lines, columns = _layout(len(variants))
    heights = (
        lines * (PANEL + TITLE) + LEGEND,
        max(LEAST_BELOW, ROW * len(moved)) + AROUND + LEGEND,
    )
    figure, (above, below) = style.stacked(heights)
    panels = above.subplots(lines, columns, sharex=True, sharey=True, squeeze=False)
    _draw_distributions(panels, variants, shown, data.step_milliseconds)
    _draw_legend(above)
    movement, turnover = below.subplots(1, 2)
    style.panel_title(movement, "b")
    style.panel_title(turnover, "c")
    if learned:
        rows.lay_out([movement], moved)
        _draw_movement(movement, moved, data)
    else:
        style.say_empty(movement, "no learned delays\nin this grid")
    if rewired:
        style.sparsity_axis(turnover, rewired, labels=6)
        style.seed_points(turnover, rewired, dale_by_fill=True)
        turnover.set_ylim(0, 104)
        turnover.set_ylabel("connections not there\nbefore training (%)")
    else:
        style.say_empty(turnover, "no rewired networks\nin this grid")
    style.note(turnover, data.corpus_name)
    style.variant_legend(below, rewired, dale=True)
    return figure


def _is_shown(run: Run, sparsity: str | None) -> bool:
    return run.sparsity in ("0", sparsity) and run.delays != "none"


def _seeds_of(runs: dict[Run, DelayChange]) -> list[list[Run]]:
    """Return the seeds of each variant."""
    variants: dict[tuple[str, str], list[Run]] = {}
    for run in runs:
        variants.setdefault((run.variant, run.sparsity), []).append(run)
    return list(variants.values())


def _layout(panels: int) -> tuple[int, int]:
    """Return lines and columns that hold so many panels, the lines of about one length."""
    lines = math.ceil(max(panels, 1) / MOST_COLUMNS)
    return lines, max(LEAST_COLUMNS, math.ceil(panels / lines))


def _draw_distributions(
    panels: NDArray[Any],
    variants: list[list[Run]],
    changes: dict[Run, DelayChange],
    step: float,
) -> None:
    """Draw a panel a variant; those left over stay empty."""
    for axes in panels.flat[len(variants) :]:
        axes.set_axis_off()
    if not variants:
        style.say_empty(panels[0, 1], "no learned delays and no rewired networks\nin this grid")
    columns = panels.shape[1]
    for index, (axes, runs) in enumerate(zip(panels.flat, variants, strict=False)):
        _draw_distribution(axes, [changes[run] for run in runs], step)
        _write_title(axes, runs[0])
        if index + columns >= len(variants):
            axes.set_xlabel("delay (ms)")
            axes.tick_params(labelbottom=True)
        if index % columns == 0:
            axes.set_ylabel("connections (%)")
    panels[0, 0].autoscale(axis="y")
    panels[0, 0].set_ylim(bottom=0)
    look = {"textcoords": "offset points", "fontweight": "bold", "va": "bottom", "fontsize": 7}
    panels[0, 0].annotate("a", (0, 1), (-24, 12), xycoords="axes fraction", **look)


def _draw_legend(figure: SubFigure) -> None:
    handles = [
        Patch(color=BEFORE, label="before training"),
        Line2D([], [], color=style.EXCITATORY, label="after: excitatory"),
        Line2D([], [], color=style.INHIBITORY, label="after: inhibitory"),
    ]
    figure.legend(handles=handles, loc="outside lower center", ncols=len(handles))


def _draw_distribution(axes: Axes, changes: list[DelayChange], step: float) -> None:
    before, excitatory, inhibitory = (
        np.mean([getattr(change, name) for change in changes], axis=0)
        for name in ("before", "excitatory", "inhibitory")
    )
    edges = step * (np.arange(len(before) + 1) - 0.5)
    axes.stairs(before, edges, fill=True, color=BEFORE)
    axes.stairs(excitatory, edges, baseline=None, color=style.EXCITATORY, linewidth=0.9)
    axes.stairs(inhibitory, edges, baseline=None, color=style.INHIBITORY, linewidth=0.9)


def _write_title(axes: Axes, run: Run) -> None:
    """Name the network over its panel, on a line of its colour."""
    share = "" if run.sparsity == "0" else f" {percent(run.sparsity)} %"
    signs = f", {SIGNS['dale'].short}" if run.signs == "dale" else ""
    words = (STRUCTURES[run.structure].words + share, DELAYS[run.delays].words + signs)
    text = axes.annotate(
        "\n".join(words),
        (0, 1),
        (0, 4),
        xycoords="axes fraction",
        textcoords="offset points",
        va="bottom",
        fontsize=6.5,
    )
    text.set_in_layout(False)  # a long name would widen its column alone
    axes.set_title(" \n ", pad=5)  # keeps the height free
    axes.plot(
        (0, 1), (1.04, 1.04), transform=axes.transAxes, color=style.colour(run), clip_on=False
    )


def _draw_movement(axes: Axes, shown: list[rows.Row], data: Delays) -> None:
    for place, row in enumerate(shown):
        if not row.runs:
            continue
        step = data.step_milliseconds
        by_seed = {run: data.changes[run].movement for run in row.runs}
        mean = np.mean(list(by_seed.values()), axis=0)
        low, first, third, high = step * np.searchsorted(mean.cumsum(), (5, 25, 75, 95))
        own = style.colour(row.runs[0])
        axes.plot((low, high), (place, place), color=own, linewidth=0.6, alpha=0.5)
        axes.plot((first, third), (place, place), color=own, linewidth=3.5, alpha=0.3)
        steps = np.arange(len(mean))
        means = {run: step * float(share @ steps / 100) for run, share in by_seed.items()}
        rows.draw_points(axes, place, means)
    axes.set_xlim(left=0)
    axes.set_xlabel("movement of a delay (ms)")

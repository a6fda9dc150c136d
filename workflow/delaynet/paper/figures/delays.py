"""Delays before and after training: distributions, movement, turnover of connections."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from numpy.typing import NDArray

from delaynet.config.grid import Run
from delaynet.paper.figures import rows, style
from delaynet.paper.figures.loading import Results
from delaynet.paper.figures.selection import REWIRED, shown_sparsity
from delaynet.paper.figures.sparsity import draw_seeds, sparsity_axis

MOST_COLUMNS, LEAST_COLUMNS = 5, 3  # distributions side by side
PANEL, TITLE, ROW = 17.0, 10.0, 4.0  # heights in mm
LEAST_BELOW, AROUND, LEGEND = 22.0, 15.0, 5.0
BEFORE = "#DADADA"

Array = NDArray[np.float64]


@dataclass(frozen=True)
class DelayChange:
    """Delays in the first layer of one run, before and after training.

    Attributes:
        before: share of connections (%) at each delay, [max_delay].
        excitatory, inhibitory: the same after training, of the connections of each sign.
        movement: share (%) of connections that exist before and after, by the steps that their
            delay moved, [max_delay].
        turnover: share (%) of connections after training that did not exist before.
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


def load(results: Results) -> Delays:
    """Read the first layers of runs that learn delays or rewire."""
    changes = {run: read_change(results, run) for run in results.runs}
    sparsity = shown_sparsity(results.config)
    return Delays(changes, results.step_milliseconds, sparsity, results.corpus_name)


def read_change(results: Results, run: Run) -> DelayChange:
    """Read the first layer of a run before and after training."""
    before, after = results.before_and_after(run)
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


def mean_distributions(changes: Iterable[DelayChange]) -> tuple[Array, Array, Array]:
    """Return the distributions before, of excitation, and of inhibition, as means over seeds."""
    shares = [(change.before, change.excitatory, change.inhibitory) for change in changes]
    before, excitatory, inhibitory = np.mean(shares, axis=0)
    return before, excitatory, inhibitory


@style.styled
def draw(data: Delays) -> Figure:
    """Draw distributions, movement and turnover for the first layer.

    a: delays of all connections before training, and of excitatory and inhibitory ones after it;
    one panel per network, means over seeds. b: movement of the delays of connections that exist
    before and after training: middle half (thick line), 90 % (thin line), mean of each seed
    (points). c: share of connections that rewiring has replaced; one point per seed, open under
    Dale's principle.
    """
    shown = [
        run for run in data.changes if run.sparsity in ("0", data.sparsity) and run.delays != "none"
    ]
    learned = [run for run in shown if run.delays == "learned"]
    rewired = {
        run: change.turnover for run, change in data.changes.items() if run.structure in REWIRED
    }
    variants = [row.runs for row in rows.grouped(shown) if row.runs]
    moved = rows.grouped(learned)
    lines = math.ceil(max(len(variants), 1) / MOST_COLUMNS)
    columns = max(LEAST_COLUMNS, math.ceil(len(variants) / lines))
    heights = (
        lines * (PANEL + TITLE) + LEGEND,
        max(LEAST_BELOW, ROW * len(moved)) + AROUND + LEGEND,
    )
    figure, (above, below) = style.stacked(heights)
    panels = above.subplots(lines, columns, sharex=True, sharey=True, squeeze=False)
    _draw_distributions(panels, variants, data)
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
        draw_seeds(turnover, rewired, "connections not there\nbefore training (%)")
        sparsity_axis(turnover, rewired, labels=6)
        turnover.set_ylim(0, 104)
    else:
        style.say_empty(turnover, "no rewired networks\nin this grid")
    style.note(turnover, data.corpus_name)
    style.variant_legend(below, rewired)
    return figure


def _draw_distributions(
    panels: NDArray[Any], variants: list[tuple[Run, ...]], data: Delays
) -> None:
    """Draw one panel per variant; spare panels stay empty."""
    for axes in panels.flat[len(variants) :]:
        axes.set_axis_off()
    if not variants:
        style.say_empty(panels[0, 1], "no learned delays and no rewired networks\nin this grid")
    columns = panels.shape[1]
    for index, (axes, runs) in enumerate(zip(panels.flat, variants, strict=False)):
        _draw_distribution(axes, [data.changes[run] for run in runs], data.step_milliseconds)
        _write_title(axes, runs[0])
        if index + columns >= len(variants):
            axes.set_xlabel("delay (ms)")
            axes.tick_params(labelbottom=True)
        if index % columns == 0:
            axes.set_ylabel("connections\n(%)")
    panels[0, 0].autoscale(axis="y")
    panels[0, 0].set_ylim(bottom=0)
    look: dict[str, Any] = {"fontweight": "bold", "va": "bottom", "fontsize": 7}
    style.write_at(panels[0, 0], "a", (0, 1), (-24, 12), **look)


def _draw_legend(figure: SubFigure) -> None:
    handles = [
        Patch(color=BEFORE, label="before training"),
        Line2D([], [], color=style.EXCITATORY, label="after: excitatory"),
        Line2D([], [], color=style.INHIBITORY, label="after: inhibitory"),
    ]
    figure.legend(handles=handles, loc="outside lower center", ncols=len(handles))


def _draw_distribution(axes: Axes, changes: list[DelayChange], step: float) -> None:
    before, excitatory, inhibitory = mean_distributions(changes)
    edges = step * (np.arange(len(before) + 1) - 0.5)
    axes.stairs(before, edges, fill=True, color=BEFORE)
    axes.stairs(excitatory, edges, baseline=None, color=style.EXCITATORY, linewidth=0.9)
    axes.stairs(inhibitory, edges, baseline=None, color=style.INHIBITORY, linewidth=0.9)


def _write_title(axes: Axes, run: Run) -> None:
    """Write the network's name above its panel, on a line of its colour."""
    words = style.variant_words(run, "\n")
    text = style.write_at(axes, words, (0, 1), (0, 4), va="bottom", fontsize=6.5)
    text.set_in_layout(False)  # a long name would widen its column alone
    axes.set_title(" \n ", pad=5)  # keeps the height free
    own = style.COLOURS[run.variant]
    axes.plot((0, 1), (1.04, 1.04), transform=axes.transAxes, color=own, clip_on=False)


def _draw_movement(axes: Axes, shown: list[rows.Row], data: Delays) -> None:
    step = data.step_milliseconds

    def mean(row: rows.Row, run: Run) -> float:
        share = data.changes[run].movement
        return step * float(share @ np.arange(len(share)) / 100)

    rows.draw_points(axes, rows.table_of(shown, mean))
    for place, row in enumerate(shown):
        if row.runs:
            share = np.mean([data.changes[run].movement for run in row.runs], axis=0)
            low, first, third, high = step * np.searchsorted(share.cumsum(), (5, 25, 75, 95))
            own = style.COLOURS[row.runs[0].variant]
            axes.hlines(place, low, high, color=own, linewidth=0.6, alpha=0.5)
            axes.hlines(place, first, third, color=own, linewidth=3.5, alpha=0.3)
    axes.set_xlim(left=0)
    axes.set_xlabel("movement of a delay (ms)")

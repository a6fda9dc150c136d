"""Delays before and after training: their distribution, their movement, and who carries them."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from delaynet.config import REWIRED_STRUCTURES, Config, Run
from delaynet.figures import style
from delaynet.figures.loading import corpus_name, fields_before_and_after
from delaynet.figures.selection import needed_runs, shown_sparsity
from delaynet.structure.receptive_fields import ReceptiveFields

# The movement axis ends where this share of the connections (%) has moved no further.
ALMOST_ALL = 99.5

Array = NDArray[np.float64]


@dataclass(frozen=True)
class DelayChange:
    """The first layer of one run; delays are rounded.

    Attributes:
        before, after: share of connections (%) at each delay, [max_delay].
        movement: share of connections (%) whose delay moved by so many steps, [max_delay], among
            those that are there before and after.
        turnover: share of the connections (%) after training that were not there before.
    """

    before: Array
    after: Array
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
    step = 1000 * config.features.step_seconds
    return Delays(changes, step, shown_sparsity(config), corpus_name(results_folder, runs))


def _change(before: ReceptiveFields, after: ReceptiveFields) -> DelayChange:
    was, stays = before.sign != 0, (before.sign != 0) & (after.sign != 0)
    movement = np.abs(after.delay - before.delay)
    return DelayChange(
        _shares(before.delay[was], before.max_delay),
        _shares(after.delay[after.sign != 0], before.max_delay),
        _shares(movement[stays], before.max_delay),
        100 * (1 - stays.sum() / max((after.sign != 0).sum(), 1)),
    )


def _shares(steps: NDArray[np.int64], max_delay: int) -> Array:
    """Return the share of each number of steps in percent, [max_delay]."""
    return 100 * np.bincount(steps, minlength=max_delay) / max(len(steps), 1)


@style.styled
def draw(data: Delays) -> Figure:
    """Draw distributions, movement and turnover for the first layer.

    a: delays after training, means over seeds, and before (grey), mean over all runs. b: share of
    the connections that moved at most so far, of those there before and after. c: share of
    connections that rewiring put in the place of others, a point a seed. Broken lines and open
    points: Dale's principle.
    """
    figure = style.new_figure(style.FULL_WIDTH, 75)
    panels = figure.subplots(1, 3, width_ratios=(1, 1, 1.2))
    learned = {run: change for run, change in data.changes.items() if run.delays == "learned"}
    learned = {run: c for run, c in learned.items() if run.sparsity in ("0", data.sparsity)}
    rewired = {
        run: change.turnover
        for run, change in data.changes.items()
        if run.structure in REWIRED_STRUCTURES
    }
    for axes, letter in zip(panels, "abc", strict=True):
        style.panel_title(axes, letter)
    if learned:
        _draw_distributions(panels[0], learned, data.step_milliseconds)
        _draw_movement(panels[1], learned, data.step_milliseconds)
    else:
        style.say_empty(panels[0], "no learned delays\nin this grid")
        style.say_empty(panels[1], "no learned delays\nin this grid")
    if rewired:
        style.sparsity_axis(panels[2], rewired, labels=6)
        style.seed_points(panels[2], rewired, dale_by_fill=True)
        panels[2].set_ylim(0, 104)
        panels[2].set_ylabel("connections not there\nbefore training (%)")
    else:
        style.say_empty(panels[2], "no rewired networks\nin this grid")
    style.note(panels[2], data.corpus_name)
    style.variant_legend(figure, [*learned, *rewired], dale=True)
    return figure


def _seed_means(
    changes: dict[Run, DelayChange], values: Callable[[DelayChange], Array]
) -> list[tuple[Run, Array]]:
    """Return the mean over seeds of each variant and sparsity, with one of its runs."""
    groups: dict[tuple[str, str], list[Run]] = {}
    for run in changes:
        groups.setdefault((run.variant, run.sparsity), []).append(run)
    return [
        (runs[0], np.mean([values(changes[run]) for run in runs], axis=0))
        for runs in groups.values()
    ]


def _draw_distributions(axes: Axes, changes: dict[Run, DelayChange], step: float) -> None:
    before = np.mean([change.before for change in changes.values()], axis=0)
    delay = step * np.arange(len(before))
    axes.plot(delay, before, color="#BBBBBB", linewidth=2, zorder=1, label="before training")
    for run, after in _seed_means(changes, lambda change: change.after):
        axes.plot(
            delay, after, color=style.colour(run), linestyle=style.LINES[run.dale], linewidth=0.8
        )
    axes.legend(loc="upper center")
    axes.set_ylim(0, 1.2 * axes.get_ylim()[1])
    axes.set_xlabel("delay (ms)")
    axes.set_ylabel("connections (%)")


def _draw_movement(axes: Axes, changes: dict[Run, DelayChange], step: float) -> None:
    furthest = 1
    for run, movement in _seed_means(changes, lambda change: change.movement):
        share = movement.cumsum()
        furthest = max(furthest, int((share < ALMOST_ALL).sum()))
        axes.step(
            step * np.arange(len(share)),
            share,
            where="post",
            color=style.colour(run),
            linestyle=style.LINES[run.dale],
        )
    axes.set_xlim(0, step * (furthest + 1))
    axes.set_ylim(0, 100)
    axes.set_xlabel("movement of a delay (ms)")
    axes.set_ylabel("connections moved no further (%)")

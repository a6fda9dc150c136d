"""Grouping and accuracy in controls and other conditions, beside the standard condition."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import nan

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from delaynet.analysis.grouping.kinds import KINDS
from delaynet.config.grid import STANDARD, Config, Run
from delaynet.config.variants import DELAYS
from delaynet.paper.figures import rows, style
from delaynet.paper.figures.grouping import draw_effects
from delaynet.paper.figures.loading import Effects, Results
from delaynet.paper.figures.rows import Row

ROW, SURROUNDINGS = 4.6, 17.0  # heights in mm


@dataclass(frozen=True)
class Controls:
    """What the figure shows.

    Attributes:
        effects: of each kind of grouping on Moran's I.
        accuracy: on the test clips, in percent.
        chance: accuracy of guessing, in percent.
    """

    shown: list[Row]
    effects: Effects
    accuracy: Mapping[Run, float]
    chance: float
    corpus_name: str


def load(results: Results) -> Controls:
    """Read the runs of all conditions, and the standard ones that they are compared with."""
    return Controls(
        _rows(results.config, results.runs),
        results.effects(),
        results.accuracies(),
        results.chance,
        results.corpus_name,
    )


def _rows(config: Config, runs: Sequence[Run]) -> list[Row]:
    """Return one row per condition under a heading per variant, controls first."""
    data = {run: config.resolve(run).training.data for run in runs}
    conditions = [STANDARD, *config.conditions]
    shown = []
    for network in dict.fromkeys(run.point.standard for run in runs if run.condition != STANDARD):
        own = [run for run in runs if run.point.standard == network]
        by_condition = {
            name: seeds
            for name in conditions
            if (seeds := tuple(run for run in own if run.condition == name))
        }
        shown.append(Row(style.variant_words(own[0])))
        if standard := by_condition.pop(STANDARD, ()):
            shown += [Row("standard", standard), Row("untrained", standard, "initial")]
        frozen = tuple(run for run in runs if run.point == network._replace(delays="frozen"))
        if frozen and network.delays != "frozen":
            shown.append(Row(DELAYS["frozen"].words, frozen))
        for name in sorted(by_condition, key=lambda name: data[by_condition[name][0]] == "natural"):
            seeds = by_condition[name]
            shown += rows.of_condition(name, seeds, data[seeds[0]])
    return shown


@style.styled
def draw(data: Controls) -> Figure:
    """Draw effects and accuracy of every condition: one row each, one point per seed.

    a, b, c: grouping in space, in time and in both together; d: test accuracy. Strokes are means,
    open points untrained networks. Permuted channels are analysed in true order, that of the mel
    bands, and in the order in which they were fed to the network.
    """
    figure = style.new_figure(max(ROW * len(data.shown), 30) + SURROUNDINGS)
    ratios = (*[1.0] * len(KINDS), 1.25)
    panels = figure.subplots(1, len(ratios), sharey=True, width_ratios=ratios)
    for axes, letter in zip(panels, "abcd", strict=True):
        style.panel_title(axes, letter)
    style.note(panels[-1], data.corpus_name)
    if not data.shown:
        for axes in panels:
            style.say_empty(axes, "no conditions but the standard\nin this grid")
        return figure
    rows.lay_out(panels, data.shown)
    for axes, letter, (name, kind) in zip(panels, "abc", KINDS.items(), strict=False):
        style.panel_title(axes, letter, f"{kind.words}\n({kind.label})")
        draw_effects(axes, data.shown, data.effects, name)
    for axes in panels[1:-1]:
        axes.sharex(panels[0])
    _draw_accuracy(panels[-1], data)
    return figure


def _draw_accuracy(axes: Axes, data: Controls) -> None:
    def accuracy(row: Row, run: Run) -> float:
        is_measured = row.network == "trained" and row.order == "mel"
        return data.accuracy[run] if is_measured else nan

    table = rows.table_of(data.shown, accuracy)
    rows.draw_means(axes, table)
    rows.draw_points(axes, table)
    for place in rows.empty_rows(table):
        is_initial = data.shown[place].network == "initial"
        rows.say(axes, place, "not measured" if is_initial else "as above")
    axes.set_xlim(0, 100)
    rows.chance_line(axes, data.chance)
    axes.set_xlabel("test accuracy (%)")

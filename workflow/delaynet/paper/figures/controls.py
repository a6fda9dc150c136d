"""Controls and other conditions beside the standard: grouping and accuracy."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isnan, nan
from pathlib import Path
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from delaynet.analysis.grouping.nulls import NULLS, WITHIN_NEURONS
from delaynet.config.grid import STANDARD, Config, Run
from delaynet.config.variants import DELAYS
from delaynet.paper.figures import rows, style
from delaynet.paper.figures.grouping import why_empty
from delaynet.paper.figures.loading import accuracies, chance, corpus_name, read_morans_i
from delaynet.paper.figures.rows import Row
from delaynet.paper.figures.selection import needed_runs

ROW, SURROUNDINGS = 4.6, 17.0  # heights in mm


@dataclass(frozen=True)
class Controls:
    """What the figure shows.

    Attributes:
        shown: the rows.
        tests: of Moran's I by run, network, order of the channels, and null model.
        accuracy: on the test clips, in percent.
        chance: accuracy of guessing, in percent.
        corpus_name: what the networks learned.
    """

    shown: list[Row]
    tests: Mapping[tuple[Run, str, str, str], Any]
    accuracy: Mapping[Run, float]
    chance: float
    corpus_name: str


def load(config: Config, results_folder: Path) -> Controls:
    """Read the networks of all conditions and the standard ones that they are compared with.

    Raises:
        UserError: a table or a run is missing.
    """
    runs = needed_runs("controls", config)
    tests = read_morans_i(results_folder, runs)
    return Controls(
        _rows(config, runs),
        {(test.run, test.network, test.order, test.null): test for test in tests},
        accuracies(results_folder, runs),
        chance(results_folder, runs),
        corpus_name(results_folder, runs),
    )


def _rows(config: Config, runs: Sequence[Run]) -> list[Row]:
    """Return one row per condition under a heading per network, controls first."""
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
            seeds, words = by_condition[name], style.condition_words(name)
            shown.append(Row(words, seeds))
            if data[seeds[0]] == "permuted_channels":
                shown[-1] = Row(f"{words}, true order", seeds)
                shown.append(Row(f"{words}, fed order", seeds, order="fed"))
    return shown


@style.styled
def draw(data: Controls) -> Figure:
    """Draw effect and accuracy of every condition: one row each, one point per seed.

    a, b, c: effect, Moran's I less the mean of the null models within neurons; d: test accuracy.
    Strokes are means. Untrained networks are rings. Channels that were permuted before training are
    analysed in true order, that of the mel bands, and in the order in which they were fed.
    """
    figure = style.new_figure(style.FULL_WIDTH, max(ROW * len(data.shown), 30) + SURROUNDINGS)
    ratios = (*[1.0] * len(WITHIN_NEURONS), 1.25)
    panels = figure.subplots(1, len(ratios), sharey=True, width_ratios=ratios)
    for axes, letter in zip(panels, "abcd", strict=True):
        style.panel_title(axes, letter)
    style.note(panels[-1], data.corpus_name)
    if not data.shown:
        for axes in panels:
            style.say_empty(axes, "no conditions but the standard\nin this grid")
        return figure
    rows.lay_out(panels, data.shown)
    for axes, letter, null in zip(panels, "abc", WITHIN_NEURONS, strict=False):
        style.panel_title(axes, letter, f"{NULLS[null].label}:\n{NULLS[null].question}")
        _draw_effects(axes, data, null)
    for axes in panels[1:-1]:
        axes.sharex(panels[0])
    _draw_accuracy(panels[-1], data)
    return figure


def _draw_effects(axes: Axes, data: Controls, null: str) -> None:
    def effect(row: Row, run: Run) -> float:
        test = data.tests.get((run, row.network, row.order, null))
        # without z there is nothing to permute
        return test.effect if test and not isnan(test.z) else nan

    table = rows.table_of(data.shown, effect)
    rows.zero_line(axes)
    rows.draw_means(axes, table)
    rows.draw_points(axes, table)
    for place in rows.empty_rows(table):
        row = data.shown[place]
        own = [data.tests.get((run, row.network, row.order, null)) for run in row.runs]
        rows.say(axes, place, why_empty(own))
    axes.set_xlabel("effect on Moran's I")


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

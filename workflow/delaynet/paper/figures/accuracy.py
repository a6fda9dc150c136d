"""Sparsity against test accuracy, by structure and delays, every seed shown."""

from dataclasses import dataclass
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from delaynet.config.grid import Config, Run
from delaynet.config.variants import SIGNS
from delaynet.paper.figures import style
from delaynet.paper.figures.loading import accuracies, chance, corpus_name
from delaynet.paper.figures.selection import needed_runs
from delaynet.paper.figures.sparsity import draw_seeds, sparsity_axis


@dataclass(frozen=True)
class Accuracy:
    """What the figure shows: test accuracy of each run and of guessing, in percent."""

    accuracy: dict[Run, float]
    chance: float
    corpus_name: str


def load(config: Config, results_folder: Path) -> Accuracy:
    """Read the summaries of all standard runs.

    Raises:
        UserError: a run is missing.
    """
    runs = needed_runs("accuracy", config)
    return Accuracy(
        accuracies(results_folder, runs),
        chance(results_folder, runs),
        corpus_name(results_folder, runs),
    )


@style.styled
def draw(data: Accuracy) -> Figure:
    """Draw one panel for free signs and one for Dale's principle.

    Points are seeds, lines join their means. Density halves at even steps along x. Dense networks
    stand at the left, and their means go on as thin lines for comparison.
    """
    figure = style.new_figure(style.FULL_WIDTH, 85)
    panels = figure.subplots(1, 2, sharex=True, sharey=True)
    for axes, letter, signs in zip(panels, "ab", SIGNS, strict=True):
        style.panel_title(axes, letter, SIGNS[signs].words)
        accuracy = {run: value for run, value in data.accuracy.items() if run.signs == signs}
        if accuracy:
            draw_seeds(axes, accuracy, "test accuracy (%)")
            sparsity_axis(axes, data.accuracy)
            _dense_references(axes, accuracy)
            style.chance_line(axes, data.chance, "left")
        else:
            style.say_empty(axes, f"no networks with {SIGNS[signs].words} in this grid")
    panels[0].set_ylim(0, min(100.0, 1.08 * max(*data.accuracy.values(), data.chance)))
    style.note(panels[1], data.corpus_name)
    style.variant_legend(figure, data.accuracy)
    return figure


def _dense_references(axes: Axes, accuracy: dict[Run, float]) -> None:
    """Carry the mean of each dense variant across the panel."""
    dense = [run for run in accuracy if run.structure == "dense"]
    for delays in dict.fromkeys(run.delays for run in dense):
        runs = [run for run in dense if run.delays == delays]
        mean = sum(accuracy[run] for run in runs) / len(runs)
        axes.axhline(mean, color=style.COLOURS[runs[0].variant], linewidth=0.5, zorder=1)

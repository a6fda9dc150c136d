"""Loss and accuracy over the epochs of training, by variant."""

import csv
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from delaynet.config.grid import Config, Run
from delaynet.config.variants import SIGNS
from delaynet.paper.figures import style
from delaynet.paper.figures.loading import chance, corpus_name, run_file
from delaynet.paper.figures.selection import needed_runs
from delaynet.paper.words import percent

# rows of the figure: column of metrics.csv -> axis label, factor to the label's unit
CURVES = {
    "training_loss": ("training loss", 1),
    "training_accuracy": ("training\naccuracy (%)", 100),
    "validation_accuracy": ("validation\naccuracy (%)", 100),
}

Curve = NDArray[np.float64]


@dataclass(frozen=True)
class Training:
    """What the figure shows: curves by run and column of `metrics.csv`, [epochs], as written."""

    curves: dict[Run, dict[str, Curve]]
    chance: float
    corpus_name: str


def load(config: Config, results_folder: Path) -> Training:
    """Read the metrics of the dense runs and of those at the shown sparsity.

    Raises:
        UserError: a run is not there.
    """
    runs = needed_runs("training", config)
    return Training(
        {run: _read_curves(run_file(results_folder, run, "metrics.csv")) for run in runs},
        chance(results_folder, runs),
        corpus_name(results_folder, runs),
    )


def _read_curves(path: Path) -> dict[str, Curve]:
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    return {name: np.array([float(row[name]) for row in rows]) for name in ("epoch", *CURVES)}


@style.styled
def draw(data: Training) -> Figure:
    """Draw a row of panels a curve, a column for free signs and one for Dale's principle.

    Strong lines are means over seeds, thin ones single seeds.
    """
    figure = style.new_figure(style.FULL_WIDTH, 125)
    panels = figure.subplots(len(CURVES), 2, sharex=True, sharey="row")
    for column, signs in enumerate(SIGNS):
        curves = {run: values for run, values in data.curves.items() if run.signs == signs}
        style.panel_title(panels[0, column], "ad"[column], SIGNS[signs].words)
        for axes, letter in zip(panels[1:, column], ("bc", "ef")[column], strict=True):
            style.panel_title(axes, letter)
        for axes, name in zip(panels[:, column], CURVES, strict=True):
            if not curves:
                style.say_empty(axes, f"no networks with {SIGNS[signs].words} in this grid")
                continue
            _draw_curves(axes, curves, name)
            if name != "training_loss":
                style.chance_line(axes, data.chance, "right")
        panels[-1, column].set_xlabel("epoch")
        panels[-1, column].xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    for axes, (words, _) in zip(panels[:, 0], CURVES.values(), strict=True):
        axes.set_ylabel(words)
        axes.set_ylim(bottom=0)
    sparsities = sorted({run.sparsity for run in data.curves}, key=float)
    style.note(panels[0, 0], f"sparsity {' and '.join(map(percent, sparsities))} %")
    style.note(panels[0, 1], data.corpus_name)
    figure.align_ylabels(panels[:, 0])
    style.variant_legend(figure, data.curves, marker=False)
    return figure


def _draw_curves(axes: Axes, curves: dict[Run, dict[str, Curve]], name: str) -> None:
    factor = CURVES[name][1]
    for variant in dict.fromkeys((run.variant, run.sparsity) for run in curves):
        runs = [run for run in curves if (run.variant, run.sparsity) == variant]
        seeds = np.stack([factor * curves[run][name] for run in runs])  # [seeds, epochs]
        epoch = curves[runs[0]]["epoch"]
        own = style.colour(runs[0])
        axes.plot(epoch, seeds.T, color=own, linewidth=0.4, alpha=0.5, zorder=2)
        # one epoch alone makes no line
        axes.plot(epoch, seeds.mean(0), color=own, zorder=3, marker="." if len(epoch) == 1 else "")

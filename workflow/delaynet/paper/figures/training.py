"""Loss and accuracy over the epochs of training, by variant."""

from dataclasses import dataclass
from typing import Any

import pandas as pd
import seaborn
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from delaynet.config.grid import Run
from delaynet.config.variants import SIGNS
from delaynet.paper.figures import style
from delaynet.paper.figures.loading import Results
from delaynet.paper.words import percent

# column of metrics.csv -> axis label, factor to the label's unit; one column of panels each
CURVES = {
    "training_loss": ("training loss", 1),
    "training_accuracy": ("training\naccuracy (%)", 100),
    "validation_accuracy": ("validation\naccuracy (%)", 100),
}


@dataclass(frozen=True)
class Training:
    """What the figure shows: `metrics.csv` of each run, and chance accuracy in percent."""

    metrics: dict[Run, pd.DataFrame]
    chance: float
    corpus_name: str


def load(results: Results) -> Training:
    """Read the metrics of the dense runs and of those at the shown sparsity."""
    metrics = {run: pd.read_csv(results.file(run, "metrics.csv")) for run in results.runs}
    return Training(metrics, results.chance, results.corpus_name)


@style.styled
def draw(data: Training) -> Figure:
    """Draw one column of panels per curve, one row for free signs and one for Dale's principle.

    Thick lines are means over seeds, thin ones single seeds.
    """
    figure = style.new_figure(70)
    panels = figure.subplots(2, len(CURVES), sharex=True, sharey="col")
    for row, letters, signs in zip(panels, ("abc", "def"), SIGNS, strict=True):
        own = [
            metrics.assign(variant=run.variant, seed=run.seed)
            for run, metrics in data.metrics.items()
            if run.signs == signs
        ]
        for axes, letter, name in zip(row, letters, CURVES, strict=True):
            style.panel_title(axes, letter, SIGNS[signs].words if name == "training_loss" else "")
            if not own:
                style.say_empty(axes, f"no networks with {SIGNS[signs].words} in this grid")
                continue
            _draw_curves(axes, pd.concat(own, ignore_index=True), name)
            if name != "training_loss":
                style.chance_line(axes, data.chance, "right")
    for axes in panels[0]:
        axes.set_ylim(bottom=0)
        # automatic ticks would change after the layout, and with them the width of labels
        axes.yaxis.set_major_locator(MaxNLocator(4))
    sparsities = sorted({run.sparsity for run in data.metrics}, key=float)
    style.note(panels[0, 0], f"sparsity {' and '.join(map(percent, sparsities))} %")
    style.note(panels[0, -1], data.corpus_name)
    figure.align_ylabels(panels)
    style.variant_legend(figure, data.metrics, points=False)
    return figure


def _draw_curves(axes: Axes, metrics: pd.DataFrame, name: str) -> None:
    words, factor = CURVES[name]
    metrics = metrics.assign(**{words: factor * metrics[name]})
    look: dict[str, Any] = {"x": "epoch", "y": words, "hue": "variant", "palette": style.COLOURS}
    look |= {"legend": False, "ax": axes}
    seaborn.lineplot(metrics, units="seed", estimator=None, linewidth=0.4, alpha=0.5, **look)
    # a single epoch gives no line
    marker = "." if metrics["epoch"].nunique() == 1 else ""
    seaborn.lineplot(metrics, errorbar=None, marker=marker, **look)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))

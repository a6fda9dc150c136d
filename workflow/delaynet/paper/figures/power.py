"""Power of the tests of grouping against the number of close pairs, and what networks have."""

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from delaynet.analysis.grouping.nulls import NULLS
from delaynet.analysis.grouping.points import MINIMAL_PAIRS
from delaynet.analysis.grouping.power import POWER
from delaynet.config.grid import Config, Run
from delaynet.paper.figures import style
from delaynet.paper.figures.loading import corpus_name, read_morans_i, require
from delaynet.paper.figures.selection import needed_runs

# light to dark by size of the effect, away from the hues of variants
EFFECT_COLOURS = ("#D9B8E8", "#A566C4", "#5B1A7A", "#2A0A3A")
EFFECT_MARKERS = ("o", "s", "^", "D")


class CurvePoint(NamedTuple):
    """Power at one number of close pairs, with its interval, in percent."""

    close_pairs: float
    power: float
    low: float
    high: float


@dataclass(frozen=True)
class PowerFigure:
    """What the figure shows.

    Attributes:
        curves: by null model and planted effect.
        close_pairs: of trained networks.
        corpus_name: what the networks learned.
    """

    curves: Mapping[tuple[str, str], Sequence[CurvePoint]]
    close_pairs: Mapping[Run, float]
    corpus_name: str


def load(config: Config, results_folder: Path) -> PowerFigure:
    """Read the calculation of power, and the pairs of the trained networks of the grid.

    Raises:
        UserError: a table or a run is not there.
    """
    curves: dict[tuple[str, str], list[CurvePoint]] = {}
    with require(results_folder / "power.csv").open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            shares = (100 * float(row[name]) for name in ("power", "low", "high"))
            point = CurvePoint(float(row["close_pairs"]), *shares)
            curves.setdefault((row["null"], row["effect"]), []).append(point)
    runs = needed_runs("power", config)
    tests = read_morans_i(results_folder, runs)
    return PowerFigure(
        {key: sorted(points) for key, points in curves.items()},
        {test.run: float(test.close_pairs) for test in tests if test.network == "trained"},
        corpus_name(results_folder, runs),
    )


@style.styled
def draw(data: PowerFigure) -> Figure:
    """Draw a panel of power a null model, and a panel of the pairs that networks have.

    a, b: share of simulated networks in which Moran's I finds the planted grouping, with its
    interval, for the effects planted against each null model. Last: pairs close enough to be
    tested, a point a trained network, open under Dale's principle. Broken lines: from so many pairs
    on a network is tested.
    """
    nulls = list(dict.fromkeys(null for null, _ in data.curves))
    figure = style.new_figure(style.FULL_WIDTH, 80)
    panels = figure.subplots(1, len(nulls) + 1, width_ratios=(*[1.0] * len(nulls), 1.9))
    for axes, letter, null in zip(panels, "abcdef", nulls, strict=False):
        style.panel_title(axes, letter, f"against {NULLS[null].label}")
        curves = {effect: points for (own, effect), points in data.curves.items() if own == null}
        _draw_power(axes, curves)
        if axes is not panels[0]:
            axes.sharey(panels[0])
            axes.tick_params(labelleft=False)
    panels[0].set_ylabel("power (%)")
    panels[0].set_ylim(0, 103)
    close: dict[str, Any] = {"borderaxespad": 0, "borderpad": 0.2, "labelspacing": 0.2}
    for axes in panels[:-1]:
        axes.legend(title="planted effect", title_fontsize=6.5, loc="upper left", **close)
    style.panel_title(panels[-1], "abcdef"[len(nulls)])
    _draw_pairs(panels[-1], data.close_pairs)
    style.note(panels[-1], data.corpus_name)
    style.variant_legend(figure, data.close_pairs, dale=True)
    return figure


def _draw_power(axes: Axes, curves: Mapping[str, Sequence[CurvePoint]]) -> None:
    axes.axhline(100 * POWER, color=style.GREY, linewidth=0.6, linestyle=(0, (1, 2)))
    axes.axvline(MINIMAL_PAIRS, color=style.GREY, linewidth=0.7, linestyle=(0, (3, 2)))
    looks = zip(EFFECT_COLOURS[-len(curves) :], EFFECT_MARKERS, strict=False)
    ascending = sorted(curves, key=float)
    for effect, (colour, marker) in zip(ascending, looks, strict=False):
        points = np.array(curves[effect])  # [points, 4]
        pairs, power, low, high = points.T
        axes.fill_between(pairs, low, high, color=colour, alpha=0.25, linewidth=0)
        axes.plot(pairs, power, color=colour, marker=marker, markersize=2.5, label=effect)
    axes.set_xscale("log")
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
    axes.set_xlabel("close pairs")


def _draw_pairs(axes: Axes, close_pairs: Mapping[Run, float]) -> None:
    style.sparsity_axis(axes, close_pairs)
    style.seed_points(axes, close_pairs, dale_by_fill=True)
    # one below which counts are drawn evenly, for networks without pairs
    axes.set_yscale("symlog", linthresh=1)
    axes.set_ylim(-0.3, 2 * max(*close_pairs.values(), MINIMAL_PAIRS))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
    axes.axhline(MINIMAL_PAIRS, color=style.GREY, linewidth=0.7, linestyle=(0, (3, 2)), zorder=1)
    axes.annotate(
        f"testable from {MINIMAL_PAIRS} on",
        (0, MINIMAL_PAIRS),
        (2, -2),
        xycoords=("axes fraction", "data"),
        textcoords="offset points",
        va="top",
        color=style.GREY,
        fontsize=6,
    )
    axes.set_ylabel("close pairs of a network")

"""Grouping of excitation and inhibition: Moran's I against the null models, and correlograms."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import isnan, nan
from pathlib import Path
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator

from delaynet.analysis.claims.terms import TYPICAL_Z
from delaynet.analysis.grouping.nulls import NULLS, PERMUTING, valid_nulls
from delaynet.config.grid import Config, Run
from delaynet.data.features.frames import step_seconds
from delaynet.paper.figures import rows, style
from delaynet.paper.figures.correlogram import (
    Correlogram,
    draw_map,
    draw_scale,
    read_correlogram,
    scale_of,
)
from delaynet.paper.figures.loading import corpus_name, read_morans_i
from delaynet.paper.figures.rows import Row
from delaynet.paper.figures.selection import needed_runs

SEEN = "learned-dense-free"  # the variant of the correlograms, if the grid holds it
NETWORKS = ("initial", "trained")
OUTLINED = "outside of the null model's band in most seeds"
ROW, MAPS, LEGEND = 4.2, 36.0, 6.0  # heights in mm
AROUND_ROWS, AROUND_MAPS, MOST_OF_ROWS = 20.0, 13.0, 150.0

Tests = Mapping[tuple[Run, str, str], Any]


@dataclass(frozen=True)
class GroupingFigure:
    """What the figure shows.

    Attributes:
        runs: those shown.
        tests: of Moran's I by run, network and null model; those that are not valid are missing.
        seen: one run of the variant of the correlograms.
        correlograms: before and after training.
        step_milliseconds: duration of a step.
        corpus_name: what the networks learned.
    """

    runs: list[Run]
    tests: Tests
    seen: Run
    correlograms: tuple[Correlogram, Correlogram]
    step_milliseconds: float
    corpus_name: str


def load(config: Config, results_folder: Path) -> GroupingFigure:
    """Read the tests of the dense runs and of those at the shown sparsity.

    Raises:
        UserError: a table or a run is missing.
    """
    runs = needed_runs("grouping", config)
    tests = read_morans_i(results_folder, runs)
    seen = next((run for run in runs if run.variant == SEEN), runs[0])
    seeds = [run for run in runs if run.point == seen.point]
    before, after = (read_correlogram(results_folder, seeds, name) for name in NETWORKS)
    return GroupingFigure(
        runs,
        {(test.run, test.network, test.null): test for test in tests},
        seen,
        (before, after),
        1000 * step_seconds(config.features),
        corpus_name(results_folder, runs),
    )


@style.styled
def draw(data: GroupingFigure) -> Figure:
    """Draw tests as rows of points above, correlograms below.

    a: z of Moran's I against each null model that is valid, trained networks in colour and initial
    ones as grey rings, a point a seed; 1.645 is the one-sided 5 % point. b: the effect, Moran's I
    less the mean of the first of these null models; lines join a seed's initial and trained
    network. c, d: correlogram less the mean of its null model, mean over seeds; outlined lags lie
    outside of the null model's simultaneous 95 % band in most seeds; at grey ones there is no pair.
    """
    shown = rows.grouped(data.runs)
    heights = (min(ROW * len(shown), MOST_OF_ROWS) + AROUND_ROWS, MAPS + AROUND_MAPS, LEGEND)
    figure, (above, below, _) = style.stacked(heights)
    ratios = (*[1.0] * len(PERMUTING), 1.25)
    panels = above.subplots(1, len(ratios), sharey=True, width_ratios=ratios)
    rows.lay_out(panels, shown)
    for axes, null in zip(panels, PERMUTING, strict=False):
        _draw_z(axes, shown, data.tests, null)
        axes.sharex(panels[0])
        words = NULLS[null].words.replace(" ", "\n", 1)
        style.panel_title(axes, "a" if axes is panels[0] else "", f"{NULLS[null].label}: {words}")
    _draw_effect(panels[-1], shown, data.tests)
    style.panel_title(panels[-1], "b", "before and\nafter training")
    maps = below.subplots(1, 2, sharey=True)
    scale = scale_of(data.correlograms)
    words = f": {style.variant_words(data.seen)}"
    for axes, letter, when, values in zip(
        maps, "cd", ("before", "after"), data.correlograms, strict=True
    ):
        draw_map(axes, values, data.step_milliseconds, scale)
        style.panel_title(axes, letter, f"{when} training{words}")
        words = ""
    maps[1].set_ylabel("")
    draw_scale(maps)
    style.note(maps[1], data.corpus_name)
    _draw_legend(figure)
    return figure


def _draw_legend(figure: Figure) -> None:
    ring: dict[str, Any] = {
        "markerfacecolor": "white",
        "markeredgecolor": rows.INITIAL,
        "markeredgewidth": 0.6,
    }
    dashes: dict[str, Any] = {"color": style.GREY, "linewidth": 0.7, "linestyle": (0, (3, 2))}
    handles = [
        Line2D([], [], linestyle="", marker="o", label="before training", **ring),
        Line2D([], [], linestyle="", marker="o", color="black", label="after training"),
        Line2D([], [], label=f"z = {TYPICAL_Z}", **dashes),
        Patch(facecolor="none", edgecolor="black", linewidth=0.7, label=OUTLINED),
    ]
    figure.legend(handles=handles, loc="lower center", ncols=len(handles))


def _draw_z(axes: Axes, shown: list[Row], tests: Tests, null: str) -> None:
    rows.zero_line(axes)
    axes.axvline(TYPICAL_Z, color=style.GREY, linewidth=0.7, linestyle=(0, (3, 2)))

    def z_of(network: str) -> pd.DataFrame:
        z = {run: test.z for (run, *key), test in tests.items() if key == [network, null]}
        return rows.table_of(shown, lambda row, run: z.get(run, nan)).assign(network=network)

    before, after = map(z_of, NETWORKS)
    rows.draw_points(axes, pd.concat([before, after], ignore_index=True))
    for place in rows.empty_rows(after):
        own = [tests.get((run, "trained", null)) for run in shown[place].runs]
        rows.say(axes, place, why_empty(own))
    axes.set_xlabel("z of I")


def why_empty(tests: list[Any]) -> str:
    """Say why no seed of a row has a z; None where it has no tests."""
    made = [test for test in tests if test is not None]
    if not made:
        return "not valid"
    return "not testable" if all(isnan(test.observed) for test in made) else "nothing to permute"


def _draw_effect(axes: Axes, shown: list[Row], tests: Tests) -> None:
    rows.zero_line(axes)

    def effect_of(network: str) -> pd.DataFrame:
        def effect(row: Row, run: Run) -> float:
            null = valid_nulls(under_dale=run.signs == "dale")[0]
            return float(tests[run, network, null].effect)

        return rows.table_of(shown, effect).assign(network=network)

    before, after = map(effect_of, NETWORKS)
    rows.join_seeds(axes, pd.concat([before, after], ignore_index=True))
    rows.draw_points(axes, pd.concat([before, after], ignore_index=True))
    for place in rows.empty_rows(after):
        rows.say(axes, place, "not testable")
    axes.set_xlabel("effect on I")
    axes.xaxis.set_major_locator(MaxNLocator(4))

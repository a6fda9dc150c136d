"""Power of the tests of grouping by the number of close pairs, and the pairs of networks."""

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd
import seaborn
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from delaynet.analysis.grouping.nulls import NULLS
from delaynet.analysis.grouping.points import MINIMAL_PAIRS
from delaynet.analysis.grouping.power import POWER
from delaynet.config.files import require
from delaynet.config.grid import Run
from delaynet.paper.figures import style
from delaynet.paper.figures.loading import Results
from delaynet.paper.figures.sparsity import draw_seeds, sparsity_axis

EFFECTS = "#5B1A7A"  # colour of the largest effect, unlike those of variants


@dataclass(frozen=True)
class PowerFigure:
    """What the figure shows.

    Attributes:
        curves: `power.csv`, with power and its interval in percent.
        close_pairs: of trained networks.
    """

    curves: pd.DataFrame
    close_pairs: Mapping[Run, float]
    corpus_name: str


def load(results: Results) -> PowerFigure:
    """Read the power, and the pairs of the trained networks of the grid."""
    curves = pd.read_csv(require(results.folder / "power.csv"), dtype={"effect": str})
    curves[["power", "low", "high"]] *= 100
    return PowerFigure(curves, results.close_pairs(), results.corpus_name)


@style.styled
def draw(data: PowerFigure) -> Figure:
    """Draw one panel of power per null model, and one of the close pairs of networks.

    a, b, c: share of simulated networks in which the planted grouping is significant, with its
    interval, for the effects planted against each null model. Last: close pairs of trained
    networks, one point each, open under Dale's principle. Broken lines mark the number of pairs
    from which on networks are tested.
    """
    nulls = data.curves["null"].unique()
    figure = style.new_figure(60)
    panels = figure.subplots(1, len(nulls) + 1, width_ratios=(*[1.0] * len(nulls), 1.9))
    for axes, letter, null in zip(panels, "abcdef", nulls, strict=False):
        style.panel_title(axes, letter, f"against {NULLS[null].label}")
        if axes is not panels[0]:
            axes.sharey(panels[0])
            axes.tick_params(labelleft=False)
        _draw_power(axes, data.curves[data.curves["null"] == null])
    panels[0].set_ylim(0, 103)
    style.panel_title(panels[-1], "abcdef"[len(nulls)])
    _draw_pairs(panels[-1], data.close_pairs)
    style.note(panels[-1], data.corpus_name)
    style.variant_legend(figure, data.close_pairs)
    return figure


def _draw_power(axes: Axes, curves: pd.DataFrame) -> None:
    axes.axhline(100 * POWER, color=style.GREY, linewidth=0.6, linestyle=(0, (1, 2)))
    axes.axvline(MINIMAL_PAIRS, color=style.GREY, linewidth=0.7, linestyle=(0, (3, 2)))
    effects = sorted(curves["effect"].unique(), key=float)
    colours = dict(zip(effects, seaborn.light_palette(EFFECTS, len(effects) + 1)[1:], strict=True))
    for effect, own in curves.groupby("effect"):
        interval = own.sort_values("close_pairs")
        pairs, low, high = (interval[name] for name in ("close_pairs", "low", "high"))
        axes.fill_between(pairs, low, high, color=colours[effect], alpha=0.25, linewidth=0)
    names = {"effect": "planted effect", "close_pairs": "close pairs", "power": "power (%)"}
    seaborn.lineplot(
        curves.rename(columns=names),
        x="close pairs",
        y="power (%)",
        hue="planted effect",
        hue_order=effects,
        palette=colours,
        style="planted effect",
        style_order=effects,
        markers=["o", "s", "^", "D"][: len(effects)],
        dashes=False,
        errorbar=None,
        ax=axes,
    )
    close = {"borderaxespad": 0, "borderpad": 0.2, "labelspacing": 0.2}
    seaborn.move_legend(axes, "best", title_fontsize=6.5, **close)
    axes.set_xscale("log")
    axes.xaxis.set_major_formatter("{x:,.0f}")


def _draw_pairs(axes: Axes, close_pairs: Mapping[Run, float]) -> None:
    draw_seeds(axes, close_pairs, "close pairs of a network")
    sparsity_axis(axes, close_pairs)
    # linear below one, for networks without pairs
    axes.set_yscale("symlog", linthresh=1)
    axes.set_ylim(-0.3, 2 * max(*close_pairs.values(), MINIMAL_PAIRS))
    axes.yaxis.set_major_formatter("{x:,.0f}")
    axes.axhline(MINIMAL_PAIRS, color=style.GREY, linewidth=0.7, linestyle=(0, (3, 2)), zorder=1)
    words, place = f"testable from {MINIMAL_PAIRS} on", ("axes fraction", "data")
    look = {"va": "top", "color": style.GREY}
    style.write_at(axes, words, (0, MINIMAL_PAIRS), (2, -2), place, **look)

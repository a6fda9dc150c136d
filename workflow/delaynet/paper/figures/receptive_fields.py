"""Receptive fields of hidden neurons before and after training, as maps of channel and delay."""

from dataclasses import dataclass
from math import isnan
from typing import Any, NamedTuple

import numpy as np
import seaborn
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from delaynet.analysis.grouping.draws import draws
from delaynet.analysis.grouping.measures import measures
from delaynet.analysis.grouping.nulls import valid_nulls, z_score
from delaynet.analysis.grouping.points import marked_points
from delaynet.analysis.grouping.receptive_fields import FloatArray, ReceptiveFields, as_image
from delaynet.config.grid import Run
from delaynet.paper.figures import style
from delaynet.paper.figures.loading import Results

NEURONS = 3
PERMUTATIONS = 1_000
SYNAPSES_TO_TEST = 10  # neurons with fewer have no statistic
BLOCKS_PER_ROW = 3  # variants side by side
MAPS_HEIGHT, MARGIN_ABOVE, GAP, MARGIN_BELOW = 42.0, 11.0, 16.0, 14.5  # mm
LARGEST = 5.0  # area of the strongest synapse's disc, in square points
LEAST = 0.12  # of that area, for the weakest


class Field(NamedTuple):
    """One neuron.

    Attributes:
        image: effective weights relative to the strongest, [channels, delays].
        moran_i: Moran's I of its synapses; NaN with too few.
        z: of Moran's I against the primary null model.
    """

    image: FloatArray
    moran_i: float
    z: float


class Maps(NamedTuple):
    """The same neurons before and after training."""

    before: tuple[Field, ...]
    after: tuple[Field, ...]


@dataclass(frozen=True)
class ReceptiveFieldMaps:
    """What the figure shows."""

    maps: dict[Run, Maps]
    step_milliseconds: float
    corpus_name: str


def load(results: Results) -> ReceptiveFieldMaps:
    """Read the maps of the first seed of the shown variants."""
    maps = {run: _maps(run, *results.before_and_after(run)) for run in results.runs}
    return ReceptiveFieldMaps(maps, results.step_milliseconds, results.corpus_name)


def _maps(run: Run, before: ReceptiveFields, after: ReceptiveFields) -> Maps:
    synapses = (after.sign != 0).sum(axis=1)
    chosen = np.lexsort((-after.firing_rate, -synapses, after.silent))[:NEURONS]
    chosen = chosen[~after.silent[chosen]]
    return Maps(*(_fields(run, fields, chosen) for fields in (before, after)))


def _fields(run: Run, fields: ReceptiveFields, chosen: NDArray[np.intp]) -> tuple[Field, ...]:
    images = as_image(fields)[chosen]
    strongest = np.abs(images).max(axis=(1, 2), keepdims=True, initial=0)
    images = (images / np.where(strongest > 0, strongest, 1)).astype(np.float32)
    null = valid_nulls(under_dale=run.signs == "dale")[0]
    return tuple(
        Field(image, *_statistic(fields, int(neuron), null, run.seed))
        for image, neuron in zip(images, chosen, strict=True)
    )


def _statistic(fields: ReceptiveFields, neuron: int, null: str, seed: int) -> tuple[float, float]:
    """Return Moran's I of one neuron and its z; NaN with too few synapses."""
    points = marked_points(fields, np.arange(len(fields.sign)) == neuron)
    if points.synapses < SYNAPSES_TO_TEST:
        return np.nan, np.nan
    observed = float(measures(points).morans_i)
    test = ("morans_i", null)
    drawn = draws(points, {test: PERMUTATIONS}, seed)[test]
    return observed, float(z_score(observed, drawn))


@style.styled
def draw(data: ReceptiveFieldMaps) -> Figure:
    """Draw the neurons with most synapses after training, before (above) and after (below) it.

    Of neurons with equally many synapses, those that fire most are drawn; silent neurons never are.
    A disc is a synapse: red excites, blue inhibits; its area is the effective weight relative to
    the strongest in the map. Above each map: Moran's I of the neuron, and z against 1,000
    permutations of its signs (of its delays under Dale's principle); a dash if it has too few
    synapses.
    """
    lines = -(-len(data.maps) // BLOCKS_PER_ROW)
    height = MARGIN_ABOVE + lines * (MAPS_HEIGHT + GAP) - GAP + MARGIN_BELOW
    figure = style.new_figure(height)
    figure.set_layout_engine("none")
    blocks = figure.add_gridspec(
        lines,
        BLOCKS_PER_ROW,
        left=0.075,
        right=0.995,
        bottom=MARGIN_BELOW / height,
        top=1 - MARGIN_ABOVE / height,
        wspace=0.08,
        hspace=GAP / MAPS_HEIGHT,
    )
    for index, (run, maps) in enumerate(data.maps.items()):
        row, column = divmod(index, BLOCKS_PER_ROW)
        inner = blocks[row, column].subgridspec(2, NEURONS, wspace=0.08, hspace=0.24)
        panels = inner.subplots(sharex=True, sharey=True, squeeze=False)
        _draw_maps(panels, maps, data.step_milliseconds, is_leftmost=column == 0)
        _write_title(figure, panels, run, 1 / height)
    figure.text(0.5, 6.5 / height, "delay (ms)", ha="center", va="bottom")
    note: dict[str, Any] = {"ha": "right", "va": "bottom", "color": style.GREY, "fontsize": 6}
    figure.text(0.995, 1 / height, data.corpus_name, **note)
    _draw_legend(figure)
    return figure


def _draw_maps(panels: NDArray[Any], maps: Maps, step: float, is_leftmost: bool) -> None:
    for words, row, fields in zip(("before", "after"), panels, maps, strict=True):
        for column, axes in enumerate(row):
            axes.spines[:].set_visible(True)
            axes.tick_params(left=column == 0, labelleft=column == 0 and is_leftmost)
            if column >= len(fields):
                style.say_empty(axes, "no other\nneuron fires")
                continue
            _draw_field(axes, fields[column], step)
        if is_leftmost:
            row[0].set_ylabel(f"{words} training\nmel band")


def _draw_field(axes: Axes, field: Field, step: float) -> None:
    channels, delays = field.image.shape
    channel, delay = np.nonzero(field.image)
    weight = field.image[channel, delay]
    seaborn.scatterplot(
        x=step * delay,
        y=channel,
        size=np.abs(weight),
        sizes=(LEAST * LARGEST, LARGEST),
        size_norm=(0, 1),
        hue=np.sign(weight),
        palette={1: style.EXCITATORY, -1: style.INHIBITORY},
        linewidth=0,
        legend=False,
        ax=axes,
    )
    axes.set_xlim(-step, delays * step)
    axes.set_ylim(-1.2, channels + 0.2)
    axes.xaxis.set_major_locator(MaxNLocator(2, steps=[1, 2, 5, 10]))
    style.write_at(axes, _words(field), (0.5, 1), (0, 1), ha="center", va="bottom")


def _words(field: Field) -> str:
    if isnan(field.moran_i):
        return "–"
    z = "–" if isnan(field.z) else style.rounded(field.z, 1)
    return f"I {style.rounded(field.moran_i, 2)}, z {z}"


def _write_title(figure: Figure, panels: NDArray[Any], run: Run, millimetre: float) -> None:
    """Write the variant's name above its block, on a line of its colour."""
    left, right = (panels[0, index].get_position() for index in (0, -1))
    top = left.y1 + 3.4 * millimetre
    figure.text(left.x0, top + millimetre, style.variant_words(run, "\n"), va="bottom")
    line = Line2D((left.x0, right.x1), (top, top), color=style.COLOURS[run.variant], linewidth=1.5)
    figure.add_artist(line)


def _draw_legend(figure: Figure) -> None:
    handles = [
        Line2D([], [], linestyle="", marker="o", markeredgewidth=0, color=colour, label=words)
        for words, colour in (("excites", style.EXCITATORY), ("inhibits", style.INHIBITORY))
    ]
    figure.legend(handles=handles, loc="lower center", ncols=2, borderaxespad=0.2)

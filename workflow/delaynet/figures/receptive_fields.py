"""Receptive fields of hidden neurons before and after training: channel x delay maps."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from matplotlib.cm import ScalarMappable
from matplotlib.colors import LinearSegmentedColormap, Normalize
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from delaynet.config import Config, Run
from delaynet.figures import style
from delaynet.figures.loading import corpus_name, fields_before_and_after
from delaynet.figures.selection import needed_runs
from delaynet.structure.receptive_fields import FloatArray, ReceptiveFields, as_image

NEURONS = 3
BLOCKS_PER_ROW = 3  # variants side by side
MAPS_HEIGHT, MARGIN_ABOVE, GAP, MARGIN_BELOW = 57.0, 10.0, 15.0, 17.0  # mm
# Not white at 0, so that a weak synapse differs from none.
SIGNED = LinearSegmentedColormap.from_list(
    "signed",
    [(0, style.INHIBITORY), (0.5, "#C6D6EE"), (0.5, "#F4CDD0"), (1, style.EXCITATORY)],
)


class Maps(NamedTuple):
    """Maps of some neurons of one run, [neurons, channels, delays], in units of the strongest."""

    before: FloatArray
    after: FloatArray


@dataclass(frozen=True)
class ReceptiveFieldMaps:
    """What the figure shows."""

    maps: dict[Run, Maps]
    step_milliseconds: float
    corpus_name: str


def load(config: Config, results_folder: Path) -> ReceptiveFieldMaps:
    """Read the maps of the first seed of the variants to see.

    Raises:
        UserError: a run is not there.
    """
    runs = needed_runs("receptive_fields", config)
    maps = {run: _maps(*fields_before_and_after(results_folder, run)) for run in runs}
    step = 1000 * config.features.step_seconds
    return ReceptiveFieldMaps(maps, step, corpus_name(results_folder, runs))


def _maps(before: ReceptiveFields, after: ReceptiveFields) -> Maps:
    synapses = (after.sign != 0).sum(axis=1)
    chosen = np.lexsort((-after.firing_rate, -synapses, after.silent))[:NEURONS]
    chosen = chosen[~after.silent[chosen]]
    return Maps(*(_relative(as_image(fields)[chosen]) for fields in (before, after)))


def _relative(image: FloatArray) -> FloatArray:
    """Return weights as a share of each map's strongest."""
    strongest = np.abs(image).max(axis=(1, 2), keepdims=True)
    return (image / np.where(strongest > 0, strongest, 1)).astype(np.float32)


@style.styled
def draw(data: ReceptiveFieldMaps) -> Figure:
    """Draw the neurons with most synapses after training, before (above) and after (below) it.

    Among equals those that fire most are drawn, silent neurons never. The same three neurons of a
    network stand in the same columns. Colour is the effective weight as a share of the strongest
    in its map: red excites, blue inhibits.
    """
    rows = -(-len(data.maps) // BLOCKS_PER_ROW)
    height = MARGIN_ABOVE + rows * (MAPS_HEIGHT + GAP) - GAP + MARGIN_BELOW
    figure = style.new_figure(style.FULL_WIDTH, height)
    figure.set_layout_engine("none")
    blocks = figure.add_gridspec(
        rows,
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
        inner = blocks[row, column].subgridspec(2, NEURONS, wspace=0.08, hspace=0.06)
        panels = inner.subplots(sharex=True, sharey=True, squeeze=False)
        _draw_maps(panels, maps, data.step_milliseconds, is_leftmost=column == 0)
        _write_title(figure, panels, run, 1 / height)
    figure.text(0.5, 9.5 / height, "delay (ms)", ha="center", va="bottom")
    note: dict[str, Any] = {"ha": "right", "va": "bottom", "color": style.GREY, "fontsize": 6}
    figure.text(0.995, 1 / height, data.corpus_name, **note)
    _draw_scale(figure, height)
    return figure


def _draw_maps(panels: NDArray[Any], maps: Maps, step: float, is_leftmost: bool) -> None:
    for words, row, images in zip(("before", "after"), panels, maps, strict=True):
        for column, axes in enumerate(row):
            axes.spines[:].set_visible(True)
            axes.tick_params(left=column == 0, labelleft=column == 0 and is_leftmost)
            if column >= len(images):
                style.say_empty(axes, "no other\nneuron fires")
                continue
            channels, delays = images[column].shape
            axes.imshow(
                np.ma.masked_equal(images[column], 0),
                cmap=SIGNED,
                vmin=-1,
                vmax=1,
                aspect="auto",
                origin="lower",
                interpolation="nearest",
                extent=(-step / 2, (delays - 0.5) * step, -0.5, channels - 0.5),
            )
            axes.xaxis.set_major_locator(MaxNLocator(2, steps=[1, 2, 5, 10]))
        if is_leftmost:
            row[0].set_ylabel(f"{words}\nmel band")


def _write_title(figure: Figure, panels: NDArray[Any], run: Run, millimetre: float) -> None:
    """Name the variant over its block, on a line of its colour."""
    left, right = (panels[0, index].get_position() for index in (0, -1))
    names = f"{style.STRUCTURE_WORDS[run.structure]}, {style.DELAY_WORDS[run.delays]}"
    more = [style.DALE_WORDS[run.dale]]
    if run.sparsity != "0":
        more.append(f"sparsity {style.percent(run.sparsity)} %")
    figure.text(left.x0, left.y1 + 2 * millimetre, f"{names}\n{', '.join(more)}", va="bottom")
    line = Line2D(
        (left.x0, right.x1), (left.y1 + millimetre,) * 2, color=style.colour(run), linewidth=1.5
    )
    figure.add_artist(line)


def _draw_scale(figure: Figure, height: float) -> None:
    bar = figure.colorbar(
        ScalarMappable(Normalize(-1, 1), SIGNED),
        cax=figure.add_axes((0.38, 6 / height, 0.24, 2 / height)),
        orientation="horizontal",
        ticks=[-1, 0, 1],
    )
    bar.outline.set_linewidth(0.4)
    bar.ax.set_xticklabels(["inhibits", "0", "excites"])

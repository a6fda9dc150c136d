"""Receptive fields of hidden neurons before and after training: channel x delay maps."""

from dataclasses import dataclass
from pathlib import Path

from typing import Any

import numpy as np
from matplotlib.cm import ScalarMappable
from matplotlib.colors import LinearSegmentedColormap, Normalize
from matplotlib.figure import Figure
from numpy.typing import NDArray

from delaynet.config import Config, Run
from delaynet.figures import style
from delaynet.figures.selection import needed_runs, require
from delaynet.runs import read_network
from delaynet.structure.receptive_fields import FloatArray, as_image, receptive_fields

NEURONS = 3
SIGNED = LinearSegmentedColormap.from_list(
    "signed", [style.INHIBITORY, "#FFFFFF", style.EXCITATORY]
)


@dataclass(frozen=True)
class Maps:
    """Maps of some neurons of one run, [neurons, channels, delays], in units of the strongest."""

    before: FloatArray
    after: FloatArray


@dataclass(frozen=True)
class ReceptiveFieldMaps:
    """What the figure shows."""

    maps: dict[Run, Maps]
    step_milliseconds: float


def load(config: Config, results_folder: Path) -> ReceptiveFieldMaps:
    """Read the maps of the first seed of the variants to see.

    Raises:
        UserError: a run is not there.
    """
    maps = {
        run: _maps(results_folder / "runs" / run.folder)
        for run in needed_runs("receptive_fields", config)
    }
    return ReceptiveFieldMaps(maps, 1000 * config.features.hop_length / config.features.sample_rate)


def _maps(folder: Path) -> Maps:
    before, after = (
        receptive_fields(read_network(require(folder / name)))
        for name in ("initial.h5", "network.h5")
    )
    chosen = np.argsort(-after.firing_rate, kind="stable")[:NEURONS]
    chosen = chosen[~after.silent[chosen]]
    return Maps(*(_relative(as_image(fields)[chosen]) for fields in (before, after)))


def _relative(image: FloatArray) -> FloatArray:
    """Return weights as a share of each map's strongest."""
    strongest = np.abs(image).max(axis=(1, 2), keepdims=True)
    return np.divide(image, strongest, out=np.zeros_like(image), where=strongest > 0)


@style.styled
def draw(data: ReceptiveFieldMaps) -> Figure:
    """Draw the neurons that fire most after training, before (left) and after (right) it.

    The same three neurons of a network stand in the same rows; silent neurons are never drawn.
    Colour is the effective weight as a share of the strongest in its map: red excites, blue
    inhibits.
    """
    figure = style.new_figure(style.FULL_WIDTH, 95)
    figure.set_layout_engine("none")
    outer = figure.add_gridspec(
        1, len(data.maps), left=0.06, right=0.99, bottom=0.2, top=0.84, wspace=0.12
    )
    for column, (run, maps) in enumerate(data.maps.items()):
        inner = outer[column].subgridspec(NEURONS, 2, wspace=0.08, hspace=0.08)
        panels = inner.subplots(sharex=True, sharey=True)
        _draw_maps(panels, maps, data.step_milliseconds, is_first=column == 0)
        _write_title(figure, panels, run)
    figure.supxlabel("delay (ms)", y=0.1, fontsize=7)
    figure.supylabel("mel band", x=0.005, y=0.52, fontsize=7)
    _draw_scale(figure)
    return figure


def _draw_maps(panels: NDArray[Any], maps: Maps, step: float, is_first: bool) -> None:
    for row, axes_pair in enumerate(panels):
        for axes, images in zip(axes_pair, (maps.before, maps.after), strict=True):
            axes.spines[:].set_visible(True)
            axes.tick_params(left=is_first, labelleft=is_first and axes is axes_pair[0])
            if row >= len(images):
                axes.set_axis_off()
                continue
            channels, delays = images[row].shape
            axes.imshow(
                images[row],
                cmap=SIGNED,
                vmin=-1,
                vmax=1,
                aspect="auto",
                origin="lower",
                interpolation="nearest",
                extent=(-step / 2, (delays - 0.5) * step, -0.5, channels - 0.5),
            )
            axes.set_xticks([0, 100, 200], ["0", "", "200"])


def _write_title(figure: Figure, panels: NDArray[Any], run: Run) -> None:
    for axes, words in zip(panels[0], ("before", "after"), strict=True):
        axes.set_title(words, fontsize=6, pad=2)
    left, right = (axes.get_position() for axes in panels[0])
    structure = style.STRUCTURE_WORDS[run.structure]
    density = "" if run.sparsity == "0" else f"sparsity {style.percent(run.sparsity)} %"
    lines = [structure, style.DELAY_WORDS[run.delays], style.DALE_WORDS[run.dale], density]
    figure.text(
        (left.x0 + right.x1) / 2,
        left.y1 + 0.03,
        "\n".join(line for line in lines if line),
        ha="center",
        va="bottom",
        fontsize=6.5,
        color=style.colour(run),
    )


def _draw_scale(figure: Figure) -> None:
    bar = figure.colorbar(
        ScalarMappable(Normalize(-1, 1), SIGNED),
        cax=figure.add_axes((0.35, 0.06, 0.3, 0.02)),
        orientation="horizontal",
        ticks=[-1, 0, 1],
    )
    bar.ax.set_xticklabels(["inhibits", "0", "excites"])

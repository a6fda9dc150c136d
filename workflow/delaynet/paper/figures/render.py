"""One figure by its name: load, draw, save."""

import os
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

os.environ.pop("MPLBACKEND", None)  # matplotlib refuses one that is not installed here

import matplotlib
import numpy as np
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine

from delaynet.config.errors import UserError
from delaynet.config.files import replacing
from delaynet.config.grid import load_config
from delaynet.paper.figures.loading import Results
from delaynet.paper.figures.selection import needed_runs, reads_recordings
from delaynet.paper.figures.style import styled
from delaynet.provenance.embedded import Embedded

matplotlib.use("agg")

# suffix -> metadata that would differ between drawings, and are left out
FORMATS: dict[str, dict[str, str | None]] = {
    ".svg": {"Date": None},
    ".png": {"Software": None},
    ".pdf": {"CreationDate": None, "Producer": None},
}
# suffix -> metadata field for the identifier of the job
ORIGINS = {".svg": "Source", ".png": "Source", ".pdf": "Keywords"}
DECIMALS = 9  # of positions, in fractions of the figure


def render(
    name: str,
    config_path: Path,
    results_folder: Path,
    *outputs: Path,
    corpus: Path | None = None,
    embedded: Callable[[], Embedded] | None = None,
) -> None:
    """Draw one figure from the results, and write it in the formats of the suffixes.

    Only `task` reads the folder of the corpus. `embedded` returns the identifier for the metadata
    of the files; it is called once all code of the figure is loaded.

    Raises:
        UserError: an unknown format, or an input of the figure is missing.
    """
    for output in outputs:
        if output.suffix not in FORMATS:
            raise UserError(f"{output}: a figure is written as {', '.join(FORMATS)}.")
    module = import_module(f"delaynet.paper.figures.{name}")
    config = load_config(config_path)
    recordings = corpus if reads_recordings(name, config) else None
    results = Results(results_folder, config, needed_runs(name, config), recordings)
    figure = module.draw(module.load(results))
    for output in outputs:
        save(figure, output, embedded and embedded())


@styled
def save(figure: Figure, path: Path, embedded: Embedded | None = None) -> None:
    """Write a figure as SVG, PDF or PNG (300 dpi); the same figure gives the same bytes."""
    metadata = dict(FORMATS[path.suffix])
    if embedded is not None:
        metadata[ORIGINS[path.suffix]] = str(embedded)
    with replacing(path) as temporary:
        _fix_layout(figure)
        figure.savefig(temporary, metadata=metadata)


def _fix_layout(figure: Figure) -> None:
    """Lay a figure out, and round all positions.

    The solver of the constrained layout depends on addresses in memory: the last bits of its
    solution differ between drawings, and with them the names of clip paths in an SVG.
    """
    if isinstance(figure.get_layout_engine(), ConstrainedLayoutEngine):
        figure.draw_without_rendering()
        figure.set_layout_engine("none")
        for part in figure.subfigs:
            part.bbox_relative.set_points(part.bbox_relative.get_points().round(DECIMALS))
        for axes in figure.axes:
            axes.set_position(np.round(axes.get_position(original=True).bounds, DECIMALS))

"""One figure by its name: load, draw, save."""

from collections.abc import Callable
from importlib import import_module
from pathlib import Path

from delaynet.config.errors import UserError
from delaynet.config.grid import load_config
from delaynet.paper.figures.selection import FIGURES, reads_recordings
from delaynet.paper.figures.style import FORMATS, save
from delaynet.provenance.embedded import Embedded


def render(
    name: str,
    config_path: Path,
    results_folder: Path,
    *outputs: Path,
    corpus: Path | None = None,
    embedded: Callable[[], Embedded] | None = None,
) -> None:
    """Draw one figure from the results and write it in the formats of the suffixes.

    Args:
        name: one of `delaynet.paper.figures.selection.FIGURES`.
        config_path: configuration of the results.
        results_folder: holds `runs/`, tables and the features file.
        outputs: files to write, `.svg`, `.png` or `.pdf`.
        corpus: folder of the corpus; `task` reads it.
        embedded: gives what the files say of their making, in their metadata; asked for when all
            code that draws the figure is loaded.

    Raises:
        UserError: an unknown figure or format, or something that the figure reads is not there.
    """
    if name not in FIGURES:
        raise UserError(f"there is no figure '{name}'; there are {', '.join(FIGURES)}.")
    for output in outputs:
        if output.suffix not in FORMATS:
            raise UserError(f"{output}: a figure is written as {', '.join(FORMATS)}.")
    module = import_module(f"delaynet.paper.figures.{name}")
    config = load_config(config_path)
    recordings = (corpus,) if reads_recordings(name, config) else ()
    figure = module.draw(module.load(config, results_folder, *recordings))
    for output in outputs:
        save(figure, output, embedded and embedded())

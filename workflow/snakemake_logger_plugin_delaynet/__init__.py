"""Snakemake finds a logger plugin by the name of its package (a module alone it overlooks).

It imports all that it finds, before it reads a Snakefile. The package `delaynet` must not come with
it: a Snakefile uses the package of its own clone, which need not be the one that is installed.
"""

from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

_file = Path(__file__).parents[1] / "delaynet" / "workflow" / "progress.py"
_spec = spec_from_file_location(f"{__name__}.progress", _file)
assert _spec is not None and _spec.loader is not None
_progress = module_from_spec(_spec)
_spec.loader.exec_module(_progress)
LogHandler = _progress.LogHandler

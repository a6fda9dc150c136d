# Reads the configuration; names what the other files share.

import os
import sys
from pathlib import Path

WORKFLOW = Path(workflow.current_basedir).parent.resolve()
sys.path.insert(0, str(WORKFLOW))
# Rules call `python -m delaynet`: with the interpreter that runs Snakemake, unless a conda
# environment or a container comes before it, and with this clone's package in any case.
os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
os.environ["PYTHONPATH"] = str(WORKFLOW)

from delaynet import naming
from delaynet.figures.selection import FIGURES, needed_files
from delaynet.provenance.code import code

CONFIG = naming.read_for_snakemake(config)
CORPUS = naming.corpus_folder(CONFIG)


wildcard_constraints:
    **naming.PATTERNS,
    figure="|".join(FIGURES),

# Reads the configuration; names what the other files share.

import sys
from pathlib import Path

WORKFLOW = Path(workflow.current_basedir).parent.resolve()
sys.path.insert(0, str(WORKFLOW))

from delaynet import naming
from delaynet.figures.selection import (
    FIGURES,
    MANUSCRIPT_FIGURES,
    figures_of,
    needed_files,
)
from delaynet.provenance.code import code

naming.put_commands_in_reach(WORKFLOW)
CONFIG = naming.read_for_snakemake(config)
naming.hand_on_execution(CONFIG)


wildcard_constraints:
    **naming.PATTERNS,
    figure="|".join(FIGURES),

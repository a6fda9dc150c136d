# Reads the configuration; names what the other files share.

import sys
from pathlib import Path

WORKFLOW = Path(workflow.current_basedir).parent.resolve()
sys.path.insert(0, str(WORKFLOW))

from delaynet.workflow import naming
from delaynet.paper.figures.selection import (
    FIGURES,
    MANUSCRIPT_FIGURES,
    caption,
    figures_of,
    needed_files,
)
from delaynet.workflow.planning.dry_run import announce_after_dry_run
from delaynet.provenance.rules import rules_by_name
from delaynet.provenance.seal import sources_in
from delaynet.workflow.project import code

naming.put_commands_in_reach(WORKFLOW)
# the name under which a rule knows itself, with a digest of what it says
RULES = rules_by_name(WORKFLOW)
CONFIG = naming.read_for_snakemake(config)
naming.hand_on_execution(CONFIG)
naming.hand_on_configuration_files(workflow.configfiles)
announce_after_dry_run(workflow)


wildcard_constraints:
    **naming.PATTERNS,
    figure="|".join(FIGURES),


def features_of_training(wildcards):
    """Return the features file.

    On its way: trainings that share a job on a cluster go on when one of them fails. Snakemake (9.27)
    does not hand `--keep-going` on to its jobs, and this is the first that it asks there.
    """
    if workflow.remote_exec:
        workflow.execution_settings.keep_going = True
    return "results/features.h5"

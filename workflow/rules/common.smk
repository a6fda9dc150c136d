# Reads the configuration, and defines names for the other files.

import os
import sys
from pathlib import Path

WORKFLOW = Path(workflow.current_basedir).parent.resolve()
sys.path.insert(0, str(WORKFLOW))

from delaynet.workflow import cluster, naming
from delaynet.analysis.reads import files_of_runs
from delaynet.data.sources import load_source
from delaynet.paper.figures.selection import (
    FIGURES,
    MANUSCRIPT_FIGURES,
    caption,
    figures_of,
)
from delaynet.workflow.gpus import share_gpus
from delaynet.workflow.plan import plan_of, summary
from delaynet.workflow.workarounds import (
    announce_after_dry_run,
    configuration_of,
    keeping_going,
    log_errors_of_groups,
    recall_results,
    run_groups_in_one_step,
)
from delaynet.provenance.jobs import jobs, not_compared
from delaynet.provenance.seal import sources_in
from delaynet.workflow.project import PROJECT

RUNS = Path("results/runs")
# sources are in this clone, wherever the run was started
MANUSCRIPT = Path(os.path.relpath(WORKFLOW.parent / "manuscript"))
CONFIG = naming.read_for_snakemake(configuration_of(workflow, config))
# the corpus, and all that is specific to it
SOURCE = load_source(CONFIG.corpus.source)
GPU_SLOTS = share_gpus(workflow, CONFIG)
job = jobs(PROJECT, workflow)
recall_results(workflow, Path("results"))
announce_after_dry_run(workflow)
log_errors_of_groups()
run_groups_in_one_step()


wildcard_constraints:
    **naming.PATTERNS,
    figure="|".join(FIGURES),

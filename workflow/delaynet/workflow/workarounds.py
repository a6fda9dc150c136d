"""What Snakemake (9.27) leaves no plain way for: all of it stands here, with the reason."""

import atexit
from collections.abc import Callable
from typing import Any

from delaynet.workflow.planning.plan import plan_of
from delaynet.workflow.planning.words import lines_of


def announce_after_dry_run(workflow: Any) -> None:
    """Let a dry run of Snakemake end with the plan; any other run is as it was.

    Snakemake calls none of the Snakefile's hooks in a dry run. What it has found out is there when
    the interpreter ends.

    Args:
        workflow: Snakemake's, whose Snakefile is being read.
    """
    atexit.register(_announce, workflow)


def announce_nothing() -> None:
    """Take back what `announce_after_dry_run` has asked for."""
    atexit.unregister(_announce)


def _announce(workflow: Any) -> None:
    # a scheduler is there once the graph of jobs is whole
    if workflow.dryrun and workflow.scheduler is not None:
        print("", *lines_of(plan_of(workflow)), sep="\n")


def keeping_going(workflow: Any, file: str) -> Callable[[Any], str]:
    """Return a file as a rule's input, of jobs that share a queue entry on a cluster.

    When one of them fails, the others are still done. Snakemake hands `--keep-going` on to none of
    the processes that it starts on nodes, and reads no profile there. Its settings are complete
    when it first asks for the inputs of a job, and not yet when it reads the Snakefile.

    Args:
        workflow: Snakemake's, whose Snakefile is being read.
        file: the input.
    """

    def input_of_job(wildcards: Any) -> str:
        if workflow.remote_exec:
            workflow.execution_settings.keep_going = True
        return file

    return input_of_job

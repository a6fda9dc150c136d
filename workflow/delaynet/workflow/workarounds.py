"""All workarounds for Snakemake (9.27), each with its reason."""

import atexit
import os
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any

from snakemake.common.configfile import load_configfile
from snakemake.jobs import GroupJob
from snakemake.logging import logger
from snakemake.persistence import RECORD_FORMAT_VERSION, MetadataRecord
from snakemake.persistence.file import FilePersistence

from delaynet.provenance.record import Record
from delaynet.provenance.times import follow_content, recorded_jobs
from delaynet.workflow.plan import lines_of, plan_of
from delaynet.workflow.project import PROJECT

CONFIGURATION = "config/config.yaml"


def announce_after_dry_run(workflow: Any) -> None:
    """Print the plan at the end of a dry run.

    Snakemake calls none of the Snakefile's hooks in a dry run, but its graph of jobs is still there
    when the interpreter exits.
    """
    atexit.register(_announce, workflow)


def announce_nothing() -> None:
    """Undo `announce_after_dry_run`."""
    atexit.unregister(_announce)


def _announce(workflow: Any) -> None:
    # a scheduler is there once the graph of jobs is whole
    if workflow.dryrun and workflow.scheduler is not None:
        print("", *lines_of(plan_of(workflow)), sep="\n")


def keeping_going(workflow: Any, file: str) -> Callable[[Any], str]:
    """Return a function that gives a file as input of jobs that share a queue entry on a cluster.

    When one of these jobs fails, the others still run: the function sets `--keep-going`, which
    Snakemake does not pass to the processes that it starts on nodes, and which these cannot read
    from a profile. Their settings are not complete before Snakemake asks for the inputs of a job.
    """

    def input_of_job(wildcards: Any) -> str:
        if workflow.remote_exec:
            workflow.execution_settings.keep_going = True
        return file

    return input_of_job


def log_errors_of_groups() -> None:
    """Log why a group of jobs has failed, such as a refusal by `sbatch`.

    Snakemake logs that it has failed, and drops the executor's message.
    """
    log_error = GroupJob.log_error

    def with_message(group: GroupJob, msg: str | None = None, **others: Any) -> None:
        if msg:
            logger.error(msg)
        log_error(group, msg, **others)

    GroupJob.log_error = with_message


def run_groups_in_one_step() -> None:
    """Let Slurm run a group of jobs as one Snakemake, which runs as many at a time as it has cores.

    Slurm's plugin (2.8) starts one Snakemake for each job of a group, each in a step of Slurm. The
    steps run one after the other, because a step takes the GPU of the queue entry for itself.
    """
    plugin: Any = sys.modules.get("snakemake_executor_plugin_slurm")
    if plugin is None:
        return
    format_job_exec = plugin.Executor.format_job_exec
    in_steps = "--executor slurm-jobstep --jobs 1"

    def in_one_step(executor: Any, job: Any) -> str:
        command: str = format_job_exec(executor, job)
        if not job.is_group() or in_steps not in command:
            return command
        # the last of an option counts, and the plugin says `all`
        command = command.replace(in_steps, f"--cores {job.threads}")
        return f"srun --ntasks=1 --cpus-per-task={job.threads} --cpu-bind=quiet {command}"

    plugin.Executor.format_job_exec = in_one_step


def configuration_of(workflow: Any, given: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the configuration; for a module that is given none, that of the project's file.

    In a module Snakemake ignores `configfile`, even where `config: config` is empty.
    """
    if given or workflow.overwrite_configfiles:
        return given
    workflow.configfiles.append(CONFIGURATION)
    content: Mapping[str, Any] = load_configfile(CONFIGURATION)
    return content


def recall_results(workflow: Any, results: Path) -> None:
    """Restore what Snakemake knows of results that were copied, from their records.

    Snakemake compares times, which a copy changes, and parameters in `.snakemake/metadata`, which a
    copy may lack. It does so after it has read the Snakefile. The processes of jobs change nothing.
    """
    jobs = recorded_jobs(PROJECT, results) if workflow.is_main_process else []
    if not jobs:
        return
    latest = follow_content(PROJECT, results, jobs)
    # Snakemake also compares the times of a job's benchmark file
    for benchmark in Path("benchmarks").rglob("*.tsv"):
        os.utime(benchmark, ns=(latest, latest))
    persistence = FilePersistence(nolock=True)
    for job in jobs:
        for path in job.outputs:
            is_known = os.path.exists(persistence._record_path(persistence._metadata_path, path))
            # other records are reported by the audit
            with suppress(KeyError, TypeError, ValueError):
                if not is_known and job.record["compared"]:
                    persistence._write_record(path, _metadata_of(job.record))


def _metadata_of(record: Record) -> MetadataRecord:
    """Return the metadata of a job that Snakemake compares or shows in its report."""
    return MetadataRecord(
        record_format_version=RECORD_FORMAT_VERSION,
        rule=record["rule"],
        params=record["compared"],
        job_hash=int(record["id"], 16),
        starttime=datetime.fromisoformat(record["started"]).timestamp(),
        endtime=datetime.fromisoformat(record["ended"]).timestamp(),
    )

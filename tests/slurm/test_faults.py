"""Whatever becomes of a job, a node or Snakemake: the end is the same, byte for byte."""

import os
import re
import signal
import subprocess
import time
from contextlib import suppress
from datetime import datetime
from pathlib import Path

import pytest
from slurm_cluster import Cluster, shell, wait_until
from slurm_project import SLOW, Project


def training_processes(job: str) -> list[int]:
    """Return the processes of a job that train."""
    found = []
    trainings = ("pgrep", "-f", "^[^ ]*python[0-9.]* -m delaynet train")
    for process in shell(*trainings, check=False).split():
        with suppress(ProcessLookupError, FileNotFoundError):  # another, which has ended meanwhile
            environment = Path(f"/proc/{process}/environ").read_bytes().split(b"\0")
            if f"SLURM_JOB_ID={job}".encode() in environment:
                found.append(int(process))
    return found


def test_a_training_that_stops_with_an_exit_code_goes_on_in_the_next_attempt(
    cluster: Cluster, project: Project, undisturbed: dict[str, bytes]
) -> None:
    with project.training() as running:
        job = project.wait_for_checkpoint(cluster)
        [process] = training_processes(job)
        os.kill(process, signal.SIGUSR1)
        running.succeeds()
    assert project.trained() == undisturbed
    assert "interrupted by SIGUSR1" in project.output()
    assert job in cluster.trainings(project.folder, "FAILED")


def test_a_training_that_is_killed_goes_on_in_the_next_attempt(
    cluster: Cluster, project: Project, undisturbed: dict[str, bytes]
) -> None:
    with project.training() as running:
        job = project.wait_for_checkpoint(cluster)
        [process] = training_processes(job)
        os.kill(process, signal.SIGKILL)
        running.succeeds()
    assert project.trained() == undisturbed
    assert project.unfinished() == []
    assert "died with <Signals.SIGKILL: 9>" in project.output()


def test_a_cancelled_job_is_submitted_again(
    cluster: Cluster, project: Project, undisturbed: dict[str, bytes]
) -> None:
    with project.training() as running:
        job = project.wait_for_checkpoint(cluster)
        shell("scancel", job)
        running.succeeds()
    assert project.trained() == undisturbed
    assert re.search(rf"JOB {job} ON n\d CANCELLED", project.output())


def test_a_minute_before_their_time_is_over_two_at_once_stop_and_go_on_in_the_next_attempt(
    cluster: Cluster, project: Project, undisturbed: dict[str, bytes]
) -> None:
    (project.folder / "config" / "paper.yaml").write_text(SLOW.replace("seeds: 1", "seeds: 2"))
    with project.training(pack=2) as running:
        job = project.wait_for_checkpoint(cluster)
        wait_until(lambda: len(training_processes(job)) == 2, "two trainings run at once")
        # held, lest they end before Slurm looks at the time, which it does twice a minute; with
        # the signal Slurm lets them go on
        for process in training_processes(job):
            os.kill(process, signal.SIGSTOP)
        started = datetime.fromisoformat(cluster.jobs()[job]["StartTime"])
        minutes = (datetime.now() - started).seconds // 60 + 1
        shell("scontrol", "update", f"JobId={job}", f"TimeLimit={minutes}")
        running.succeeds()
    assert project.trained().items() >= undisturbed.items()
    assert len(project.trained()) == 2 * len(undisturbed)
    assert "interrupted by SIGTERM" in project.output()


def test_a_job_that_needs_more_memory_gets_more_in_the_next_attempt(
    cluster: Cluster, project: Project, undisturbed: dict[str, bytes]
) -> None:
    project.replace("workflow/rules/training.smk", "2500 * attempt", "200 * attempt ** 3")
    with project.training() as running:
        running.succeeds()
    assert project.trained() == undisturbed
    assert "exceeded memory limit" in project.output()
    assert len(cluster.trainings(project.folder, "COMPLETED")) == 1


def test_the_jobs_of_a_node_that_dies_go_on_elsewhere(
    cluster: Cluster, project: Project, undisturbed: dict[str, bytes]
) -> None:
    with project.training(partition="dying") as running:
        job = project.wait_for_checkpoint(cluster)
        node = cluster.jobs()[job]["NodeList"]
        cluster.node_dies(node)
        wait_until(lambda: "down" in cluster.states()[node], f"{node} is down")
        running.succeeds()
    assert project.trained() == undisturbed
    assert cluster.jobs()[job]["Restarts"] == "1"


@pytest.mark.parametrize("cluster", ["alone"], indirect=True)
def test_a_controller_that_is_away_for_ten_seconds_is_waited_for(
    cluster: Cluster, project: Project, undisturbed: dict[str, bytes]
) -> None:
    with project.training() as running:
        project.wait_for_checkpoint(cluster)
        cluster.controller_down()
        time.sleep(10)
        cluster.controller_up()
        running.succeeds()
    assert project.trained() == undisturbed


def test_a_pre_empted_job_goes_back_into_the_queue_and_goes_on(
    cluster: Cluster, project: Project, undisturbed: dict[str, bytes]
) -> None:
    with project.training(partition="patient") as running:
        job = project.wait_for_checkpoint(cluster)
        # the two partitions share their only node
        urgent = ("--partition=urgent", "--exclusive", "--output=/dev/null")
        shell("sbatch", *urgent, "--wrap", "sleep 5", cwd=project.folder)
        running.succeeds()
    assert project.trained() == undisturbed
    assert cluster.jobs()[job]["Restarts"] == "1"


def test_an_interrupted_snakemake_cancels_its_jobs_and_goes_on_when_started_again(
    cluster: Cluster, project: Project, undisturbed: dict[str, bytes]
) -> None:
    with project.training() as running:
        project.wait_for_checkpoint(cluster)
        running.signal(signal.SIGINT)
        assert running.code() != 0
    at_work = ("RUNNING", "COMPLETING")
    wait_until(lambda: not cluster.trainings(project.folder, *at_work), "its jobs end")
    with project.training() as running:
        running.succeeds()
    assert project.trained() == undisturbed


def test_a_terminated_snakemake_waits_for_its_jobs(
    cluster: Cluster, project: Project, undisturbed: dict[str, bytes]
) -> None:
    with project.training() as running:
        project.wait_for_checkpoint(cluster)
        running.signal(signal.SIGTERM)
        running.code()
    assert cluster.trainings(project.folder, "RUNNING", "PENDING", "CANCELLED") == []
    with project.training() as running:
        running.succeeds()
    assert project.trained() == undisturbed
    assert len(cluster.trainings(project.folder)) == 1


def test_the_orphans_of_a_killed_snakemake_are_cancelled_before_another_submits(
    cluster: Cluster, project: Project, undisturbed: dict[str, bytes]
) -> None:
    with project.training() as running:
        orphan = project.wait_for_checkpoint(cluster)
    # lest it end before it is asked for
    shell("scontrol", "suspend", orphan)
    project.snakemake("--profile", "slurm", "--unlock").succeeds()
    with project.training() as running:
        assert running.code() != 0
    assert "jobs of an earlier Snakemake are still in the queue" in project.output()
    assert "Traceback" not in project.output()
    helper = [project.folder / ".venv/bin/delaynet", "cluster", "cancel"]
    refused = subprocess.run(helper, cwd=project.folder, input="n\n", encoding="utf-8", check=False)
    assert refused.returncode != 0
    assert cluster.trainings(project.folder, "SUSPENDED") == [orphan]
    subprocess.run(helper, cwd=project.folder, input="y\n", encoding="utf-8", check=True)
    with project.training() as running:
        running.succeeds()
    assert project.trained() == undisturbed

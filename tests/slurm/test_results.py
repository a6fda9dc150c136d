"""What comes out of `snakemake --profile slurm`, and what is said when something does not."""

import json
import re
from datetime import datetime
from pathlib import Path

import pytest
from slurm_cluster import Cluster, shell
from slurm_project import SLOW, TINY, Project

THREE = SLOW.replace("[learned]", "[none, fixed, learned]").replace("epochs: 40", "epochs: 2")
# where nothing may run on the login node; a name that begins as those of our jobs
INSIDE = {
    "sbatch": ("sh", "-c", "sbatch --wait --output=snakemake.txt --open-mode=append"
               ' --job-name=delaynet_paper --wrap "$*"', "sh"),
    "srun": ("sh", "-c", 'exec script -qec "srun --pty --job-name=delaynet_paper $*" /dev/null',
             "sh"),
}  # fmt: skip
TWO = SLOW.replace("[learned]", "[none, learned]")
ALWAYS_FAILS = TWO + "variants: {none-dense-free: {training: {device: cuda}}}\n"


# trainings at once, and how their jobs ask for GPUs: all in one job, or in two
ASKING = {2: {"DELAYNET_PACK": "3"}, 1: {"DELAYNET_PACK": "2", "DELAYNET_GPU": "gpus"}}


@pytest.mark.parametrize("cluster", ["shared", "sacct"], ids=["squeue", "sacct"], indirect=True)
def test_the_paper_on_a_cluster_is_the_paper_of_one_machine(
    cluster: Cluster, local_paper: Project, tmp_path: Path
) -> None:
    project = Project.with_configuration(tmp_path / "a fresh clone", TINY)
    at_once = 1 if cluster.has_accounting else 2
    way = ASKING[at_once] | {"DELAYNET_AT_ONCE": str(at_once)}
    project.snakemake("--profile", "slurm", **way).succeeds()
    assert ("'sacct' for status queries" in project.output()) == cluster.has_accounting
    assert project.trained() == local_paper.trained()
    for name in ("numbers.json", "tables/accuracy.csv", "grouping.csv"):
        ours, theirs = (p.folder / "results" / name for p in (project, local_paper))
        assert ours.read_bytes() == theirs.read_bytes(), name
    records = [
        json.loads(path.read_text())
        for path in project.folder.glob("results/records/runs/**/*.json")
    ]
    assert len(records) == 3
    assert all(record["slurm_job"].isdigit() for record in records)
    assert {record["slurm_node"] for record in records} <= {"n1", "n2", "n3", "n4"}
    assert_at_most(at_once, records)
    if at_once == 2:
        [job] = {record["slurm_job"] for record in records}
        asked = cluster.jobs()[job]
        assert asked["TRES"].startswith("cpu=2,mem=5000M,")
        assert (asked["TresPerNode"], asked["TimeLimit"]) == ("gres:gpu:1", "01:30:00")
    again = project.snakemake("--profile", "slurm", "--dry-run")
    again.succeeds()
    assert "Nothing to be done" in project.output()


def assert_at_most(at_once: int, records: list[dict[str, str]]) -> None:
    """Assert that each training had one GPU, shared with so many at a time, all of its own job."""
    times = []
    for record in records:
        assert record["visible_gpus"] in ("0", "1")
        begin = datetime.fromisoformat(record["started"]).timestamp()
        gpu = record["slurm_node"], record["visible_gpus"]
        times.append((gpu, record["slurm_job"], begin, begin + float(record["seconds"])))
    for gpu, job, begin, _ in times:
        now = [other for of, other, b, end in times if of == gpu and b <= begin < end]
        assert len(now) <= at_once
        assert set(now) <= {job}


def test_a_job_that_always_fails_is_named_with_its_reason_and_the_others_finish(
    cluster: Cluster, project: Project, undisturbed: dict[str, bytes]
) -> None:
    (project.folder / "config" / "paper.yaml").write_text(ALWAYS_FAILS)
    with project.training() as running:
        assert running.code() != 0
    assert project.trained() == undisturbed
    assert project.unfinished() == []
    output = project.output()
    assert "`training.device` is 'cuda', but PyTorch sees no GPU here" in output
    assert "none-dense-free" in output[output.index("PyTorch sees no GPU") - 3000 :]
    assert len(cluster.trainings(project.folder, "FAILED")) == 3


def test_in_a_pack_the_others_finish_and_are_not_trained_again(
    cluster: Cluster, project: Project, undisturbed: dict[str, bytes]
) -> None:
    (project.folder / "config" / "paper.yaml").write_text(ALWAYS_FAILS)
    with project.training("--retries", "1", pack=2) as running:
        assert running.code() != 0
    (project.folder / "config" / "paper.yaml").write_text(TWO)
    with project.training(pack=2) as running:
        running.succeeds()
    assert len(project.trained()) == 2 * len(undisturbed)
    assert project.trained().items() >= undisturbed.items()
    log = next(project.folder.glob("logs/train/**/learned-dense-free/**/*.log")).read_text()
    assert "going on from the checkpoint after the last epoch" in log
    assert "epoch 1 of" not in log


def test_a_pack_that_is_too_long_is_named_with_the_setting_that_helps_and_the_others_go_on(
    cluster: Cluster, project: Project
) -> None:
    (project.folder / "config" / "paper.yaml").write_text(THREE)
    with project.training(pack=2, at_once=1, partition="short") as running:
        assert running.code() != 0
    refusal = r"sbatch refused jobs: .*time limit.*\. What helps is another DELAYNET_PACK"
    assert len(re.findall(refusal, project.output())) == 1
    assert len(list(project.folder.glob("results/runs/**/summary.json"))) == 1
    with project.training(pack=1, partition="short") as running:
        running.succeeds()
    assert len(list(project.folder.glob("results/runs/**/summary.json"))) == 3


@pytest.mark.parametrize("way", INSIDE)
def test_snakemake_may_run_inside_a_job_of_slurm(
    cluster: Cluster, project: Project, undisturbed: dict[str, bytes], way: str
) -> None:
    with project.training(within=INSIDE[way]) as running:
        running.succeeds()
    assert project.trained() == undisturbed
    assert len(cluster.trainings(project.folder, "COMPLETED")) == 1


@pytest.mark.parametrize("options", ["size=16k", "size=1m,ro"])
def test_a_results_folder_that_cannot_be_written_is_one_sentence(
    cluster: Cluster, project: Project, options: str
) -> None:
    runs = project.folder / "results" / "checkpoints"
    runs.mkdir(parents=True, exist_ok=True)
    shell("mount", "-t", "tmpfs", "-o", options, "tmpfs", runs)
    try:
        with project.training("--retries", "0") as running:
            assert running.code() != 0
    finally:
        shell("umount", runs)
    assert "cannot be written" in project.output()
    assert "Traceback" not in project.output()

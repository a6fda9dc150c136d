"""`make paper` that is killed, stopped, refused or told to clean up."""

import fcntl
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import h5py
import pytest
from project_copy import (
    TINY,
    changed,
    copy_made,
    copy_prepared,
    copy_project,
    planned,
    run,
    snakemake,
)

pytestmark = pytest.mark.slow


def wait_for(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + 300
    while not condition():
        assert time.monotonic() < deadline, "it does not come to that"
        time.sleep(0.01)


def kill_snakemake(project: Path) -> None:
    """Kill the Snakemake that `make` runs in a project, and nothing else of it."""
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            is_snakemake = b"snakemake\0--workflow-profile" in (process / "cmdline").read_bytes()
            if is_snakemake and (process / "cwd").resolve() == project.resolve():
                os.kill(int(process.name), signal.SIGKILL)


def test_a_killed_make_paper_goes_on_to_the_same_bytes(finished: Path, tmp_path: Path) -> None:
    project = copy_made(finished, tmp_path / "killed")
    runs = project / "results" / "runs"
    shutil.rmtree(runs)
    killed = subprocess.Popen(
        ["make", "paper"], cwd=project, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        start_new_session=True,
    )  # fmt: skip
    wait_for(lambda: list(runs.rglob("network.h5")))
    os.killpg(killed.pid, signal.SIGKILL)
    killed.wait()
    for path in runs.rglob("[!.]*.h5"):
        with h5py.File(path) as file:
            assert "layer_1" in file, "a file under its final name is whole"
    # no further than the tables, as the figures would all be drawn again
    shown = run(project, "make", "paper", "FORCED=--until tables").stderr
    assert "train " in shown
    made = [Path("results/tables", name) for name in ("accuracy.csv", "contrasts.csv")]
    for name in ("initial.h5", "network.h5", "summary.json", "predictions.csv"):
        made += [path.relative_to(finished) for path in finished.glob(f"results/runs/**/{name}")]
    assert len(made) == 2 + 4 * 3
    for path in made:
        assert (project / path).read_bytes() == (finished / path).read_bytes(), path


def test_a_training_killed_with_snakemake_goes_on_from_its_checkpoint(
    finished: Path, tmp_path: Path
) -> None:
    of_run = Path("standard", "learned-dense-free", "sparsity-0", "seed-0")
    folder = Path("results", "runs") / of_run
    command = [".venv/bin/snakemake", "--cores", "2", str(folder / "summary.json")]
    projects = [copy_made(finished, tmp_path / name) for name in ("undisturbed", "killed")]
    for project in projects:
        longer = TINY.replace("epochs: 2", "epochs: 20")
        (project / "config" / "config.yaml").write_text(
            longer + "execution: {checkpoint_seconds: 0, tensorboard: true}\n"
        )
    undisturbed, killed = projects
    run(undisturbed, *command)
    log = killed / "logs" / "train" / of_run.with_suffix(".log")
    process = subprocess.Popen(
        command, cwd=killed, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        start_new_session=True,
    )  # fmt: skip
    wait_for(lambda: log.exists() and "epoch 3 of 20" in log.read_text())
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    assert not (killed / folder / "summary.json").exists()
    assert (killed / "results" / "checkpoints" / of_run / "checkpoint.pt").exists()
    run(killed, *command, "--unlock")
    run(killed, *command, "--rerun-incomplete")
    assert "going on from the checkpoint after batch" in log.read_text()
    for name in ("initial.h5", "network.h5", "predictions.csv", "summary.json"):
        twins = [(project / folder / name).read_bytes() for project in projects]
        assert twins[0] == twins[1], name
    assert not (killed / "results" / "checkpoints").exists()
    assert list((killed / "results" / "tensorboard" / of_run).glob("events.*"))


def test_make_leaves_a_snakemake_that_is_at_work_alone(finished: Path, tmp_path: Path) -> None:
    project = copy_made(finished, tmp_path / "busy")
    config = project / "config" / "config.yaml"
    config.write_text(TINY.replace("epochs: 2", "epochs: 200").replace("seeds: 1", "seeds: 2"))
    of_run = Path("standard", "learned-dense-free", "sparsity-0", "seed-1")
    summary = Path("results", "runs") / of_run / "summary.json"
    log = project / "logs" / "train" / of_run.with_suffix(".log")
    working = subprocess.Popen(
        [".venv/bin/snakemake", "--cores", "1", str(summary)], cwd=project,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    wait_for(lambda: log.exists() and "epoch 1 of 200" in log.read_text())
    for target in ("paper", "replot", "clean"):
        refused = run(project, "make", target, check=False)
        assert refused.returncode != 0
        # what would be trained anew is reason enough for `replot`, and said first
        if target != "replot":
            assert "a Snakemake is at work in this folder; wait for it" in refused.stderr
    assert working.poll() is None, "it was to be at work all the while"
    working.terminate()
    working.wait()
    # it has ended by itself, in its order, and nothing is in the way of the next
    config.write_text(TINY)
    shown = run(project, "make", "paper", "FORCED=--until configuration").stdout
    assert "The paper is results/paper.pdf" in shown


def test_make_goes_on_after_a_snakemake_of_its_own_was_killed(
    finished: Path, tmp_path: Path
) -> None:
    project = copy_made(finished, tmp_path / "short of memory")
    locks = project / ".snakemake" / "locks"
    (project / "results" / "paper.pdf").unlink()
    made = subprocess.Popen(
        ["make", "paper"],
        cwd=project,
        encoding="utf-8",
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
    )
    wait_for(lambda: list(locks.glob("*.lock")))
    kill_snakemake(project)
    assert "'make paper' goes on from there" in made.communicate()[1]
    assert list(locks.glob("*.lock"))
    assert "The paper is results/paper.pdf" in run(project, "make", "paper").stdout
    assert not list(locks.glob("*"))


def test_a_second_make_is_refused_in_one_sentence(finished: Path) -> None:
    with (finished / ".make.lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        for target in ("paper", "replot", "clean"):
            refused = run(finished, "make", target, check=False)
            assert refused.returncode != 0
            assert f"make {target}: another one is at work in this folder" in refused.stderr
    assert planned(finished) == {}


def test_make_clean_keeps_the_results_and_what_snakemake_knows_of_them(
    finished: Path, tmp_path: Path
) -> None:
    project = copy_made(finished, tmp_path / "clean")
    shown = run(project, "make", "clean").stdout
    assert "results/ stays; to remove all results: rm -rf results/[!R]* .snakemake" in shown
    assert not list(project.glob("logs")) + list(project.glob(".venv"))
    assert (finished / ".venv" / "complete").exists(), "what a link points to is left alone"
    (project / ".venv").symlink_to(finished / ".venv")
    assert planned(project) == {}


def test_wrong_input_is_one_sentence_and_nothing_is_written(untouched: Path) -> None:
    with changed(untouched / "config" / "config.yaml", "epochs: 2", "epochs: 0"):
        result = snakemake(untouched, check=False)
    assert result.returncode != 0
    shown = result.stdout + result.stderr
    assert "`training.epochs` is 0: input should be greater than or equal to 1." in shown
    assert "Traceback" not in shown
    assert [path.name for path in (untouched / "results").iterdir()] == ["README.md"]
    assert not (untouched / "logs").exists()


def test_a_broken_recording_stops_the_run_with_its_name_and_leaves_nothing(
    small_corpus: Path, finished: Path, tmp_path: Path
) -> None:
    project = copy_prepared(finished, tmp_path / "broken")
    shutil.copytree(small_corpus, project / "recordings")
    clip = project / "recordings" / "audio" / "lang-german_speaker-07_trial-0_digit-3.flac"
    clip.write_bytes(clip.read_bytes()[:50])
    own = TINY.replace("source: synthetic, trials: 1", "source: folder, folder: recordings")
    (project / "config" / "config.yaml").write_text(own)
    result = run(project, "make", "paper", check=False)
    assert result.returncode != 0
    assert "FAILED: features" in result.stderr
    assert clip.name in result.stderr
    assert "Traceback" not in result.stderr
    assert "'make paper' goes on from there" in result.stderr
    assert not (project / "results" / "features.h5").exists()
    assert list(project.glob("results/.*")) == []


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount a full disk")
def test_a_full_temporary_folder_stops_nothing(tmp_path: Path) -> None:
    project = copy_project(tmp_path / "project")
    full = tmp_path / "full"
    full.mkdir()
    mount_and_fill = "mount -t tmpfs -o size=4k tmpfs $0 && yes > $0/file; TMPDIR=$0 exec $@"
    profile = ("--workflow-profile", "workflow/profiles/default")
    command = (".venv/bin/snakemake", "results/config.json", *profile, "--cores", "2")
    run(project, "unshare", "--mount", "sh", "-c", mount_and_fill, full, *command)
    assert (project / "results" / "config.json").exists()

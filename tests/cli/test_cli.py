"""The commands, as a user calls them: help, one sentence for a mistake, nothing half-written."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from delaynet.cli import COMMANDS, main
from delaynet.config.errors import UserError
from delaynet.workflow import cluster

SETTINGS = '{"delays": "fixed", "structure": "dense", "signs": "free", "sparsity": "0", "seed": 0'


def delaynet(*arguments: str) -> Result:
    return CliRunner().invoke(main, arguments, prog_name="python -m delaynet")


def test_help_lists_every_command_without_loading_them(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "delaynet", "--help"]
    shown = subprocess.check_output(command, cwd=tmp_path, encoding="utf-8")
    assert all(command.split()[0] in shown for command in COMMANDS)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself_in_the_words_of_the_list(command: str) -> None:
    result = delaynet(*command.split(), "--help")
    assert result.exit_code == 0, result.stderr
    assert result.stdout.startswith(f"Usage: python -m delaynet {command}")


MISTAKES = {
    "features of no corpus": (
        ["features", "--corpus", "nowhere", "--report", "report.json", "--settings", "{}",
         "--output", "out.h5"],
        "report.json",
    ),
    "check of no corpus": (
        ["corpus", "check", "--corpus", "nowhere", "--settings", '"folder"',
         "--output", "report.json"],
        "nowhere",
    ),
    "unpacking of no archive": (
        ["corpus", "make", "--settings", '{"source": "heidelberg", "archive": "none.tar.gz"}',
         "--output", "corpus"],
        "none.tar.gz",
    ),
    "download of nothing known": (
        ["corpus", "fetch", "--corpus", "heidelberg", "--published", "none.json",
         "--output", "out.tar.gz"],
        "none.json",
    ),
    "pin of no archive": (
        ["corpus", "pin", "--corpus", "heidelberg",
         "--published", str(Path(__file__).parents[2] / "config" / "downloads.json")],
        "hd_audio.tar.gz",
    ),
    "no epochs": (
        ["train", "--settings", SETTINGS + ', "model": {}, "training": {"epochs": 0}}',
         "--features", "f.h5", "--folder", "out"],
        "training.epochs",
    ),
    "no features file": (
        ["train", "--settings", SETTINGS + ', "model": {}, "training": {}}',
         "--features", "f.h5", "--folder", "out"],
        "f.h5",
    ),
    "no configuration": (["config", "--file", "none.yaml", "--output", "out.json"], "none.yaml"),
    "audit without records": (["audit", "results/paper.pdf"], "results/records"),
    "manuscript that is not there": (
        ["manuscript", "--source", "none.typ", "--output", "out.pdf"], "none.typ",
    ),
}  # fmt: skip


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_gets_one_sentence_and_writes_nothing(
    mistake: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    arguments, named = MISTAKES[mistake]
    result = delaynet(*arguments)
    assert result.exit_code == 2
    assert named in result.stderr
    assert len(result.stderr.strip().splitlines()) == 1
    assert list(tmp_path.iterdir()) == []


JOB = "delaynet_0b8e6c3e-2f3c-4a53-9a34-6f6f3f0f7a11"


def slurm_that(folder: Path, squeue: str) -> None:
    """Leave two commands in a folder: `scancel`, which does nothing, and `squeue`."""
    for name, script in {"scancel": "exit 0", "squeue": squeue}.items():
        (folder / name).write_text(f"#!/bin/sh\n{script}\n")
        (folder / name).chmod(0o755)


def cancelled(folder: Path) -> subprocess.CompletedProcess[str]:
    """Cancel jobs where the commands of one folder are all there are."""
    command = [sys.executable, "-m", "delaynet", "cluster", "cancel", "--yes"]
    environment = {**os.environ, "PATH": str(folder)}
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, encoding="utf-8", check=False
    )


def test_jobs_cannot_be_cancelled_where_there_is_no_slurm_or_it_does_not_answer(
    tmp_path: Path,
) -> None:
    result = cancelled(tmp_path)
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr.startswith("delaynet: there is no `squeue` here; run this on the cluster")
    slurm_that(tmp_path, "echo 'slurm_load_jobs error: no contact' >&2; echo more >&2; exit 1")
    result = cancelled(tmp_path)
    assert result.returncode == 2
    assert result.stderr == (
        "delaynet: `squeue` failed (slurm_load_jobs error: no contact); "
        "try again when `sinfo` answers.\n"
    )
    # one of another clone, and one in which the user may be at work
    slurm_that(tmp_path, f"echo '{JOB}|7|/another/clone'; echo 'delaynet_paper|8|{tmp_path}'")
    assert cancelled(tmp_path).stdout == "No job of this folder is in the queue.\n"


def test_a_job_that_does_not_end_is_not_waited_for_without_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    slurm_that(tmp_path, f"echo '{JOB}|7|{tmp_path}'; echo '{JOB}|8|{tmp_path}'")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UserError, match=r"these jobs were cancelled .* 0 seconds: 7; their nodes"):
        cluster.cancel(["7", "6"], tmp_path, seconds=0)

"""The plan: what would run, why, how much of it; said by `delaynet plan` and by every dry run."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest
import torch
from click.testing import CliRunner, Result
from project_copy import changed, put_back, run, snakemake, with_more_code
from tampering import rewrite

from delaynet.cli import main
from delaynet.workflow.gpus import visible_gpus

pytestmark = pytest.mark.slow
CHANGED = "params have changed since last execution"


def plan_of(project: Path, *options: str) -> Result:
    """Run `delaynet plan` in a project, with the package that is tested."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(project)
        return CliRunner().invoke(main, ["plan", *options])


def delaynet(project: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a command of the project's own package."""
    package = f"PYTHONPATH={project / 'workflow'}"
    return run(
        project, "env", package, ".venv/bin/python", "-m", "delaynet", *arguments, check=False
    )


def traces(project: Path) -> dict[str, tuple[float, int]]:
    """Return time and size of every file, and the names of folders."""
    found = {}
    for folder, names, files in os.walk(project):
        names[:] = [name for name in names if name not in (".venv", "__pycache__")]
        for name in files:
            about = os.lstat(os.path.join(folder, name))
            found[os.path.join(folder, name)] = (about.st_mtime, about.st_size)
        found |= {os.path.join(folder, name): (0.0, 0) for name in names}
    return found


def test_the_plan_of_a_fresh_clone_names_every_job_and_leaves_no_trace(untouched: Path) -> None:
    # an earlier dry run here may have left Snakemake's own cache, which every one writes anew
    shutil.rmtree(untouched / ".snakemake", ignore_errors=True)
    before = traces(untouched)
    plan = delaynet(untouched, "plan").stdout
    assert traces(untouched) == before
    for line in ("1  corpus  ", "3  train  ", "1  paper  "):
        assert f"  {line}" in plan
    assert (
        plan.count("output files have to be generated")
        == plan[: plan.index("variant")].count("\n") - 4
    )
    for variant in ("none-dense-free", "learned-dense-free", "fixed-deep_r_rigl-dale"):
        assert f"     0       1      0.00  {variant}" in plan
    assert "3 trainings, 0 done and 3 to run; about 1 minute of one core" in plan
    assert "(by docs/benchmark.md)" in plan


def test_a_dry_run_for_a_cluster_ends_with_the_plan_in_hours_of_gpus(untouched: Path) -> None:
    command = ("--profile", "slurm", "--configfile", "config/config.yaml", "-n")
    shown = run(untouched, ".venv/bin/snakemake", *command).stdout
    last = shown.strip().splitlines()[-1]
    assert last.startswith("3 trainings, 0 done and 3 to run; at most about 1 minute of one GPU")
    assert "(by docs/benchmark.md; no training was recorded on a GPU here)" in last


def test_on_a_machine_with_gpus_the_plan_says_how_trainings_are_spread_over_them(
    untouched: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "nvidia-smi").touch(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    visible_gpus.cache_clear()
    said = plan_of(untouched).output
    visible_gpus.cache_clear()
    assert said.endswith("; 8 at a time, on 2 GPUs of this machine.\n")


def test_when_all_is_done_the_plan_says_so(finished: Path) -> None:
    sentence = "Plan of 'tiny': nothing to run; 3 trainings, 3 done and 0 to run.\n"
    assert delaynet(finished, "plan").stdout == sentence
    assert snakemake(finished, "--dry-run").stdout.endswith(sentence)


def test_a_cause_is_a_matter_of_content_not_of_time(finished: Path) -> None:
    features = finished / "results" / "features.h5"
    with put_back(features):
        features.touch()
        assert "nothing to run" in plan_of(finished).output
        features.write_bytes(features.read_bytes() + b"more")
        plan = plan_of(finished).output
    assert "3  train     updated input files: results/features.h5\n" in plan
    assert "1  grouping  input files updated by another job\n" in plan
    assert "by the records of 3 trainings here, on CPUs" in plan


def test_the_module_whose_code_has_changed_is_named(finished: Path) -> None:
    with with_more_code(finished / "workflow/delaynet/paper/figures/accuracy.py"):
        plan = delaynet(finished, "plan").stdout
    assert f"1  figure  {CHANGED}: delaynet/paper/figures/accuracy.py\n" in plan
    assert "3 trainings, 3 done and 0 to run.\n" in plan


def test_a_rule_that_has_changed_is_named_so_and_trains_nothing_else(finished: Path) -> None:
    rules = finished / "workflow" / "rules" / "analysis.smk"
    with changed(rules, "    shell:\n", "\n    # a comment\n    shell:\n"):
        assert "nothing to run" in delaynet(finished, "plan").stdout
    with changed(rules, 'files_of_runs("grouping"', 'files_of_runs("claims"'):
        plan = delaynet(finished, "plan").stdout
    assert (
        f"set of input files has changed since last execution; {CHANGED}: rule grouping\n" in plan
    )
    assert "3 trainings, 3 done and 0 to run" in plan


def test_a_result_that_was_removed_is_made_again(finished: Path) -> None:
    figure = finished / "results" / "figures" / "accuracy.png"  # a target of `all`
    with put_back(figure):
        figure.unlink()
        assert "1  figure  output files have to be generated\n" in plan_of(finished).output


def test_a_run_whose_result_was_removed_is_trained_again(finished: Path) -> None:
    summary = next((finished / "results" / "runs").rglob("summary.json"))
    with put_back(summary):
        summary.unlink()
        assert "1  train     output files have to be generated\n" in plan_of(finished).output


def test_a_mistake_in_the_configuration_is_one_sentence(untouched: Path, tmp_path: Path) -> None:
    (tmp_path / "wrong.yaml").write_text("name: wrong\ngrid: []\nseeds: 1\n")
    result = delaynet(untouched, "plan", "--configfile", str(tmp_path / "wrong.yaml"))
    assert result.returncode == 2
    assert result.stderr.startswith("delaynet: ")
    assert "`grid` is []" in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize("content", [b"name: x\ngrid: [a\n", b"- a\n- b\n", b"", b"\x80"])
def test_a_configuration_that_is_no_yaml_is_one_sentence(
    untouched: Path, tmp_path: Path, content: bytes
) -> None:
    (tmp_path / "no.yaml").write_bytes(content)
    result = plan_of(untouched, "--configfile", str(tmp_path / "no.yaml"))
    assert result.exit_code == 2
    assert result.stderr.startswith(f"delaynet: {tmp_path}/no.yaml: ")
    assert result.stderr.count("\n") == 1


@pytest.mark.parametrize("mistake", ["x = = 1\n", "def (\n", 'rule z:\n    inptu: "a"\n'])
def test_a_snakefile_that_cannot_be_read_is_one_sentence(untouched: Path, mistake: str) -> None:
    with changed(untouched / "workflow" / "Snakefile", "", mistake):
        result = plan_of(untouched)
    assert result.exit_code == 2
    assert result.stderr.startswith("delaynet: ")
    assert "Snakefile" in result.stderr
    assert result.stderr.count("\n") == 1


def test_a_file_altered_with_its_time_kept_is_for_the_audit_to_find(finished: Path) -> None:
    features = finished / "results" / "features.h5"
    with put_back(features):
        rewrite(features, features.read_bytes() + b"more")
        assert "nothing to run" in plan_of(finished).output
        audit = delaynet(finished, "audit", "results/features.h5")
    assert audit.returncode == 1
    assert "altered" in audit.stdout


def test_elsewhere_than_in_a_project_it_is_one_sentence(untouched: Path, tmp_path: Path) -> None:
    command = (untouched / ".venv" / "bin" / "delaynet", "plan")
    result = run(tmp_path, *command, check=False)
    assert result.returncode == 2
    assert "No Snakefile found" in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize(
    ("edited", "reason"),
    [
        ("training/loop.py", f"train 3 networks ({CHANGED}: delaynet/training/loop.py)"),
        (
            "data/features/mel.py",
            f"make the features ({CHANGED}: delaynet/data/features/mel.py)",
        ),
        (
            "data/corpus/espeak.py",
            f"make the corpus ({CHANGED}: delaynet/data/corpus/espeak.py)",
        ),
    ],
)
def test_replot_refuses_what_is_more_than_drawing(finished: Path, edited: str, reason: str) -> None:
    before = (finished / "results" / "paper.pdf").stat().st_mtime
    with with_more_code(finished / "workflow" / "delaynet" / edited):
        result = run(finished, "make", "replot", check=False)
    assert result.returncode != 0
    assert f"delaynet: nothing is drawn, as that would {reason}" in result.stderr
    assert (finished / "results" / "paper.pdf").stat().st_mtime == before

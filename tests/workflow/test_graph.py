"""The graph: what runs, what reruns, and what does not."""

import csv
import fcntl
import json
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import h5py
import pytest
from project_copy import (
    PROJECT,
    TINY,
    copy_made,
    copy_project,
    planned,
    run,
    snakemake,
)
from snakemake.persistence.file import FilePersistence

from delaynet.paper.figures.selection import FIGURES, MANUSCRIPT_FIGURES
from delaynet.provenance.times import recorded_jobs
from delaynet.workflow.project import PROJECT as THIS

pytestmark = pytest.mark.slow

ALL_TRAININGS = 3
AFTER_TRAINING = {
    "figure": len(MANUSCRIPT_FIGURES), "grouping": 1, "tables": 1, "claims": 1, "numbers": 1,
    "seal": 1, "paper": 1, "page": 1,
}  # fmt: skip
SET = {"paper": 1, "page": 1}
SEALED_AND_SET = {"seal": 1, **SET}


@contextmanager
def edited(path: Path, addition: str) -> Iterator[None]:
    """Add a line to a file, and put the file back, its time too."""
    before, times = path.read_text(encoding="utf-8"), path.stat()
    path.write_text(before + addition, encoding="utf-8")
    try:
        yield
    finally:
        path.write_text(before, encoding="utf-8")
        os.utime(path, (times.st_atime, times.st_mtime))


@contextmanager
def replaced(path: Path, old: str, new: str) -> Iterator[None]:
    """Replace a part of a file, and put the file back, its time too."""
    before, times = path.read_text(encoding="utf-8"), path.stat()
    assert old in before
    path.write_text(before.replace(old, new, 1), encoding="utf-8")
    try:
        yield
    finally:
        path.write_text(before, encoding="utf-8")
        os.utime(path, (times.st_atime, times.st_mtime))


@contextmanager
def configured(project: Path, old: str, new: str) -> Iterator[None]:
    """Replace a part of the tiny configuration, and put it back."""
    config = project / "config" / "config.yaml"
    assert old in TINY
    config.write_text(TINY.replace(old, new))
    try:
        yield
    finally:
        config.write_text(TINY)


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


def module(project: Path, name: str) -> Path:
    return project / "workflow" / "delaynet" / name


def test_everything_is_made_and_then_nothing_is_to_be_done(finished: Path) -> None:
    assert (finished / "results" / "paper.pdf").read_bytes().startswith(b"%PDF")
    assert "<html" in (finished / "results" / "report.html").read_text().lower()
    assert planned(finished) == {}


def test_each_job_has_read_and_written_what_its_rule_says(finished: Path) -> None:
    shown = snakemake(finished, "--detailed-summary").stdout
    said = list(csv.DictReader(shown[shown.index("output_file") :].splitlines(), delimiter="\t"))
    records = [
        json.loads(file.read_text(encoding="utf-8"))
        for file in (finished / "results" / "records").rglob("*.json")
    ]
    made_by = {output: record for record in records for output in record["outputs"]}
    assert set(made_by) == {row["output_file"] for row in said}
    for row in said:
        read = set(made_by[row["output_file"]]["inputs"])
        # its files, and the digests of all records, are not Snakemake's to know
        if row["rule"] not in ("configuration", "seal"):
            assert read == set(filter(None, row["input-file(s)"].split(","))), row["output_file"]


def test_the_standard_layout_serves_as_well(finished: Path) -> None:
    assert planned(finished, "--snakefile", "workflow/Snakefile") == {}


def test_one_figure_needs_its_own_runs_and_nothing_else(untouched: Path) -> None:
    first = {"configuration": 1, "corpus": 1, "check": 1, "features": 1}
    accuracy = planned(untouched, "results/figures/accuracy.svg")
    assert accuracy == first | {"train": ALL_TRAININGS, "figure": 1}
    assert planned(untouched, "results/figures/task.svg") == first | {"train": 1, "figure": 1}


def test_touching_every_source_reruns_nothing(finished: Path) -> None:
    for path in [finished / "Snakefile", *finished.glob("[!.r]*/**/*")]:
        if path.is_file() and "results" not in path.parts:
            path.touch()
    assert planned(finished) == {}


def test_cloning_the_sources_again_reruns_nothing(finished: Path, tmp_path: Path) -> None:
    again = copy_project(tmp_path / "again")
    for path in again.rglob("*"):
        if path.is_file() and ".venv" not in path.parts:
            path.touch()
    for name in ("results", ".snakemake"):
        shutil.copytree(finished / name, again / name, dirs_exist_ok=True)
    assert planned(again) == {}


def test_a_copy_reruns_nothing_and_whatever_changes_in_it_does(
    finished: Path, tmp_path: Path
) -> None:
    left_out = shutil.ignore_patterns(".snakemake", "logs")
    project = Path(
        shutil.copytree(
            finished, tmp_path / "copy", symlinks=True, ignore=left_out, copy_function=shutil.copy
        )
    )
    features = project / "results" / "features.h5"
    features.touch()
    for benchmark in (project / "benchmarks").rglob("*.tsv"):
        os.utime(benchmark, (0, 0))
    (project / "results" / "corpus" / ".snakemake_timestamp").touch()
    # as if all were too large for Snakemake to compare more than times
    by_time = ("--max-checksum-file-size", "0")
    assert planned(project, *by_time) == {}
    with edited(module(project, "model/neurons.py"), "\nA_CHANGE = 1\n"):
        assert planned(project, *by_time)["train"] == ALL_TRAININGS
    with configured(project, "epochs: 2", "epochs: 3"):
        assert planned(project, *by_time)["train"] == ALL_TRAININGS
    assert planned(project, *by_time) == {}
    content = bytearray(features.read_bytes())
    content[-1] ^= 1
    features.write_bytes(content)
    plan = planned(project, *by_time)
    assert plan["train"] == ALL_TRAININGS
    assert "features" not in plan


def test_records_hold_what_snakemake_compares(
    finished: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(finished)
    persistence = FilePersistence(nolock=True)
    for job in recorded_jobs(THIS, Path("results")):
        for path in job.outputs:
            known = persistence._read_record(path)
            assert known is not None
            assert known.params == job.record["compared"], path


def test_a_change_to_a_figure_redraws_it_and_the_paper(finished: Path) -> None:
    with edited(module(finished, "paper/figures/accuracy.py"), "\nA_CHANGE = 1\n"):
        assert planned(finished) == {"figure": 1} | SEALED_AND_SET


def test_a_change_to_the_style_redraws_every_figure_and_trains_nothing(finished: Path) -> None:
    with edited(module(finished, "paper/figures/style.py"), "\nA_CHANGE = 1\n"):
        assert planned(finished) == {"figure": len(FIGURES)} | SEALED_AND_SET


@pytest.mark.parametrize("name", ["training/loop.py", "model/neurons.py", "model/connectivity.py"])
def test_a_change_to_training_code_trains_everything_again(finished: Path, name: str) -> None:
    with edited(module(finished, name), "\nA_CHANGE = 1\n"):
        assert planned(finished)["train"] == ALL_TRAININGS
        assert "features" not in planned(finished)


ALL_TRAINED = {"train": ALL_TRAININGS}
SETTINGS, VARIANTS = "config/settings.py", "config/variants.py"
STATIC = '    "static": Structure('
ANOTHER = '    "another": Structure("another", "none"),\n'
DEVICE = '    device: Literal["auto"'
ADDED = '    added: bool = Field({}, json_schema_extra={{"before": False}})\n' + DEVICE


@pytest.mark.parametrize(
    ("name", "old", "new", "again"),
    [
        ("training/loop.py", "import copy", "# a comment\nimport copy", {}),
        ("training/device.py", "PyTorch sees no GPU", "there is no GPU", {}),
        (VARIANTS, STATIC, ANOTHER + STATIC, {"train": 0, "numbers": 1}),
        (SETTINGS, DEVICE, ADDED.format(False), {}),
        (SETTINGS, "Firing threshold of", "The threshold of", {"train": 0, "tables": 1}),
        (SETTINGS, DEVICE, ADDED.format(True), ALL_TRAINED),
        (SETTINGS, "dropout: float = Field(0.4", "dropout: float = Field(0.3", ALL_TRAINED),
        ("model/dale.py", "is_exempt = ", "is_exempt = not ", ALL_TRAINED),
        ("model/structures/static.py", "STRUCTURE =", "A_CHANGE = STRUCTURE =", {}),
        ("model/structures/dense.py", "STRUCTURE =", "A_CHANGE = STRUCTURE =", {"train": 2}),
    ],
)  # fmt: skip
def test_a_training_reruns_when_what_it_computes_changes_and_only_then(
    finished: Path, name: str, old: str, new: str, again: dict[str, int]
) -> None:
    with replaced(module(finished, name), old, new):
        plan = planned(finished)
    assert "features" not in plan
    assert {rule: plan.get(rule, 0) for rule in again or plan} == again


def test_a_change_to_the_manuscript_sets_it_again(finished: Path) -> None:
    with edited(finished / "manuscript" / "paper.typ", "\n// a change\n"):
        assert planned(finished) == SEALED_AND_SET


def test_a_change_to_the_features_code_does_all_but_the_corpus_again(finished: Path) -> None:
    with edited(module(finished, "data/features/mel.py"), "\nA_CHANGE = 1\n"):
        plan = planned(finished)
    assert plan["features"] == 1
    assert plan["train"] == ALL_TRAININGS
    assert "corpus" not in plan


def test_a_change_of_one_variants_setting_trains_that_variant_alone(finished: Path) -> None:
    addition = "variants: {learned-dense-free: {training: {epochs: 3}}}\n"
    with edited(finished / "config" / "config.yaml", addition):
        plan = planned(finished)
        assert plan["train"] == 1
        assert plan == AFTER_TRAINING | {"configuration": 1, "train": 1, "figure": len(FIGURES)}


def test_how_jobs_run_is_no_part_of_the_results(finished: Path) -> None:
    addition = "execution: {checkpoint_seconds: 5, tensorboard: true}\n"
    with edited(finished / "config" / "config.yaml", addition):
        assert planned(finished) == {}


def test_one_more_seed_trains_only_it(finished: Path) -> None:
    with configured(finished, "seeds: 1", "seeds: 2"):
        plan = planned(finished)
    assert plan["train"] == ALL_TRAININGS, "the second seed of each"
    assert "features" not in plan


def test_one_more_condition_trains_only_its_own_runs(finished: Path) -> None:
    control = (
        "  - {delays: [learned], structure: [dense], condition: [shuffled]}\n"
        "conditions: {shuffled: {training: {data: shuffled_labels}}}\n"
        "seeds: 1"
    )
    with configured(finished, "seeds: 1", control):
        plan = planned(finished)
    assert plan["train"] == 1
    assert "features" not in plan


def test_a_block_with_seeds_of_its_own_trains_only_those_that_are_new(finished: Path) -> None:
    with configured(finished, "structure: [dense]}", "structure: [dense], seeds: 3}"):
        assert planned(finished)["train"] == 2 * 2


def test_other_rules_of_decision_ask_for_no_training_and_no_analysis(finished: Path) -> None:
    with edited(module(finished, "analysis/claims/ledger.py"), "\nA_CHANGE = 1\n"):
        plan = planned(finished)
    assert plan["claims"] == plan["numbers"] == plan["paper"] == 1
    assert not {"train", "grouping", "tables"} & set(plan)


def test_another_null_model_is_analysed_without_training(finished: Path) -> None:
    with edited(module(finished, "analysis/grouping/nulls.py"), "\nA_CHANGE = 1\n"):
        plan = planned(finished)
    assert plan["grouping"] == plan["claims"] == 1
    assert "train" not in plan


def test_results_of_another_configuration_are_not_overwritten(finished: Path) -> None:
    with configured(finished, "name: tiny", "name: other"):
        result = snakemake(finished, "--dry-run", check=False)
    assert result.returncode != 0
    assert "`results/` holds the configuration 'tiny'" in result.stdout


def test_a_run_outside_of_the_grid_is_refused(finished: Path) -> None:
    outside = "results/runs/standard/fixed-dense-free/sparsity-0/seed-0/summary.json"
    result = snakemake(finished, outside, "--dry-run", check=False)
    assert result.returncode != 0
    assert (
        "holds no run standard/fixed-dense-free/sparsity-0/seed-0" in result.stdout + result.stderr
    )


def test_a_deleted_result_is_made_again(finished: Path) -> None:
    summary = next((finished / "results" / "runs").rglob("summary.json"))
    kept = summary.rename(summary.with_suffix(".kept"))
    try:
        assert planned(finished)["train"] == 1
    finally:
        kept.rename(summary)


def test_wrong_input_is_one_sentence_and_nothing_is_written(untouched: Path) -> None:
    with configured(untouched, "epochs: 2", "epochs: 0"):
        result = snakemake(untouched, check=False)
    assert result.returncode != 0
    shown = result.stdout + result.stderr
    assert "`training.epochs` is 0: input should be greater than or equal to 1." in shown
    assert "Traceback" not in shown
    assert [path.name for path in (untouched / "results").iterdir()] == ["README.md"]
    assert not (untouched / "logs").exists()


def test_a_corpus_folder_that_is_missing_is_named(untouched: Path) -> None:
    with configured(untouched, "source: synthetic, trials: 1", "source: folder, folder: gone"):
        result = snakemake(untouched, "--dry-run", check=False)
    assert result.returncode != 0
    assert "`corpus.folder`: gone does not exist" in result.stdout
    assert "Traceback" not in result.stdout + result.stderr


def test_the_audit_of_the_paper_is_clean_and_notices_one_altered_byte(finished: Path) -> None:
    audit = [".venv/bin/python", "-m", "delaynet", "audit", "results/paper.pdf"]
    clean = run(finished, *audit)
    assert "results/corpus" in clean.stdout
    assert "intact" in clean.stdout.splitlines()[-1]
    network = next((finished / "results" / "runs").rglob("network.h5"))
    before, times = network.read_bytes(), network.stat()
    network.write_bytes(before[:-1] + bytes([before[-1] ^ 1]))
    os.utime(network, (times.st_atime, times.st_mtime))
    try:
        noticed = run(finished, *audit, check=False)
    finally:
        network.write_bytes(before)
        os.utime(network, (times.st_atime, times.st_mtime))
    assert noticed.returncode == 1
    altered = [line for line in noticed.stdout.splitlines() if line.startswith("altered")]
    assert len(altered) == 1
    assert str(network.relative_to(finished)) in altered[0]


def test_a_printed_number_is_traced_to_the_corpus(finished: Path) -> None:
    numbers = run(
        finished, ".venv/bin/python", "-m", "delaynet", "manuscript",
        "--source", "manuscript/paper.typ", "--numbers",
    ).stdout.splitlines()  # fmt: skip
    key, shown = next(line.split("\t") for line in numbers if line.startswith("accuracy."))
    result = run(finished, ".venv/bin/python", "-m", "delaynet", "audit", "--number", key)
    assert f"{key} is printed as {shown}" in result.stdout
    assert "results/tables/accuracy.csv" in result.stdout
    assert "results/corpus" in result.stdout


def test_a_killed_make_paper_goes_on_to_the_same_bytes(finished: Path, tmp_path: Path) -> None:
    project = copy_project(tmp_path / "killed")
    killed = subprocess.Popen(
        ["make", "paper"], cwd=project, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        start_new_session=True,
    )  # fmt: skip
    runs = project / "results" / "runs"
    deadline = time.monotonic() + 300
    while not list(runs.rglob("network.h5")):
        assert time.monotonic() < deadline, "no training has finished"
        time.sleep(0.1)
    os.killpg(killed.pid, signal.SIGKILL)
    killed.wait()
    for path in runs.rglob("[!.]*.h5"):
        with h5py.File(path) as file:
            assert "layer_1" in file, "a file under its final name is whole"
    run(project, "make", "paper")
    for path in sorted((finished / "results" / "runs").rglob("*")):
        if path.name in ("initial.h5", "network.h5", "summary.json", "predictions.csv"):
            twin = project / path.relative_to(finished)
            assert path.read_bytes() == twin.read_bytes(), path
    tables = ("accuracy.csv", "contrasts.csv")
    for name in tables:
        path = Path("results") / "tables" / name
        assert (project / path).read_bytes() == (finished / path).read_bytes()


def test_a_training_killed_with_snakemake_goes_on_from_its_checkpoint(
    finished: Path, tmp_path: Path
) -> None:
    of_run = Path("standard", "learned-dense-free", "sparsity-0", "seed-0")
    folder = Path("results", "runs") / of_run
    command = [".venv/bin/snakemake", "--cores", "2", str(folder / "summary.json")]
    projects = [copy_project(tmp_path / name) for name in ("undisturbed", "killed")]
    for project in projects:
        for name in ("results", ".snakemake"):
            shutil.copytree(finished / name, project / name, dirs_exist_ok=True)
        longer = TINY.replace("epochs: 2", "epochs: 40")
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
    deadline = time.monotonic() + 300
    while not (log.exists() and "epoch 3 of 40" in log.read_text()):
        assert time.monotonic() < deadline, "the training does not begin"
        time.sleep(0.01)
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
    assert not (killed / "results" / "checkpoints" / of_run).exists()
    assert list((killed / "results" / "tensorboard" / of_run).glob("events.*"))


def test_make_leaves_a_snakemake_that_is_at_work_alone(finished: Path, tmp_path: Path) -> None:
    project = copy_made(finished, tmp_path / "busy")
    config = project / "config" / "config.yaml"
    config.write_text(TINY.replace("epochs: 2", "epochs: 200"))
    of_run = Path("standard", "learned-dense-free", "sparsity-0", "seed-0")
    summary = Path("results", "runs") / of_run / "summary.json"
    log = project / "logs" / "train" / of_run.with_suffix(".log")
    log.unlink(missing_ok=True)
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
    assert "The paper is results/paper.pdf" in run(project, "make", "paper").stdout


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


def test_the_project_that_is_tested_is_this_one(untouched: Path) -> None:
    name = "workflow/delaynet/model/neurons.py"
    assert (untouched / name).read_bytes() == (PROJECT / name).read_bytes()


def test_a_broken_recording_stops_the_run_with_its_name_and_leaves_nothing(
    small_corpus: Path, tmp_path: Path
) -> None:
    project = copy_project(tmp_path / "broken")
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

"""The graph of jobs, as Snakemake plans it; `test_reruns.py` asks the functions that it asks."""

import csv
import json
import os
import shutil
from pathlib import Path

import pytest
from project_copy import (
    PROJECT,
    changed,
    copy_project,
    planned,
    snakemake,
    with_more_code,
)
from snakemake.persistence.file import FilePersistence

from delaynet.paper.figures.selection import FIGURES, MANUSCRIPT_FIGURES
from delaynet.provenance.times import recorded_jobs
from delaynet.workflow.project import PROJECT as THIS

pytestmark = pytest.mark.slow

CONFIG = Path("config", "config.yaml")
ALL_TRAININGS = 3
AFTER_TRAINING = {
    "figure": len(MANUSCRIPT_FIGURES), "grouping": 1, "exchange": 1, "tables": 1, "claims": 1,
    "numbers": 1, "seal": 1, "paper": 1, "page": 1,
}  # fmt: skip
# as if all were too large for Snakemake to compare more than times
BY_TIME = ("--max-checksum-file-size", "0")


def test_the_project_that_is_tested_is_this_one(untouched: Path) -> None:
    name = "workflow/delaynet/model/neurons.py"
    assert (untouched / name).read_bytes() == (PROJECT / name).read_bytes()


def test_everything_is_made_and_then_nothing_is_to_be_done(finished: Path) -> None:
    assert (finished / "results" / "paper.pdf").read_bytes().startswith(b"%PDF")
    assert "<html" in (finished / "results" / "report.html").read_text().lower()
    assert planned(finished) == {}


def test_one_figure_needs_its_own_runs_and_nothing_else(untouched: Path) -> None:
    assert planned(untouched, "results/figures/task.svg") == dict.fromkeys(
        ("configuration", "corpus", "check", "features", "train", "figure"), 1
    )


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


def test_touching_every_source_reruns_nothing_and_the_standard_layout_serves_as_well(
    finished: Path,
) -> None:
    for path in [finished / "Snakefile", *finished.glob("[!.r]*/**/*")]:
        if path.is_file() and "results" not in path.parts:
            path.touch()
    assert planned(finished, "--snakefile", "workflow/Snakefile") == {}


def test_cloning_the_sources_again_reruns_nothing(finished: Path, tmp_path: Path) -> None:
    again = copy_project(tmp_path / "again")
    for path in again.rglob("*"):
        if path.is_file() and ".venv" not in path.parts:
            path.touch()
    for name in ("results", ".snakemake"):
        shutil.copytree(finished / name, again / name, dirs_exist_ok=True)
    assert planned(again) == {}


@pytest.fixture(scope="module")
def copied(finished: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy with new times, without what Snakemake knows of the results."""
    target = tmp_path_factory.mktemp("copy") / "copy"
    left_out = shutil.ignore_patterns(".snakemake", "logs")
    shutil.copytree(finished, target, symlinks=True, ignore=left_out, copy_function=shutil.copy)
    (target / "results" / "features.h5").touch()
    for benchmark in (target / "benchmarks").rglob("*.tsv"):
        os.utime(benchmark, (0, 0))
    (target / "results" / "corpus" / ".snakemake_timestamp").touch()
    return target


def test_a_copy_reruns_nothing(copied: Path) -> None:
    assert planned(copied, *BY_TIME) == {}


def test_in_a_copy_what_has_changed_in_code_or_settings_is_made_again(copied: Path) -> None:
    dense = copied / "workflow/delaynet/model/structures/dense.py"
    variant = "variants: {fixed-deep_r_rigl-dale: {training: {epochs: 3}}}\nseeds: 1"
    with with_more_code(dense):
        assert planned(copied, *BY_TIME)["train"] == 2
        with changed(copied / CONFIG, "seeds: 1", variant):
            assert planned(copied, *BY_TIME)["train"] == ALL_TRAININGS


def test_in_a_copy_what_was_made_from_other_bytes_is_made_again(copied: Path) -> None:
    features = copied / "results" / "features.h5"
    content = bytearray(features.read_bytes())
    content[-1] ^= 1
    features.write_bytes(content)
    plan = planned(copied, *BY_TIME)
    assert plan["train"] == ALL_TRAININGS
    assert "features" not in plan


def test_a_change_to_the_manuscript_sets_it_again(finished: Path) -> None:
    with changed(
        finished / "manuscript" / "paper.typ", "document is generated", "document is not generated"
    ):
        assert planned(finished) == {"seal": 1, "paper": 1, "page": 1}


def test_a_change_of_one_variants_setting_trains_that_variant_alone(finished: Path) -> None:
    variant = "variants: {learned-dense-free: {training: {epochs: 3}}}\nseeds: 1"
    with changed(finished / CONFIG, "seeds: 1", variant):
        plan = planned(finished)
    assert plan == AFTER_TRAINING | {"configuration": 1, "train": 1, "figure": len(FIGURES)}


def test_other_rules_of_decision_ask_for_no_training_and_no_analysis(finished: Path) -> None:
    rules = finished / "workflow/delaynet/analysis/claims/decide.py"
    with with_more_code(rules):
        plan = planned(finished)
    assert plan["claims"] == plan["numbers"] == plan["paper"] == 1
    assert not {"train", "grouping", "tables"} & set(plan)

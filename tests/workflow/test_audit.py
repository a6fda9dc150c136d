"""The audit of a whole paper: what it finds, what it does not, and what the command says.

All ways of tampering are tried on a small project, in `provenance/test_tampering.py`.
"""

import json
import os
import re
import shutil
from pathlib import Path

import jsonschema
import pytest
from click.testing import CliRunner, Result
from project_copy import copy_made, run, snakemake
from tampering import (
    edit_record,
    fit,
    flip,
    forge,
    record_of,
    replace,
    reseal,
    rewrite,
    swap,
)

from delaynet.cli import main
from delaynet.paper.manuscript import set_pdf
from delaynet.provenance.audit import Audit
from delaynet.provenance.embedded import read_embedded
from delaynet.provenance.states import GOOD, Verdict
from delaynet.workflow.project import PROJECT

pytestmark = pytest.mark.slow

RUN = "results/runs/standard/learned-dense-free/sparsity-0/seed-0"
CLIP = "results/corpus/audio/lang-english_speaker-00_trial-0_digit-1.flac"


@pytest.fixture
def project(finished: Path, tmp_path: Path) -> Path:
    return copy_made(finished, tmp_path / "project", ".snakemake", "logs", "benchmarks")


def findings(project: Path) -> dict[str, Verdict]:
    """What the audit finds of every path that is not in order, and of the seal."""
    audit = Audit(PROJECT, project / "results")
    found = {link.path: link.verdict for link in audit.everything()} | {"the seal": audit.seal()}
    return {path: verdict for path, verdict in found.items() if verdict.state not in GOOD}


def audit(project: Path, *arguments: str | Path) -> Result:
    """Run `delaynet audit` in a project."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(project)
        return CliRunner().invoke(main, ["audit", *map(str, arguments)])


# --- tampering

FILES = [
    "figures/accuracy.svg", "figures/accuracy.png", "figures/task.svg", "paper.pdf", "paper.html",
    "numbers.json",
    "claims.json", "config.json", "corpus_report.json", "features.h5", "grouping.csv",
    "grouping_maps.h5", "power.csv", "tables/accuracy.csv", "tables/contrasts.csv",
    "tables/exchange.csv", "tables/hyperparameters.csv", "tables/tests.csv", "tables/claims.csv",
    *(f"{Path(RUN).relative_to('results')}/{name}" for name in (
        "settings.json", "metrics.csv", "initial.h5", "network.h5", "predictions.csv",
        "summary.json",
    )),
]  # fmt: skip


@pytest.mark.parametrize("place", [0, 0.37, 1])
def test_one_bit_of_each_kind_of_file_is_found_and_named(project: Path, place: float) -> None:
    for file in FILES:
        flip(project / "results" / file, place)
    found = findings(project)
    altered = {path for path, verdict in found.items() if verdict.state == "altered"}
    assert altered == {f"results/{file}" for file in FILES}
    assert {verdict.state for verdict in found.values()} == {"altered", "stale"}


def test_a_recording_that_moves_from_the_training_list_to_the_test_list(project: Path) -> None:
    corpus = project / "results" / "corpus"
    swap(corpus / "train_filenames.txt", corpus / "test_filenames.txt")
    assert findings(project)["results/corpus"].state == "altered"


def test_a_table_that_is_edited_with_its_record_and_the_seal(project: Path) -> None:
    forge(project, "results/power.csv")
    reseal(project)
    found = findings(project)
    assert found["the seal"] == ("altered", "paper.pdf carries another digest")
    assert found["results/paper.pdf"].state == "stale"


def test_code_and_a_rule_that_are_edited(project: Path) -> None:
    replace(project / "workflow/delaynet/model/neurons.py", "", "A = 1\n")
    replace(project / "workflow/rules/analysis.smk", "--config {input.config} --runs", "--runs")
    found = findings(project)
    assert found[f"{RUN}/network.h5"] == (
        "code changed",
        "since then: delaynet/model/neurons.py",
    )
    assert "rule grouping" in found["results/grouping.csv"].reason


def test_a_manuscript_that_says_something_else_under_the_same_seal(project: Path) -> None:
    source, pdf = project / "manuscript" / "paper.typ", project / "results" / "paper.pdf"
    replace(source, "document is generated", "document is not generated")
    rewrite(pdf, set_pdf(project, source, read_embedded(pdf)))
    for output in ("results/paper.pdf", "results/paper.html"):
        fit(project, output)
    found = findings(project)
    assert found["the seal"].state == "stale"
    assert found["results/paper.pdf"].state == "record altered"
    assert all("manuscript/paper.typ" in verdict.reason for verdict in found.values())


@pytest.mark.parametrize("file", ["results/paper.pdf", "results/paper.html"])
@pytest.mark.parametrize(
    "changes", [{}, {"rule": "by hand", "rule_code": None}, {"inputs": {}, "modules": {}}]
)
def test_what_no_seal_holds_is_made_again_whatever_its_record_says(
    project: Path, file: str, changes: dict[str, object]
) -> None:
    forge(project, file)
    for output in ("results/paper.pdf", "results/paper.html"):
        fit(project, output, **changes if output == file else {})
    assert findings(project) == {}, "no record of it can be in the seal that it shows"
    result = audit(project, file)
    assert result.exit_code == 1
    assert re.search(f"^altered +{file}: set again, it has other bytes", result.output, re.M)


def test_with_all_that_is_audited_the_manuscript_is_set_again_too(project: Path) -> None:
    forge(project, "results/paper.pdf")
    fit(project, "results/paper.html")
    result = audit(project, "--all")
    assert result.exit_code == 1
    assert "results/paper.pdf: set again, it has other bytes" in result.output


def test_where_the_manuscript_cannot_be_set_again_the_audit_says_so(project: Path) -> None:
    forge(project, "results/paper.pdf")
    record = json.loads(record_of(project, "results/paper.pdf").read_text())
    fit(project, "results/paper.pdf", packages={**record["packages"], "typst": "0.0.1"})
    result = audit(project, "results/paper.pdf")
    assert "; not checked: results/paper.pdf (set by Typst 0.0.1; here is" in result.output
    answer = json.loads(audit(project, "results/paper.pdf", "--json").output)
    assert len(answer["not_checked"]) == 1


def test_trainings_on_two_kinds_of_devices_are_named(project: Path) -> None:
    summary = str(next((project / "results" / "runs").rglob("summary.json")).relative_to(project))
    settings = str(Path(summary).with_name("settings.json"))
    edit_record(project, settings, gpu={"name": "NVIDIA A100", "driver": None})
    result = audit(project, "results/tables/accuracy.csv")
    assert "mix devices (trainings on a GPU: 1, on a CPU: 2)" in result.output
    assert f"train again on a CPU: {project / Path(summary).parent}.\n" in result.output


# --- no false alarm


def test_an_untouched_project_is_intact(finished: Path) -> None:
    assert findings(finished) == {}
    for name in ("report.html", "README.md"):
        assert (finished / "results" / name).exists(), "it is no result of a job"


def test_new_times_are_no_alteration(project: Path) -> None:
    for path in project.rglob("*"):
        if path.is_file() and ".venv" not in path.parts:
            os.utime(path)
    assert findings(project) == {}


def test_comments_and_what_keeps_records_are_no_code_of_results(project: Path) -> None:
    for name in ("provenance/record.py", "cli/__init__.py"):
        module = project / "workflow" / "delaynet" / name
        module.write_text(module.read_text() + "\nA = 1\n")
    replace(project / "workflow/delaynet/model/neurons.py", "", "# a comment\n")
    replace(project / "workflow/rules/training.smk", "2500 * attempt", "5000 * attempt")
    replace(project / "workflow/rules/training.smk", "params:\n", "params:\n        # more\n")
    assert findings(project) == {}


def test_a_new_structures_name_is_code_of_what_prints_it_and_of_no_training(project: Path) -> None:
    place = '    "static": Structure('
    replace(
        project / "workflow/delaynet/config/variants.py",
        place,
        place.replace("static", "another") + f'"another", "a mask", "none"),\n{place}',
    )
    found = findings(project)
    assert found["results/tables/accuracy.csv"].state == "code changed"
    assert not [path for path in found if path.startswith(("results/runs", "results/features"))]


def test_a_figure_drawn_again_breaks_no_seal(finished: Path, tmp_path: Path) -> None:
    project = copy_made(finished, tmp_path / "again")
    figure = project / "results" / "figures" / "accuracy.svg"
    before = figure.stat().st_mtime_ns
    snakemake(project, "--force", "results/figures/accuracy.svg")
    assert figure.stat().st_mtime_ns > before
    assert findings(project) == {}


# --- the command


def test_in_a_terminal_the_audit_of_the_paper_is_clean(finished: Path) -> None:
    command = [".venv/bin/python", "-m", "delaynet", "audit", "results/paper.pdf"]
    clean = run(finished, *command)
    assert "results/corpus" in clean.stdout
    assert "intact" in clean.stdout.splitlines()[-1]


def test_one_altered_byte_of_a_network_is_named_alone(project: Path) -> None:
    flip(project / RUN / "network.h5", 1)
    noticed = audit(project, "results/paper.pdf")
    assert noticed.exit_code == 1
    altered = [line for line in noticed.output.splitlines() if line.startswith("altered")]
    assert len(altered) == 1
    assert f"{RUN}/network.h5" in altered[0]


def test_a_printed_number_is_traced_to_the_corpus(finished: Path) -> None:
    numbers = run(
        finished, ".venv/bin/python", "-m", "delaynet", "manuscript",
        "--source", "manuscript/paper.typ", "--numbers",
    ).stdout.splitlines()  # fmt: skip
    key, shown = next(line.split("\t") for line in numbers if line.startswith("accuracy."))
    result = audit(finished, "--number", key)
    assert f"{key} is printed as {shown}" in result.output
    assert "results/tables/accuracy.csv" in result.output
    assert "results/corpus" in result.output


@pytest.mark.parametrize(
    ("suffix", "name"), [(".svg", "figure 2.svg"), (".png", "figure 2.png"), (".png", "F.PNG")]
)
def test_a_figure_is_traced_from_wherever_it_was_copied_to(
    finished: Path, tmp_path: Path, suffix: str, name: str
) -> None:
    copy = Path(shutil.copy(finished / f"results/figures/accuracy{suffix}", tmp_path / name))
    result = audit(finished, copy)
    assert result.exit_code == 0, result.output
    assert f"a copy of results/figures/accuracy{suffix}" in result.output.splitlines()[0]
    assert "results/corpus " in result.output
    assert "by `delaynet corpus make --settings" in result.output
    flip(copy)
    result = audit(finished, copy)
    assert result.exit_code == 1
    assert result.output.startswith(f"altered         {copy}: it carries the identifier of")


def test_the_manuscript_is_traced_from_wherever_it_was_copied_to(
    finished: Path, tmp_path: Path
) -> None:
    copy = shutil.copy(finished / "results" / "paper.pdf", tmp_path / "sent.pdf")
    result = audit(finished, copy)
    assert result.exit_code == 0, result.output
    assert "a copy of results/paper.pdf" in result.output.splitlines()[0]


def test_a_figure_of_another_making_is_said_to_be_unknown(finished: Path, tmp_path: Path) -> None:
    figure = finished / "results" / "figures" / "accuracy.svg"
    embedded = read_embedded(figure)
    assert embedded
    copy = tmp_path / "figure.svg"
    copy.write_text(figure.read_text().replace(embedded.record, "0" * 16))
    result = audit(finished, copy)
    assert result.exit_code == 1
    assert f"no record here has its identifier {'0' * 16}" in result.output


def test_figures_and_manuscript_carry_identifier_commit_and_seal(finished: Path) -> None:
    commit = run(finished, "git", "rev-parse", "HEAD").stdout.strip()
    for path in sorted((finished / "results" / "figures").iterdir()):
        embedded = read_embedded(path)
        assert embedded, path
        record = json.loads(record_of(finished, f"results/figures/{path.stem}.svg").read_text())
        assert embedded == ("delaynet", record["id"], commit, None)
    seal = json.loads((finished / "results" / "seal.json").read_text())["digest"]
    record = json.loads(record_of(finished, "results/paper.pdf").read_text())
    carried = read_embedded(finished / "results" / "paper.pdf")
    assert carried == ("delaynet", record["id"], commit, seal)


def test_the_audit_ends_with_a_line_that_counts_and_tells_of_the_seal(project: Path) -> None:
    clean = audit(project, "--all")
    assert clean.exit_code == 0, clean.output
    seal = json.loads((project / "results" / "seal.json").read_text())["digest"]
    assert clean.output.splitlines()[-1].endswith(f" source; the seal {seal} holds.")
    shutil.rmtree(project / ".git")
    end = audit(project, "results/power.csv").output.splitlines()[-1]
    assert end.endswith(" holds; not checked: commits (no history here).")
    flip(project / "results" / "power.csv")
    result = audit(project, "--all")
    assert result.exit_code == 1
    assert "1 altered" in result.output.splitlines()[-1]


def test_programs_are_answered_in_json(finished: Path) -> None:
    answer = json.loads(audit(finished, "--number", "corpus.clips", "--json").output)
    assert answer["intact"] is True
    assert answer["number"]["value"] == 240
    assert answer["seal"]["state"] == "intact"
    assert answer["files"][0]["path"] == "results/numbers.json"
    assert answer["files"][0]["record"]["rule"] == "numbers"
    assert answer["files"][-1]["state"] == "intact"


def test_a_file_within_a_folder_leads_to_the_folder(finished: Path) -> None:
    result = audit(finished, finished / CLIP)
    assert result.exit_code == 0
    assert result.output.startswith("intact          results/corpus ")


def test_a_link_to_a_result_leads_to_it(finished: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(finished)
    (tmp_path / "table.csv").symlink_to(finished / "results/power.csv")
    for path in (tmp_path / "link/results/power.csv", tmp_path / "table.csv"):
        result = audit(finished, path)
        assert result.exit_code == 0, result.output
        assert result.output.startswith("intact          results/power.csv ")


def test_of_a_folder_all_that_lies_in_it_is_audited(project: Path) -> None:
    result = audit(project, "results/figures")
    assert result.exit_code == 0, result.output
    assert "results/figures/task.png " in result.output
    assert "results/figures/power.svg " in result.output
    (project / "results/figures/mine.svg").write_text("<svg/>")
    result = audit(project, "results/figures")
    assert result.exit_code == 1
    assert "unrecorded      results/figures/mine.svg: no record lists it" in result.output


@pytest.mark.parametrize("arguments", [("--number", "corpus.clips"), ("",)])
def test_a_question_that_cannot_be_answered_is_one_sentence(
    project: Path, arguments: tuple[str, ...]
) -> None:
    rewrite(project / "results" / "numbers.json", b"{")
    result = audit(project, *arguments)
    assert result.exit_code == 2
    assert result.stdout == ""
    assert len(result.stderr.strip().splitlines()) == 1


def test_what_is_no_result_is_refused_in_one_sentence(finished: Path, tmp_path: Path) -> None:
    (tmp_path / "mine.svg").write_text("<svg/>")
    for path in ("results/nothing.csv", tmp_path / "mine.svg", "README.md"):
        result = audit(finished, path)
        assert result.exit_code == 2
        assert result.stdout == ""
        assert "there is no record of such a result" in result.stderr
    for arguments in ((), ("--all", "results/paper.pdf")):
        assert "Give one of a file, --number and --all" in audit(finished, *arguments).stderr


def test_every_record_fits_the_schema_and_names_its_rule(finished: Path) -> None:
    schema = json.loads((finished / "workflow" / "schemas" / "record.schema.json").read_text())
    rules = set()
    for record in Audit(PROJECT, finished / "results").files.values():
        jsonschema.validate(record, schema)
        rules.add(record["rule"])
        assert record["torch"] is not None or record["rule"] != "train"
        assert record["wildcards"].keys() == {
            "train": {"condition", "delays", "structure", "signs", "sparsity", "seed"},
            "figure": {"figure"},
        }.get(record["rule"], set())
    assert None not in rules
    assert {"configuration", "corpus", "check", "features", "train", "figure", "seal"} <= rules

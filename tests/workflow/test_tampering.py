"""Nothing that is altered goes unseen, and nothing is called altered that was not."""

import json
import os
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import jsonschema
import pytest
import tampering as tamper
from project_copy import copy_made, run, snakemake
from tampering import CLIPS, LEARNED, NONE, clip, flip, record_of

from delaynet.config.errors import UserError
from delaynet.provenance.audit import Audit
from delaynet.provenance.embedded import read_embedded
from delaynet.provenance.states import GOOD, Verdict
from delaynet.workflow.project import PROJECT

pytestmark = pytest.mark.slow

Tampering = Callable[[Path], object]


@pytest.fixture
def project(finished: Path, tmp_path: Path) -> Path:
    return copy_made(finished, tmp_path / "project", ".snakemake", "logs", "benchmarks")


def findings(project: Path) -> dict[str, Verdict]:
    """What the audit finds of every path that is not in order, and of the seal."""
    audit = Audit(PROJECT, project / "results")
    found = {link.path: link.verdict for link in audit.everything()} | {"the seal": audit.seal()}
    return {path: verdict for path, verdict in found.items() if verdict.state not in GOOD}


def audit(project: Path, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return run(project, ".venv/bin/python", "-m", "delaynet", "audit", *arguments, check=False)


# --- any byte of any kind of file, its time kept

FILES = [
    "figures/accuracy.svg", "figures/accuracy.png", "figures/task.svg", "paper.pdf", "paper.html",
    "numbers.json",
    "claims.json", "config.json", "corpus_report.json", "features.h5", "grouping.csv",
    "grouping_maps.h5", "power.csv", "tables/accuracy.csv", "tables/contrasts.csv",
    "tables/hyperparameters.csv", "tables/tests.csv", "tables/claims.csv",
    *(f"{Path(LEARNED).relative_to('results')}/{name}" for name in (
        "settings.json", "metrics.csv", "initial.h5", "network.h5", "predictions.csv",
        "summary.json",
    )),
]  # fmt: skip


@pytest.mark.parametrize("file", FILES)
def test_one_bit_of_any_file_is_seen_and_named(project: Path, file: str) -> None:
    for place in (0, 0.37, 1):
        before = (project / "results" / file).read_bytes()
        flip(project / "results" / file, place)
        found = findings(project)
        altered = [path for path, verdict in found.items() if verdict.state == "altered"]
        assert altered == [f"results/{file}"]
        assert {verdict.state for verdict in found.values()} <= {"altered", "stale"}
        tamper.rewrite(project / "results" / file, before)
    assert findings(project) == {}


# --- other ways: what is done, and of which path the audit says what, with which words

WAYS: dict[str, tuple[Tampering, str, str, str]] = {
    "a recording is altered": (
        lambda p: flip(clip(p, CLIPS[0])), "results/corpus", "altered", "bytes",
    ),
    "a recording is removed": (
        lambda p: clip(p, CLIPS[0]).unlink(), "results/corpus", "altered", "files",
    ),
    "a recording is added": (
        lambda p: shutil.copy(clip(p, CLIPS[0]), clip(p, "more")), "results/corpus", "altered",
        "files",
    ),
    "two recordings are swapped": (
        lambda p: tamper.swap(clip(p, CLIPS[0]), clip(p, CLIPS[1])), "results/corpus", "altered",
        "as many bytes",
    ),
    "a recording moves from the training list to the test list": (
        lambda p: tamper.swap(
            *(p / f"results/corpus/{split}_filenames.txt" for split in ("train", "test"))
        ),
        "results/corpus", "altered", "",
    ),
    "the corpus is removed": (
        lambda p: tamper.remove(p / "results/corpus"), "results/corpus", "missing", "",
    ),
    "a file is cut short": (
        lambda p: tamper.rewrite(p / "results/power.csv", b"null"), "results/power.csv", "altered",
        "bytes",
    ),
    "a file is emptied": (
        lambda p: tamper.rewrite(p / "results/features.h5", b""), "results/features.h5", "altered",
        "it holds 0 bytes",
    ),
    "a line is added to a table": (
        lambda p: tamper.rewrite(
            p / "results/tables/accuracy.csv",
            (p / "results/tables/accuracy.csv").read_bytes() + b"\n",
        ),
        "results/tables/accuracy.csv", "altered", "bytes",
    ),
    "a file is deleted": (
        lambda p: tamper.remove(p / LEARNED / "network.h5"), f"{LEARNED}/network.h5", "missing", "",
    ),
    "a run is deleted": (
        lambda p: tamper.remove(p / LEARNED), f"{LEARNED}/summary.json", "missing", "",
    ),
    "a file is swapped between two runs": (
        lambda p: tamper.swap(p / LEARNED / "network.h5", p / NONE / "network.h5"),
        f"{NONE}/network.h5", "altered", "",
    ),
    "two runs are swapped": (
        lambda p: tamper.swap(p / LEARNED, p / NONE), f"{LEARNED}/summary.json", "altered", "",
    ),
    "two runs are swapped with their records": (
        tamper.swap_runs_with_records, f"{LEARNED}/summary.json", "record altered",
        f"is the record of {LEARNED}",
    ),
    "a figure is put in place of another": (
        lambda p: shutil.copy(p / "results/figures/task.svg", p / "results/figures/delays.svg"),
        "results/figures/delays.svg", "altered", "",
    ),
    "the identifier in a figure is edited": (
        lambda p: tamper.replace(
            p / "results/figures/task.svg", "delaynet-record: ", "delaynet-record: f"
        ),
        "results/figures/task.svg", "altered", "",
    ),
    "a number of the manuscript is edited": (
        lambda p: tamper.replace(p / "results/numbers.json", '"shown": "', '"shown": "9'),
        "results/numbers.json", "altered", "",
    ),
    "what the manuscript was set from is edited": (
        lambda p: tamper.replace(p / "results/numbers.json", '"shown": "', '"shown": "9'),
        "results/paper.pdf", "stale", "results/numbers.json",
    ),
    "an input of trainings is altered": (
        lambda p: flip(p / "results/features.h5"), f"{LEARNED}/network.h5", "stale",
        "results/features.h5",
    ),
    "the manuscript's text is edited": (
        lambda p: tamper.replace(p / "manuscript/paper.typ", "*C1*", "*C1* not"),
        "results/paper.pdf", "stale", "manuscript/paper.typ",
    ),
    "a record is edited": (
        lambda p: tamper.edit_json(
            record_of(p, "results/power.csv"), lambda record: record.update(host="elsewhere")
        ),
        "results/power.csv", "record altered", "differs from the seal",
    ),
    "the seed in a record is edited": (
        lambda p: tamper.edit_json(
            record_of(p, f"{LEARNED}/settings.json"), lambda record: record.update(seed=1)
        ),
        f"{LEARNED}/network.h5", "record altered", "differs from the seal",
    ),
    "the commit in a record is edited": (
        lambda p: tamper.edit_json(
            record_of(p, "results/power.csv"), lambda record: record.update(commit="0" * 40)
        ),
        "results/power.csv", "record altered", "",
    ),
    "an input in a record is edited to hide that it has changed": (
        lambda p: (
            flip(p / "results/features.h5"),
            tamper.edit_json(
                record_of(p, f"{LEARNED}/settings.json"),
                lambda record: record["inputs"]["results/features.h5"].update(
                    sha256=tamper.digest(p / "results/features.h5")
                ),
            ),
        ),
        f"{LEARNED}/summary.json", "record altered", "differs from the seal",
    ),
    "a file and its record are edited": (
        lambda p: tamper.forge(p, "results/power.csv"), "results/power.csv", "record altered",
        "differs from the seal",
    ),
    "a file, its record and the seal are edited": (
        lambda p: tamper.forge_all(p, "results/power.csv"), "the seal", "altered",
        "paper.pdf carries another digest",
    ),
    "the seal is made anew under a manuscript that prints the old one": (
        lambda p: tamper.forge_all(p, "results/power.csv"), "results/paper.pdf", "stale",
        "results/seal.json",
    ),
    "a record is deleted": (
        lambda p: record_of(p, "results/power.csv").unlink(), "results/power.csv", "unrecorded",
        "which the seal holds, is gone",
    ),
    "a file and its record are deleted": (
        lambda p: (
            tamper.remove(p / "results/power.csv"), record_of(p, "results/power.csv").unlink()
        ),
        "results/power.csv", "missing", "which the seal holds, is gone",
    ),
    "a figure that nothing is made from is deleted with its record": (
        lambda p: (
            tamper.remove(p / "results/figures/corpus.png"),
            tamper.remove(p / "results/figures/corpus.svg"),
            record_of(p, "results/figures/corpus.svg").unlink(),
        ),
        "results/figures/corpus.svg", "missing", "which the seal holds, is gone",
    ),
    "a record is put in place of another": (
        lambda p: shutil.copy(
            record_of(p, "results/power.csv"), record_of(p, "results/figures/task.svg")
        ),
        "results/power.csv", "record altered", "",
    ),
    "a second record claims a result": (
        lambda p: tamper.add_record(p, "zzz.json", "results/power.csv", dict),
        "results/power.csv", "record altered", "records/zzz.json tells of results/power.csv",
    ),
    "a file is added": (
        lambda p: (p / "results/tables/more.csv").write_text("a,b\n"), "results/tables/more.csv",
        "unrecorded", "",
    ),
    "a file is added with a record": (
        tamper.add_recorded_file, "results/extra.csv", "record altered", "is not in the seal",
    ),
    "the seal is deleted": (
        lambda p: tamper.remove(p / "results/seal.json"), "the seal", "missing", "is gone",
    ),
    "the digest in the seal is edited": (
        lambda p: tamper.edit_json(p / "results/seal.json", lambda s: s.update(digest="0" * 64), 1),
        "the seal", "altered", "does not follow",
    ),
    "a record is taken out of the seal": (
        lambda p: tamper.edit_json(
            p / "results/seal.json", lambda s: s["records"].pop("power.csv.json"), 1
        ),
        "results/power.csv", "record altered", "is not in the seal",
    ),
    "the seal's own record is edited": (
        lambda p: tamper.edit_json(
            record_of(p, "results/seal.json"),
            lambda r: r["outputs"]["results/seal.json"].update(sha256="0" * 64),
        ),
        "results/seal.json", "altered", "",
    ),
    "the seal's own record is deleted": (
        lambda p: record_of(p, "results/seal.json").unlink(), "the seal", "record altered",
        "its own record is gone",
    ),
    "the digest that the manuscript carries is edited": (
        lambda p: tamper.rewrite(
            p / "results/paper.pdf",
            (p / "results/paper.pdf").read_bytes().replace(b" seal: ", b" seal: 0"),
        ),
        "results/paper.pdf", "altered", "",
    ),
    "code is edited": (
        lambda p: tamper.replace(
            p / "workflow/delaynet/model/neurons.py", "import", "A = 1\nimport"
        ),
        f"{LEARNED}/network.h5", "code changed", "delaynet/model/neurons.py",
    ),
    "a module is deleted": (
        lambda p: (p / "workflow/delaynet/paper/figures/accuracy.py").unlink(),
        "results/figures/accuracy.png", "code changed", "delaynet/paper/figures/accuracy.py",
    ),
    "code is edited, and its digest in a record": (
        lambda p: tamper.edit_json(
            record_of(p, f"{LEARNED}/settings.json"),
            lambda r: r["modules"]["delaynet/model/neurons.py"].update(code="0" * 16),
        ),
        f"{LEARNED}/network.h5", "record altered", "differs from the seal",
    ),
    "a rule calls its command otherwise": (
        lambda p: tamper.replace(
            p / "workflow/rules/analysis.smk", "--config {input.config} --runs", "--runs"
        ),
        "results/grouping.csv", "code changed", "since then: rule grouping",
    ),
    "a rule reads other settings": (
        lambda p: tamper.replace(
            p / "workflow/rules/training.smk", "naming.run_settings(CONFIG)", "'{}'"
        ),
        f"{LEARNED}/network.h5", "code changed", "since then: rule train",
    ),
    "a rule file is no rule file": (
        lambda p: tamper.rewrite(p / "workflow/rules/training.smk", b"rule train:\n  (\n"),
        f"{LEARNED}/network.h5", "code changed", "rule train",
    ),
    "the digest of a rule in a record is edited": (
        lambda p: tamper.edit_json(
            record_of(p, "results/power.csv"), lambda r: r.update(rule_code="0" * 16)
        ),
        "results/power.csv", "record altered", "differs from the seal",
    ),
    "history is rewritten": (
        tamper.rewrite_history, "results/figures/task.png", "record altered",
        "which this repository does not hold",
    ),
    "the manuscript's record names a commit that never was": (
        lambda p: tamper.edit_json(
            record_of(p, "results/paper.pdf"), lambda record: record.update(commit="0" * 40)
        ),
        "results/paper.pdf", "record altered", "which this repository does not hold",
    ),
    "the manuscript's record names code that its commit does not hold": (
        lambda p: tamper.edit_json(
            record_of(p, "results/paper.pdf"),
            lambda r: r["modules"]["delaynet/paper/manuscript.py"].update(sha256="0" * 64),
        ),
        "results/paper.pdf", "record altered", "names other code than its commit",
    ),
    "the manuscript's words are edited, it is set under the same seal, and the records fit": (
        tamper.reword, "the seal", "stale", "manuscript/paper.typ",
    ),
    "so they are, and the record names the commit that held the former": (
        tamper.reword, "results/paper.pdf", "record altered", "manuscript/paper.typ",
    ),
    "a source of the manuscript is added": (
        lambda p: (p / "manuscript/more.typ").write_text("More."), "the seal", "stale", "more.typ",
    ),
    "a source's digest in the seal is edited": (
        lambda p: tamper.edit_json(
            p / "results/seal.json",
            lambda s: s["sources"].update({"manuscript/paper.typ": "0" * 64}), 1,
        ),
        "the seal", "altered", "does not follow",
    ),
    "seal and all that tells of it are taken away": (
        tamper.strip_seal, "the seal", "missing", "is gone",
    ),
    "the digest is taken out of the manuscript, and the records fit": (
        tamper.strip_digest, "the seal", "altered", "paper.pdf carries no digest",
    ),
    "the manuscript is deleted with its record": (
        lambda p: tamper.delete(p, "results/paper.pdf"), "results/paper.pdf", "missing", "sealed",
    ),
    "the page is deleted with its record": (
        lambda p: tamper.delete(p, "results/paper.html"), "results/paper.html", "missing", "sealed",
    ),
    "the configuration is edited": (
        lambda p: tamper.replace(p / "config/config.yaml", "epochs: 2", "epochs: 3"),
        "results/config.json", "stale", "config/config.yaml",
    ),
    "the configuration is no configuration": (
        lambda p: tamper.rewrite(p / "config/config.yaml", b"\xff: ["),
        "results/config.json", "stale", "config/config.yaml",
    ),
    "a folder is put in place of a file": (
        lambda p: tamper.make_folder_of(p / "results/power.csv"), "results/power.csv", "altered",
        "it is a folder, and was a file",
    ),
    "a file is put in place of a folder": (
        lambda p: (
            tamper.remove(p / "results/corpus"), (p / "results/corpus").write_text("recordings")
        ),
        "results/corpus", "altered", "it is a file, and was a folder",
    ),
    "a module is not text": (
        lambda p: tamper.rewrite(p / "workflow/delaynet/model/neurons.py", b"\xff"),
        f"{LEARNED}/network.h5", "code changed", "delaynet/model/neurons.py",
    ),
    "a folder of other files is linked among the results": (
        lambda p: (p / "results/tables/linked").symlink_to(p / "config"),
        "results/tables/linked", "unrecorded", "",
    ),
    "a file is added to a folder of results that lies elsewhere": (
        lambda p: (
            shutil.move(p / "results/runs", p / "moved"),
            (p / "results/runs").symlink_to(p / "moved"),
            (p / "moved/more.csv").write_text("a,b\n"),
        ),
        "results/runs/more.csv", "unrecorded", "",
    ),
}  # fmt: skip


@pytest.mark.parametrize("way", WAYS)
def test_every_way_of_tampering_is_found_and_named(project: Path, way: str) -> None:
    do, path, state, words = WAYS[way]
    do(project)
    found = findings(project)
    assert path in found, found
    assert found[path].state == state
    assert words in found[path].reason


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"outputs": {}}'])
@pytest.mark.parametrize("file", ["records/power.csv.json", "seal.json"])
def test_what_is_no_record_or_no_seal_is_named(project: Path, file: str, content: bytes) -> None:
    tamper.rewrite(project / "results" / file, content)
    with pytest.raises(UserError, match=f"{file}: is not a"):
        Audit(PROJECT, project / "results")


def test_a_seal_that_is_a_folder_is_named(project: Path) -> None:
    tamper.make_folder_of(project / "results" / "seal.json")
    with pytest.raises(UserError, match=r"seal.json: is not a seal"):
        Audit(PROJECT, project / "results")


# of the record that no seal holds
WRONG = {
    "schema": 1, "id": 3, "rule": 1, "wildcards": None, "command": "", "inputs": {"a": {}},
    "outputs": {}, "commit": 5, "uncommitted": True, "modules": [], "packages": None, "host": None,
    "ended": 5, "seconds": "long", "more": 1,
}  # fmt: skip


@pytest.mark.parametrize("field", WRONG)
def test_a_field_of_a_wrong_type_makes_it_no_record(project: Path, field: str) -> None:
    file = record_of(project, "results/paper.pdf")
    tamper.edit_json(file, lambda record: record.update({field: WRONG[field]}))
    with pytest.raises(UserError, match=r"paper.pdf.json: is not a record"):
        Audit(PROJECT, project / "results")


@pytest.mark.parametrize("file", ["results/paper.pdf", "results/paper.html"])
@pytest.mark.parametrize(
    "changes", [{}, {"rule": "by hand", "rule_code": None}, {"inputs": {}, "modules": {}}]
)
def test_what_no_seal_holds_is_made_again_whatever_its_record_says(
    project: Path, file: str, changes: dict[str, object]
) -> None:
    tamper.forge(project, file)
    tamper.fit(project, "results/paper.html", **changes if "html" in file else {})
    tamper.fit(project, "results/paper.pdf", **changes if "pdf" in file else {})
    assert findings(project) == {}, "no record of it can be in the seal that it shows"
    for asked in (file, "--all"):
        result = audit(project, asked)
        assert result.returncode == 1
        assert re.search(f"^altered +{file}: set again, it has other bytes", result.stdout, re.M)


def test_where_the_manuscript_cannot_be_set_again_the_audit_says_so(project: Path) -> None:
    tamper.forge(project, "results/paper.pdf")
    record = json.loads(record_of(project, "results/paper.pdf").read_text())
    tamper.fit(project, "results/paper.pdf", packages={**record["packages"], "typst": "0.0.1"})
    result = audit(project, "results/paper.pdf")
    assert "; not checked: results/paper.pdf (set by Typst 0.0.1; here is" in result.stdout
    answer = json.loads(audit(project, "results/paper.pdf", "--json").stdout)
    assert len(answer["not_checked"]) == 1


# --- no false alarm


def test_an_untouched_project_is_intact(project: Path) -> None:
    assert findings(project) == {}
    for name in ("report.html", "README.md"):
        assert (project / "results" / name).exists(), "it is no result of a job"


def test_new_times_are_no_alteration(project: Path) -> None:
    for path in project.rglob("*"):
        if path.is_file() and ".venv" not in path.parts:
            os.utime(path)
    assert findings(project) == {}


def test_a_clone_with_restored_results_is_intact(finished: Path, tmp_path: Path) -> None:
    clone = tmp_path / "another place"
    tamper.git(tmp_path, "clone", "--quiet", str(finished), str(clone))
    shutil.copytree(finished / "results", clone / "results", dirs_exist_ok=True)
    assert findings(clone) == {}


def test_a_copy_without_its_repository_is_intact(project: Path) -> None:
    shutil.rmtree(project / ".git")
    assert findings(project) == {}
    result = audit(project, "results/power.csv")
    assert result.returncode == 0
    assert result.stdout.endswith(" holds; not checked: commits (no history here).\n")


def test_a_comment_in_the_configuration_is_no_alteration(project: Path) -> None:
    config = project / "config" / "config.yaml"
    config.write_text("# a comment\n" + config.read_text())
    assert findings(project) == {}


def test_results_that_lie_elsewhere_are_intact(project: Path) -> None:
    shutil.move(project / "results", project / "moved")
    (project / "results").mkdir()
    for path in (project / "moved").iterdir():
        (project / "results" / path.name).symlink_to(path)
    assert findings(project) == {}


def test_a_later_commit_of_other_files_is_no_alteration(project: Path) -> None:
    (project / "notes.txt").write_text("mine")
    tamper.git(project, "add", "notes.txt")
    tamper.git(project, "commit", "--message", "Notes")
    assert findings(project) == {}


def test_code_edited_and_edited_back_is_intact(project: Path) -> None:
    module = project / "workflow" / "delaynet" / "model" / "neurons.py"
    before = module.read_text()
    module.write_text(before + "\nA = 1\n")
    assert findings(project)
    module.write_text(before)
    assert findings(project) == {}


def test_a_comment_is_no_code(project: Path) -> None:
    module = project / "workflow" / "delaynet" / "model" / "neurons.py"
    module.write_text("# a comment\n" + module.read_text())
    assert findings(project) == {}


def test_a_new_structures_name_is_code_of_what_prints_it_and_of_no_training(project: Path) -> None:
    place = '    "static": Structure('
    tamper.replace(
        project / "workflow/delaynet/config/variants.py",
        place,
        place.replace("static", "another") + f'"another", "none"),\n{place}',
    )
    found = findings(project)
    assert found["results/tables/accuracy.csv"].state == "code changed"
    assert not [path for path in found if path.startswith(("results/runs", "results/features"))]


def test_comments_and_resources_of_a_rule_are_not_what_it_says(project: Path) -> None:
    rules = project / "workflow" / "rules" / "training.smk"
    text = rules.read_text().replace("threads: 1", "threads: 1  # one is enough")
    text = text.replace("2500 * attempt", "5000 * attempt")
    text = text.replace("    params:\n", "    params:\n        # more\n")
    rules.write_text("# a comment\n" + text)
    assert findings(project) == {}


def test_a_rule_beside_another_says_nothing_of_it(project: Path) -> None:
    (project / "workflow/rules/more.smk").write_text("rule more:\n    shell:\n        'true'\n")
    assert findings(project) == {}


def test_what_keeps_records_is_no_code_of_results(project: Path) -> None:
    for name in ("provenance/record.py", "cli/__init__.py"):
        module = project / "workflow" / "delaynet" / name
        module.write_text(module.read_text() + "\nA = 1\n")
    assert findings(project) == {}


def test_a_figure_drawn_again_breaks_no_seal(finished: Path, tmp_path: Path) -> None:
    project = copy_made(finished, tmp_path / "again")
    figure = project / "results" / "figures" / "accuracy.svg"
    before = figure.stat().st_mtime_ns
    snakemake(project, "--force", "results/figures/accuracy.svg")
    assert figure.stat().st_mtime_ns > before
    assert findings(project) == {}


# --- the command


def test_a_figure_is_traced_from_wherever_it_was_copied_to(project: Path, tmp_path: Path) -> None:
    for suffix, name in ((".svg", "figure 2.svg"), (".png", "figure 2.png"), (".png", "F.PNG")):
        copy = tmp_path / name
        shutil.copy(project / f"results/figures/accuracy{suffix}", copy)
        result = audit(project, copy)
        assert result.returncode == 0, result.stdout
        assert f"a copy of results/figures/accuracy{suffix}" in result.stdout.splitlines()[0]
        assert "results/corpus " in result.stdout
        assert "by `delaynet corpus make --settings" in result.stdout
        flip(copy)
        result = audit(project, copy)
        assert result.returncode == 1
        assert result.stdout.startswith(f"altered         {copy}: it says to be a copy of")


def test_the_manuscript_is_traced_from_wherever_it_was_copied_to(
    project: Path, tmp_path: Path
) -> None:
    copy = shutil.copy(project / "results" / "paper.pdf", tmp_path / "sent.pdf")
    result = audit(project, copy)
    assert result.returncode == 0, result.stdout
    assert "a copy of results/paper.pdf" in result.stdout.splitlines()[0]


def test_a_figure_of_another_making_is_said_to_be_unknown(project: Path, tmp_path: Path) -> None:
    copy = tmp_path / "figure.svg"
    figure = (project / "results" / "figures" / "accuracy.svg").read_text()
    embedded = read_embedded(project / "results" / "figures" / "accuracy.svg")
    assert embedded
    copy.write_text(figure.replace(embedded.record, "0" * 16))
    result = audit(project, copy)
    assert result.returncode == 1
    assert f"it carries the identifier {'0' * 16}, of which no record is here" in result.stdout


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
    assert clean.returncode == 0, clean.stdout
    seal = json.loads((project / "results" / "seal.json").read_text())["digest"]
    assert clean.stdout.splitlines()[-1].endswith(f" source; the seal {seal} holds.")
    flip(project / "results" / "power.csv")
    result = audit(project, "--all")
    assert result.returncode == 1
    assert "1 altered" in result.stdout.splitlines()[-1]


def test_programs_are_answered_in_json(project: Path) -> None:
    key = "corpus.clips"
    answer = json.loads(audit(project, "--number", key, "--json").stdout)
    assert answer["intact"] is True
    assert answer["number"]["value"] == 240
    assert answer["seal"]["state"] == "intact"
    assert answer["files"][0]["path"] == "results/numbers.json"
    assert answer["files"][0]["record"]["rule"] == "numbers"
    assert answer["files"][-1]["state"] == "intact"


def test_a_file_within_a_folder_leads_to_the_folder(project: Path) -> None:
    result = audit(project, clip(project, CLIPS[0]))
    assert result.returncode == 0
    assert result.stdout.splitlines()[0].startswith("intact          results/corpus ")


def test_a_link_to_a_result_leads_to_it(project: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(project)
    (tmp_path / "table.csv").symlink_to(project / "results/power.csv")
    for path in (tmp_path / "link/results/power.csv", tmp_path / "table.csv"):
        result = audit(project, path)
        assert result.returncode == 0, result.stderr
        assert result.stdout.startswith("intact          results/power.csv ")


def test_of_a_folder_all_that_lies_in_it_is_audited(project: Path) -> None:
    result = audit(project, "results/figures")
    assert result.returncode == 0, result.stdout
    assert "results/figures/task.png " in result.stdout
    assert "results/figures/power.svg " in result.stdout
    (project / "results/figures/mine.svg").write_text("<svg/>")
    result = audit(project, "results/figures")
    assert result.returncode == 1
    assert "unrecorded      results/figures/mine.svg: no record tells of it" in result.stdout


@pytest.mark.parametrize("arguments", [("--number", "corpus.clips"), ("",)])
def test_a_question_that_cannot_be_answered_is_one_sentence(
    project: Path, arguments: tuple[str, ...]
) -> None:
    tamper.rewrite(project / "results" / "numbers.json", b"{")
    result = audit(project, *arguments)
    assert result.returncode == 2
    assert result.stdout == ""
    assert len(result.stderr.strip().splitlines()) == 1


def test_what_is_no_result_is_refused_in_one_sentence(project: Path, tmp_path: Path) -> None:
    (tmp_path / "mine.svg").write_text("<svg/>")
    for path in ("results/nothing.csv", tmp_path / "mine.svg", "README.md"):
        result = audit(project, path)
        assert result.returncode == 2
        assert result.stdout == ""
        assert "there is no record of such a result" in result.stderr
    for arguments in ((), ("--all", "results/paper.pdf")):
        assert "Give one of a file, --number and --all" in audit(project, *arguments).stderr


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

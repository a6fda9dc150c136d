"""The record of a job: all its fields, its identifier, and when it is left as it was."""

import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from delaynet.config.errors import UserError
from delaynet.provenance.record import read_record
from delaynet.provenance.repository import digests_at, version_control
from delaynet.provenance.seal import write_seal
from delaynet.workflow.project import PROJECT, recorded

SCHEMA = json.loads((PROJECT.workflow / "schemas" / "record.schema.json").read_text())


@contextmanager
def in_folder(folder: Path) -> Iterator[None]:
    before = Path.cwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)


def make(folder: Path, content: str = "made") -> dict[str, Any]:
    """Make `results/out.txt` from `in.txt` as a job does, and return its record."""
    with in_folder(folder), recorded([Path("in.txt")], [Path("results/out.txt")], {"a": 1}, 7):
        Path("results").mkdir(exist_ok=True)
        Path("results/out.txt").write_text(content, encoding="utf-8")
    return read_record(folder / "results/records/out.txt.json")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "in.txt").write_text("given")
    return tmp_path


def test_the_schema_and_the_code_name_the_same_fields_in_the_same_order(folder: Path) -> None:
    of_a_gpu = "peak_gpu_memory_bytes"
    assert tuple(make(folder)) == tuple(SCHEMA["required"])
    assert tuple(SCHEMA["properties"]) == (*SCHEMA["required"], of_a_gpu)
    assert all("description" in field or "$ref" in field for field in SCHEMA["properties"].values())


def test_a_record_fits_its_schema_and_a_changed_one_does_not(folder: Path) -> None:
    record = make(folder)
    jsonschema.validate(record, SCHEMA)
    for change in ({"seed": -1}, {"host": None}, {"more": 1}, {"outputs": {}}, {"commit": "main"}):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(record | change, SCHEMA)


def test_the_rule_and_its_wildcards_come_from_the_workflow(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert make(folder)["rule"] is None, "called by hand"
    monkeypatch.setenv("DELAYNET_RULE", "figure")
    monkeypatch.setenv("DELAYNET_WILDCARDS", '{"figure": "accuracy"}')
    record = make(folder)
    assert (record["rule"], record["wildcards"]) == ("figure", {"figure": "accuracy"})


def test_inputs_are_as_they_were_before_the_job(folder: Path) -> None:
    with in_folder(folder), recorded([Path("in.txt")], [Path("results/out.txt")]):
        Path("results").mkdir()
        Path("results/out.txt").write_text(
            Path("in.txt").read_text(encoding="utf-8"), encoding="utf-8"
        )
        Path("in.txt").write_text("given otherwise, while the job went on", encoding="utf-8")
    record = read_record(folder / "results/records/out.txt.json")
    assert record["inputs"]["in.txt"] == record["outputs"]["results/out.txt"]


def test_the_same_making_has_the_same_identifier_and_no_other_has(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = make(folder)
    monkeypatch.setenv("SLURM_JOB_ID", "12")
    again = make(folder, "made otherwise")
    assert (again["id"], again["slurm_job"]) == (first["id"], "12"), "not from outputs or machine"
    (folder / "in.txt").write_text("given anew")
    other_input = make(folder)
    monkeypatch.setenv("DELAYNET_RULE", "other")
    other_rule = make(folder)
    monkeypatch.setattr(sys, "argv", ["delaynet", "other", "--option"])
    other_arguments = make(folder)
    records = (first, other_input, other_rule, other_arguments)
    assert len({record["id"] for record in records}) == len(records)


def test_a_sealed_record_is_left_as_it_was_when_the_same_is_made_from_the_same(
    folder: Path,
) -> None:
    first = make(folder)
    assert make(folder)["started"] != first["started"], "no seal is there to be broken"
    kept = make(folder)
    write_seal(PROJECT, folder / "results", folder / "results" / "seal.json")
    assert make(folder) == kept
    assert make(folder, "made otherwise")["outputs"] != kept["outputs"]


def test_an_altered_record_is_replaced_when_its_job_runs_again(folder: Path) -> None:
    record = make(folder)
    write_seal(PROJECT, folder / "results", folder / "results" / "seal.json")
    path = folder / "results/records/out.txt.json"
    path.write_text(json.dumps(record | {"host": "elsewhere"}))
    assert make(folder)["host"] == record["host"]


def test_the_record_of_what_lies_outside_of_results_stands_beside_it(tmp_path: Path) -> None:
    with in_folder(tmp_path), recorded([], [Path("archive.tar.gz")]):
        Path("archive.tar.gz").write_bytes(b"sounds")
    assert read_record(tmp_path / "archive.tar.gz.record.json")["inputs"] == {}


@pytest.mark.parametrize("content", ["", "[]", "{", '{"outputs": {"a": 1}}', '{"schema": 1}'])
def test_what_is_not_a_record_is_said_not_to_be_one(tmp_path: Path, content: str) -> None:
    path = tmp_path / "record.json"
    path.write_text(content)
    with pytest.raises(UserError, match="is not a record"):
        read_record(path)


def git(folder: Path, *arguments: str) -> None:
    who = ["-c", "user.name=Ada", "-c", "user.email=ada@example.org"]
    subprocess.run(["git", *who, *arguments], cwd=folder, check=True, capture_output=True)


def test_code_that_differs_from_the_commit_is_uncommitted_and_results_are_not(
    tmp_path: Path,
) -> None:
    package = tmp_path / "workflow" / "delaynet"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("")
    (tmp_path / ".gitignore").write_text("results\n")
    assert version_control(PROJECT, tmp_path) == {"commit": None, "uncommitted": None}
    git(tmp_path, "init", "--quiet")
    git(tmp_path, "add", "--all")
    git(tmp_path, "commit", "--quiet", "--message", "All")
    clean = version_control(PROJECT, tmp_path)
    assert clean["commit"] is not None
    assert clean["uncommitted"] is None
    for name in ("results/a.csv", "README.md"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("not code")
        assert version_control(PROJECT, tmp_path) == clean
    seen = {None}
    for name in ("workflow/delaynet/new.py", "workflow/delaynet/__init__.py", "config/own.yaml"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("a = 1\n")
        seen.add(version_control(PROJECT, tmp_path)["uncommitted"])
    assert len(seen) == 4


def test_a_repository_around_a_copy_of_the_project_is_not_its_own(tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet")
    (tmp_path / "notes.txt").write_text("mine")
    git(tmp_path, "add", "--all")
    git(tmp_path, "commit", "--quiet", "--message", "Notes")
    copy = tmp_path / "copy" / "workflow" / "delaynet"
    copy.mkdir(parents=True)
    (copy / "__init__.py").write_text("")
    assert version_control(PROJECT, tmp_path / "copy") == {"commit": None, "uncommitted": None}


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A repository with one module, committed."""
    (tmp_path / "workflow" / "delaynet").mkdir(parents=True)
    (tmp_path / "workflow" / "delaynet" / "__init__.py").write_text("A = 1\n")
    git(tmp_path, "init", "--quiet")
    git(tmp_path, "add", "--all")
    git(tmp_path, "commit", "--quiet", "--message", "All")
    return tmp_path


@pytest.fixture
def thesis(clone: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository that holds the project in a folder, which is returned."""
    repository = tmp_path_factory.mktemp("thesis")
    shutil.copytree(clone / "workflow", repository / "code" / "workflow")
    git(repository, "init", "--quiet")
    git(repository, "add", "--all")
    git(repository, "commit", "--quiet", "--message", "Thesis")
    return repository / "code"


def test_a_project_in_a_folder_of_a_larger_repository_is_at_that_one_s_commit(
    thesis: Path,
) -> None:
    file = "workflow/delaynet/__init__.py"
    clean = version_control(PROJECT, thesis)
    assert clean["commit"] is not None
    assert clean["uncommitted"] is None
    in_commit = digests_at(thesis, clean["commit"], [file])
    assert in_commit == {file: hashlib.sha256((thesis / file).read_bytes()).hexdigest()}
    (thesis / file).write_text("A = 2\n")
    assert version_control(PROJECT, thesis)["uncommitted"] is not None


@pytest.mark.parametrize("way", ["worktree add", "submodule add", "clone --depth=1"])
def test_a_worktree_a_submodule_and_a_shallow_clone_are_at_their_own_commit(
    clone: Path, tmp_path: Path, way: str
) -> None:
    around = tmp_path / "around"
    there = around / "paper"
    around.mkdir()
    git(around, "init", "--quiet")
    if way == "worktree add":
        git(clone, *way.split(), str(there))
    else:
        git(around, "-c", "protocol.file.allow=always", *way.split(), f"file://{clone}", "paper")
    clean = version_control(PROJECT, there)
    assert clean == version_control(PROJECT, clone)
    assert clean["commit"] is not None
    (there / "workflow/delaynet/__init__.py").write_text("A = 2\n")
    assert version_control(PROJECT, there)["uncommitted"] is not None


def test_another_repository_that_the_environment_names_is_not_asked(
    clone: Path, thesis: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clean = version_control(PROJECT, clone)
    monkeypatch.setenv("GIT_DIR", str(thesis.parent / ".git"))
    assert version_control(PROJECT, clone) == clean


def test_files_of_another_owner_are_one_warning_with_git_s_way_out(
    clone: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    # git's own tests have files belong to another user so
    monkeypatch.setenv("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")
    for _ in range(2):
        assert version_control(PROJECT, clone) == {"commit": None, "uncommitted": None}
    (warning,) = caplog.messages
    assert f"git config --global --add safe.directory {clone}" in warning


def test_what_an_editor_leaves_is_no_difference_and_stops_no_job(clone: Path) -> None:
    clean = version_control(PROJECT, clone)
    (clone / "manuscript").mkdir()
    (clone / "manuscript" / ".#paper.typ").symlink_to("ada@host.123:456")
    (clone / "workflow" / "delaynet" / ".__init__.py.swp").write_bytes(b"\0")
    assert version_control(PROJECT, clone) == clean
    (clone / "manuscript" / "elsewhere.typ").symlink_to("not there")
    git(clone, "init", "--quiet", "config/nested")
    assert version_control(PROJECT, clone)["uncommitted"] is not None


def test_differences_do_not_depend_on_how_a_user_has_git_show_them(
    clone: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    (clone / "workflow" / "delaynet" / "__init__.py").write_text("A = 2\n")
    plain = version_control(PROJECT, clone)
    assert plain["uncommitted"] is not None
    settings = tmp_path_factory.mktemp("home") / "gitconfig"
    settings.write_text("[diff]\n\texternal = no-such-command\n\tnoprefix = true\n")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(settings))
    assert version_control(PROJECT, clone) == plain


def test_where_git_cannot_tell_what_differs_no_commit_is_recorded(
    clone: Path, caplog: pytest.LogCaptureFixture
) -> None:
    asked = ["git", "rev-parse", "HEAD^{tree}"]
    tree = subprocess.run(
        asked, cwd=clone, check=True, capture_output=True, encoding="utf-8"
    ).stdout
    (clone / ".git" / "objects" / tree[:2] / tree[2:].strip()).unlink()
    assert version_control(PROJECT, clone) == {"commit": None, "uncommitted": None}
    assert "no commit is recorded" in caplog.text

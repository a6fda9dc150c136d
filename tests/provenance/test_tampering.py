"""Nothing that is altered goes unseen, and nothing is called altered that was not.

It is tried on a small project, with the time of each altered file kept. `workflow/test_audit.py`
tries some of it on a whole paper.
"""

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tampering import (
    delete,
    digest,
    edit_json,
    edit_record,
    fit,
    flip,
    forge,
    record_of,
    remove,
    replace,
    reseal,
    rewrite,
    swap,
)
from words_project import audit, findings, git

from delaynet.config.errors import UserError

pytestmark = pytest.mark.slow

CHAPTERS = "results/chapters"
CONFIG = "results/config.json"
FIRST, SECOND = "results/runs/1", "results/runs/2"
COUNTS = f"{FIRST}/counts.csv"
LONGEST, SHORTEST = "results/figures/longest.svg", "results/figures/shortest.svg"
SEAL, PAPER, PAGE = "results/seal.json", "results/paper.pdf", "results/page.html"
THE_SEAL = "the seal"


@pytest.fixture
def words(counted: Path, tmp_path: Path) -> Path:
    """A copy of the project that counts words."""
    return Path(shutil.copytree(counted, tmp_path / "words"))


def assert_found(words: Path, path: str, state: str, reason: str = "") -> None:
    """The audit says this of the path, for a reason with these words in it."""
    found = findings(words)
    assert path in found, found
    assert found[path].state == state
    assert reason in found[path].reason


# --- files


@pytest.mark.parametrize("place", [0, 0.37, 1])
@pytest.mark.parametrize(
    "file",
    [CONFIG, COUNTS, f"{FIRST}/summary.json", LONGEST, SHORTEST.replace("svg", "png"), PAPER, PAGE],
)
def test_one_bit_of_any_file_is_found_and_named(words: Path, file: str, place: float) -> None:
    flip(words / file, place)
    found = findings(words)
    # the digest in the manuscript may be what was altered
    altered = [path for path, verdict in found.items() if verdict.state == "altered"]
    assert [path for path in altered if path != THE_SEAL] == [file]
    assert {verdict.state for verdict in found.values()} <= {"altered", "stale"}


def test_a_file_that_is_altered_in_a_folder(words: Path) -> None:
    flip(words / CHAPTERS / "1.txt")
    assert_found(words, CHAPTERS, "altered", "the same size")


def test_a_file_that_is_removed_from_a_folder(words: Path) -> None:
    remove(words / CHAPTERS / "1.txt")
    assert_found(words, CHAPTERS, "altered", "files")


def test_a_file_that_is_added_to_a_folder(words: Path) -> None:
    shutil.copy(words / CHAPTERS / "1.txt", words / CHAPTERS / "3.txt")
    assert_found(words, CHAPTERS, "altered", "files")


def test_two_files_that_are_swapped_in_a_folder(words: Path) -> None:
    swap(words / CHAPTERS / "1.txt", words / CHAPTERS / "2.txt")
    assert_found(words, CHAPTERS, "altered", "the same size")


def test_a_folder_that_is_removed(words: Path) -> None:
    remove(words / CHAPTERS)
    assert_found(words, CHAPTERS, "missing")


def test_a_file_that_is_cut_short(words: Path) -> None:
    rewrite(words / COUNTS, b"be,2\n")
    assert_found(words, COUNTS, "altered", "bytes")


def test_a_file_that_is_emptied(words: Path) -> None:
    rewrite(words / COUNTS, b"")
    assert_found(words, COUNTS, "altered", "it holds 0 bytes")


def test_a_line_that_is_added_to_a_table(words: Path) -> None:
    rewrite(words / COUNTS, (words / COUNTS).read_bytes() + b"\n")
    assert_found(words, COUNTS, "altered", "bytes")


def test_a_number_that_is_edited_makes_what_was_made_of_it_stale(words: Path) -> None:
    replace(words / COUNTS, "be,2", "be,3")
    assert_found(words, COUNTS, "altered", "the same size")
    assert_found(words, LONGEST, "stale", COUNTS)


def test_a_file_that_is_deleted(words: Path) -> None:
    remove(words / COUNTS)
    assert_found(words, COUNTS, "missing")


def test_a_run_that_is_deleted(words: Path) -> None:
    remove(words / FIRST)
    assert_found(words, f"{FIRST}/summary.json", "missing")


def test_a_file_that_is_swapped_between_two_runs(words: Path) -> None:
    swap(words / COUNTS, words / SECOND / "counts.csv")
    assert_found(words, f"{SECOND}/counts.csv", "altered")


def test_two_runs_that_are_swapped(words: Path) -> None:
    swap(words / FIRST, words / SECOND)
    assert_found(words, COUNTS, "altered")


def test_two_runs_that_are_swapped_with_their_records(words: Path) -> None:
    swap(words / FIRST, words / SECOND)
    swap(*(words / "results/records/runs" / run for run in "12"))
    assert_found(words, COUNTS, "record altered", f"is the record of {FIRST}")


def test_a_figure_that_is_put_in_place_of_another(words: Path) -> None:
    shutil.copy(words / SHORTEST, words / LONGEST)
    assert_found(words, LONGEST, "altered")


def test_the_identifier_that_is_edited_in_a_figure(words: Path) -> None:
    replace(words / LONGEST, "words-record: ", "words-record: f")
    assert_found(words, LONGEST, "altered")


def test_a_folder_in_place_of_a_file(words: Path) -> None:
    remove(words / COUNTS)
    (words / COUNTS).mkdir()
    (words / COUNTS / "file").write_text("")
    assert_found(words, COUNTS, "altered", "it is a folder, and was a file")


def test_a_file_in_place_of_a_folder(words: Path) -> None:
    remove(words / CHAPTERS)
    (words / CHAPTERS).write_text("to be")
    assert_found(words, CHAPTERS, "altered", "it is a file, and was a folder")


def test_a_file_that_no_job_has_made(words: Path) -> None:
    (words / "results/runs/more.csv").write_text("a,b\n")
    assert_found(words, "results/runs/more.csv", "unrecorded", "no record lists it")


def test_a_folder_of_other_files_that_is_linked_among_the_results(words: Path) -> None:
    (words / "results/figures/linked").symlink_to(words / "config")
    assert_found(words, "results/figures/linked", "unrecorded")


def test_a_file_that_is_added_to_a_folder_of_results_elsewhere(words: Path) -> None:
    shutil.move(words / "results/runs", words / "moved")
    (words / "results/runs").symlink_to(words / "moved")
    (words / "moved/more.csv").write_text("a,b\n")
    assert_found(words, "results/runs/more.csv", "unrecorded")


# --- sources


def test_a_text_that_is_edited(words: Path) -> None:
    replace(words / "text.txt", "or", "and")
    assert_found(words, CHAPTERS, "stale", "text.txt")


@pytest.mark.parametrize("content", [b"shortest: 3\n", b"\xff: ["])
def test_a_configuration_that_is_edited_or_is_none(words: Path, content: bytes) -> None:
    rewrite(words / "config/words.yaml", content)
    assert_found(words, CONFIG, "stale", "config/words.yaml")


def test_an_input_of_runs_that_is_altered(words: Path) -> None:
    flip(words / CHAPTERS / "1.txt")
    assert_found(words, COUNTS, "stale", CHAPTERS)


def test_a_manuscript_whose_text_is_edited(words: Path) -> None:
    replace(words / "manuscript/paper.txt", "is", "is not")
    assert_found(words, PAPER, "stale", "manuscript/paper.txt")


def test_a_manuscript_that_is_set_from_what_was_edited(words: Path) -> None:
    replace(words / LONGEST, "question", "questions")
    assert_found(words, PAPER, "stale", LONGEST)


def reword(words: Path) -> None:
    """Change the manuscript's words, set it under the same seal, and let the records fit."""
    for name in ("manuscript/paper.txt", PAPER):
        replace(words / name, "is as drawn", "is not as drawn")
    for output in (PAPER, PAGE):
        fit(words, output)


def test_a_manuscript_that_says_something_else_under_the_same_seal(words: Path) -> None:
    reword(words)
    assert_found(words, THE_SEAL, "stale", "manuscript/paper.txt")
    # its record names the commit that held the former text
    assert_found(words, PAPER, "record altered", "manuscript/paper.txt")


def test_a_source_that_is_added_to_the_manuscript(words: Path) -> None:
    (words / "manuscript/more.txt").write_text("More.")
    assert_found(words, THE_SEAL, "stale", "more.txt")


# --- code


def test_code_that_is_edited(words: Path) -> None:
    replace(words / "workflow/words/count.py", "split()", 'split(" ")')
    assert_found(words, COUNTS, "code changed", "words/count.py")


def test_a_module_that_is_deleted(words: Path) -> None:
    remove(words / "workflow/words/count.py")
    assert_found(words, COUNTS, "code changed", "words/count.py")


def test_a_module_that_is_no_text(words: Path) -> None:
    rewrite(words / "workflow/words/count.py", b"\xff")
    assert_found(words, COUNTS, "code changed", "words/count.py")


def test_a_rule_that_calls_its_command_otherwise(words: Path) -> None:
    replace(words / "workflow/Snakefile", "{params.words} count", "{params.words} count -q")
    assert_found(words, COUNTS, "code changed", "since then: rule count")


def test_a_rule_that_reads_something_else(words: Path) -> None:
    replace(words / "workflow/Snakefile", '"results/config.json", ', "")
    assert_found(words, COUNTS, "code changed", "since then: rule count")


def test_a_rule_file_that_is_none(words: Path) -> None:
    rewrite(words / "workflow/Snakefile", b"rule count:\n  (\n")
    assert_found(words, COUNTS, "code changed", "rule count")


# --- records


def test_a_record_that_is_edited(words: Path) -> None:
    edit_record(words, COUNTS, host="elsewhere")
    assert_found(words, COUNTS, "record altered", "differs from the seal")
    assert_found(words, THE_SEAL, "record altered", "counts.csv.json")


@pytest.mark.parametrize("field", [{"seed": 1}, {"rule_code": "0" * 16}, {"commit": "0" * 40}])
def test_a_seed_a_rule_or_a_commit_that_is_edited_in_a_record(
    words: Path, field: dict[str, object]
) -> None:
    edit_record(words, COUNTS, **field)
    assert_found(words, COUNTS, "record altered", "differs from the seal")


def test_an_input_that_is_edited_in_a_record_to_hide_that_it_has_changed(words: Path) -> None:
    replace(words / CONFIG, "2", "3")
    edit_json(
        record_of(words, COUNTS),
        lambda record: record["inputs"][CONFIG].update(sha256=digest(words / CONFIG)),
    )
    assert_found(words, COUNTS, "record altered", "differs from the seal")


def test_code_that_is_edited_with_its_digest_in_a_record(words: Path) -> None:
    replace(words / "workflow/words/count.py", "split()", 'split(" ")')
    edit_json(
        record_of(words, COUNTS),
        lambda record: record["modules"]["words/count.py"].update(code="0" * 16),
    )
    assert_found(words, COUNTS, "record altered", "differs from the seal")


def test_a_file_that_is_edited_with_its_record(words: Path) -> None:
    forge(words, COUNTS)
    assert_found(words, COUNTS, "record altered", "differs from the seal")


def test_a_file_that_is_edited_with_its_record_and_the_seal(words: Path) -> None:
    forge(words, COUNTS)
    reseal(words)
    assert_found(words, THE_SEAL, "altered", "paper.pdf carries another digest")
    assert_found(words, PAPER, "stale", SEAL)


def test_a_record_that_is_deleted(words: Path) -> None:
    remove(record_of(words, COUNTS))
    assert_found(words, COUNTS, "unrecorded", "its sealed record is gone")


def test_a_file_that_is_deleted_with_its_record(words: Path) -> None:
    delete(words, COUNTS, f"{FIRST}/summary.json")
    assert_found(words, COUNTS, "missing", "its sealed record is gone")


def test_a_figure_that_nothing_is_made_from_is_deleted_with_its_record(words: Path) -> None:
    delete(words, SHORTEST, SHORTEST.replace("svg", "png"))
    assert_found(words, SHORTEST, "missing", "its sealed record is gone")


def test_a_record_that_is_put_in_place_of_another(words: Path) -> None:
    shutil.copy(record_of(words, COUNTS), record_of(words, SHORTEST))
    assert_found(words, COUNTS, "record altered")


def add_record(words: Path, name: str, **changes: Any) -> None:
    """Add a record, made of that of the first run."""
    record = json.loads(record_of(words, COUNTS).read_text())
    (words / "results/records" / name).write_text(json.dumps(record | changes))


def test_a_second_record_that_claims_a_result(words: Path) -> None:
    add_record(words, "zzz.json")
    assert_found(words, COUNTS, "record altered", f"{COUNTS} is also in records/zzz.json")


def test_a_file_that_is_added_with_a_record(words: Path) -> None:
    extra = words / "results/extra.csv"
    extra.write_text("not made by any job\n")
    made = {"results/extra.csv": {"sha256": digest(extra), "bytes": extra.stat().st_size}}
    add_record(words, "extra.csv.json", outputs=made)
    assert_found(words, "results/extra.csv", "record altered", "is not in the seal")


def test_history_that_is_rewritten(words: Path) -> None:
    git(words, "commit", "--amend", "--message", "Another history")
    git(words, "reflog", "expire", "--expire=now", "--all")
    git(words, "gc", "--prune=now", "--quiet")
    assert_found(words, LONGEST, "record altered", "which is not in this repository")


def test_a_manuscript_whose_record_names_a_commit_that_never_was(words: Path) -> None:
    edit_record(words, PAPER, commit="0" * 40)
    assert_found(words, PAPER, "record altered", "which is not in this repository")


def test_a_manuscript_whose_record_names_code_that_its_commit_does_not_hold(words: Path) -> None:
    edit_json(
        record_of(words, PAPER),
        lambda record: record["modules"]["words/paper.py"].update(sha256="0" * 64),
    )
    assert_found(words, PAPER, "record altered", "names code that differs from its commit")


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"outputs": {}}'])
@pytest.mark.parametrize("file", ["records/config.json.json", "seal.json"])
def test_what_is_no_record_or_no_seal_is_named(words: Path, file: str, content: bytes) -> None:
    rewrite(words / "results" / file, content)
    with pytest.raises(UserError, match=rf"{file}: (is not a record|cannot be read as a seal)"):
        audit(words)


# of the record that the seal does not list
WRONG: dict[str, object] = {
    "schema": 1, "id": 3, "rule": 1, "wildcards": None, "command": "", "inputs": {"a": {}},
    "outputs": {}, "commit": 5, "uncommitted": True, "modules": [], "packages": None, "host": None,
    "ended": 5, "seconds": "long", "more": 1,
}  # fmt: skip


@pytest.mark.parametrize("field", WRONG)
def test_a_field_of_a_wrong_type_makes_it_no_record(words: Path, field: str) -> None:
    edit_record(words, PAPER, **{field: WRONG[field]})
    with pytest.raises(UserError, match=r"paper.pdf.json: is not a record"):
        audit(words)


# --- the seal, and what is made after it


def test_a_seal_that_is_deleted(words: Path) -> None:
    remove(words / SEAL)
    assert_found(words, THE_SEAL, "missing", "is gone")
    assert_found(words, SEAL, "missing")


def test_a_seal_that_is_a_folder_is_named(words: Path) -> None:
    remove(words / SEAL)
    (words / SEAL).mkdir()
    with pytest.raises(UserError, match=r"seal.json: cannot be read as a seal"):
        audit(words)


def put_no_digest(seal: Any) -> None:
    seal["digest"] = "0" * 64


def put_another_source(seal: Any) -> None:
    seal["sources"]["manuscript/paper.txt"] = "0" * 64


@pytest.mark.parametrize("edit", [put_no_digest, put_another_source])
def test_a_digest_that_is_edited_in_the_seal(words: Path, edit: Callable[[Any], None]) -> None:
    edit_json(words / SEAL, edit, indent=1)
    assert_found(words, THE_SEAL, "altered", "its digest does not match")


def test_a_record_that_is_taken_out_of_the_seal(words: Path) -> None:
    edit_json(words / SEAL, lambda seal: seal["records"].pop("runs/1/counts.csv.json"), indent=1)
    assert_found(words, COUNTS, "record altered", "is not in the seal")


def test_the_seals_own_record_that_is_edited(words: Path) -> None:
    edit_json(
        record_of(words, SEAL), lambda record: record["outputs"][SEAL].update(sha256="0" * 64)
    )
    assert_found(words, SEAL, "altered")


def test_the_seals_own_record_that_is_deleted(words: Path) -> None:
    remove(record_of(words, SEAL))
    assert_found(words, THE_SEAL, "record altered", "its own record is gone")


def test_a_digest_that_is_edited_in_the_manuscript(words: Path) -> None:
    replace(words / PAPER, " seal: ", " seal: 0")
    assert_found(words, PAPER, "altered")


def take_out_digest(words: Path) -> None:
    """Take out of the manuscript that it carries a seal, and let the records fit."""
    replace(words / PAPER, "words-record: ", "words_record: ")
    for output in (PAPER, PAGE):
        fit(words, output)


def test_a_digest_that_is_taken_out_of_the_manuscript(words: Path) -> None:
    take_out_digest(words)
    assert_found(words, THE_SEAL, "altered", "paper.pdf carries no digest")


def test_a_seal_that_is_taken_away_with_all_that_tells_of_it(words: Path) -> None:
    delete(words, SEAL)
    for output in (PAPER, PAGE):
        edit_json(record_of(words, output), lambda record: record["inputs"].pop(SEAL))
    take_out_digest(words)
    forge(words, SHORTEST)
    assert_found(words, THE_SEAL, "missing", "is gone")


@pytest.mark.parametrize("output", [PAPER, PAGE])
def test_a_manuscript_or_a_page_that_is_deleted_with_its_record(words: Path, output: str) -> None:
    delete(words, output)
    assert_found(words, output, "missing", "sealed")


# --- no false alarm


def assert_intact(words: Path) -> None:
    assert findings(words) == {}


def test_an_untouched_project(words: Path) -> None:
    assert_intact(words)


def test_new_times(words: Path) -> None:
    for path in words.rglob("*"):
        if path.is_file():
            os.utime(path)
    assert_intact(words)


def test_what_is_no_result_of_a_job(words: Path) -> None:
    (words / "results/notes.txt").write_text("mine")
    assert_intact(words)


def test_a_clone_with_restored_results(words: Path, tmp_path: Path) -> None:
    clone = tmp_path / "another place"
    git(words, "clone", "--quiet", str(words), str(clone))
    shutil.copytree(words / "results", clone / "results")
    assert_intact(clone)


def test_a_copy_without_its_repository(words: Path) -> None:
    shutil.rmtree(words / ".git")
    assert_intact(words)
    assert audit(words).not_checked == ["commits (no history here)"]


def test_results_that_lie_elsewhere(words: Path) -> None:
    shutil.move(words / "results", words / "moved")
    (words / "results").mkdir()
    for path in (words / "moved").iterdir():
        (words / "results" / path.name).symlink_to(path)
    assert_intact(words)


def test_a_later_commit_of_other_files(words: Path) -> None:
    (words / "notes.txt").write_text("mine")
    git(words, "add", "notes.txt")
    git(words, "commit", "--message", "Notes")
    assert_intact(words)


def test_a_comment_in_the_configuration(words: Path) -> None:
    replace(words / "config/words.yaml", "shortest", "# a comment\nshortest")
    assert_intact(words)


def test_a_comment_in_code(words: Path) -> None:
    replace(words / "workflow/words/count.py", "def make", "# a comment\ndef make")
    assert_intact(words)


def test_code_that_is_edited_and_edited_back(words: Path) -> None:
    module = words / "workflow/words/count.py"
    replace(module, "split()", 'split(" ")')
    assert findings(words)
    replace(module, 'split(" ")', "split()")
    assert_intact(words)


def test_comments_and_resources_of_a_rule(words: Path) -> None:
    rules = words / "workflow/Snakefile"
    replace(rules, "threads: 1", "threads: 1  # one is enough")
    replace(rules, "mem_mb=100", "mem_mb=200")
    replace(rules, "rule count:\n", "# a comment\nrule count:\n")
    assert_intact(words)


def test_a_rule_beside_another(words: Path) -> None:
    (words / "workflow/rules").mkdir()
    (words / "workflow/rules/more.smk").write_text("rule more:\n    shell:\n        'true'\n")
    assert_intact(words)


def test_what_keeps_records_is_no_code_of_results(words: Path) -> None:
    replace(words / "workflow/words/__main__.py", "import importlib", "A = 1\nimport importlib")
    assert_intact(words)

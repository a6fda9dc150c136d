"""The seal: a digest over all records, that anyone can compute again."""

import json
import subprocess
from pathlib import Path

import pytest

from delaynet.config.errors import UserError
from delaynet.provenance.seal import digest_of, read_seal, write_seal
from delaynet.workflow.project import PROJECT


@pytest.fixture
def results(tmp_path: Path) -> Path:
    records = tmp_path / "results" / "records"
    for name in ("b.csv.json", "runs/a 1/summary.json.json", "seal.json.json", "paper.pdf.json"):
        (records / name).parent.mkdir(parents=True, exist_ok=True)
        (records / name).write_text(name)
    (records / ".b.csv.12.json").write_text("half-written")
    # of a clone, whose manuscript is the one that is sealed
    (tmp_path / "workflow" / "delaynet").mkdir(parents=True)
    (tmp_path / "manuscript").mkdir()
    for name in ("paper.typ", "a style.typ", ".paper.typ.swp"):
        (tmp_path / "manuscript" / name).write_text(name)
    return tmp_path / "results"


def test_what_is_made_after_the_seal_is_not_in_it(results: Path) -> None:
    digest = write_seal(PROJECT, results, results / "seal.json")
    seal = read_seal(results)
    assert seal is not None
    assert list(seal.records) == ["b.csv.json", "runs/a 1/summary.json.json"]
    assert seal.digest == digest == digest_of(seal.records, seal.sources)


def test_the_manuscripts_text_is_sealed_with_the_records(results: Path) -> None:
    first = write_seal(PROJECT, results, results / "seal.json")
    seal = read_seal(results)
    assert seal is not None
    assert list(seal.sources) == ["manuscript/a style.typ", "manuscript/paper.typ"]
    (results.parent / "manuscript" / "paper.typ").write_text("other words")
    assert write_seal(PROJECT, results, results / "seal.json") != first


def test_the_digest_can_be_computed_with_common_tools(results: Path) -> None:
    digest = write_seal(PROJECT, results, results / "seal.json")
    commands = (Path(__file__).parents[2] / "docs" / "audit.md").read_text()
    command = commands.split("```bash\n")[1].split("```")[0]
    answer = subprocess.run(
        ["bash", "-c", command],
        cwd=results.parent,
        capture_output=True,
        encoding="utf-8",
        check=True,
    )
    assert answer.stdout.split()[0] == digest


def test_the_same_records_give_the_same_seal_and_others_another(results: Path) -> None:
    first = write_seal(PROJECT, results, results / "seal.json")
    content = (results / "seal.json").read_bytes()
    assert write_seal(PROJECT, results, results / "seal.json") == first
    assert (results / "seal.json").read_bytes() == content
    (results / "records" / "b.csv.json").write_text("other")
    assert write_seal(PROJECT, results, results / "seal.json") != first


def test_the_order_of_files_does_not_count() -> None:
    assert digest_of({"a": "1", "b": "2"}, {}) == digest_of({"b": "2", "a": "1"}, {})
    assert digest_of({"a": "1", "b": "2"}, {}) != digest_of({"a": "2", "b": "1"}, {})


def test_no_records_are_not_sealed(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="holds no records"):
        write_seal(PROJECT, tmp_path, tmp_path / "seal.json")
    assert read_seal(tmp_path) is None


NO_SEALS = (
    {"digest": "a"},
    {"digest": "a", "records": {}},
    {"digest": 1, "records": {}, "sources": {}},
    {"digest": "a", "records": {"b.csv.json": None}, "sources": {}},
    {"digest": "a", "records": [], "sources": {}},
)


@pytest.mark.parametrize("content", ["", "[]", *map(json.dumps, NO_SEALS)])
def test_what_is_no_seal_is_said_not_to_be_one(tmp_path: Path, content: str) -> None:
    (tmp_path / "seal.json").write_text(content)
    with pytest.raises(UserError, match="cannot be read as a seal"):
        read_seal(tmp_path)

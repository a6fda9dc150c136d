"""Which configuration results were made with: named by its record, compared with its file."""

import json
import shlex
from pathlib import Path

import pytest
from click.testing import CliRunner

from delaynet.cli.config import command
from delaynet.provenance.record import read_record
from delaynet.workflow.naming import options_read_from
from delaynet.workflow.project import is_same_configuration

WRITTEN = """
name: tiny
corpus: {source: synthetic, trials: 1}
training: {epochs: 2}
grid: [{delays: [none], structure: [dense]}]
seeds: 1
"""


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file, from which `results/config.json` was made."""
    monkeypatch.chdir(tmp_path)
    file = Path("config/my.yaml")
    file.parent.mkdir()
    file.write_text(WRITTEN, encoding="utf-8")
    read_from = options_read_from([tmp_path / file, "/elsewhere/other.yaml", file])
    content = json.dumps(
        {"name": "tiny", "corpus": {"source": "synthetic", "trials": 1}, "training": {"epochs": 2},
         "grid": [{"delays": ["none"], "structure": ["dense"]}], "seeds": 1}
    )  # fmt: skip
    options = ["--content", content, *shlex.split(read_from), "--output", "results/config.json"]
    result = CliRunner().invoke(command, options, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return file


def test_the_record_names_the_files_in_the_project(config: Path) -> None:
    record = read_record(Path("results/records/config.json.json"))
    assert list(record["inputs"]) == [str(config)]


@pytest.mark.parametrize(
    ("old", "new", "is_same"),
    [
        ("", "", True),
        ("name", "# a comment\nname", True),
        ("seeds: 1", "seeds: 1\nvariants: {}", True),
        ("epochs: 2", "epochs: 3", False),
        ("epochs: 2", "epoch: 2", False),
        ("seeds: 1", "seeds: [", False),
    ],
)
def test_what_counts_is_what_a_file_resolves_to(
    config: Path, old: str, new: str, is_same: bool
) -> None:
    config.write_text(WRITTEN.replace(old, new, 1), encoding="utf-8")
    assert is_same_configuration(config, Path("results/config.json")) is is_same

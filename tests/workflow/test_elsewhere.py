"""A run that is started elsewhere than in the clone: results there, sources from the clone."""

import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from project_copy import copy_power, run

pytestmark = pytest.mark.slow

TINIEST = """
name: elsewhere
corpus: {source: synthetic, trials: 1}
model: {hidden: [4]}
training: {epochs: 1, batch_size: 128}
grid:
  - {delays: [learned], structure: [dense]}
seeds: 1
"""
# the configuration is found without the first line, too
MODULE = """
module delaynet:
    snakefile: "{clone}/workflow/Snakefile"
    config: config

use rule * from delaynet
"""
MODULE_WITH_OTHER_NAMES = """
configfile: "config/config.yaml"

module delaynet:
    snakefile: "{clone}/workflow/Snakefile"
    config: config

use rule * from delaynet as other_*

onstart:
    delaynet.onstart()

onsuccess:
    delaynet.onsuccess()
"""


def folder_with(folder: Path, clone: Path, snakefile: str | None = None) -> Path:
    """A folder with a configuration, and a Snakefile that uses the clone's where there is one."""
    (folder / "config").mkdir(parents=True)
    (folder / "config" / "config.yaml").write_text(TINIEST, encoding="utf-8")
    if snakefile is not None:
        (folder / "workflow").mkdir()
        (folder / "workflow" / "Snakefile").write_text(snakefile.format(clone=clone))
    return folder


def assert_made_and_audited(there: Path, clone: Path, command: Sequence[str | Path]) -> None:
    assert (there / "results" / "paper.pdf").read_bytes().startswith(b"%PDF")
    package = f"PYTHONPATH={clone / 'workflow'}"
    audit = run(there, "env", package, sys.executable, "-m", "delaynet", "audit", "--all").stdout
    states = dict(line.split(maxsplit=2)[1::-1] for line in audit.splitlines())
    assert states["results/paper.pdf"] == "intact"
    assert states["manuscript/paper.typ"] == states["config/config.yaml"] == "source"
    again = run(there, *command, "--dry-run").stdout
    assert "Plan of 'elsewhere': nothing to run; 1 trainings, 1 done and 0 to run." in again
    assert [path.name for path in (clone / "results").iterdir()] == ["README.md"]


@pytest.fixture(scope="module")
def snakemake(untouched: Path) -> list[str | Path]:
    """The command, with no target: the default one is made."""
    return [untouched / ".venv/bin/snakemake", "--cores", "2"]


@pytest.fixture(scope="module")
def made(
    untouched: Path,
    finished: Path,
    snakemake: list[str | Path],
    tmp_path_factory: pytest.TempPathFactory,
) -> Path:
    """A folder in which a module whose rules have other names has made everything."""
    there = tmp_path_factory.mktemp("elsewhere") / "other names"
    folder_with(there, untouched, MODULE_WITH_OTHER_NAMES)
    copy_power(finished, there)
    started = run(there, *snakemake).stderr
    assert "elsewhere: 1 trainings, 0 done and 1 to run" in started
    assert not (there / "results" / "checkpoints").exists()
    return there


def test_a_module_under_other_names_makes_and_audits_the_paper(
    untouched: Path, snakemake: list[str | Path], made: Path
) -> None:
    assert_made_and_audited(made, untouched, snakemake)


@pytest.mark.parametrize("way", ["a module", "a folder"])
def test_the_paper_is_planned_and_what_is_removed_of_it_made_where_the_run_was_started(
    untouched: Path, snakemake: list[str | Path], made: Path, tmp_path: Path, way: str
) -> None:
    there = folder_with(tmp_path / "there", untouched, MODULE if way == "a module" else None)
    where = ["--snakefile", untouched / "Snakefile", "--directory", there]
    command = snakemake if way == "a module" else [*snakemake, *where]
    plan = run(there, *command, "--dry-run").stdout
    assert "1 trainings, 0 done and 1 to run" in plan
    assert not (there / "results").exists()
    shutil.copytree(made / "results", there / "results")
    for name in ("tables/accuracy.csv", "figures/accuracy.svg", "paper.pdf", "paper.html"):
        (there / "results" / name).unlink()
    shown = run(there, *command).stderr
    assert "rule tables" in shown
    assert "rule train" not in shown
    assert way == "a module" or "elsewhere: 1 trainings, 1 done and 0 to run" in shown
    assert_made_and_audited(there, untouched, command)

"""A run that is started elsewhere than in the clone: results there, sources from the clone."""

import shutil
import sys
from pathlib import Path

import pytest
from project_copy import TINY, run

pytestmark = pytest.mark.slow

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
    (folder / "config" / "config.yaml").write_text(TINY, encoding="utf-8")
    if snakefile is not None:
        (folder / "workflow").mkdir()
        (folder / "workflow" / "Snakefile").write_text(snakefile.format(clone=clone))
    return folder


@pytest.fixture(scope="module")
def snakemake(untouched: Path) -> list[str | Path]:
    """The command, with no target: the default one is made."""
    return [untouched / ".venv/bin/snakemake", "--cores", "1"]


def test_a_network_is_trained_where_the_run_was_started(
    untouched: Path, finished: Path, snakemake: list[str | Path], tmp_path: Path
) -> None:
    there = folder_with(tmp_path / "there", untouched, MODULE_WITH_OTHER_NAMES)
    network = Path("results/runs/standard/learned-dense-free/sparsity-0/seed-0/network.h5")
    started = run(there, *snakemake, network).stderr
    assert "tiny: 3 trainings, 0 done and 1 to run" in started
    assert (there / network).read_bytes() == (finished / network).read_bytes()
    assert not (there / "results" / "checkpoints").exists()


@pytest.mark.parametrize(
    ("way", "removed"),
    [
        ("a module", "figures/accuracy.svg"),
        ("a module under other names", "tables/accuracy.csv"),
        ("a folder", "paper.pdf"),
    ],
)
def test_the_paper_is_planned_made_and_audited_where_the_run_was_started(
    untouched: Path, finished: Path, snakemake: list[str | Path], tmp_path: Path, way: str,
    removed: str,
) -> None:  # fmt: skip
    snakefiles = {"a module": MODULE, "a module under other names": MODULE_WITH_OTHER_NAMES}
    there = folder_with(tmp_path / "there", untouched, snakefiles.get(way))
    where = ["--snakefile", untouched / "Snakefile", "--directory", there]
    command = [*snakemake, *where] if way == "a folder" else snakemake
    plan = run(there, *command, "--dry-run").stdout
    assert "3 trainings, 0 done and 3 to run" in plan
    assert not (there / "results").exists()

    shutil.copytree(finished / "results", there / "results")
    (there / "results" / removed).unlink()
    (there / "results" / "paper.html").unlink()
    shown = run(there, *command).stderr
    assert (there / "results" / removed).exists()
    assert (there / "results" / "paper.html").exists()
    assert "rule train" not in shown
    assert way == "a module" or "tiny: 3 trainings, 3 done and 0 to run" in shown
    assert (there / "results" / "paper.pdf").read_bytes().startswith(b"%PDF")
    package = f"PYTHONPATH={untouched / 'workflow'}"
    audit = run(there, "env", package, sys.executable, "-m", "delaynet", "audit", "--all").stdout
    states = dict(line.split(maxsplit=2)[1::-1] for line in audit.splitlines())
    assert states["results/paper.pdf"] == "intact"
    assert states["manuscript/paper.typ"] == states["config/config.yaml"] == "source"
    again = run(there, *command, "--dry-run").stdout
    assert "Plan of 'tiny': nothing to run; 3 trainings, 3 done and 0 to run." in again
    assert [path.name for path in (untouched / "results").iterdir()] == ["README.md"]

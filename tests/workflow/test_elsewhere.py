"""A run that is started elsewhere than in the clone: results there, sources from the clone."""

import sys
from pathlib import Path

import pytest
from project_copy import run

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
SNAKEFILES = {
    "a module": """
module delaynet:
    snakefile: "{clone}/workflow/Snakefile"
    config: config

use rule * from delaynet
""",
    "a module under other names": """
configfile: "config/config.yaml"

module delaynet:
    snakefile: "{clone}/workflow/Snakefile"
    config: config

use rule * from delaynet as other_*

onstart:
    delaynet.onstart()

onsuccess:
    delaynet.onsuccess()
""",
}


@pytest.mark.parametrize("way", [*SNAKEFILES, "a folder"])
def test_the_paper_is_made_and_audited_where_the_run_was_started(
    untouched: Path, tmp_path: Path, way: str
) -> None:
    there = tmp_path / "elsewhere"
    (there / "config").mkdir(parents=True)
    (there / "config" / "config.yaml").write_text(TINIEST, encoding="utf-8")
    command = [untouched / ".venv/bin/snakemake", "--cores", "2"]
    if way in SNAKEFILES:
        (there / "workflow").mkdir()
        snakefile = SNAKEFILES[way].format(clone=untouched)
        (there / "workflow" / "Snakefile").write_text(snakefile, encoding="utf-8")
    else:
        command += ["--snakefile", untouched / "Snakefile", "--directory", there]
    started = run(there, *command).stderr
    if way != "a module":
        assert "elsewhere: 1 trainings, 0 done and 1 to run" in started
        assert not list((there / "results" / "checkpoints").rglob("*.pt"))
    assert (there / "results" / "paper.pdf").read_bytes().startswith(b"%PDF")
    package = f"PYTHONPATH={untouched / 'workflow'}"
    audit = run(there, "env", package, sys.executable, "-m", "delaynet", "audit", "--all").stdout
    states = dict(line.split(maxsplit=2)[1::-1] for line in audit.splitlines())
    assert states["results/paper.pdf"] == "intact"
    assert states["manuscript/paper.typ"] == states["config/config.yaml"] == "source"
    again = run(there, *command, "--dry-run").stdout
    assert "Plan of 'elsewhere': nothing to run; 1 trainings, 1 done and 0 to run." in again
    assert [path.name for path in (untouched / "results").iterdir()] == ["README.md"]

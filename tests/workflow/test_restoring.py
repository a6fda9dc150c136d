"""Results that were packed, restored in a fresh clone: all is there, and nothing is trained."""

import shutil
from pathlib import Path

import pytest
from project_copy import planned, run

pytestmark = pytest.mark.slow


def test_in_a_fresh_clone_figures_and_paper_are_made_again_without_training(
    finished: Path, tmp_path: Path
) -> None:
    run(finished, ".venv/bin/delaynet", "results", "pack", tmp_path / "tiny.tar.gz")
    clone = tmp_path / "clone"
    run(finished, "git", "clone", "--quiet", ".", clone)
    (clone / ".venv").symlink_to(finished / ".venv")
    run(clone, ".venv/bin/delaynet", "results", "restore", tmp_path / "tiny.tar.gz")
    assert planned(clone) == {}
    run(clone, ".venv/bin/delaynet", "audit", "--all")

    kept = {path.name: path.read_bytes() for path in (clone / "results" / "figures").iterdir()}
    shutil.rmtree(clone / "results" / "figures")
    shown = run(clone, "make", "replot").stderr
    assert "first figure job" in shown
    assert "train job" not in shown
    assert {p.name: p.read_bytes() for p in (clone / "results" / "figures").iterdir()} == kept
    assert planned(clone) == {}
    run(clone, ".venv/bin/delaynet", "audit", "--all")

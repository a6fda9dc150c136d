"""The fixtures of the workflow's tests: a project before anything ran, and after all did."""

import re
from pathlib import Path

import pytest
from made_once import made_once
from project_copy import copy_made, copy_project, run


@pytest.fixture(scope="session")
def untouched(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project before anything ran."""
    return copy_project(tmp_path_factory.mktemp("clone") / "a fresh clone")


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project after `make paper`, this worker's own; tests put back what they change."""
    made = made_once(tmp_path_factory, "the paper", make_paper)
    return copy_made(made, tmp_path_factory.mktemp("project") / "the paper")


def make_paper(target: Path) -> None:
    """Make the whole paper in a copy of the project."""
    result = run(copy_project(target), "make", "paper")
    assert "results/paper.pdf" in result.stdout
    assert "tiny: 3 trainings, 0 done and 3 to run; about 1 minute of one core" in result.stderr
    assert re.search(r"\[ *1 of \d+\] 0:00:\d\d passed, about 0:\d\d:\d\d left", result.stderr)

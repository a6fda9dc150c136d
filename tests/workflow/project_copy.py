"""A copy of the project with a tiny grid, in a folder whose path has a space."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PROJECT = Path(__file__).parents[2]

TINY = """
name: tiny
corpus: {source: synthetic, trials: 1}
model: {hidden: [12]}
training: {epochs: 2, batch_size: 32, l1: 0.0001}
grid:
  - {delays: [none, learned], structure: [dense]}
  - {delays: [fixed], structure: [deep_r_rigl], signs: [dale], sparsity: ["0.75"]}
seeds: 1
"""


def copy_project(target: Path) -> Path:
    """Copy what git would clone, times kept, with the tiny grid as its configuration, committed.

    Two copies of the same code have the same commit.
    """
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=PROJECT,
        capture_output=True,
        encoding="utf-8",
        check=True,
    ).stdout.splitlines()
    for name in listed:
        if (PROJECT / name).exists() and not name.startswith("tests/"):
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(PROJECT / name, target / name, follow_symlinks=False)
    (target / "config" / "config.yaml").write_text(TINY)
    (target / ".venv").symlink_to(Path(sys.prefix))
    # the set-up is shared with the project that is tested, and never repeated from a copy
    assert (target / ".venv" / "complete").exists(), "run `make setup` first"
    date_back_set_up(target)
    commit_all(target)
    return target


def copy_made(project: Path, target: Path, *without: str) -> Path:
    """Copy a project with what has been made in it, files and folders of some names left out."""
    shutil.copytree(project, target, symlinks=True, ignore=shutil.ignore_patterns(*without))
    date_back_set_up(target)
    return target


def copy_prepared(made: Path, target: Path) -> Path:
    """Copy the project as `copy_project` does, with what takes long and is the same in every copy.

    That is the power analysis, and what Python and numba have compiled.
    """
    copy_project(target)
    for name in ("power.csv", "records/power.csv.json"):
        (target / "results" / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(made / "results" / name, target / "results" / name)
    for folder in (made / "workflow").rglob("__pycache__"):
        shutil.copytree(folder, target / folder.relative_to(made), dirs_exist_ok=True)
    return target


def date_back_set_up(project: Path) -> None:
    """Let `make` find the set-up complete, whatever a test or git did to the files' times."""
    for name in ("envs/requirements.txt", "envs/A_surroundings.pth", "pyproject.toml"):
        os.utime(project / name, (0, 0))


def commit_all(project: Path) -> None:
    """Make a repository of a project, with one commit that depends on its files alone."""
    date = "2024-01-01T00:00:00Z"
    environment = {**os.environ, "GIT_AUTHOR_DATE": date, "GIT_COMMITTER_DATE": date}
    who = ["-c", "user.name=Ada", "-c", "user.email=ada@example.org", "-c", "commit.gpgsign=false"]
    for command in (["init"], ["add", "--all"], ["commit", "--message", "All"]):
        subprocess.run(
            ["git", *who, *command],
            cwd=project,
            env=environment,
            check=True,
            capture_output=True,
        )


@contextmanager
def put_back(path: Path) -> Iterator[None]:
    """Put a file back as it was, its time too."""
    content, times = path.read_bytes(), path.stat()
    try:
        yield
    finally:
        path.write_bytes(content)
        os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))


@contextmanager
def changed(path: Path, old: str, new: str) -> Iterator[None]:
    """Replace a part of a text, and put the file back."""
    text = path.read_text(encoding="utf-8")
    assert old in text, f"{old} is not in {path}"
    with put_back(path):
        path.write_text(text.replace(old, new, 1), encoding="utf-8")
        yield


@contextmanager
def with_more_code(module: Path) -> Iterator[None]:
    """Add a line of code to a module, and put the file back."""
    with put_back(module):
        with module.open("a", encoding="utf-8") as file:
            file.write("\nA_CHANGE = 1\n")
        yield


def of_a_user() -> dict[str, str]:
    """Return the environment without what this test's own Python or `make` has set."""
    foreign = ("PYTHONPATH", "MAKEFLAGS")
    return {name: value for name, value in os.environ.items() if name not in foreign}


def run(
    project: Path, *command: str | Path, check: bool = True
) -> subprocess.CompletedProcess[str]:
    """Run a command in the project, as its user would."""
    if command[0] == "make":
        date_back_set_up(project)
    result = subprocess.run(
        list(map(str, command)),
        cwd=project,
        capture_output=True,
        encoding="utf-8",
        check=False,
        env=of_a_user(),
    )
    if check and result.returncode != 0:
        raise AssertionError(f"{command} failed:\n{result.stdout[-3000:]}\n{result.stderr[-5000:]}")
    return result


def snakemake(
    project: Path, *arguments: str, check: bool = True
) -> subprocess.CompletedProcess[str]:
    """Run Snakemake from the root of the project, on one core, as other tests run beside it."""
    return run(project, ".venv/bin/snakemake", "--cores", "1", *arguments, check=check)


def planned(project: Path, *arguments: str) -> dict[str, int]:
    """Return how many jobs of each rule Snakemake would run; the rule `all` left out."""
    result = snakemake(project, *arguments, "--dry-run")
    text = result.stdout + result.stderr
    if "Nothing to be done" in text:
        return {}
    table = re.search(r"^job +count\n[- ]+\n(.*?)^total", text, re.MULTILINE | re.DOTALL)
    assert table, text
    rows = (line.split() for line in table[1].splitlines())
    return {rule: int(count) for rule, count in rows if rule != "all"}

"""The locks are complete, users need only theirs, other files agree, all have a reason."""

import ast
import importlib.metadata
import re
import sys
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

PROJECT = Path(__file__).parents[1]
ENVS = PROJECT / "envs"
LOCKS = ("requirements", "development")
CONDA_NAMES = {"matplotlib-base": "matplotlib", "soxr-python": "soxr"}


def locked(lock: str = "requirements") -> dict[str, str]:
    lines = (ENVS / f"{lock}.txt").read_text().splitlines()
    return dict(re.match(r"([\w.-]+)==([^ ;]+)", line).groups() for line in lines)  # type: ignore[union-attr]


def asked_for(lock: str) -> set[str]:
    lines = (ENVS / f"{lock}.in").read_text().splitlines()
    return {re.split("==", line)[0].lower() for line in lines if not line.startswith("-")}


@pytest.mark.parametrize("lock", LOCKS)
def test_every_line_of_a_lock_pins_a_version_without_a_local_tag(lock: str) -> None:
    for line in (ENVS / f"{lock}.txt").read_text().splitlines():
        assert re.fullmatch(r"[\w.-]+==[\w.]+( ; .*)?", line), line
    assert locked()["torch"] == "2.13.0"


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_holds_all_that_is_asked_for(lock: str) -> None:
    assert asked_for(lock) - locked(lock).keys() == set()


def test_no_package_stands_in_both_locks() -> None:
    assert locked().keys() & locked("development").keys() == set()


def test_the_users_lock_needs_nothing_of_the_developers() -> None:
    developers = locked("development").keys()
    for package in locked():
        for line in importlib.metadata.requires(package) or ():
            needed = Requirement(line)
            if needed.marker is None or needed.marker.evaluate({"extra": ""}):
                assert canonicalize_name(needed.name) not in developers, (package, line)


def test_the_users_lock_holds_all_that_the_package_imports() -> None:
    distributions = importlib.metadata.packages_distributions()
    for path in (PROJECT / "workflow").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            names = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                names = [node.module or ""]
            for name in {name.partition(".")[0] for name in names} - sys.stdlib_module_names:
                # a CUDA build of PyTorch brings Triton; on a CPU it is not imported
                of_users = {"delaynet", "triton", *locked()}
                assert set(map(canonicalize_name, distributions[name])) & of_users, (path, name)


def test_the_conda_file_has_the_locks_versions() -> None:
    content = yaml.safe_load((ENVS / "delaynet.yaml").read_text())
    packages = [line for line in content["dependencies"] if isinstance(line, str) and "=" in line]
    pip = next(entry["pip"] for entry in content["dependencies"] if isinstance(entry, dict))
    pinned = dict(re.split("=+", line) for line in [*packages, *pip])
    assert pinned.pop("python") == "3.11"
    for name, version in pinned.items():
        assert locked()[CONDA_NAMES.get(name, name)] == version, name


def test_the_container_holds_the_users_lock_and_nothing_beside_it() -> None:
    definition = (ENVS / "delaynet.def").read_text()
    conda = yaml.safe_load((ENVS / "delaynet.yaml").read_text())["dependencies"]
    python = next(line for line in conda if str(line).startswith("python="))
    assert re.search(r"^From: python:([\d.]+)-", definition, re.MULTILINE)[1] == python[7:]  # type: ignore[index]
    copied = re.search(r"^%files\n +(\S+) (\S+)$", definition, re.MULTILINE)
    assert copied and PROJECT / copied[1] == ENVS / "requirements.txt"
    installed = re.findall(r"pip install (.*)", definition)
    assert installed == [f"--no-cache-dir -r {copied[2]}"]


def test_every_dependency_is_justified_and_no_other() -> None:
    rows = re.findall(r"^\| ([\w, .-]+) \|", (ENVS / "README.md").read_text(), re.MULTILINE)
    named = {name.strip() for row in rows if "dependency" not in row for name in row.split(",")}
    assert named - {"---"} == asked_for("requirements") | asked_for("development")

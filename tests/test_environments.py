"""The lock is complete, the conda file agrees with it, and every dependency has a reason."""

import re
from pathlib import Path

import yaml

ENVS = Path(__file__).parents[1] / "envs"
CONDA_NAMES = {"matplotlib-base": "matplotlib", "soxr-python": "soxr"}


def locked() -> dict[str, str]:
    lines = (ENVS / "requirements.txt").read_text().splitlines()
    return dict(re.match(r"([\w.-]+)==([^ ;]+)", line).groups() for line in lines if line)  # type: ignore[union-attr]


def asked_for(*files: str) -> list[str]:
    lines = [line for file in files for line in (ENVS / file).read_text().split()]
    return [re.split(r"[=<>]", line)[0].lower() for line in lines]


def test_every_line_of_the_lock_pins_a_version_without_a_local_tag() -> None:
    lines = [(ENVS / file).read_text() for file in ("requirements.txt", "development.txt")]
    for line in "".join(lines).splitlines():
        assert re.fullmatch(r"[\w.-]+==[\w.]+( ; .*)?", line), line
    assert locked()["torch"] == "2.13.0"


def test_the_lock_holds_all_that_is_asked_for() -> None:
    assert {name for name in asked_for("requirements.in") if name not in locked()} == set()


def test_the_conda_file_has_the_locks_versions() -> None:
    content = yaml.safe_load((ENVS / "delaynet.yaml").read_text())
    packages = [line for line in content["dependencies"] if isinstance(line, str) and "=" in line]
    pip = next(entry["pip"] for entry in content["dependencies"] if isinstance(entry, dict))
    pinned = dict(re.split("=+", line) for line in [*packages, *pip])
    assert pinned.pop("python") == "3.11"
    for name, version in pinned.items():
        assert locked()[CONDA_NAMES.get(name, name)] == version, name


def test_the_container_holds_the_lock_and_nothing_beside_it() -> None:
    definition = (ENVS / "delaynet.def").read_text()
    conda = yaml.safe_load((ENVS / "delaynet.yaml").read_text())["dependencies"]
    python = next(line for line in conda if str(line).startswith("python="))
    assert re.search(r"^From: python:([\d.]+)-", definition, re.MULTILINE)[1] == python[7:]  # type: ignore[index]
    copied = re.search(r"^%files\n +(\S+) (\S+)$", definition, re.MULTILINE)
    assert copied and ENVS.parent / copied[1] == ENVS / "requirements.txt"
    installed = re.findall(r"pip install (.*)", definition)
    assert installed == [f"--no-cache-dir --no-deps -r {copied[2]}"]


def test_every_dependency_is_justified() -> None:
    table = (ENVS / "README.md").read_text()
    reasons = {
        name.strip()
        for row in re.findall(r"^\| ([\w, .-]+) \|", table, re.MULTILINE)
        for name in row.lower().split(",")
    }
    assert set(asked_for("requirements.in", "development.txt")) - reasons == set()

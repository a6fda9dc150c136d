"""Every rule has the parts that this project requires of a rule."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
RULES = ROOT / "workflow" / "rules"


def rules() -> dict[str, str]:
    found = {}
    for file in sorted(RULES.glob("*.smk")):
        parts = re.split(r"^rule (\w+):\n", file.read_text(), flags=re.MULTILINE)
        found |= dict(zip(parts[1::2], parts[2::2], strict=True))
    return found


@pytest.mark.parametrize("name", rules())
def test_a_rule_has_log_benchmark_resources_and_environment(name: str) -> None:
    body = rules()[name]
    for directive in ("log", "benchmark", "resources", "conda", "shell"):
        assert re.search(rf"^    {directive}:$", body, re.MULTILINE), directive
    assert "mem_mb=" in body
    assert "runtime=" in body
    assert re.search(r"2> (>\(tee )?\{log\}", body), "messages go to the log"
    assert "run:" not in body


@pytest.mark.parametrize("name", rules())
def test_a_rule_tells_its_command_which_rule_it_is(name: str) -> None:
    body = rules()[name]
    # an archive is what its checksum says: whatever its rule and the code say, it stays
    given = r'delaynet=job\("fetch"' if name == "fetch" else rf'\*\*job\(\s*"{name}"'
    assert re.search(given, body)
    assert re.search(r'^    shell:\n +"{params.delaynet} ', body, re.MULTILINE)


@pytest.mark.parametrize("name", rules())
def test_parameters_are_few_and_short(name: str) -> None:
    body = rules()[name]
    parameters = re.search(r"^    params:\n((?: {8}.*\n)+)", body, re.MULTILINE)
    assert parameters
    assert len(parameters[1].splitlines()) <= 8


def test_no_job_is_told_anything_that_its_rule_does_not_show() -> None:
    """Neither the Snakefile nor the profile sets variables for jobs."""
    for file in (ROOT / "workflow").rglob("*"):
        if file.suffix in (".py", ".smk", ".yaml") or file.name == "Snakefile":
            assert "environ[" not in file.read_text(encoding="utf-8"), file


@pytest.mark.parametrize("file", sorted(RULES.glob("*.smk")), ids=lambda path: path.stem)
def test_a_rule_file_opens_with_what_it_reads_and_writes(file: Path) -> None:
    assert file.read_text(encoding="utf-8").startswith("# Reads")

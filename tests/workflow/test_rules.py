"""Every rule says what the house asks of it."""

import re
from pathlib import Path

import pytest

RULES = Path(__file__).parents[2] / "workflow" / "rules"


def rules() -> dict[str, str]:
    found = {}
    for file in sorted(RULES.glob("*.smk")):
        parts = re.split(r"^rule (\w+):\n", file.read_text(), flags=re.MULTILINE)
        found |= dict(zip(parts[1::2], parts[2::2], strict=True))
    return found


@pytest.mark.parametrize("name", rules())
def test_a_rule_has_log_benchmark_resources_environment_and_declared_code(name: str) -> None:
    body = rules()[name]
    for directive in ("log", "benchmark", "resources", "conda", "shell"):
        assert re.search(rf"^    {directive}:$", body, re.MULTILINE), directive
    # an archive is what its checksum says, whatever code fetched it
    assert name == "fetch" or re.search(r"^        code=", body, re.MULTILINE), "declared code"
    assert "mem_mb=" in body
    assert "runtime=" in body
    assert re.search(r"2> (>\(tee )?\{log\}", body), "messages go to the log"
    assert "run:" not in body


@pytest.mark.parametrize("name", rules())
def test_a_rule_tells_its_command_the_name_and_the_wildcards_for_the_record(name: str) -> None:
    body = rules()[name]
    if name == "fetch":  # it is not fetched again whatever its rule says
        assert '"DELAYNET_RULE=fetch ' in body
    else:
        assert f'        made_by=RULES["{name}"],\n' in body
        assert '"DELAYNET_RULE={params.made_by:q} ' in body
    assert ("wildcards=naming.wildcards_as_json" in body) == (
        "{wildcards." in body or "RUN_FOLDER" in body
    )
    assert ("DELAYNET_WILDCARDS={params.wildcards:q}" in body) == ("wildcards=naming" in body)


@pytest.mark.parametrize("file", sorted(RULES.glob("*.smk")), ids=lambda path: path.stem)
def test_a_rule_file_opens_with_what_it_reads_and_writes(file: Path) -> None:
    assert file.read_text(encoding="utf-8").startswith("# Reads")

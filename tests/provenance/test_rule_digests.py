"""What a rule says: its digest follows its inputs, parameters and command, and nothing else."""

from pathlib import Path

import pytest

from delaynet.provenance import rules
from delaynet.provenance.rules import rule_digests
from delaynet.workflow.project import PROJECT

FILE = """
def function(wildcards):
    return "rule none:"


rule one:
    input:
        "a",
    output:
        "b",
    threads: 2
    params:
        text="# no comment",
    shell:
        "command {input}"
        " > {output}"


rule two:
    input:
        function,
    shell:
        '''
command --here
        '''
"""


def digests(folder: Path, text: str) -> dict[str, str]:
    (folder / "rules").mkdir(exist_ok=True)
    (folder / "rules" / "file.smk").write_text(text)
    return rule_digests(folder)


def test_every_rule_of_the_workflow_has_a_digest_of_its_own() -> None:
    found = rule_digests(PROJECT.workflow)
    assert {"train", "figure", "seal", "all"} < set(found)
    assert len(set(found.values())) == len(found)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"a",', '"a", # why'),
        ('"a",\n', '"a",\n\n        # why\n'),
        ("threads: 2", "threads: 3"),
        ("rule two:", "# why\nrule two:"),
        ('"rule none:"', "None"),
        ("    output:", "    output:  # why"),
        ('"command {input}"\n', '"command {input}"   \n'),
    ],
)
def test_comments_blanks_and_threads_are_not_what_a_rule_says(
    tmp_path: Path, old: str, new: str
) -> None:
    before = digests(tmp_path, FILE)
    assert old in FILE
    assert digests(tmp_path, FILE.replace(old, new)) == before


@pytest.mark.parametrize(
    ("old", "new", "rule"),
    [
        ('"a",', '"c",', "one"),
        ('"a",', '"a", "c",', "one"),
        ("# no comment", "# another", "one"),
        ("command {input}", "command  --more {input}", "one"),
        ("command --here", "command --there", "two"),
        ("        function,", "        lambda wildcards: [],", "two"),
        ("    threads: 2\n", "    threads: 2\n    params: 5\n", "one"),
    ],
)
def test_input_parameters_and_command_are_what_a_rule_says(
    tmp_path: Path, old: str, new: str, rule: str
) -> None:
    before, after = digests(tmp_path, FILE), digests(tmp_path, FILE.replace(old, new))
    assert {name for name in before if before[name] != after[name]} == {rule}


def test_what_all_rules_share_is_what_each_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = digests(tmp_path, FILE)
    monkeypatch.setattr(rules, "HEAD", rules.HEAD.replace("exec", ""))
    after = rule_digests(tmp_path)
    assert all(before[name] != after[name] for name in before)


@pytest.mark.parametrize("text", ["rule one:\n  (\n", "rule a:\n    b\n  c\n"])
def test_what_is_no_rule_file_is_a_syntax_error(tmp_path: Path, text: str) -> None:
    with pytest.raises(SyntaxError):
        digests(tmp_path, text)

"""Records and audit serve a workflow of three rules that counts words, and is no network's."""

import os
import runpy
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from delaynet.provenance.audit import Audit
from delaynet.provenance.states import GOOD
from delaynet.workflow.project import PROJECT as THIS

pytestmark = pytest.mark.slow

FILES = {
    "text.txt": "to be or not to be\n",
    "workflow/Snakefile": '''
import sys
from delaynet.provenance.code import code
from delaynet.provenance.rules import rule_digests
from words.project import PROJECT

RULES = {name: f"{name} {digest}" for name, digest in rule_digests(PROJECT.workflow).items()}

rule seal:
    input: "results/counts.csv", "results/longest.txt"
    output: "results/seal.json"
    params: rule=RULES["seal"], code=code(PROJECT, "words.seal")
    shell: "WORDS_RULE={params.rule:q} {sys.executable} -m words seal {output}"

rule count:
    input: "text.txt"
    output: "results/counts.csv"
    params: rule=RULES["count"], code=code(PROJECT, "words.count")
    shell: "WORDS_RULE={params.rule:q} {sys.executable} -m words count {output} {input}"

rule longest:
    input: "results/counts.csv"
    output: "results/longest.txt"
    params: rule=RULES["longest"], code=code(PROJECT, "words.longest")
    shell: "WORDS_RULE={params.rule:q} {sys.executable} -m words longest {output} {input}"
''',
    "workflow/words/__init__.py": "",
    "workflow/words/__main__.py": '''
import importlib, sys
from pathlib import Path
from delaynet.provenance.record import recorded
from words.project import PROJECT

_, command, output, *inputs = sys.argv
module = importlib.import_module(f"words.{command}")
with recorded(PROJECT, list(map(Path, inputs)), [Path(output)]):
    module.make(Path(output), *map(Path, inputs))
''',
    "workflow/words/project.py": '''
from pathlib import Path
from delaynet.provenance.project import Project

PROJECT = Project(
    package="words",
    workflow=Path(__file__).resolve().parents[1],
    not_code=("words", "words.__main__", "words.project"),
    by_products=("notes.txt",),
)
''',
    "workflow/words/count.py": '''
from collections import Counter

def make(output, text):
    counts = Counter(text.read_text().split())
    output.write_text("".join(f"{word},{count}\\n" for word, count in sorted(counts.items())))
''',
    "workflow/words/longest.py": '''
def make(output, counts):
    words = [line.split(",")[0] for line in counts.read_text().splitlines()]
    output.write_text(max(words, key=len) + "\\n")
''',
    "workflow/words/seal.py": '''
from pathlib import Path
from delaynet.provenance.seal import write_seal
from words.project import PROJECT

def make(output):
    write_seal(PROJECT, Path("results"), output)
''',
}  # fmt: skip


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project after Snakemake has made all of it."""
    project = tmp_path_factory.mktemp("project") / "words"
    for name, content in FILES.items():
        (project / name).parent.mkdir(parents=True, exist_ok=True)
        (project / name).write_text(content.lstrip("\n"), encoding="utf-8")
    made = snakemake(project)
    assert made.returncode == 0, made.stderr
    return project


def snakemake(project: Path, *options: str) -> subprocess.CompletedProcess[str]:
    paths = os.pathsep.join([str(project / "workflow"), str(THIS.workflow)])
    command = [sys.executable, "-m", "snakemake", "--cores", "1", *options]
    return subprocess.run(
        command,
        cwd=project,
        env={**os.environ, "PYTHONPATH": paths},
        capture_output=True,
        encoding="utf-8",
        check=False,
    )


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def findings(project: Path) -> dict[str, str]:
    """What the audit finds of each path that is not in order, and of the seal."""
    of = runpy.run_path(str(project / "workflow/words/project.py"))["PROJECT"]
    audit = Audit(of, project / "results")
    found = {link.path: link.verdict for link in audit.everything()} | {"the seal": audit.seal()}
    return {path: state for path, (state, _) in found.items() if state not in GOOD}


COUNTS, LONGEST, SEAL = "results/counts.csv", "results/longest.txt", "results/seal.json"


@pytest.mark.parametrize(
    ("tamper", "expected"),
    [
        (lambda p: None, {}),
        (lambda p: edit(p / "workflow/words/count.py", "\ndef", "# a comment\ndef"), {}),
        (lambda p: (p / "results/notes.txt").write_text("mine"), {}),
        (lambda p: edit(p / COUNTS, "be,2", "be,3"), {COUNTS: "altered", LONGEST: "stale"}),
        (lambda p: edit(p / "text.txt", "or", "and"), {COUNTS: "stale"}),
        (
            lambda p: edit(p / "results/records/counts.csv.json", '"host": "', '"host": "not-'),
            {COUNTS: "record altered", "the seal": "record altered"},
        ),
        (lambda p: edit(p / "workflow/words/count.py", "split()", 'split(" ")'),
         {COUNTS: "code changed"}),
        (lambda p: edit(p / "workflow/Snakefile", "-m words longest", "-Wd -m words longest"),
         {LONGEST: "code changed"}),
        (lambda p: (p / "results/more.csv").write_text("x"), {"results/more.csv": "unrecorded"}),
        (lambda p: (p / LONGEST).unlink(), {LONGEST: "missing"}),
        (lambda p: (p / SEAL).unlink(), {SEAL: "missing", "the seal": "missing"}),
    ],
    ids=[
        "clean", "a comment", "a by-product", "an edited output", "an edited source",
        "an edited record", "changed code", "a changed rule", "a file of nobody",
        "a removed output", "a removed seal",
    ],
)  # fmt: skip
def test_the_audit_finds_what_was_tampered_with_and_nothing_else(
    finished: Path, tmp_path: Path, tamper: Callable[[Path], object], expected: dict[str, str]
) -> None:
    project = Path(shutil.copytree(finished, tmp_path / "words"))
    tamper(project)
    assert findings(project) == expected


def test_the_rules_names_stand_in_the_records_and_nothing_is_to_be_done(finished: Path) -> None:
    records = Audit(THIS, finished / "results").records
    assert {path: record["rule"] for path, record in records.items()} == {
        COUNTS: "count", LONGEST: "longest", SEAL: "seal",
    }  # fmt: skip
    assert "Nothing to be done" in snakemake(finished, "--dry-run").stdout

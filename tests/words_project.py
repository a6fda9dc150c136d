"""A small project of its own: a workflow that counts words, with records, a seal and an audit.

It has what records and audit must know of any project: a folder that a job makes, runs of one rule,
figures, a configuration, a manuscript that is sealed, and what is made after the seal.
"""

import os
import runpy
import subprocess
import sys
from pathlib import Path

from delaynet.provenance.audit import Audit
from delaynet.provenance.states import GOOD, Verdict
from delaynet.workflow.project import PROJECT as THIS

FILES = {
    ".gitignore": "results\n.snakemake\n__pycache__\n",
    "text.txt": "to be or not to be\nthat is the question\n",
    "config/words.yaml": "shortest: 2\n",
    "manuscript/paper.txt": "The longest word is as drawn.\n",
    "workflow/Snakefile": """
from delaynet.provenance.jobs import jobs
from words.project import PROJECT

job = jobs(PROJECT, workflow)

rule all:
    input: "results/page.html"

rule config:
    input: "config/words.yaml"
    output: "results/config.json"
    params: **job("config", "words.config")
    shell: "{params.words} config {output} : {input}"

rule chapters:
    input: "text.txt"
    output: directory("results/chapters")
    params: **job("chapters", "words.chapters")
    shell: "{params.words} chapters {output} : {input}"

rule count:
    input: "results/config.json", "results/chapters"
    output: "results/runs/{chapter}/counts.csv", "results/runs/{chapter}/summary.json"
    threads: 1
    resources: mem_mb=100
    params: **job("count", "words.count")
    shell: "{params.words} count {output} : {input}"

rule figure:
    input: "results/runs/1/counts.csv", "results/runs/2/counts.csv"
    output: "results/figures/{figure}.svg", "results/figures/{figure}.png"
    params: **job("figure", "words.figure")
    shell: "{params.words} figure {output} : {input}"

rule seal:
    input: "results/figures/longest.svg", "results/figures/shortest.svg"
    output: "results/seal.json"
    params: **job("seal", "words.seal")
    shell: "{params.words} seal {output} :"

rule paper:
    input: "manuscript/paper.txt", "results/figures/longest.svg", "results/seal.json"
    output: "results/paper.pdf"
    params: **job("paper", "words.paper")
    shell: "{params.words} paper {output} : {input}"

rule page:
    input: "manuscript/paper.txt", "results/seal.json", "results/paper.pdf"
    output: "results/page.html"
    params: **job("page", "words.page")
    shell: "{params.words} page {output} : {input}"
""",
    "workflow/words/__init__.py": "",
    "workflow/words/__main__.py": """
import importlib, sys
from pathlib import Path
from delaynet.provenance.record import recorded
from words.project import PROJECT

command, *paths = sys.argv[1:]
at = paths.index(":")
outputs, inputs = list(map(Path, paths[:at])), list(map(Path, paths[at + 1:]))
module = importlib.import_module(f"words.{command}")
with recorded(PROJECT, inputs, outputs) as making:
    module.make(making, outputs, inputs)
""",
    "workflow/words/project.py": """
import json
from pathlib import Path
from delaynet.provenance.project import Project

def is_same_configuration(file, resolved):
    try:
        lines = [line for line in file.read_text().splitlines() if not line.startswith("#")]
        return dict(line.split(": ") for line in lines) == json.loads(resolved.read_text())
    except ValueError:
        return False

PROJECT = Project(
    package="words",
    workflow=Path(__file__).resolve().parents[1],
    not_code=("words", "words.__main__", "words.project"),
    versioned=("workflow", "manuscript", "config"),
    by_products=("notes.txt",),
    manuscript="manuscript",
    printed=("paper.pdf", "page.html"),
    is_same_configuration=is_same_configuration,
)
""",
    "workflow/words/config.py": """
import json

def make(making, outputs, inputs):
    lines = inputs[0].read_text().splitlines()
    outputs[0].write_text(json.dumps(dict(line.split(": ") for line in lines)))
""",
    "workflow/words/chapters.py": """
def make(making, outputs, inputs):
    outputs[0].mkdir()
    for number, line in enumerate(inputs[0].read_text().splitlines(), 1):
        (outputs[0] / f"{number}.txt").write_text(line)
""",
    "workflow/words/count.py": """
import json
from collections import Counter

def make(making, outputs, inputs):
    shortest = int(json.loads(inputs[0].read_text())["shortest"])
    words = (inputs[1] / f"{outputs[0].parent.name}.txt").read_text().split()
    counts = Counter(word for word in words if len(word) >= shortest)
    outputs[0].write_text("".join(f"{word},{count}\\n" for word, count in sorted(counts.items())))
    outputs[1].write_text(json.dumps({"words": counts.total()}))
""",
    "workflow/words/figure.py": """
def make(making, outputs, inputs):
    words = [line.split(",")[0] for file in inputs for line in file.read_text().splitlines()]
    drawn = max(words, key=len) if outputs[0].stem == "longest" else min(words, key=len)
    for output in outputs:
        output.write_text(f"a picture of {drawn}\\n{making.embedded()}\\n")
""",
    "workflow/words/seal.py": """
from pathlib import Path
from delaynet.provenance.seal import write_seal
from words.project import PROJECT

def make(making, outputs, inputs):
    write_seal(PROJECT, Path("results"), outputs[0])
""",
    "workflow/words/paper.py": """
from pathlib import Path
from delaynet.provenance.seal import read_seal

def make(making, outputs, inputs):
    carried = making.embedded()._replace(seal=read_seal(Path("results")).digest)
    outputs[0].write_text(f"{inputs[0].read_text()}{carried}\\n")
""",
    "workflow/words/page.py": """
def make(making, outputs, inputs):
    outputs[0].write_text(f"<p>{inputs[0].read_text()}</p>")
""",
}


def make_words(project: Path) -> None:
    """Write the project, commit it, and let Snakemake make all of it."""
    for name, content in FILES.items():
        (project / name).parent.mkdir(parents=True, exist_ok=True)
        (project / name).write_text(content.lstrip("\n"), encoding="utf-8")
    git(project, "init", "--quiet")
    git(project, "add", *FILES)
    git(project, "commit", "--quiet", "--message", "All")
    made = snakemake(project)
    assert made.returncode == 0, made.stderr


def git(project: Path, *arguments: str) -> None:
    who = ["-c", "user.name=Ada", "-c", "user.email=ada@example.org", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", *who, *arguments], cwd=project, check=True, capture_output=True)


def snakemake(project: Path, *options: str) -> subprocess.CompletedProcess[str]:
    paths = os.pathsep.join([str(project / "workflow"), str(THIS.workflow)])
    command = [sys.executable, "-m", "snakemake", "--cores", "2", *options]
    return subprocess.run(
        command,
        cwd=project,
        env={**os.environ, "PYTHONPATH": paths},
        capture_output=True,
        encoding="utf-8",
        check=False,
    )


def audit(project: Path) -> Audit:
    """The audit of the project as it is now."""
    of = runpy.run_path(str(project / "workflow/words/project.py"))["PROJECT"]
    return Audit(of, project / "results")


def findings(project: Path) -> dict[str, Verdict]:
    """What the audit finds of each path that is not in order, and of the seal."""
    audited = audit(project)
    found = {link.path: link.verdict for link in audited.everything()}
    found["the seal"] = audited.seal()
    return {path: verdict for path, verdict in found.items() if verdict.state not in GOOD}

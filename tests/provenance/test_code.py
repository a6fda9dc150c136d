"""Which code a job depends on: all that it loads, and nothing that does not matter to it."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from delaynet.cli import COMMANDS
from delaynet.paper.figures.selection import FIGURES
from delaynet.provenance.code import (
    code_among,
    code_digest,
    code_now,
    modules_of,
)
from delaynet.provenance.record import fingerprint
from delaynet.provenance.rules import rule_digests
from delaynet.workflow.project import PROJECT, code


def loaded_by(*modules: str) -> set[str]:
    program = (
        f"import sys, importlib\nfor m in {modules!r}: importlib.import_module(m)\n"
        "print('\\n'.join(m for m in sys.modules if m.startswith('delaynet.')))"
    )
    result = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, encoding="utf-8", check=True
    )
    return set(result.stdout.split())


@pytest.mark.parametrize("command", ["corpus_fetch", "features", "train", "grouping", "manuscript"])
@pytest.mark.slow
def test_declared_code_is_all_that_a_command_loads(command: str) -> None:
    module = f"delaynet.cli.{command}"
    assert code_among(PROJECT, loaded_by(module)) <= set(modules_of(PROJECT, module))


# each figure in a copy of a process that has loaded the command
LOADED_BY_FIGURES = f"""
import os, sys
from importlib import import_module

import_module("delaynet.cli.figure")
for figure in {FIGURES}:
    if os.fork() == 0:
        import_module(f"delaynet.paper.figures.{{figure}}")
        print(figure, *(name for name in sys.modules if name.startswith("delaynet.")))
        sys.exit()
    os.wait()
"""


@pytest.mark.slow
def test_declared_code_of_a_figure_is_all_that_it_loads() -> None:
    said = subprocess.check_output([sys.executable, "-c", LOADED_BY_FIGURES], encoding="utf-8")
    loaded = {line.split()[0]: set(line.split()[1:]) for line in said.splitlines()}
    assert list(loaded) == list(FIGURES)
    for figure in FIGURES:
        modules = ("delaynet.cli.figure", f"delaynet.paper.figures.{figure}")
        assert f"delaynet.paper.figures.{figure}" in loaded[figure]
        assert code_among(PROJECT, loaded[figure]) <= set(modules_of(PROJECT, *modules)), figure


def test_a_training_depends_on_its_own_structure_and_on_no_other() -> None:
    """Otherwise a new structure, or an edited one, would train every network again."""
    modules = ("delaynet.cli.train", "delaynet.model.structures.deep_r")
    structures = {m for m in loaded_by(*modules) if m.startswith("delaynet.model.structures.")}
    assert structures == {"delaynet.model.structures.deep_r"}
    assert not structures & set(modules_of(PROJECT, "delaynet.cli.train"))
    assert structures < set(modules_of(PROJECT, *modules))


def test_training_does_not_depend_on_figures_audio_or_commands_of_others() -> None:
    modules = modules_of(PROJECT, "delaynet.cli.train")
    assert {"delaynet.model.neurons", "delaynet.model.dale"} < set(modules)
    for foreign in (
        "paper",
        "data.features",
        "data.corpus",
        "analysis",
        "cli.corpus",
        "provenance",
    ):
        assert not any(m.startswith(f"delaynet.{foreign}") for m in modules), foreign


def test_what_the_settings_alone_import_is_no_code_of_a_training_and_is_that_of_a_figure() -> None:
    settings, words = "delaynet.config.grid", "delaynet.config.variants"
    assert words not in code_among(PROJECT, ["delaynet.training.step", settings, words])
    assert words in code_among(PROJECT, ["delaynet.paper.figures.style", settings, words])


def test_figures_do_not_depend_on_each_other() -> None:
    modules = modules_of(PROJECT, "delaynet.cli.figure", "delaynet.paper.figures.accuracy")
    others = {f"delaynet.paper.figures.{figure}" for figure in FIGURES if figure != "accuracy"}
    assert not others & set(modules)


def test_numbers_do_not_depend_on_how_figures_look() -> None:
    assert not [m for m in modules_of(PROJECT, "delaynet.cli.numbers") if "figures" in m]


def test_a_digest_follows_the_content() -> None:
    lines = dict(line.split() for line in code("delaynet.cli.train"))
    assert len(lines["delaynet/model/neurons.py"]) == 16
    assert lines["delaynet/model/neurons.py"] != lines["delaynet/model/delays.py"]


def test_settings_and_their_descriptions_choices_and_checks_are_no_code_of_results() -> None:
    for command in ("train", "features", "grouping", "tables", "figure"):
        settings = {f"delaynet.config.{name}" for name in ("settings", "grid", "files", "errors")}
        assert not settings & set(modules_of(PROJECT, f"delaynet.cli.{command}")), command


def test_networks_trainings_and_features_take_nothing_but_types_from_the_settings() -> None:
    for folder in ("model", "training", "data"):
        for file in (PROJECT.workflow / "delaynet" / folder).rglob("*.py"):
            text = file.read_text(encoding="utf-8")
            imports = re.findall(
                r"^from delaynet.config.(?:grid|settings) import (\([^)]*\)|.*)$", text, re.M
            )
            for name in re.findall(r"\w+", " ".join(imports)):
                assert name.endswith(("Settings", "Features")) or name == "parse_settings", file


SOURCE = """
class Settings:
    epochs: int = 1

def f(x: int) -> int:
    if x < 0:
        raise UserError(f"{x} is below 0.")
    return x + 1

option = click.option("--x", help="A number.", default=2)
"""


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("epochs: int = 1\n", "epochs: int = 1  # why\n"),
        ("x + 1", "x+1"),
        ("\nclass", '"""A module."""\nclass'),
        ("Settings:\n", 'Settings:\n    """A class."""\n'),
        ("epochs: int = 1\n", 'epochs: int = 1\n    """How often."""\n'),
        ("int:\n", 'int:\n    """Return."""\n'),
        ("is below 0", "is negative"),
        ("A number", "One number"),
    ],
)
def test_comments_docstrings_layout_help_and_what_errors_say_are_not_code(
    tmp_path: Path, old: str, new: str
) -> None:
    assert digest_of(tmp_path, SOURCE.replace(old, new)) == digest_of(tmp_path, SOURCE)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("x + 1", "x + 2"),
        ("epochs: int = 1", "epochs: int = 2"),
        ("x < 0", "x < 1"),
        ("UserError", "ValueError"),
        ("default=2", "default=3"),
        ('"--x"', '"--y"'),
    ],
)
def test_whatever_else_a_source_says_is_code(tmp_path: Path, old: str, new: str) -> None:
    assert digest_of(tmp_path, SOURCE.replace(old, new)) != digest_of(tmp_path, SOURCE)


def digest_of(folder: Path, source: str) -> str:
    assert "f(x" in source
    (folder / "module.py").write_text(source)
    return code_digest(folder / "module.py")


def test_a_digest_is_the_same_on_every_version_of_python(tmp_path: Path) -> None:
    # by Python 3.11, 3.12 and 3.13, whose `ast.unparse` quotes this in two ways
    source = """
def f(x: float, y: dict[str, int]) -> str:
    return f"{x:.{y['digits']}f} {', another '.join(y)}" + f"{x:{''}}" + ''.join(["", "a"])
"""
    (tmp_path / "module.py").write_text(source)
    assert code_digest(tmp_path / "module.py") == "0a9dbbcd98b93e4c"
    (tmp_path / "module.py").write_text(source.replace('["", "a"]', '["a"]'))
    assert code_digest(tmp_path / "module.py") != "0a9dbbcd98b93e4c"


def test_every_command_has_its_file() -> None:
    files = {path.stem for path in Path(PROJECT.workflow, "delaynet", "cli").glob("[!_]*.py")}
    assert files == {name.replace(" ", "_") for name in COMMANDS}


@pytest.mark.parametrize("content", [b"\xff", b"def f(:\n", b"\x00"])
def test_what_is_no_module_has_no_digest(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "module.py").write_bytes(content)
    assert code_now(tmp_path)("module.py") is None


DIGESTS = """
import json, sys
from pathlib import Path
from delaynet.provenance.record import fingerprint
from delaynet.provenance.rules import rule_digests
from delaynet.workflow.project import PROJECT, code
folder, *modules = sys.argv[1:]
print(json.dumps([code(*modules), rule_digests(PROJECT.workflow), fingerprint(Path(folder))]))
"""


def test_digests_are_the_same_in_every_locale(tmp_path: Path) -> None:
    (tmp_path / "grün – ✓.txt").write_text("Käse", encoding="utf-8")
    modules = [f"delaynet.cli.{name.replace(' ', '_')}" for name in COMMANDS]
    result = subprocess.run(
        [sys.executable, "-c", DIGESTS, tmp_path, *modules],
        env={**os.environ, "LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"},
        capture_output=True,
        check=True,
    )
    here = [code(*modules), rule_digests(PROJECT.workflow), fingerprint(tmp_path)]
    assert json.loads(result.stdout) == here

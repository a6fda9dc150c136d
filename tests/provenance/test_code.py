"""Which code a job depends on: all that it loads, and nothing that does not matter to it."""

import subprocess
import sys
from pathlib import Path

import pytest

from delaynet.cli import COMMANDS
from delaynet.paper.figures.selection import FIGURES
from delaynet.provenance.code import (
    ROOT,
    code,
    code_digest,
    code_now,
    imported_modules,
    modules_of,
)

ROOMS = [
    "corpus", "features", "dataset", "compiled", "neurons", "delays", "taps", "network", "rewiring",
    "runs", "evaluation", "training", "retraining", "structure", "inference", "tables",
    "hypotheses", "claims", "figures", "numbers", "manuscript", "page", "cli",
]  # fmt: skip
UNDER_ALL = {"config", "settings", "processes", "cluster", "errors", "files", "provenance"}
# what stands beside the rooms: the schema is written from `config`; `naming`, `effort` and
# `planning` serve the Snakefile
BESIDE = {"schema", "naming", "effort", "planning", "__main__"}


def loaded_by(*modules: str) -> set[str]:
    program = (
        f"import sys, importlib\nfor m in {modules!r}: importlib.import_module(m)\n"
        "print('\\n'.join(m for m in sys.modules if m.startswith('delaynet.')))"
    )
    result = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    return set(result.stdout.split())


@pytest.mark.parametrize(
    "command", ["corpus_speak", "corpus_fetch", "features", "train", "grouping", "manuscript"]
)
@pytest.mark.slow
def test_declared_code_is_all_that_a_command_loads(command: str) -> None:
    loaded = loaded_by(f"delaynet.cli.{command}")
    loaded = {m for m in loaded if not m.startswith("delaynet.provenance") and m != "delaynet.cli"}
    assert loaded <= set(modules_of(f"delaynet.cli.{command}"))


@pytest.mark.parametrize("figure", FIGURES)
@pytest.mark.slow
def test_declared_code_of_a_figure_is_all_that_it_loads(figure: str) -> None:
    modules = ("delaynet.cli.figure", f"delaynet.paper.figures.{figure}")
    loaded = {m for m in loaded_by(*modules) if not m.startswith("delaynet.provenance")}
    assert loaded - {"delaynet.cli"} <= set(modules_of(*modules))


def test_training_does_not_depend_on_figures_audio_or_commands_of_others() -> None:
    modules = modules_of("delaynet.cli.train")
    assert "delaynet.model.neurons" in modules
    for foreign in ("figures", "features", "corpus", "structure", "cli.corpus", "provenance"):
        assert not any(m.startswith(f"delaynet.{foreign}") for m in modules), foreign


def test_figures_do_not_depend_on_each_other() -> None:
    modules = modules_of("delaynet.cli.figure", "delaynet.paper.figures.accuracy")
    others = {f"delaynet.paper.figures.{figure}" for figure in FIGURES if figure != "accuracy"}
    assert not others & set(modules)


def test_a_digest_follows_the_content() -> None:
    lines = dict(line.split() for line in code("delaynet.cli.train"))
    assert len(lines["delaynet/model/neurons.py"]) == 16
    assert lines["delaynet/model/neurons.py"] != lines["delaynet/model/delays.py"]


def test_comments_docstrings_and_layout_are_not_code(tmp_path: Path) -> None:
    versions = {
        "plain": "def f(x: int) -> int:\n    return x + 1\n",
        "documented": '"""A."""\ndef f(x: int) -> int:\n    """B."""\n    # C\n    return x+1\n',
        "other": "def f(x: int) -> int:\n    return x + 2\n",
    }
    digests = {}
    for name, source in versions.items():
        (tmp_path / name).write_text(source)
        digests[name] = code_digest(tmp_path / name)
    assert digests["plain"] == digests["documented"]
    assert digests["plain"] != digests["other"]


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


def room_of(module: str) -> str:
    return module.split(".")[1]


def all_modules() -> list[str]:
    files = (ROOT / "delaynet").rglob("*.py")
    names = [".".join(file.relative_to(ROOT).with_suffix("").parts) for file in files]
    return [name.removesuffix(".__init__") for name in names if name != "delaynet.__init__"]


@pytest.mark.parametrize("module", all_modules())
def test_a_room_imports_only_from_rooms_above_it(module: str) -> None:
    room = room_of(module)
    if room in BESIDE:
        return
    for imported in imported_modules(module) - {"delaynet"}:
        other = room_of(imported)
        if other in UNDER_ALL:
            continue
        assert room not in UNDER_ALL, f"{module} stands under all and imports {imported}"
        if room == "cli" and other in BESIDE:
            continue
        assert ROOMS.index(other) <= ROOMS.index(room), f"{module} imports {imported}"


def test_every_command_has_its_file() -> None:
    files = {path.stem for path in Path(ROOT, "delaynet", "cli").glob("*.py")} - {"__init__"}
    assert files == {name.replace(" ", "_") for name in COMMANDS}


@pytest.mark.parametrize("content", [b"\xff", b"def f(:\n", b"\x00"])
def test_what_is_no_module_has_no_digest(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "module.py").write_bytes(content)
    assert code_now(tmp_path)("module.py") is None

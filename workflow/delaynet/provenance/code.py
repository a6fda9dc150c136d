"""Which modules of this package a command depends on, and their digests.

The rules hand these digests to Snakemake as a parameter: a changed module reruns the jobs that
depend on it and nothing else. A new time stamp (a fresh clone, a `touch`), a comment, a docstring
or another layout of the source rerun nothing: no week of training is lost to a typing mistake.
"""

import ast
import hashlib
from collections.abc import Callable, Mapping
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from delaynet.provenance.rules import rule_digests

PACKAGE = "delaynet"
ROOT = Path(__file__).resolve().parents[2]
# what keeps records of results does not change them
NOT_CODE_OF_RESULTS = (f"{PACKAGE}.provenance",)
# what a command is dispatched through, and the package itself
DISPATCHER = (f"{PACKAGE}/__init__.py", f"{PACKAGE}/__main__.py", f"{PACKAGE}/cli/__init__.py")
NO_CODE = f"{PACKAGE} corpus fetch "  # an archive is what its checksum says
DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)


@lru_cache
def module_path(module: str) -> Path | None:
    """Return the file of a module of this package, or None if there is no such module."""
    base = ROOT.joinpath(*module.split("."))
    for path in (base.with_suffix(".py"), base / "__init__.py"):
        if path.is_file():
            return path
    return None


@lru_cache
def imported_modules(module: str) -> frozenset[str]:
    """Return the modules of this package that a module's source imports, anywhere in it."""
    path = module_path(module)
    if path is None:
        return frozenset()
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
            found.update(f"{node.module}.{alias.name}" for alias in node.names)
    return frozenset(
        name
        for name in found
        if name.split(".")[0] == PACKAGE
        and not name.startswith(NOT_CODE_OF_RESULTS)
        and module_path(name)
    )


def modules_of(*modules: str) -> list[str]:
    """Return modules and all that they import, directly or not, with their packages, sorted."""
    seen: set[str] = set()
    waiting = list(modules)
    while waiting:
        module = waiting.pop()
        if module in seen:
            continue
        seen.add(module)
        waiting.extend(imported_modules(module))
        parent = module.rpartition(".")[0]
        # the package of the commands only dispatches to them
        if parent and parent != f"{PACKAGE}.cli":
            waiting.append(parent)
    return sorted(seen - {PACKAGE})


def code_digest(path: Path) -> str:
    """Return a digest of what a module's source says to the interpreter."""
    return _digest_of(path.read_text(encoding="utf-8"))


@cache
def _digest_of(source: str) -> str:
    tree = ast.parse(source)
    for node in ast.walk(tree):
        if isinstance(node, DOCUMENTED) and ast.get_docstring(node) is not None:
            node.body = node.body[1:] or [ast.Pass()]
    return hashlib.sha256(repr(_said(tree)).encode()).hexdigest()[:16]


def _said(node: object) -> object:
    """Return what a node of a syntax tree says, as nested lists: the same on every Python.

    `ast.unparse` quotes otherwise from version to version. A later version has fields that are
    empty where an earlier one knows none, and empty texts within formatted strings.
    """
    if isinstance(node, list):
        return [_said(item) for item in node]
    if not isinstance(node, ast.AST):
        return repr(node)
    if isinstance(node, ast.JoinedStr):
        return ["JoinedStr", *(_said(part) for part in node.values if not _is_empty_text(part))]
    fields = [(name, value) for name, value in ast.iter_fields(node) if value not in (None, [])]
    return [type(node).__name__, *((name, _said(value)) for name, value in fields)]


def _is_empty_text(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value == ""


def code(*modules: str) -> list[str]:
    """Return `<file> <digest>` of each module that the given ones depend on, themselves included.

    Args:
        modules: dotted names, such as `delaynet.cli.train`.
    """
    described = []
    for module in modules_of(*modules):
        path = module_path(module)
        assert path is not None, f"no module {module}"
        described.append(f"{path.relative_to(ROOT)} {code_digest(path)}")
    return described


def code_now(root: Path) -> Callable[[str], str | None]:
    """Return the function that gives the digest of a module or rule as it is now, or None.

    A module is named as `delaynet/cli/train.py`, a rule as `rule train`. None: it is not there, or
    cannot be read. Each file is read once.

    Args:
        root: the folder that holds the package and the rules.
    """

    @cache
    def rules() -> dict[str, str]:
        try:
            return {f"rule {name}": digest for name, digest in rule_digests(root).items()}
        except (OSError, SyntaxError, ValueError):
            return {}

    @cache
    def digest(name: str) -> str | None:
        if name.startswith("rule "):
            return rules().get(name)
        try:
            return code_digest(root / name)
        except (OSError, SyntaxError, ValueError):
            return None

    return digest


def changed_code(record: Mapping[str, Any], now: Callable[[str], str | None]) -> list[str]:
    """Return the modules that a result depends on, and the rule, that say something else now.

    It is what Snakemake would make the result again for: neither comments nor what keeps records.

    Args:
        record: of the result's job.
        now: from `code_now`.
    """
    if record["command"].startswith(NO_CODE):
        return []
    modules = record["modules"]
    keeping = tuple(name.replace(".", "/") for name in NOT_CODE_OF_RESULTS)
    counted = [file for file in modules if not file.startswith(keeping) and file not in DISPATCHER]
    changed = [file for file in counted if now(file) != modules[file]["code"]]
    rule = f"rule {record['rule']}"
    return changed if record["rule_code"] in (None, now(rule)) else [*changed, rule]

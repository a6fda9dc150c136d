"""Which modules of this package a command depends on, and their digests.

The rules pass these digests to Snakemake as a parameter: a changed module reruns the jobs that
depend on it and nothing else. A new time stamp, a comment, a docstring, reformatting, an option's
help or the text of a `UserError` rerun nothing: a corrected spelling mistake reruns no training.

`Project.not_code` names the modules that compute nothing of a result.
"""

import ast
import hashlib
from collections.abc import Callable, Collection, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from delaynet.provenance.project import Project
from delaynet.provenance.rules import rule_digests


@cache
def module_path(project: Project, module: str) -> Path | None:
    """Return the file of a module of the package, or None if there is no such module."""
    base = project.workflow.joinpath(*module.split("."))
    for path in (base.with_suffix(".py"), base / "__init__.py"):
        if path.is_file():
            return path
    return None


@cache
def imported_modules(project: Project, module: str) -> frozenset[str]:
    """Return the modules of the package that a module's source imports, anywhere in it.

    Those that compute nothing of a result are left out.
    """
    path = module_path(project, module)
    if path is None:
        return frozenset()
    imports = _read(path.read_text(encoding="utf-8")).imports
    return frozenset(
        name for name in imports if project.is_code(name) and module_path(project, name)
    )


def modules_of(project: Project, *modules: str) -> list[str]:
    """Return modules and all that they import, directly or not, with their packages, sorted."""
    seen: set[str] = set()
    waiting = list(modules)
    while waiting:
        module = waiting.pop()
        if module in seen:
            continue
        seen.add(module)
        waiting.extend(imported_modules(project, module))
        parent = module.rpartition(".")[0]
        if project.is_code(parent):
            waiting.append(parent)
    return sorted(seen)


def code_among(project: Project, loaded: Collection[str]) -> set[str]:
    """Return which of the modules that a job has loaded can change its results.

    Modules that compute nothing of a result are left out, and those that only these import.
    """
    imported = {name for module in loaded for name in imported_modules(project, module)}
    # the command, and modules that were loaded by name
    first = [module for module in loaded if project.is_code(module) and module not in imported]
    return set(modules_of(project, *first)) & set(loaded)


def code_digest(path: Path) -> str:
    """Return a digest of a module's source, without comments and texts."""
    return _read(path.read_text(encoding="utf-8")).digest


class _Source(NamedTuple):
    """What a module's source imports, each name as in `import name`, and its digest."""

    imports: frozenset[str]
    digest: str


@cache
def _read(source: str) -> _Source:
    """Parse a module's source, once for all that is asked of it."""
    tree = ast.parse(source)
    digest = hashlib.sha256(repr(_as_lists(tree)).encode()).hexdigest()[:16]
    return _Source(frozenset(_imports(tree)), digest)


def _imports(node: ast.AST) -> Iterator[str]:
    """Yield the names that statements within a node import; `from a import b` may be `a.b`."""
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom) and node.module:
        yield node.module
        yield from (f"{node.module}.{alias.name}" for alias in node.names)
    for child in ast.iter_child_nodes(node):
        # no expression holds an import
        if not isinstance(child, ast.expr):
            yield from _imports(child)


def _as_lists(node: object) -> object:
    """Return a node of a syntax tree as nested lists, the same on every version of Python.

    Versions differ in the quotes of `ast.unparse`. Later ones have more fields, empty here, and
    empty texts within formatted strings.
    """
    if isinstance(node, list):
        return [_as_lists(item) for item in node]
    if not isinstance(node, ast.AST):
        return repr(node)
    if isinstance(node, ast.JoinedStr):
        parts = [part for part in node.values if getattr(part, "value", None) != ""]
        return ["JoinedStr", *map(_as_lists, parts)]
    fields = [(name, value) for name, value in _fields(node).items() if value not in (None, [])]
    return [type(node).__name__, *((name, _as_lists(value)) for name, value in fields)]


def _fields(node: ast.AST) -> dict[str, Any]:
    """Return a node's fields without texts: docstrings, an option's help, that of a `UserError`."""
    fields = {name: getattr(node, name, None) for name in node._fields}
    if isinstance(body := fields.get("body"), list):
        fields["body"] = [statement for statement in body if not _is_text(statement)]
    if isinstance(node, ast.Call):
        fields["keywords"] = [keyword for keyword in node.keywords if keyword.arg != "help"]
        if isinstance(node.func, ast.Name) and node.func.id == "UserError":
            fields["args"] = []
    return fields


def _is_text(statement: ast.AST) -> bool:
    """Return whether a statement is a docstring, of a module, class, function or attribute."""
    return (
        isinstance(statement, ast.Expr)
        and isinstance(statement.value, ast.Constant)
        and isinstance(statement.value.value, str)
    )


def code(project: Project, *modules: str) -> list[str]:
    """Return `<file> <digest>` of modules such as `package.part`, and of all that they import."""
    described = []
    for module in modules_of(project, *modules):
        path = module_path(project, module)
        assert path is not None, f"no module {module}"
        described.append(f"{path.relative_to(project.workflow)} {code_digest(path)}")
    return described


def code_now(root: Path) -> Callable[[str], str | None]:
    """Return a function that gives the present digest of a module or rule below a folder.

    A module is named as `package/part.py`, a rule as `rule train`. The digest is None if it is
    missing or cannot be read. Each file is read once.
    """
    try:
        rules = rule_digests(root)
    except (OSError, SyntaxError, ValueError):
        rules = {}

    @cache
    def digest(name: str) -> str | None:
        if name.startswith("rule "):
            return rules.get(name.removeprefix("rule "))
        try:
            return code_digest(root / name)
        except (OSError, SyntaxError, ValueError):
            return None

    return digest


def code_of(record: Mapping[str, Any]) -> dict[str, str]:
    """Return, by file, the digests of the modules that could change a job's results."""
    modules = record["modules"].items()
    return {file: digests["code"] for file, digests in modules if digests["code"] is not None}


def changed_code(
    project: Project, record: Mapping[str, Any], now: Callable[[str], str | None]
) -> list[str]:
    """Return those modules of a result, and its rule, that have changed.

    Snakemake would make the result again because of them.
    """
    if record["command"].startswith(tuple(f"{project.package} {c} " for c in project.fetching)):
        return []
    changed = [file for file, code in code_of(record).items() if now(file) != code]
    rule = f"rule {record['rule']}"
    return changed if record["rule_code"] in (None, now(rule)) else [*changed, rule]

"""The package's folders stand in an order, and each imports only from those before it."""

import re
from pathlib import Path

PACKAGE = Path(__file__).parents[1] / "workflow" / "delaynet"
FOLDERS = "config provenance data model training analysis paper workflow cli".split()  # noqa: SIM905


def test_a_folder_imports_only_from_those_before_it() -> None:
    assert sorted(path.name for path in PACKAGE.glob("*.py")) == ["__init__.py", "__main__.py"]
    assert {path.parent.name for path in PACKAGE.glob("*/__init__.py")} == set(FOLDERS)
    for place, folder in enumerate(FOLDERS):
        for module in (PACKAGE / folder).rglob("*.py"):
            imported = re.findall(r"^\s*(?:from|import) delaynet\.(\w+)", module.read_text(), re.M)
            assert set(imported) <= set(FOLDERS[: place + 1]), module


def test_provenance_knows_nothing_of_this_project() -> None:
    for module in (PACKAGE / "provenance").rglob("*.py"):
        text = module.read_text(encoding="utf-8")
        imported = re.findall(r"^\s*(?:from|import) delaynet\.(config\S*)", text, re.M)
        assert set(imported) <= {"config.errors", "config.files"}, module
        assert not re.search(r"delaynet(?!\.)|DELAYNET", text), module

"""The RO-Crate: valid under the three profiles, true to the records, silent where they are."""

import hashlib
import json
import shutil
import zipfile
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
import requests
from rocrate_validator.services import ValidationSettings, validate

from delaynet.config.errors import UserError
from delaynet.provenance.crate import write_crate
from delaynet.provenance.seal import write_seal
from delaynet.workflow.project import PROJECT, recorded

pytestmark = pytest.mark.filterwarnings("ignore:ConjunctiveGraph")

CLONE = Path(__file__).parents[2]
RESULTS = Path("results")
JOBS = {
    "corpus": ([], ["corpus"]),
    "features": (["corpus"], ["features.h5"]),
    "train": (["features.h5"], ["runs/a/network.h5", "runs/a/summary.json"]),
    "figure": (["config.json", "runs/a/summary.json"], ["figures/accuracy.svg"]),
}
CONTEXT = "https://w3id.org/ro/crate/1.1/context"


def write_results() -> None:
    """Write results in the current folder, each job with the record that it would leave."""
    for name in ("LICENSE", "workflow/Snakefile", "workflow/rules/a.smk", "manuscript/paper.typ"):
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).write_text(f"# {name}\n", encoding="utf-8")
    caches = shutil.ignore_patterns("__pycache__")
    shutil.copytree(CLONE / "workflow/delaynet", "workflow/delaynet", ignore=caches)
    (RESULTS / "corpus").mkdir(parents=True)
    (RESULTS / "config.json").write_text('{"name": "example"}')
    with pytest.MonkeyPatch.context() as patch:
        for rule, (inputs, outputs) in JOBS.items():
            patch.setenv("DELAYNET_RULE", rule)
            patch.setenv("DELAYNET_WILDCARDS", '{"delays": "learned"}' if rule == "train" else "{}")
            patch.setattr("sys.argv", ["delaynet", rule])
            written = [RESULTS / name for name in outputs]
            with recorded([RESULTS / name for name in inputs], written, seed=0):
                for path in written:
                    target = path / "clip.flac" if path.name == "corpus" else path
                    target.parent.mkdir(parents=True, exist_ok=True)
                    target.write_text(f"{rule} {path}")
        patch.setenv("DELAYNET_RULE", "seal")
        with recorded([], [RESULTS / "seal.json"]):
            write_seal(PROJECT, RESULTS, RESULTS / "seal.json")


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A project with results, which is the current folder; `crate` is its crate."""
    root = tmp_path_factory.mktemp("project")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(root)
        write_results()
        write_crate(PROJECT, RESULTS, root / "crate")
        yield root


@pytest.fixture
def copied(project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the project, to do with as one likes."""
    shutil.copytree(project, tmp_path / "copy")
    monkeypatch.chdir(tmp_path / "copy")
    return tmp_path / "copy"


@pytest.fixture
def entities(project: Path) -> dict[str, dict[str, Any]]:
    """The entities of the crate by their identifiers."""
    graph = json.loads((project / "crate" / "ro-crate-metadata.json").read_text())["@graph"]
    return {entity["@id"]: entity for entity in graph}


def of_type(entities: dict[str, dict[str, Any]], kind: str) -> list[dict[str, Any]]:
    return [entity for entity in entities.values() if kind in as_list(entity["@type"])]


def as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def ids(references: Any) -> list[str]:
    return [reference["@id"] for reference in as_list(references)]


@pytest.fixture
def offline(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """No network but for the context, from the package `rocrate`; yields what else was asked for.

    The package has that of RO-Crate 1.3, which keeps the terms of 1.1 and moves four of them.
    """
    context = (files("rocrate") / "data" / "ro-crate.jsonld").read_text()
    moved = "https://bioschemas.org/terms/"
    for term in ("input", "output"):
        context = context.replace(
            moved + term, f"https://bioschemas.org/ComputationalWorkflow#{term}"
        )
    context = context.replace(moved, "https://bioschemas.org/")
    asked: list[str] = []

    def answer(_: requests.Session, method: str, url: str, **options: Any) -> requests.Response:
        response = requests.Response()
        response.url = url
        response.status_code = 200 if url == CONTEXT else 504
        response.headers["Content-Type"] = "application/ld+json"
        response._content = context.encode() if url == CONTEXT else b""
        asked.extend([url] * (url != CONTEXT))
        return response

    monkeypatch.setattr(requests.Session, "request", answer)
    yield asked


@pytest.mark.slow
@pytest.mark.parametrize("profile", ["process", "workflow", "provenance"])
def test_a_crate_is_valid_under_the_profile(
    project: Path, offline: list[str], profile: str
) -> None:
    settings = ValidationSettings(
        rocrate_uri=str(project / "crate"),
        profile_identifier=f"{profile}-run-crate",
        requirement_severity="REQUIRED",
        no_cache=True,
    )
    result = validate(settings)
    assert [issue.message for issue in result.get_issues()] == []
    assert result.passed()
    assert offline == []


@pytest.mark.slow
def test_the_validator_would_find_a_mistake(copied: Path, offline: list[str]) -> None:
    metadata = copied / "crate" / "ro-crate-metadata.json"
    metadata.write_text(metadata.read_text().replace('"HowTo"', '"Thing"'))
    settings = ValidationSettings(
        rocrate_uri=str(copied / "crate"), profile_identifier="provenance-run-crate", no_cache=True
    )
    assert not validate(settings).passed()


def test_every_job_is_an_action_that_says_what_was_read_written_and_when(
    entities: dict[str, Any], project: Path
) -> None:
    records = [json.loads(path.read_text()) for path in Path("results/records").rglob("*.json")]
    assert len(records) == len(JOBS) + 1
    for record in records:
        action = entities[f"#{record['id']}"]
        assert action["@type"] == "CreateAction"
        assert (action["startTime"], action["endTime"]) == (record["started"], record["ended"])
        for side, files_of in (("object", "inputs"), ("result", "outputs")):
            named = {entities[name].get("name") for name in ids(action.get(side, []))}
            assert set(record[files_of]) <= named
        tool = entities[action["instrument"]["@id"]]
        assert tool["softwareVersion"].startswith(record["commit"])
        assert json.loads(Path(action["subjectOf"]["@id"]).read_text(encoding="utf-8")) == record


def test_each_job_of_a_rule_is_a_step_of_the_workflow(entities: dict[str, Any]) -> None:
    workflow = entities["workflow/Snakefile"]
    assert {"ComputationalWorkflow", "HowTo"} <= set(workflow["@type"])
    assert {entities[step]["name"] for step in ids(workflow["step"])} == {*JOBS, "seal"}
    assert len(of_type(entities, "ControlAction")) == len(JOBS) + 1


def test_wildcards_and_seed_are_among_what_a_job_was_given(entities: dict[str, Any]) -> None:
    train = next(e for e in of_type(entities, "CreateAction") if e["name"].startswith("train"))
    given = [entities[name] for name in ids(train["object"])]
    assert {("delays", "learned"), ("seed", "0")} <= {(e["name"], e.get("value")) for e in given}


def test_files_that_are_held_have_the_hash_that_is_said(
    entities: dict[str, Any], project: Path
) -> None:
    held = [e for e in of_type(entities, "File") if not e["@id"].startswith("ni:")]
    assert {"results/figures/accuracy.svg", "LICENSE"} <= {e["@id"] for e in held}
    for entity in held:
        content = (project / "crate" / unquote(entity["@id"])).read_bytes()
        assert entity["sha256"] == hashlib.sha256(content).hexdigest()
        assert entity["contentSize"] == str(len(content))


def test_recordings_features_and_networks_are_named_by_hash_and_not_held(
    entities: dict[str, Any], project: Path
) -> None:
    named = {e["name"] for name, e in entities.items() if name.startswith("ni:///sha-256;")}
    assert named == {"results/corpus", "results/features.h5", "results/runs/a/network.h5"}
    assert not any(path.suffix in (".h5", ".flac") for path in (project / "crate").rglob("*"))


def test_nothing_is_said_of_what_is_not_known(entities: dict[str, Any]) -> None:
    assert not any("agent" in entity or "author" in entity for entity in entities.values())
    for entity in entities.values():
        for value in entity.values():
            assert value not in (None, "", [], "None", "unknown"), entity


def test_all_that_is_referred_to_is_described(entities: dict[str, Any]) -> None:
    outside = ("http://schema.org/", "https://w3id.org/ro/crate/1.1")
    for entity in entities.values():
        for value in entity.values():
            for reference in as_list(value):
                if isinstance(reference, dict) and not reference["@id"].startswith(outside):
                    assert reference["@id"] in entities or "://" in reference["@id"]


def test_an_archive_holds_the_same_as_a_folder(entities: dict[str, Any], project: Path) -> None:
    write_crate(PROJECT, RESULTS, project / "crate.zip")
    folder = project / "crate"
    with zipfile.ZipFile(project / "crate.zip") as archive:
        names = {name for name in archive.namelist() if not name.endswith("/")}
        assert names == {str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file()}
        for name in names:
            assert archive.read(name) == (folder / name).read_bytes()


@pytest.mark.parametrize(
    ("path", "state"),
    [
        ("results/figures/accuracy.svg", "altered"),
        ("results/features.h5", "altered"),
        ("results/records/figures/accuracy.svg.json", "record altered"),
    ],
)
def test_results_that_are_not_intact_are_refused(copied: Path, path: str, state: str) -> None:
    content = (copied / path).read_text()
    (copied / path).write_text(content.replace("figure", "Figure").replace("features", "Features"))
    with pytest.raises(UserError, match=f"{state}.*a crate takes intact results only"):
        write_crate(PROJECT, RESULTS, copied / "another")
    assert not (copied / "another").exists()


@pytest.mark.parametrize("name", ["thesis/", "thesis.zip", "thesis", "folder.zip/"])
def test_a_crate_takes_the_place_of_nothing(copied: Path, name: str) -> None:
    file = copied / name / "chapter 1.txt" if name.endswith("/") else copied / name
    file.parent.mkdir(exist_ok=True)
    file.write_text("years of work")
    with pytest.raises(UserError, match=r"(thesis|folder)[.zip]*: is there already"):
        write_crate(PROJECT, RESULTS, Path(name))
    assert file.read_text() == "years of work"


def test_a_crate_may_lie_within_the_results(copied: Path) -> None:
    for name in ("results/crate", "results/crate.zip"):
        write_crate(PROJECT, RESULTS, Path(name))
    assert (copied / "results/crate/ro-crate-metadata.json").exists()
    assert zipfile.is_zipfile(copied / "results/crate.zip")


@pytest.mark.parametrize("name", ["results", ".", "..", "/", "results/figures", "results/new.zip"])
def test_results_and_project_are_no_place_for_a_crate(copied: Path, name: str) -> None:
    before = sorted(copied.rglob("*"))
    with pytest.raises(UserError, match=r"is among the results|is there already"):
        write_crate(PROJECT, RESULTS, Path(name))
    assert sorted(copied.rglob("*")) == before

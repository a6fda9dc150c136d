"""A run that is trained again: the same bytes here, the same accuracy within bounds elsewhere."""

import contextlib
import json
import shutil
from pathlib import Path

import pytest
import torch
from click.testing import CliRunner

import delaynet.provenance.machine as machine_of_a_job
import delaynet.training.loop as loop
from delaynet.cli import main
from delaynet.config.errors import UserError
from delaynet.config.grid import RunSettings
from delaynet.config.settings import ModelSettings, TrainingSettings
from delaynet.provenance.audit import Audit
from delaynet.provenance.code import code_digest
from delaynet.provenance.record import file_digest
from delaynet.training.device import describe_device
from delaynet.training.loop import Execution, train
from delaynet.training.run_folder import RUN_FILES, read_summary
from delaynet.workflow.estimate import training_seconds
from delaynet.workflow.project import PROJECT, recorded
from delaynet.workflow.verify import (
    compare,
    content,
    drawn_runs,
    other_circumstances,
    retrain,
    tolerance,
)

pytestmark = pytest.mark.slow


def settings_of(seed: int) -> RunSettings:
    return RunSettings(
        delays="learned", structure="deep_r_rigl", signs="free", sparsity="0.75", seed=seed,
        model=ModelSettings(hidden=(8,)),
        training=TrainingSettings(epochs=1, batch_size=64, device="cpu"),
    )  # fmt: skip


@pytest.fixture(scope="module")
def trained(small_features: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with two recorded runs."""
    root = tmp_path_factory.mktemp("trained")
    features = Path("results/features.h5")
    torch.set_num_threads(1)
    with contextlib.chdir(root):
        features.parent.mkdir()
        with recorded([], [features]):
            shutil.copy(small_features, features)
        for seed in (0, 1):
            settings = settings_of(seed)
            folder = Path("results/runs", settings.run.folder)
            outputs = [folder / name for name in RUN_FILES]
            with recorded([features], outputs, settings.model_dump(mode="json"), seed):
                train(settings, features, folder).remove()
    return root


@pytest.fixture
def project(trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of it, as the current folder."""
    shutil.copytree(trained, tmp_path / "project")
    monkeypatch.chdir(tmp_path / "project")
    return tmp_path / "project"


def verify(*options: str) -> tuple[int, str]:
    result = CliRunner().invoke(main, ["results", "verify", *options])
    return result.exit_code, result.output


def test_runs_that_are_trained_again_here_have_the_same_bytes(project: Path) -> None:
    code, output = verify("--retrain", "2")
    assert output.count("the same bytes") == 2
    assert "2 of 2 agree with what was recorded." in output
    assert code == 0


def test_a_run_that_was_altered_is_not_passed(project: Path) -> None:
    summary = next(Path("results/runs").rglob("summary.json"))
    summary.write_text(summary.read_text().replace("test_accuracy", "test accuracy"))
    code, output = verify("--retrain", "2")
    assert f"{summary} is altered" in output
    assert "1 of 2 agree" in output
    assert code == 1


def test_code_beside_the_results_is_not_taken_for_the_code_that_trains(project: Path) -> None:
    # the project that trained them says something else than the package that runs
    shutil.copytree(PROJECT.workflow / "delaynet", "workflow/delaynet")
    loop = Path("workflow/delaynet/training/loop.py")
    loop.write_text(f"{loop.read_text(encoding='utf-8')}\nA_CHANGE = 1\n", encoding="utf-8")
    for path in Path("results/records").rglob("*.json"):
        record = json.loads(path.read_text())
        if "delaynet/training/loop.py" in record["modules"]:
            digests = {"sha256": file_digest(loop), "code": code_digest(loop)}
            record["modules"]["delaynet/training/loop.py"] = digests
            path.write_text(json.dumps(record | {"commit": None, "uncommitted": None}))
    code, output = verify("--retrain", "1")
    assert code != 0
    assert "agree" not in output
    with pytest.raises(UserError, match=r"other code than .* \(delaynet/training/loop\.py in "):
        audit = Audit(PROJECT, Path("results"))
        retrain(audit, drawn_runs(audit, 1, 0)[0], project / "again")


def test_of_a_run_that_two_machines_trained_in_parts_the_accuracy_is_compared(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = settings_of(0)
    settings = settings.model_copy(
        update={"training": settings.training.model_copy(update={"epochs": 2})}
    )
    features, folder = Path("results/features.h5"), Path("results/runs", settings.run.folder)
    shutil.rmtree(folder)
    first = "CPU (of another machine, threads: 1)"
    with monkeypatch.context() as elsewhere:
        elsewhere.setattr(loop, "describe_device", lambda device: first)
        elsewhere.setattr(loop, "log_epoch", stop)
        with pytest.raises(Stopped):
            train(settings, features, folder, Execution(checkpoint_seconds=0))
    outputs = [folder / name for name in RUN_FILES]
    with recorded([features], outputs, settings.model_dump(mode="json"), 0):
        train(settings, features, folder).remove()
    parts = read_summary(folder)["trained_in_parts_on"]
    assert parts == [first, describe_device(torch.device("cpu"))]
    agrees, found = retrain(Audit(PROJECT, Path("results")), folder.as_posix(), project / "again")
    assert agrees
    assert f"the device, as it was trained in parts on {first} and CPU (" in found
    assert "trained_in_parts_on" not in read_summary(project / "again")


def test_the_time_of_an_interrupted_training_is_that_of_all_its_parts(project: Path) -> None:
    audit = Audit(PROJECT, Path("results"))
    (run,) = drawn_runs(audit, 1, 0)
    record = audit.records[f"{run}/summary.json"]
    assert training_seconds(record, Path(run)) == record["seconds"]
    metrics = Path(run, "metrics.csv")
    header, row = metrics.read_text(encoding="utf-8").splitlines()
    metrics.write_text(f"{header}\n{row.rpartition(',')[0]},7200\n", encoding="utf-8")
    assert training_seconds(record, Path(run)) == 7200
    assert "about 2 hours, by the records" in verify("--retrain", "2", "--seed", "0")[1]
    metrics.write_text("damaged", encoding="utf-8")
    assert training_seconds(record, Path(run)) == record["seconds"]


class Stopped(Exception):
    """A training was stopped after its first epoch."""


def stop(*arguments: object) -> None:
    raise Stopped


def test_the_same_seed_draws_the_same_runs_and_no_run_twice(project: Path) -> None:
    audit = Audit(PROJECT, Path("results"))
    assert drawn_runs(audit, 2, 5) == drawn_runs(audit, 2, 5)
    assert len(set(drawn_runs(audit, 2, 5))) == 2
    assert {drawn_runs(audit, 1, seed)[0] for seed in range(20)} == set(drawn_runs(audit, 2, 5))
    with pytest.raises(UserError, match="3 runs are asked for, and 2 were recorded here"):
        drawn_runs(audit, 3, 0)


def run_folder(
    folder: Path, accuracy: float, weights: str, seconds: float = 1.0, clips: int = 2264
) -> Path:
    folder.mkdir()
    for name in RUN_FILES:
        (folder / name).write_text(weights if name.endswith("h5") else "same")
    (folder / "metrics.csv").write_text(f"epoch,loss,seconds\n0,3,{seconds}\n")
    (folder / "predictions.csv").write_text("filename\n" + "clip\n" * clips)
    (folder / "summary.json").write_text(json.dumps({"test_accuracy": accuracy}))
    return folder


def test_how_long_an_epoch_took_is_no_difference(tmp_path: Path) -> None:
    recorded_run = run_folder(tmp_path / "a", 0.9, "w", seconds=1.0)
    again = run_folder(tmp_path / "b", 0.9, "w", seconds=2.5)
    assert compare(recorded_run, again, []) == (True, "the same bytes")
    assert content(again / "metrics.csv") == b"epoch,loss\n0,3"


def test_other_bytes_under_the_same_conditions_are_a_failure(tmp_path: Path) -> None:
    again = compare(
        run_folder(tmp_path / "a", 0.9, "w"), run_folder(tmp_path / "b", 0.9, "other"), []
    )
    assert not again.agrees
    assert "other bytes in initial.h5, network.h5, under the same conditions" in again.found


@pytest.mark.parametrize(
    ("accuracy", "agrees"), [(0.9, True), (0.926, True), (0.874, True), (0.93, False), (0, False)]
)
def test_elsewhere_the_accuracy_is_within_what_another_draw_would_give(
    tmp_path: Path, accuracy: float, agrees: bool
) -> None:
    folders = run_folder(tmp_path / "a", 0.9, "w"), run_folder(tmp_path / "b", accuracy, "other")
    again = compare(*folders, ["cpu"])
    assert again.agrees is agrees
    assert ("not within 2.7 points" in again.found) is not agrees
    assert "(not as recorded: cpu)" in again.found


def test_the_tolerance_is_three_standard_errors_and_at_least_two_points() -> None:
    assert tolerance(0.9, 2264) == pytest.approx(3 * (2 * 0.09 / 2264) ** 0.5)
    assert tolerance(0.9, 500) == pytest.approx(0.0569, abs=1e-4)
    assert tolerance(0.99, 10**6) == tolerance(1.0, 20) == 0.02


def test_what_rounding_depends_on_is_compared_with_the_record(project: Path) -> None:
    settings = settings_of(0)
    summary = f"results/runs/{settings.run.folder}/summary.json"
    record = Audit(PROJECT, Path("results")).records[summary]
    assert other_circumstances(record, settings) == []
    for field in ("platform", "cpu", "gpu", "python", "torch"):
        assert other_circumstances({**record, field: "another"}, settings) == [field]
    packages = record["packages"] | {"numpy": "1.0"}
    assert other_circumstances({**record, "packages": packages}, settings) == ["version of numpy"]


def test_two_processors_that_are_not_known_are_not_the_same(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = settings_of(0)
    summary = f"results/runs/{settings.run.folder}/summary.json"
    unknown = {**Audit(PROJECT, Path("results")).records[summary], "cpu": None}
    monkeypatch.setattr(machine_of_a_job, "processor", lambda cpuinfo: None)
    assert other_circumstances(unknown, settings) == ["cpu"]

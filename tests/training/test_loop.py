"""A whole training: what it leaves behind, that it is reproducible, that it learns."""

import csv
import json
import logging
import os
import re
import subprocess
import sys
from pathlib import Path

import h5py
import numpy as np
import pytest
import torch

from delaynet.config.errors import UserError
from delaynet.config.grid import RunSettings
from delaynet.config.settings import ModelSettings, TrainingSettings
from delaynet.data import dataset, memory
from delaynet.data.dataset import LEAVE_ONE_OUT, load_splits
from delaynet.data.memory import free_memory
from delaynet.model.delays import MINIMAL_WIDTH
from delaynet.model.network import class_evidence
from delaynet.training.controls import ALTERS_FEATURES
from delaynet.training.device import pick_device
from delaynet.training.evaluation import evaluate, rebuild, rounding_gap
from delaynet.training.loop import Execution, train
from delaynet.training.run_folder import (
    RUN_FILES,
    EpochMetrics,
    read_network,
    read_settings,
    read_summary,
)


def run_settings(training: dict[str, object] | None = None, **grid: object) -> RunSettings:
    point = {"delays": "learned", "structure": "deep_r_rigl", "signs": "dale", "sparsity": "0.75"}
    return RunSettings(
        **(point | grid),  # type: ignore[arg-type]
        seed=0,
        model=ModelSettings(hidden=(24,)),
        training=TrainingSettings(
            **({"epochs": 3, "batch_size": 32, "l1": 0.0001} | (training or {}))  # type: ignore[arg-type]
        ),
    )


@pytest.fixture(scope="module")
def folder(small_features: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("run")
    train(run_settings(), small_features, path).remove()
    return path


def test_after_a_training_denormal_numbers_are_not_flushed(folder: Path) -> None:
    assert torch.tensor(1e-40) * 1 != 0, "it takes them as zero for its own speed alone"


def test_a_run_folder_is_complete(folder: Path) -> None:
    assert sorted(path.name for path in folder.iterdir()) == sorted(RUN_FILES)
    assert read_settings(folder) == run_settings()


def test_the_network_file_is_readable_with_h5py_alone(folder: Path) -> None:
    with h5py.File(folder / "network.h5") as file:
        assert file.attrs["structure"] == "deep_r_rigl"
        layer = file["layer_0"]
        assert layer["weight"].shape == layer["delay"].shape == (1, 24, 40)
        assert layer["delay"].attrs["unit"] == "steps"
        assert layer["mask"][()].sum() == 240
        assert (layer["weight"][()][~layer["mask"][()]] == 0).all()
        excitatory, inhibitory = (layer["weight"][()] > 0), (layer["weight"][()] < 0)
        assert not (excitatory.any((0, 1)) & inhibitory.any((0, 1))).any()


def test_accuracy_is_correct_over_all_and_anyone_can_count_it(folder: Path) -> None:
    summary = read_summary(folder)
    with (folder / "predictions.csv").open() as file:
        rows = list(csv.DictReader(file))
    correct = sum(row["label"] == row["prediction"] for row in rows)
    assert summary["test_clips"] == len(rows) == 50
    assert summary["test_correct"] == correct
    assert summary["test_accuracy"] == correct / len(rows)


def test_the_saved_network_gives_the_saved_predictions(folder: Path, small_features: Path) -> None:
    splits = load_splits(small_features, ("11",), torch.device("cpu"))
    network = rebuild(read_network(folder / "network.h5"), run_settings().model)
    evaluation = evaluate(network, splits.test)
    assert evaluation.correct == read_summary(folder)["test_correct"]
    saved = read_network(folder / "network.h5").layers[0].firing_rate
    assert saved is not None
    assert np.allclose(evaluation.firing_rates[0], saved)


def test_validation_speakers_are_in_no_other_split(small_features: Path) -> None:
    splits = load_splits(small_features, ("11",), torch.device("cpu"))
    speakers = {
        name: {filename.split("_")[1] for filename in getattr(splits, name).filename}
        for name in ("training", "validation")
    }
    assert speakers["validation"] == {"speaker-11"}
    assert "speaker-11" not in speakers["training"]
    assert len(splits.training) + len(splits.validation) + len(splits.test) == 240


def test_metrics_have_a_row_an_epoch_and_name_the_selected_one(folder: Path) -> None:
    with (folder / "metrics.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [row["epoch"] for row in rows] == ["0", "1", "2"]
    best = max(rows, key=lambda row: float(row["validation_accuracy"]))
    assert read_summary(folder)["selected_epoch"] == int(best["epoch"])


@pytest.mark.parametrize("structure", ["dense", "deep_r"])
def test_the_same_seed_gives_the_same_bytes(
    small_features: Path, tmp_path: Path, structure: str
) -> None:
    settings = run_settings(structure=structure, sparsity="0" if structure == "dense" else "0.75")
    for name in ("first", "second"):
        train(settings, small_features, tmp_path / name)
    for name in ("initial.h5", "network.h5", "summary.json", "predictions.csv"):
        first, second = (tmp_path / run / name for run in ("first", "second"))
        assert first.read_bytes() == second.read_bytes(), name


def test_a_network_learns_its_training_clips(small_features: Path, tmp_path: Path) -> None:
    settings = run_settings({"epochs": 12, "batch_size": 16}, structure="dense", sparsity="0")
    train(settings, small_features, tmp_path)
    with (tmp_path / "metrics.csv").open() as file:
        accuracy = [float(row["training_accuracy"]) for row in csv.DictReader(file)]
    assert accuracy[-1] > 4 * 0.05, "four times chance"


def test_a_loss_that_is_not_finite_stops_the_run_with_its_name(
    small_features: Path, tmp_path: Path
) -> None:
    settings = run_settings({"learning_rate": 1e38}, structure="dense", sparsity="0", signs="free")
    run = settings.run.folder
    assert run == "standard/learned-dense-free/sparsity-0/seed-0"
    named = rf"^{run}: in epoch 1, batch \d.*; lower `training.learn"
    with pytest.raises(UserError, match=named):
        train(settings, small_features, tmp_path)
    assert not (tmp_path / "summary.json").exists()


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU here")
def test_asking_for_a_gpu_that_is_not_there_is_one_sentence() -> None:
    with pytest.raises(UserError, match="no GPU here; use 'auto'"):
        pick_device("cuda")


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU here")
@pytest.mark.parametrize(
    ("variable", "value", "device", "warns"),
    [
        ("CUDA_VISIBLE_DEVICES", "0,1", "auto", True),
        ("SLURM_JOB_GPUS", "3", "auto", True),
        ("CUDA_VISIBLE_DEVICES", "", "auto", False),
        ("CUDA_VISIBLE_DEVICES", "-1", "auto", False),
        ("CUDA_VISIBLE_DEVICES", "0", "cpu", False),
    ],
)
def test_the_log_warns_of_a_gpu_that_is_not_used(
    variable: str,
    value: str,
    device: str,
    warns: bool,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    monkeypatch.setenv(variable, value)
    assert pick_device(device) == torch.device("cpu")
    assert len(caplog.messages) == warns
    for warning in caplog.messages:
        assert f"given a GPU ({variable} is {value}), which PyTorch does not see" in warning
        assert torch.__version__ in warning


def test_validation_speakers_that_are_not_there_are_named(small_features: Path) -> None:
    with pytest.raises(
        UserError, match=r"no clips of speakers 77, .* it has 0, 1, 2, 3, 6, 7, 8, 9, 10, 11."
    ):
        load_splits(small_features, ("77",), torch.device("cpu"))


@pytest.mark.parametrize(("seed", "speaker"), [(0, "0"), (4, "6"), (9, "11"), (10, "0"), (23, "3")])
def test_with_leave_one_out_the_seed_chooses_the_validation_speaker(
    seed: int, speaker: str, small_features: Path
) -> None:
    cpu = torch.device("cpu")
    found = load_splits(small_features, LEAVE_ONE_OUT, cpu, seed)
    named = load_splits(small_features, (speaker,), cpu)
    for split in ("training", "validation", "test"):
        assert getattr(found, split).filename == getattr(named, split).filename


def test_a_training_that_leaves_one_speaker_out_is_that_without_the_speaker(
    small_features: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO):
        for name, held_out in (("one_out", "leave_one_out"), ("named", "3")):
            settings = run_settings({"epochs": 1, "validation_speakers": held_out})
            settings = settings.model_copy(update={"seed": 13})
            train(settings, small_features, tmp_path / name)
    assert "held out for validation: speaker 3" in caplog.messages
    networks = [(tmp_path / name / "network.h5").read_bytes() for name in ("one_out", "named")]
    assert networks[0] == networks[1]


def test_features_that_do_not_fit_into_memory_are_read_from_disk_to_the_same_bytes(
    folder: Path,
    small_features: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(dataset, "free_memory", lambda device: 4_000_000)
    with caplog.at_level(logging.INFO):
        train(run_settings(), small_features, tmp_path).remove()
    assert any("(0.0 GB) are read from disk batch by batch" in text for text in caplog.messages)
    for name in ("initial.h5", "network.h5", "predictions.csv", "summary.json"):
        assert (tmp_path / name).read_bytes() == (folder / name).read_bytes()


def test_features_from_disk_are_those_in_memory(
    small_features: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cpu = torch.device("cpu")
    loaded = load_splits(small_features, ("11",), cpu)
    monkeypatch.setattr(dataset, "free_memory", lambda device: 0)
    stored = load_splits(small_features, ("11",), cpu)
    assert loaded.training.features.shape == stored.training.features.shape
    for index in (torch.tensor([7, 3, 3, 100]), slice(5, 40)):
        for split in ("training", "validation", "test"):
            index = index if split == "training" else slice(2, 9)
            one, other = (getattr(s, split).signal(index) for s in (loaded, stored))
            assert torch.equal(one, other)


@pytest.mark.parametrize("data", ALTERS_FEATURES)
def test_a_control_that_alters_features_needs_them_in_memory(
    data: str, small_features: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dataset, "free_memory", lambda device: 0)
    with pytest.raises(UserError, match=f"data: {data}` needs all features in memory"):
        train(run_settings({"data": data}), small_features, tmp_path)


def test_memory_is_limited_by_the_machine_and_by_control_groups(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cpu = torch.device("cpu")
    machine = free_memory(cpu)
    assert machine is None or machine > 50_000_000
    group = tmp_path / "slurm" / "job"
    group.mkdir(parents=True)
    for folder, limit in ((group, "max"), (group.parent, "3000"), (tmp_path, "9000")):
        (folder / "memory.max").write_text(f"{limit}\n")
        (folder / "memory.stat").write_text("anon 1000\nfile 500\n")
    monkeypatch.setattr(memory, "_control_groups", lambda: [group, group.parent, tmp_path])
    assert free_memory(cpu) == 2000


def test_the_summary_says_how_active_and_connected_the_network_is(folder: Path) -> None:
    summary = json.loads((folder / "summary.json").read_text())
    assert summary["connections"] == [240, 120]
    assert summary["possible_connections"] == [960, 480]
    assert 0 < summary["active_synapses"][0] <= 240
    assert summary["reachable_outputs"] == 20
    assert summary["parameters"] == 2 * 360 + 2 * 24
    assert summary["firing_rate"][0] > 0


def test_after_annealing_rounding_the_delays_changes_few_steps_and_predictions(
    folder: Path, small_features: Path
) -> None:
    splits = load_splits(small_features, ("11",), torch.device("cpu"))
    network = rebuild(read_network(folder / "network.h5"), run_settings().model)
    sigma = run_settings().training.final_sigma
    annealed = rounding_gap(network, splits.test, sigma)
    assert annealed.steps < 0.1
    assert annealed.predictions < 0.2
    blurred = rounding_gap(network, splits.test, run_settings().training.initial_sigma)
    assert blurred.steps > 1.5 * annealed.steps
    assert blurred.spikes > annealed.spikes


def test_a_very_narrow_kernel_on_whole_delays_is_a_rounded_one(
    folder: Path, small_features: Path
) -> None:
    splits = load_splits(small_features, ("11",), torch.device("cpu"))
    network = rebuild(read_network(folder / "initial.h5"), run_settings().model)
    gap = rounding_gap(network, splits.test, 0.1 - MINIMAL_WIDTH)
    assert gap == pytest.approx((0, 0, 0), abs=1e-4)


def test_the_gap_is_counted_clip_by_clip_and_step_by_step(
    folder: Path, small_features: Path
) -> None:
    splits = load_splits(small_features, ("11",), torch.device("cpu"))
    network = rebuild(read_network(folder / "network.h5"), run_settings().model)
    rounded, spread = (
        network(splits.test.signal(slice(None)), sigma, None) for sigma in (0.0, 2.0)
    )
    gap = rounding_gap(network, splits.test, 2.0)
    predictions = [class_evidence(response.voltage).argmax(1) for response in (rounded, spread)]
    assert gap.predictions == float((predictions[0] != predictions[1]).double().mean())
    one, other = rounded.spikes[0] > 0, spread.spikes[0] > 0
    assert gap.steps == float((one ^ other).double().mean())
    assert gap.spikes == float((one ^ other).sum() / (one | other).sum().double())


def test_the_rounding_gap_is_reported_where_there_is_something_to_round(
    folder: Path, small_features: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    assert set(read_summary(folder)["rounding_gap"]) == {"predictions", "spikes", "steps"}
    caplog.set_level(logging.INFO)
    train(run_settings(delays="fixed"), small_features, tmp_path / "fixed")
    assert read_summary(tmp_path / "fixed")["rounding_gap"] is None
    assert "rounding" not in caplog.text
    train(run_settings({"epochs": 1}), small_features, tmp_path / "learned")
    assert caplog.text.count("rounding the delays (sigma 12.00) changes") == 1


def test_the_log_says_every_epoch_how_it_went(
    small_features: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    train(run_settings(), small_features, tmp_path)
    if not torch.cuda.is_available():
        first = rf"training on the CPU \(.+, threads: {torch.get_num_threads()}\)"
        assert re.fullmatch(first, caplog.messages[0])
    lines = [line for line in caplog.messages if line.startswith("epoch ")]
    assert [line.split(":")[0] for line in lines] == [f"epoch {n} of 3" for n in (1, 2, 3)]
    for part in ("loss", "training", "validation", "spikes a step", "connections", "turnover"):
        assert all(part in line for line in lines), part
    assert all(re.search(r", \d+\.\d s, \d+ s left$", line) for line in lines)


def test_tensorboard_shows_each_epoch_once_after_a_restart_too(
    small_features: Path, tmp_path: Path
) -> None:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    execution = Execution(tensorboard=tmp_path / "events")
    for run in ("first", "again"):
        train(run_settings(), small_features, tmp_path / run, execution)
    events = EventAccumulator(str(tmp_path / "events"))
    events.Reload()
    assert set(events.Tags()["scalars"]) == set(EpochMetrics._fields)
    curve = events.Scalars("training_loss")
    assert [event.step for event in curve] == [0, 1, 2]
    with (tmp_path / "again" / "metrics.csv").open() as file:
        losses = [float(row["training_loss"]) for row in csv.DictReader(file)]
    assert [event.value for event in curve] == pytest.approx(losses, rel=1e-4)


def test_tensorboard_without_its_package_is_one_sentence(
    small_features: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [name for name in sys.modules if name.startswith("torch.utils.tensorboard")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "tensorboard", None)
    with pytest.raises(UserError, match=r"package is missing; `pip install tensorboard==2.21.0`"):
        train(run_settings(), small_features, tmp_path, Execution(tensorboard=tmp_path / "events"))


def test_matrix_products_have_full_precision_whatever_the_environment_says() -> None:
    script = (
        "import torch, os; from delaynet.training.device import pick_device\n"
        "before = torch.backends.cuda.matmul.allow_tf32; pick_device('cpu')\n"
        "after = torch.backends.cuda.matmul.allow_tf32, torch.backends.cudnn.allow_tf32\n"
        "print(before, *after, os.environ['NVIDIA_TF32_OVERRIDE'])"
    )
    allowed = {"TORCH_ALLOW_TF32_CUBLAS_OVERRIDE": "1", "NVIDIA_TF32_OVERRIDE": "1"}
    done = subprocess.run(
        [sys.executable, "-c", script], env=os.environ | allowed, capture_output=True, text=True
    )
    assert done.stdout.split() == ["True", "False", "False", "0"], done.stderr

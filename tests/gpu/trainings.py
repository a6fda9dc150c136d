"""Whole trainings in processes of their own: the same bytes, start-up, several at once."""

import csv
import hashlib
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import h5py
import torch
from benchmark.works import EPOCH_CLIPS, INPUTS, STEPS, TEST_CLIPS, drawn_data

from delaynet.config.grid import RunSettings
from delaynet.config.settings import DecibelFeatures, ModelSettings, TrainingSettings
from delaynet.data.corpus.clips import Clip
from delaynet.data.features.hdf5 import (
    create_features,
    describe_corpus,
    write_table,
)
from gpu import Result

WORKFLOW = Path(__file__).parents[2] / "workflow"
AT_ONCE = 1, 2, 4


def write_drawn_features(path: Path, clips: int) -> None:
    """Write a features file of drawn clips: most for training, as in the Heidelberg Digits."""
    signal, label = drawn_data(clips, STEPS)
    training = clips * EPOCH_CLIPS // (EPOCH_CLIPS + TEST_CLIPS)
    table = [
        Clip(f"{i}.flac", str(word), str(i % 10), "train" if i < training else "test", "", 0)
        for i, word in enumerate(label.tolist())
    ]
    with h5py.File(path, "w") as file:
        features = create_features(
            file, DecibelFeatures(frames=STEPS, bands=INPUTS), clips, "mel band", "dB"
        )
        features[:] = signal.transpose(0, 1).numpy()
        describe_corpus(file, "drawn", "drawn", "", [str(word) for word in range(20)])
        write_table(file, table, label.tolist(), left_out=[])


def settings_of(
    device: torch.device, epochs: int = 3, hidden: int = 256, seed: int = 0
) -> RunSettings:
    """Return a run with learned delays and rewiring, which has all that a training can do."""
    return RunSettings(
        delays="learned",
        structure="deep_r_rigl",
        signs="free",
        sparsity="0.9375",
        seed=seed,
        model=ModelSettings(hidden=(hidden,)),
        training=TrainingSettings(epochs=epochs, device=device.type, validation_speakers=("9",)),
    )


def start(run: RunSettings, features: Path, folder: Path, seconds: float = 0) -> subprocess.Popen:
    """Start a training that writes a checkpoint every so many seconds."""
    folder.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "delaynet", "train", "--settings", run.model_dump_json()]
    options = ["--features", features, "--folder", folder, "--checkpoint-seconds", str(seconds)]
    environment = os.environ | {"PYTHONPATH": str(WORKFLOW)}
    with (folder.parent / f"{folder.name}.log").open("a") as log:
        return subprocess.Popen(
            [*command, *options], cwd=folder.parent, env=environment, stderr=log
        )


def finish(trainings: list[subprocess.Popen]) -> None:
    """Wait for trainings; one that failed raises."""
    for training in trainings:
        if training.wait():
            raise RuntimeError(f"a training failed: {training.args}")


def kill_after_checkpoint(training: subprocess.Popen, folder: Path) -> bool:
    """Kill a training when it has written its second checkpoint; return whether it was alive."""
    while training.poll() is None and not (folder / "checkpoints/checkpoint.previous.pt").exists():
        time.sleep(0.01)
    was_alive = training.poll() is None
    training.kill()
    training.wait()
    return was_alive


def trainings_have_the_same_bytes(
    device: torch.device, clips: int = 2048, hidden: int = 256
) -> Result:
    """Train twice in fresh processes, and once killed and resumed; compare the networks' bytes."""
    run = settings_of(device, hidden=hidden)
    with tempfile.TemporaryDirectory() as temporary:
        place = Path(temporary)
        write_drawn_features(place / "features.h5", clips)
        began = time.monotonic()
        finish([start(run, place / "features.h5", place / "first")])
        seconds = time.monotonic() - began
        finish([start(run, place / "features.h5", place / "second")])
        killed = start(run, place / "features.h5", place / "resumed")
        was_killed = kill_after_checkpoint(killed, place / "resumed")
        finish([start(run, place / "features.h5", place / "resumed")])
        digests = {
            name: hashlib.sha256((place / name / "network.h5").read_bytes()).hexdigest()
            for name in ("first", "second", "resumed")
        }
        with (place / "first/metrics.csv").open() as file:
            in_epochs = sum(float(row["seconds"]) for row in csv.DictReader(file))
    is_same = len(set(digests.values())) == 1
    return Result(is_same and was_killed, {**digests, "start-up (s)": seconds - in_epochs})


def several_at_once(
    device: torch.device,
    clips: int = EPOCH_CLIPS + TEST_CLIPS,
    epochs: int = 50,
    counts: tuple[int, ...] = AT_ONCE,
) -> Result:
    """Train so many networks at once; return the seconds that a training takes of the machine."""
    numbers = {}
    with tempfile.TemporaryDirectory() as temporary:
        place = Path(temporary)
        write_drawn_features(place / "features.h5", clips)
        for count in counts:
            began = time.monotonic()
            finish(
                [
                    start(
                        settings_of(device, epochs, seed=seed),
                        place / "features.h5",
                        place / f"{count}_{seed}",
                        seconds=60,
                    )
                    for seed in range(count)
                ]
            )
            numbers[f"{count} at once"] = {
                f"seconds for each training of {epochs} epochs": (time.monotonic() - began) / count
            }
    return Result(None, numbers)

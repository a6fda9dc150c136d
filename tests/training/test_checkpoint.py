"""Which checkpoint a training goes on from, and which it names, sets aside and leaves alone."""

import csv
import json
import logging
import os
import pickle
import re
import resource
import shutil
from dataclasses import replace
from pathlib import Path

import h5py
import numpy as np
import pytest
import torch
from interrupted import in_process, results, small_run, train_to_the_end
from torch import Tensor

from delaynet.cli import main
from delaynet.config.errors import UserError
from delaynet.config.grid import RunSettings
from delaynet.training.checkpoint import Checkpoints, Unusable, read_checkpoint
from delaynet.training.initial import initial_network
from delaynet.training.loop import Execution, train
from delaynet.training.progress import log_epoch
from delaynet.training.run_folder import EpochMetrics
from delaynet.training.state import TrainingState

ORIGIN = {"configuration": "a", "features file": "b", "version of the code": "c"}


@pytest.fixture(scope="module")
def undisturbed(features: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("run") / "undisturbed"
    train_to_the_end(small_run(), features, path)
    return path


@pytest.fixture(scope="module")
def killed(features: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run folder with the checkpoints of a training that a full disk has stopped at its end."""
    folder = tmp_path_factory.mktemp("run") / "killed"
    # a folder in the place of a file: nothing can be renamed to it
    (folder / "initial.h5").mkdir(parents=True)
    with pytest.raises(UserError, match=r"initial\.h5: cannot be written \(is a directory\)"):
        train_to_the_end(small_run(), features, folder, Execution(checkpoint_seconds=0, code="c"))
    (folder / "initial.h5").rmdir()
    return folder


@pytest.fixture
def folder(killed: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(killed, tmp_path / "killed"))


def some_state(number: float) -> dict[str, object]:
    return {"weights": torch.full((3,), number), "epoch": 4, "metrics": [(0, 0.5)], "best": None}


def checkpoints_of(folder: Path) -> list[str]:
    return sorted(path.name for path in (folder / "checkpoints").iterdir())


def test_the_newest_checkpoint_is_read_and_the_one_before_it_kept(tmp_path: Path) -> None:
    checkpoints = Checkpoints(tmp_path / "folder", ORIGIN)
    assert checkpoints.read() is None
    for number in (1.0, 2.0, 3.0):
        checkpoints.write(some_state(number))
    state = checkpoints.read()
    assert state is not None
    assert torch.equal(state.pop("weights"), torch.full((3,), 3.0))
    assert state == {"epoch": 4, "metrics": [(0, 0.5)], "best": None}
    assert torch.equal(read_checkpoint(checkpoints.previous, ORIGIN)["weights"], torch.ones(3) * 2)
    checkpoints.remove()
    assert not (tmp_path / "folder").exists()


def damaged(content: bytes, how: str) -> bytes:
    match how:
        case "empty":
            return b""
        case "cut in its first line":
            return content[:20]
        case "cut in half":
            return content[: len(content) // 2]
        case "less its last byte":
            return content[:-1]
        case "one bit turned round":
            middle = len(content) // 2
            return content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :]
        case "something else":
            return b"\x89PNG\r\n\x1a\n" + bytes(100)
        case "JSON of something else":
            return b"[1, 2]\n"
    raise ValueError(how)


DAMAGES = [
    "empty", "cut in its first line", "cut in half", "less its last byte", "one bit turned round",
    "something else", "JSON of something else",
]  # fmt: skip


@pytest.mark.parametrize("how", DAMAGES)
def test_of_a_damaged_checkpoint_the_one_before_is_used(
    how: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    checkpoints = Checkpoints(tmp_path, ORIGIN)
    for number in (1.0, 2.0):
        checkpoints.write(some_state(number))
    content = damaged(checkpoints.newest.read_bytes(), how)
    checkpoints.newest.write_bytes(content)
    state = checkpoints.read()
    assert state is not None
    assert torch.equal(state["weights"], torch.ones(3)), "the one before it"
    (warning,) = caplog.messages
    assert warning.startswith(f"{checkpoints.newest} is ")
    assert warning.endswith("; it is not used and now stands in checkpoint.pt.set-aside")
    aside = tmp_path / "checkpoint.pt.set-aside"
    assert aside.read_bytes() == content, "set aside, not deleted"


def test_a_second_one_that_is_set_aside_does_not_replace_the_first(tmp_path: Path) -> None:
    checkpoints = Checkpoints(tmp_path, ORIGIN)
    for content in (b"first", b"second"):
        checkpoints.newest.write_bytes(content)
        assert checkpoints.read() is None
    contents = [path.read_bytes() for path in sorted(tmp_path.glob("*.set-aside*"))]
    assert contents == [b"first", b"second"]


def test_a_checkpoint_that_cannot_be_read_is_set_aside(tmp_path: Path) -> None:
    checkpoints = Checkpoints(tmp_path, ORIGIN)
    checkpoints.newest.mkdir()
    assert checkpoints.read() is None
    assert (tmp_path / "checkpoint.pt.set-aside").is_dir()


class _Opener:
    """What runs code when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, ...]:
        return os.mkdir, (str(self.path),)


def test_a_foreign_file_runs_no_code_even_when_it_passes_for_a_checkpoint(tmp_path: Path) -> None:
    checkpoints = Checkpoints(tmp_path, ORIGIN)
    checkpoints.newest.write_bytes(pickle.dumps(_Opener(tmp_path / "trace")))
    assert checkpoints.read() is None
    checkpoints.write({"state": _Opener(tmp_path / "trace")})
    with pytest.raises(Unusable, match="something else than the state"):
        read_checkpoint(checkpoints.newest, ORIGIN)
    assert not (tmp_path / "trace").exists()


def test_a_training_goes_on_from_its_checkpoint(
    folder: Path, features: Path, undisturbed: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    train_to_the_end(small_run(), features, folder, Execution(code="c"))
    assert "going on from the checkpoint after batch 4 of 4 of epoch 3 of 3" in caplog.messages
    assert len([message for message in caplog.messages if message.startswith("epoch")]) == 1
    assert results(folder) == results(undisturbed)


def test_a_training_with_a_final_checkpoint_ends_at_once_with_the_same_bytes(
    features: Path, undisturbed: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "delaynet.training")
    execution = Execution(tmp_path / "checkpoints", code="c", checkpoint_at_end=True)
    train(small_run(), features, tmp_path / "removed", execution)
    caplog.clear()
    train_to_the_end(small_run(), features, tmp_path / "again", execution)
    assert results(tmp_path / "again") == results(undisturbed)
    assert "going on from the checkpoint after the last epoch" in caplog.text
    assert "epoch 1 of" not in caplog.text


def test_a_truncated_newest_checkpoint_falls_back_to_the_one_before(
    folder: Path, features: Path, undisturbed: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    newest = folder / "checkpoints" / "checkpoint.pt"
    newest.write_bytes(newest.read_bytes()[:-1000])
    train_to_the_end(small_run(), features, folder, Execution(code="c"))
    assert f"{newest} is truncated or altered; it is not used" in caplog.text
    assert "going on from the checkpoint after batch 3 of 4 of epoch 3 of 3" in caplog.messages
    assert checkpoints_of(folder) == ["checkpoint.pt.set-aside"], "named aside, never deleted"
    shutil.rmtree(folder / "checkpoints")
    assert results(folder) == results(undisturbed)


FOREIGN = ["configuration", "features file", "version of the code", "version of PyTorch"]


@pytest.mark.parametrize("foreign", FOREIGN)
def test_a_checkpoint_of_something_else_is_named_set_aside_and_not_used(
    foreign: str,
    folder: Path,
    features: Path,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    caplog.set_level(logging.INFO)
    settings, execution = small_run(), Execution(code="c")
    match foreign:
        case "configuration":
            settings = small_run(learning_rate=0.002)
        case "features file":
            other = shutil.copy(features, tmp_path / "other.h5")
            with h5py.File(other, "a") as file:
                file["features"][0] *= 1.01
            features = Path(other)
        case "version of the code":
            execution = replace(execution, code="d")
        case "version of PyTorch":
            monkeypatch.setattr(torch, "__version__", "1.0")
    train_to_the_end(settings, features, folder, execution)
    reason = f"was made with another {foreign}; it is not used and now stands in"
    assert caplog.text.count(reason) == 2, "the newest and the one before it"
    assert "no checkpoint is left to go on from; the training begins anew" in caplog.messages
    assert checkpoints_of(folder) == [
        "checkpoint.previous.pt.set-aside",
        "checkpoint.pt.set-aside",
    ]
    shutil.rmtree(folder / "checkpoints")
    train_to_the_end(settings, features, tmp_path / "anew")
    assert results(folder) == results(tmp_path / "anew")


def nested_tensors(value: object) -> list[Tensor]:
    if isinstance(value, Tensor):
        return [value]
    values = value.values() if isinstance(value, dict) else value
    return [
        tensor
        for part in (values if isinstance(values, list | tuple | type({}.values())) else [])
        for tensor in nested_tensors(part)
    ]


def test_an_input_that_is_not_finite_stops_the_run_and_the_last_good_checkpoint_stays(
    features: Path, tmp_path: Path
) -> None:
    settings = small_run()
    poisoned = Path(shutil.copy(features, tmp_path / "features.h5"))
    state = TrainingState.before_training(initial_network(settings, 16, 20), settings)
    with h5py.File(poisoned, "a") as file:
        speaker, split = file["speaker"].asstr()[()], file["split"].asstr()[()]
        training = np.flatnonzero((speaker != "11") & (split == "train"))
        state.begin_epoch(len(training), settings.training.batch_size)
        third = state.batches(settings.training.batch_size)[2]
        file["features"][training[int(third[0])], 3, 5] = np.nan
    run = re.escape(settings.run.folder)
    message = rf"^{run}: in epoch 1, batch 3.*; lower `training.learning_rate`.$"
    with pytest.raises(UserError, match=message):
        train_to_the_end(settings, poisoned, tmp_path / "run", Execution(checkpoint_seconds=0))
    content = (tmp_path / "run" / "checkpoints" / "checkpoint.pt").read_bytes()
    origin = json.loads(content.partition(b"\n")[0])
    origin.pop("sha256")
    kept = read_checkpoint(tmp_path / "run" / "checkpoints" / "checkpoint.pt", origin)
    assert (kept["epoch"], kept["batch"]) == (0, 2)
    tensors = nested_tensors(kept)
    assert len(tensors) > 20
    assert all(tensor.isfinite().all() for tensor in tensors)
    assert not (tmp_path / "run" / "summary.json").exists()
    # without checkpoints on the way it is noticed at the end of the epoch
    with pytest.raises(UserError, match=rf"^{run}: in epoch 1, batch"):
        train_to_the_end(settings, poisoned, tmp_path / "other")


def fresh_state(settings: RunSettings) -> TrainingState:
    return TrainingState.before_training(initial_network(settings, 16, 20), settings)


def test_the_first_batch_whose_loss_is_not_finite_is_named() -> None:
    state = fresh_state(small_run())
    state.begin_epoch(clips=10, batch_size=2)
    state.epoch, state.batch = 2, 4
    state.losses = torch.tensor([1.0, 2.0, torch.inf, torch.nan, torch.nan])
    with pytest.raises(UserError, match=r"^a-run: in epoch 3, batch 3, the loss became inf; lower"):
        state.checked(state.sums(), "a-run")
    state.losses[2:4] = 1.0
    # what lies after the batches so far is not looked at
    assert state.checked(state.sums(), "a-run").loss == 5.0


def test_the_time_of_an_epoch_goes_on_where_it_was_without_the_time_between(
    folder: Path, features: Path
) -> None:
    newest = folder / "checkpoints" / "checkpoint.pt"
    origin = json.loads(newest.read_bytes().partition(b"\n")[0])
    del origin["sha256"]
    checkpoints = Checkpoints(folder / "checkpoints", origin)
    content = checkpoints.read()
    assert content is not None
    checkpoints.write(content | {"seconds": 5000.0, "epoch_began": 4000.0})
    train_to_the_end(small_run(), features, folder, Execution(code="c"))
    with (folder / "metrics.csv").open() as file:
        seconds = [float(row["seconds"]) for row in csv.DictReader(file)]
    assert seconds[0] < 1000 <= seconds[2] < 2000


def test_the_time_left_is_that_of_as_many_epochs_as_are_left(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    third = EpochMetrics(2, 0.23, 0.001, 1.5, 0.5, 1.6, 0.4, 0.03, 0.25, 20.0)
    log_epoch(third, epochs=9, connections=960, seconds=90.0)
    assert caplog.messages == [
        "epoch 3 of 9: loss 1.500, training 50.0 %, validation 40.0 %, 0.0300 spikes a step, "
        "960 connections, turnover 0.25, 20.0 s, 180 s left"
    ]


def test_unseeded_signs_are_those_of_the_checkpoint(features: Path, tmp_path: Path) -> None:
    settings = small_run(signs="dale")
    settings = settings.model_copy(
        update={"model": settings.model.model_copy(update={"signs_drawn": "unseeded"})}
    )
    (tmp_path / "initial.h5").mkdir()
    with pytest.raises(UserError):
        train_to_the_end(settings, features, tmp_path, Execution(checkpoint_seconds=0))
    (tmp_path / "initial.h5").rmdir()
    train_to_the_end(settings, features, tmp_path)
    with h5py.File(tmp_path / "initial.h5") as before, h5py.File(tmp_path / "network.h5") as after:
        assert np.array_equal(before["layer_0/sign"], after["layer_0/sign"])


def train_on_a_small_disk(arguments: list[str], limit: int) -> None:
    """Run the command where no file may grow beyond a limit: what a full disk looks like."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
    main.main(arguments)


@pytest.mark.parametrize(
    ("seconds", "limit", "named"),
    [("0", 40_000, "checkpoint.pt"), ("1000", 8_000, "initial.h5")],
    ids=["checkpoint", "network"],
)
def test_a_full_disk_is_one_sentence_with_the_path(
    seconds: str, limit: int, named: str, features: Path, tmp_path: Path
) -> None:
    arguments = [
        "train", "--settings", small_run().model_dump_json(), "--features", str(features),
        "--folder", str(tmp_path / "run"), "--checkpoint-seconds", seconds,
    ]  # fmt: skip
    child = in_process(train_on_a_small_disk, tmp_path / "log", arguments, limit)
    child.join()
    assert child.exitcode == 2
    said = (tmp_path / "log").read_text()
    assert "Traceback" not in said
    (sentence,) = [line for line in said.splitlines() if line.startswith("delaynet: ")]
    assert f"{named}: cannot be written (file too large); make room there" in sentence


def test_a_place_that_cannot_be_written_to_is_noticed_before_training(
    features: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    (tmp_path / "a file").write_text("")
    with pytest.raises(UserError, match=r"settings\.json: cannot be written"):
        train_to_the_end(small_run(), features, tmp_path / "a file" / "run")
    for place in ("a file", "a file/below"):
        with pytest.raises(UserError, match=f"{place}: cannot be written"):
            train_to_the_end(small_run(), features, tmp_path / "run", Execution(tmp_path / place))
    assert "epoch" not in caplog.text

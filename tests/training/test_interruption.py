"""A training that is killed or interrupted, as often as you like, ends in the same bytes."""

import os
import random
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from itertools import product
from pathlib import Path

import pytest
import torch
from click.testing import CliRunner
from interrupted import in_process, results, small_run, train_to_the_end

from delaynet.cli import main
from delaynet.config.grid import RunSettings
from delaynet.config.variants import DELAYS, SIGNS, STRUCTURES
from delaynet.training.interruption import EXIT_CODE, SIGNALS, note_signals
from delaynet.training.loop import Execution
from delaynet.training.run_folder import RUN_FILES

VARIANTS = list(product(DELAYS, STRUCTURES, SIGNS))
RESUMED = 4
EVERY_BATCH = Execution(checkpoint_seconds=0)


@pytest.fixture(autouse=True, scope="module")
def one_thread() -> Iterator[None]:
    """As the processes that are interrupted have."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def command(settings: RunSettings, features: Path, folder: Path, *more: str) -> list[str]:
    return [
        "train", "--settings", settings.model_dump_json(), "--features", str(features),
        "--folder", str(folder), *more,
    ]  # fmt: skip


def wait_for(text: str, log: Path) -> None:
    deadline = time.monotonic() + 120
    while not (log.exists() and text in log.read_text(encoding="utf-8")):
        assert time.monotonic() < deadline, f"{log} never says {text}"
        time.sleep(0.002)


@pytest.mark.slow
@pytest.mark.parametrize(("delays", "structure", "signs"), VARIANTS)
def test_killed_at_random_moments_a_training_ends_in_the_same_bytes(
    delays: str, structure: str, signs: str, features: Path, tmp_path: Path
) -> None:
    settings = small_run(delays, structure, signs, epochs=2)
    reference, folder, log = tmp_path / "undisturbed", tmp_path / "killed", tmp_path / "log"
    # compiles what the children then have
    train_to_the_end(settings, features, reference, EVERY_BATCH)
    begin = time.monotonic()
    in_process(train_to_the_end, log, settings, features, reference, EVERY_BATCH).join()
    duration = time.monotonic() - begin
    expected = results(reference)
    assert sorted(expected) == sorted(RUN_FILES)
    draw = random.Random(f"{delays} {structure} {signs}")
    attempts = resumed = finished = 0
    while resumed < RESUMED or not finished:
        attempts += 1
        assert attempts < 100, log.read_text()
        child = in_process(train_to_the_end, log, settings, features, folder, EVERY_BATCH)
        # later each time, as the machine may have become slower
        latest = (0.8 + 0.05 * attempts) * duration
        child.join(draw.uniform(0, latest) if resumed < RESUMED else None)
        if child.is_alive():
            child.kill()
            child.join()
        else:
            assert child.exitcode == 0, log.read_text()
            assert results(folder) == expected
            # the moments are spread over as many trainings as they take
            for path in folder.iterdir():
                path.unlink()
            finished += 1
        resumed = log.read_text().count("going on from the checkpoint after batch")


@pytest.mark.parametrize("number", SIGNALS)
@pytest.mark.slow
def test_a_signal_ends_the_batch_and_the_training_goes_on_from_there(
    number: signal.Signals, features: Path, tmp_path: Path
) -> None:
    settings = small_run(epochs=12)
    folder, log = tmp_path / "results" / "interrupted", tmp_path / "log"
    train_to_the_end(settings, features, tmp_path / "undisturbed")
    arguments = command(settings, features, folder)
    child = in_process(main.main, log, arguments)
    wait_for("epoch 2 of 12", log)
    os.kill(child.pid, number)  # type: ignore[arg-type]
    child.join()
    assert child.exitcode == EXIT_CODE == 75
    said = log.read_text()
    assert "Traceback" not in said
    last = said.splitlines()[-1]
    where = re.search(r"after batch \d of 4 of epoch \d+ of 12", last)
    assert where, last
    assert last == (
        f"{settings.run.folder}: interrupted by {number.name} {where[0]}; "
        "started again, it goes on from there"
    )
    assert not (folder / "summary.json").exists()
    child = in_process(main.main, log, arguments)
    child.join()
    assert child.exitcode == 0
    assert f"going on from the checkpoint {where[0]}\n" in log.read_text()
    assert "Traceback" not in log.read_text()
    assert results(folder) == results(tmp_path / "undisturbed")


def test_ctrl_c_stays_ignored_in_the_background_of_a_script_and_sigterm_is_noted() -> None:
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with note_signals() as interruption:
            os.kill(os.getpid(), signal.SIGINT)
            assert interruption.signal is None
            os.kill(os.getpid(), signal.SIGTERM)
            assert interruption.signal == "SIGTERM"
        assert signal.getsignal(signal.SIGINT) == signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, before)


@pytest.mark.slow
def test_the_command_itself_killed_twice_and_pre_empted_once_ends_in_the_same_bytes(
    features: Path, tmp_path: Path
) -> None:
    settings = small_run(epochs=30)
    train_to_the_end(settings, features, tmp_path / "undisturbed")
    folder, checkpoints = tmp_path / "results" / "run", tmp_path / "results" / "checkpoints"
    arguments = [sys.executable, "-m", "delaynet"]
    arguments += command(settings, features, folder, "--checkpoints", str(checkpoints))
    arguments += ["--checkpoint-seconds", "0"]
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    said = []
    for attempt, number in enumerate([signal.SIGKILL, signal.SIGKILL, signal.SIGTERM]):
        log = tmp_path / f"log {attempt}"
        with log.open("w") as file:
            child = subprocess.Popen(arguments, stderr=file, cwd=tmp_path, env=environment)
        wait_for(f"epoch {5 * attempt + 3} of 30", log)
        child.send_signal(number)
        said.append((child.wait(), log.read_text()))
    assert [code for code, _ in said] == [-signal.SIGKILL, -signal.SIGKILL, EXIT_CODE]
    assert list(checkpoints.rglob("checkpoint.pt")) == [
        checkpoints / settings.run.folder / "checkpoint.pt"
    ]
    last = subprocess.run(
        arguments, stderr=subprocess.PIPE, encoding="utf-8", cwd=tmp_path, check=True
    )
    for text in (said[1][1], said[2][1], last.stderr):
        assert "going on from the checkpoint after batch" in text
        assert "Traceback" not in text
    assert results(folder) == results(tmp_path / "undisturbed")
    assert not list(checkpoints.rglob("*.pt"))


def test_the_exit_code_stands_in_the_help() -> None:
    help_text = CliRunner().invoke(main, ["train", "--help"]).output
    assert f"exits with code {EXIT_CODE}" in " ".join(help_text.split())

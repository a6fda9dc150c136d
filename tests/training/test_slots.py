"""A GPU takes no more trainings at a time than it has slots, and a slot is free when one ends."""

import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from delaynet.training.slots import one_of

HOLD = """
import os, sys
from pathlib import Path
from delaynet.training.slots import one_of
with one_of(sys.argv[2:], Path(sys.argv[1])):
    print(os.environ["CUDA_VISIBLE_DEVICES"], flush=True)
    sys.stdin.read()
"""
TWO_GPUS = ["0", "GPU-5ea1", "0", "GPU-5ea1"]


def training(locks: Path, slots: list[str]) -> subprocess.Popen[str]:
    """Start a process that takes a slot until its input ends."""
    command = [sys.executable, "-c", HOLD, str(locks), *slots]
    return subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, encoding="utf-8"
    )


def gpu_of(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


@pytest.mark.slow
@pytest.mark.parametrize("ending", ["ends", "is killed"])
def test_trainings_are_spread_and_the_next_takes_the_place_of_the_one_that(
    tmp_path: Path, ending: str
) -> None:
    running = [training(tmp_path / "locks", TWO_GPUS) for _ in range(4)]
    try:
        gpus = [gpu_of(process) for process in running]
        assert Counter(gpus) == {"0": 2, "GPU-5ea1": 2}
        running.append(training(tmp_path / "locks", TWO_GPUS))
        with pytest.raises(subprocess.TimeoutExpired):
            running[-1].wait(3)
        running[2].kill() if ending == "is killed" else running[2].communicate()
        assert gpu_of(running[-1]) == gpus[2]
    finally:
        for process in running:
            process.kill()
            process.communicate()


def test_without_slots_nothing_is_changed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "7")
    with one_of([], tmp_path / "locks"):
        assert not (tmp_path / "locks").exists()

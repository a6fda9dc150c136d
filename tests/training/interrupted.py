"""Small trainings in processes of their own, to be interrupted, and what they leave behind."""

import csv
import logging
import os
import sys
from collections.abc import Callable
from itertools import count
from multiprocessing import get_context
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import pytest
import torch

import delaynet.training.loop as loop
from delaynet.config.grid import RunSettings
from delaynet.config.settings import ModelSettings, TrainingSettings
from delaynet.training.loop import Execution, train
from delaynet.training.step import StepResult, training_step

BATCH_SIZE = 48


def small_run(
    delays: str = "learned",
    structure: str = "deep_r_rigl",
    signs: str = "dale",
    epochs: int = 3,
    **training: object,
) -> RunSettings:
    return RunSettings(
        delays=delays,  # type: ignore[arg-type]
        structure=structure,  # type: ignore[arg-type]
        signs=signs,  # type: ignore[arg-type]
        sparsity="0" if structure == "dense" else "0.75",
        seed=0,
        model=ModelSettings(hidden=(24,), max_delay=10),
        training=TrainingSettings(
            **({"epochs": epochs, "batch_size": BATCH_SIZE, "l1": 0.0001} | training)  # type: ignore[arg-type]
        ),
    )


def train_to_the_end(
    settings: RunSettings, features: Path, folder: Path, execution: Execution | None = None
) -> None:
    """Train and tidy up, as the command does."""
    train(settings, features, folder, execution).remove()


class Stopped(Exception):
    """A training was stopped before its next batch."""


def train_batch_by_batch(settings: RunSettings, features: Path, folder: Path) -> int:
    """Train, stopped after every batch and gone on with; return how many attempts it took."""
    steps = 0

    def one_step(*arguments: Any) -> StepResult:
        nonlocal steps
        steps += 1
        if steps > 1:
            raise Stopped
        return training_step(*arguments)

    for attempt in count(1):
        steps = 0
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(loop, "training_step", one_step)
            try:
                train_to_the_end(settings, features, folder, Execution(checkpoint_seconds=0))
            except Stopped:
                continue
        return attempt
    raise AssertionError


def in_process(work: Callable[..., None], log: Path, *arguments: object) -> BaseProcess:
    """Start work in a process of its own, PyTorch loaded, its messages added to a log."""

    def begin() -> None:
        torch.set_num_threads(1)
        descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        os.dup2(descriptor, 2)
        sys.stderr = open(2, "w", encoding="utf-8", buffering=1, closefd=False)  # noqa: SIM115
        logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(message)s", force=True)
        work(*arguments)

    child = get_context("fork").Process(target=begin)
    child.start()
    return child


def results(folder: Path) -> dict[str, bytes]:
    """What a run leaves behind, less the seconds of its epochs."""
    content = {path.name: path.read_bytes() for path in sorted(folder.iterdir())}
    with (folder / "metrics.csv").open() as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        del row["seconds"]
    return content | {"metrics.csv": repr(rows).encode()}

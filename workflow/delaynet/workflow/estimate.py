"""Estimate how long trainings take, before they start."""

import csv
import json
from collections.abc import Iterable, Mapping
from contextlib import suppress
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from delaynet.config.errors import UserError
from delaynet.config.grid import Config, Point, Run
from delaynet.config.settings import CorpusSettings
from delaynet.data.reading import read_table
from delaynet.data.sources import load_source
from delaynet.provenance.record import record_path
from delaynet.training.run_folder import RUN_FILES

# Seconds of one core, from `make benchmark` (docs/benchmark.md): per step, per clip at the paper's
# size (40 channels, 256 hidden neurons, 80 frames), and of starting a training.
SECONDS_PER_STEP, SECONDS_PER_CLIP, SECONDS_TO_START = 0.015, 0.001, 6.0
VALUES_PER_CLIP = 40 * 256 * 80


class Estimate(NamedTuple):
    """How long trainings take.

    Attributes:
        hours: of each run; None while the number of clips is unknown.
        recorded: number of recorded trainings behind the estimate; 0 if it is the benchmark's.
        gpu: name of the GPU of these trainings; None for a core of a CPU.
    """

    hours: Mapping[Run, float] | None
    recorded: int
    gpu: str | None

    @property
    def total(self) -> float | None:
        """Hours of all."""
        return None if self.hours is None else sum(self.hours.values())

    @property
    def source(self) -> str:
        """Its basis, in words."""
        if not self.recorded:
            return "by docs/benchmark.md"
        device = "CPUs" if self.gpu is None else self.gpu
        plural = "training" if self.recorded == 1 else "trainings"
        return f"by the records of {self.recorded:,} {plural} here, on {device}"


def is_done(run: Run, results: Path) -> bool:
    """Return whether a run is finished."""
    return (results / "runs" / run.folder / "summary.json").exists()


def estimate(
    config: Config, runs: Iterable[Run], results: Path, on_gpus: bool | None = None
) -> Estimate:
    """Estimate how long runs of a grid take.

    The estimate of a run is the mean time of the recorded runs of its variant, sparsity and
    condition. Without any, it is the benchmark's time, scaled by the ratio of recorded times to
    the benchmark's over all recorded runs. With `on_gpus`, records from GPUs are used if there are
    any; with None, those from the kind of device that trained most runs.
    """
    timed, gpu = _recorded_seconds(config, results, on_gpus)
    clips = number_of_clips(config.corpus, results / "features.h5")
    if clips is None:
        return Estimate(None, len(timed), gpu)
    expected = {run: expected_seconds(config, run, clips) for run in config.runs()}
    ratio = sum(timed.values()) / sum(expected[run] for run in timed) if timed else 1.0
    points: dict[Point, list[float]] = {}
    for run, seconds in timed.items():
        points.setdefault(run.point, []).append(seconds)

    def seconds_of(run: Run) -> float:
        own = points.get(run.point)
        return float(np.mean(own)) if own else ratio * expected[run]

    return Estimate({run: seconds_of(run) / 3600 for run in runs}, len(timed), gpu)


def _recorded_seconds(
    config: Config, results: Path, on_gpus: bool | None
) -> tuple[dict[Run, float], str | None]:
    """Return how long recorded runs took on one kind of device, and the GPU's name.

    A record that cannot be read is left out; the audit names it.
    """
    by_gpu: dict[str | None, dict[Run, float]] = {None: {}}
    for run in config.runs():
        folder = results / "runs" / run.folder
        path = record_path(folder / RUN_FILES[0])
        if not (path.exists() and is_done(run, results)):
            continue
        with suppress(OSError, ValueError, KeyError, TypeError, AttributeError):
            record = json.loads(path.read_text(encoding="utf-8"))
            gpu = str(record["gpu"]["name"]) if record.get("gpu") else None
            by_gpu.setdefault(gpu, {})[run] = training_seconds(record, folder)
    gpus = [gpu for gpu in by_gpu if gpu is not None]
    if on_gpus is None:
        on_gpus = sum(len(by_gpu[gpu]) for gpu in gpus) > len(by_gpu[None])
    used = max(gpus, key=lambda gpu: len(by_gpu[gpu])) if on_gpus and gpus else None
    return by_gpu[used], used


def training_seconds(record: Mapping[str, Any], folder: Path) -> float:
    """Return how long a training took.

    The record of an interrupted training covers its last part only; its metrics have the seconds of
    every epoch.
    """
    seconds = float(record["seconds"])
    with suppress(OSError, ValueError, KeyError, TypeError):
        rows = csv.DictReader((folder / "metrics.csv").read_text(encoding="utf-8").splitlines())
        seconds = max(seconds, sum(float(row["seconds"]) for row in rows))
    return seconds


def expected_seconds(config: Config, run: Run, clips: int) -> float:
    """Return the seconds that one core takes for a run, by the benchmark."""
    settings, features = config.resolve(run), config.features
    sizes = features.bands, *settings.model.hidden
    values = features.frames * sum(a * b for a, b in pairwise(sizes))
    values *= settings.model.synapses_per_pair
    steps = clips / settings.training.batch_size
    epoch = SECONDS_PER_STEP * steps + SECONDS_PER_CLIP * clips * values / VALUES_PER_CLIP
    return SECONDS_TO_START + settings.training.epochs * epoch


def number_of_clips(corpus: CorpusSettings, features: Path) -> int | None:
    """Return the number of clips in the training list, or None if it is unknown.

    Features or lists that cannot be read are reported by the check of the corpus.
    """
    if features.exists():
        with suppress(UserError):
            return int((read_table(features).split == "train").sum())
    with suppress(UserError):
        return load_source(corpus.source).training_clips(corpus)
    return None


def duration(hours: float) -> str:
    """Return a duration in minutes, or in hours when there are many."""
    minutes = max(1, round(60 * hours))
    if minutes < 120:
        return "1 minute" if minutes == 1 else f"{minutes} minutes"
    return f"{hours:,.0f} hours"

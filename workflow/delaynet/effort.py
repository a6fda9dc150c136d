"""How many trainings a configuration is, and about how many hours: said before they start."""

import csv
from collections.abc import Iterable
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import h5py
import numpy as np

from delaynet.config import Config, Run
from delaynet.corpus.layout import list_path
from delaynet.settings import CorpusSettings

# Seconds of one core, from `make benchmark` (docs/benchmark.md): of a step whatever its size, of a
# clip at the paper's size (40 channels, 256 hidden neurons, 80 frames), and of starting a training.
SECONDS_PER_STEP, SECONDS_PER_CLIP, SECONDS_TO_START = 0.015, 0.001, 6.0
VALUES_PER_CLIP = 40 * 256 * 80
# clips in the training list
CLIPS_PER_TRIAL, CLIPS_OF_HEIDELBERG = 190, 8_156


class Effort(NamedTuple):
    """What a configuration asks for.

    Attributes:
        trainings: number of runs in the grid.
        done: those that are finished.
        core_hours: of those that are not; None where the number of clips is not known yet.
        measured: trainings whose time here the estimate was taken from; 0 for the benchmark's.
    """

    trainings: int
    done: int
    core_hours: float | None
    measured: int


def effort(config: Config, results: Path, benchmarks: Path) -> Effort:
    """Count the trainings, and estimate how long those that are left take.

    Runs that were timed here speak for the runs of their variant, sparsity and condition; together
    they tell how much this machine differs from the benchmark's.

    Args:
        config: the configuration.
        results: folder of results.
        benchmarks: folder of Snakemake's benchmark files.
    """
    runs = list(config.runs())
    left = [run for run in runs if not (results / "runs" / run.folder / "summary.json").exists()]
    timed = {run: seconds for run in runs if (seconds := _seconds_here(benchmarks, run))}
    clips = number_of_clips(config.corpus, results / "features.h5")
    if clips is None:
        return Effort(len(runs), len(runs) - len(left), None, len(timed))
    expected = {run: expected_seconds(config, run, clips) for run in runs}
    ratio = sum(timed.values()) / sum(expected[run] for run in timed) if timed else 1.0
    points: dict[Run, list[float]] = {}
    for run, seconds in timed.items():
        points.setdefault(run._replace(seed=0), []).append(seconds)
    seconds = sum(_mean(points.get(run._replace(seed=0)), ratio * expected[run]) for run in left)
    return Effort(len(runs), len(runs) - len(left), seconds / 3600, len(timed))


def expected_seconds(config: Config, run: Run, clips: int) -> float:
    """Return the seconds that one core takes for a run, by the benchmark.

    Args:
        config: the configuration.
        run: of its grid.
        clips: in the training list.
    """
    settings, features = config.resolve(run), config.features
    sizes = features.bands, *settings.model.hidden
    values = features.frames * sum(a * b for a, b in pairwise(sizes))
    values *= settings.model.synapses_per_pair
    steps = clips / settings.training.batch_size
    epoch = SECONDS_PER_STEP * steps + SECONDS_PER_CLIP * clips * values / VALUES_PER_CLIP
    return SECONDS_TO_START + settings.training.epochs * epoch


def number_of_clips(corpus: CorpusSettings, features: Path) -> int | None:
    """Return how many clips the training list holds, or None for spikes that were not yet read."""
    if features.exists():
        with h5py.File(features) as file:
            return int((file["split"].asstr()[()] == "train").sum())
    match corpus.source:
        case "synthetic":
            return CLIPS_PER_TRIAL * corpus.trials
        case "heidelberg":
            return CLIPS_OF_HEIDELBERG
        case "folder":
            return len(list_path(Path(str(corpus.folder)), "train").read_text().split())
    return None


def say(name: str, asked: Effort, cores: int | None) -> str:
    """Say it in one sentence.

    Args:
        name: of the configuration.
        asked: what it asks for.
        cores: how many work at once; None on a cluster.
    """
    sentence = f"{name}: {asked.trainings:,} trainings, {asked.done:,} of them done"
    if asked.core_hours is None:
        return f"{sentence}; how long they take is known once the features are made."
    if asked.done == asked.trainings:
        return f"{sentence}."
    source = (
        f"by {asked.measured:,} trainings timed here" if asked.measured else "by docs/benchmark.md"
    )
    here = "" if cores is None else f", {_duration(asked.core_hours / cores)} on {cores}"
    return (
        f"{sentence}; about {_duration(asked.core_hours)} of one core for the rest{here} "
        f"({source}; on a GPU not measured)."
    )


def _duration(hours: float) -> str:
    minutes = max(1, round(60 * hours))
    if minutes < 120:
        return "1 minute" if minutes == 1 else f"{minutes} minutes"
    return f"{hours:,.0f} hours"


def _seconds_here(benchmarks: Path, run: Run) -> float:
    """Return the seconds that a run took here by Snakemake's benchmark; 0 if it left none."""
    path = benchmarks / "train" / f"{run.folder}.tsv"
    if not path.exists():
        return 0.0
    with path.open() as file:
        return float(np.mean([float(row["s"]) for row in csv.DictReader(file, delimiter="\t")]))


def _mean(values: Iterable[float] | None, otherwise: float) -> float:
    return float(np.mean(list(values))) if values else otherwise

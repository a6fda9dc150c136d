"""What was done: settings, constants of the code, the extent of the grid, the corpus."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import h5py
import numpy as np

from delaynet.analysis import statistics
from delaynet.analysis.claims import decide, terms
from delaynet.analysis.grouping import grouping, points
from delaynet.analysis.tables import show_setting
from delaynet.config.grid import STANDARD, Config
from delaynet.config.listing import settings_of
from delaynet.config.settings import DecibelFeatures
from delaynet.data.dataset import validation_clips
from delaynet.data.features.frames import step_seconds
from delaynet.data.sources import load_source
from delaynet.model import delays
from delaynet.model.structures import deep_r
from delaynet.paper.numbers.number import Number, count, show_constant, sparsity_key
from delaynet.paper.words import percent

# Constants of the code that the manuscript mentions, by their names in lower case.
CONSTANTS: dict[str, ModuleType] = {
    "minimal_width": delays,
    "newborn_magnitude": deep_r,
    "channel_width": points,
    "delay_width": points,
    "minimal_pairs": points,
    "permutations": grouping,
    "fewer_permutations": grouping,
    "margin": terms,
    "share": terms,
    "typical_z": terms,
    "reached_share": terms,
    "learned_from": terms,
    "level": decide,
}


def setting_numbers(config: Config) -> Iterator[Number]:
    """Yield every setting, and what follows from settings alone."""
    for setting in settings_of(config):
        value, shown = setting.value, show_setting(setting.value)
        yield Number(f"settings.{setting.key}", value, shown)
    features, model, training = config.features, config.model, config.training
    step = 1000 * step_seconds(features)
    derived = {
        "step_milliseconds": step,
        "decay": 1 - 1 / model.time_constant,
        "last_delay": model.max_delay - 1,
        "last_delay_milliseconds": step * (model.max_delay - 1),
        "peak_learning_rate": training.learning_rate * training.peak_factor,
    }
    if isinstance(features, DecibelFeatures):
        derived["largest_feature"] = features.scale * features.floor_db
    for name, value in derived.items():
        yield Number(f"derived.{name}", value, f"{value:.4g}")


def grid_numbers(config: Config) -> Iterator[Number]:
    """Yield the extent of the grid: variants, sparsities and seeds are those of `standard`."""
    runs = list(config.runs())
    standard = [run for run in runs if run.condition == STANDARD]
    for sparsity in dict.fromkeys(run.sparsity for run in runs):
        yield Number(f"sparsities.{sparsity_key(sparsity)}", sparsity, percent(sparsity))
    seeds = Counter(run.point for run in standard)
    extent = {
        "variants": len({run.variant for run in standard}),
        "sparsities": len({run.sparsity for run in standard} - {"0"}),
        "cells": len(seeds),
        "runs": len(runs),
        "control_runs": len(runs) - len(standard),
        "fewest_seeds": min(seeds.values(), default=0),
        "most_seeds": max(seeds.values(), default=0),
    }
    for name, value in extent.items():
        yield count(f"grid.{name}", value)


def constant_numbers() -> Iterator[tuple[str, Number]]:
    """Yield the constants of the code, each with the module that holds it as its source."""
    for name, module in CONSTANTS.items():
        constant = getattr(module, name.upper())
        source = f"workflow/{module.__name__.replace('.', '/')}.py"
        yield source, Number(f"constants.{name}", constant, show_constant(constant))
    for seeds, share in statistics.COVERAGE.items():
        number = Number(f"constants.coverage.n{seeds}", share, f"{100 * share:.0f}")
        yield "workflow/delaynet/analysis/statistics.py", number


def corpus_words(config: Config) -> Iterator[tuple[str, Number]]:
    """Yield what the manuscript says of the corpus, each with the file of its source."""
    source = load_source(config.corpus.source)
    file = f"workflow/delaynet/data/sources/{config.corpus.source}.py"
    for name in ("description", "caveat", "limits", "availability", "bibliography"):
        if words := getattr(source, name):
            yield file, Number(f"corpus.{name}", words, words)


def corpus_numbers(features: Path, config: Config) -> Iterator[Number]:
    """Yield what the features file says of its corpus: name, clips by split, speakers, classes."""
    with h5py.File(features) as file:
        name = str(file.attrs["corpus_name"])
        classes = len(file.attrs["label_names"])
        speaker = file["speaker"].asstr()[()]
        languages = len(np.unique(file["language"][()]))
        split = file["split"].asstr()[()]
        left_out = len(file["left_out"])
    is_test, is_listed = split == "test", split == "validation"
    is_validation = validation_clips(split, speaker, config.training.validation_speakers)
    yield Number("corpus.name", name, name)
    counts = {
        "clips": len(speaker),
        "training_list": (split == "train").sum(),
        "validation_list": is_listed.sum(),
        "training": (~is_test & ~is_validation).sum(),
        "validation": is_validation.sum(),
        "test": is_test.sum(),
        "speakers": len(np.unique(speaker)),
        "test_only_speakers": len(np.setdiff1d(speaker[is_test], speaker[~is_test])),
        "validation_speakers": len(np.unique(speaker[is_validation])),
        "languages": languages,
        "classes": classes,
        "left_out": left_out,
    }
    for key, value in counts.items():
        yield count(f"corpus.{key}", value)
    yield Number("corpus.chance", 100 / classes, f"{100 / classes:.1f}")

"""The experiment: settings, constants of the code, the extent of the grid, the corpus."""

import inspect
import math
from collections import Counter
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
from torch.optim.lr_scheduler import OneCycleLR

from delaynet.analysis import statistics
from delaynet.analysis.claims import decide, terms, tests
from delaynet.analysis.grouping import grouping, maps, points, power
from delaynet.analysis.grouping.nulls import NULLS
from delaynet.analysis.tables import show_setting
from delaynet.config.grid import STANDARD
from delaynet.config.listing import settings_of
from delaynet.config.settings import DecibelFeatures
from delaynet.config.variants import DELAYS, SIGNS, STRUCTURES
from delaynet.data.dataset import LEAVE_ONE_OUT, training_speakers, validation_clips
from delaynet.data.features import spikes
from delaynet.data.features.frames import step_seconds
from delaynet.data.reading import read_table
from delaynet.data.sources import load_source
from delaynet.model import delays
from delaynet.model.structures import deep_r
from delaynet.paper.numbers.inputs import Inputs
from delaynet.paper.numbers.number import Number, Object, count, show_constant, sourced, typographic
from delaynet.training import schedules

# Constants of the code that the manuscript prints, by their names in lower case.
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
    "learned_share": terms,
    "level": decide,
    "least_seeds": tests,
    "units": spikes,
}
# Shares that are printed in percent.
PERCENTAGES: dict[str, tuple[ModuleType, float]] = {
    "confidence": (statistics, statistics.CONFIDENCE),
    "band": (maps, maps.LEVEL),
    "level_of_one_network": (power, power.LEVEL),
    "power": (power, power.POWER),
}


def settings(inputs: Inputs) -> Object:
    """Return every setting, nested as its key."""
    found: Object = {"variants": {}, "conditions": {}}
    for setting in settings_of(inputs.config):
        *parents, name = setting.key.split(".")
        node = found
        for parent in parents:
            node = node.setdefault(parent, {})
        node[name] = Number(setting.value, show_setting(setting.value))
    return sourced(found, inputs.sources.config)


def derived(inputs: Inputs) -> Object:
    """Return numbers that follow from settings alone."""
    config = inputs.config
    features, model, training = config.features, config.model, config.training
    step = 1000 * step_seconds(features)
    found = {
        "step_milliseconds": step,
        "decay": 1 - 1 / model.time_constant,
        "last_delay": model.max_delay - 1,
        "last_delay_milliseconds": step * (model.max_delay - 1),
        "peak_learning_rate": training.learning_rate * training.peak_factor,
    }
    if isinstance(features, DecibelFeatures):
        found["largest_feature"] = features.scale * features.floor_db
    numbers = {name: Number(value, f"{value:.4g}") for name, value in found.items()}
    return sourced(numbers, inputs.sources.config)


def extent(inputs: Inputs) -> Object:
    """Return the size of the grid; variants, sparsities and seeds are those of `standard`."""
    runs = list(inputs.config.runs())
    standard = [run for run in runs if run.condition == STANDARD]
    seeds = Counter(run.point for run in standard)
    counts = {
        "variants": len({run.variant for run in standard}),
        "sparsities": len({run.sparsity for run in standard} - {"0"}),
        "cells": len(seeds),
        "runs": len(runs),
        "control_runs": len(runs) - len(standard),
        "fewest_seeds": min(seeds.values(), default=0),
        "most_seeds": max(seeds.values(), default=0),
    }
    numbers = {name: count(value) for name, value in counts.items()}
    free, dale = (
        {(run.delays, run.structure) for run in standard if run.signs == signs} for signs in SIGNS
    )
    structures = [name for name in STRUCTURES if any(run.structure == name for run in standard)]
    described = [STRUCTURES[name] for name in structures if STRUCTURES[name].description]
    present = {
        "delays": [name for name in DELAYS if any(run.delays == name for run in standard)],
        "structures": structures,
        "structure_descriptions": [structure.description for structure in described],
        "structure_references": [s.bibliography for s in described if s.bibliography],
        # whether the grid has a variant both with free signs and under Dale's principle
        "has_both_signs": not free.isdisjoint(dale),
    }
    return sourced(numbers, inputs.sources.config) | present


def constants() -> Object:
    """Return the constants of the code; their sources are modules."""
    found = {
        name: Number(value := getattr(module, name.upper()), show_constant(value), _file(module))
        for name, module in CONSTANTS.items()
    }
    for name, (module, share) in PERCENTAGES.items():
        found[name] = Number(share, f"{100 * share:.0f}", _file(module))
    widths = 2 * points.CHANNEL_WIDTH
    found["close_channels"] = Number(widths, show_constant(widths), _file(points))
    return found | _optimiser()


def _optimiser() -> Object:
    """Return the defaults of PyTorch's Adam and OneCycle schedule, which the training uses."""
    schedule = inspect.signature(OneCycleLR).parameters
    second_decay = inspect.signature(schedules.Adam).parameters["betas"].default[1]
    slowest, fastest = (schedule[f"{name}_momentum"].default for name in ("max", "base"))
    steps = [(1 - decay) / math.sqrt(1 - second_decay) for decay in (slowest, fastest)]
    values = {
        "start_divisor": schedule["div_factor"].default,
        "highest_first_decay": slowest,
        "lowest_first_decay": fastest,
        "second_decay": second_decay,
    }
    numbers = {name: Number(value, f"{value:g}") for name, value in values.items()}
    numbers["smallest_first_step"], numbers["largest_first_step"] = (
        Number(step, f"{step:.1f}") for step in steps
    )
    return sourced(numbers, Path(_file(schedules)))


def _file(module: ModuleType) -> str:
    return f"workflow/{module.__name__.replace('.', '/')}.py"


def nulls() -> Object:
    """Return label, permuted attribute and description of the null models."""
    return {
        name: {
            "label": null.label,
            "permutes": null.permutes,
            "description": typographic(null.description),
        }
        for name, null in NULLS.items()
    }


def corpus(inputs: Inputs) -> Object:
    """Return the numbers of the corpus, and the texts on it, None for those that it lacks."""
    table = read_table(inputs.sources.features)
    speaker, split, classes = table.speaker, table.split, len(table.label_names)
    is_test, is_listed = split == "test", split == "validation"
    training = inputs.config.training
    is_validation = validation_clips(split, speaker, training.validation_speakers)
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
        "languages": len(np.unique(table.language)),
        "classes": classes,
        "left_out": table.left_out,
    }
    if training.validation_speakers == LEAVE_ONE_OUT:
        # these depend on the seed
        for name in ("training", "validation", "validation_speakers"):
            del counts[name]
        counts["training_speakers"] = len(training_speakers(split, speaker))
    numbers = {
        "name": Number(table.corpus_name, table.corpus_name),
        "chance": Number(100 / classes, f"{100 / classes:.1f}"),
        **{key: count(value) for key, value in counts.items()},
    }
    source = load_source(inputs.config.corpus.source)
    texts = ("description", "caveat", "limits", "availability", "bibliography")
    from_source: dict[str, Any] = {name: getattr(source, name) or None for name in texts}
    return sourced(numbers, inputs.sources.features) | from_source

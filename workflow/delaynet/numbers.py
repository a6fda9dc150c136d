"""Every number that the manuscript prints, by key: `results/numbers.json`.

A number is `{"value": .., "shown": "46.2", "source": "results/tables/accuracy.csv"}`: as computed,
as printed, and the file that it was read from. A dotted key leads to it through nested objects, as
`accuracy.learned-static-free.p0_9375.mean`; a sparsity in a key starts with `p` and has `_` for its
point. A number that does not exist (an interval over one seed, a z that cannot be tested) has no
key.
"""

from collections.abc import Iterable, Iterator, Mapping
from itertools import chain
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

import h5py
import numpy as np
import pandas as pd

from delaynet import delays, rewiring
from delaynet.config import Config, load_config
from delaynet.errors import UserError
from delaynet.figures.style import percent
from delaynet.runs import write_json
from delaynet.settings import DecibelFeatures
from delaynet.structure import grouping
from delaynet.tables import GRID_POINT, read_table, settings_of, show_setting

MINUS = "\N{MINUS SIGN}"
SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
# Constants of the code that the manuscript mentions, by their names in lower case.
CONSTANTS: dict[str, ModuleType] = {
    "minimal_width": delays,
    "newborn_magnitude": rewiring,
    "channel_width": grouping,
    "delay_width": grouping,
    "minimal_pairs": grouping,
    "permutations": grouping,
}


class Number(NamedTuple):
    """A number without its source: dotted key, value, and what is printed."""

    key: str
    value: Any
    shown: str


def write_numbers(
    config_path: Path,
    features: Path,
    accuracy: Path,
    contrasts: Path,
    grouping_table: Path,
    output: Path,
) -> None:
    """Write the numbers; the paths of the sources are recorded as they are given.

    Args:
        config_path: the resolved configuration.
        features: the features file.
        accuracy: table of accuracies (`delaynet.tables.write_accuracy`).
        contrasts: table of contrasts (`delaynet.tables.write_contrasts`).
        grouping_table: `grouping.csv` (`delaynet.structure.grouping.write_grouping`).
        output: the JSON file.

    Raises:
        UserError: a source is missing.
    """
    for path in (config_path, features, accuracy, contrasts, grouping_table):
        if not path.exists():
            raise UserError(f"{path} is missing: make it with `snakemake {path}`.")
    config = load_config(config_path)
    accuracy_table, contrast_table = read_table(accuracy), read_table(contrasts)
    sections: list[tuple[str, Iterable[Number]]] = [
        (config_path.as_posix(), setting_numbers(config)),
        (features.as_posix(), corpus_numbers(features, config)),
        (accuracy.as_posix(), accuracy_numbers(accuracy_table)),
        (accuracy.as_posix(), connectivity_numbers(accuracy_table)),
        (contrasts.as_posix(), contrast_numbers(contrast_table)),
        (contrasts.as_posix(), comparison_numbers(contrast_table)),
        (grouping_table.as_posix(), grouping_numbers(read_table(grouping_table))),
    ]
    read = ((source, number) for source, part in sections for number in part)
    write_json(output, nest(chain(constant_numbers(), read)))


def nest(numbers: Iterable[tuple[str, Number]]) -> dict[str, Any]:
    """Return (source, number) pairs as nested objects, one level a part of the key."""
    tree: dict[str, Any] = {}
    for source, number in numbers:
        *parents, name = number.key.split(".")
        node = tree
        for parent in parents:
            node = node.setdefault(parent, {})
        if name in node:
            raise ValueError(f"two numbers have the key '{number.key}'")
        node[name] = {"value": number.value, "shown": number.shown, "source": source}
    return tree


def sparsity_key(sparsity: str) -> str:
    """Return a sparsity as it stands in keys: `p0_9375`."""
    return "p" + sparsity.replace(".", "_")


def show_points(value: float) -> str:
    """Write a difference in percentage points with its sign, a true minus: `+3.2`, `0.0`."""
    text = f"{abs(value):.1f}"
    sign = "" if float(text) == 0 else "+" if value > 0 else MINUS
    return sign + text


def show_constant(value: float) -> str:
    """Write a constant: `0.27`, `10⁻¹²`."""
    factor, _, exponent = f"{value:g}".partition("e")
    if not exponent:
        return factor
    power = "10" + str(int(exponent)).translate(SUPERSCRIPTS)
    return power if factor == "1" else f"{factor} × {power}"


def setting_numbers(config: Config) -> Iterator[Number]:
    """Yield every setting, what follows from settings alone, and the extent of the grid."""
    for setting in settings_of(config):
        value, shown = setting.value, show_setting(setting.value)
        yield Number(f"settings.{setting.key}", value, shown)
    features, model, training = config.features, config.model, config.training
    step = 1000 * features.step_seconds
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
    runs = list(config.runs())
    for sparsity in dict.fromkeys(run.sparsity for run in runs):
        yield Number(f"sparsities.{sparsity_key(sparsity)}", sparsity, percent(sparsity))
    counts = {
        "variants": len({run.variant for run in runs}),
        "sparsities": len({run.sparsity for run in runs} - {"0"}),
        "cells": len({run[:4] for run in runs}),
        "runs": len(runs),
        "seeds": config.seeds,
    }
    for name, count in counts.items():
        yield Number(f"grid.{name}", count, f"{count:,}")
    smallest = 2 / 2**config.seeds if config.seeds > 1 else 1.0
    yield Number("grid.smallest_p_value", smallest, f"{smallest:.2g}")


def constant_numbers() -> Iterator[tuple[str, Number]]:
    """Yield the constants of the code, each with the module that holds it as its source."""
    for name, module in CONSTANTS.items():
        constant = getattr(module, name.upper())
        source = f"workflow/{module.__name__.replace('.', '/')}.py"
        yield source, Number(f"constants.{name}", constant, show_constant(constant))


def corpus_numbers(features: Path, config: Config) -> Iterator[Number]:
    """Yield what the features file says of its corpus: name, clips by split, speakers, classes."""
    with h5py.File(features) as file:
        name, source = str(file.attrs["corpus_name"]), str(file.attrs["corpus_source"])
        classes = len(file.attrs["label_names"])
        speaker = file["speaker"][()]
        languages = len(np.unique(file["language"][()]))
        is_test = file["split"].asstr()[()] == "test"
        left_out = len(file["left_out"])
    is_validation = ~is_test & np.isin(speaker, config.training.validation_speakers)
    yield Number("corpus.name", name, name)
    yield Number("corpus.source", source, source)
    counts = {
        "clips": len(speaker),
        "training_list": (~is_test).sum(),
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
    for key, count in counts.items():
        yield Number(f"corpus.{key}", int(count), f"{count:,}")
    yield Number("corpus.chance", 100 / classes, f"{100 / classes:.1f}")


def accuracy_numbers(table: pd.DataFrame) -> Iterator[Number]:
    """Yield the cells of the table of accuracies, by variant and sparsity."""
    formats = {
        "n": "{:,}",
        "mean": "{:.1f}",
        "standard_deviation": "{:.1f}",
        "low": "{:.1f}",
        "high": "{:.1f}",
        "reachable_outputs": "{:.1f}",
        "connections": "{:,}",
        "firing_rate": "{:.3f}",
    }
    for row in table.to_dict("records"):
        for name, form in formats.items():
            if not pd.isna(row[name]):
                yield Number(f"accuracy.{_cell(row)}.{name}", row[name], form.format(row[name]))


def _cell(row: Mapping[Any, Any]) -> str:
    """Return the part of a key that names a variant and a sparsity."""
    return f"{row['delays']}-{row['structure']}-{row['dale']}.{sparsity_key(row['sparsity'])}"


def connectivity_numbers(table: pd.DataFrame) -> Iterator[Number]:
    """Yield connections and reachable outputs by structure and sparsity, means over variants."""
    for (structure, sparsity), rows in table.groupby(["structure", "sparsity"], sort=False):
        cell = f"connectivity.{structure}.{sparsity_key(str(sparsity))}"
        connections = round(float(rows["connections"].mean()))
        yield Number(f"{cell}.connections", connections, f"{connections:,}")
        reachable = float(rows["reachable_outputs"].mean())
        yield Number(f"{cell}.reachable_outputs", reachable, f"{reachable:.1f}")


def contrast_numbers(table: pd.DataFrame) -> Iterator[Number]:
    """Yield the cells of the table of contrasts, by claim, contrast, Dale setting and sparsity."""
    for row in table.to_dict("records"):
        contrast = row["contrast"].replace(" ", "_")
        key = f"contrasts.{row['claim']}.{contrast}.{row['dale']}.{sparsity_key(row['sparsity'])}"
        difference = row["mean_difference"]
        yield Number(f"{key}.n", row["n"], f"{row['n']:,}")
        yield Number(f"{key}.mean_difference", difference, show_points(difference))
        yield Number(f"{key}.magnitude", abs(difference), f"{abs(difference):.1f}")
        if row["n"] > 1:
            deviation = row["standard_deviation"]
            yield Number(f"{key}.standard_deviation", deviation, f"{deviation:.1f}")
            yield Number(f"{key}.low", row["low"], show_points(row["low"]))
            yield Number(f"{key}.high", row["high"], show_points(row["high"]))


def comparison_numbers(table: pd.DataFrame) -> Iterator[Number]:
    """Yield, by claim and kind of comparison, how many contrasts there are and where they point.

    The kind is the pair of delays that is compared, as `learned_minus_fixed`.
    """
    sides = table["contrast"].str.split(" minus ", expand=True).reindex(columns=[0, 1])
    kinds = [f"{a.split('-')[0]}_minus_{b.split('-')[0]}" for a, b in sides.itertuples(index=False)]
    for (claim, kind), rows in table.groupby(["claim", pd.Series(kinds, dtype=str)], sort=False):
        counts = {
            "contrasts": len(rows),
            "higher": (rows["mean_difference"] > 0).sum(),
            "lower": (rows["mean_difference"] < 0).sum(),
            "interval_above": (rows["low"] > 0).sum(),
            "interval_below": (rows["high"] < 0).sum(),
        }
        for name, count in counts.items():
            yield Number(f"comparisons.{claim}.{kind}.{name}", int(count), f"{count:,}")


def grouping_numbers(table: pd.DataFrame) -> Iterator[Number]:
    """Yield Moran's I as a z against each null model, over seeds, before and after training.

    A z is missing where there is too little to test.
    """
    for (network, null, *_), seeds in table.groupby(["network", "null", *GRID_POINT], sort=False):
        key = f"grouping.{_cell(seeds.iloc[0].to_dict())}.{network}.{null}"
        z = seeds["z"].dropna()
        yield Number(f"{key}.seeds", len(seeds), f"{len(seeds):,}")
        yield Number(f"{key}.testable", len(z), f"{len(z):,}")
        if len(z):
            for name, value in (("mean", z.mean()), ("smallest", z.min()), ("largest", z.max())):
                yield Number(f"{key}.{name}", float(value), show_points(value).removeprefix("+"))
    for null, rows in table.groupby("null", sort=False):
        yield from _grouping_summary(str(null), rows)


def _grouping_summary(null: str, rows: pd.DataFrame) -> Iterator[Number]:
    """Yield in how many variants training raised the mean z, and how much could not be tested."""
    z = rows.pivot_table(index=GRID_POINT, columns="network", values="z", aggfunc="mean")
    both = z.reindex(columns=["initial", "trained"]).dropna()
    counts = {
        "compared": len(both),
        "higher": (both["trained"] > both["initial"]).sum(),
        "networks": len(rows),
        "not_testable": rows["z"].isna().sum(),
    }
    for name, count in counts.items():
        yield Number(f"grouping_summary.{null}.{name}", int(count), f"{count:,}")

"""The study's questions: accuracies of finished runs in, estimates out.

Accuracies are in percent, estimates in percentage points, paired by seed.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import nan
from pathlib import Path
from typing import Any

import pandas as pd
import torch
from scipy.stats import ttest_1samp

from delaynet.analysis.statistics import holm
from delaynet.analysis.tables import summarise_seeds
from delaynet.config.grid import STANDARD, Config, Point, Run, RunSettings
from delaynet.data.dataset import load_splits
from delaynet.data.reading import read_table
from delaynet.training.device import flush_denormals
from delaynet.training.evaluation import evaluate, rebuild
from delaynet.training.run_folder import SavedNetwork, read_network, read_summary

# with one, two and four synapses from each input, as many connections in all
CONNECTIONS_OF_0_9375 = {
    STANDARD: "0.9375",
    "synapses_2": "0.96875",
    "synapses_4": "0.984375",
}


SPARSITIES = ("0.9375", "0.875")
# of human speech, each left out by every sixth seed; the first six seeds were looked at before the
# others were planned
HUMAN_SPEAKERS = 6
FIRST_FRESH_HUMAN_SEED = 126


@dataclass(frozen=True)
class Estimand:
    """A weighted sum of mean accuracies.

    Attributes:
        name: in the table.
        question: what it answers.
        terms: weights and points of the grid.
        is_primary: whether it is one of those that are corrected together, by Holm's method.
    """

    name: str
    question: str
    terms: tuple[tuple[float, Point], ...]
    is_primary: bool = False


def difference(minuend: Point, subtrahend: Point) -> tuple[tuple[float, Point], ...]:
    """Return the terms of a difference."""
    return (1, minuend), (-1, subtrahend)


def estimands(sparsities: tuple[str, ...] = SPARSITIES) -> list[Estimand]:
    """Return the questions about accuracy, the primary ones of each sparsity first."""
    found = []
    for sparsity in sparsities:
        at = f"at {sparsity}"
        found += [
            _structure_learns_delays(sparsity, STANDARD, at, is_primary=True),
            Estimand(
                f"learned minus frozen, static {at}",
                "what the gradient adds beyond the blur",
                difference(*(_static(delays, sparsity) for delays in ("learned", "frozen"))),
                is_primary=True,
            ),
            Estimand(
                f"learned minus fixed, rewired {at}",
                "what the gradient adds once the structure is learned",
                difference(*(_rewired(delays, sparsity) for delays in ("learned", "fixed"))),
                is_primary=True,
            ),
        ]
        found += [
            Estimand(
                f"rewired minus static, {delays} {at}",
                "what rewiring gains",
                difference(_rewired(delays, sparsity), _static(delays, sparsity)),
            )
            for delays in ("fixed", "none", "learned")
        ]
        found.append(_half_of_the_gain_needs_delays(sparsity, at))
        found.append(
            Estimand(
                f"rewired fixed minus static learned {at}",
                "whether structure learns as much as the gradient",
                difference(_rewired("fixed", sparsity), _static("learned", sparsity)),
            )
        )
        found += [
            Estimand(
                f"{better} minus {worse}, static {at}",
                "what delays gain in random networks",
                difference(_static(better, sparsity), _static(worse, sparsity)),
            )
            for better, worse in (("fixed", "none"), ("learned", "fixed"))
        ]
    found += [
        Estimand(
            f"{better} minus {worse}, dense",
            "what delays gain in dense networks",
            difference(*(Point(delays, "dense", "free", "0") for delays in (better, worse))),
        )
        for better, worse in (("learned", "fixed"), ("fixed", "none"))
    ]
    found.append(_structure_learns_delays("0.9375", "epochs_300", "at 0.9375, 300 epochs"))
    for condition in CONNECTIONS_OF_0_9375:
        if condition != STANDARD:
            found += _with_several_synapses(condition)
    return found


def _with_several_synapses(condition: str) -> list[Estimand]:
    """Return the first question with several synapses from each input, and against one."""
    sparsity = CONNECTIONS_OF_0_9375[condition]
    words = f"{condition.removeprefix('synapses_')} synapses from each input"
    several = _structure_learns_delays(sparsity, condition, words)
    one = _structure_learns_delays("0.9375", STANDARD, "")
    against_one = tuple((-weight, point) for weight, point in one.terms)
    better = difference(_rewired("fixed", sparsity, condition), _rewired("fixed", "0.9375"))
    return [
        several,
        Estimand(
            f"{several.name}, minus that with one",
            several.question,
            several.terms + against_one,
        ),
        Estimand(
            f"rewired fixed, {words}, minus that with one",
            "what several synapses gain in rewired networks",
            better,
        ),
    ]


def _static(delays: str, sparsity: str, condition: str = STANDARD) -> Point:
    return Point(delays, "static_connected", "free", sparsity, condition)


def _rewired(delays: str, sparsity: str, condition: str = STANDARD) -> Point:
    return Point(delays, "deep_r_rigl", "free", sparsity, condition)


def _half_of_the_gain_needs_delays(sparsity: str, words: str) -> Estimand:
    """Return (rewired - static | fixed) / 2 - (rewired - static | none)."""
    fixed, none = (
        difference(_rewired(delays, sparsity), _static(delays, sparsity))
        for delays in ("fixed", "none")
    )
    return Estimand(
        f"half of the gain with fixed delays minus that without, {words}",
        "does most of what rewiring gains need delays",
        tuple((weight / 2, point) for weight, point in fixed)
        + tuple((-weight, point) for weight, point in none),
    )


def _structure_learns_delays(
    sparsity: str, condition: str, words: str, is_primary: bool = False
) -> Estimand:
    """Return (rewired - static | fixed) - (rewired - static | none)."""
    fixed, none = (
        difference(_rewired(delays, sparsity, condition), _static(delays, sparsity, condition))
        for delays in ("fixed", "none")
    )
    return Estimand(
        f"gain of rewiring, fixed minus no delays, {words}",
        "does structure learn delays",
        fixed + tuple((-weight, point) for weight, point in none),
        is_primary,
    )


def finished_runs(config: Config, results: Path, measure: str) -> pd.DataFrame:
    """Return a row for each run that is finished, in the order of the grid.

    Args:
        config: of the study.
        results: with the runs and the features file.
        measure: what `accuracy` is: `test_accuracy`, or `validation_accuracy` on speakers left out.

    Returns:
        no row if there is no features file. The fields of `Run`, `epochs`, `initial_weights`, and
        in percent `accuracy`; `training_accuracy`, that of the last epoch, with dropout on; on the
        test clips `seen_accuracy` and `unseen_accuracy`, of speakers who are, and are not, in the
        training list; `unrounded_accuracy`, as `accuracy` with the kernels of the last epoch; and
        `silent_neurons`, a share of the hidden ones. What is of test clips is not a number if
        `accuracy` is not. Last, `inputs`, the mean number of inputs of hidden neurons that fire.
    """
    if not (results / "features.h5").exists():
        return pd.DataFrame(columns=[*Run._fields, *MEASURED])
    table = read_table(results / "features.h5")
    seen = set(table.speaker[table.split == "train"])
    is_seen = dict(zip(table.filename, [one in seen for one in table.speaker], strict=True))
    rows, is_test = [], measure == "test_accuracy"
    for run in config.runs():
        folder = results / "runs" / run.folder
        if not (folder / "summary.json").exists():
            continue
        settings, summary = config.resolve(run), read_summary(folder)
        last = pd.read_csv(folder / "metrics.csv").iloc[-1]
        predictions = pd.read_csv(folder / "predictions.csv", dtype=str)
        correct = 100 * (predictions["label"] == predictions["prediction"])
        of_seen = predictions["filename"].map(is_seen)
        rows.append(
            run._asdict()
            | {
                "epochs": settings.training.epochs,
                "initial_weights": settings.model.initial_weights,
                "accuracy": 100 * summary[measure],
                "training_accuracy": 100 * last["training_accuracy"],
                "unrounded_accuracy": _unrounded(results, settings, summary, measure),
                "seen_accuracy": correct[of_seen].mean() if is_test else nan,
                "unseen_accuracy": correct[~of_seen].mean() if is_test else nan,
                "silent_neurons": 100 * sum(summary["silent_neurons"]) / sum(settings.model.hidden),
                "inputs": _inputs_of_firing_neurons(read_network(folder / "network.h5")),
            }
        )
    return pd.DataFrame(rows, columns=[*Run._fields, *MEASURED])


def _unrounded(
    results: Path, settings: RunSettings, summary: Mapping[str, Any], measure: str
) -> float:
    """Return the accuracy with the last epoch's kernels, in percent, on the clips of `measure`."""
    if summary["sigma"] == 0:
        return float(100 * summary[measure])
    speakers = settings.training.validation_speakers
    splits = load_splits(results / "features.h5", speakers, torch.device("cpu"), settings.seed)
    saved = read_network(results / "runs" / settings.run.folder / "network.h5")
    clips = getattr(splits, measure.removesuffix("_accuracy"))
    with flush_denormals():
        found = evaluate(rebuild(saved, settings.model), clips, summary["sigma"])
    return 100 * found.accuracy(settings.training)


def _inputs_of_firing_neurons(network: SavedNetwork) -> float:
    layer = network.layers[0]
    assert layer.firing_rate is not None
    return float(layer.mask.sum((0, 2))[layer.firing_rate > 0].mean())


# what stands beside accuracy
BESIDE = ("unrounded_accuracy", "seen_accuracy", "unseen_accuracy", "silent_neurons", "inputs")
MEASURED = ("epochs", "initial_weights", "accuracy", "training_accuracy", *BESIDE)


def summarise(by_seed: pd.Series, speakers: int | None = None) -> dict[str, float]:
    """Return `summarise_seeds` of values, and two-sided `p` of Student's t distribution.

    Args:
        by_seed: values, the seed as index; those that are not numbers are left out.
        speakers: how many there are, if each is left out in turn. Then all but `n`, the number of
            seeds, is of the means over each speaker's seeds.

    Returns:
        empty where there are fewer than two values.
    """
    by_seed = by_seed.dropna()
    values = by_seed if speakers is None else by_seed.groupby(by_seed.index % speakers).mean()
    if len(values) < 2:
        return {}
    p = float(ttest_1samp(values, 0).pvalue)
    return summarise_seeds(values.to_numpy()) | {"n": len(by_seed), "p": p}


def estimates(
    runs: pd.DataFrame,
    sparsities: tuple[str, ...] = SPARSITIES,
    speakers: int | None = None,
) -> pd.DataFrame:
    """Return the estimates that at least two seeds allow.

    Args:
        runs: a row per finished run, see `finished_runs`.
        sparsities: those that are planned.
        speakers: see `summarise`.

    Returns:
        A row per estimand: `name`, `question`, `is_primary`, `n` seeds that all its terms have,
        their mean `effect`, `standard_deviation`, 95 % interval `low` to `high` of Student's t
        distribution and two-sided `p` of the same, and for primary ones `holm`, p corrected for all
        that are planned.
    """
    accuracy = runs.set_index([*Point._fields, "seed"])["accuracy"].sort_index()
    points = set(accuracy.index.droplevel("seed"))
    rows = []
    planned = estimands(sparsities)
    for estimand in planned:
        if not all(tuple(point) in points for _, point in estimand.terms):
            continue
        total = sum(weight * accuracy.loc[tuple(point)] for weight, point in estimand.terms)
        about = {name: getattr(estimand, name) for name in ("name", "question", "is_primary")}
        if found := summarise(total, speakers):
            rows.append(about | found)
    if not rows:
        return pd.DataFrame()
    table = pd.DataFrame(rows).rename(columns={"mean": "effect"})
    is_primary = table["is_primary"].to_numpy(bool)
    n_primary = sum(estimand.is_primary for estimand in planned)
    ps = table.loc[is_primary, "p"].tolist()
    table.loc[is_primary, "holm"] = holm([*ps, *[1.0] * (n_primary - len(ps))])[: len(ps)]
    return table


def chosen_or_useful(
    retrained: pd.DataFrame, runs: pd.DataFrame, speakers: int | None = None
) -> pd.DataFrame:
    """Return whether rewiring chooses delays, or makes any useful (`study.retrained`).

    Args:
        retrained: `seed`, `change` and `accuracy` of structures trained anew.
        runs: of the study, see `finished_runs`.
        speakers: see `summarise`.

    Returns:
        A row for each estimate, as `estimates`; none is primary.
    """
    anew = retrained.pivot(index="seed", columns="change", values="accuracy")
    at = runs[(runs["sparsity"] == "0.9375") & (runs["condition"] == STANDARD)]
    random = at[at["structure"] == "static_connected"].pivot(
        index="seed", columns="delays", values="accuracy"
    )
    there = anew["exchanged"] - anew["none"]
    drawn = anew["drawn"] - anew["drawn_none"]
    of_random = random["fixed"] - random["none"]
    without = anew["without"] - anew["without_none"]
    differences = {
        "chosen (found minus exchanged)": anew["found"] - anew["exchanged"],
        "exchanged minus none": there,
        "exchanged minus none, inputs drawn at random": drawn,
        "fixed minus none in random networks": of_random,
        "made useful (exchanged - none, minus that of random networks)": there - of_random,
        "of it, by how many inputs a neuron has": drawn - of_random,
        "of it, by which inputs": there - drawn,
        "found minus found without delays, these drawn after": anew["found"] - anew["without"],
        "exchanged minus found without delays, these drawn after": anew["exchanged"]
        - anew["without"],
        "drawn after minus none, found without delays": without,
        "the last, minus fixed - none in random networks": without - of_random,
        "no delays: inputs drawn at random minus random networks": anew["drawn_none"]
        - random["none"],
        "no delays: inputs found minus inputs drawn at random": anew["none"] - anew["drawn_none"],
    }
    rows = []
    for name, by_seed in differences.items():
        if found := summarise(by_seed, speakers):
            rows.append({"name": name} | found | {"is_primary": False})
    return pd.DataFrame(rows).rename(columns={"mean": "effect"})

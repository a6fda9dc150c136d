"""Are excitation and inhibition grouped? Moran's I of the signs of synapses, against two nulls.

The receptive field of a neuron is a marked point pattern: a synapse is a point (input channel,
delay), its effective sign the mark s = +1 or -1. With the marks centred per neuron,
m = s - mean(s), Moran's I pooled over neurons n is

    I = N / W * sum_n sum_{i != j} w_ij m_i m_j / sum_n sum_i m_i^2,  W = sum_n sum_{i != j} w_ij
    w_ij = exp(-(c_i - c_j)^2 / (2 * 1.5^2)) * exp(-(d_i - d_j)^2 / (2 * 2^2))

(Moran 1950, Biometrika 37, 17-23; weights as in Cliff & Ord 1981, Spatial Processes, ch. 1), with c
in channels, d in steps, and N synapses. It is positive where like signs lie near each other.

Two null models keep the occupancy of every neuron. N1 permutes the signs within a neuron. N2
permutes the delays within a neuron, channel and sign kept, and so asks for grouping in time beyond
that in space. Under Dale's principle a sign belongs to its channel; N1 would break that, so only N2
is reported. z = (observed - mean of the null) / standard deviation of the null.
"""

import csv
import math
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from delaynet.config import Run, load_config
from delaynet.errors import UserError
from delaynet.files import replacing
from delaynet.runs import read_network
from delaynet.structure.receptive_fields import (
    BoolArray,
    IntArray,
    ReceptiveFields,
    receptive_fields,
)

CHANNEL_WIDTH = 1.5
DELAY_WIDTH = 2.0
# Pairs more channels apart than this weigh less than 2e-8 and are left out.
REACH = 6 * CHANNEL_WIDTH
# "Not testable" with fewer pairs than this within two kernel widths in channel.
MINIMAL_PAIRS = 30
# draws from each null model
PERMUTATIONS = 1000
# A standard deviation below this is rounding: every permutation gave the same.
ROUNDING = 1e-12
# Keeps the arrays of pairs x permutations in the processor's cache.
PERMUTATIONS_PER_CHUNK = 250

Array = NDArray[np.float64]
Number = TypeVar("Number", np.float64, np.int64)
NETWORK_FILES = {"initial": "initial.h5", "trained": "network.h5"}


class Grouping(NamedTuple):
    """Grouping of one network against one null; what cannot be tested is not a number."""

    neurons: int
    synapses: int
    moran_i: float
    null_mean: float
    null_sd: float
    z: float


COLUMNS = (*Run._fields, "network", "null", *Grouping._fields)


@dataclass(frozen=True)
class MarkedNeuron:
    """One neuron's synapses as marked points, and its pairs within reach.

    Attributes:
        marks: centred signs, [synapses].
        delay: rounded delays in steps, [synapses].
        first, second: the synapses of each pair, [pairs].
        channel_weight: the kernel's factor over channels, [pairs].
        close: pairs within two kernel widths in channel.
    """

    marks: Array
    delay: IntArray
    first: IntArray
    second: IntArray
    channel_weight: Array
    close: int


def marked_neurons(fields: ReceptiveFields, included: BoolArray) -> list[MarkedNeuron]:
    """Return the marked points of the included neurons that have at least two synapses.

    Args:
        fields: receptive fields.
        included: the neurons to take, [neurons].
    """
    return [
        _marked_neuron(fields.channel[exists], fields.delay[neuron, exists], sign[exists])
        for neuron, sign in enumerate(fields.sign)
        if included[neuron] and (exists := sign != 0).sum() > 1
    ]


def _marked_neuron(channel: IntArray, delay: IntArray, sign: IntArray) -> MarkedNeuron:
    first, second = np.triu_indices(len(channel), 1)
    distance = np.abs(channel[first] - channel[second])
    near = distance <= REACH
    return MarkedNeuron(
        marks=sign - sign.mean(),
        delay=delay,
        first=first[near],
        second=second[near],
        channel_weight=_gaussian(distance[near], CHANNEL_WIDTH),
        close=int((distance <= 2 * CHANNEL_WIDTH).sum()),
    )


def _gaussian(distance: IntArray, width: float) -> Array:
    weight: Array = np.exp(-np.square(distance / width) / 2)
    return weight


def morans_i(neurons: Sequence[MarkedNeuron]) -> float:
    """Return Moran's I pooled over neurons; not a number without pairs or without both signs."""
    cross = weight = 0.0
    for neuron in neurons:
        weights = _pair_weights(neuron)
        cross += float(weights @ (neuron.marks[neuron.first] * neuron.marks[neuron.second]))
        weight += float(weights.sum())
    return float(_morans_i(neurons, np.array(cross), np.array(weight)))


def _morans_i(neurons: Sequence[MarkedNeuron], cross: Array, weight: Array) -> Array:
    """Return I from the sums over pairs; every pair counts once in both, so the halves cancel."""
    squares = sum(float(np.square(neuron.marks).sum()) for neuron in neurons)
    synapses = sum(len(neuron.marks) for neuron in neurons)
    if squares == 0 or not weight.all():
        return np.full_like(cross, np.nan)
    return synapses / weight * cross / squares


def _pair_weights(neuron: MarkedNeuron) -> Array:
    lag = neuron.delay[neuron.first] - neuron.delay[neuron.second]
    return neuron.channel_weight * _gaussian(lag, DELAY_WIDTH)


def signs_permuted(
    neurons: Sequence[MarkedNeuron], permutations: int, random: np.random.Generator
) -> Array:
    """Return Moran's I under N1, signs permuted within each neuron, [permutations]."""
    cross, weight = np.zeros(permutations), np.zeros(permutations)
    for neuron in neurons:
        weights = _pair_weights(neuron)
        weight += weights.sum()
        for chunk, marks in _permuted(neuron.marks, permutations, random):
            product = marks[neuron.first] * marks[neuron.second]  # [pairs, chunk]
            cross[chunk] += np.einsum("q,qp->p", weights, product)
    return _morans_i(neurons, cross, weight)


def delays_permuted(
    neurons: Sequence[MarkedNeuron], permutations: int, random: np.random.Generator
) -> Array:
    """Return Moran's I under N2, delays permuted within each neuron, [permutations].

    The sum of weights W changes with each permutation and is computed for each.
    """
    longest = max((int(neuron.delay.max()) for neuron in neurons), default=0)
    table = _gaussian(np.arange(-longest, longest + 1), DELAY_WIDTH)  # [lags]
    cross, weight = np.zeros(permutations), np.zeros(permutations)
    for neuron in neurons:
        product = neuron.channel_weight * neuron.marks[neuron.first] * neuron.marks[neuron.second]
        for chunk, delay in _permuted(neuron.delay, permutations, random):
            lag = delay[neuron.first] - delay[neuron.second]  # [pairs, chunk]
            similarity = table.take(lag + longest)  # [pairs, chunk]
            cross[chunk] += np.einsum("q,qp->p", product, similarity)
            weight[chunk] += np.einsum("q,qp->p", neuron.channel_weight, similarity)
    return _morans_i(neurons, cross, weight)


NULLS = {"N1": signs_permuted, "N2": delays_permuted}


def _permuted(
    values: NDArray[Number], permutations: int, random: np.random.Generator
) -> Iterator[tuple[slice, NDArray[Number]]]:
    """Yield chunks of permutations of the values: where they belong, and [values, chunk]."""
    for start in range(0, permutations, PERMUTATIONS_PER_CHUNK):
        chunk = slice(start, min(start + PERMUTATIONS_PER_CHUNK, permutations))
        copies = np.tile(values, (chunk.stop - chunk.start, 1))  # [chunk, values]
        yield chunk, np.ascontiguousarray(random.permuted(copies, axis=1).T)


def grouping(neurons: Sequence[MarkedNeuron], null: str, permutations: int, seed: int) -> Grouping:
    """Compare Moran's I of a network with a null model.

    Args:
        neurons: the marked points of its neurons.
        null: `N1` or `N2`.
        permutations: draws from the null.
        seed: seed of the draws.

    Returns:
        The comparison. With fewer than `MINIMAL_PAIRS` close pairs all its statistics are not a
        number; where all permutations agree (one sign, one delay), z alone.
    """
    synapses = sum(len(neuron.marks) for neuron in neurons)
    if sum(neuron.close for neuron in neurons) < MINIMAL_PAIRS:
        return Grouping(len(neurons), synapses, math.nan, math.nan, math.nan, math.nan)
    observed = morans_i(neurons)
    draws = NULLS[null](neurons, permutations, np.random.default_rng(seed))
    mean, deviation = float(draws.mean()), float(draws.std(ddof=1))
    if deviation < ROUNDING:
        return Grouping(len(neurons), synapses, observed, mean, 0.0, math.nan)
    z = (observed - mean) / deviation
    return Grouping(len(neurons), synapses, observed, mean, deviation, z)


def nulls_of(dale: str) -> tuple[str, ...]:
    """Return the nulls that are valid: under Dale's principle a sign belongs to its channel."""
    return ("N2",) if dale == "dale" else ("N1", "N2")


def _rows_of_run(runs_folder: Path, run: Run, permutations: int) -> list[list[str]]:
    """Return the rows of one run: networks x nulls.

    Both networks are analysed on the neurons that fire after training, so that they differ in what
    training did and not in who is counted.
    """
    fields = {
        network: receptive_fields(read_network(runs_folder / run.folder / file))
        for network, file in NETWORK_FILES.items()
    }
    fires = ~fields["trained"].silent
    rows = []
    for network, network_fields in fields.items():
        neurons = marked_neurons(network_fields, fires)
        for null in nulls_of(run.dale):
            result = grouping(neurons, null, permutations, run.seed)
            rows.append([*map(str, run), network, null, *map(_cell, result)])
    return rows


def _cell(value: float) -> str:
    return "" if math.isnan(value) else f"{value:.6g}"


def write_grouping(
    config_path: Path, runs_folder: Path, output_csv: Path, permutations: int, processes: int
) -> None:
    """Analyse the networks of every run of a configuration, before and after training.

    Writes one row per run, network (`initial`, `trained`) and null (`N1`, `N2`; under Dale's
    principle `N2` alone), in the order of the grid; `neurons` and `synapses` count what was
    analysed: neurons that fire after training and have at least two synapses. An empty `z` is not
    testable.
    The content does not depend on the number of processes.

    Raises:
        UserError: a run's network is not there, or fewer than 2 permutations or 1 process.
    """
    if permutations < 2 or processes < 1:
        raise UserError(
            f"grouping: {permutations} permutations in {processes} processes; "
            "give at least 2 permutations and 1 process."
        )
    runs = list(load_config(config_path).runs())
    for run in runs:
        for file in NETWORK_FILES.values():
            if not (path := runs_folder / run.folder / file).exists():
                raise UserError(f"{path}: not there; train this run first.")
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as executor:
        results = executor.map(
            _rows_of_run, [runs_folder] * len(runs), runs, [permutations] * len(runs)
        )
        rows = [row for part in tqdm(results, "grouping", len(runs), unit="run") for row in part]
    with replacing(output_csv) as temporary, temporary.open("w", newline="") as table:
        writer = csv.writer(table, lineterminator="\n")
        writer.writerow(COLUMNS)
        writer.writerows(rows)

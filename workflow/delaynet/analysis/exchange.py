"""Are delays and signs used? Accuracy of trained networks after synapses have exchanged them.

Synapses of the first layer exchange their delays, or their signs, as a null model of grouping
permutes them (`grouping.nulls`). Everything else stays as trained: channels, magnitudes of weights,
batch normalisation.

The fall in accuracy shows how much the network needs the order that the exchange removes. Grouping
is only a part of this order: each weight also fits the delay of its synapse, even if delays are
fixed. Compare therefore learned with fixed delays. An exchange of delays keeps a neuron's total
weight from each channel; an exchange of signs does not, and also changes the neuron's mean current.
"""

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
import torch
from tqdm import tqdm

from delaynet.analysis.grouping.nulls import NULLS, changing_nulls
from delaynet.analysis.grouping.permutations import permuted_within
from delaynet.analysis.grouping.points import marked_points
from delaynet.analysis.grouping.receptive_fields import receptive_fields
from delaynet.analysis.reads import files_of_runs
from delaynet.analysis.tables import write_table
from delaynet.config.files import require
from delaynet.config.grid import Run, RunSettings, load_config
from delaynet.data.dataset import Clips, load_splits
from delaynet.data.processes import in_order
from delaynet.model.dale import obeys_dale
from delaynet.training.controls import apply_control
from delaynet.training.device import flush_denormals
from delaynet.training.evaluation import evaluate, rebuild
from delaynet.training.run_folder import SavedNetwork, read_network, read_summary

EXCHANGES = ("signs_within_neuron", "delays_within_neuron", "delays_within_sign")
NO_EXCHANGE = "none"
DRAWS = 10  # networks per exchange


class Accuracy(NamedTuple):
    """Accuracy of a trained network on the test clips, in percent.

    Attributes:
        null: the null model of the exchange, or `NO_EXCHANGE`.
        rounded: `yes` if delays are rounded, as in every evaluation; `no` with the kernels of the
            epoch that the network is from.
        draws: number of networks with exchanged synapses.
        accuracy: their mean.
        fall: accuracy without exchange, delays rounded, minus this accuracy.
    """

    null: str
    rounded: str
    draws: int
    accuracy: float
    fall: float


COLUMNS = (*Run._fields, *Accuracy._fields)


def exchanged(network: SavedNetwork, null: str, draws: int, seed: int) -> Iterator[SavedNetwork]:
    """Yield networks after an exchange in the first layer by a null model, one of `EXCHANGES`."""
    layer = network.layers[0]
    fields = receptive_fields(network, "fed")
    neurons = len(fields.weight)
    # the index of every synapse in the layer's arrays, in place of its delay
    place = np.arange(layer.weight.size).reshape(layer.weight.shape)  # [S, neurons, channels]
    places = np.moveaxis(place, 0, 1).reshape(neurons, -1)  # [neurons, S x channels]
    points = marked_points(replace(fields, delay=places), np.ones(neurons, bool))
    weight, delay = layer.weight.ravel(), layer.delay.ravel()
    for _, permuted in permuted_within(points, NULLS[null].within, draws, seed):
        for other in permuted.T:  # [synapses]
            new_weight, new_delay = weight.copy(), delay.copy()
            if NULLS[null].permutes == "sign":
                new_weight[points.delay] = np.copysign(weight[points.delay], weight[other])
            else:
                new_delay[points.delay] = delay[other]
            shape = layer.weight.shape
            new = replace(layer, weight=new_weight.reshape(shape), delay=new_delay.reshape(shape))
            yield replace(network, layers=[new, *network.layers[1:]])


def accuracies(
    network: SavedNetwork, settings: RunSettings, clips: Clips, sigma: float, draws: int
) -> list[Accuracy]:
    """Return the accuracy of a network without exchange, and after each of `exchanges_of`.

    `sigma` is the width of the kernels in the epoch that the network is from; 0 for rounded delays.
    """

    def accuracy(network: SavedNetwork, sigma: float = 0.0) -> float:
        module = rebuild(network, settings.model)
        return 100 * evaluate(module, clips, sigma).accuracy(settings.training)

    trained = accuracy(network)
    found = [Accuracy(NO_EXCHANGE, "yes", 1, trained, 0.0)]
    if sigma > 0:
        unrounded = accuracy(network, sigma)
        found.append(Accuracy(NO_EXCHANGE, "no", 1, unrounded, trained - unrounded))
    for null in exchanges_of(settings):
        drawn = [accuracy(other) for other in exchanged(network, null, draws, settings.seed)]
        mean = float(np.mean(drawn))
        found.append(Accuracy(null, "yes", draws, mean, trained - mean))
    return found


def exchanges_of(settings: RunSettings) -> list[str]:
    """Return the exchanges that are valid for a run and change its network."""
    changing = changing_nulls(obeys_dale(settings), settings.delays != "none")
    return [null for null in EXCHANGES if null in changing]


def _accuracies_of_run(
    runs_folder: Path, features: Path, draws: int, settings: RunSettings
) -> list[Accuracy]:
    """Return the accuracies of a run, on the clips that it was tested on."""
    # sums of several threads differ in their last digits
    torch.set_num_threads(1)
    folder, training = runs_folder / settings.run.folder, settings.training
    splits = load_splits(features, training.validation_speakers, torch.device("cpu"), settings.seed)
    clips = apply_control(splits, training.data, settings.seed).test
    with flush_denormals():
        network, sigma = read_network(folder / "network.h5"), read_summary(folder)["sigma"]
        return accuracies(network, settings, clips, sigma, draws)


def write_exchange(
    config_path: Path,
    runs_folder: Path,
    features: Path,
    output: Path,
    processes: int,
    draws: int = DRAWS,
) -> None:
    """Write the accuracies of every run of a configuration as CSV, in the order of the grid.

    One row per run and `Accuracy`. The result does not depend on the number of processes.

    Raises:
        UserError: a run or the features file is missing.
    """
    config = load_config(config_path)
    for path in files_of_runs("exchange", config, runs_folder):
        require(path)
    tasks = [config.resolve(run) for run in config.runs()]
    work = partial(_accuracies_of_run, runs_folder, features, draws)
    results = tqdm(in_order(work, tasks, processes), "exchange", len(tasks), unit="run")
    rows = [
        (*settings.run, *accuracy)
        for settings, found in zip(tasks, results, strict=True)
        for accuracy in found
    ]
    write_table(pd.DataFrame(rows, columns=COLUMNS), output)

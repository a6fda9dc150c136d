"""Does rewiring choose delays, or make them useful? Its structures, static and trained anew.

A network that rewiring found gives connections, signs and delays. All weights are drawn anew, with
these signs at the start, and trained with the structure static. Delays differ, and inputs:

    found       as rewiring found them
    exchanged   delays permuted among the synapses of each neuron, in both layers
    none        all delays zero
    drawn       exchanged, and the synapses of the first layer at channels drawn at random, as many
                for each neuron as rewiring found
    drawn_none  the same synapses, all delays zero

And where rewiring had no delays to choose among:

    without       connections and signs of a network found without delays, delays drawn at random
    without_none  the same synapses, all delays zero
"""

from functools import partial
from pathlib import Path
from typing import NamedTuple

import pandas as pd
import torch
from torch import Tensor

from delaynet.config.grid import Config, Run, RunSettings
from delaynet.data.dataset import load_splits
from delaynet.model.network import DelayNetwork, LayerArrays
from delaynet.training.initial import initial_delays, initial_magnitudes
from delaynet.training.randomness import generator
from delaynet.training.run_folder import SavedNetwork, read_network, read_summary
from study.training import is_finished, train_all, train_into

CHANGES = ("found", "exchanged", "none", "drawn", "drawn_none", "without", "without_none")
SPARSITY = "0.9375"
# added to a seed for the draws of the second training
NEW_DRAWS = 1000


class Retraining(NamedTuple):
    """A network that rewiring found, to be trained anew.

    Attributes:
        seed: of the run that found it.
        change: one of `CHANGES`.
    """

    seed: int
    change: str

    @property
    def has_delays(self) -> bool:
        """Whether it has delays."""
        return not self.change.endswith("none")

    @property
    def folder(self) -> str:
        """Where its results are, below the folder of all."""
        return f"{self.change}/seed-{self.seed}"

    @property
    def found_by(self) -> Run:
        """The run that found it."""
        delays = "none" if self.change.startswith("without") else "fixed"
        return Run(delays, "deep_r_rigl", "free", SPARSITY, self.seed)

    def settings(self, config: Config) -> RunSettings:
        """Return the settings to train it anew with."""
        delays = "fixed" if self.has_delays else "none"
        seed = self.seed + NEW_DRAWS
        return config.resolve(Run(delays, "static_connected", "free", SPARSITY, seed))


def permuted_within_neurons(delay: Tensor, mask: Tensor, stream: torch.Generator) -> Tensor:
    """Return delays permuted among the synapses of each neuron, all orders equally likely.

    Args:
        delay: in steps, [synapses, out, in].
        mask: the connections, bool, same shape.
        stream: of random numbers.
    """
    permuted = delay.clone()
    for neuron in range(delay.shape[1]):
        of_neuron = delay[:, neuron][mask[:, neuron]]
        order = torch.randperm(len(of_neuron), generator=stream)
        permuted[:, neuron][mask[:, neuron]] = of_neuron[order]
    return permuted


def network_to_retrain(found: SavedNetwork, one: Retraining, settings: RunSettings) -> DelayNetwork:
    """Return the untrained network with the connections and signs of a trained one.

    Args:
        found: the trained network.
        one: what changes.
        settings: of the second training.
    """
    purposes = ("weight", "delay", "channels")
    weights, exchanges, channels = (generator(settings.seed, name) for name in purposes)
    layers = []
    for index, layer in enumerate(found.layers):
        delay, mask = torch.from_numpy(layer.delay), torch.from_numpy(layer.mask)
        sign = torch.from_numpy(layer.weight).sign()
        if one.change == "without":
            delay = initial_delays(settings, mask.shape, exchanges)
        elif one.change != "found":
            delay = permuted_within_neurons(delay, mask, exchanges)
        if one.change.startswith("drawn") and index == 0:
            order = torch.rand(mask.shape, generator=channels).argsort(2)
            delay, mask, sign = (values.gather(2, order) for values in (delay, mask, sign))
        if not one.has_delays:
            delay = torch.zeros_like(delay)
        is_output = index == len(found.layers) - 1
        magnitude = initial_magnitudes(settings, mask, is_output, weights)
        layers.append(LayerArrays(magnitude * sign, delay, mask, torch.zeros_like(sign)))
    return DelayNetwork(layers, settings.model, learn_delays=False)


def retrain(
    config: Config, runs_folder: Path, features: Path, output: Path, one: Retraining
) -> None:
    """Train one network anew and write its run folder."""
    torch.set_num_threads(1)
    settings = one.settings(config)
    found = read_network(runs_folder / one.found_by.folder / "network.h5")
    speakers = settings.training.validation_speakers
    # the speaker left out, if any, is that of the network found
    splits = load_splits(features, speakers, torch.device("cpu"), one.seed)
    network = network_to_retrain(found, one, settings)
    train_into(output / one.folder, network, settings, splits)


def retrain_all(config: Config, results: Path, processes: int) -> None:
    """Train anew every structure that rewiring found and that is not done.

    Args:
        config: of the study.
        results: of the study, with its runs and features file.
        processes: how many trainings at once.
    """
    runs_folder, output = results / "runs", results / "retrained"
    seeds = sorted({run.seed for run in config.runs()})
    tasks = [
        one
        for seed in seeds
        for one in (Retraining(seed, change) for change in CHANGES)
        if is_finished(runs_folder / one.found_by.folder) and not is_finished(output / one.folder)
    ]
    work = partial(retrain, config, runs_folder, results / "features.h5", output)
    train_all(tasks, work, processes, "structures trained anew")


def finished_retrainings(config: Config, results: Path, measure: str) -> pd.DataFrame:
    """Return `seed`, `change` and `accuracy`, in percent, of what is finished.

    Args:
        config: of the study.
        results: of the study.
        measure: as in `study.finished_runs`.
    """
    seeds = sorted({run.seed for run in config.runs()})
    all_of_them = (Retraining(seed, change) for seed in seeds for change in CHANGES)
    rows = [
        one._asdict() | {"accuracy": 100 * read_summary(folder)[measure]}
        for one in all_of_them
        if is_finished(folder := results / "retrained" / one.folder)
    ]
    return pd.DataFrame(rows, columns=[*Retraining._fields, "accuracy"])

"""Is joint grouping used? Maps of trained networks, kept or exchanged, with weights trained anew.

A dense network with learned delays gives the signs and the rounded delays of its first layer. Both
are kept while everything else is trained anew: magnitudes, and an output layer with random, fixed
delays. Four kinds of maps:

    found               as trained
    exchanged           delays permuted among the synapses of each neuron that have one sign
    mirrored            the order of the channels reversed: grouped as before, at other sounds
    mirrored_exchanged  both

An exchange keeps the sign of each channel and the delays of each sign, and takes the joint grouping
away. Where maps are mirrored they do not fit the sounds, kept or exchanged, so the difference is
what grouping is worth as such.
"""

from functools import partial
from pathlib import Path
from typing import NamedTuple

import pandas as pd
import torch
from torch import Tensor

from delaynet.analysis.grouping.receptive_fields import receptive_fields
from delaynet.config.grid import Config, Run, RunSettings
from delaynet.data.dataset import load_splits
from delaynet.model.network import DelayNetwork, LayerArrays
from delaynet.training.initial import initial_magnitudes, initial_network
from delaynet.training.randomness import generator
from delaynet.training.run_folder import SavedNetwork, read_network, read_summary
from study.grouping import joint_effect
from study.retrained import NEW_DRAWS, permuted_within_neurons
from study.study import summarise
from study.training import is_finished, train_all, train_into

MAPS = ("found", "exchanged", "mirrored", "mirrored_exchanged")
# after a hundred, all kinds of maps are close to 100 %
EPOCHS = (10, 100)
SEEDS_OF_100_EPOCHS = range(100, 105)


class WithMap(NamedTuple):
    """A network to be trained with the map of a trained one.

    Attributes:
        seed: of the trained network.
        map: one of `MAPS`.
        epochs: for how many.
    """

    seed: int
    map: str
    epochs: int

    @property
    def folder(self) -> str:
        """Where its results are, below the folder of all."""
        return f"{self.map}/epochs-{self.epochs}/seed-{self.seed}"

    @property
    def found_by(self) -> Run:
        """The run of the trained network."""
        return Run("learned", "dense", "free", "0", self.seed)

    def settings(self, config: Config) -> RunSettings:
        """Return the settings to train it with."""
        settings = config.resolve(Run("fixed", "dense", "free", "0", self.seed + NEW_DRAWS))
        training = settings.training.model_copy(update={"epochs": self.epochs})
        # a negative gain would reverse the signs of a neuron's inputs
        model = settings.model.model_copy(update={"positive_gain": True})
        return settings.model_copy(update={"training": training, "model": model})


def exchanged_within_sign(delay: Tensor, sign: Tensor, stream: torch.Generator) -> Tensor:
    """Return delays permuted among the synapses of each neuron that have one sign.

    Args:
        delay: in steps, [synapses, out, in].
        sign: -1 or 1, same shape.
        stream: of random numbers.
    """
    for one in (-1, 1):
        delay = permuted_within_neurons(delay, sign == one, stream)
    return delay


def map_of(found: SavedNetwork, name: str, stream: torch.Generator) -> tuple[Tensor, Tensor]:
    """Return rounded delays in steps, and effective signs, both [1, out, in].

    Args:
        found: the trained network, with one synapse per pair.
        name: one of `MAPS`.
        stream: of random numbers, for the exchange.
    """
    fields = receptive_fields(found)
    delay, sign = (torch.from_numpy(of).float()[None] for of in (fields.delay, fields.sign))
    if name.endswith("exchanged"):
        delay = exchanged_within_sign(delay, sign, stream)
    if name.startswith("mirrored"):
        delay, sign = delay.flip(2), sign.flip(2)
    return delay, sign


def network_with_map(
    found: SavedNetwork, one: WithMap, settings: RunSettings, classes: int
) -> DelayNetwork:
    """Return the untrained network that keeps signs and delays of a map in its first layer."""
    delay, sign = map_of(found, one.map, generator(settings.seed, "channels"))
    mask = torch.ones_like(sign, dtype=torch.bool)
    magnitude = initial_magnitudes(settings, mask, False, generator(settings.seed, "weight"))
    output = initial_network(settings, mask.shape[2], classes).layers[-1]
    layers = [
        LayerArrays(magnitude * sign, delay, mask, sign),
        LayerArrays(output.weight.detach(), output.delay.detach(), output.mask, output.sign),
    ]
    return DelayNetwork(layers, settings.model, learn_delays=False)


def networks_to_train(config: Config) -> list[WithMap]:
    """Return what is planned: ten epochs for all seeds, a hundred for five."""
    seeds = sorted({run.seed for run in config.runs()})
    return [
        WithMap(seed, name, epochs)
        for epochs in EPOCHS
        for seed in seeds
        for name in MAPS
        if epochs == EPOCHS[0] or seed in SEEDS_OF_100_EPOCHS
    ]


def train_with_map(config: Config, results: Path, one: WithMap) -> None:
    """Train one network and write its run folder."""
    torch.set_num_threads(1)
    settings = one.settings(config)
    found = read_network(results / "runs" / one.found_by.folder / "network.h5")
    speakers = settings.training.validation_speakers
    # the speaker left out, if any, is that of the trained network
    splits = load_splits(results / "features.h5", speakers, torch.device("cpu"), one.seed)
    network = network_with_map(found, one, settings, splits.classes)
    train_into(results / "used" / one.folder, network, settings, splits)


def train_with_maps(config: Config, results: Path, processes: int) -> None:
    """Train what is planned and not done, where the network that gives the map is there.

    Args:
        config: of the study.
        results: of the study, with its runs and features file.
        processes: how many trainings at once.
    """
    tasks = [
        one
        for one in networks_to_train(config)
        if is_finished(results / "runs" / one.found_by.folder)
        and not is_finished(results / "used" / one.folder)
    ]
    train_all(tasks, partial(train_with_map, config, results), processes, "maps kept or exchanged")


def accuracy_with_maps(config: Config, results: Path, measure: str) -> pd.DataFrame:
    """Return what is finished: the fields of `WithMap`, `accuracy` in percent, `effect`.

    The effect on Moran's I is that of joint grouping after the training with the map.

    Args:
        config: of the study.
        results: of the study.
        measure: as in `study.finished_runs`.
    """
    rows = []
    for one in networks_to_train(config):
        if is_finished(folder := results / "used" / one.folder):
            effect = joint_effect(read_network(folder / "network.h5"), one.seed)
            accuracy = 100 * read_summary(folder)[measure]
            rows.append(one._asdict() | {"accuracy": accuracy, "effect": effect})
    return pd.DataFrame(rows, columns=[*WithMap._fields, "accuracy", "effect"])


def what_grouping_is_worth(accuracies: pd.DataFrame, speakers: int | None = None) -> pd.DataFrame:
    """Return differences in accuracy between kept and exchanged maps, in points, by epochs.

    Args:
        accuracies: see `accuracy_with_maps`.
        speakers: see `study.summarise`.

    Returns:
        A row for each number of epochs and estimate: `epochs`, `name`, and as `study.estimates`.
    """
    rows = []
    for epochs, own in accuracies.groupby("epochs"):
        by_map = own.pivot(index="seed", columns="map", values="accuracy").reindex(columns=MAPS)
        fitting = by_map["found"] - by_map["exchanged"]
        mirrored = by_map["mirrored"] - by_map["mirrored_exchanged"]
        for name, difference in (
            ("found minus exchanged", fitting),
            ("mirrored minus mirrored and exchanged", mirrored),
            ("difference of these two", fitting - mirrored),
        ):
            if found := summarise(difference, speakers):
                rows.append({"epochs": epochs, "name": name, "is_primary": False} | found)
    return pd.DataFrame(rows).rename(columns={"mean": "effect"})

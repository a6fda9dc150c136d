"""The run folder: the files of a finished training, and how to write and read them.

    results/runs/<condition>/<delays>-<structure>-<free|dale>/sparsity-<p>/seed-<n>/
        settings.json    the resolved settings of the run (`delaynet.config.grid.RunSettings`)
        metrics.csv      one row per epoch
        initial.h5       the network before training
        network.h5       the network of the selected epoch
        predictions.csv  filename, label, prediction of every test clip
        summary.json     accuracy and activity of the network on the test clips

A network file is HDF5 and needs only h5py to read. Its attributes are the grid point (`delays`,
`structure`, `signs`, `sparsity`, `seed`, `condition`), `epoch`, `max_delay`, `step_milliseconds`
and `mel_channel` [channels] int64: the mel channel (of the features file) that each input carries,
which is its own index unless `training.data` is `permuted_channels`. Its groups `layer_0`,
`layer_1`, .. hold, with S synapses per pair:

    weight            [S, postsynaptic, presynaptic] float32, signed; 0 where there is no connection
    delay             [S, postsynaptic, presynaptic] float32, in steps, as trained; analysis rounds
    mask              [S, postsynaptic, presynaptic] bool, the connections
    sign              [S, postsynaptic, presynaptic] int8, the fixed sign; 0 where a sign is free
    firing_rate       [postsynaptic] float32, spikes per step over the test clips (hidden layers)
    gain, bias, running_mean, running_variance
                      [postsynaptic] float32, batch-norm on the input current (hidden layers)
"""

import csv
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from delaynet.config.files import readable, reading_hdf5, replacing, replacing_hdf5
from delaynet.config.grid import RunSettings, parse_settings

RUN_FILES = (
    "settings.json",
    "metrics.csv",
    "initial.h5",
    "network.h5",
    "predictions.csv",
    "summary.json",
)

FloatArray = NDArray[np.float32]
CONNECTION_ARRAYS = ("weight", "delay", "mask", "sign")
NEURON_ARRAYS = ("gain", "bias", "running_mean", "running_variance", "firing_rate")


@dataclass(frozen=True)
class SavedLayer:
    """One layer of a saved network; shapes and units as in the module's description."""

    weight: FloatArray
    delay: FloatArray
    mask: NDArray[np.bool_]
    sign: NDArray[np.int8]
    gain: FloatArray | None = None
    bias: FloatArray | None = None
    running_mean: FloatArray | None = None
    running_variance: FloatArray | None = None
    firing_rate: FloatArray | None = None


@dataclass(frozen=True)
class SavedNetwork:
    """A saved network: its layers from the input on, and the file's attributes."""

    layers: Sequence[SavedLayer]
    attributes: Mapping[str, Any] = field(default_factory=dict)


class EpochMetrics(NamedTuple):
    """One row of `metrics.csv`; accuracies are shares, losses are means over clips."""

    epoch: int
    sigma: float
    learning_rate: float
    training_loss: float
    training_accuracy: float
    validation_loss: float
    validation_accuracy: float
    firing_rate: float
    turnover: float
    seconds: float


def write_network(path: Path, network: SavedNetwork) -> None:
    """Write a network file; the same network gives the same bytes."""
    with replacing_hdf5(path) as file:
        for name, value in sorted(network.attributes.items()):
            file.attrs[name] = value
        for index, layer in enumerate(network.layers):
            group = file.create_group(f"layer_{index}")
            for name in CONNECTION_ARRAYS + NEURON_ARRAYS:
                if (values := getattr(layer, name)) is not None:
                    group.create_dataset(name, data=values)
            for name in CONNECTION_ARRAYS:
                group[name].attrs["axes"] = "synapse, postsynaptic, presynaptic"
            group["delay"].attrs["unit"] = "steps"


def read_network(path: Path) -> SavedNetwork:
    """Read a network file.

    Raises:
        UserError: it is damaged, or another file.
    """
    with reading_hdf5(path, "a network") as file:
        groups = [file[f"layer_{index}"] for index in range(len(file))]
        layers = [SavedLayer(**{name: group[name][()] for name in group}) for group in groups]
        return SavedNetwork(layers, dict(file.attrs))


def write_metrics(path: Path, metrics: Iterable[EpochMetrics]) -> None:
    """Write one row per epoch."""
    with replacing(path) as temporary, temporary.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(EpochMetrics._fields)
        writer.writerows([f"{value:.6g}" for value in row] for row in metrics)


def write_predictions(
    path: Path, filenames: Sequence[str], labels: Sequence[int], predictions: Sequence[int]
) -> None:
    """Write the network's prediction for every test clip."""
    with replacing(path) as temporary, temporary.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(("filename", "label", "prediction"))
        writer.writerows(zip(filenames, labels, predictions, strict=True))


def write_json(path: Path, content: Mapping[str, Any]) -> None:
    """Write a JSON object with sorted keys."""
    with replacing(path) as temporary:
        temporary.write_text(json.dumps(content, indent=2, sort_keys=True) + "\n", encoding="utf-8")


def read_settings(folder: Path) -> RunSettings:
    """Read the resolved settings of a run.

    Raises:
        UserError: they are damaged.
    """
    path = folder / "settings.json"
    with readable(path, "settings"):
        settings: RunSettings = parse_settings(RunSettings, path.read_text(encoding="utf-8"))
    return settings


def read_summary(folder: Path) -> dict[str, Any]:
    """Read the summary of a run: accuracy and activity on the test clips.

    Raises:
        UserError: it is damaged.
    """
    path = folder / "summary.json"
    with readable(path, "a summary"):
        summary: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return summary

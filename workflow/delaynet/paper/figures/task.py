"""The task: one test clip as audio, features, spikes of the hidden layer, and output."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import seaborn
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from delaynet.config.files import require
from delaynet.data.features.audio import read_audio
from delaynet.data.reading import open_features, read_table
from delaynet.model.network import class_evidence
from delaynet.paper.figures import style
from delaynet.paper.figures.loading import Results
from delaynet.training.evaluation import rebuild, respond
from delaynet.training.run_folder import read_network, read_settings

Array = NDArray[np.float32]


@dataclass(frozen=True)
class Task:
    """What the figure shows of one clip.

    Attributes:
        audio: mono samples, [samples]; None if the input is spikes.
        sample_rate: in Hz; 0 without audio.
        features: input current, [frames, bands].
        spikes: of the first hidden layer, 0 or 1, [frames, neurons].
        voltage: of the output neurons, in units of the hidden neurons' threshold,
            [frames, classes].
        evidence: sum of softmax(voltage) over time, in steps, [classes].
    """

    audio: Array | None
    sample_rate: int
    features: Array
    spikes: Array
    voltage: Array
    evidence: Array
    label: int
    speaker: str
    label_names: list[str]
    step_milliseconds: float
    corpus_name: str
    channel_name: str


def load(results: Results) -> Task:
    """Run one network on the first test clip that it classified correctly, or else on the first."""
    (run,) = results.runs
    filename = _example(results.file(run, "predictions.csv"))
    path = require(results.folder / "features.h5")
    table = read_table(path)
    row = list(table.filename).index(filename)
    features = open_features(path)[row]  # [frames, bands]
    model = read_settings(results.file(run, "settings.json").parent).model
    saved = read_network(results.file(run, "network.h5"))
    fed = torch.from_numpy(features)[:, saved.attributes["mel_channel"]]  # [T, bands]
    response = respond(rebuild(saved, model), fed[:, None])
    audio, rate = None, 0
    if results.corpus is not None:
        audio, rate = read_audio(results.corpus / table.corpus_audio / filename)
    return Task(
        audio=audio,
        sample_rate=rate,
        features=features,
        spikes=response.spikes[0][:, 0].numpy(),
        voltage=response.voltage[:, 0].numpy(),
        evidence=class_evidence(response.voltage)[0].numpy(),
        label=int(table.label[row]),
        speaker=str(table.speaker[row]),
        label_names=table.label_names,
        step_milliseconds=table.step_milliseconds,
        corpus_name=table.corpus_name,
        channel_name=table.channel_name,
    )


def _example(predictions: Path) -> str:
    """Return the file name of the first clip that was classified correctly, or else the first."""
    rows = pd.read_csv(predictions, dtype=str, keep_default_na=False)
    right = rows[rows["label"] == rows["prediction"]]
    return str(pd.concat([right, rows])["filename"].iloc[0])


@style.styled
def draw(data: Task) -> Figure:
    """Draw the signals from sound to output on one time axis, and the evidence for each class."""
    figure = style.new_figure(72)
    rows = {_draw_audio: 0.6, _draw_features: 1, _draw_spikes: 1.2, _draw_voltage: 1}
    if data.audio is None:
        del rows[_draw_audio]
    grid = figure.add_gridspec(
        len(rows), 2, width_ratios=(3.2, 1), height_ratios=list(rows.values())
    )
    first = figure.add_subplot(grid[0, 0])
    panels = [
        first,
        *(figure.add_subplot(grid[row, 0], sharex=first) for row in range(1, len(rows))),
    ]
    evidence = figure.add_subplot(grid[:, 1])
    for axes, letter in zip([*panels, evidence], "abcde", strict=False):
        style.panel_title(axes, letter)
    duration = len(data.features) * data.step_milliseconds
    first.set_xlim(0, duration)
    for axes in panels[:-1]:
        axes.tick_params(labelbottom=False)
    for axes, draw_panel in zip(panels, rows, strict=True):
        draw_panel(axes, data)
    _draw_evidence(evidence, data)
    word = f"“{data.label_names[data.label]}”, speaker {data.speaker}"
    style.note(panels[0], f"{word}; {data.corpus_name}")
    figure.align_ylabels(panels)
    return figure


def _draw_audio(axes: Axes, data: Task) -> None:
    assert data.audio is not None
    time = 1000 * np.arange(len(data.audio)) / data.sample_rate
    axes.plot(time, data.audio, color="black", linewidth=0.4)
    axes.set_ylabel("amplitude")
    axes.set_yticks([])


def _draw_features(axes: Axes, data: Task) -> None:
    duration = len(data.features) * data.step_milliseconds
    image = axes.imshow(
        data.features.T,
        aspect="auto",
        origin="lower",
        interpolation="nearest",
        cmap="Greys",
        extent=(0, duration, -0.5, data.features.shape[1] - 0.5),
    )
    bar = axes.figure.colorbar(image, ax=axes, pad=0.01, fraction=0.03)
    bar.set_label("input current")
    axes.set_ylabel(data.channel_name)


def _draw_spikes(axes: Axes, data: Task) -> None:
    step, neuron = np.nonzero(data.spikes)
    axes.plot(
        (step + 0.5) * data.step_milliseconds,
        neuron,
        linestyle="",
        marker="|",
        markersize=1.6,
        markeredgewidth=0.6,
        color="black",
    )
    axes.set_ylim(-0.5, data.spikes.shape[1] - 0.5)
    axes.set_ylabel("hidden neuron")


def _draw_voltage(axes: Axes, data: Task) -> None:
    time = (np.arange(len(data.voltage)) + 0.5) * data.step_milliseconds
    axes.plot(time, data.voltage, color="#BBBBBB", linewidth=0.6)
    word = data.label_names[data.label]
    axes.plot(time, data.voltage[:, data.label], color=style.EXCITATORY, label=f"“{word}”")
    axes.legend(loc="lower left")
    axes.set_ylabel("output voltage\n(thresholds)")
    axes.set_xlabel("time (ms)")


def _draw_evidence(axes: Axes, data: Task) -> None:
    is_said = np.arange(len(data.evidence)) == data.label
    seaborn.barplot(
        x=data.evidence,
        y=data.label_names,
        hue=is_said,
        palette={True: style.EXCITATORY, False: "#BBBBBB"},
        saturation=1,
        width=0.7,
        legend=False,
        ax=axes,
    )
    axes.tick_params(left=False)
    axes.set_xlabel("evidence (steps)")

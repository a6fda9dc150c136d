"""Result folders in the real file formats, for a tiny and for a large grid."""

import json
from itertools import pairwise
from pathlib import Path
from zlib import crc32

import numpy as np
import pytest
import soundfile
import yaml
from example_results import exchange_table

from delaynet.analysis.grouping.grouping import write_grouping
from delaynet.analysis.grouping.power import write_power
from delaynet.analysis.tables import write_table
from delaynet.config.grid import parse_config
from delaynet.config.settings import CorpusSettings
from delaynet.data.corpus.check import check_corpus
from delaynet.data.corpus.layout import audio_path, digit_clip, list_path, write_filenames
from delaynet.data.corpus.report import write_report
from delaynet.data.features.writing import write_features
from delaynet.training.run_folder import (
    EpochMetrics,
    SavedLayer,
    SavedNetwork,
    write_json,
    write_metrics,
    write_network,
    write_predictions,
)

ROOT = Path(__file__).parents[3]
# 31 neurons that fire, of 12 synapses each, have enough pairs to be tested
SMALL = {"corpus": {"trials": 1}, "features": {"bands": 12}, "model": {"hidden": [32]}}
TINY = SMALL | {
    "name": "tiny",
    "training": {"epochs": 2},
    "grid": [
        {"delays": ["learned"], "structure": ["dense"]},
        {
            "delays": ["fixed"],
            "structure": ["deep_r_rigl"],
            "signs": ["dale"],
            "sparsity": ["0.9375"],
        },
    ],
    "seeds": 1,
}
STATIC = SMALL | {
    "name": "static",
    "training": {"epochs": 1},
    "grid": [{"delays": ["fixed"], "structure": ["static"], "sparsity": ["0.5"]}],
    "seeds": 1,
}
PERMUTED = TINY | {
    "name": "permuted",
    "training": {"epochs": 2, "data": "permuted_channels"},
    "grid": [{"delays": ["learned"], "structure": ["dense"]}],
}
CLASSES = 2
PERMUTATIONS, NETWORKS = 20, 4  # of the tables of grouping and power: few, so that it is fast
LARGE = SMALL | {
    "name": "large",
    "training": {"epochs": 30},
    "grid": [
        {
            "delays": ["none", "fixed", "learned", "frozen"],
            "structure": ["dense"],
            "signs": ["free", "dale"],
        },
        {
            "delays": ["none", "fixed", "learned", "frozen"],
            "structure": ["static", "static_connected", "deep_r", "deep_r_rigl"],
            "signs": ["free", "dale"],
            "sparsity": [str(1 - 2**-k) for k in (1, 2, 9)],
        },
        {"delays": ["fixed", "learned"], "structure": ["magnitude"], "sparsity": ["0.75"]},
        {
            "delays": ["learned"],
            "structure": ["dense"],
            "signs": ["free", "dale"],
            "condition": ["shuffled_labels", "permuted_channels", "l1_0_001"],
            "seeds": 3,
        },
    ],
    "conditions": {
        "l1_0_001": {"training": {"l1": 0.001}},
        "permuted_channels": {"training": {"data": "permuted_channels"}},
        "shuffled_labels": {"training": {"data": "shuffled_labels"}},
    },
    "seeds": 2,
}


def write_results(folder, content):
    """Write what a figure reads: configuration, corpus, features and every run's folder."""
    config = parse_config(content)
    write_json(folder / "config.json", content)
    filenames = _write_corpus(folder / "corpus")
    report = check_corpus(folder / "corpus", CorpusSettings(source="folder"))
    write_report(report, folder / "corpus_report.json")
    write_features(folder / "corpus", report, folder / "features.h5", config.features)
    for run in config.runs():
        _write_run(folder / "runs" / run.folder, config.resolve(run), config, filenames)
    tables = [folder / "grouping.csv", folder / "grouping_maps.h5"]
    write_grouping(folder / "config.json", folder / "runs", *tables, PERMUTATIONS, 1)
    write_power(folder / "power.csv", NETWORKS)
    (folder / "tables").mkdir()
    write_table(exchange_table(config), folder / "tables" / "exchange.csv")
    return folder


def _write_corpus(folder):
    """Write four clips of tones, and return the names of the two test clips."""
    clips = [digit_clip("english", speaker, 0, digit) for speaker in (0, 4) for digit in (1, 7)]
    (folder / "audio").mkdir(parents=True)
    write_json(folder / "corpus.json", {"name": "tones", "source": "folder"})
    time = np.arange(11025) / 22050
    for index, clip in enumerate(clips):
        tone = np.sin(2 * np.pi * (300 + 200 * index + 3000 * time * (-1) ** index) * time)
        soundfile.write(audio_path(folder, clip), 0.5 * tone * np.hanning(len(tone)), 22050)
    write_filenames(list_path(folder, "train"), clips[:2])
    write_filenames(list_path(folder, "test"), clips[2:])
    return [clip.filename for clip in clips[2:]]


def _write_run(folder, settings, config, filenames):
    run = settings.run
    random = np.random.default_rng(crc32(run.folder.encode()))
    write_json(folder / "settings.json", json.loads(settings.model_dump_json()))
    initial, trained = _networks(settings, config.features.bands, random)
    write_network(folder / "initial.h5", initial)
    write_network(folder / "network.h5", trained)
    write_metrics(folder / "metrics.csv", _metrics(settings.training.epochs, random))
    write_predictions(folder / "predictions.csv", filenames, [1, 7], [2, 7])
    accuracy = round(float(random.uniform(0.3, 0.9) * (1 - float(run.sparsity) ** 8)), 4)
    write_json(
        folder / "summary.json",
        {"test_accuracy": accuracy, "corpus_name": "tones", "classes": CLASSES},
    )


def _networks(settings, bands, random):
    """Return a random network, and one with other delays, rewired where the variant rewires."""
    sizes = [bands, *settings.model.hidden, CLASSES]
    before, after = [], []
    for presynaptic, postsynaptic in pairwise(sizes):
        shape = (1, postsynaptic, presynaptic)
        count = max(1, round((1 - float(settings.sparsity)) * presynaptic * postsynaptic))
        mask = np.zeros(shape, bool)
        mask.flat[random.permutation(mask.size)[:count]] = True
        moved = random.permuted(mask, axis=2) if settings.structure.startswith("deep_r") else mask
        delay = random.uniform(0, 24, shape) * (settings.delays != "none")
        learned = (delay + random.normal(0, 3, shape)).clip(0, 24)
        weight = random.normal(0, 1.5, shape)
        is_hidden = postsynaptic != sizes[-1]
        before.append(_layer(weight * mask, delay, mask, is_hidden))
        delay = learned if settings.delays == "learned" else delay
        after.append(_layer(weight * moved, delay, moved, is_hidden))
    attributes = settings.run._asdict() | {
        "max_delay": 25,
        "mel_channel": _mel_channel(settings, bands),
        "step_milliseconds": 10.0,
    }
    return SavedNetwork(before, attributes), SavedNetwork(after, attributes)


def _mel_channel(settings, bands):
    is_permuted = settings.training.data == "permuted_channels"
    return np.random.default_rng(0).permutation(bands) if is_permuted else np.arange(bands)


def _layer(weight, delay, mask, is_hidden):
    neurons = weight.shape[1]
    ones = np.ones(neurons, np.float32)
    norm = {"gain": ones, "bias": 0 * ones, "running_mean": 0 * ones, "running_variance": ones}
    rate = {"firing_rate": (np.arange(neurons) / 50).astype(np.float32)}  # the first is silent
    return SavedLayer(
        weight.astype(np.float32),
        delay.astype(np.float32),
        mask,
        np.zeros(mask.shape, np.int8),
        **(norm | rate if is_hidden else {}),
    )


def _metrics(epochs, random):
    for epoch in range(1, epochs + 1):
        gain = 0.8 * (1 - np.exp(-epoch / 8)) + random.normal(0, 0.02)
        yield EpochMetrics(
            epoch, 1.0, 1e-3, 3 - 2.5 * gain, gain + 0.05, 3 - 2 * gain, gain + 0.02, 0.05, 0, 1.0
        )


@pytest.fixture(scope="session")
def tiny(tmp_path_factory):
    return write_results(tmp_path_factory.mktemp("tiny"), TINY)


@pytest.fixture(scope="session")
def static(tmp_path_factory):
    return write_results(tmp_path_factory.mktemp("static"), STATIC)


@pytest.fixture(scope="session")
def large(tmp_path_factory):
    return write_results(tmp_path_factory.mktemp("large"), LARGE)


@pytest.fixture(scope="session")
def miniature(tmp_path_factory):
    """The grid of `config/config.yaml` with one seed: a figure is as tall as with all of them."""
    content = yaml.safe_load((ROOT / "config" / "config.yaml").read_text()) | SMALL | {"seeds": 1}
    content["grid"] = [block | {"seeds": 1} for block in content["grid"]]
    return write_results(tmp_path_factory.mktemp("miniature"), content)


@pytest.fixture
def permuted(tmp_path):
    return write_results(tmp_path, PERMUTED)

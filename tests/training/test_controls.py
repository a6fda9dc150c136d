"""The controls: each takes one thing away from the clips, and leaves all the rest as it was."""

import copy
import csv
import json
import shutil
from collections import Counter
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import h5py
import numpy as np
import pytest
import torch
from interrupted import results, small_run, train_batch_by_batch, train_to_the_end
from torch import Tensor

import delaynet.training.loop as loop
from delaynet.analysis.grouping.receptive_fields import as_image, receptive_fields
from delaynet.config.settings import ModelSettings
from delaynet.data.dataset import Clips, Splits, load_splits
from delaynet.training import controls
from delaynet.training.controls import apply_control
from delaynet.training.run_folder import SavedNetwork, read_network

DRAWN = ("permuted_channels", "scrambled_time", "shuffled_labels", "labels_by_heart")
CONTROLS = (*DRAWN, "whitened")
SPLITS = ("training", "validation", "test")


@pytest.fixture(scope="module")
def natural(features: Path) -> Splits:
    return load_splits(features, ("11",), torch.device("cpu"))


@pytest.fixture(scope="module")
def runs(features: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The run folders of one seed on natural clips and under every control."""
    folders = {data: tmp_path_factory.mktemp(data) for data in ("natural", *CONTROLS)}
    for data, folder in folders.items():
        train_to_the_end(small_run(data=data), features, folder)
    return folders


def each_split(natural: Splits, control: Splits) -> list[tuple[Clips, Clips]]:
    return [(getattr(natural, split), getattr(control, split)) for split in SPLITS]


def sorted_frames(clip: Tensor) -> list[tuple[float, ...]]:
    return sorted(map(tuple, clip.T.tolist()))


def connections(network: SavedNetwork) -> bytes:
    layers = [(layer.weight, layer.delay, layer.mask, layer.sign) for layer in network.layers]
    return b"".join(array.tobytes() for layer in layers for array in layer)


def test_channels_are_permuted_alike_in_every_clip_of_all_splits(natural: Splits) -> None:
    control = apply_control(natural, "permuted_channels", 0)
    order = control.mel_channel
    assert sorted(order.tolist()) == list(range(16)) != order.tolist()
    for before, after in each_split(natural, control):
        for fed, mel in enumerate(order.tolist()):
            assert torch.equal(after.features[:, fed], before.features[:, mel])
        assert torch.equal(after.label, before.label)
        assert after.filename == before.filename


def test_scrambled_clips_keep_every_frame_once_each_in_an_order_of_its_own(natural: Splits) -> None:
    numbered = torch.arange(20.0).expand(3, 2, 20)
    clips = replace(natural.test, features=numbered, label=torch.zeros(3), filename=("",) * 3)
    orders = apply_control(replace(natural, test=clips), "scrambled_time", 0).test.features
    assert torch.equal(orders[:, 0], orders[:, 1]), "a frame keeps its channels together"
    assert len({tuple(order) for order in orders[:, 0].tolist()}) == 3
    for before, after in each_split(natural, apply_control(natural, "scrambled_time", 0)):
        for clip, scrambled in zip(before.features, after.features, strict=True):
            assert sorted_frames(scrambled) == sorted_frames(clip)
            assert not torch.equal(scrambled, clip)
        assert torch.equal(after.label, before.label)


def test_shuffled_labels_keep_their_counts_and_test_labels_are_untouched(natural: Splits) -> None:
    control = apply_control(natural, "shuffled_labels", 0)
    for before, after in each_split(natural, control):
        assert torch.equal(after.features, before.features)
        assert torch.equal(after.label.bincount(), before.label.bincount())
    assert torch.equal(control.test.label, natural.test.label)
    # an order at random leaves a clip the label of its own word as often as chance does
    same = (control.training.label == natural.training.label).float().mean()
    assert same < 3 / 20
    assert not torch.equal(control.validation.label, natural.validation.label)


def autocorrelation(clips: Clips) -> float:
    """Of each channel of each clip, from one frame to the next."""
    deviation = clips.features - clips.features.mean(2, keepdim=True)
    return float((deviation[..., 1:] * deviation[..., :-1]).mean() / deviation.var())


def test_frames_that_follow_each_other_are_alike_unless_they_are_scrambled(natural: Splits) -> None:
    for before, after in each_split(natural, apply_control(natural, "scrambled_time", 0)):
        assert autocorrelation(before) > 0.5
        assert abs(autocorrelation(after)) < 0.2


def test_few_clips_of_each_class_are_learned_by_heart_with_other_labels(
    natural: Splits, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(controls, "BY_HEART", 3)
    before, after = natural.training, apply_control(natural, "labels_by_heart", 0)
    learned = dict(zip(after.training.filename, after.training.label.tolist(), strict=True))
    words = dict(zip(before.filename, before.label.tolist(), strict=True))
    assert len(after.training) == len(before), "as many steps of training"
    assert max(Counter(after.training.filename).values()) == -(-len(before) // 60)
    assert Counter(words[name] for name in learned) == dict.fromkeys(range(20), 3)
    assert Counter(learned.values()) == dict.fromkeys(range(20), 3)
    assert sum(learned[name] == words[name] for name in learned) < 15
    features = dict(zip(before.filename, before.features, strict=True))
    for name, label, clip in zip(
        after.training.filename, after.training.label.tolist(), after.training.features, strict=True
    ):
        assert torch.equal(clip, features[name])
        assert label == learned[name], "the same label each time"
    assert after.test is natural.test


@pytest.mark.slow
def test_labels_of_few_clips_can_be_learned_by_heart(
    features: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(controls, "BY_HEART", 1)
    settings = small_run(
        structure="dense", signs="free", epochs=30, data="labels_by_heart", batch_size=12
    )
    settings = settings.model_copy(update={"model": ModelSettings(hidden=(64,), dropout=0)})
    train_to_the_end(settings, features, tmp_path)
    with (tmp_path / "metrics.csv").open() as file:
        reached = [float(row["training_accuracy"]) for row in csv.DictReader(file)]
    assert reached[-1] > 0.8
    assert json.loads((tmp_path / "summary.json").read_text())["test_accuracy"] < 0.2


@pytest.mark.parametrize("data", DRAWN)
def test_what_a_control_draws_depends_on_the_seed_alone(natural: Splits, data: str) -> None:
    def content(seed: int) -> list[Tensor]:
        torch.rand(1)  # the global generator moves on
        splits = apply_control(natural, data, seed)
        return [splits.training.features, splits.training.label]

    def same(first: int, second: int) -> bool:
        return all(map(torch.equal, content(first), content(second)))

    assert same(0, 0)
    assert not same(0, 1)


def test_natural_clips_are_the_clips_themselves(natural: Splits) -> None:
    untouched = copy.deepcopy(natural)
    for data in ("natural", *CONTROLS):
        is_same = apply_control(natural, data, 0) is natural
        assert is_same == (data == "natural")
    for before, after in each_split(untouched, natural):
        assert torch.equal(before.features, after.features)
        assert torch.equal(before.label, after.label)
    assert natural.mel_channel.tolist() == list(range(16))


def test_a_natural_run_has_the_bytes_of_one_without_controls(
    runs: dict[str, Path], features: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loop, "apply_control", lambda splits, *_: splits)
    train_to_the_end(small_run(), features, tmp_path)
    assert results(runs["natural"]) == results(tmp_path)
    saved = [read_network(tmp_path / name) for name in ("initial.h5", "network.h5")]
    assert all(network.attributes["mel_channel"].tolist() == list(range(16)) for network in saved)


def test_controls_begin_with_the_network_of_the_natural_run_and_end_with_another(
    runs: dict[str, Path],
) -> None:
    for name, count in (("initial.h5", 1), ("network.h5", 1 + len(CONTROLS))):
        assert len({connections(read_network(folder / name)) for folder in runs.values()}) == count


def test_training_on_permuted_channels_is_training_on_features_permuted_by_hand(
    runs: dict[str, Path], features: Path, tmp_path: Path
) -> None:
    saved = read_network(runs["permuted_channels"] / "network.h5")
    order = saved.attributes["mel_channel"]
    assert order.dtype == np.int64
    by_hand = Path(shutil.copy(features, tmp_path / "features.h5"))
    with h5py.File(by_hand, "a") as file:
        file["features"][()] = file["features"][()][:, :, order]
    train_to_the_end(small_run(), by_hand, tmp_path / "run")
    ours, hand = results(runs["permuted_channels"]), results(tmp_path / "run")
    for name in ("metrics.csv", "predictions.csv", "summary.json"):
        assert ours[name] == hand[name], name
    other = read_network(tmp_path / "run" / "network.h5")
    assert connections(saved) == connections(other)
    assert other.attributes["mel_channel"].tolist() == list(range(16))


def test_maps_of_permuted_channels_are_put_back_in_order_of_frequency(
    runs: dict[str, Path],
) -> None:
    saved = read_network(runs["permuted_channels"] / "network.h5")
    order = saved.attributes["mel_channel"]
    fed, mel = (as_image(receptive_fields(saved, order=name)) for name in ("fed", "mel"))
    assert np.array_equal(mel[:, order], fed)
    assert not np.array_equal(mel, fed)


def test_networks_of_shuffled_labels_are_tested_on_true_ones(runs: dict[str, Path]) -> None:
    labels = {}
    for data, folder in runs.items():
        with (folder / "predictions.csv").open() as file:
            labels[data] = [(row["filename"], row["label"]) for row in csv.DictReader(file)]
    assert all(one == other for one, other in pairwise(labels.values()))


@pytest.mark.parametrize("data", CONTROLS)
@pytest.mark.slow
def test_stopped_after_every_batch_a_control_ends_in_the_same_bytes(
    data: str, runs: dict[str, Path], features: Path, tmp_path: Path
) -> None:
    attempts = train_batch_by_batch(small_run(data=data), features, tmp_path)
    assert attempts == 12, "a batch each"
    assert results(tmp_path) == results(runs[data])

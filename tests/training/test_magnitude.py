"""Gradual pruning by magnitude: a dense network loses its weakest connections epoch by epoch."""

import copy
import logging
import re
from pathlib import Path

import pytest
import torch
from interrupted import results, small_run, train_batch_by_batch, train_to_the_end
from small_runs import CHANNELS, CLASSES, begin, made_up_batch, run_settings, take_step
from torch import Tensor

import delaynet.model.network
from delaynet.training.initial import initial_network
from delaynet.training.run_folder import read_network, read_summary
from delaynet.training.step import change_before_epoch


@pytest.mark.parametrize("signs", ["free", "dale"])
def test_a_network_to_be_pruned_begins_as_the_dense_one_of_its_seed(signs: str) -> None:
    pruned, dense = (
        initial_network(run_settings("learned", structure, signs), CHANNELS, CLASSES).state_dict()
        for structure in ("magnitude", "dense")
    )
    assert all(torch.equal(pruned[name], dense[name]) for name in dense)


@pytest.mark.parametrize("signs", ["free", "dale"])
def test_every_epoch_the_weakest_connections_go_and_what_is_gone_stays_away(signs: str) -> None:
    run = begin(run_settings("learned", "magnitude", signs))
    gone: list[Tensor] = [~layer.mask for layer in run.network.layers]
    for epoch in range(6):
        before = copy.deepcopy(run.network)
        change_before_epoch(run.network, run.optimisers, run.settings, epoch, run.streams.growth)
        for layer, earlier in zip(run.network.layers, before.layers, strict=True):
            strength = earlier.weight.detach().abs()
            pruned = earlier.mask & ~layer.mask
            assert bool(pruned.any()) == (1 <= epoch <= 3)
            if pruned.any():
                assert strength[pruned].max() <= strength[layer.mask].min()
            assert torch.equal(layer.weight[layer.mask], earlier.weight[layer.mask])
            assert torch.equal(layer.delay, earlier.delay)
        for layer, absent in zip(run.network.layers, gone, strict=True):
            assert not (absent & layer.mask).any()
        gone = [~layer.mask for layer in run.network.layers]
        take_step(run, epoch)  # asks for the pruning of the epoch again: it changes nothing
        assert [int((~layer.mask).sum()) for layer in run.network.layers] == [
            int(absent.sum()) for absent in gone
        ]


def test_a_pruned_connection_has_no_adam_moments_and_a_constant_delay() -> None:
    run = begin(run_settings("learned", "magnitude"))
    for epoch in range(4):
        take_step(run, epoch)
    layer, optimisers = run.network.layers[0], run.optimisers
    rested = layer.delay.detach().clone()
    take_step(run, 4)
    for optimiser, parameter in (
        (optimisers.weights, layer.weight),
        (optimisers.delays, layer.delay),
    ):
        moment = optimiser.state[parameter]["exp_avg_sq"]
        assert (moment[~layer.mask] == 0).all()
        assert (moment[layer.mask] != 0).any()
    moved = layer.delay.detach() != rested
    assert moved[layer.mask].any()
    assert not moved[~layer.mask].any()


def test_once_pruned_a_network_computes_as_a_static_one_of_its_sparsity_does(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    transformed: list[object] = []
    transformed_current = delaynet.model.network.transformed_current

    def observed(signal: Tensor, kernel: Tensor) -> Tensor:
        transformed.append(kernel.shape)
        return transformed_current(signal, kernel)

    monkeypatch.setattr(delaynet.model.network, "transformed_current", observed)
    for structure, epochs in (("magnitude", [0, 1]), ("static", [])):
        run = begin(run_settings("learned", structure, sparsity="0.96875"))
        run.network.eval()
        dense = []
        for epoch in range(4):
            change_before_epoch(
                run.network, run.optimisers, run.settings, epoch, run.streams.growth
            )
            transformed.clear()
            run.network(made_up_batch(0)[0], 0.23, None)
            if transformed:
                dense.append(epoch)
        assert dense == epochs


def test_the_log_tells_how_a_training_loses_its_connections(
    features: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    settings = small_run("learned", "magnitude", "dale", epochs=6, pruning_fraction=0.5)
    train_to_the_end(settings, features, tmp_path)
    counts = [int(found[1]) for found in re.finditer(r", (\d+) connections, turn", caplog.text)]
    # of 384 + 480 remain 96 + 120: K + (n - K) (1 - e / 3)^3
    assert counts == [864, 216 + 85 + 106, 216 + 10 + 13, 216, 216, 216]
    assert caplog.text.count("turnover 0.00") == 6
    summary = read_summary(tmp_path)
    assert summary["connections"] == [96, 120]
    assert summary["possible_connections"] == [384, 480]
    assert summary["parameters"] == 2 * 216 + 2 * 24
    assert summary["turnover"] == [0, 0]
    masks = [[layer.mask.mean() for layer in read_network(tmp_path / name).layers]
             for name in ("initial.h5", "network.h5")]  # fmt: skip
    assert masks == [[1, 1], [0.25, 0.25]]


@pytest.mark.parametrize("select", ["validation_best", "last", "test_best"])
@pytest.mark.parametrize(("share", "first"), [(0.5, 2), (1.0, 3)])
def test_no_epoch_before_the_end_of_the_pruning_is_selected(
    select: str,
    share: float,
    first: int,
    features: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # every epoch is worse than the one before it
    reached = iter(range(100, 0, -1))
    monkeypatch.setattr(
        "delaynet.training.evaluation.Evaluation.accuracy", lambda *_: next(reached) / 100
    )
    training = {"select": select, "pruning_fraction": share}
    settings = small_run("fixed", "magnitude", "free", epochs=4, **training)
    train_to_the_end(settings, features, tmp_path)
    assert read_summary(tmp_path)["selected_epoch"] == (3 if select == "last" else first)
    assert read_summary(tmp_path)["connections"] == [96, 120]


@pytest.mark.slow
def test_stopped_after_every_batch_a_pruned_training_ends_in_the_same_bytes(
    features: Path, tmp_path: Path
) -> None:
    settings = small_run("learned", "magnitude", "dale", epochs=4)
    train_to_the_end(settings, features, tmp_path / "undisturbed")
    attempts = train_batch_by_batch(settings, features, tmp_path / "stopped")
    assert attempts == 16, "a batch each"
    assert results(tmp_path / "stopped") == results(tmp_path / "undisturbed")

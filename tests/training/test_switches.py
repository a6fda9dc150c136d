"""The points in which the published code departs from its sources: each switch does what it says.

config/README.md lists them; a test each, in the order of that table.
"""

import csv
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from small_runs import (
    begin,
    magnitude_gradients,
    run_settings,
    take_step,
    trained,
    units_of_both_signs,
)

import delaynet.training.evaluation as evaluation
import delaynet.training.loop as loop
from delaynet.data.dataset import Clips
from delaynet.model.network import DelayLayer, DelayNetwork
from delaynet.training.evaluation import Evaluation, evaluated
from delaynet.training.initial import initial_network
from delaynet.training.run_folder import read_network, read_summary
from delaynet.training.schedules import kernel_width

TINY = {"epochs": 3, "batch_size": 32}


def magnitude(layer: DelayLayer) -> torch.Tensor:
    return (layer.weight * layer.sign).detach()


@pytest.mark.parametrize("select", ["validation_best", "last", "test_best"])
def test_select_names_the_clips_that_choose_the_epoch(
    small_features: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, select: str
) -> None:
    correct: dict[int, list[int]] = {}

    def observed(network: DelayNetwork, clips: Clips, sigma: float = 0.0) -> list[torch.Tensor]:
        result = evaluated(network, clips, sigma)
        if sigma == 0:  # rounded delays, by which networks are judged
            correct.setdefault(len(clips), []).append(Evaluation.of(result).correct)
        return result

    for module in (loop, evaluation):
        monkeypatch.setattr(module, "evaluated", observed)
    loop.train(run_settings(training=TINY | {"select": select}), small_features, tmp_path)
    summary = read_summary(tmp_path)
    on_validation, on_test = (correct[summary[f"{name}_clips"]] for name in ("validation", "test"))
    best = {
        "validation_best": int(np.argmax(on_validation)),
        "last": 2,
        "test_best": int(np.argmax(on_test[:3])),
    }
    assert summary["selected_epoch"] == best[select]
    assert len(on_test) == (4 if select == "test_best" else 1), "the test list is read once"
    assert summary["test_correct"] == on_test[-1]
    # what is called validation is the validation speakers', however the epoch is chosen
    share = on_validation[best[select]] / summary["validation_clips"]
    assert summary["validation_accuracy"] == share


def test_a_pruned_connection_is_removed_at_once_or_after_a_batch_with_reversed_sign() -> None:
    for pruning in ("at_once", "next_batch"):
        settings = run_settings("fixed", "deep_r_rigl", "dale", training={"pruning": pruning})
        run = begin(settings)
        layer, possible = run.network.layers[0], 16 * 12
        overdue = torch.zeros_like(layer.mask)
        turned, both_signs = 0, 0
        for step in range(6):
            take_step(run, step)
            assert (magnitude(layer) > 0).sum() == possible // 4, "as many are alive as ever"
            assert torch.equal(magnitude(layer) != 0, layer.mask)
            assert (magnitude(layer)[overdue] >= 0).all(), "none has its sign turned for two steps"
            overdue = magnitude(layer) < 0
            turned += int(overdue.sum())
            both_signs += units_of_both_signs(run.network)
        assert (turned > 0, both_signs > 0) == (pruning == "next_batch", pruning == "next_batch")


def test_a_pruned_connection_has_moments_only_if_it_is_kept_for_a_batch() -> None:
    for pruning in ("at_once", "next_batch"):
        run = begin(run_settings("fixed", "deep_r", training={"pruning": pruning}))
        layer = run.network.layers[0]
        before = layer.mask.clone()
        take_step(run)
        gone = before & (magnitude(layer) <= 0)
        assert gone.any()
        moment = run.optimisers.weights.state[layer.weight]["exp_avg"][gone]
        assert (moment == 0).all() == (pruning == "at_once")


def test_dale_applies_to_dense_networks_or_leaves_them_free() -> None:
    enforced, ignored, free = (
        run_settings(signs=signs, model={"dale_when_dense": choice})
        for signs, choice in (("dale", "enforced"), ("dale", "not_enforced"), ("free", "enforced"))
    )
    assert units_of_both_signs(trained(enforced)) == 0
    assert units_of_both_signs(trained(ignored)) > 20
    for layer, same in zip(trained(ignored).layers, trained(free).layers, strict=True):
        assert torch.equal(layer.weight, same.weight)
    sparse = run_settings("learned", "static", "dale", model={"dale_when_dense": "not_enforced"})
    assert units_of_both_signs(trained(sparse)) == 0


@pytest.mark.parametrize(("structure", "signs"), [("static", "dale"), ("deep_r", "free")])
def test_signs_come_from_the_seed_or_from_entropy_and_nothing_else_changes(
    structure: str, signs: str
) -> None:
    for drawn in ("from_seed", "unseeded"):
        settings = run_settings("learned", structure, signs, model={"signs_drawn": drawn})
        first, second = (initial_network(settings, 12, 5).layers for _ in range(2))
        same = [torch.equal(a.sign, b.sign) for a, b in zip(first, second, strict=True)]
        assert all(same) == (drawn == "from_seed")
        for a, b in zip(first, second, strict=True):
            assert torch.equal(a.mask, b.mask)
            assert torch.equal(a.delay, b.delay)
            assert torch.equal(a.weight.abs(), b.weight.abs())


def test_unseeded_signs_are_in_the_saved_network(small_features: Path, tmp_path: Path) -> None:
    model = {"signs_drawn": "unseeded"}
    settings = run_settings("fixed", "deep_r", "dale", model=model, training=TINY)
    loop.train(settings, small_features, tmp_path)
    initial, final = (read_network(tmp_path / name).layers for name in ("initial.h5", "network.h5"))
    for before, after in zip(initial, final, strict=True):
        assert np.array_equal(before.sign, after.sign)
        assert (after.weight * after.sign >= 0).all()


def test_fixed_delays_have_one_tap_from_the_start_and_frozen_ones_are_blurred_first() -> None:
    taps: dict[str, list[int]] = {}
    positions = {}
    for delays in ("fixed", "frozen"):
        settings = run_settings(delays, training={"epochs": 100})
        layer = initial_network(settings, 12, 5).layers[0]
        widths = [kernel_width(delays, settings.training, epoch) for epoch in (0, 99)]
        kernels = [layer.kernel(width).abs() for width in widths]  # [out, in, taps]
        # taps with at least a hundredth of the connection's strength
        shares = [kernel / kernel.sum(-1, keepdim=True) for kernel in kernels]
        taps[delays] = [int((share > 0.01).sum(-1).max()) for share in shares]
        positions[delays] = trained(settings).layers[0].delay
        assert not layer.delay.requires_grad
    assert taps["fixed"] == [1, 1]
    assert taps["frozen"][0] == 25
    assert taps["frozen"][1] <= 3
    assert torch.equal(positions["fixed"], positions["frozen"])


def test_growth_takes_the_dormant_connections_that_its_name_says() -> None:
    order = {
        "gradient": lambda gradient: -gradient,
        "magnitude": lambda gradient: gradient.abs(),
        "positive_gradient": lambda gradient: gradient,
    }
    masks = {}
    for growth in ("gradient", "magnitude", "positive_gradient", "random"):
        run = begin(
            run_settings(
                "fixed", "deep_r_rigl", model={"dropout": 0.0}, training={"growth": growth}
            )
        )
        layer = run.network.layers[0]
        dormant, gradient = ~layer.mask, magnitude_gradients(run)[0]
        take_step(run)
        masks[growth] = layer.mask.clone()
        grown = dormant & layer.mask
        assert 0 < grown.sum() < dormant.sum()
        if growth in order:
            score = order[growth](gradient)
            assert score[grown].min() >= score[dormant & ~grown].max()
    for other in ("gradient", "magnitude", "positive_gradient"):
        assert not torch.equal(masks["random"], masks[other])


def test_batch_means_differ_from_correct_over_all_where_the_last_batch_is_smaller() -> None:
    is_correct = torch.tensor([True, False, False, False, True])
    evaluation = Evaluation(torch.zeros(5), is_correct, 0.0, ())

    def accuracy(**training: Any) -> float:
        return evaluation.accuracy(run_settings(training=training).training)

    assert accuracy(batch_size=4) == accuracy(accuracy="clips", batch_size=4) == 2 / 5
    assert accuracy(accuracy="batch_means", batch_size=4) == (1 / 4 + 1) / 2
    assert accuracy(accuracy="batch_means", batch_size=5) == 2 / 5


def test_the_summary_takes_the_accuracy_that_is_set(small_features: Path, tmp_path: Path) -> None:
    training = {"epochs": 2, "batch_size": 49, "accuracy": "batch_means"}
    loop.train(run_settings(training=training), small_features, tmp_path)
    with (tmp_path / "predictions.csv").open() as file:
        is_correct = [row["label"] == row["prediction"] for row in csv.DictReader(file)]
    assert len(is_correct) == 50
    assert 0 < sum(is_correct[:49]) < 49, "else there is nothing to see"
    assert (
        read_summary(tmp_path)["test_accuracy"]
        == sum(is_correct[:49]) / 49 / 2 + is_correct[49] / 2
    )


def test_initial_delays_are_uniform_and_the_published_ones_are_not_at_the_ends() -> None:
    def share_of_delay_zero_and_max(initial_delays: str) -> tuple[float, float]:
        model = {"hidden": (2000,), "initial_delays": initial_delays}
        delay = initial_network(run_settings("fixed", model=model), 40, 20).layers[0].delay
        return float((delay == 0).float().mean()), float((delay == 24).float().mean())

    assert share_of_delay_zero_and_max("uniform") == pytest.approx((1 / 25, 1 / 25), abs=0.004)
    # uniform on [0, 25], clamped to 24, rounded: 0.5 / 25 at 0 and 1.5 / 25 at 24
    assert share_of_delay_zero_and_max("clamped") == pytest.approx((0.02, 0.06), abs=0.004)


def test_published_delays_start_between_the_steps_where_they_are_learned() -> None:
    for delays, is_whole in (("fixed", True), ("learned", False)):
        settings = run_settings(delays, model={"initial_delays": "clamped"})
        delay = initial_network(settings, 40, 20).layers[0].delay.detach()
        assert torch.equal(delay, delay.round()) == is_whole


def test_published_weights_have_one_bound_in_every_layer_whatever_its_sparsity() -> None:
    for choice, of_hidden, of_output in (
        ("published", math.sqrt(6 / 40), math.sqrt(6 / 400)),
        ("scaled", math.sqrt(1 / 10), math.sqrt(1 / 100) / 10.05),
    ):
        model = {"hidden": (400,), "initial_weights": choice}
        settings = run_settings("fixed", "static", model=model)
        largest = [
            float(layer.weight.detach().abs().max())
            for layer in initial_network(settings, 40, 20).layers
        ]
        assert largest == pytest.approx([of_hidden, of_output], rel=0.01)
        assert (
            0.7
            < float(
                (initial_network(settings, 40, 20).layers[0].weight.detach() == 0).float().mean()
            )
            < 0.8
        )


def test_l1_weakens_the_weights_of_rewired_structures_or_of_every_one() -> None:
    def mean_magnitude(structure: str, **training: Any) -> float:
        network = trained(run_settings("fixed", structure, training=training))
        return float(sum(layer.weight.detach().abs().sum() for layer in network.layers))

    for structure in ("dense", "static", "magnitude"):
        without = mean_magnitude(structure, l1=0.0)
        assert mean_magnitude(structure, l1=0.1) == without
        assert mean_magnitude(structure, l1=0.1, l1_on="every_structure") < without
    assert mean_magnitude("deep_r", l1=0.1) == mean_magnitude(
        "deep_r", l1=0.1, l1_on="every_structure"
    )


def test_positive_gain_stays_positive_if_it_is_set() -> None:
    for positive_gain in (False, True):
        run = begin(run_settings("fixed", signs="dale", model={"positive_gain": positive_gain}))
        lowest = []
        for step in range(6):
            run.network.norms[0].weight.data.clamp_(max=0.001)  # one step from a change of sign
            take_step(run, step)
            lowest.append(float(run.network.norms[0].weight.detach().min()))
        assert (min(lowest) > 0) == positive_gain

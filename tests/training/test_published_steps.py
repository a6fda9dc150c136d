"""With every switch as published, ten steps of training are those of the authors' code."""

from pathlib import Path

import numpy as np
import pytest
import torch
from small_runs import run_settings
from torch import Tensor

from delaynet.model.network import DelayNetwork, LayerArrays
from delaynet.training.schedules import Optimisers
from delaynet.training.step import Streams, training_step

CASES = {
    "dense_fixed": ("fixed", "dense", "free"),
    "dense_learned": ("learned", "dense", "free"),
    "rewired_fixed": ("fixed", "deep_r_rigl", "free"),
    "rewired_learned_dale": ("learned", "deep_r_rigl", "dale"),
}
AS_PUBLISHED = {
    "model": {"hidden": (32,), "dropout": 0.0, "dale_when_dense": "not_enforced"},
    "training": {
        "epochs": 150, "learning_rate": 1e-3, "delay_learning_rate": 0.1, "l1": 1e-3,
        "l1_on": "every_structure", "pruning": "next_batch",
    },
}  # fmt: skip
STEPS_KEPT = (1, 2, 5, 10)


@pytest.fixture(scope="module")
def steps() -> dict[str, Tensor]:
    """What the authors' code computed; `README.md` beside the file says how."""
    path = Path(__file__).parents[1] / "reference" / "authors_steps.npz"
    with np.load(path) as arrays:
        return {name: torch.from_numpy(np.asarray(arrays[name])) for name in arrays.files}


def network_at_the_start(steps: dict[str, Tensor], case: str) -> DelayNetwork:
    delays, structure, _ = CASES[case]
    layers = []
    for name in ("layer0", "layer1"):
        weight, delay = (steps[f"{case}_start_{name}_{of}"][None] for of in ("weight", "delay"))
        mask = torch.ones_like(weight, dtype=torch.bool)
        sign = torch.zeros_like(weight)
        if structure != "dense":
            # a rewired layer's file holds magnitudes
            mask, sign = weight > 0, steps[f"{case}_sign_{name}"][None]
            weight = weight * sign
        layers.append(LayerArrays(weight, delay, mask, sign))
    model = run_settings(*CASES[case], **AS_PUBLISHED).model
    return DelayNetwork(layers, model, delays == "learned", structure != "dense").train()


@pytest.mark.parametrize("case", CASES)
def test_ten_steps_are_those_of_the_published_code(steps: dict[str, Tensor], case: str) -> None:
    settings = run_settings(*CASES[case], **AS_PUBLISHED)
    network = network_at_the_start(steps, case)
    optimisers = Optimisers(network, settings)
    streams = Streams(torch.Generator(), torch.Generator())
    sigma, losses = float(steps[f"{case}_sigma"]), []
    for step in range(10):
        batch = steps["input"][step].permute(2, 0, 1).contiguous(), steps["label"][step]
        losses.append(
            float(training_step(network, optimisers, settings, batch, sigma, streams).loss) / 16
        )
        if step + 1 in STEPS_KEPT:
            check_network(network, steps, f"{case}_after{step + 1}", step + 1)
    expected = steps[f"{case}_loss"].tolist()
    assert losses[:5] == pytest.approx(expected[:5], rel=1e-5)
    # later, a spike may have fallen to the other side of the threshold
    assert losses == pytest.approx(expected, rel=3e-4)


def check_network(network: DelayNetwork, steps: dict[str, Tensor], name: str, step: int) -> None:
    """Compare weights (of dormant connections too), masks, delays and batch-norm."""
    near = {"rtol": 0.0, "atol": 1e-6 if step <= 5 else 1e-5}
    for index, layer in enumerate(network.layers):
        weight, delay = (steps[f"{name}_layer{index}_{of}"] for of in ("weight", "delay"))
        ours = (layer.weight * layer.sign if layer.sign.any() else layer.weight)[0].detach()
        torch.testing.assert_close(ours, weight, **near)
        assert torch.equal(ours != 0, weight != 0), "the same connections"
        torch.testing.assert_close(layer.delay[0].detach(), delay, rtol=0.0, atol=2e-4)
    torch.testing.assert_close(network.norms[0].weight.detach(), steps[f"{name}_bn_gamma"], **near)
    torch.testing.assert_close(network.norms[0].bias.detach(), steps[f"{name}_bn_beta"], **near)

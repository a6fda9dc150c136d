"""A training step on a GPU launches few operations, and nothing in it waits for the GPU.

Seen without one, on PyTorch's device `meta`, whose tensors have shapes and no values: an operation
that would have to wait for values raises.
"""

from typing import Any

import pytest
import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from delaynet.config.grid import RunSettings
from delaynet.config.settings import ModelSettings, TrainingSettings
from delaynet.config.variants import DELAYS, STRUCTURES
from delaynet.data.dataset import Clips
from delaynet.model import neurons
from delaynet.training.evaluation import evaluated
from delaynet.training.initial import initial_network
from delaynet.training.randomness import generator
from delaynet.training.schedules import Optimisers, kernel_width
from delaynet.training.step import Streams, change_before_epoch, training_step

MOST_LAUNCHES = 240  # a step of the paper's setting
INPUTS, CLASSES, STEPS, BATCH = 40, 20, 80, 256  # of the paper


class Launches(TorchDispatchMode):
    """Counts operations that compute on the device: no views, and no allocations."""

    count = 0

    def __torch_dispatch__(
        self, operation: Any, types: Any, arguments: Any = (), options: Any = None
    ) -> Any:
        result = operation(*arguments, **(options or {}))
        tensors = [leaf for leaf in tree_leaves((arguments, result)) if isinstance(leaf, Tensor)]
        is_free = operation.is_view or "empty" in str(operation) or "detach" in str(operation)
        self.count += not is_free and any(tensor.is_meta for tensor in tensors)
        return result


def one_operation(kernel: str, *tensors: Tensor) -> None:
    """What stands for one of our kernels: one operation, on what the kernel writes last."""
    tensors[-1].zero_()


def settings_of(
    delays: str, structure: str, signs: str = "free", training: dict[str, str] | None = None
) -> RunSettings:
    return RunSettings(
        delays=delays,  # type: ignore[arg-type]
        structure=structure,  # type: ignore[arg-type]
        signs=signs,  # type: ignore[arg-type]
        sparsity="0.9375" if STRUCTURES[structure].has_sparsity else "0",
        seed=0,
        model=ModelSettings(),
        training=TrainingSettings(**(training or {})),
    )


def launches_of_a_step(settings: RunSettings) -> int:
    network = initial_network(settings, INPUTS, CLASSES).to("meta").train()
    optimisers = Optimisers(network, settings)
    for optimiser in (optimisers.weights, optimisers.delays):
        # the fused one refuses this device; these are more launches
        optimiser.param_groups[0].update(fused=False, foreach=True)
    streams = Streams(generator(0, "dropout"), generator(0, "growth"))
    batch = (
        torch.empty(INPUTS, STEPS, BATCH, device="meta"),
        torch.empty(BATCH, dtype=torch.long, device="meta"),
    )
    sigma = kernel_width(settings.delays, settings.training, 0)
    change_before_epoch(network, optimisers, settings, 0, streams.growth)
    for _ in range(2):  # the first also builds what is built once
        with Launches() as launches:
            training_step(network, optimisers, settings, batch, sigma, streams)
    return launches.count


@pytest.fixture(autouse=True)
def kernels_without_values(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(neurons, "kernels_of", lambda device: one_operation)


@pytest.mark.parametrize("delays", DELAYS)
@pytest.mark.parametrize("structure", STRUCTURES)
def test_a_step_of_every_variant_launches_few_operations(delays: str, structure: str) -> None:
    assert 100 < launches_of_a_step(settings_of(delays, structure)) <= MOST_LAUNCHES


@pytest.mark.parametrize(
    "training",
    [{}, {"pruning": "next_batch"}, {"growth": "random"}, {"growth": "magnitude"}],
    ids=str,
)
def test_so_does_one_under_dales_principle_with_each_rule_of_rewiring(
    training: dict[str, str],
) -> None:
    settings = settings_of("learned", "deep_r_rigl", "dale", training)
    assert launches_of_a_step(settings) <= MOST_LAUNCHES


@pytest.mark.parametrize("structure", ["dense", "deep_r_rigl"])
def test_an_evaluation_waits_for_nothing(structure: str) -> None:
    network = initial_network(settings_of("learned", structure), INPUTS, CLASSES).to("meta")
    features = torch.empty(BATCH, INPUTS, STEPS, device="meta")
    label = torch.empty(BATCH, dtype=torch.long, device="meta")
    prediction, *_ = evaluated(network, Clips(features, label, ("",) * BATCH))
    assert prediction.shape == label.shape


def test_an_operation_that_waits_for_values_raises() -> None:
    with pytest.raises(RuntimeError, match="meta tensors"), Launches():
        float(torch.ones((), device="meta"))

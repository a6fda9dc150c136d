"""The structures on networks that are not ours: two layers of PyTorch's own, trained with Adam."""

from itertools import pairwise, product
from typing import get_args

import pytest
import torch
from torch import Tensor, nn

from delaynet.config import variants
from delaynet.config.settings import TrainingSettings
from delaynet.model.connectivity import connection_count
from delaynet.model.structures import Change, Structure, structure_named
from delaynet.model.structures.deep_r import DeepR
from delaynet.model.structures.deep_r_rigl import DeepRRigl

SIZES = [12, 16, 5]
STEPS_PER_EPOCH, EPOCHS = 4, 4
RULES = get_args(TrainingSettings.model_fields["growth"].annotation)
CHOICES = [
    (name, growth, pruning)
    for name, variant in variants.STRUCTURES.items()
    for growth, pruning in product(RULES, ("at_once", "next_batch"))
    if variant.change == "rewired" or (growth, pruning) == ("gradient", "at_once")
]


class Perceptron:
    """Two linear layers whose weights have masks and signs, [out, in] each."""

    def __init__(self, structure: Structure) -> None:
        self.structure = structure
        self.draw = torch.Generator().manual_seed(0)
        shapes = [(1, out, into) for into, out in pairwise(SIZES)]
        self.masks = [mask[0] for mask in structure.initial_masks(shapes, self.draw)]
        self.layers = nn.Sequential(*(nn.Linear(*shape[:0:-1]) for shape in shapes))
        self.signs = []
        for layer, mask in zip(self.linear, self.masks, strict=True):
            magnitude = torch.rand(mask.shape, generator=self.draw)
            self.signs.append(torch.randint(2, mask.shape, generator=self.draw) * 2.0 - 1)
            layer.weight.data = magnitude * self.signs[-1] * mask
        self.adam = torch.optim.Adam(self.layers.parameters(), lr=0.05)

    @property
    def linear(self) -> list[nn.Linear]:
        return [layer for layer in self.layers if isinstance(layer, nn.Linear)]

    def take(self, index: int, change: Change | None) -> int:
        if change is None:
            return 0
        weight = self.linear[index].weight
        weight.data, self.masks[index] = change.weight, change.mask
        if change.reset is not None and weight in self.adam.state:
            for moment in ("exp_avg", "exp_avg_sq"):
                self.adam.state[weight][moment][change.reset] = 0
        return int(change.grown)

    def begin_epoch(self, epoch: int, progress: float) -> int:
        """Begin an epoch; return how many connections started."""
        grown = 0
        for index, (layer, sign) in enumerate(zip(self.linear, self.signs, strict=True)):
            arrays = layer.weight.data, self.masks[index], sign
            change = self.structure.before_epoch(*arrays, epoch, progress, self.draw)
            grown += self.take(index, change)
        return grown

    def step(self) -> int:
        """Take a step; return how many connections started."""
        self.adam.zero_grad()
        inputs = torch.rand(8, SIZES[0], generator=self.draw)
        (self.layers(inputs) - inputs[:, : SIZES[-1]]).square().sum().backward()
        for index, (layer, sign) in enumerate(zip(self.linear, self.signs, strict=True)):
            self.take(index, self.structure.before_step(layer.weight.data, self.masks[index], sign))
        gradients = [gradient_of(layer) for layer in self.linear]
        for layer, mask, gradient in zip(self.linear, self.masks, gradients, strict=True):
            layer.weight.grad = gradient if self.structure.dormant_moments else gradient * mask
        self.adam.step()
        grown = 0
        for index, (layer, sign) in enumerate(zip(self.linear, self.signs, strict=True)):
            arrays = layer.weight.data, self.masks[index], sign, gradients[index]
            grown += self.take(index, self.structure.after_step(*arrays, self.draw))
            layer.weight.data *= self.masks[index]
        return grown


def gradient_of(layer: nn.Linear) -> Tensor:
    assert layer.weight.grad is not None
    return layer.weight.grad


@pytest.mark.parametrize(("name", "growth", "pruning"), CHOICES)
def test_layers_of_pytorch_have_exactly_their_connections_after_every_step(
    name: str, growth: str, pruning: str
) -> None:
    variant = variants.STRUCTURES[name]
    sparsity = "0.75" if variant.has_sparsity else "0"
    structure = structure_named(name)(sparsity, growth, pruning)
    network, grown = Perceptron(structure), 0
    start = [mask.clone() for mask in network.masks]
    final = [connection_count(mask.numel(), sparsity) for mask in start]
    for epoch in range(EPOCHS):
        progress = min(1.0, epoch / 2)
        grown += network.begin_epoch(epoch, progress)
        for _ in range(STEPS_PER_EPOCH):
            grown += network.step()
            for layer, mask, sign, count in zip(
                network.linear, network.masks, network.signs, final, strict=True
            ):
                weight = layer.weight.data
                assert (weight[~mask] == 0).all(), "a dormant connection carries weight"
                if structure.fixes_signs:  # `next_batch` keeps those with a turned sign for a batch
                    assert int((weight * sign > 0).sum()) == count
                if pruning == "at_once":
                    assert int(mask.sum()) == count or not structure.is_complete(progress)
    assert structure.is_complete(1.0)
    assert (grown > 0) == (variant.change == "rewired")
    changed = any((a != b).any() for a, b in zip(start, network.masks, strict=True))
    assert changed == (variant.change != "none")


def test_gradual_pruning_is_complete_at_its_end_and_not_before() -> None:
    pruned = structure_named("magnitude")("0.75")
    assert [pruned.is_complete(progress) for progress in (0.0, 0.99, 1.0)] == [False, False, True]


def test_gradients_of_dormant_connections_are_computed_if_growth_reads_them() -> None:
    asking = {
        (name, growth)
        for name, growth in product(variants.STRUCTURES, RULES)
        if structure_named(name)("0.5", growth).needs_dormant_gradients
    }
    assert asking == {("deep_r_rigl", rule) for rule in RULES if rule != "random"}


def test_rigl_starts_the_connections_that_its_rule_names_and_deep_r_any() -> None:
    mask = torch.tensor([True, True, False, False])
    weight, sign = torch.tensor([-0.1, 0.5, 0.0, 0.0]), torch.tensor([1.0, 1.0, 1.0, -1.0])
    gradient = torch.tensor([0.0, 0.0, -1.0, -3.0])
    draw = torch.Generator().manual_seed(0)
    for growth, started in (("gradient", 2), ("magnitude", 3), ("positive_gradient", 3)):
        change = DeepRRigl("0.5", growth).after_step(weight, mask, sign, gradient, draw)
        assert change.mask.nonzero().flatten().tolist() == [1, started]
    found = {
        tuple(
            DeepR("0.5", "magnitude").after_step(weight, mask, sign, gradient, draw).mask.tolist()
        )
        for _ in range(100)
    }
    assert len(found) == 3, "each dormant connection, the pruned one among them"

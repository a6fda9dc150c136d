"""What each structure does with the connections of a network before and during training.

One object per structure. It takes and returns tensors of one layer and knows neither the network
nor its optimiser, so it serves any network whose connections have a weight and a mask:

    structure = STRUCTURES["deep_r_rigl"](sparsity="0.9", growth="magnitude")
    masks = structure.initial_masks(shapes, generator)
    for each epoch:
        structure.before_epoch(weight, mask, progress)                  of each layer
        for each batch:
            compute the gradient
            structure.before_step(weight, mask, sign)
            take the optimiser's step on the connections' gradient
            structure.after_step(weight, mask, sign, gradient, generator)

None means that a layer stays as it is. `tests/model/test_structures.py` does this with layers of
PyTorch's own, `delaynet.training.step` with ours. A structure whose name is new is a class here, an
entry of `STRUCTURES`, and one of `delaynet.config.variants` for its words.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, NamedTuple

import torch
from torch import Tensor

from delaynet.model.connectivity import (
    connected_masks,
    connection_count,
    gradual_count,
    growth_score,
    largest_connections,
    random_mask,
    rewire,
)


class Change(NamedTuple):
    """A layer's connections after a change; all but `grown` have the shape of the weights.

    Attributes:
        weight: signed; 0 where there is no connection.
        mask: the connections, bool.
        reset: connections that ended or started, bool: the optimiser's moments of them are void.
        grown: number of connections that started, [].
    """

    weight: Tensor
    mask: Tensor
    reset: Tensor
    grown: Tensor


@dataclass(frozen=True)
class Structure:
    """Connections drawn at random once and kept: `static`, and `dense` at sparsity 0.

    Every other structure overrides what it does otherwise.

    Attributes:
        sparsity: share of the possible connections that do not exist, a decimal as text.
        growth: which dormant connections start, where it is a choice (`growth_score`).
        pruning: when a connection goes whose magnitude fell to zero, where one can: `at_once`, or
            with `next_batch` after it has served one more batch with its sign turned round.
        fixes_signs: whether every connection has a sign that it keeps. The structure sees to that
            itself, and an L1 penalty on the magnitudes is what makes connections end.
    """

    sparsity: str
    growth: str = "gradient"
    pruning: str = "at_once"
    fixes_signs: ClassVar[bool] = False

    @property
    def needs_dormant_gradients(self) -> bool:
        """Whether `after_step` reads the gradient of connections that do not exist."""
        return False

    @property
    def dormant_moments(self) -> bool:
        """Whether the optimiser's moments follow the gradient of dormant connections too."""
        return False

    def initial_masks(
        self, shapes: Sequence[Sequence[int]], generator: torch.Generator
    ) -> list[Tensor]:
        """Return the connections of each layer before training, bool.

        Args:
            shapes: [synapses, out, in] of each layer, from the input on.
            generator: on the CPU.

        Raises:
            UserError: no network of this structure has so few connections.
        """
        counts = connection_counts(shapes, self.sparsity)
        pairs = zip(shapes, counts, strict=True)
        return [random_mask(shape, count, generator) for shape, count in pairs]

    def before_epoch(self, weight: Tensor, mask: Tensor, progress: float) -> Change | None:
        """Return a layer's connections in an epoch; asked again in the same epoch, no others.

        Args:
            weight: signed, any shape.
            mask: the connections, bool, same shape.
            progress: of gradual pruning, from 0 to 1.
        """
        return None

    def before_step(self, weight: Tensor, mask: Tensor, sign: Tensor) -> Change | None:
        """Return a layer's connections after the gradient and before the optimiser's step.

        Args:
            weight: signed, any shape.
            mask: the connections, bool, same shape.
            sign: fixed signs, -1 or 1, same shape.
        """
        return None

    def after_step(
        self,
        weight: Tensor,
        mask: Tensor,
        sign: Tensor,
        gradient: Tensor,
        generator: torch.Generator,
    ) -> Change | None:
        """Return a layer's connections after the optimiser's step.

        Args:
            weight: signed, any shape.
            mask: the connections, bool, same shape.
            sign: fixed signs, -1 or 1, same shape.
            gradient: of the loss for the weights before the step, same shape; of all possible
                connections where `needs_dormant_gradients`.
            generator: on the device of the weights.
        """
        return None

    def is_complete(self, progress: float) -> bool:
        """Return whether a network has its sparsity, so that its epoch can be selected.

        Args:
            progress: of gradual pruning, from 0 to 1.
        """
        return True


class StaticConnected(Structure):
    """Random connections in which every used hidden unit has an input and an output."""

    def initial_masks(
        self, shapes: Sequence[Sequence[int]], generator: torch.Generator
    ) -> list[Tensor]:
        """See `Structure` and `connected_masks`."""
        return connected_masks(shapes, connection_counts(shapes, self.sparsity), generator)


class MagnitudePruning(Structure):
    """Dense at first; the weakest connections go epoch by epoch, for good (Zhu & Gupta 2017)."""

    def initial_masks(
        self, shapes: Sequence[Sequence[int]], generator: torch.Generator
    ) -> list[Tensor]:
        """Return every connection."""
        return Structure("0").initial_masks(shapes, generator)

    def before_epoch(self, weight: Tensor, mask: Tensor, progress: float) -> Change:
        """Keep the connections of largest magnitude, as many as the schedule leaves."""
        possible = mask.numel()
        count = gradual_count(possible, connection_count(possible, self.sparsity), progress)
        kept = largest_connections(weight.abs(), mask, count)
        return Change(weight * kept, kept, mask & ~kept, mask.new_zeros((), dtype=torch.long))

    def is_complete(self, progress: float) -> bool:
        """Return whether the pruning has ended."""
        return progress == 1


class DeepR(Structure):
    """DEEP R (Bellec et al. 2018): connections end at magnitude 0, others start at random."""

    fixes_signs = True

    @property
    def needs_dormant_gradients(self) -> bool:
        """Whether moments follow them."""
        return self.dormant_moments

    @property
    def dormant_moments(self) -> bool:
        """With `pruning: next_batch` no moments are cleared: as in the published code."""
        return self.pruning == "next_batch"

    def score(self, gradient: Tensor, generator: torch.Generator) -> Tensor:
        """Return the score by which dormant connections start, of the gradient's shape."""
        return growth_score(gradient, "random", generator)

    def before_step(self, weight: Tensor, mask: Tensor, sign: Tensor) -> Change | None:
        """With `pruning: next_batch`, end what the step before left with a turned sign."""
        if self.pruning == "at_once":
            return None
        kept = mask & (weight * sign > 0)
        return Change(
            weight * kept, kept, torch.zeros_like(mask), mask.new_zeros((), dtype=torch.long)
        )

    def after_step(
        self,
        weight: Tensor,
        mask: Tensor,
        sign: Tensor,
        gradient: Tensor,
        generator: torch.Generator,
    ) -> Change:
        """End connections whose magnitude is not above 0, and start as many others."""
        result = rewire(weight * sign, mask, self.score(gradient * sign, generator))
        grown = result.grown.sum()
        if self.pruning == "at_once":
            reset = result.pruned | result.grown
            return Change(result.magnitude * sign, result.mask, reset, grown)
        weight = torch.where(result.pruned, weight, result.magnitude * sign)
        return Change(weight, result.mask | result.pruned, torch.zeros_like(mask), grown)


class DeepRRigl(DeepR):
    """DEEP R's pruning; connections start by the gradient, as in RigL (Evci et al. 2020)."""

    @property
    def needs_dormant_gradients(self) -> bool:
        """Whether growth is by the gradient, rather than at random, or moments follow it."""
        return self.growth != "random" or self.dormant_moments

    def score(self, gradient: Tensor, generator: torch.Generator) -> Tensor:
        """Return the score by which dormant connections start, of the gradient's shape."""
        return growth_score(gradient, self.growth, generator)


def connection_counts(shapes: Sequence[Sequence[int]], sparsity: str) -> list[int]:
    """Return how many connections each layer has at a sparsity.

    Args:
        shapes: of each layer.
        sparsity: a decimal as text.
    """
    return [connection_count(math.prod(shape), sparsity) for shape in shapes]


STRUCTURES: dict[str, type[Structure]] = {
    "dense": Structure,
    "static": Structure,
    "static_connected": StaticConnected,
    "magnitude": MagnitudePruning,
    "deep_r": DeepR,
    "deep_r_rigl": DeepRRigl,
}

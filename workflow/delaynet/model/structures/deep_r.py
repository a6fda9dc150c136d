"""DEEP R: connections whose magnitude reached zero become dormant, others start at random."""

from typing import NamedTuple

import torch
from torch import Tensor

from delaynet.model.structures import Change, Structure

# A grown connection starts at this magnitude (Mészáros et al. 2024): active, but without effect.
NEWBORN_MAGNITUDE = 1e-12


class Rewired(NamedTuple):
    """A layer's connections after one rewiring; shapes as given.

    Attributes:
        magnitude: 0 where dormant.
        mask: the connections.
        pruned: those that became dormant.
        grown: those that started.
    """

    magnitude: Tensor
    mask: Tensor
    pruned: Tensor
    grown: Tensor


def rewire(magnitude: Tensor, mask: Tensor, score: Tensor) -> Rewired:
    """Make connections dormant whose magnitude reached zero, and start as many others.

    (DEEP R, Bellec et al. 2018, algorithm 1, without the noise; with a score from the gradient the
    regrowth of RigL, Evci et al. 2020.) A connection that was just pruned may be drawn again.

    Args:
        magnitude: sign times weight, any shape; not above 0 means pruned.
        mask: the connections, bool, same shape.
        score: dormant connections with the highest scores start (`growth_score`), same shape.

    Returns:
        The new magnitudes and mask, with as many connections as before.
    """
    pruned = mask & (magnitude <= 0)
    active = mask & ~pruned
    order = score.masked_fill(active, -torch.inf).flatten().argsort(descending=True, stable=True)
    rank = torch.empty_like(order)
    rank[order] = torch.arange(len(order), device=order.device)
    grown = (rank < pruned.sum()).view_as(mask)
    magnitude = torch.where(active, magnitude, 0.0).masked_fill(grown, NEWBORN_MAGNITUDE)
    return Rewired(magnitude, active | grown, pruned & ~grown, grown)


class DeepR(Structure):
    """DEEP R (Bellec et al. 2018): connections end at magnitude 0, others start at random."""

    fixes_signs = True

    @property
    def needs_dormant_gradients(self) -> bool:
        """Whether moments follow these gradients."""
        return self.dormant_moments

    @property
    def dormant_moments(self) -> bool:
        """Whether no moments are cleared, as in the published code (`pruning: next_batch`)."""
        return self.pruning == "next_batch"

    def score(self, gradient: Tensor, generator: torch.Generator) -> Tensor:
        """Return the score by which dormant connections start, of the gradient's shape."""
        return torch.rand(gradient.shape, generator=generator, device=gradient.device)

    def before_step(self, weight: Tensor, mask: Tensor, sign: Tensor) -> Change | None:
        """With `pruning: next_batch`, remove connections whose sign the last step reversed."""
        if self.pruning == "at_once":
            return None
        active = mask & (weight * sign > 0)
        return Change(weight * active, active, None, mask.new_zeros((), dtype=torch.long))

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
        return Change(weight, result.mask | result.pruned, None, grown)


STRUCTURE = DeepR

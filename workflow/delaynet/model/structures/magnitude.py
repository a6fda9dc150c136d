"""Gradual pruning: a dense network loses its weakest connections for good."""

from collections.abc import Sequence

import torch
from torch import Tensor

from delaynet.model.connectivity import connection_count
from delaynet.model.structures import Change, Structure


def gradual_count(possible: int, final: int, progress: float) -> int:
    """Return how many connections a dense layer has left on its way to its final sparsity.

        K + (n - K) (1 - progress)^3

    (Zhu & Gupta 2017, arXiv 1710.01878, eq. 1, from an initial sparsity of 0: many are pruned at
    first, few near the end.)

    Args:
        possible: n.
        final: K.
        progress: of the pruning, from 0 to 1.
    """
    return final + int((possible - final) * (1 - progress) ** 3)


def largest_connections(magnitude: Tensor, mask: Tensor, count: int) -> Tensor:
    """Return the mask of the connections of largest magnitude (Han et al. 2015, arXiv 1506.02626).

    Args:
        magnitude: absolute weights, any shape.
        mask: the connections, bool, same shape.
        count: how many remain, at most all; of equal ones the first.
    """
    rank = magnitude.masked_fill(~mask, -1.0).flatten().argsort(descending=True, stable=True)
    largest = torch.zeros_like(mask).flatten().index_fill(0, rank[:count], True)
    return largest.view_as(mask) & mask


class MagnitudePruning(Structure):
    """Dense at first; each epoch the weakest connections are pruned for good (Zhu & Gupta 2017)."""

    def initial_masks(
        self, shapes: Sequence[Sequence[int]], generator: torch.Generator
    ) -> list[Tensor]:
        """Return every connection."""
        return Structure("0").initial_masks(shapes, generator)

    def before_epoch(
        self,
        weight: Tensor,
        mask: Tensor,
        sign: Tensor,
        epoch: int,
        progress: float,
        generator: torch.Generator,
    ) -> Change:
        """Keep the connections of largest magnitude, as many as the schedule leaves."""
        possible = mask.numel()
        count = gradual_count(possible, connection_count(possible, self.sparsity), progress)
        remaining = largest_connections(weight.abs(), mask, count)
        return Change(
            weight * remaining, remaining, mask & ~remaining, mask.new_zeros((), dtype=torch.long)
        )

    def is_complete(self, progress: float) -> bool:
        """Return whether the pruning has ended."""
        return progress == 1


STRUCTURE = MagnitudePruning

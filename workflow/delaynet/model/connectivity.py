"""Which connections exist: random masks, their change by DEEP R and RigL, and gradual pruning.

Pure functions on (magnitude, gradient, mask). Every layer keeps exactly K = int((1 - p) n) of its n
possible connections, after every step; under gradual pruning, from its end on. Nothing here waits
for a GPU: counts that depend on values stay tensors.
"""

from collections.abc import Sequence
from decimal import Decimal
from typing import NamedTuple

import torch
from torch import Tensor

from delaynet.config.errors import UserError

# A grown connection starts at this magnitude (Mészáros et al. 2024): alive, but without effect.
NEWBORN_MAGNITUDE = 1e-12


def connection_count(possible: int, sparsity: str) -> int:
    """Return K = int((1 - p) n), at least one, exactly (no binary fractions)."""
    return max(1, int((1 - Decimal(sparsity)) * possible))


def random_mask(shape: Sequence[int], count: int, generator: torch.Generator) -> Tensor:
    """Return a mask with exactly `count` connections, every set of them equally likely.

    Args:
        shape: of the mask, for instance [synapses, out, in].
        count: connections.
        generator: on the CPU.
    """
    mask = torch.zeros(tuple(shape), dtype=torch.bool)
    mask.view(-1)[torch.randperm(mask.numel(), generator=generator)[:count]] = True
    return mask


def connected_masks(
    shapes: Sequence[Sequence[int]], counts: Sequence[int], generator: torch.Generator
) -> list[Tensor]:
    """Return random masks in which every used hidden unit has an input and an output.

    As many units of a hidden layer are used as the layers before and after it have connections for;
    each gets one connection on either side, and the rest are drawn at random among the used units.

    Args:
        shapes: [synapses, out, in] of each layer, from the input on.
        counts: connections of each layer.
        generator: on the CPU.

    Returns:
        One mask a layer, with exactly the counts.

    Raises:
        UserError: so few connections that there is no such net.
    """
    hidden_sizes = [shape[1] for shape in shapes[:-1]]
    used = [
        torch.randperm(size, generator=generator)[: min(size, before, after)]
        for size, before, after in zip(hidden_sizes, counts, counts[1:], strict=False)
    ]
    presynaptic = [torch.randperm(shapes[0][2], generator=generator), *used]
    postsynaptic = [*used, torch.randperm(shapes[-1][1], generator=generator)]
    masks = []
    for index, (shape, count) in enumerate(zip(shapes, counts, strict=True)):
        rows, columns = postsynaptic[index], presynaptic[index]
        # inputs and outputs need no connection, but share the hidden units' evenly
        to_cover = max(len(hidden) for hidden in used[max(index - 1, 0) : index + 1])
        turn = torch.arange(to_cover)
        mask = torch.zeros(tuple(shape), dtype=torch.bool)
        mask[0, rows[turn % len(rows)], columns[turn % len(columns)]] = True
        masks.append(_filled_up(mask, count, rows, columns, generator))
    return masks


def _filled_up(
    mask: Tensor, count: int, rows: Tensor, columns: Tensor, generator: torch.Generator
) -> Tensor:
    """Return the mask with connections drawn within rows x columns until there are `count`."""
    free = torch.zeros_like(mask)
    free[:, rows[:, None], columns[None, :]] = True
    candidates = (free & ~mask).view(-1).nonzero().squeeze(1)
    missing = count - int(mask.sum())
    if missing > len(candidates):
        raise UserError(
            f"a layer of {tuple(mask.shape[1:])} has no room for {count} connections among the "
            f"{len(columns)} and {len(rows)} units that can have both an input and an output; "
            "lower the sparsity of `static_connected`, or take larger hidden layers."
        )
    mask.view(-1)[candidates[torch.randperm(len(candidates), generator=generator)[:missing]]] = True
    return mask


class Rewired(NamedTuple):
    """A layer's connections after one rewiring; shapes as given.

    Attributes:
        magnitude: 0 where dormant.
        mask: the connections.
        pruned: those that went dormant.
        grown: those that started.
    """

    magnitude: Tensor
    mask: Tensor
    pruned: Tensor
    grown: Tensor


def rewire(magnitude: Tensor, mask: Tensor, score: Tensor) -> Rewired:
    """Let connections whose magnitude reached zero go dormant, and start as many others.

    (DEEP R, Bellec et al. 2018, algorithm 1, without the noise; with a score from the gradient the
    regrowth of RigL, Evci et al. 2020.) A connection that was just pruned may be drawn again.

    Args:
        magnitude: sign times weight, any shape; not above 0 means pruned.
        mask: the connections, bool, same shape.
        score: the dormant ones with the highest score start (`growth_score`), same shape.

    Returns:
        The new magnitudes and mask, with as many connections as before.
    """
    pruned = mask & (magnitude <= 0)
    kept = mask & ~pruned
    order = score.masked_fill(kept, -torch.inf).flatten().argsort(descending=True, stable=True)
    rank = torch.empty_like(order)
    rank[order] = torch.arange(len(order), device=order.device)
    grown = (rank < pruned.sum()).view_as(mask)
    magnitude = torch.where(kept, magnitude, 0.0).masked_fill(grown, NEWBORN_MAGNITUDE)
    return Rewired(magnitude, kept | grown, pruned & ~grown, grown)


def growth_score(gradient: Tensor, growth: str, generator: torch.Generator) -> Tensor:
    """Return the score by which dormant connections start.

    Args:
        gradient: of the loss for the magnitudes, dormant ones too, any shape.
        growth: `random` (DEEP R), `gradient` (most negative first, Mészáros et al. 2024),
            `magnitude` (largest absolute gradient first, Evci et al. 2020), or `positive_gradient`
            (largest positive first, an earlier version of the published code).
        generator: on the device of the gradient, for `random`.

    Returns:
        Same shape; the highest start first.
    """
    match growth:
        case "random":
            return torch.rand(gradient.shape, generator=generator, device=gradient.device)
        case "gradient":
            return -gradient
        case "magnitude":
            return gradient.abs()
        case "positive_gradient":
            return gradient
    raise ValueError(f"unknown growth '{growth}'")


def gradual_count(possible: int, final: int, progress: float) -> int:
    """Return how many connections a dense layer has left on its way to its final sparsity.

        K + (n - K) (1 - progress)^3

    (Zhu & Gupta 2017, arXiv 1710.01878, eq. 1, from an initial sparsity of 0: many go while many
    are redundant, few near the end.)

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
        count: how many stay, all if there are no more; of equal ones those that come first.
    """
    rank = magnitude.masked_fill(~mask, -1.0).flatten().argsort(descending=True, stable=True)
    largest = torch.zeros_like(mask).flatten().index_fill(0, rank[:count], True)
    return largest.view_as(mask) & mask


def reachable_outputs(masks: Sequence[Tensor]) -> int:
    """Return how many outputs some input reaches through connections.

    Args:
        masks: of each layer from the input on, [synapses, out, in].
    """
    reached = torch.ones(masks[0].shape[2], dtype=torch.bool, device=masks[0].device)
    for mask in masks:
        reached = (mask.any(0) & reached).any(1)
    return int(reached.sum())

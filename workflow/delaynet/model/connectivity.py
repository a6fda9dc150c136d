"""Which connections exist: how many, random masks, and which outputs they reach."""

import math
from collections.abc import Sequence
from decimal import Decimal

import torch
from torch import Tensor


def connection_count(possible: int, sparsity: str) -> int:
    """Return K = int((1 - p) n), at least one, exactly (no binary fractions)."""
    return max(1, int((1 - Decimal(sparsity)) * possible))


def connection_counts(shapes: Sequence[Sequence[int]], sparsity: str) -> list[int]:
    """Return how many connections each layer has at a sparsity.

    Args:
        shapes: shape of each layer.
        sparsity: a decimal as text.
    """
    return [connection_count(math.prod(shape), sparsity) for shape in shapes]


def random_mask(shape: Sequence[int], count: int, generator: torch.Generator) -> Tensor:
    """Return a mask with exactly `count` connections, every set of them equally likely.

    Args:
        shape: of the mask, for example [synapses, out, in].
        count: connections.
        generator: on the CPU.
    """
    mask = torch.zeros(tuple(shape), dtype=torch.bool)
    mask.view(-1)[torch.randperm(mask.numel(), generator=generator)[:count]] = True
    return mask


def reachable_outputs(masks: Sequence[Tensor]) -> int:
    """Return the number of outputs that at least one input reaches through connections.

    Args:
        masks: of each layer from the input on, [synapses, out, in].
    """
    reached = torch.ones(masks[0].shape[2], dtype=torch.bool, device=masks[0].device)
    for mask in masks:
        reached = (mask.any(0) & reached).any(1)
    return int(reached.sum())

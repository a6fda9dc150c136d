"""Static and connected: random masks in which every used hidden unit has an input and an output."""

from collections.abc import Sequence

import torch
from torch import Tensor

from delaynet.config.errors import UserError
from delaynet.model.connectivity import connection_counts
from delaynet.model.structures import Structure


def connected_masks(
    shapes: Sequence[Sequence[int]], counts: Sequence[int], generator: torch.Generator
) -> list[Tensor]:
    """Return random masks in which every used hidden unit has an input and an output.

    A hidden layer uses as many units as the layers before and after it have connections. Each used
    unit gets one connection on either side; the others are drawn at random among the used units.

    Args:
        shapes: [synapses, out, in] of each layer, from the input on.
        counts: connections of each layer.
        generator: on the CPU.

    Returns:
        One mask a layer, with exactly the counts.

    Raises:
        UserError: no such network has so many connections in so few units.
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
        # inputs and outputs need no connection; they share those of the hidden units evenly
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


class StaticConnected(Structure):
    """Random connections in which every used hidden unit has an input and an output."""

    def initial_masks(
        self, shapes: Sequence[Sequence[int]], generator: torch.Generator
    ) -> list[Tensor]:
        """See `Structure` and `connected_masks`."""
        return connected_masks(shapes, connection_counts(shapes, self.sparsity), generator)


STRUCTURE = StaticConnected

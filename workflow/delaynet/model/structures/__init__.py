"""How each structure sets and changes the connections of a network, before and during training.

One file per structure, with its class and the pure functions that it needs; the file has the
structure's name. An object takes and returns tensors of one layer. It knows neither the network
nor its optimiser, so it serves any network whose connections have a weight and a mask:

    structure = structure_named("deep_r_rigl")(sparsity="0.9", growth="magnitude")
    masks = structure.initial_masks(shapes, generator)
    for each epoch:
        structure.before_epoch(weight, mask, sign, epoch, progress, generator)  of each layer
        for each batch:
            compute the gradient
            structure.before_step(weight, mask, sign)
            take the optimiser's step on the connections' gradient
            structure.after_step(weight, mask, sign, gradient, generator)
            under Dale's principle, set weights of a wrong sign to 0

None means that a layer stays as it is. `tests/model/test_structures.py` does this with layers of
PyTorch's own, `delaynet.training.step` with ours. Every layer keeps exactly K = int((1 - p) n) of
its n possible connections, after every step; under gradual pruning, from its end on. Counts that
depend on values stay tensors, so nothing here waits for a GPU.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import ClassVar, NamedTuple

import torch
from torch import Tensor

from delaynet.model.connectivity import connection_counts, random_mask


class Change(NamedTuple):
    """A layer's connections after a change; all but `grown` have the shape of the weights.

    Attributes:
        weight: signed; 0 where there is no connection.
        mask: the connections, bool.
        reset: connections that ended or started, bool: their moments in the optimiser are cleared;
            None where all moments stay.
        grown: number of connections that started, [].
    """

    weight: Tensor
    mask: Tensor
    reset: Tensor | None
    grown: Tensor


@dataclass(frozen=True)
class Structure:
    """Connections drawn at random once and kept: `static`, and `dense` at sparsity 0.

    Every other structure overrides what differs. Its methods take of a layer the signed `weight`,
    the `mask` of its connections, bool, and the fixed `sign`, -1 or 1, or 0 where a sign is free:
    all of one shape, which is any; and a generator on their device.

    Attributes:
        sparsity: share of the possible connections that do not exist, a decimal as text.
        growth: which dormant connections start (`deep_r_rigl.growth_score`).
        pruning: when a connection is removed whose magnitude fell to zero: `at_once`, or with
            `next_batch` after one more batch with its sign reversed.
        fixes_signs: whether every connection keeps its sign and ends at magnitude 0, as in DEEP R;
            the L1 penalty is on such structures. Under another one, Dale's principle alone fixes
            signs, and sets a weight of the wrong sign to 0.
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
        """Whether the optimiser's moments also follow the gradients of dormant connections."""
        return False

    def initial_masks(
        self, shapes: Sequence[Sequence[int]], generator: torch.Generator
    ) -> list[Tensor]:
        """Return the connections of each layer before training, bool; the generator is on the CPU.

        Shapes are [synapses, out, in], from the input on.

        Raises:
            UserError: this structure cannot have so few connections.
        """
        counts = connection_counts(shapes, self.sparsity)
        pairs = zip(shapes, counts, strict=True)
        return [random_mask(shape, count, generator) for shape, count in pairs]

    def before_epoch(
        self,
        weight: Tensor,
        mask: Tensor,
        sign: Tensor,
        epoch: int,
        progress: float,
        generator: torch.Generator,
    ) -> Change | None:
        """Return a layer's connections at the beginning of an epoch; called once in each.

        Epoch 0 comes before any training. The progress is that of gradual pruning
        (`training.pruning_fraction`), from 0 to 1.
        """
        return None

    def before_step(self, weight: Tensor, mask: Tensor, sign: Tensor) -> Change | None:
        """Return a layer's connections after the gradient and before the optimiser's step."""
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

        The gradient is that of the loss for the weights before the step, same shape; of all
        possible connections where `needs_dormant_gradients`.
        """
        return None

    def is_complete(self, progress: float) -> bool:
        """Return whether a network has its sparsity, so that its epoch can be selected."""
        return True


def structure_named(name: str) -> type[Structure]:
    """Return the structure of a name.

    Only its file is imported, so a training depends on the code of its own structure and no other.
    """
    found: type[Structure] = import_module(f"{__name__}.{name}").STRUCTURE
    return found

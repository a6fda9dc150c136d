"""DEEP R with RigL: dormant connections start by the gradient of the loss."""

import torch
from torch import Tensor

from delaynet.model.structures.deep_r import DeepR


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


class DeepRRigl(DeepR):
    """DEEP R's pruning; connections start by the gradient, as in RigL (Evci et al. 2020)."""

    @property
    def needs_dormant_gradients(self) -> bool:
        """Whether growth is by the gradient, rather than at random, or moments follow it."""
        return self.growth != "random" or self.dormant_moments

    def score(self, gradient: Tensor, generator: torch.Generator) -> Tensor:
        """Return the score by which dormant connections start, of the gradient's shape."""
        return growth_score(gradient, self.growth, generator)


STRUCTURE = DeepRRigl

"""How near a tensor is to the one that is expected."""

from torch import Tensor


def relative_error(value: Tensor, expected: Tensor) -> float:
    """Largest difference, as a share of the largest expected magnitude."""
    value, expected = value.detach(), expected.detach()
    return float((value - expected).abs().max() / expected.abs().max())

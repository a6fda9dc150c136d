"""Delay kernels built by the published package `dcls` (Khalfaoui-Hassani et al. 2023).

They equal those of `delaynet.model.delays` up to rounding, and are slower.
"""

from functools import lru_cache

import torch
from DCLS.construct.modules import ConstructKernel1d
from torch import Tensor

from delaynet.model.delays import rounded_steps


def dcls_kernel(weight: Tensor, delay: Tensor, sigma: float, max_delay: int) -> Tensor:
    """Return the kernel of a layer, summed over the synapses of a pair of neurons.

    With sigma above 0, the package's version `gauss`; otherwise its version `max` at rounded
    positions, one tap wide, as Hammouamri et al. (2024) evaluate their networks.

    Args:
        weight: weights, [synapses, out, in].
        delay: delays in steps, same shape.
        sigma: width of the Gaussian in steps, to which the package adds 0.27; 0 for rounded delays.
        max_delay: number of taps.

    Returns:
        Kernel, [out, in, max_delay], tap index max_delay - 1 - d for delay d.
    """
    if sigma == 0:
        delay = rounded_steps(delay, max_delay)
    # the package counts positions from the tap max_delay // 2 on
    position = max_delay - 1 - max_delay // 2 - delay.permute(1, 2, 0)  # [out, in, synapses]
    width = torch.full_like(position, sigma)
    version = "max" if sigma == 0 else "gauss"
    construct = _construction(*position.shape, max_delay, version, weight.device)
    kernel: Tensor = construct(weight.permute(1, 2, 0), position[None], width[None])
    return kernel


@lru_cache(maxsize=16)
def _construction(
    outputs: int, inputs: int, synapses: int, taps: int, version: str, device: torch.device
) -> ConstructKernel1d:
    """Return the package's construction, one per device, because its indices stay on one device."""
    return ConstructKernel1d(outputs, inputs, 1, synapses, [taps], version)

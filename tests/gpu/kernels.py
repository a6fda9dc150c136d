"""Every kernel for a GPU beside the loop of its name for a CPU."""

import torch
from comparison import relative_error
from torch import Tensor

from delaynet.model import cpu_kernels
from gpu import Result

CONSTANTS = 1 - 1 / 3, 1.0, 5.0
# neurons, steps, batch: the paper's; odd ones; one clip; more clips than a block holds
SIZES = (256, 80, 256), (7, 20, 33), (3, 19, 1), (5, 101, 1500)
TOLERANCE = 1e-10


def made_up(neurons: int, steps: int, batch: int, dtype: torch.dtype) -> list[Tensor]:
    """Return what `fire` reads: strong and weak currents, and some neurons dropped."""
    draw = torch.Generator().manual_seed(0)
    current = torch.randn(neurons, steps, batch, generator=draw, dtype=torch.float64) * 2
    scale = torch.rand(neurons, generator=draw, dtype=torch.float64) + 0.5
    offset = torch.rand(neurons, generator=draw, dtype=torch.float64)
    dropout_mask = torch.randint(2, (neurons, batch), generator=draw) * 1.7
    constants = torch.tensor(CONSTANTS, dtype=torch.float64)
    return [tensor.to(dtype) for tensor in (current, scale, offset, dropout_mask, constants)]


def both(
    kernel: str, read: list[Tensor], written: list[Tensor], device: torch.device | str = "cpu"
) -> list[tuple[Tensor, Tensor]]:
    """Return what a loop on the CPU and the kernel of its name on a device write, on the CPU."""
    from delaynet.model import gpu_kernels  # Triton is not on every machine

    by_loop, by_kernel = (
        [torch.full_like(tensor, 7.0, device=place) for tensor in written]
        for place in ("cpu", device)
    )
    cpu_kernels.run(kernel, *read, *by_loop)
    gpu_kernels.run(kernel, *(tensor.to(device) for tensor in read), *by_kernel)
    return list(zip(by_loop, (tensor.cpu() for tensor in by_kernel), strict=True))


def kernels_are_the_loops(
    device: torch.device, sizes: tuple[tuple[int, int, int], ...] = SIZES
) -> Result:
    """Compare in double precision; that also holds spikes equal, which are 0 or above 1."""
    errors = dict.fromkeys(("moments", "fire", "fire_gradient"), 0.0)
    for size in sizes:
        read = made_up(*size, torch.float64)
        mean, variance = read[0].mean((1, 2)), read[0].var((1, 2), correction=0)
        sums = torch.empty(size[0], 2, dtype=torch.float64)
        calls = {
            "moments": (read[:1], [mean, variance]),
            "fire": (read, [read[0]]),
            "fire_gradient": ([*read, mean, variance, read[0].flip(1)], [read[0], sums]),
        }
        for kernel, arguments in calls.items():
            for of_loop, of_kernel in both(kernel, *arguments, device):
                errors[kernel] = max(errors[kernel], relative_error(of_kernel, of_loop))
    return Result(all(error < TOLERANCE for error in errors.values()), errors)

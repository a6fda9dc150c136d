"""Independent random streams of one seed, one for each purpose."""

import numpy as np
import torch

# the index of a purpose determines its stream, so add new ones at the end
PURPOSES = (
    "weight", "delay", "sign", "mask", "order", "dropout", "growth", "channels", "frames", "labels",
)  # fmt: skip


def generator(seed: int, purpose: str, device: torch.device | str = "cpu") -> torch.Generator:
    """Return the random stream of one purpose.

    Args:
        seed: of the run.
        purpose: one of `PURPOSES`.
        device: of the tensors to be drawn. Initial networks are always drawn on the CPU, and so the
            same on every device.
    """
    sequence = np.random.SeedSequence([seed, PURPOSES.index(purpose)])
    stream = torch.Generator(device)
    stream.manual_seed(int(sequence.generate_state(1, np.uint64)[0] >> 1))
    return stream

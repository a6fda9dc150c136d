"""One seed, many independent streams: what is drawn for one purpose never shifts another."""

import numpy as np
import torch

# a purpose's place is its stream: new ones go to the end, lest they shift the others
PURPOSES = (
    "weight", "delay", "sign", "mask", "order", "dropout", "growth", "channels", "frames", "labels",
)  # fmt: skip


def generator(seed: int, purpose: str, device: torch.device | str = "cpu") -> torch.Generator:
    """Return the random stream of one purpose.

    Args:
        seed: of the run.
        purpose: one of `PURPOSES`.
        device: of the tensors that it will draw. Initial networks are always drawn on the CPU, so
            that they are the same on every device.
    """
    sequence = np.random.SeedSequence([seed, PURPOSES.index(purpose)])
    stream = torch.Generator(device)
    stream.manual_seed(int(sequence.generate_state(1, np.uint64)[0] >> 1))
    return stream

"""Which GPU of a workstation a training takes.

Snakemake says how many trainings run at a time, and not which GPU is free. So each GPU has as many
files as it takes trainings at a time, and a training locks one; however the training ends, the file
is free again.
"""

import fcntl
import os
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

# for all clones on this machine, of one user
LOCKS = Path(tempfile.gettempdir(), f"delaynet-gpus-of-{os.getuid()}")
SECONDS_BETWEEN_LOOKS = 1.0


@contextmanager
def one_of(slots: Sequence[str], locks: Path = LOCKS) -> Iterator[None]:
    """Wait for a free slot, and see its GPU alone; it is taken until the block or the process ends.

    Args:
        slots: GPUs, each as often as it takes trainings at a time; none changes nothing.
        locks: folder of a file for each slot.
    """
    if not slots:
        yield
        return
    locks.mkdir(mode=0o700, exist_ok=True)
    with ExitStack() as stack:
        files = [
            stack.enter_context((locks / f"{gpu}-{slots[:place].count(gpu)}").open("ab"))
            for place, gpu in enumerate(slots)
        ]
        while (taken := next(filter(_take, files), None)) is None:
            time.sleep(SECONDS_BETWEEN_LOOKS)
        # read when this process first uses a GPU
        os.environ.update(CUDA_VISIBLE_DEVICES=slots[files.index(taken)])
        yield


def _take(file: BinaryIO) -> bool:
    """Lock a file unless another process has locked it, and return whether that was done."""
    with suppress(BlockingIOError):
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return True
    return False

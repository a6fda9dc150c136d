"""Where a training computes: which device, and what the log says of it."""

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager

import torch

from delaynet.config.errors import UserError
from delaynet.provenance.machine import machine

# what says that a job was given GPUs; CUDA takes -1 for none
GRANTS = ("CUDA_VISIBLE_DEVICES", "SLURM_JOB_GPUS")
NO_GPU = ("", "-1", "NoDevFiles")

log = logging.getLogger("delaynet.training")


def pick_device(name: str) -> torch.device:
    """Return the device of a training.

    A CPU in place of a GPU that the job was given is a warning only: the result is as good.

    Args:
        name: `training.device`.

    Raises:
        UserError: `cuda` without a GPU.
    """
    sees_gpu = torch.cuda.is_available()
    if name == "cuda" and not sees_gpu:
        raise UserError("`training.device` is 'cuda', but PyTorch sees no GPU here; use 'auto'.")
    device = torch.device("cpu" if name == "cpu" or not sees_gpu else "cuda")
    if name == "auto" and not sees_gpu and (grant := granted_gpus()):
        log.warning("this job was given a GPU (%s), which PyTorch does not see: %s", grant, _why())
    return device


@contextmanager
def flushed_denormals() -> Iterator[None]:
    """Take numbers too small for all digits as zero within the block, and not after it.

    The tails of narrow kernels and old moments of Adam are such; on a CPU they halve the speed.
    """
    torch.set_flush_denormal(True)
    try:
        yield
    finally:
        torch.set_flush_denormal(False)


def described(device: torch.device) -> str:
    """Return what the rounding of a training depends on, of what differs between machines."""
    if device.type == "cuda":
        return f"GPU ({torch.cuda.get_device_name()})"
    return f"CPU ({machine()['cpu']}, threads: {torch.get_num_threads()})"


def granted_gpus() -> str | None:
    """Return what in the environment says that this job was given GPUs, or None."""
    for name in GRANTS:
        if (value := os.environ.get(name, "")) not in NO_GPU:
            return f"{name} is {value}"
    return None


def _why() -> str:
    """Return why PyTorch sees no GPU, as far as it knows, and what to do."""
    build = f"its build, {torch.__version__},"
    if torch.version.cuda is None:
        return f"{build} is for CPUs alone; install one with CUDA (envs/README.md)"
    return f"{build} needs a driver for CUDA {torch.version.cuda}; see what `nvidia-smi` says there"

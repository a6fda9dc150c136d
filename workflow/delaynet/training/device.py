"""The device of a training, and its description in the log."""

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager

import torch

from delaynet.config.errors import UserError
from delaynet.provenance.machine import machine

# variables that say that a job was given GPUs; for CUDA, -1 is none
GRANTS = ("CUDA_VISIBLE_DEVICES", "SLURM_JOB_GPUS")
NO_GPU = ("", "-1", "NoDevFiles")

log = logging.getLogger("delaynet.training")


def pick_device(name: str) -> torch.device:
    """Return the device of a training; matrix products on a GPU have full single precision.

    If the job was given a GPU that PyTorch does not see, it warns and uses the CPU.

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
    # whatever the environment allows; the second is read by the GPU's own library
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = False
    os.environ.update(NVIDIA_TF32_OVERRIDE="0")
    return device


@contextmanager
def flush_denormals() -> Iterator[None]:
    """Treat denormal numbers as zero within the block.

    They occur in the tails of narrow kernels and in old moments of Adam, and slow a CPU by half.
    """
    torch.set_flush_denormal(True)
    try:
        yield
    finally:
        torch.set_flush_denormal(False)


def describe_device(device: torch.device) -> str:
    """Return processor and threads, or GPU: what the rounding of a training depends on."""
    if device.type == "cuda":
        return f"GPU ({torch.cuda.get_device_name()})"
    return f"CPU ({machine()['cpu']}, threads: {torch.get_num_threads()})"


def granted_gpus() -> str | None:
    """Return the environment variable that says that this job was given GPUs, or None."""
    for name in GRANTS:
        if (value := os.environ.get(name, "")) not in NO_GPU:
            return f"{name} is {value}"
    return None


def _why() -> str:
    """Return the likely reason why PyTorch sees no GPU, and what to do."""
    build = f"its build, {torch.__version__},"
    if torch.version.cuda is None:
        return f"{build} is for CPUs alone; install one with CUDA (envs/README.md)"
    return f"{build} needs a driver for CUDA {torch.version.cuda}; see what `nvidia-smi` says there"

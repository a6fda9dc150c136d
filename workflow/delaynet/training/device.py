"""The device of a training, its description in the log, and transfers from it."""

import logging
import os
import platform
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager

import torch
from torch import Tensor

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
        UserError: `cuda` without a GPU, or a GPU that this build of PyTorch has no code for.
    """
    sees_gpu = torch.cuda.is_available()
    if name == "cuda" and not sees_gpu:
        raise UserError("`training.device` is 'cuda', but PyTorch sees no GPU here; use 'auto'.")
    device = torch.device("cpu" if name == "cpu" or not sees_gpu else "cuda")
    if name == "auto" and not sees_gpu and (grant := granted_gpus()):
        log.warning("this job was given a GPU (%s), which PyTorch does not see: %s", grant, _why())
    if device.type == "cuda":
        card, capability = torch.cuda.get_device_name(), torch.cuda.get_device_capability()
        require_code(card, capability, torch.cuda.get_arch_list())
    # whatever the environment allows; the second is read by the GPU's own library
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = False
    os.environ.update(NVIDIA_TF32_OVERRIDE="0")
    return device


def on_cpu(*tensors: Tensor) -> list[Tensor]:
    """Return tensors on the CPU, by one transfer, which waits for their device.

    They travel in double precision, which holds single precision and our whole numbers exactly.

    Args:
        tensors: on one device, at least one.
    """
    together = torch.cat([tensor.flatten().double() for tensor in tensors]).cpu()
    parts = together.split([tensor.numel() for tensor in tensors])
    return [p.view(t.shape).to(t.dtype) for p, t in zip(parts, tensors, strict=True)]


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


def has_code_for(capability: tuple[int, int], architectures: Iterable[str]) -> bool:
    """Return whether a build of PyTorch has code for a GPU.

    Machine code runs on GPUs of its major version, from its minor version on (`sm_86`), or of
    exactly its version (`sm_90a`). A later GPU compiles intermediate code (`compute_90`).

    Args:
        capability: of the GPU, (major, minor).
        architectures: of the build, as `torch.cuda.get_arch_list` has them.
    """
    for architecture in architectures:
        found = re.fullmatch(r"(sm|compute)_(\d+)(\d)([af]?)", architecture)
        if found is None:
            return True  # not NVIDIA's, and nothing that we know of
        code = int(found[2]), int(found[3])
        is_later = code <= capability and (found[1] == "compute" or code[0] == capability[0])
        if is_later and (found[4] != "a" or code == capability):
            return True
    return False


def require_code(card: str, capability: tuple[int, int], architectures: Sequence[str]) -> None:
    """Check that this build of PyTorch has code for a GPU.

    Args:
        card: name of the GPU, for the message.
        capability: of the GPU, (major, minor).
        architectures: of the build.

    Raises:
        UserError: it has none; the message names a build that has.
    """
    if has_code_for(capability, architectures):
        return
    version = torch.__version__.partition("+")[0]
    # what PyTorch knows of its other builds: by CUDA version and processor, as 86 for sm_86
    builds = getattr(torch.cuda, "PYTORCH_RELEASES_CODE_CC", {})
    fitting = [
        cuda.replace(".", "")
        for cuda, by_processor in builds.items()
        if has_code_for(capability, (f"sm_{c}" for c in by_processor.get(platform.machine(), ())))
    ]
    instead = "no build of this version has, so take another GPU"
    if fitting:
        index = f"https://download.pytorch.org/whl/cu{fitting[0]}"
        instead = f"install the build with `pip install torch=={version} --index-url {index}`"
    has = ", ".join(architectures)
    raise UserError(
        f"{platform.node()}: this build of PyTorch ({torch.__version__}: {has}) has no code for "
        f"the GPU here, {card}, of compute capability {capability[0]}.{capability[1]}; {instead}, "
        "or set `training.device: cpu`."
    )

"""The machine of a job: packages, interpreter, PyTorch's build, host, CPU, GPU, Slurm's job."""

import importlib.metadata
import os
import platform
import re
import resource
import sys
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

# fields of /proc/cpuinfo: of x86, ARM, POWER and RISC-V
PROCESSOR = (
    *("model name", "cpu family", "model", "stepping"),
    *("CPU implementer", "CPU variant", "CPU part", "CPU revision"),
    *("cpu", "revision", "uarch"),
)
LINES_OF_BUILD = 6  # of what PyTorch says of its build: compiler, libraries, instruction set


def machine() -> dict[str, Any]:
    """Return the fields of a record on the software and hardware of this process."""
    return {
        "packages": _loaded_packages(),
        "python": platform.python_version(),
        "torch": _torch(),
        "platform": platform.platform(),
        "host": platform.node(),
        "cpu": processor(_text("/proc/cpuinfo")),
        "gpu": _gpu(),
        "visible_gpus": os.environ.get("CUDA_VISIBLE_DEVICES"),
        "slurm_job": os.environ.get("SLURM_JOB_ID"),
        "slurm_node": os.environ.get("SLURMD_NODENAME"),
    }


def peak_memory() -> int:
    """Return the most bytes that this process, or one that it started, held in memory."""
    users = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    peak = max(resource.getrusage(user).ru_maxrss for user in users)
    return peak if sys.platform == "darwin" else peak * 1024  # Linux counts in KiB


def peak_gpu_memory() -> dict[str, int]:
    """Return the field of a record on the GPU's memory, in bytes; none where no GPU was used."""
    if _gpu() is None:
        return {}
    return {"peak_gpu_memory_bytes": sys.modules["torch"].cuda.max_memory_reserved()}


@cache
def _installed() -> Mapping[str, list[str]]:
    """Return the distributions that each importable name comes from; this takes a second."""
    return importlib.metadata.packages_distributions()


def _loaded_packages() -> dict[str, str]:
    """Return the version of every installed distribution that this process has loaded."""
    top_level = {name.split(".")[0] for name in sys.modules}
    distributions = {
        distribution
        for name, owners in _installed().items()
        if name in top_level
        for distribution in owners
    }
    return {name: importlib.metadata.version(name) for name in sorted(distributions)}


def _torch() -> dict[str, Any] | None:
    """Return build and flags of PyTorch, or None where this process did not load it."""
    torch = sys.modules.get("torch")
    if torch is None:
        return None
    return {
        "version": str(torch.__version__),
        "cuda": torch.version.cuda,
        "build": [line.strip() for line in torch.__config__.show().splitlines()[:LINES_OF_BUILD]],
        "threads": torch.get_num_threads(),
        "deterministic_algorithms": torch.are_deterministic_algorithms_enabled(),
        "tf32": torch.backends.cuda.matmul.allow_tf32,
    }


def processor(cpuinfo: str) -> str | None:
    """Return the processor's model by /proc/cpuinfo, or None where that is empty.

    The name alone is not enough: virtual machines shorten it, and ARM has numbers only. Cores of
    several kinds are all named.
    """
    found = re.findall(rf"^({'|'.join(PROCESSOR)})\s*: (.+)$", cpuinfo, re.M)
    return ", ".join(dict.fromkeys(f"{field} {value}" for field, value in found)) or None


def _gpu() -> dict[str, str | None] | None:
    """Return the GPU that this process used and its driver, or None where it used none."""
    torch = sys.modules.get("torch")
    if torch is None or not torch.cuda.is_initialized():
        return None
    driver = re.search(r"Module +([\d.]+)", _text("/proc/driver/nvidia/version"))
    return {"name": torch.cuda.get_device_name(), "driver": driver[1] if driver else None}


def _text(file: str) -> str:
    """Return the text of a file of the system, or none where it has no such file."""
    path = Path(file)
    return path.read_text(encoding="utf-8") if path.exists() else ""

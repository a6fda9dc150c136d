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

LINES_OF_BUILD = 6  # of what PyTorch says of its build: compiler, libraries, instruction set


def machine() -> dict[str, Any]:
    """Return the fields of a record on the software and hardware of this process."""
    return {
        "packages": _loaded_packages(),
        "python": platform.python_version(),
        "torch": _torch(),
        "platform": platform.platform(),
        "host": platform.node(),
        "cpu": _cpu(),
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


@cache
def _installed() -> Mapping[str, list[str]]:
    """Return the distributions that each importable name comes from; this takes a second."""
    return importlib.metadata.packages_distributions()


@cache
def _version(distribution: str) -> str:
    return importlib.metadata.version(distribution)


def _loaded_packages() -> dict[str, str]:
    """Return the version of every installed distribution that this process has loaded."""
    top_level = {name.split(".")[0] for name in sys.modules}
    distributions = {
        distribution
        for name, owners in _installed().items()
        if name in top_level
        for distribution in owners
    }
    return {name: _version(name) for name in sorted(distributions)}


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
    }


def _cpu() -> str | None:
    """Return the processor's model, or None where the system does not say."""
    return _match_in("/proc/cpuinfo", r"^model name\s*: (.+)$") or platform.processor() or None


def _gpu() -> dict[str, str | None] | None:
    """Return the GPU that this process used and its driver, or None where it used none."""
    torch = sys.modules.get("torch")
    if torch is None or not torch.cuda.is_initialized():
        return None
    driver = _match_in("/proc/driver/nvidia/version", r"Module +([\d.]+)")
    return {"name": torch.cuda.get_device_name(), "driver": driver}


def _match_in(file: str, pattern: str) -> str | None:
    """Return what a pattern's group matches in a file of the system, or None."""
    path = Path(file)
    found = re.search(pattern, path.read_text(encoding="utf-8"), re.M) if path.exists() else None
    return found[1] if found else None

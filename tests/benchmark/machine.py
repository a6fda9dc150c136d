"""The machine that a table was measured on."""

import datetime
import os
import platform
from importlib.metadata import version
from pathlib import Path

import torch

PACKAGES = ("torch", "numba", "numpy", "dcls", "spikingjelly")


def description() -> dict[str, str]:
    """Return what a reader of the table needs to know of the machine, in words."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    system = platform.freedesktop_os_release()["PRETTY_NAME"]
    return {
        "processor": _processor(),
        "cores": f"{len(os.sched_getaffinity(0))}, of which {torch.get_num_threads()} are used",
        "memory": f"{memory / 2**30:.0f} GiB",
        "system": f"{system}, Linux {platform.release()}",
        "Python": platform.python_version(),
        **{name: version(name) for name in PACKAGES},
        "date": datetime.date.today().isoformat(),
    }


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        if line.startswith("model name"):
            return " ".join(line.split(":", 1)[1].split())
    return platform.machine()

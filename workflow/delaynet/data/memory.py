"""How much memory there is left."""

import re
from contextlib import suppress
from pathlib import Path

import torch

CONTROL_GROUPS = Path("/sys/fs/cgroup")


def free_memory(device: torch.device) -> int | None:
    """Return how many more bytes this process may use on a device, or None if that is unknown.

    On a CPU: what is available on the machine, and within the limits of the control groups that the
    process is in (of a container, or of a job of Slurm).
    """
    if device.type == "cuda":
        return int(torch.cuda.mem_get_info(device)[0])
    with suppress(OSError, ValueError, KeyError):
        amounts = [1024 * _fields(Path("/proc/meminfo"))["MemAvailable:"]]
        for group in _control_groups():
            with suppress(OSError, ValueError, KeyError):  # no limit is the word "max"
                limit = int((group / "memory.max").read_text(encoding="utf-8"))
                amounts.append(limit - _fields(group / "memory.stat")["anon"])
        return max(0, min(amounts))
    return None


def _control_groups() -> list[Path]:
    """Return the folders of the control groups (version 2) of this process, the innermost first."""
    with suppress(OSError):
        text = Path("/proc/self/cgroup").read_text(encoding="utf-8")
        if found := re.search(r"^0::/(.*)$", text, re.MULTILINE):
            innermost = CONTROL_GROUPS / found[1]
            return [f for f in (innermost, *innermost.parents) if f.is_relative_to(CONTROL_GROUPS)]
    return []


def _fields(path: Path) -> dict[str, int]:
    """Return the numbers of a file with a name and a number a line."""
    lines = (line.split() for line in path.read_text(encoding="utf-8").splitlines())
    return {words[0]: int(words[1]) for words in lines}

"""The GPUs of a workstation, over which trainings are spread; on a cluster, Slurm does so."""

import os
import shutil
from collections.abc import Sequence
from functools import cache
from typing import Any

from snakemake.exceptions import WorkflowError

from delaynet.config.grid import Config

VARIABLE = "DELAYNET_AT_ONCE"
TRAININGS_AT_ONCE = 4


@cache
def visible_gpus() -> tuple[str, ...]:
    """Return the GPUs that PyTorch sees here, as `CUDA_VISIBLE_DEVICES` names them."""
    if shutil.which("nvidia-smi") is None:
        return ()
    # imported here, as it takes two seconds
    import torch

    count = torch.cuda.device_count()
    names = os.environ.get("CUDA_VISIBLE_DEVICES") or ",".join(map(str, range(count)))
    return tuple(names.split(",")[:count])


def slots_of(gpus: Sequence[str]) -> list[str]:
    """Return the GPUs, each of them once for every training that it runs at a time.

    Raises:
        WorkflowError: `DELAYNET_AT_ONCE` is no number from 1 on.
    """
    at_once = os.environ.get(VARIABLE, str(TRAININGS_AT_ONCE))
    if not at_once.isdecimal() or int(at_once) < 1:
        raise WorkflowError(f"{VARIABLE} is '{at_once}'; it is 1 or more.")
    return [*gpus] * int(at_once)


def share_gpus(workflow: Any, config: Config) -> list[str]:
    """Limit the trainings at a time to what this machine's GPUs take; return their slots.

    There are none if a profile sets that limit, as the one for Slurm does.

    Raises:
        WorkflowError: `DELAYNET_AT_ONCE` is no number from 1 on.
    """
    is_limited = "gpuslot" in workflow.global_resources or not workflow.is_main_process
    slots = [] if is_limited or config.training.device == "cpu" else slots_of(visible_gpus())
    if slots:
        workflow.register_resource("gpuslot", len(slots))
    return slots

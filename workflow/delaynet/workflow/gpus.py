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
    """Return every GPU as often as it takes trainings at a time, all of them once before any twice.

    Raises:
        WorkflowError: `DELAYNET_AT_ONCE` is no number from 1 on.
    """
    at_once = os.environ.get(VARIABLE, str(TRAININGS_AT_ONCE))
    if not at_once.isdecimal() or int(at_once) < 1:
        raise WorkflowError(f"{VARIABLE} is '{at_once}'; it is 1 or more.")
    return [*gpus] * int(at_once)


def share_gpus(workflow: Any, config: Config) -> list[str]:
    """Let no more trainings run at a time than this machine's GPUs take; return these slots.

    None where a profile says how many run at a time, as that for Slurm does.

    Raises:
        WorkflowError: `DELAYNET_AT_ONCE` is no number from 1 on.
    """
    is_said = "gpuslot" in workflow.global_resources or not workflow.is_main_process
    slots = [] if is_said or config.training.device == "cpu" else slots_of(visible_gpus())
    if slots:
        workflow.register_resource("gpuslot", len(slots))
    return slots

"""Trainings are spread over the GPUs of a workstation, as many at a time as the setting says."""

from pathlib import Path

import pytest
import torch
from snakemake.exceptions import WorkflowError

from delaynet.config.grid import parse_config
from delaynet.workflow.gpus import slots_of, visible_gpus
from delaynet.workflow.naming import execution_options


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """A machine with three GPUs and their driver."""
    (tmp_path / "nvidia-smi").touch(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 3)
    visible_gpus.cache_clear()
    return monkeypatch


def test_all_gpus_are_used_or_those_that_the_user_has_named(machine: pytest.MonkeyPatch) -> None:
    assert visible_gpus() == ("0", "1", "2")
    visible_gpus.cache_clear()
    machine.setenv("CUDA_VISIBLE_DEVICES", "3,GPU-5ea1,5")
    assert visible_gpus() == ("3", "GPU-5ea1", "5")


def test_a_machine_without_a_driver_has_none(machine: pytest.MonkeyPatch) -> None:
    machine.setenv("PATH", "")
    assert visible_gpus() == ()


def test_four_trainings_share_a_gpu_unless_the_user_says_otherwise(
    machine: pytest.MonkeyPatch,
) -> None:
    machine.delenv("DELAYNET_AT_ONCE", raising=False)
    assert slots_of(["0", "1"]) == ["0", "1"] * 4
    machine.setenv("DELAYNET_AT_ONCE", "2")
    assert slots_of(["0", "1"]) == ["0", "1", "0", "1"]


@pytest.mark.parametrize("number", ["0", "-1", "four", ""])
def test_none_at_once_is_refused_in_one_sentence(machine: pytest.MonkeyPatch, number: str) -> None:
    machine.setenv("DELAYNET_AT_ONCE", number)
    with pytest.raises(WorkflowError, match=f"DELAYNET_AT_ONCE is '{number}'; it is 1 or more"):
        slots_of(["0"])


def test_a_training_is_told_the_slots() -> None:
    config = parse_config(
        {"name": "x", "grid": [{"delays": ["none"], "structure": ["dense"]}], "seeds": 1}
    )
    assert execution_options(config, ["0", "1"]).endswith(" --gpu-slots 0,1")
    assert "gpu" not in execution_options(config)

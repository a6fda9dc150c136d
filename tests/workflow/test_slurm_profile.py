"""The plan of `snakemake --profile slurm`, on a machine without Slurm."""

from pathlib import Path

import pytest
from configargparse import ConfigFileParserException
from project_copy import PROJECT, put_back, run
from snakemake.profiles import ProfileConfigFileParser

from delaynet.config.grid import Run

pytestmark = pytest.mark.slow
RUN = Run("none", "dense", "free", "0", 0).folder
PROFILE = PROJECT / "workflow/profiles/slurm/config.yaml"


def plan(project: Path, *variables: str) -> str:
    """Return what Snakemake would do for one network, site variables set."""
    target = f"results/runs/{RUN}/summary.json"
    command = ("-n", "--profile", "slurm", "--configfile", "config/config.yaml", target)
    # the target stands before an option that takes a list
    command = (command[-1], *command[:-1])
    result = run(project, "env", *variables, ".venv/bin/snakemake", *command)
    return result.stdout + result.stderr


def of_training(text: str) -> str:
    """Return the line of resources of the training."""
    lines = text[text.index("rule train:") :].splitlines()
    return next(line for line in lines if "resources:" in line)


def asked_for(**variables: str) -> list[str]:
    """Return what the profile asks for a training, site variables set."""
    with pytest.MonkeyPatch.context() as patch, PROFILE.open(encoding="utf-8") as profile:
        for name, value in variables.items():
            patch.setenv(name, value)
        asked: list[str] = ProfileConfigFileParser().parse(profile)["set-resources"]
    return asked


def test_a_training_asks_for_one_gpu_and_shares_its_queue_entry(untouched: Path) -> None:
    text = plan(untouched)
    assert "Group job trainings" in text
    assert "gres=gpu:1" in of_training(text)


def test_what_belongs_to_a_site_comes_from_the_environment(untouched: Path) -> None:
    site = ("DELAYNET_ACCOUNT=1234", "DELAYNET_PARTITION=fast", "DELAYNET_QOS=high")
    resources = of_training(plan(untouched, *site, "DELAYNET_GPU=gpus", "DELAYNET_GPU_TYPE=a100"))
    for asked in ("slurm_account=1234", "slurm_partition=fast", "qos=high", "-G a100:1"):
        assert asked in resources
    assert "gres" not in resources
    assert "train:gres='gpu:a100:1'" in asked_for(DELAYNET_GPU_TYPE="a100")


def test_one_variable_trains_on_cpus() -> None:
    assert asked_for(DELAYNET_GPU="none") == ["train:gpuslot=1"]


def test_the_profile_runs_the_full_grid_unless_another_configuration_is_named(
    untouched: Path,
) -> None:
    full = untouched / "config" / "paper.yaml"
    with put_back(full):
        full.write_text("name: full\ngrid: []\nseeds: 2\n")
        result = run(untouched, ".venv/bin/snakemake", "-n", "--profile", "slurm", check=False)
        assert result.returncode != 0
        assert "grid" in result.stdout + result.stderr
        assert "Plan of 'tiny'" in plan(untouched)


def test_a_pack_of_no_training_is_refused_in_one_sentence(untouched: Path) -> None:
    command = (".venv/bin/snakemake", "-n", "--profile", "slurm")
    result = run(untouched, "env", "DELAYNET_PACK=0", *command, check=False)
    assert result.returncode != 0
    assert "DELAYNET_PACK is '0'; it is 1 or more." in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize("variable", ["DELAYNET_PACK", "DELAYNET_AT_ONCE"])
@pytest.mark.parametrize("number", ["0", "-1", "ten", ""])
def test_the_profile_takes_packs_of_one_or_more_and_one_or_more_at_once(
    variable: str, number: str
) -> None:
    with pytest.raises(ConfigFileParserException, match=f"{variable} is '{number}'; it is"):
        asked_for(**{variable: number})

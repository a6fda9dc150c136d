"""The command behind `make check-gpu`."""

import sys
import time
from collections.abc import Callable

import click
import torch

from delaynet.config.errors import UserError
from delaynet.training.device import pick_device
from gpu import Result
from gpu.kernels import kernels_are_the_loops
from gpu.report import VERDICTS, description, write_all
from gpu.steps import (
    launches_and_busy_time,
    no_step_waits,
    steps_are_the_cpus,
    steps_beside_peers,
)
from gpu.trainings import several_at_once, trainings_have_the_same_bytes

CHECKS = {
    "Kernels beside the loops for a CPU, float64": kernels_are_the_loops,
    "First loss and gradients beside a CPU": steps_are_the_cpus,
    "Nothing in a step waits for the GPU": no_step_waits,
    "Trained twice, and killed and resumed: SHA-256": trainings_have_the_same_bytes,
    "Launches and time of a step": launches_and_busy_time,
    "Steps beside the benchmark's peers": steps_beside_peers,
    "Trainings at once": several_at_once,
}
NOT_QUICK = steps_beside_peers, several_at_once
NO_GPU = "PyTorch sees no GPU here, so there is nothing to check; run this on a machine with one."


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--quick", is_flag=True, help="Leave out the peers and several trainings at once.")
def main(quick: bool) -> None:
    """Check and measure this project on a GPU; write results/gpu/check.json and docs/gpu.md.

    The exit code is 1 if a check failed, 2 without a GPU.
    """
    if not torch.cuda.is_available():
        click.echo(NO_GPU, err=True)
        sys.exit(2)
    try:
        device = pick_device("cuda")
    except UserError as error:
        raise click.ClickException(str(error)) from None
    checks = {name: c for name, c in CHECKS.items() if not (quick and c in NOT_QUICK)}
    results = {name: carried_out(name, check, device) for name, check in checks.items()}
    write_all(results, description())
    sys.exit(any(result.passed is False for result in results.values()))


def carried_out(name: str, check: Callable[[torch.device], Result], device: torch.device) -> Result:
    """Carry out a check and say how it went; one that raises has failed, and others go on."""
    began = time.monotonic()
    try:
        result = check(device)
    except Exception as error:
        result = Result(False, {type(error).__name__: str(error).strip().partition("\n")[0]})
    click.echo(f"{name}: {VERDICTS[result.passed]} ({time.monotonic() - began:.0f} s)")
    return result


if __name__ == "__main__":
    main(prog_name="make check-gpu")

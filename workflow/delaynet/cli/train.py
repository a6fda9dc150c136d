"""`delaynet train`."""

import hashlib
import logging
import sys
from pathlib import Path

import click
import torch

from delaynet.cli import PATH
from delaynet.config.grid import RunSettings, parse_settings
from delaynet.training.interruption import EXIT_CODE, Interrupted
from delaynet.training.loop import Execution, train
from delaynet.training.run_folder import RUN_FILES
from delaynet.training.slots import one_of
from delaynet.workflow.project import code, recorded

log = logging.getLogger("delaynet.training")


@click.command()
@click.option("--settings", required=True, help="The run's resolved settings, as JSON.")
@click.option("--features", type=PATH, required=True, help="Features file (HDF5).")
@click.option("--folder", type=PATH, required=True, help="Run folder to write.")
@click.option(
    "--threads", type=click.IntRange(1), default=1, show_default=True, help="Threads on a CPU."
)
@click.option(
    "--checkpoints",
    type=PATH,
    help="Folder of all runs' checkpoints.  [default: `checkpoints` in the run folder]",
)
@click.option(
    "--checkpoint-seconds",
    type=click.FloatRange(0),
    default=Execution.checkpoint_seconds,
    show_default=True,
    help="Least time from one checkpoint to the next; 0 for one after every batch.",
)
@click.option(
    "--keep-checkpoint",
    is_flag=True,
    help="Keep a checkpoint of the end of training, from which its files can be written again.",
)
@click.option(
    "--gpu-slots",
    default="",
    help="GPUs, named as in CUDA_VISIBLE_DEVICES, each once for every training that it runs at a "
    "time: wait for a free one, and use that.  [default: the first that is visible]",
)
@click.option("--tensorboard", type=PATH, help="Folder of all runs' event files, for TensorBoard.")
def command(
    settings: str,
    features: Path,
    folder: Path,
    threads: int,
    checkpoints: Path | None,
    checkpoint_seconds: float,
    keep_checkpoint: bool,
    gpu_slots: str,
    tensorboard: Path | None,
) -> None:
    """Train one network and write its run folder.

    If it is interrupted, the same command continues from the newest checkpoint. On SIGTERM, SIGUSR1
    and SIGINT (Ctrl-C) it finishes the batch, writes a checkpoint, and exits with code 75.
    """
    torch.set_num_threads(threads)
    run_settings = parse_settings(RunSettings, settings)
    run = run_settings.run.folder
    structure = f"delaynet.model.structures.{run_settings.structure}"
    execution = Execution(
        checkpoints and checkpoints / run,
        checkpoint_seconds,
        hashlib.sha256("\n".join(code(__name__, structure)).encode()).hexdigest(),
        tensorboard and tensorboard / run,
        keep_checkpoint,
    )
    try:
        outputs = [folder / name for name in RUN_FILES]
        slots = gpu_slots.split(",") if gpu_slots else []
        parameters = run_settings.model_dump(mode="json")
        with one_of(slots), recorded([features], outputs, parameters, run_settings.seed):
            written = train(run_settings, features, folder, execution)
        # after the record: a job that is killed before that runs again, from this checkpoint
        if not keep_checkpoint:
            written.remove()
    except Interrupted as interrupted:
        log.warning("%s: %s", run, interrupted)
        sys.exit(EXIT_CODE)

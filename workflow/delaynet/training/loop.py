"""The training of one run, from the features file to the run folder."""

import copy
import hashlib
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import chain, islice
from pathlib import Path

import torch

from delaynet.config.files import remove_leftovers
from delaynet.config.grid import RunSettings
from delaynet.data.dataset import Clips, Splits, load_splits
from delaynet.provenance.record import file_digest
from delaynet.training.checkpoint import Checkpoints
from delaynet.training.controls import apply_control
from delaynet.training.device import describe_device, flush_denormals, on_cpu, pick_device
from delaynet.training.evaluation import Evaluation, evaluated
from delaynet.training.initial import initial_network, structure_of
from delaynet.training.interruption import Interrupted, Interruption, note_signals
from delaynet.training.progress import EventFiles, log_epoch
from delaynet.training.results import write_results
from delaynet.training.run_folder import EpochMetrics, write_json
from delaynet.training.schedules import kernel_width, pruning_progress
from delaynet.training.state import Best, TrainingState
from delaynet.training.step import change_before_epoch, training_step

log = logging.getLogger("delaynet.training")


@dataclass(frozen=True)
class Execution:
    """How a training is carried out; nothing here changes its result.

    Attributes:
        checkpoints: folder of this training's checkpoints; None for one in the run folder.
        checkpoint_seconds: minimum time between checkpoints; 0 for one every batch.
        code: digest of the training code; checkpoints of other code are not used.
        tensorboard: folder of this training's event files; None for none.
        checkpoint_at_end: also write a checkpoint after the last epoch, so that a repeated training
            ends at once.
    """

    checkpoints: Path | None = None
    checkpoint_seconds: float = 60.0
    code: str = ""
    tensorboard: Path | None = None
    checkpoint_at_end: bool = False


def train(
    settings: RunSettings, features: Path, folder: Path, execution: Execution | None = None
) -> Checkpoints:
    """Train one network, starting from its last checkpoint, and write its run folder.

    Args:
        settings: of the run.
        features: features file.
        folder: run folder; `summary.json` is written last.
        execution: how the training is carried out.

    Returns:
        The checkpoints; remove them when this training will not be started again.

    Raises:
        UserError: a features file or device cannot be used, a loss is not finite, or a place cannot
            be written to.
        Interrupted: a signal was received, and the checkpoint is written.
    """
    execution = execution or Execution()
    device = pick_device(settings.training.device)
    with note_signals() as interruption, flush_denormals():
        speakers = settings.training.validation_speakers
        splits = load_splits(features, speakers, device, settings.seed)
        splits = apply_control(splits, settings.training.data, settings.seed)
        log.info("training on the %s", describe_device(device))
        network = initial_network(settings, splits.training.features.shape[1], splits.classes)
        state = TrainingState.before_training(network.to(device), settings)
        remove_leftovers(folder)
        write_json(folder / "settings.json", settings.model_dump(mode="json"))
        checkpoints = Checkpoints(
            execution.checkpoints or folder / "checkpoints",
            _origin(settings, features, execution.code, device),
        )
        _resume(state, settings, checkpoints)
        periodic = PeriodicCheckpoints(
            state, settings, checkpoints, interruption, execution.checkpoint_seconds
        )
        train_epochs(state, settings, splits, execution.tensorboard, periodic.after_batch)
        if execution.checkpoint_at_end:
            checkpoints.write(state.state_dict())
        write_results(state, settings, splits, folder)
    return checkpoints


def _origin(
    settings: RunSettings, features: Path, code: str, device: torch.device
) -> dict[str, str]:
    """Return what must be the same for a training to continue from a checkpoint."""
    return {
        "configuration": hashlib.sha256(settings.model_dump_json().encode()).hexdigest(),
        "features file": file_digest(features),
        "version of the code": code,
        "version of PyTorch": torch.__version__,
        "device": device.type,
    }


def _resume(state: TrainingState, settings: RunSettings, checkpoints: Checkpoints) -> None:
    """Load the newest usable checkpoint, if there is one, and add this device to `devices`."""
    if (content := checkpoints.read()) is not None:
        state.load_state_dict(content)
        log.info("going on from the checkpoint %s", _position(state, settings))
    if (device := describe_device(state.device)) not in state.devices:
        state.devices.append(device)


def _position(state: TrainingState, settings: RunSettings) -> str:
    epochs = settings.training.epochs
    if state.epoch == epochs:
        return "after the last epoch"
    count = len(state.batches(settings.training.batch_size))
    return f"after batch {state.batch} of {count} of epoch {state.epoch + 1} of {epochs}"


@dataclass
class PeriodicCheckpoints:
    """Writes a checkpoint at regular intervals, and when a signal is received.

    Attributes:
        state: of the training.
        settings: of the run.
        checkpoints: of the training.
        interruption: holds the signal that was received.
        seconds: minimum time between checkpoints.
        last_written: time of the last one, by the monotonic clock.
    """

    state: TrainingState
    settings: RunSettings
    checkpoints: Checkpoints
    interruption: Interruption
    seconds: float
    last_written: float = field(default_factory=time.monotonic)

    def after_batch(self) -> None:
        """Write a checkpoint if one is due, and stop if a signal was received.

        Raises:
            UserError: the state is not finite, or the disk is full.
            Interrupted: a signal was received, and the checkpoint is written.
        """
        signal_name = self.interruption.signal
        if signal_name is None and time.monotonic() - self.last_written < self.seconds:
            return
        self.state.checked(on_cpu(*self.state.sums()), self.settings.run.folder)
        self.checkpoints.write(self.state.state_dict())
        self.last_written = time.monotonic()
        if signal_name is not None:
            raise Interrupted(
                f"interrupted by {signal_name} {_position(self.state, self.settings)}; "
                "started again, it goes on from there"
            )


def train_epochs(
    state: TrainingState,
    settings: RunSettings,
    splits: Splits,
    tensorboard: Path | None,
    after_batch: Callable[[], None],
) -> None:
    """Train for the remaining epochs, and select one.

    Args:
        state: after any batch.
        settings: of the run.
        splits: clips.
        tensorboard: folder of event files; None for none.
        after_batch: called after every batch.

    Raises:
        UserError: a loss is not finite.
    """
    events = EventFiles(tensorboard, state.epoch) if tensorboard else None
    while state.epoch < settings.training.epochs:
        sigma = kernel_width(settings.delays, settings.training, state.epoch)
        _train_epoch(state, settings, splits.training, sigma, after_batch)
        row, connections = _end_epoch(state, settings, splits, sigma)
        log_epoch(row, settings.training.epochs, connections, state.seconds)
        if events is not None:
            events.add(row)


def _train_epoch(
    state: TrainingState,
    settings: RunSettings,
    clips: Clips,
    sigma: float,
    after_batch: Callable[[], None],
) -> None:
    """Take the remaining steps of an epoch."""
    state.network.train()
    state.begin_epoch(len(clips), settings.training.batch_size)
    if state.batch == 0:  # otherwise done before the checkpoint
        state.grown += change_before_epoch(
            state.network, state.optimisers, settings, state.epoch, state.streams.growth
        )
    for index in state.batches(settings.training.batch_size)[state.batch :]:
        batch = clips.signal(index), clips.label[index]
        result = training_step(
            state.network, state.optimisers, settings, batch, sigma, state.streams
        )
        state.end_batch(result)
        after_batch()


def _end_epoch(
    state: TrainingState, settings: RunSettings, splits: Splits, sigma: float
) -> tuple[EpochMetrics, int]:
    """Evaluate the network after an epoch, keep it if it is the best, and close the epoch.

    Returns:
        The epoch's metrics, and the number of connections.

    Raises:
        UserError: a loss or the network is not finite.
    """
    training, network, epoch = settings.training, state.network, state.epoch
    parts = [state.sums(), evaluated(network, splits.validation)]
    if training.select == "test_best":
        parts.append(evaluated(network, splits.test))
    # all of an epoch in one transfer
    fetched = iter(on_cpu(*chain(*parts)))
    values, *evaluations = ([*islice(fetched, len(part))] for part in parts)
    sums = state.checked(values, settings.run.folder)
    validation, selection = Evaluation.of(evaluations[0]), Evaluation.of(evaluations[-1])
    accuracy = selection.accuracy(training)
    is_better = state.best is None or training.select == "last" or accuracy > state.best.accuracy
    progress = pruning_progress(training, epoch)
    if is_better and structure_of(settings).is_complete(progress):
        state.best = Best(accuracy, epoch, sigma, copy.deepcopy(network.state_dict()))
    clips = sum(len(batch) for batch in state.batches(training.batch_size))
    row = EpochMetrics(
        epoch=epoch,
        sigma=sigma,
        learning_rate=state.optimisers.learning_rate,
        training_loss=sums.loss / clips,
        training_accuracy=sums.correct / clips,
        validation_loss=validation.loss,
        validation_accuracy=validation.accuracy(training),
        firing_rate=float(torch.cat(validation.firing_rates).mean()),
        turnover=sums.grown / sums.connections,
        seconds=state.seconds - state.epoch_began,
    )
    state.optimisers.next_epoch(is_last=epoch == training.epochs - 1)
    state.end_epoch(row)
    return row, sums.connections

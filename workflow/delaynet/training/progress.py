"""Progress of a training: one log line per epoch, and curves for TensorBoard."""

import logging
from pathlib import Path

from delaynet.config.errors import UserError
from delaynet.config.files import explaining
from delaynet.training.run_folder import EpochMetrics

TENSORBOARD = "tensorboard==2.21.0"

log = logging.getLogger("delaynet.training")


def log_epoch(row: EpochMetrics, epochs: int, connections: int, seconds: float) -> None:
    """Log one line on an epoch, with the remaining time.

    Args:
        row: the epoch.
        epochs: of the whole training.
        connections: of all layers.
        seconds: of training so far.
    """
    left = seconds / (row.epoch + 1) * (epochs - row.epoch - 1)
    log.info(
        "epoch %d of %d: loss %.3f, training %.1f %%, validation %.1f %%, %.4f spikes a step, "
        "%d connections, turnover %.2f, %.1f s, %.0f s left",
        row.epoch + 1,
        epochs,
        row.training_loss,
        100 * row.training_accuracy,
        100 * row.validation_accuracy,
        row.firing_rate,
        connections,
        row.turnover,
        row.seconds,
        left,
    )


class EventFiles:
    """TensorBoard's event files of one run: every column of `metrics.csv` as a curve."""

    def __init__(self, folder: Path, epoch: int) -> None:
        """Open an event file; TensorBoard ignores earlier ones from this epoch on.

        Raises:
            UserError: the package is missing, or the folder cannot be written to.
        """
        try:
            from torch.utils.tensorboard import SummaryWriter
        except ImportError:
            raise UserError(
                f"`execution.tensorboard` is true, but the package is missing; "
                f"`pip install {TENSORBOARD}`, or set it to false."
            ) from None
        self.folder = folder
        with explaining(folder):
            self.writer = SummaryWriter(folder, purge_step=epoch)

    def add(self, row: EpochMetrics) -> None:
        """Write one epoch.

        Raises:
            UserError: the disk is full.
        """
        with explaining(self.folder):
            for name, value in row._asdict().items():
                self.writer.add_scalar(name, value, row.epoch)
            self.writer.flush()

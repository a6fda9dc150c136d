"""Train networks that are no points of the grid, several at a time, and write their run folders."""

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path
from typing import Any

from delaynet.config.grid import RunSettings
from delaynet.data.dataset import Splits
from delaynet.model.network import DelayNetwork
from delaynet.training.device import flush_denormals
from delaynet.training.loop import train_epochs
from delaynet.training.results import write_results
from delaynet.training.run_folder import write_json
from delaynet.training.state import TrainingState


def train_into(folder: Path, network: DelayNetwork, settings: RunSettings, splits: Splits) -> None:
    """Train a network, and write its run folder at the end."""
    with flush_denormals():
        state = TrainingState.before_training(network, settings)
        train_epochs(state, settings, splits, None, lambda: None)
        folder.mkdir(parents=True, exist_ok=True)
        write_json(folder / "settings.json", settings.model_dump(mode="json"))
        write_results(state, settings, splits, folder)


def is_finished(folder: Path) -> bool:
    """Return whether a run folder is complete: its summary is written last."""
    return (folder / "summary.json").exists()


def train_all(
    tasks: Sequence[Any], work: Callable[[Any], None], processes: int, words: str
) -> None:
    """Do each task in a process of its own, so many at once, and say how far it is.

    Args:
        tasks: what is to be trained.
        work: trains one.
        processes: how many at once.
        words: what is trained, for the lines of progress.
    """
    began = time.monotonic()
    with ProcessPoolExecutor(processes) as pool:
        futures = [pool.submit(work, one) for one in tasks]
        for done, future in enumerate(as_completed(futures), 1):
            future.result()
            left = (time.monotonic() - began) / done * (len(tasks) - done) / 60
            print(f"{words}: {done} of {len(tasks)}, about {left:.0f} minutes left", flush=True)

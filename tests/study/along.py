"""Accuracy and joint grouping along training: are learned delays more grouped at equal accuracy?"""

from pathlib import Path

import numpy as np
import pandas as pd
import torch

from delaynet.config.files import replacing
from delaynet.config.grid import Config, Run
from delaynet.data.dataset import load_splits
from delaynet.training.device import flush_denormals
from delaynet.training.evaluation import evaluate
from delaynet.training.initial import initial_network
from delaynet.training.loop import train_epochs
from delaynet.training.results import saved_network
from delaynet.training.state import TrainingState
from study.grouping import DIFFERENCE, joint_effect
from study.study import summarise

EPOCHS = (1, 2, 3, 5, 7, 10, 15, 20, 30, 50, 70, 100)
# at which networks are compared, in percent
ACCURACIES = (50, 70, 90)
SEEDS = range(100, 105)
DELAYS = ("learned", "fixed")


def along_training(config: Config, run: Run, features: Path) -> pd.DataFrame:
    """Train a run and look at its network after some epochs.

    Returns:
        `seed`, `delays`, `epoch`, `accuracy` on the test clips in percent, `effect` on Moran's I.
    """
    settings = config.resolve(run)
    speakers = settings.training.validation_speakers
    splits = load_splits(features, speakers, torch.device("cpu"), settings.seed)
    network = initial_network(settings, splits.training.features.shape[1], splits.classes)
    state = TrainingState.before_training(network, settings)
    rows = []

    def look() -> None:
        epoch = state.epoch + 1
        is_last_batch = state.batch == len(state.batches(settings.training.batch_size))
        if is_last_batch and epoch in EPOCHS:
            test = evaluate(network, splits.test)
            saved = saved_network(network, settings, splits, epoch, test.firing_rates)
            accuracy = 100 * test.accuracy(settings.training)
            rows.append((run.seed, run.delays, epoch, accuracy, joint_effect(saved, run.seed)))

    with flush_denormals():
        train_epochs(state, settings, splits, None, look)
    return pd.DataFrame(rows, columns=["seed", "delays", "epoch", "accuracy", "effect"])


def all_along_training(config: Config, results: Path) -> pd.DataFrame:
    """Return `along_training` of dense networks, training those that are not done.

    Args:
        config: of the study.
        results: of the study, with its features file.
    """
    torch.set_num_threads(1)
    tables = []
    for seed in SEEDS:
        for delays in DELAYS:
            path = results / "along" / f"{delays}-{seed}.csv"
            if not path.exists():
                path.parent.mkdir(exist_ok=True)
                run = Run(delays, "dense", "free", "0", seed)
                print(f"training {delays} delays, seed {seed}, to look on the way", flush=True)
                with replacing(path) as temporary:
                    along_training(config, run, results / "features.h5").to_csv(
                        temporary, index=False
                    )
            tables.append(pd.read_csv(path))
    return pd.concat(tables)


def at_equal_accuracy(along: pd.DataFrame) -> pd.DataFrame:
    """Return the effect on Moran's I at the same accuracy, interpolated between epochs.

    Args:
        along: see `along_training`.

    Returns:
        A row for each of `ACCURACIES`, and for learned delays, fixed ones and their difference by
        seed: `accuracy`, `delays`, `n`, `mean`, `standard_deviation`, 95 % interval `low` to
        `high`, `p`. Seeds that never reach the accuracy are left out.
    """
    rows = []
    for accuracy in ACCURACIES:
        effects = {
            (seed, delays): _at(accuracy, own)
            for (seed, delays), own in along.groupby(["seed", "delays"])
        }
        by_delays = pd.Series(effects).unstack()[list(DELAYS)]
        by_delays[DIFFERENCE] = by_delays["learned"] - by_delays["fixed"]
        for delays in by_delays.columns:
            if found := summarise(by_delays[delays]):
                rows.append({"accuracy": accuracy, "delays": delays} | found)
    return pd.DataFrame(rows)


def _at(accuracy: float, own: pd.DataFrame) -> float:
    """Return the effect where accuracy last rises through a value, if it does."""
    of_epochs, effects = own["accuracy"].to_numpy(), own["effect"].to_numpy()
    (rises,) = np.nonzero((of_epochs[:-1] < accuracy) & (of_epochs[1:] >= accuracy))
    if len(rises) == 0:
        return np.nan
    ends = slice(rises[-1], rises[-1] + 2)
    return float(np.interp(accuracy, of_epochs[ends], effects[ends]))

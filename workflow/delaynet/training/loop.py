"""The training of one run, from the features file to the run folder."""

import copy
import logging
import time
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch

from delaynet.config import RunSettings
from delaynet.dataset import Clips, Splits, load_splits
from delaynet.delays import spectrum
from delaynet.errors import UserError
from delaynet.evaluation import Evaluation, evaluate
from delaynet.network import DelayNetwork
from delaynet.rewiring import reachable_outputs
from delaynet.runs import (
    EpochMetrics,
    SavedLayer,
    SavedNetwork,
    write_json,
    write_metrics,
    write_network,
    write_predictions,
)
from delaynet.training.initial import initial_network
from delaynet.training.randomness import generator
from delaynet.training.schedules import Optimisers, kernel_width
from delaynet.training.step import Streams, training_step

log = logging.getLogger("delaynet.training")


class Best(NamedTuple):
    """The epoch whose network is kept."""

    accuracy: float
    epoch: int
    sigma: float
    state: dict[str, Any]


def pick_device(name: str) -> torch.device:
    """Return the device of a training.

    Raises:
        UserError: `cuda` without a GPU.
    """
    if name == "cuda" and not torch.cuda.is_available():
        raise UserError("`training.device` is 'cuda', but PyTorch sees no GPU here; use 'auto'.")
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    return torch.device(name)


def train(settings: RunSettings, features: Path, folder: Path) -> None:
    """Train one network and write its run folder.

    Args:
        settings: of the run.
        features: features file.
        folder: run folder; files are written beside and renamed, `summary.json` last.

    Raises:
        UserError: a features file or device that does not serve, or a loss that is not finite.
    """
    device = pick_device(settings.training.device)
    # the tails of narrow kernels and old moments of Adam underflow; on a CPU that halves the speed
    torch.set_flush_denormal(True)
    to_spectrum = partial(spectrum, max_delay=settings.model.max_delay)
    splits = load_splits(features, settings.training.validation_speakers, to_spectrum, device)
    network = initial_network(settings, splits.training.features.shape[2], splits.classes)
    write_json(folder / "settings.json", settings.model_dump(mode="json"))
    write_network(folder / "initial.h5", saved_network(network, settings, splits, epoch=-1))
    metrics, best, turnover = _all_epochs(network.to(device), settings, splits)
    network.load_state_dict(best.state)
    test = evaluate(network, splits.test)
    write_metrics(folder / "metrics.csv", metrics)
    trained = saved_network(network, settings, splits, best.epoch, test.firing_rates)
    write_network(folder / "network.h5", trained)
    labels, predictions = splits.test.label.tolist(), test.prediction.tolist()
    write_predictions(folder / "predictions.csv", splits.test.filename, labels, predictions)
    summary = _summary(trained, settings, splits, metrics, best, test) | {"turnover": turnover}
    write_json(folder / "summary.json", summary)
    log.info(
        "test accuracy %.1f %% (%d of %d)", 100 * test.accuracy, test.correct, len(splits.test)
    )


def _all_epochs(
    network: DelayNetwork, settings: RunSettings, splits: Splits
) -> tuple[list[EpochMetrics], Best, list[int]]:
    """Train through all epochs; return the metrics, the best epoch and the turnover per layer."""
    training = settings.training
    optimisers = Optimisers(network, settings)
    device = splits.training.label.device
    streams = Streams(
        generator(settings.seed, "dropout", device), generator(settings.seed, "growth", device)
    )
    order = generator(settings.seed, "order")
    metrics: list[EpochMetrics] = []
    best: Best | None = None
    turnover = np.zeros(len(network.layers), dtype=int)
    begin = time.monotonic()
    for epoch in range(training.epochs):
        start = time.monotonic()
        sigma = kernel_width(settings.delays, training, epoch)
        loss, accuracy, grown = _one_epoch(
            network, optimisers, settings, splits.training, sigma, streams, order
        )
        if not np.isfinite(loss):
            raise UserError(
                f"{settings.run.folder}: the loss is {loss} in epoch {epoch}; "
                "lower `training.learning_rate`."
            )
        turnover += grown
        validation = evaluate(network, splits.validation)
        on_test = training.select == "test_best"
        selection = evaluate(network, splits.test) if on_test else validation
        is_last = epoch == training.epochs - 1
        if best is None or training.select == "last" or selection.accuracy > best.accuracy:
            state = copy.deepcopy(network.state_dict())
            best = Best(selection.accuracy, epoch, sigma, state)
        connections = sum(int(layer.mask.sum()) for layer in network.layers)
        metrics.append(
            EpochMetrics(
                epoch=epoch,
                sigma=sigma,
                learning_rate=optimisers.learning_rate,
                training_loss=loss,
                training_accuracy=accuracy,
                validation_loss=validation.loss,
                validation_accuracy=validation.accuracy,
                firing_rate=float(torch.cat(validation.firing_rates).mean()),
                turnover=grown.sum() / connections,
                seconds=time.monotonic() - start,
            )
        )
        _log_epoch(metrics[-1], training.epochs, connections, time.monotonic() - begin)
        optimisers.next_epoch(is_last)
    assert best is not None
    return metrics, best, turnover.tolist()


def _one_epoch(
    network: DelayNetwork,
    optimisers: Optimisers,
    settings: RunSettings,
    clips: Clips,
    sigma: float,
    streams: Streams,
    order: torch.Generator,
) -> tuple[float, float, np.ndarray]:
    """Train on every clip once; return mean loss, accuracy, and connections grown per layer."""
    network.train()
    device = clips.label.device
    shuffled = torch.randperm(len(clips), generator=order).to(device)
    # batch-norm needs more than one clip, so a single last one waits for the next epoch
    batches = [b for b in shuffled.split(settings.training.batch_size) if len(b) > 1]
    loss = torch.zeros((), device=device)
    correct = torch.zeros((), dtype=torch.long, device=device)
    grown = torch.zeros(len(network.layers), dtype=torch.long, device=device)
    for index in batches:
        batch = clips.spectrum.index_select(2, index), clips.label[index]
        result = training_step(
            network, optimisers, settings, batch, len(clips.features), sigma, streams
        )
        loss += result.loss
        correct += result.correct
        grown += result.grown
    count = sum(len(index) for index in batches)
    return float(loss) / count, int(correct) / count, grown.cpu().numpy()


def _log_epoch(row: EpochMetrics, epochs: int, connections: int, elapsed: float) -> None:
    """Write one line on an epoch, with the time left."""
    left = elapsed / (row.epoch + 1) * (epochs - row.epoch - 1)
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


def saved_network(
    network: DelayNetwork,
    settings: RunSettings,
    splits: Splits,
    epoch: int,
    firing_rates: tuple[torch.Tensor, ...] = (),
) -> SavedNetwork:
    """Return a network as it stands in its file; epoch -1 is before training."""

    def array(tensor: torch.Tensor | None) -> np.ndarray:
        assert tensor is not None
        return tensor.detach().cpu().numpy()

    layers = []
    for index, layer in enumerate(network.layers):
        saved = SavedLayer(
            weight=array(layer.weight),
            delay=array(layer.delay),
            mask=array(layer.mask),
            sign=array(layer.sign).astype(np.int8),
        )
        if index < len(network.norms):
            norm = network.norms[index]
            saved = replace(
                saved,
                gain=array(norm.weight),
                bias=array(norm.bias),
                running_mean=array(norm.running_mean),
                running_variance=array(norm.running_var),
                firing_rate=array(firing_rates[index]) if firing_rates else None,
            )
        layers.append(saved)
    attributes = settings.run._asdict() | {
        "epoch": epoch,
        "max_delay": settings.model.max_delay,
        "step_milliseconds": splits.step_milliseconds,
    }
    return SavedNetwork(layers, attributes)


def _summary(
    trained: SavedNetwork,
    settings: RunSettings,
    splits: Splits,
    metrics: list[EpochMetrics],
    best: Best,
    test: Evaluation,
) -> dict[str, Any]:
    """Return what is written as `summary.json`; accuracies are shares, rates spikes per step."""
    connections = [int(layer.mask.sum()) for layer in trained.layers]
    trained_per_connection = 2 if settings.delays == "learned" else 1
    return {
        "corpus_name": splits.corpus_name,
        "training_clips": len(splits.training),
        "validation_clips": len(splits.validation),
        "test_clips": len(splits.test),
        "test_correct": test.correct,
        "test_accuracy": test.accuracy,
        "validation_accuracy": metrics[best.epoch].validation_accuracy,
        "selected_epoch": best.epoch,
        "epochs": settings.training.epochs,
        "sigma": best.sigma,
        "parameters": trained_per_connection * sum(connections) + 2 * sum(settings.model.hidden),
        "connections": connections,
        "possible_connections": [layer.mask.size for layer in trained.layers],
        "active_synapses": [int(np.count_nonzero(layer.weight)) for layer in trained.layers],
        "reachable_outputs": reachable_outputs(
            [torch.from_numpy(layer.mask) for layer in trained.layers]
        ),
        "firing_rate": [float(rate.mean()) for rate in test.firing_rates],
        "silent_neurons": [int((rate == 0).sum()) for rate in test.firing_rates],
    }

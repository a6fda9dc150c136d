"""Results of a training: the selected network, its test, and a summary."""

import logging
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from delaynet.config.grid import RunSettings
from delaynet.data.dataset import Splits
from delaynet.model.connectivity import reachable_outputs
from delaynet.model.network import DelayNetwork
from delaynet.training.evaluation import Evaluation, evaluate, rounding_gap
from delaynet.training.run_folder import (
    SavedLayer,
    SavedNetwork,
    write_json,
    write_metrics,
    write_network,
    write_predictions,
)
from delaynet.training.state import TrainingState

log = logging.getLogger("delaynet.training")


def write_results(
    state: TrainingState, settings: RunSettings, splits: Splits, folder: Path
) -> None:
    """Test the selected network and write the run folder, `summary.json` last.

    Args:
        state: after the last epoch.
        settings: of the run.
        splits: clips.
        folder: run folder.
    """
    network, best = state.network, state.best
    assert best is not None
    network.load_state_dict(state.initial)
    write_network(folder / "initial.h5", saved_network(network, settings, splits, epoch=-1))
    network.load_state_dict(best.network)
    test = evaluate(network, splits.test)
    trained = saved_network(network, settings, splits, best.epoch, test.firing_rates)
    write_metrics(folder / "metrics.csv", state.metrics)
    write_network(folder / "network.h5", trained)
    labels, predictions = splits.test.label.tolist(), test.prediction.tolist()
    write_predictions(folder / "predictions.csv", splits.test.filename, labels, predictions)
    summary = _summary(trained, state, settings, splits, test)
    if best.sigma > 0:
        gap = rounding_gap(network, splits.test, best.sigma)
        summary["rounding_gap"] = gap._asdict()
        log.info(
            "rounding the delays (sigma %.2f) changes %.1f %% of predictions, %.1f %% of spikes, "
            "%.2f %% of the hidden neurons' steps",
            best.sigma,
            *(100 * share for share in gap),
        )
    # a single device is in the record; here it would make the summary depend on the machine
    if len(state.devices) > 1:
        summary["trained_in_parts_on"] = state.devices
    write_json(folder / "summary.json", summary)
    log.info(
        "test accuracy %.1f %% (%d of %d)",
        100 * summary["test_accuracy"],
        test.correct,
        len(splits.test),
    )


def saved_network(
    network: DelayNetwork,
    settings: RunSettings,
    splits: Splits,
    epoch: int,
    firing_rates: tuple[torch.Tensor, ...] = (),
) -> SavedNetwork:
    """Return a network as saved in its file; epoch -1 is before training."""

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
        "mel_channel": array(splits.mel_channel),
        "step_milliseconds": splits.step_milliseconds,
    }
    return SavedNetwork(layers, attributes)


def _summary(
    trained: SavedNetwork,
    state: TrainingState,
    settings: RunSettings,
    splits: Splits,
    test: Evaluation,
) -> dict[str, Any]:
    """Return what is written as `summary.json`; accuracies are shares, rates spikes per step."""
    best = state.best
    assert best is not None
    connections = [int(layer.mask.sum()) for layer in trained.layers]
    trained_per_connection = 2 if settings.delays == "learned" else 1
    return {
        "corpus_name": splits.corpus_name,
        "classes": splits.classes,
        "training_clips": len(splits.training),
        "validation_clips": len(splits.validation),
        "test_clips": len(splits.test),
        "test_correct": test.correct,
        "test_accuracy": test.accuracy(settings.training),
        "validation_accuracy": state.metrics[best.epoch].validation_accuracy,
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
        "turnover": state.turnover.tolist(),
        "rounding_gap": None,
    }

"""Grouping of excitation and inhibition in the study's dense networks, and whether it is used."""

from pathlib import Path

import pandas as pd
import torch

from delaynet.analysis.exchange import DRAWS, NO_EXCHANGE, accuracies
from delaynet.analysis.grouping.grouping import (
    COLUMNS,
    FEWER_PERMUTATIONS,
    analyse,
    grouping,
    possible_draws,
)
from delaynet.analysis.grouping.kinds import JOINT, KINDS, effects_by_kind
from delaynet.analysis.grouping.measures import measures
from delaynet.analysis.grouping.points import marked_points
from delaynet.analysis.grouping.receptive_fields import receptive_fields
from delaynet.config.grid import STANDARD, Config, Run
from delaynet.data.dataset import load_splits
from delaynet.training.device import flush_denormals
from delaynet.training.run_folder import SavedNetwork, read_network
from study.study import summarise

DIFFERENCE = "learned minus fixed"


def effects_of_dense_networks(
    config: Config, runs: pd.DataFrame, runs_folder: Path
) -> pd.DataFrame:
    """Return the effect on Moran's I by kind of grouping, for trained dense networks with delays.

    Args:
        config: of the study.
        runs: a row per finished run, see `study.finished_runs`.
        runs_folder: that of the runs.

    Returns:
        `seed`, `delays`, `kind`, `effect`.
    """
    dense = runs.query("structure == 'dense' and signs == 'free' and delays != 'none'")
    dense = dense[dense["condition"] == STANDARD]
    rows = [
        row
        for run in dense[list(Run._fields)].itertuples(index=False)
        for row in analyse(runs_folder, FEWER_PERMUTATIONS, config.resolve(Run(*run))).rows
    ]
    table = pd.DataFrame(rows, columns=COLUMNS)
    for column in ("observed", "null_mean"):
        table[column] = pd.to_numeric(table[column])
    effects = effects_by_kind(table)
    trained = effects[effects["network"] == "trained"]
    return trained[["seed", "delays", "kind", "effect"]].astype({"effect": float})


def joint_effect(network: SavedNetwork, seed: int) -> float:
    """Return the effect of joint grouping on Moran's I, over the neurons that fire.

    Args:
        network: with firing rates.
        seed: of the permutations.
    """
    fields = receptive_fields(network)
    points = marked_points(fields, ~fields.silent)
    test = ("morans_i", KINDS[JOINT].minuend)
    drawn = possible_draws(points, {test: FEWER_PERMUTATIONS}, seed).get(test)
    found = grouping(points, float(measures(points).morans_i), drawn)
    return found.observed - found.null_mean


def falls_of_dense_networks(
    config: Config, runs: pd.DataFrame, results: Path, split: str
) -> pd.DataFrame:
    """Return by how much accuracy falls when synapses of dense networks exchange delays or signs.

    Args:
        config: of the study.
        runs: a row per finished run, see `study.finished_runs`.
        results: with their folders and the features file.
        split: `test` or `validation`, whose clips are classified.

    Returns:
        `seed`, `delays`, `kind` (the null model of the exchange), `effect` in percentage points.
    """
    torch.set_num_threads(1)
    dense = runs.query("structure == 'dense' and signs == 'free' and delays != 'none'")
    rows = []
    for run in dense[dense["condition"] == STANDARD][list(Run._fields)].itertuples(index=False):
        settings = config.resolve(Run(*run))
        speakers = settings.training.validation_speakers
        splits = load_splits(results / "features.h5", speakers, torch.device("cpu"), settings.seed)
        network = read_network(results / "runs" / settings.run.folder / "network.h5")
        with flush_denormals():
            found = accuracies(network, settings, getattr(splits, split), 0.0, DRAWS)
        rows += [
            (run.seed, run.delays, one.null, one.fall) for one in found if one.null != NO_EXCHANGE
        ]
    return pd.DataFrame(rows, columns=["seed", "delays", "kind", "effect"])


def summary_of_effects(effects: pd.DataFrame, speakers: int | None = None) -> pd.DataFrame:
    """Return mean effects over seeds with 95 % intervals and p of Student's t distribution.

    Args:
        effects: see `effects_of_dense_networks` and `falls_of_dense_networks`.
        speakers: see `study.summarise`.

    Returns:
        A row for learned delays, fixed ones and their difference by seed, and kind:
        `delays`, `kind`, `n`, `mean`, `standard_deviation`, `low`, `high`, `p` two-sided.
    """
    rows = []
    for kind in effects["kind"].unique():
        of_kind = effects[effects["kind"] == kind]
        by_delays = of_kind.pivot(index="seed", columns="delays", values="effect")
        by_delays = by_delays.reindex(columns=["learned", "fixed"]).astype(float)
        by_delays[DIFFERENCE] = by_delays["learned"] - by_delays["fixed"]
        for delays in by_delays.columns:
            if found := summarise(by_delays[delays], speakers):
                rows.append({"delays": delays, "kind": kind} | found)
    return pd.DataFrame(rows)

"""Grouping of excitation and inhibition in the study's dense networks, by kind."""

from pathlib import Path

import pandas as pd
from scipy.stats import ttest_1samp

from delaynet.analysis.grouping.grouping import COLUMNS, FEWER_PERMUTATIONS, analyse
from delaynet.analysis.grouping.kinds import KINDS, effects_by_kind
from delaynet.analysis.tables import summarise_seeds
from delaynet.config.grid import STANDARD, Config, Run

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


def summary_of_effects(effects: pd.DataFrame) -> pd.DataFrame:
    """Return mean effects over seeds with 95 % intervals and p of Student's t distribution.

    Args:
        effects: see `effects_of_dense_networks`.

    Returns:
        A row for learned delays, fixed ones and their difference by seed, and kind of grouping:
        `delays`, `kind`, `n`, `mean`, `standard_deviation`, `low`, `high`, `p` two-sided.
    """
    rows = []
    for kind in KINDS:
        of_kind = effects[effects["kind"] == kind]
        by_delays = of_kind.pivot(index="seed", columns="delays", values="effect")
        by_delays = by_delays.reindex(columns=["learned", "fixed"]).astype(float)
        by_delays[DIFFERENCE] = by_delays["learned"] - by_delays["fixed"]
        for delays in by_delays.columns:
            values = by_delays[delays].dropna().to_numpy()
            if len(values) > 1:
                p = float(ttest_1samp(values, 0).pvalue)
                rows.append({"delays": delays, "kind": kind} | summarise_seeds(values) | {"p": p})
    return pd.DataFrame(rows)

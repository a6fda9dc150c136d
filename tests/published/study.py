"""Equivalence of whole trainings, and effects of departures: tables of runs in, tables out.

Accuracies are in percent, their differences in percentage points. Grouping is Moran's I of trained
networks beyond the null model that exchanges signs within a neuron.
"""

import pandas as pd
from statsmodels.stats.weightstats import CompareMeans, DescrStatsW

from delaynet.analysis.tables import summarise_seeds
from delaynet.config.grid import STANDARD

CELL = ["delays", "structure", "signs", "sparsity"]
PUBLISHED = "published"
MARGIN = 8.0  # percentage points
LEVEL = 0.05
SWITCHES = ("initial_delays", "initial_weights", "l1_on", "pruning", "select")
# networks that were trained once and kept in different epochs: theirs is not the starting point
CHANGED_IN_BOTH = ("select",)
MEASURES = ("accuracy", "grouping")
# conditions by epochs, with our initial weights and with the published ones
INITIAL_WEIGHTS = {
    10: (STANDARD, "ours_initial_weights"),
    100: ("ours_100_epochs", "ours_initial_weights_100_epochs"),
}


def equivalence(ours: pd.DataFrame, reference: pd.DataFrame) -> pd.DataFrame:
    """Test cell by cell whether mean accuracies of ours and the published code are equivalent.

    Two one-sided tests of Welch (Schuirmann 1987) at level 0.05, seeds unpaired. Equivalent is a
    90 % interval of the difference that lies within the margin.

    Args:
        ours: a row per run, with `CELL`, `condition` and `accuracy`.
        reference: trainings of the published code, with `CELL` and `accuracy`.

    Returns:
        A row per cell of the reference: `CELL`, `n`, `mean` and `standard_deviation` of both,
        `difference` (ours minus theirs), its interval `low` and `high`, `p`, `is_equivalent`.
    """
    published = ours[ours["condition"] == PUBLISHED]
    rows = []
    for cell, theirs in reference.groupby(CELL, sort=False):
        same = (published[CELL] == list(cell)).all(axis=1)
        a, b = published.loc[same, "accuracy"], theirs["accuracy"]
        means = CompareMeans(DescrStatsW(a), DescrStatsW(b))
        low, high = means.tconfint_diff(alpha=2 * LEVEL, usevar="unequal")
        p = means.ttost_ind(-MARGIN, MARGIN, usevar="unequal")[0]
        rows.append(
            {
                **dict(zip(CELL, cell, strict=True)),
                **{"n": len(a), "mean": a.mean(), "standard_deviation": a.std()},
                **{"their_n": len(b), "their_mean": b.mean()},
                "their_standard_deviation": b.std(),
                **{"difference": a.mean() - b.mean(), "low": low, "high": high},
                **{"p": p, "is_equivalent": p < LEVEL},
            }
        )
    return pd.DataFrame(rows)


def effects(values: pd.DataFrame) -> pd.DataFrame:
    """Return the effect of each choice of the published code: with it, minus with ours.

    Args:
        values: a row per run, with `CELL`, `seed`, `condition` and `MEASURES`.

    Returns:
        A row per measure, switch, cell and setting of the other switches (`others`: `ours` or
        `published`): `n` pairs of one seed, their mean difference `effect`, its
        `standard_deviation`, and its 95 % interval of Student's t distribution, `low` and `high`.
    """
    by_condition = {
        name: runs.set_index([*CELL, "seed"]) for name, runs in values.groupby("condition")
    }
    rows = []
    for measure in MEASURES:
        for switch in SWITCHES:
            for others, theirs, own in _sides(switch):
                both = by_condition[theirs][measure] - by_condition[own][measure]
                for cell, of_seeds in both.dropna().groupby(CELL, sort=False):
                    row = {"measure": measure, "switch": switch, "others": others}
                    row |= dict(zip(CELL, cell, strict=True))
                    rows.append(row | summarise_seeds(of_seeds.to_numpy()))
    return pd.DataFrame(rows).rename(columns={"mean": "effect"})


def initial_weights_by_epochs(values: pd.DataFrame) -> pd.DataFrame:
    """Compare our initial weights with the published ones after few and after many epochs.

    Args:
        values: a row per run, with `CELL`, `seed`, `condition` and `accuracy`.

    Returns:
        A row per cell and number of epochs, over the seeds that were trained for both numbers:
        `epochs`, `n`, the mean accuracies `ours` and `published`, and of the paired difference,
        published minus ours, the mean `effect`, `standard_deviation`, `low` and `high` as in
        `effects`.
    """
    accuracy = values.set_index([*CELL, "seed", "condition"])["accuracy"].unstack("condition")
    compared = accuracy[[name for names in INITIAL_WEIGHTS.values() for name in names]].dropna()
    rows = []
    for cell, seeds in compared.groupby(CELL, sort=False):
        for epochs, (ours, published) in INITIAL_WEIGHTS.items():
            row = dict(zip(CELL, cell, strict=True)) | {"epochs": epochs}
            row |= {"ours": seeds[ours].mean(), "published": seeds[published].mean()}
            rows.append(row | summarise_seeds((seeds[published] - seeds[ours]).to_numpy()))
    return pd.DataFrame(rows).rename(columns={"mean": "effect"})


def _sides(switch: str) -> tuple[tuple[str, str, str], ...]:
    """Return what the other switches are, and the conditions with the published and our choice."""
    changed = f"published_{switch}"
    from_published = (changed, PUBLISHED) if switch in CHANGED_IN_BOTH else (PUBLISHED, changed)
    return (("ours", f"ours_{switch}", STANDARD), ("published", *from_published))

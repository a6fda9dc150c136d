"""What the networks achieved: accuracies, connections that were left, contrasts."""

from collections.abc import Iterator

import pandas as pd

from delaynet.config.grid import STANDARD
from delaynet.paper.numbers.number import Number, cell_key, count, show_signed, sparsity_key

FORMATS = {
    "n": "{:,}",
    "mean": "{:.1f}",
    "standard_deviation": "{:.1f}",
    "low": "{:.1f}",
    "high": "{:.1f}",
    "reachable_outputs": "{:.1f}",
    "connections": "{:,}",
    "firing_rate": "{:.3f}",
    "training_accuracy": "{:.1f}",
}


def accuracy_numbers(table: pd.DataFrame) -> Iterator[Number]:
    """Yield the cells of the table of accuracies, by variant and sparsity.

    Those of other conditions than `standard` stand below `controls.<condition>`.
    """
    for row in table.to_dict("records"):
        control = "" if row["condition"] == STANDARD else f"controls.{row['condition']}."
        key = f"{control}accuracy.{cell_key(row)}"
        for name, form in FORMATS.items():
            if not pd.isna(row[name]):
                yield Number(f"{key}.{name}", row[name], form.format(row[name]))


def connectivity_numbers(table: pd.DataFrame) -> Iterator[Number]:
    """Yield connections and reachable outputs by structure and sparsity, means over variants."""
    standard = table[table["condition"] == STANDARD]
    for (structure, sparsity), rows in standard.groupby(["structure", "sparsity"], sort=False):
        cell = f"connectivity.{structure}.{sparsity_key(str(sparsity))}"
        yield count(f"{cell}.connections", round(float(rows["connections"].mean())))
        reachable = float(rows["reachable_outputs"].mean())
        yield Number(f"{cell}.reachable_outputs", reachable, f"{reachable:.1f}")


def contrast_numbers(table: pd.DataFrame) -> Iterator[Number]:
    """Yield the cells of the table of contrasts, by claim, contrast, Dale setting and sparsity."""
    for row in table.to_dict("records"):
        contrast = row["contrast"].replace(" ", "_")
        key = f"contrasts.{row['claim']}.{contrast}.{row['signs']}.{sparsity_key(row['sparsity'])}"
        difference = row["mean_difference"]
        yield count(f"{key}.n", row["n"])
        yield Number(f"{key}.mean_difference", difference, show_signed(difference))
        yield Number(f"{key}.magnitude", abs(difference), f"{abs(difference):.1f}")
        if row["n"] > 1:
            deviation = row["standard_deviation"]
            yield Number(f"{key}.standard_deviation", deviation, f"{deviation:.1f}")
            yield Number(f"{key}.low", row["low"], show_signed(row["low"]))
            yield Number(f"{key}.high", row["high"], show_signed(row["high"]))


def comparison_numbers(table: pd.DataFrame) -> Iterator[Number]:
    """Yield, by claim and kind of comparison, how many contrasts there are and where they point.

    The kind is the pair of delays that is compared, as `learned_minus_fixed`.
    """
    sides = table["contrast"].str.split(" minus ", expand=True).reindex(columns=[0, 1])
    kinds = [f"{a.split('-')[0]}_minus_{b.split('-')[0]}" for a, b in sides.itertuples(index=False)]
    for (claim, kind), rows in table.groupby(["claim", pd.Series(kinds, dtype=str)], sort=False):
        counts = {
            "contrasts": len(rows),
            "higher": (rows["mean_difference"] > 0).sum(),
            "lower": (rows["mean_difference"] < 0).sum(),
            "interval_above": (rows["low"] > 0).sum(),
            "interval_below": (rows["high"] < 0).sum(),
        }
        for name, value in counts.items():
            yield count(f"comparisons.{claim}.{kind}.{name}", value)

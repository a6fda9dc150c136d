"""Tables: accuracies over seeds, contrasts paired by seed, all settings.

Means, standard deviations and intervals are over seeds, never over clips. Accuracies are in
percent, differences in percentage points. Intervals are 95 % intervals of Student's t distribution;
for a single seed their cells are empty.
"""

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from delaynet.analysis.statistics import t_interval
from delaynet.config.files import replacing, require
from delaynet.config.grid import STANDARD, Config, Point, Run, load_config
from delaynet.config.listing import Setting, settings_of
from delaynet.config.variants import STRUCTURES, structures_with
from delaynet.training.run_folder import read_summary

# columns of the table of accuracies that are means over seeds, without deviation and interval
MEANS = ("reachable_outputs", "connections", "firing_rate", "training_accuracy")
GRID_POINT = list(Point._fields)


class Contrast(NamedTuple):
    """A difference that concerns a claim; each side is (delays, structure)."""

    claim: str
    minuend: tuple[str, str]
    subtrahend: tuple[str, str]

    @property
    def name(self) -> str:
        """Name of the contrast: `learned-static minus fixed-static`."""
        return f"{'-'.join(self.minuend)} minus {'-'.join(self.subtrahend)}"


FIXED, REWIRED = structures_with("none"), structures_with("rewired")
SPARSE_FIXED = tuple(name for name in FIXED if STRUCTURES[name].has_sparsity)
COMPARED_DELAYS = (
    ("learned", "fixed"),
    ("learned", "frozen"),
    ("learned", "none"),
    ("fixed", "none"),
)
CONTRASTS = (
    *(
        Contrast("C1", (better, structure), (worse, structure))
        for structure in FIXED
        for better, worse in COMPARED_DELAYS
    ),
    *(
        Contrast("C2", ("fixed", rewired), ("learned", unrewired))
        for rewired in REWIRED
        for unrewired in SPARSE_FIXED
    ),
    *(Contrast("C3", ("learned", rewired), ("fixed", rewired)) for rewired in REWIRED),
)


def read_results(config: Config, runs_folder: Path) -> pd.DataFrame:
    """Read the results of every run of the grid.

    Returns:
        One row per run, in the order of the grid: the fields of `Run`, `accuracy` (percent),
        `classes`, `reachable_outputs`, `connections` (of all layers), `firing_rate` (mean over all
        hidden neurons, spikes per step), `corpus_name`.

    Raises:
        UserError: a run of the grid is missing.
    """
    return pd.DataFrame([_result(config, run, runs_folder) for run in config.runs()])


def _result(config: Config, run: Run, runs_folder: Path) -> dict[str, Any]:
    summary = read_summary(require(runs_folder / run.folder / "summary.json").parent)
    return {
        **run._asdict(),
        "accuracy": 100 * summary["test_accuracy"],
        "classes": summary["classes"],
        "reachable_outputs": summary["reachable_outputs"],
        "connections": sum(summary["connections"]),
        "firing_rate": np.average(summary["firing_rate"], weights=config.resolve(run).model.hidden),
        "corpus_name": summary["corpus_name"],
    }


def _training_accuracy(folder: Path) -> float:
    """Return the accuracy on training clips in the selected epoch, in percent.

    It is a mean over the epoch's batches, while weights change and dropout is on.
    """
    metrics = pd.read_csv(require(folder / "metrics.csv"), index_col="epoch")
    return 100 * float(metrics["training_accuracy"][read_summary(folder)["selected_epoch"]])


def summarise_seeds(values: np.ndarray) -> dict[str, float]:
    """Return n, mean, standard deviation (n - 1) and 95 % interval of values, [seeds].

    For one seed, deviation and interval are NaN.
    """
    n = len(values)
    low, high = t_interval(values)
    return {
        "n": n,
        "mean": float(np.mean(values)),
        "standard_deviation": float(np.std(values, ddof=1)) if n > 1 else np.nan,
        "low": float(low),
        "high": float(high),
    }


def accuracy_table(results: pd.DataFrame) -> pd.DataFrame:
    """Return accuracy over seeds, one row per point of the grid.

    `results` is the table of `read_results` with a column `training_accuracy`.
    """
    return pd.DataFrame(
        [
            dict(zip(GRID_POINT, point, strict=True))
            | summarise_seeds(seeds["accuracy"].to_numpy())
            | seeds[list(MEANS)].mean().to_dict()
            for point, seeds in results.groupby(GRID_POINT, sort=False)
        ]
    ).astype({"connections": int})


def contrast_table(results: pd.DataFrame) -> pd.DataFrame:
    """Return the contrasts that have both sides in the grid, paired by seed.

    Only those of the condition `standard`, over the seeds that both sides have: one row per
    contrast, Dale setting and sparsity; `n` counts pairs.
    """
    columns = ["claim", "contrast", "signs", "sparsity", "n"]
    columns += ["mean_difference", "standard_deviation", "low", "high"]
    paired = results[results["condition"] == STANDARD].pivot(
        index=["signs", "sparsity", "seed"], columns=["delays", "structure"], values="accuracy"
    )
    rows = []
    for contrast in CONTRASTS:
        if contrast.minuend not in paired or contrast.subtrahend not in paired:
            continue
        difference = (paired[contrast.minuend] - paired[contrast.subtrahend]).dropna()
        for point, seeds in difference.groupby(["signs", "sparsity"]):
            summary = summarise_seeds(seeds.to_numpy())
            summary["mean_difference"] = summary.pop("mean")
            rows.append(
                {"claim": contrast.claim, "contrast": contrast.name}
                | dict(zip(("signs", "sparsity"), point, strict=True))
                | summary
            )
    return pd.DataFrame(rows, columns=columns)


def show_setting(value: Any) -> str:
    """Return a setting's value as text: `0.0001` for 1e-4, `40, 20` for a list."""
    match value:
        case None:
            return "none"
        case bool():
            return "yes" if value else "no"
        case float():
            return np.format_float_positional(value, trim="-")
        case list() | tuple():
            return ", ".join(show_setting(item) for item in value)
    return str(value)


def write_accuracy(config_path: Path, runs_folder: Path, output: Path) -> None:
    """Write `accuracy.csv` (see `accuracy_table`), with the corpus in its last column."""
    config = load_config(config_path)
    results = read_results(config, runs_folder)
    results["training_accuracy"] = [
        _training_accuracy(runs_folder / run.folder) for run in config.runs()
    ]
    write_table(accuracy_table(results).assign(corpus_name=results["corpus_name"].iloc[0]), output)


def write_contrasts(config_path: Path, runs_folder: Path, output: Path) -> None:
    """Write `contrasts.csv` (see `contrast_table`), with the corpus in its last column."""
    results = read_results(load_config(config_path), runs_folder)
    write_table(contrast_table(results).assign(corpus_name=results["corpus_name"].iloc[0]), output)


def write_hyperparameters(config_path: Path, output: Path) -> None:
    """Write `hyperparameters.csv`: key, value, description of every setting."""
    settings = settings_of(load_config(config_path))
    rows = [(key, show_setting(value), description) for key, value, description in settings]
    write_table(pd.DataFrame(rows, columns=list(Setting._fields)), output)


def read_table(path: Path) -> pd.DataFrame:
    """Read a table; sparsities stay text, empty cells are NaN."""
    text = {"sparsity": str, "reference_sparsity": str}
    return pd.read_csv(path, dtype=text, keep_default_na=False, na_values=[""])


def write_table(table: pd.DataFrame, path: Path) -> None:
    """Write a table with six digits, empty cells for NaN."""
    with replacing(path) as temporary:
        table.to_csv(temporary, index=False, float_format="%.6g", lineterminator="\n")

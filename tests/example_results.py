"""Results of a made-up grid, written by the real writers, to test tables and manuscript with."""

import csv
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from delaynet.config import Config, Run, parse_config
from delaynet.numbers import write_numbers
from delaynet.runs import write_json
from delaynet.structure.grouping import COLUMNS
from delaynet.tables import write_accuracy, write_contrasts, write_hyperparameters

FIGURES = ("task", "accuracy", "receptive_fields", "delays", "training")
SQUARE = (
    '<svg xmlns="http://www.w3.org/2000/svg" width="90" height="30">'
    '<rect width="9" height="9"/></svg>'
)

TINY_GRID = [
    {"delays": ["learned"], "structure": ["dense"]},
    {
        "delays": ["fixed"],
        "structure": ["deep_r_rigl"],
        "dale": ["dale"],
        "sparsity": ["0.9375"],
    },
]
LARGE_GRID = [
    {
        "delays": ["none", "fixed", "learned", "frozen"],
        "structure": ["dense"],
        "dale": ["free", "dale"],
    },
    {
        "delays": ["none", "fixed", "learned", "frozen"],
        "structure": ["static", "static_connected", "deep_r", "deep_r_rigl"],
        "dale": ["free", "dale"],
        "sparsity": [str(1 - 2.0**-k) for k in range(1, 10)],
    },
]


def config_of(grid: list[dict[str, Any]], seeds: int, **more: Any) -> Config:
    """A configuration with this grid."""
    return parse_config({"name": "example", "grid": grid, "seeds": seeds, **more})


def some_accuracy(run: Run) -> float:
    """Some accuracy, different for every run."""
    return (sum(map(ord, run.folder)) * 37 % 8000) / 10000 + 0.1


def write_results(
    results: Path, config: Config, accuracy: Callable[[Run], float] = some_accuracy
) -> None:
    """Write the configuration, the summaries of all runs and a table of grouping."""
    write_json(results / "config.json", config.model_dump(mode="json"))
    for run in config.runs():
        hidden = config.resolve(run).model.hidden
        summary = {
            "corpus_name": "synthetic digits (eSpeak NG)",
            "test_accuracy": accuracy(run),
            "reachable_outputs": 20 - run.seed,
            "connections": [160, 320],
            "firing_rate": [0.1 * (layer + 1) for layer in range(len(hidden))],
        }
        write_json(results / "runs" / run.folder / "summary.json", summary)
    with (results / "grouping.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        for run in config.runs():
            nulls = ("N2",) if run.dale == "dale" else ("N1", "N2")
            for network, shift in (("initial", 0), ("trained", 5)):
                for null in nulls:
                    z = "" if run.seed == 1 else f"{shift + run.seed}"
                    writer.writerow([*run, network, null, 16, 300, 0.1, 0.0, 0.02, z])


def write_tables_and_numbers(results: Path, features: Path) -> None:
    """Write the tables and numbers of results, as the workflow does."""
    config, runs, tables = results / "config.json", results / "runs", results / "tables"
    write_accuracy(config, runs, tables / "accuracy.csv")
    write_contrasts(config, runs, tables / "contrasts.csv")
    write_hyperparameters(config, tables / "hyperparameters.csv")
    write_numbers(
        config,
        features,
        tables / "accuracy.csv",
        tables / "contrasts.csv",
        results / "grouping.csv",
        results / "numbers.json",
    )


def write_project(root: Path, config: Config, features: Path) -> Path:
    """Write a project with results, figures and the real manuscript; return its Typst file."""
    write_results(root / "results", config)
    write_tables_and_numbers(root / "results", features)
    (root / "results" / "figures").mkdir()
    for figure in FIGURES:
        (root / "results" / "figures" / f"{figure}.svg").write_text(SQUARE)
    (root / "manuscript").mkdir()
    for part in (Path(__file__).parents[1] / "manuscript").iterdir():
        if part.is_file():
            shutil.copy(part, root / "manuscript" / part.name)
    return root / "manuscript" / "paper.typ"

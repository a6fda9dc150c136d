"""Results of a made-up grid, written by the real writers, to test tables and manuscript with."""

import csv
import html
import re
import shutil
from collections.abc import Callable, Iterator
from itertools import product
from pathlib import Path
from typing import Any
from zlib import crc32

import pandas as pd
import typst

from delaynet.analysis import exchange
from delaynet.analysis.claims.ledger import write_claims
from delaynet.analysis.grouping.grouping import COLUMNS, MEASURES, orders_of, tests_of
from delaynet.analysis.grouping.nulls import NULLS, UNTRAINED
from delaynet.analysis.grouping.points import MINIMAL_PAIRS
from delaynet.analysis.tables import (
    write_accuracy,
    write_contrasts,
    write_hyperparameters,
    write_table,
)
from delaynet.config.grid import Config, Run, load_config, parse_config
from delaynet.paper.numbers.inputs import Sources
from delaynet.paper.numbers.writing import write_numbers
from delaynet.provenance.record import SEAL
from delaynet.training.run_folder import write_json

FIGURES = (
    "task",
    "accuracy",
    "receptive_fields",
    "delays",
    "training",
    "grouping",
    "dale",
    "controls",
    "power",
)
SQUARE = (
    '<svg xmlns="http://www.w3.org/2000/svg" width="90" height="30">'
    '<rect width="9" height="9"/></svg>'
)

TINY_GRID = [
    {"delays": ["learned"], "structure": ["dense"]},
    {
        "delays": ["fixed"],
        "structure": ["deep_r_rigl"],
        "signs": ["dale"],
        "sparsity": ["0.9375"],
    },
]
# every claim has what it is tested on
CLAIMS_GRID = [
    {"delays": ["none", "fixed", "learned"], "structure": ["dense"]},
    {"delays": ["learned"], "structure": ["dense"], "signs": ["dale"]},
    {
        "delays": ["fixed", "learned"],
        "structure": ["static", "deep_r_rigl"],
        "sparsity": ["0.75", "0.9375"],
    },
    {
        "delays": ["learned"],
        "structure": ["dense"],
        "condition": ["permuted_channels", "shuffled_labels"],
        "seeds": 3,
    },
]
CONDITIONS = {
    "permuted_channels": {"training": {"data": "permuted_channels"}},
    "shuffled_labels": {"training": {"data": "shuffled_labels", "select": "last"}},
}
LARGE_GRID = [
    {
        "delays": ["none", "fixed", "learned", "frozen"],
        "structure": ["dense"],
        "signs": ["free", "dale"],
    },
    {
        "delays": ["none", "fixed", "learned", "frozen"],
        "structure": ["static", "static_connected", "deep_r", "deep_r_rigl"],
        "signs": ["free", "dale"],
        "sparsity": [str(1 - 2.0**-k) for k in range(1, 10)],
    },
]

# of a run, its network, the order of its channels and a null model; None is not testable
Effect = Callable[[Run, str, str, str], float | None]


def config_of(grid: list[dict[str, Any]], seeds: int, **more: Any) -> Config:
    """A configuration with this grid."""
    return parse_config({"name": "example", "grid": grid, "seeds": seeds, **more})


def some_accuracy(run: Run) -> float:
    """Some accuracy, different for every run."""
    return crc32(run.folder.encode()) % 8000 / 10000 + 0.1


def some_effect(run: Run, network: str, order: str, null: str) -> float | None:
    """Some effect, larger after training; the networks of seed 1 cannot be tested."""
    return None if run.seed == 1 else 0.01 * run.seed + 0.05 * (network == "trained")


def all_but_few(run: Run) -> int:
    """Outputs reached, of twenty: all, or one less."""
    return 20 - run.seed % 2


def write_results(
    results: Path,
    config: Config,
    accuracy: Callable[[Run], float] = some_accuracy,
    effect: Effect = some_effect,
    reachable: Callable[[Run], int] = all_but_few,
    training_accuracy: Callable[[Run], float] | None = None,
) -> None:
    """Write the configuration, the summaries of all runs and the table of grouping.

    Accuracies are shares; that on training clips is the same as on test clips unless given.
    """
    write_json(results / "config.json", config.model_dump(mode="json"))
    for run in config.runs():
        hidden = config.resolve(run).model.hidden
        summary = {
            "corpus_name": "synthetic digits (eSpeak NG)",
            "test_accuracy": accuracy(run),
            "classes": 20,
            "reachable_outputs": reachable(run),
            "connections": [160, 320],
            "firing_rate": [0.1 * (layer + 1) for layer in range(len(hidden))],
            "selected_epoch": 1,
        }
        folder = results / "runs" / run.folder
        write_json(folder / "summary.json", summary)
        share = accuracy(run) if training_accuracy is None else training_accuracy(run)
        (folder / "metrics.csv").write_text(f"epoch,training_accuracy\n0,0\n1,{share}\n2,1\n")
    with (results / "grouping.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        writer.writerows(row for run in config.runs() for row in grouping_rows(config, run, effect))


def grouping_rows(config: Config, run: Run, effect: Effect) -> Iterator[list[Any]]:
    """The rows of `grouping.csv` on one run; every measure has the same effect."""
    settings = config.resolve(run)
    for network in MEASURES:
        for order, (measure, null) in product(orders_of(settings), tests_of(network, settings)):
            head = [*run, network, order, measure, null, 16, 300, MINIMAL_PAIRS]
            yield [*head, *_statistics(effect(run, network, order, null), run, null)]


def _statistics(effect: float | None, run: Run, null: str) -> list[Any]:
    """Observed value, mean and deviation of the null, z and p."""
    if effect is None:
        return [""] * 5
    observed, null_mean, null_sd = 0.01 + effect, 0.01, 0.005
    if NULLS[null].permutes == "delay" and run.delays == "none":
        return [observed, observed, 0, "", 1]
    if null == UNTRAINED:
        return [observed, null_mean, "", "", ""]
    return [observed, null_mean, null_sd, effect / null_sd, 1e-4 if effect > 0.01 else 0.5]


def exchange_table(config: Config) -> pd.DataFrame:
    """Accuracies of every run after exchanges, which cost it more with each seed."""
    rows: list[list[Any]] = []
    for run in config.runs():
        rows.append([*run, exchange.NO_EXCHANGE, "yes", 1, 80, 0])
        if run.delays == "learned":
            rows.append([*run, exchange.NO_EXCHANGE, "no", 1, 82, -2])
        for place, null in enumerate(exchange.exchanges_of(config.resolve(run))):
            fall = 10 * (1 + place) + run.seed
            rows.append([*run, null, "yes", exchange.DRAWS, 80 - fall, fall])
    return pd.DataFrame(rows, columns=exchange.COLUMNS)


def sources_of_numbers(results: Path) -> Sources:
    """The files of results that numbers are read from."""
    return Sources(
        config=results / "config.json",
        features=results / "features.h5",
        accuracy=results / "tables" / "accuracy.csv",
        contrasts=results / "tables" / "contrasts.csv",
        tests=results / "tables" / "tests.csv",
        claims=results / "claims.json",
        grouping=results / "grouping.csv",
        exchange=results / "tables" / "exchange.csv",
    )


def write_tables_and_numbers(results: Path, features: Path) -> None:
    """Write the tables, the claims and the numbers of results, as the workflow does."""
    if not (results / "features.h5").exists():
        shutil.copy(features, results / "features.h5")
    config, runs, tables = results / "config.json", results / "runs", results / "tables"
    write_accuracy(config, runs, tables / "accuracy.csv")
    write_contrasts(config, runs, tables / "contrasts.csv")
    write_hyperparameters(config, tables / "hyperparameters.csv")
    write_table(exchange_table(load_config(config)), tables / "exchange.csv")
    write_claims(
        config,
        runs,
        results / "grouping.csv",
        tables / "tests.csv",
        results / "claims.json",
        tables / "claims.csv",
    )
    write_numbers(sources_of_numbers(results), results / "numbers.json")
    write_json(results / SEAL, {"digest": "5ea1" * 16, "records": {}})


def write_project(root: Path, config: Config, features: Path, **outcomes: Any) -> Path:
    """Write a project with results, figures and the real manuscript; return its Typst file.

    Args:
        root: a folder, empty or not there.
        config: the configuration.
        features: the features file.
        outcomes: `accuracy`, `effect` and others, as `write_results` takes them.
    """
    results = root / "results"
    write_results(results, config, **outcomes)
    write_tables_and_numbers(results, features)
    (results / "figures").mkdir()
    for figure in FIGURES:
        (results / "figures" / f"{figure}.svg").write_text(SQUARE)
    (root / "manuscript").mkdir()
    for part in (Path(__file__).parents[1] / "manuscript").iterdir():
        if part.is_file():
            shutil.copy(part, root / "manuscript" / part.name)
    return root / "manuscript" / "paper.typ"


def html_of(root: Path, source: Path) -> str:
    """The manuscript as HTML, without its abstract."""
    return typst.compile(source, root=root, format="html").decode()


def text_of(root: Path, source: Path) -> str:
    """The words of the manuscript, by way of Typst's HTML, without its abstract."""
    words = re.sub(r"<[^>]+>", "", html_of(root, source))
    return " ".join(html.unescape(words).split())

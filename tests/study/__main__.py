"""The command behind `make study`, after the trainings."""

from pathlib import Path

import click
import pandas as pd

from delaynet.analysis.tables import summarise_seeds
from delaynet.config.grid import Point, Run, load_config
from delaynet.training.run_folder import read_network
from study.grouping import effects_of_dense_networks, summary_of_effects
from study.report import CORPORA, ROOT, write_all
from study.ridge import likeness_by_difference
from study.study import estimates, finished_runs

FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--pilot",
    type=FOLDER,
    default=ROOT / "results/pilot",
    show_default=True,
    help="Where Snakemake made the results of config/pilot.yaml.",
)
@click.option(
    "--study",
    type=FOLDER,
    default=ROOT / "results/study",
    show_default=True,
    help="Where Snakemake makes the results of config/study.yaml; what is finished is read.",
)
@click.option(
    "--human",
    type=FOLDER,
    default=ROOT / "results/study_human",
    show_default=True,
    help="Where Snakemake makes the results of config/study_human.yaml.",
)
def main(pilot: Path, study: Path, human: Path) -> None:
    """Write docs/study.md, its figure and docs/study/*.csv from the trainings that are finished."""
    folders = {"pilot": pilot, "study": study, "study_human": human}
    configs = {name: load_config(ROOT / f"config/{name}.yaml") for name in folders}
    measures = {"study_human": "validation_accuracy"}
    runs = {
        name: finished_runs(
            configs[name], folder / "results/runs", measures.get(name, "test_accuracy")
        )
        for name, folder in folders.items()
    }
    effects = {
        corpus: effects_of_dense_networks(configs[name], runs[name], folders[name] / "results/runs")
        for corpus, name in CORPORA.items()
    }
    grouping = pd.concat(
        [summary_of_effects(of).assign(corpus=corpus) for corpus, of in effects.items()]
    )
    tables = {
        "pilot": runs["pilot"],
        "runs": runs["study"],
        "accuracy": accuracy(runs["study"]),
        "estimates": estimates(runs["study"]),
        "human_runs": runs["study_human"],
        "human_accuracy": accuracy(runs["study_human"]),
        "human_estimates": estimates(runs["study_human"], ("0.9375",)),
        "grouping": grouping,
        "ridge": ridge(runs["study"], study / "results/runs"),
    }
    if missing := [name for name, table in tables.items() if table.empty]:
        raise click.ClickException(f"too few trainings are finished yet for {', '.join(missing)}.")
    for path in write_all(tables):
        click.echo(f"written: {path.relative_to(ROOT)}")


def ridge(runs: pd.DataFrame, folder: Path) -> pd.DataFrame:
    """Return likeness of signs by difference of delays, for dense networks of every condition."""
    dense = runs[(runs["structure"] == "dense") & (runs["signs"] == "free")]
    with_delays = dense[dense["delays"] != "none"]
    tables = []
    for kind, seeds in with_delays.groupby(["delays", "condition"], sort=False):
        folders = [Run(*run).folder for run in seeds[list(Run._fields)].itertuples(index=False)]
        networks = (read_network(folder / name / "network.h5") for name in folders)
        table = likeness_by_difference(networks)
        for place, (name, value) in enumerate(zip(("delays", "condition"), kind, strict=True)):
            table.insert(place, name, value)
        tables.append(table)
    return pd.concat(tables) if tables else pd.DataFrame()


def accuracy(runs: pd.DataFrame) -> pd.DataFrame:
    """Return n, mean, standard deviation and interval of test accuracy, a row per point."""
    rows = [
        dict(zip(Point._fields, point, strict=True)) | summarise_seeds(seeds.to_numpy())
        for point, seeds in runs.groupby(list(Point._fields), sort=False)["accuracy"]
    ]
    return pd.DataFrame(rows)


if __name__ == "__main__":
    main(prog_name="make study")

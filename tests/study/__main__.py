"""The command behind `make study`, after the trainings."""

import os
from pathlib import Path

import click
import pandas as pd

from delaynet.analysis.tables import summarise_seeds
from delaynet.config.grid import Point, Run, load_config
from delaynet.training.run_folder import read_network
from study.along import all_along_training, at_equal_accuracy
from study.grouping import effects_of_dense_networks, falls_of_dense_networks, summary_of_effects
from study.lags import (
    CHANNELS,
    CLIPS,
    LAGGED,
    SEEDS,
    lagged_folder,
    lags_of_channels,
    train_lagged,
)
from study.report import CORPORA, ROOT, write_all
from study.retrained import finished_retrainings, retrain_all
from study.ridge import likeness_by_difference
from study.study import BESIDE, chosen_or_useful, estimates, finished_runs
from study.voices import BLOCKS, configuration

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
@click.option(
    "--voices",
    type=FOLDER,
    default=ROOT / "results/study_voices",
    show_default=True,
    help="Where Snakemake makes the results of config/study_voices.yaml, a folder a block.",
)
def main(pilot: Path, study: Path, human: Path, voices: Path) -> None:
    """Write docs/study.md, its figure and docs/study/*.csv from the trainings that are finished.

    Structures that rewiring found are trained anew first, and some dense networks once more to look
    at them on the way, where that is not done.
    """
    results = {
        "pilot": pilot / "results",
        "study": study / "results",
        "study_human": human / "results",
    }
    measures = {"study_human": "validation_accuracy"}
    configs = {name: load_config(ROOT / f"config/{name}.yaml") for name in results}
    runs, retrained, grouping, falls = {}, {}, {}, {}
    for name, folder in results.items():
        measure = measures.get(name, "test_accuracy")
        runs[name] = finished_runs(configs[name], folder, measure)
        if name == "pilot":
            continue
        retrain_all(configs[name], folder, len(os.sched_getaffinity(0)))
        retrained[name] = finished_retrainings(configs[name], folder, measure)
        of_config = configs[name], runs[name]
        grouping[name] = effects_of_dense_networks(*of_config, folder / "runs")
        falls[name] = falls_of_dense_networks(*of_config, folder, measure.split("_")[0])
    train_lagged(configs["study"], results["study"])
    of_voices = runs_of_voices(voices)
    along = all_along_training(configs["study"], results["study"])
    tables = {
        "pilot": runs["pilot"],
        "runs": runs["study"],
        "accuracy": accuracy(runs["study"]),
        "estimates": estimates(runs["study"]),
        "human_runs": runs["study_human"],
        "human_accuracy": accuracy(runs["study_human"]),
        "human_estimates": estimates(runs["study_human"], ("0.9375",)),
        "voices_runs": of_voices,
        "voices_accuracy": accuracy(of_voices),
        "voices_estimates": estimates_of_voices(of_voices),
        "voices_blocks": pd.concat(
            estimates_of_voices(of_block).head(1).assign(name=f"corpus {block + 1}")
            for block, of_block in of_voices.groupby("block")
        ),
        "retrained": retrained["study"],
        "chosen": chosen_or_useful(retrained["study"], runs["study"]),
        "human_retrained": retrained["study_human"],
        "human_chosen": chosen_or_useful(retrained["study_human"], runs["study_human"]),
        "grouping": by_corpus(grouping),
        "exchange": by_corpus(falls),
        "along": along,
        "equal_accuracy": at_equal_accuracy(along),
        "ridge": ridge(runs["study"], results["study"] / "runs"),
    }
    if missing := [name for name, table in tables.items() if table.empty]:
        raise click.ClickException(f"too few trainings are finished yet for {', '.join(missing)}.")
    for path in write_all(tables):
        click.echo(f"written: {path.relative_to(ROOT)}")


def runs_of_voices(folder: Path) -> pd.DataFrame:
    """Return the finished runs of all blocks, and the `block` of each."""
    tables = [
        finished_runs(configuration(block), results, "test_accuracy").assign(block=block)
        for block in range(BLOCKS)
        if (results := folder / str(block) / "results").exists()
    ]
    # without rows a table has no types of columns, which would spread to the others
    return pd.concat(table for table in tables if not table.empty)


def estimates_of_voices(runs: pd.DataFrame) -> pd.DataFrame:
    """Return the estimates for other corpora, at one sparsity; they confirm, so none is primary."""
    return estimates(runs, ("0.9375",)).assign(is_primary=False).drop(columns="holm")


def by_corpus(effects: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """Return mean effects over seeds, a row per corpus, kind and delays, from those by study."""
    return pd.concat(
        [
            summary_of_effects(effects[name]).assign(corpus=corpus)
            for corpus, name in CORPORA.items()
        ]
    )


def ridge(runs: pd.DataFrame, folder: Path) -> pd.DataFrame:
    """Return likeness of signs by difference of delays, for dense networks of every condition."""
    dense = runs[(runs["structure"] == "dense") & (runs["signs"] == "free")]
    with_delays = dense[dense["delays"] != "none"]
    tables = []
    for kind, seeds in with_delays.groupby(["delays", "condition"], sort=False):
        folders = [Run(*run).folder for run in seeds[list(Run._fields)].itertuples(index=False)]
        networks = (read_network(folder / name / "network.h5") for name in folders)
        table = likeness_by_difference(networks)
        tables.append(table.assign(delays=kind[0], condition=kind[1]))
    of_lagged = {
        kind: [
            read_network(lagged_folder(folder.parent, kind, seed) / "network.h5") for seed in SEEDS
        ]
        for kind in LAGGED
    }
    lags = [
        lags_of_channels(seed, of_lagged[CHANNELS][0].layers[0].mask.shape[2]).numpy()
        for seed in SEEDS
    ]
    by_delay = likeness_by_difference(of_lagged[CHANNELS], lags)
    by_arrival = likeness_by_difference(of_lagged[CHANNELS], lags, of_arrival=True)
    tables += [
        by_delay.assign(delays="learned", condition=f"{CHANNELS}, by delay"),
        by_arrival.assign(delays="learned", condition=f"{CHANNELS}, by time of arrival"),
        likeness_by_difference(of_lagged[CLIPS]).assign(delays="learned", condition=CLIPS),
    ]
    return pd.concat(tables)


def accuracy(runs: pd.DataFrame) -> pd.DataFrame:
    """Return n, mean, standard deviation and interval of accuracy, and means of what is beside."""
    rows = [
        dict(zip(Point._fields, point, strict=True))
        | summarise_seeds(seeds["accuracy"].to_numpy())
        | seeds[list(BESIDE)].mean().to_dict()
        for point, seeds in runs.groupby(list(Point._fields), sort=False)
    ]
    return pd.DataFrame(rows)


if __name__ == "__main__":
    main(prog_name="make study")

"""The command behind `make study`, after the trainings."""

import os
from pathlib import Path

import click
import numpy as np
import pandas as pd

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
from study.report import CORPORA, PREFIXES, ROOT, write_all
from study.retrained import finished_retrainings, retrain_all
from study.ridge import likeness_by_difference
from study.study import (
    BESIDE,
    FIRST_FRESH_HUMAN_SEED,
    HUMAN_SPEAKERS,
    chosen_or_useful,
    estimates,
    finished_runs,
    summarise,
)
from study.trainings import trainings_of
from study.used import WithMap, accuracy_with_maps, train_with_maps, what_grouping_is_worth
from study.voices import BLOCKS, configuration

FOLDER = click.Path(file_okay=False, path_type=Path)
# by what the rows of tables differ that are made from networks
KEYS = {
    "pilot": Run._fields,
    "runs": Run._fields,
    "human_runs": Run._fields,
    "voices_runs": Run._fields,
    "retrained": ("seed", "change"),
    "human_retrained": ("seed", "change"),
    "used": WithMap._fields,
    "human_used": WithMap._fields,
    "grouping": ("corpus", "kind", "delays"),
    "exchange": ("corpus", "kind", "delays"),
    "along": ("seed", "delays", "epoch"),
    "ridge": ("delays", "condition", "low"),
    "trainings": ("corpus", *Run._fields),
    "trained_twice": ("corpus", *Run._fields),
}

# ten seeds at 0.875 were looked at before the others
FIRST_OF_LAST_TEN = 110
# numbers of a training that show whether it was computed with the same rounding
COMPARED = ("accuracy", "training_accuracy", "unrounded_accuracy", "silent_neurons")


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
@click.option(
    "--keep",
    is_flag=True,
    help="Add what is trained here to docs/study/*.csv: their rows stay, and structures trained "
    "anew, lags and looks along training are left out.",
)
def main(pilot: Path, study: Path, human: Path, voices: Path, keep: bool) -> None:
    """Write docs/study.md, its figure and docs/study/*.csv from the trainings that are finished.

    What is no point of the grid is trained first, where that is not done: structures that rewiring
    found and maps of dense networks anew, dense networks to look at them on the way, and lags.
    """
    results = {
        "pilot": pilot / "results",
        "study": study / "results",
        "study_human": human / "results",
    }
    missing = [folder for folder in (pilot, study, human, voices) if not folder.exists()]
    if missing and not keep:
        raise click.ClickException(f"{missing[0]}: not there; `make study` makes it.")
    made = tables_of_networks(results, keep) | {"voices_runs": runs_of_voices(voices)}
    trainings = {
        corpus: trainings_of(load_config(ROOT / f"config/{name}.yaml"), results[name])
        for corpus, name in CORPORA.items()
    }
    made["trainings"] = pd.concat(trainings, names=["corpus"]).reset_index("corpus")
    # before committed rows take the place of those that were trained here
    twice = with_committed("trained_twice", trained_twice(made))
    if keep:
        made = {name: with_committed(name, table) for name, table in made.items()}
    made["trained_twice"] = twice
    if empty := [name for name, table in made.items() if table.empty]:
        raise click.ClickException(f"too few trainings are finished yet for {', '.join(empty)}.")
    for path in write_all(made | estimates_of(made)):
        click.echo(f"written: {path.relative_to(ROOT)}")


def tables_of_networks(results: dict[str, Path], keep: bool) -> dict[str, pd.DataFrame]:
    """Return the tables that are made from networks, by name, all but that of other corpora.

    Args:
        results: by name of the configuration.
        keep: train no structures anew, no lags, and none to look at on the way.
    """
    configs = {name: load_config(ROOT / f"config/{name}.yaml") for name in results}
    tables = {"pilot": finished_runs(configs["pilot"], results["pilot"], "test_accuracy")}
    grouping, falls = {}, {}
    processes = len(os.sched_getaffinity(0))
    for name, prefix, measure in (
        ("study", "", "test_accuracy"),
        ("study_human", "human_", "validation_accuracy"),
    ):
        of_config = configs[name], results[name]
        runs = finished_runs(*of_config, measure)
        if not keep:
            retrain_all(*of_config, processes)
        train_with_maps(*of_config, processes)
        tables[f"{prefix}runs"] = runs
        tables[f"{prefix}retrained"] = finished_retrainings(*of_config, measure)
        tables[f"{prefix}used"] = accuracy_with_maps(*of_config, measure)
        grouping[name] = effects_of_dense_networks(configs[name], runs, results[name] / "runs")
        split = measure.removesuffix("_accuracy")
        falls[name] = falls_of_dense_networks(configs[name], runs, results[name], split)
    tables |= {"grouping": by_corpus(grouping), "exchange": by_corpus(falls)}
    if keep:
        return tables | {"along": pd.DataFrame(), "ridge": pd.DataFrame()}
    train_lagged(configs["study"], results["study"])
    tables["along"] = all_along_training(configs["study"], results["study"])
    tables["ridge"] = ridge(tables["runs"], results["study"] / "runs")
    return tables


def with_committed(name: str, table: pd.DataFrame) -> pd.DataFrame:
    """Return the committed table, and the rows that it lacks; of means those of more seeds."""
    path = ROOT / f"docs/study/{name}.csv"
    if not path.exists():
        return table
    committed = pd.read_csv(path, dtype={"sparsity": str})
    if table.empty:
        return committed
    keys = list(KEYS[name])
    rows = pd.concat([committed, table], ignore_index=True)
    order = rows[keys].drop_duplicates()
    if "n" in rows:
        rows = rows.sort_values("n", ascending=False, kind="stable")
    return order.merge(rows.drop_duplicates(keys), on=keys)[list(committed.columns)]


def trained_twice(made: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """Return the networks trained here that are not, to all digits, those of the committed tables.

    Returns:
        `corpus`, the fields of `Run`, and `accuracy` as committed and `again`, as trained here.
    """
    keys = list(Run._fields)
    tables = [pd.DataFrame(columns=["corpus", *keys, "accuracy", "again"])]
    for corpus in CORPORA:
        name = f"{PREFIXES[corpus]}runs"
        path = ROOT / f"docs/study/{name}.csv"
        committed = pd.read_csv(path, dtype={"sparsity": str}) if path.exists() else made[name]
        both = committed.merge(made[name], on=keys, suffixes=("", "_again"))
        here = both[[f"{measure}_again" for measure in COMPARED]].astype(float)
        same = np.isclose(both[list(COMPARED)].astype(float), here).all(axis=1)
        again = both[~same].rename(columns={"accuracy_again": "again"}).assign(corpus=corpus)
        tables.append(again[tables[0].columns])
    return pd.concat([table for table in tables if not table.empty] or tables[:1])


def estimates_of(made: dict[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
    """Return the tables that are made from others."""
    of_voices, of_human = made["voices_runs"], made["human_runs"]
    fresh = of_human[of_human["seed"] >= FIRST_FRESH_HUMAN_SEED]
    return {
        "accuracy": accuracy(made["runs"]),
        "estimates": estimates(made["runs"]),
        "first_ten_estimates": estimates_at_0875(made["runs"].query("seed < @FIRST_OF_LAST_TEN")),
        "last_ten_estimates": estimates_at_0875(made["runs"].query("seed >= @FIRST_OF_LAST_TEN")),
        "human_accuracy": accuracy(of_human, HUMAN_SPEAKERS),
        "human_estimates": estimates(of_human, ("0.9375",), HUMAN_SPEAKERS),
        "human_fresh_estimates": estimates(fresh, ("0.9375",), HUMAN_SPEAKERS).query("is_primary"),
        "voices_accuracy": accuracy(of_voices),
        "voices_estimates": estimates_of_voices(of_voices),
        "voices_corpora": estimates_of_voices(of_voices, BLOCKS),
        "voices_blocks": pd.concat(
            estimates_of_voices(of_block).head(1).assign(name=f"corpus {block + 1}")
            for block, of_block in of_voices.groupby("block")
        ),
        "chosen": chosen_or_useful(made["retrained"], made["runs"]),
        "human_chosen": chosen_or_useful(made["human_retrained"], of_human, HUMAN_SPEAKERS),
        "worth": what_grouping_is_worth(made["used"]),
        "human_worth": what_grouping_is_worth(made["human_used"], HUMAN_SPEAKERS),
        "equal_accuracy": at_equal_accuracy(made["along"]),
    }


def runs_of_voices(folder: Path) -> pd.DataFrame:
    """Return the finished runs of all blocks, and the `block` of each."""
    tables = [
        finished_runs(configuration(block), results, "test_accuracy").assign(block=block)
        for block in range(BLOCKS)
        if (results := folder / str(block) / "results").exists()
    ]
    # without rows a table has no types of columns, which would spread to the others
    return pd.concat([pd.DataFrame(), *(table for table in tables if not table.empty)])


def estimates_of_voices(runs: pd.DataFrame, corpora: int | None = None) -> pd.DataFrame:
    """Return the estimates for other corpora, at one sparsity; they confirm, so none is primary.

    Args:
        runs: of the study, and the `block` of each.
        corpora: how many there are, if intervals are over the means of each corpus, not over seeds.
    """
    if corpora:
        # `summarise` groups seeds by their remainder
        runs = runs.assign(seed=runs["block"] + corpora * runs["seed"])
    table = estimates(runs, ("0.9375",), corpora)
    return table.assign(is_primary=False).drop(columns="holm")


def estimates_at_0875(runs: pd.DataFrame) -> pd.DataFrame:
    """Return the estimates at the sparsity of which ten seeds were looked at before the others."""
    table = estimates(runs, ("0.875",))
    of_halves = table.assign(is_primary=False).drop(columns="holm")
    return of_halves[of_halves["name"].str.contains("0.875")]


def by_corpus(effects: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """Return mean effects over seeds, a row per corpus, kind and delays, from those by study."""
    return pd.concat(
        [
            summary_of_effects(
                effects[name], HUMAN_SPEAKERS if name == "study_human" else None
            ).assign(corpus=corpus)
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


def accuracy(runs: pd.DataFrame, speakers: int | None = None) -> pd.DataFrame:
    """Return n, mean, standard deviation and interval of accuracy, and means of what is beside."""
    rows = [
        dict(zip(Point._fields, point, strict=True))
        | summarise(seeds.set_index("seed")["accuracy"], speakers)
        | seeds[list(BESIDE)].mean().to_dict()
        for point, seeds in runs.groupby(list(Point._fields), sort=False)
    ]
    return pd.DataFrame(rows).drop(columns="p")


if __name__ == "__main__":
    main(prog_name="make study")

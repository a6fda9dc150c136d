"""The command behind `make published`, after the trainings."""

from pathlib import Path

import click
import pandas as pd

from delaynet.analysis.tables import read_results
from delaynet.config.grid import load_config
from published.report import ROOT, write_all
from published.study import CELL, effects, equivalence, initial_weights_by_epochs

REFERENCE = ROOT / "tests/reference/authors_training.csv"
MEASURE = {
    "network": "trained",
    "order": "mel",
    "measure": "morans_i",
    "null": "signs_within_neuron",
}


def read_grouping(path: Path) -> pd.DataFrame:
    """Return Moran's I beyond its null model for every run, as `grouping`."""
    table = pd.read_csv(path, dtype={"sparsity": str})
    chosen = table[(table[list(MEASURE)] == list(MEASURE.values())).all(axis=1)]
    return chosen.assign(grouping=chosen["observed"] - chosen["null_mean"])


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--folder",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    default=ROOT / "results/published",
    show_default=True,
    help="Where Snakemake made the results of config/departures.yaml.",
)
def main(folder: Path) -> None:
    """Compare trainings with those of the published code, and write docs/published.md."""
    config = load_config(ROOT / "config/departures.yaml")
    key = [*CELL, "seed", "condition"]
    runs = read_results(config, folder / "results/runs")
    grouping = read_grouping(folder / "results/grouping.csv")
    values = runs.merge(grouping[[*key, "grouping"]], on=key, how="left")
    reference = pd.read_csv(REFERENCE, dtype={"sparsity": str})
    benchmarks = (folder / "benchmarks/train").rglob("*.tsv")
    seconds = sum(pd.read_csv(path, sep="\t")["s"].iloc[0] for path in benchmarks)
    facts = {"runs": str(len(runs)), "hours": f"{seconds / 3600:.1f}"}
    epochs = initial_weights_by_epochs(values)
    for path in write_all(equivalence(runs, reference), effects(values), epochs, facts):
        click.echo(f"written: {path}")


if __name__ == "__main__":
    main(prog_name="make published")

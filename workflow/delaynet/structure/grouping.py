"""The table of how excitation and inhibition are grouped: Moran's I of every network of the grid.

`delaynet.structure.measures` says what Moran's I is, `delaynet.structure.nulls` what the null
models N1 and N2 keep and permute. z = (observed - mean of the null) / standard deviation of the
null.
"""

import csv
import math
from functools import partial
from pathlib import Path
from typing import NamedTuple

from tqdm import tqdm

from delaynet.config import Run, load_config
from delaynet.errors import UserError
from delaynet.files import replacing
from delaynet.processes import in_order
from delaynet.runs import read_network
from delaynet.structure.nulls import ROUNDING, morans_i, permuted_morans_i, valid_nulls, z_score
from delaynet.structure.points import CHANNEL_WIDTH, DELAY_WIDTH, MarkedPoints, marked_points
from delaynet.structure.receptive_fields import receptive_fields

__all__ = [
    "CHANNEL_WIDTH",
    "COLUMNS",
    "DELAY_WIDTH",
    "MINIMAL_PAIRS",
    "PERMUTATIONS",
    "Grouping",
    "grouping",
    "nulls_of",
    "write_grouping",
]

# "Not testable" with fewer pairs than this within two kernel widths in channel.
MINIMAL_PAIRS = 30
# draws from each null model
PERMUTATIONS = 10_000
# the null models of this table
NULLS = ("N1", "N2")
NETWORK_FILES = {"initial": "initial.h5", "trained": "network.h5"}


class Grouping(NamedTuple):
    """Grouping of one network against one null; what cannot be tested is not a number."""

    neurons: int
    synapses: int
    moran_i: float
    null_mean: float
    null_sd: float
    z: float


COLUMNS = (*Run._fields, "network", "null", *Grouping._fields)


def grouping(points: MarkedPoints, null: str, permutations: int, seed: int) -> Grouping:
    """Compare Moran's I of a network with a null model.

    Args:
        points: the network.
        null: one of `delaynet.structure.nulls.NULLS`.
        permutations: draws from the null.
        seed: seed of the draws.

    Returns:
        The comparison. With fewer than `MINIMAL_PAIRS` close pairs all its statistics are not a
        number; where all permutations agree (one sign, one delay), z alone.
    """
    counted = points.neurons, points.synapses
    if points.close_pairs < MINIMAL_PAIRS:
        return Grouping(*counted, math.nan, math.nan, math.nan, math.nan)
    observed = morans_i(points)
    draws = permuted_morans_i(points, null, permutations, seed)
    mean, deviation = float(draws.mean()), float(draws.std(ddof=1))
    z = float(z_score(observed, draws))
    return Grouping(*counted, observed, mean, 0.0 if deviation < ROUNDING else deviation, z)


def nulls_of(dale: str) -> tuple[str, ...]:
    """Return the nulls of the table that are valid: under Dale's principle N2 alone."""
    return tuple(null for null in NULLS if null in valid_nulls(dale))


def _rows_of_run(runs_folder: Path, permutations: int, run: Run) -> list[list[str]]:
    """Return the rows of one run: networks x nulls.

    Both networks are analysed on the neurons that fire after training, so that they differ in what
    training did and not in who is counted.
    """
    fields = {
        network: receptive_fields(read_network(runs_folder / run.folder / file))
        for network, file in NETWORK_FILES.items()
    }
    fires = ~fields["trained"].silent
    rows = []
    for network, network_fields in fields.items():
        points = marked_points(network_fields, fires)
        for null in nulls_of(run.dale):
            result = grouping(points, null, permutations, run.seed)
            rows.append([*map(str, run), network, null, *map(_cell, result)])
    return rows


def _cell(value: float) -> str:
    return "" if math.isnan(value) else f"{value:.6g}"


def write_grouping(
    config_path: Path, runs_folder: Path, output_csv: Path, permutations: int, processes: int
) -> None:
    """Analyse the networks of every run of a configuration, before and after training.

    Writes one row per run, network (`initial`, `trained`) and null (`N1`, `N2`; under Dale's
    principle `N2` alone), in the order of the grid; `neurons` and `synapses` count what was
    analysed: neurons that fire after training and have at least two synapses. An empty `z` is not
    testable.
    The content does not depend on the number of processes.

    Raises:
        UserError: a run's network is not there, or fewer than 2 permutations or 1 process.
    """
    if permutations < 2 or processes < 1:
        raise UserError(
            f"grouping: {permutations} permutations in {processes} processes; "
            "give at least 2 permutations and 1 process."
        )
    runs = list(load_config(config_path).runs())
    for run in runs:
        for file in NETWORK_FILES.values():
            if not (path := runs_folder / run.folder / file).exists():
                raise UserError(f"{path}: not there; train this run first.")
    work = partial(_rows_of_run, runs_folder, permutations)
    results = tqdm(in_order(work, runs, processes), "grouping", len(runs), unit="run")
    rows = [row for part in results for row in part]
    with replacing(output_csv) as temporary, temporary.open("w", newline="") as table:
        writer = csv.writer(table, lineterminator="\n")
        writer.writerow(COLUMNS)
        writer.writerows(rows)

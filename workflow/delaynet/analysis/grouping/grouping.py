"""The table of grouping of excitation and inhibition: every network, measure and null model.

`grouping.measures` defines the measures, `grouping.nulls` the null models. The effect is
observed - mean of the null; z = effect / standard deviation of the null. z grows with the number of
pairs. The effect does not, but it is smaller if neurons have few synapses (`grouping.power` says by
how much).

For Moran's I of trained networks there are 10,000 draws from the null model that decides claims,
`delays_within_sign`. All other tests have 1,000 draws, so their smallest p is 0.001. On one core
this takes about 3 s for a dense network of 96 neurons.

Learned delays accumulate at the ends of their range. `morans_i_interior` is therefore Moran's I of
a trained network without the delays 0 and max_delay - 1, over the neurons with at least two
remaining synapses. It can be tested if these synapses have enough close pairs.
"""

import math
from collections.abc import Mapping
from functools import partial
from itertools import product
from pathlib import Path
from typing import Any, Literal, NamedTuple

import pandas as pd
from tqdm import tqdm

from delaynet.analysis.grouping.draws import Test, draws
from delaynet.analysis.grouping.kinds import INTERIOR, JOINT, KINDS, PRIMARY
from delaynet.analysis.grouping.maps import GroupingMap, grouping_map, write_map
from delaynet.analysis.grouping.measures import Array, measures
from delaynet.analysis.grouping.nulls import (
    ROUNDING,
    TESTED_BY,
    UNTRAINED,
    p_value,
    valid_nulls,
    z_score,
)
from delaynet.analysis.grouping.permutations import changes_nothing
from delaynet.analysis.grouping.points import MarkedPoints, interior, marked_points
from delaynet.analysis.grouping.receptive_fields import receptive_fields
from delaynet.analysis.reads import files_of_runs
from delaynet.analysis.tables import write_table
from delaynet.config.files import replacing_hdf5, require
from delaynet.config.grid import Run, RunSettings, load_config
from delaynet.data.processes import in_order
from delaynet.model.dale import obeys_dale
from delaynet.training.run_folder import read_network

# the null model that decides claims
DECISIVE = KINDS[JOINT].minuend
# draws of Moran's I of trained networks from it, and of every other test
PERMUTATIONS = 10_000
FEWER_PERMUTATIONS = 1_000
MEASURES = {
    "initial": (PRIMARY,),
    "trained": (PRIMARY, "join_excess", "nearest_excess", "clustering", INTERIOR),
}
NULLS_OF = TESTED_BY | {INTERIOR: (DECISIVE,)}
NETWORK_FILES = {"initial": "initial.h5", "trained": "network.h5"}
Order = Literal["mel", "fed"]


class Grouping(NamedTuple):
    """One measure of one network against one null model; NaN if it cannot be tested."""

    neurons: int
    synapses: int
    close_pairs: int
    observed: float
    null_mean: float
    null_sd: float
    z: float
    p: float


COLUMNS = (*Run._fields, "network", "order", "measure", "null", *Grouping._fields)
UNDEFINED = (math.nan,) * 5


class Analysed(NamedTuple):
    """Analysis of one run: rows of the table, and maps by their path in the file."""

    rows: list[tuple[Any, ...]]
    maps: dict[str, GroupingMap]


def possible_draws(
    points: MarkedPoints, wanted: Mapping[Test, int], seed: int
) -> dict[Test, Array]:
    """Return `draws`; none for networks with too few pairs or null models that change nothing."""
    if not points.is_testable:
        return {}
    possible = {test: n for test, n in wanted.items() if not changes_nothing(points, test[1])}
    return draws(points, possible, seed)


def grouping(points: MarkedPoints, observed: float, drawn: Array | None) -> Grouping:
    """Compare a measure of a network with its draws from a null model.

    The draws are [permutations], or None if the null model changes nothing; p is one-sided, for
    more grouping. With too few pairs, or if the measure is undefined (one sign only), all
    statistics are NaN; if all draws are equal (no delays), only z.
    """
    counts = points.neurons, points.synapses, points.close_pairs
    if not points.is_testable or math.isnan(observed):
        return Grouping(*counts, *UNDEFINED)
    if drawn is None:
        return Grouping(*counts, observed, observed, 0.0, math.nan, 1.0)
    deviation = float(drawn.std(ddof=1))
    shown = 0.0 if deviation < ROUNDING else deviation
    z, p = float(z_score(observed, drawn)), float(p_value(observed, drawn))
    return Grouping(*counts, observed, float(drawn.mean()), shown, z, p)


def difference(
    trained: MarkedPoints, initial: MarkedPoints, after: float, before: float
) -> Grouping:
    """Compare a measure of a trained network, `after`, with the initial network's, `before`.

    `null_mean` is the initial network's value; there is no deviation, z or p. Everything is NaN if
    either network has too few pairs.
    """
    counts = trained.neurons, trained.synapses, trained.close_pairs
    is_defined = trained.is_testable and initial.is_testable and not math.isnan(after - before)
    defined = after, before, math.nan, math.nan, math.nan
    return Grouping(*counts, *(defined if is_defined else UNDEFINED))


def orders_of(settings: RunSettings) -> tuple[Order, ...]:
    """Return the orders of channels: by frequency, and as fed to the network if that differs."""
    return ("mel", "fed") if settings.training.data == "permuted_channels" else ("mel",)


def networks_of(folder: Path, order: Order) -> dict[str, MarkedPoints]:
    """Return the networks of a run by name, all with the neurons that fire after training.

    `interior` is the trained network without the synapses of the shortest and the longest delay.
    """
    fields = {
        network: receptive_fields(read_network(folder / file), order)
        for network, file in NETWORK_FILES.items()
    }
    fires = ~fields["trained"].silent
    fields["interior"] = interior(fields["trained"])
    return {network: marked_points(of, fires) for network, of in fields.items()}


def tests_of(network: str, settings: RunSettings) -> list[Test]:
    """Return the measures of a network with their null models, in the order of the table."""
    return [
        (measure, null)
        for measure in MEASURES[network]
        for null in valid_nulls(obeys_dale(settings))
        if null in NULLS_OF[measure] and (null != UNTRAINED or network == "trained")
    ]


def analyse(runs_folder: Path, permutations: int, settings: RunSettings) -> Analysed:
    """Return the rows and the maps of one run.

    `permutations` is the number of draws of Moran's I of the trained network from the decisive null
    model; every other test has at most `FEWER_PERMUTATIONS`.
    """
    run, rows, maps = settings.run, [], {}
    primary_null = valid_nulls(obeys_dale(settings))[0]
    map_tests = ("correlogram", primary_null), ("correlogram", DECISIVE)
    fewer = min(permutations, FEWER_PERMUTATIONS)
    by_order = {
        order: networks_of(runs_folder / run.folder, order) for order in orders_of(settings)
    }
    for network, (order, points) in product(MEASURES, by_order.items()):
        tests = tests_of(network, settings)
        wanted = {test: fewer for test in tests if test[1] != UNTRAINED and test[0] != INTERIOR}
        if network == "trained":
            wanted |= dict.fromkeys(map_tests, fewer) | {(PRIMARY, DECISIVE): permutations}
        drawn = possible_draws(points[network], wanted, run.seed)
        values = {name: measures(own) for name, own in points.items()}
        for measure, null in tests:
            if measure == INTERIOR:
                inside = possible_draws(points["interior"], {(PRIMARY, null): fewer}, run.seed)
                value = float(values["interior"].morans_i)
                result = grouping(points["interior"], value, inside.get((PRIMARY, null)))
            elif null == UNTRAINED:
                before, after = (float(getattr(values[name], measure)) for name in NETWORK_FILES)
                result = difference(points["trained"], points["initial"], after, before)
            else:
                value = float(getattr(values[network], measure))
                result = grouping(points[network], value, drawn.get((measure, null)))
            rows.append((*run, network, order, measure, null, *result))
        if network == "trained":
            maps[f"{run.folder}/{order}"] = grouping_map(
                points[network],
                values[network].correlogram,
                primary_null,
                *map(drawn.get, map_tests),
            )
    return Analysed(rows, maps)


def write_grouping(
    config_path: Path,
    runs_folder: Path,
    output_csv: Path,
    output_maps: Path,
    permutations: int,
    processes: int,
) -> None:
    """Write the table of grouping and the maps (`grouping.maps`) of all runs of a configuration.

    One row per run, network (`initial`, `trained`), order of the channels (`mel`; also `fed` if
    they were permuted), measure and null model that is valid and can test it, in the order of the
    grid. `neurons`, `synapses` and `close_pairs` (within two kernel widths in channel) count those
    that were analysed: neurons that fire after training and have at least two synapses. With too
    few close pairs the later columns are empty: not testable. If all draws are equal, for example
    because a null model changes nothing, only `z` is empty. For `untrained`, `null_mean` is the
    initial network's value. The result does not depend on the number of processes.

    Raises:
        UserError: a run's network is missing.
    """
    config = load_config(config_path)
    for path in files_of_runs("grouping", config, runs_folder):
        require(path)
    tasks = [config.resolve(run) for run in config.runs()]
    work = partial(analyse, runs_folder, permutations)
    results = tqdm(in_order(work, tasks, processes), "grouping", len(tasks), unit="run")
    rows: list[tuple[Any, ...]] = []
    with replacing_hdf5(output_maps) as maps:
        for result in results:
            rows += result.rows
            for path_in_file, network_map in result.maps.items():
                write_map(maps, path_in_file, network_map)
        write_table(pd.DataFrame(rows, columns=COLUMNS), output_csv)

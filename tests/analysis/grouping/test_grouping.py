"""The table of grouping: planted grouping is found, absent grouping is not."""

import csv
import math
from itertools import product

import h5py
import numpy as np
import planted
import pytest
from planted import points_of

from delaynet.analysis.grouping.grouping import (
    COLUMNS,
    FEWER_PERMUTATIONS,
    grouping,
    possible_draws,
    write_grouping,
)
from delaynet.analysis.grouping.maps import read_map
from delaynet.analysis.grouping.measures import measures
from delaynet.analysis.grouping.points import MINIMAL_PAIRS, interior, marked_points
from delaynet.config.errors import UserError
from delaynet.config.grid import parse_config
from delaynet.training.run_folder import SavedLayer, SavedNetwork, write_json, write_network

CHANNELS, STEPS = planted.CHANNELS, planted.STEPS


def compared(points, null, measure="morans_i", permutations=200, seed=0):
    drawn = possible_draws(points, {(measure, null): permutations}, seed)
    observed = float(getattr(measures(points), measure))
    return grouping(points, observed, drawn.get((measure, null)))


def z_of(points, null):
    return compared(points, null).z


@pytest.mark.parametrize("null", ["signs_within_neuron", "delays_within_neuron"])
def test_planted_grouping_over_channel_and_delay_is_found(null):
    assert z_of(points_of(*planted.both(np.random.default_rng(0))), null) > 8


@pytest.mark.parametrize("density", [1.0, 0.4])
@pytest.mark.parametrize("null", ["signs_within_neuron", "delays_within_neuron"])
def test_without_grouping_z_is_a_standard_normal(null, density):
    z = [
        z_of(points_of(*planted.neither(np.random.default_rng(seed), 96, density)), null)
        for seed in range(40)
    ]
    assert abs(np.mean(z)) < 0.5  # three standard errors
    assert 0.65 < np.std(z) < 1.4
    assert np.max(np.abs(z)) < 4


def test_the_same_seed_gives_the_same_numbers():
    points = points_of(*planted.both(np.random.default_rng(4), neurons=8))
    first, second, other = (
        compared(points, "delays_within_neuron", seed=seed) for seed in (0, 0, 1)
    )
    assert first == second != other


def test_too_few_pairs_are_not_testable():
    sign, delay = planted.both(np.random.default_rng(5), neurons=8)  # 114 close pairs each
    result = compared(points_of(sign[:7], delay[:7]), "delays_within_neuron")
    assert result.close_pairs < MINIMAL_PAIRS and result.synapses == 280
    assert all(math.isnan(value) for value in result[3:])
    assert not math.isnan(z_of(points_of(sign, delay), "delays_within_neuron"))


def test_a_network_without_synapses_is_not_testable():
    empty = np.zeros((4, CHANNELS), int)
    assert math.isnan(z_of(points_of(empty, empty), "signs_within_neuron"))


@pytest.mark.parametrize("measure", ["morans_i", "nearest_excess"])
def test_one_sign_only_is_not_testable(measure):
    _, delay = planted.neither(np.random.default_rng(6))
    for null in ("signs_within_neuron", "delays_within_neuron"):
        result = compared(points_of(np.ones_like(delay), delay), null, measure)
        assert math.isnan(result.observed) and math.isnan(result.p)


def test_without_delays_time_cannot_be_tested_and_space_can():
    sign, delay = planted.space(np.random.default_rng(7))
    points = points_of(sign, np.zeros_like(delay))
    in_time = compared(points, "delays_within_neuron")
    assert in_time.observed == in_time.null_mean == measures(points).morans_i
    assert (in_time.null_sd, in_time.p) == (0, 1) and math.isnan(in_time.z)
    assert z_of(points, "signs_within_neuron") > 8


GRIDS = [
    {"delays": ["learned"], "structure": ["dense"], "signs": ["free", "dale"]},
    {"delays": ["fixed"], "structure": ["dense"]},
    {"delays": ["none"], "structure": ["dense"]},
    {"delays": ["frozen"], "structure": ["dense"]},
    {"delays": ["fixed"], "structure": ["static"], "sparsity": ["0.984375"]},
    {"delays": ["learned"], "structure": ["dense"], "condition": ["permuted"], "seeds": 1},
]
CONTENT = {
    "name": "tiny",
    "grid": GRIDS,
    "seeds": 2,
    "conditions": {"permuted": {"training": {"data": "permuted_channels"}}},
}
# What is planted in the trained networks; the initial ones are not grouped.
TRAINED = {
    "learned-dense-free": planted.both,
    "learned-dense-dale": planted.time_under_dale,
    "fixed-dense-free": planted.space,
    "none-dense-free": planted.space,
    "frozen-dense-free": planted.time,
}
FIRES = np.arange(32) > 1  # two neurons are silent after training
MEL_CHANNEL = np.random.default_rng(0).permutation(CHANNELS)


def written(path, sign, delay, rate, mel_channel):
    layer = SavedLayer(
        sign[None].astype(np.float32),
        delay[None].astype(np.float32),
        sign[None] != 0,
        np.zeros((1, *sign.shape), np.int8),
        firing_rate=rate.astype(np.float32),
    )
    write_network(path, SavedNetwork([layer], {"max_delay": STEPS, "mel_channel": mel_channel}))


def networks_of(run):
    """Signs and delays before and after training, and the mel channel of every input."""
    random = np.random.default_rng(run.seed)
    density = 1 - float(run.sparsity)
    without = planted.neither_under_dale if run.signs == "dale" else planted.neither
    initial = without(random, 32, density)
    trained = TRAINED[run.variant](random, 32) if density == 1 else without(random, 32, density)
    if run.delays == "none":
        initial, trained = ((sign, np.zeros_like(delay)) for sign, delay in (initial, trained))
    if run.condition == "standard":
        return initial, trained, np.arange(CHANNELS)
    # grouped by mel channel, that is not by the index of the input
    return initial, tuple(values[:, MEL_CHANNEL] for values in trained), MEL_CHANNEL


@pytest.fixture(scope="module")
def analysed(tmp_path_factory):
    """A grid with known grouping, and its analysis."""
    folder = tmp_path_factory.mktemp("grouping")
    write_json(folder / "config.json", CONTENT)
    for run in parse_config(CONTENT).runs():
        initial, trained, mel_channel = networks_of(run)
        of_run = folder / "runs" / run.folder
        written(of_run / "initial.h5", *initial, np.zeros(32), mel_channel)
        written(of_run / "network.h5", *trained, FIRES, mel_channel)
    analyse(folder, "one", 1)
    return folder


def analyse(folder, name, processes):
    outputs = folder / f"{name}.csv", folder / f"{name}.h5"
    write_grouping(folder / "config.json", folder / "runs", *outputs, 100, processes)


def read_rows(folder, **wanted):
    with (folder / "one.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert tuple(rows[0]) == COLUMNS
    return [row for row in rows if all(row[name] == value for name, value in wanted.items())]


def columns_of_tests(rows):
    return [(row["network"], row["order"], row["measure"], row["null"]) for row in rows]


def test_the_table_holds_every_network_measure_and_null_that_can_test_it(analysed):
    rows = read_rows(analysed, delays="learned", signs="free", condition="standard", seed="1")
    signs, positions = (
        (
            "signs_within_neuron",
            "delays_within_neuron",
            "channels_within_neuron",
            "delays_within_sign",
            "signs_across_neurons",
            "delays_across_neurons",
            "untrained",
        ),
        ("delays_within_neuron", "delays_across_neurons", "untrained"),
    )
    assert columns_of_tests(rows) == [
        *product(["initial"], ["mel"], ["morans_i"], signs[:6]),
        *product(["trained"], ["mel"], ["morans_i"], signs),
        *product(["trained"], ["mel"], ["join_excess"], [*signs[:3], *signs[4:]]),
        *product(
            ["trained"],
            ["mel"],
            ["nearest_excess"],
            ["signs_within_neuron", "delays_within_neuron"],
        ),
        *product(["trained"], ["mel"], ["clustering"], positions),
        ("trained", "mel", "morans_i_interior", "delays_within_sign"),
    ]


def test_the_table_is_in_the_order_of_the_grid(analysed):
    grid = [[str(value) for value in run] for run in parse_config(CONTENT).runs()]
    rows = [list(row.values())[:6] for row in read_rows(analysed)]
    assert [row for row, before in zip(rows, [None, *rows], strict=False) if row != before] == grid


def test_signs_are_never_permuted_under_dales_principle(analysed):
    nulls = {row["null"] for row in read_rows(analysed, signs="dale")}
    assert nulls == {
        "delays_within_neuron",
        "delays_within_sign",
        "delays_across_neurons",
        "untrained",
    }


def z_scores(analysed, **wanted):
    return [float(row["z"]) for row in read_rows(analysed, **wanted)]


# by variant: what finds grouping, and what does not
@pytest.mark.parametrize(
    ("wanted", "found", "not_found"),
    [
        (
            {"delays": "learned", "signs": "free"},
            {
                "signs_within_neuron",
                "delays_within_neuron",
                "channels_within_neuron",
                "delays_within_sign",
                "signs_across_neurons",
                "delays_across_neurons",
            },
            {},
        ),
        (
            {"delays": "frozen"},
            {
                "signs_within_neuron",
                "delays_within_neuron",
                "signs_across_neurons",
                "delays_across_neurons",
            },
            {"channels_within_neuron", "delays_within_sign"},
        ),
        (
            {"delays": "fixed", "structure": "dense"},
            {"signs_within_neuron", "channels_within_neuron", "signs_across_neurons"},
            {"delays_within_neuron", "delays_within_sign", "delays_across_neurons"},
        ),
        (
            {"delays": "none"},
            {"signs_within_neuron", "channels_within_neuron", "signs_across_neurons"},
            {},
        ),
        ({"signs": "dale"}, {"delays_within_neuron", "delays_across_neurons"}, {}),
    ],
)
def test_the_table_finds_what_was_planted_and_only_that(analysed, wanted, found, not_found):
    wanted = wanted | {"measure": "morans_i", "condition": "standard"}
    for null in found:
        assert min(z_scores(analysed, network="trained", null=null, **wanted)) > 4
        assert max(map(abs, z_scores(analysed, network="initial", null=null, **wanted))) < 4
    for null in not_found:
        assert max(map(abs, z_scores(analysed, network="trained", null=null, **wanted))) < 4


def test_without_delays_nothing_is_said_of_time(analysed):
    rows = read_rows(analysed, delays="none", measure="morans_i", null="delays_within_neuron")
    assert {(row["null_sd"], row["z"], row["p"]) for row in rows} == {("0", "", "1")}
    assert all(row["observed"] == row["null_mean"] != "" for row in rows)


def test_delays_at_the_ends_of_the_range_are_left_out_of_the_interior(analysed):
    for row in read_rows(analysed, measure="morans_i_interior", structure="dense"):
        own = {name: row[name] for name in (*COLUMNS[:6], "order", "null")}
        (whole,) = read_rows(analysed, network="trained", measure="morans_i", **own)
        if row["delays"] == "none":  # all delays are 0
            assert (row["synapses"], row["observed"]) == ("0", "")
        else:
            assert 0.9 < int(row["synapses"]) / int(whole["synapses"]) < 0.95  # 23 of 25 taps
            assert float(row["observed"]) != float(whole["observed"])
    planted_space_and_time = {"delays": "learned", "signs": "free", "condition": "standard"}
    wanted = planted_space_and_time | {"measure": "morans_i_interior"}
    assert min(z_scores(analysed, **wanted)) > 4
    nulls = {row["null"] for row in read_rows(analysed, measure=wanted["measure"], signs="dale")}
    assert nulls == {"delays_within_sign"}


def test_clamped_delays_alone_are_no_grouping_of_the_interior():
    """Inhibition with the shortest delay, excitation with the longest: all grouping is there."""
    random = np.random.default_rng(2)
    sign, delay = planted.neither(random, neurons=96)
    at_the_ends = random.random(sign.shape) < 0.3
    clamped = np.where(at_the_ends, np.where(sign > 0, STEPS - 1, 0), delay.clip(1, STEPS - 2))
    fields, all_neurons = planted.fields_of(sign, clamped), np.ones(96, bool)
    assert z_of(marked_points(fields, all_neurons), "delays_within_neuron") > 8
    inside = marked_points(interior(fields), all_neurons)
    assert inside.synapses == (~at_the_ends).sum() and inside.delay.min() == 1
    assert abs(z_of(inside, "delays_within_neuron")) < 4


def test_permuted_channels_are_analysed_by_mel_channel_and_as_fed(analysed):
    rows = read_rows(analysed, condition="permuted", measure="morans_i", null="signs_within_neuron")
    z = {(row["network"], row["order"]): float(row["z"]) for row in rows}
    assert z["trained", "mel"] > 8
    assert max(abs(z[key]) for key in z if key != ("trained", "mel")) < 4
    assert len(z) == 4
    assert {row["order"] for row in read_rows(analysed, condition="standard")} == {"mel"}


def test_the_initial_network_is_compared_with_on_the_neurons_that_fire_after_training(analysed):
    for row in read_rows(analysed, structure="dense", measure="morans_i", null="untrained"):
        key = {name: row[name] for name in COLUMNS[:6]} | {"order": row["order"]}
        null = "delays_within_neuron" if row["signs"] == "dale" else "signs_within_neuron"
        (initial,) = read_rows(analysed, network="initial", null=null, **key)
        assert row["network"] == "trained"
        assert row["null_mean"] == initial["observed"] != ""
        assert row["null_sd"] == row["z"] == row["p"] == ""
        assert row["neurons"] == initial["neurons"] == "30"
        assert row["synapses"] == initial["synapses"] == str(30 * CHANNELS)


def test_what_is_too_sparse_has_empty_cells(analysed):
    rows = read_rows(analysed, structure="static")
    assert len(rows) == 2 * 25
    for row in rows:
        assert int(row["close_pairs"]) < MINIMAL_PAIRS
        assert {row[name] for name in ("observed", "null_mean", "null_sd", "z", "p")} == {""}


def test_the_smallest_p_is_one_in_the_number_of_draws(analysed):
    row = read_rows(
        analysed, delays="learned", signs="free", network="trained", null="signs_within_neuron"
    )[0]
    assert float(row["p"]) == pytest.approx(1 / 101, rel=1e-5)
    assert FEWER_PERMUTATIONS > 100


@pytest.mark.slow
def test_more_processes_give_the_same_bytes(analysed):
    analyse(analysed, "two", 2)
    for suffix in ("csv", "h5"):
        one, two = (analysed / f"{name}.{suffix}" for name in ("one", "two"))
        assert one.read_bytes() == two.read_bytes()


def test_a_missing_network_is_named(analysed):
    nothing = analysed / "no.csv", analysed / "no.h5"
    with pytest.raises(UserError, match=r"initial\.h5: not there; make it first"):
        write_grouping(analysed / "config.json", analysed / "elsewhere", *nothing, 100, 1)
    assert not any(path.exists() for path in nothing)


def test_every_trained_network_of_the_table_has_its_map(analysed):
    places = []
    with h5py.File(analysed / "one.h5") as file:
        file.visititems(lambda name, node: places.append(name) if "null" in node.attrs else None)
    expected = {
        f"{run.folder}/{row['order']}"
        for run in parse_config(CONTENT).runs()
        for row in read_rows(analysed, condition=run.condition)
    }
    assert set(places) == expected


def test_the_map_of_a_network_is_its_correlogram_against_its_primary_null(analysed):
    for run in parse_config(CONTENT).runs():
        trained = read_map(analysed / "one.h5", run)
        assert trained.null == (
            "delays_within_neuron" if run.signs == "dale" else "signs_within_neuron"
        )
        assert trained.correlogram.shape == trained.high.shape == (8, 2 * STEPS - 1)
        if run.structure == "static":
            assert np.isnan(trained.high).all()
        elif run.delays == "learned":
            assert trained.correlogram[1, STEPS - 1] > trained.high[1, STEPS - 1]


def test_a_map_that_is_not_there_is_named(analysed):
    run = next(parse_config(CONTENT).runs())._replace(seed=9)
    with pytest.raises(UserError, match="holds no map standard/learned-dense-free"):
        read_map(analysed / "one.h5", run)

"""The study's grid has every point of its questions, and estimates are what was planted."""

import json
from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from delaynet.config.grid import STANDARD, Point, load_config
from delaynet.training.run_folder import SavedLayer, SavedNetwork
from study.__main__ import tables_of_networks, trained_twice, with_committed
from study.grouping import DIFFERENCE, summary_of_effects
from study.report import ROOT, estimates_table
from study.ridge import likeness_by_difference
from study.study import (
    CONNECTIONS_OF_0_9375,
    FIRST_FRESH_HUMAN_SEED,
    HUMAN_SPEAKERS,
    estimands,
    estimates,
    summarise,
)
from study.trainings import seal_of, trainings_of

CONFIGS = {
    name: load_config(ROOT / f"config/{name}.yaml") for name in ("study", "pilot", "study_human")
}


def test_the_grid_has_every_point_that_is_compared() -> None:
    grid = {run.point for run in CONFIGS["study"].runs()}
    for estimand in estimands():
        assert {point for _, point in estimand.terms} <= grid, estimand.name


def test_the_grid_of_human_speech_has_every_point_that_is_compared_at_one_sparsity() -> None:
    grid = {run.point for run in CONFIGS["study_human"].runs()}
    standard = [
        estimand
        for estimand in estimands(("0.9375",))
        if all(point.condition == STANDARD for _, point in estimand.terms)
        and not any(point == Point("none", "dense", "free", "0") for _, point in estimand.terms)
    ]
    assert sum(estimand.is_primary for estimand in standard) == 3
    for estimand in standard:
        assert {point for _, point in estimand.terms} <= grid, estimand.name


def test_human_speech_is_asked_with_every_speaker_left_out_equally_often() -> None:
    config = CONFIGS["study_human"]
    first = next(config.runs())
    settings = config.resolve(first)
    assert settings.training.validation_speakers == ("leave_one_out",)
    assert settings.training.select == "last"
    seeds = {run.seed for run in config.runs()}
    left_out = Counter(seed % HUMAN_SPEAKERS for seed in seeds)
    assert left_out == dict.fromkeys(range(HUMAN_SPEAKERS), 3)
    assert min(seed for seed in seeds if seed >= FIRST_FRESH_HUMAN_SEED) - min(seeds) == 6


def test_an_interval_over_speakers_is_that_of_their_means_over_seeds() -> None:
    by_seed = pd.Series({0: 1.0, 1: 5.0, 2: 2.0, 3: np.nan, 4: 7.0, 5: 6.0})
    found = summarise(by_seed, speakers=3)
    of_means = summarise(pd.Series([1.0, 6.0, 4.0]))
    assert found == of_means | {"n": 5}


def test_the_study_uses_no_seed_of_the_pilot_or_the_miniature() -> None:
    miniature = load_config(ROOT / "config/config.yaml")
    study, *others = (
        {run.seed for run in config.runs()} for config in (*CONFIGS.values(), miniature)
    )
    assert study.isdisjoint(set.union(*others))


def test_several_synapses_from_each_input_leave_the_number_of_connections() -> None:
    config = CONFIGS["study"]
    connections = set()
    for condition, sparsity in CONNECTIONS_OF_0_9375.items():
        point = Point("fixed", "deep_r_rigl", "free", sparsity, condition)
        run = next(run for run in config.runs() if run.point == point)
        connections.add(config.resolve(run).model.synapses_per_pair * (1 - float(sparsity)))
    assert connections == {0.0625}


# how much more a seed gains than the one before it
SLOPES = {
    ("fixed", "deep_r_rigl"): 0.1,
    ("none", "deep_r_rigl"): -0.05,
    ("none", "static_connected"): 0.02,
}


def runs_of(means: dict[tuple[str, str], float], seeds: int = 5) -> pd.DataFrame:
    """Accuracies at 0.9375: a mean by delays and structure, and what differs between seeds."""
    return pd.DataFrame(
        [
            Point(*kind, "free", "0.9375")._asdict()
            | {"seed": seed, "accuracy": mean + seed * (1 + SLOPES.get(kind, 0))}
            for kind, mean in means.items()
            for seed in range(seeds)
        ]
    )


PLANTED = {
    ("fixed", "deep_r_rigl"): 70.0,
    ("fixed", "static_connected"): 50.0,
    ("none", "deep_r_rigl"): 45.0,
    ("none", "static_connected"): 40.0,
}


def test_structure_learns_delays_by_what_rewiring_gains_more_with_delays() -> None:
    table = estimates(runs_of(PLANTED)).set_index("name")
    row = table.loc["gain of rewiring, fixed minus no delays, at 0.9375"]
    assert row["is_primary"] and row["n"] == 5
    assert row["effect"] == pytest.approx(15.34)
    gain = table.loc["rewired minus static, fixed at 0.9375"]
    differences = 20 + 0.1 * np.arange(5)
    assert gain["effect"] == pytest.approx(differences.mean())
    assert gain["standard_deviation"] == pytest.approx(differences.std(ddof=1))
    assert gain["low"] < gain["effect"] < gain["high"] and not gain["is_primary"]


def test_what_is_not_trained_yet_has_no_estimate_and_still_counts_in_the_correction() -> None:
    runs = runs_of(PLANTED | {("learned", "deep_r_rigl"): 70.5})
    runs.loc[runs["delays"] == "learned", "accuracy"] += [0.5, -0.5, 0.5, -0.5, 0.3]
    table = estimates(runs).set_index("name")
    assert "learned minus frozen, static at 0.9375" not in table.index
    row = table.loc["learned minus fixed, rewired at 0.9375"]
    planned = sum(estimand.is_primary for estimand in estimands())
    assert planned == 6
    assert row["holm"] == pytest.approx(min(1, 5 * row["p"]))


def test_most_of_the_gain_needs_delays_where_rewiring_gains_less_than_half_without() -> None:
    name = "half of the gain with fixed delays minus that without, at 0.9375"
    row = estimates(runs_of(PLANTED)).set_index("name").loc[name]
    fixed, none = 20 + 0.1 * np.arange(5), 5 - 0.07 * np.arange(5)
    assert row["effect"] == pytest.approx((fixed / 2 - none).mean())
    assert not row["is_primary"]


def test_grouping_is_compared_by_seed_and_kind() -> None:
    effects = pd.DataFrame(
        {
            "seed": [0, 1, 0, 1, 2],
            "delays": ["learned", "learned", "fixed", "fixed", "fixed"],
            "kind": ["joint"] * 5,
            "effect": [0.3, 0.4, 0.1, 0.1, 0.4],
        }
    )
    table = summary_of_effects(effects).set_index("delays")
    assert table.loc[DIFFERENCE, "mean"] == pytest.approx(0.25)
    assert table["n"].to_dict() == {"learned": 2, "fixed": 3, DIFFERENCE: 2}
    assert table.loc["fixed", "mean"] == pytest.approx(0.2)


def test_the_page_shows_each_estimate_with_its_interval() -> None:
    table = estimates(runs_of(PLANTED))
    lines = list(estimates_table(table))
    assert len(lines) == 2 + len(table)
    name = "gain of rewiring, fixed minus no delays, at 0.9375"
    assert lines[2].startswith(f"| **{name}** | 5 | +15.3 (+15.")
    assert lines[3].startswith("| rewired minus static, fixed at 0.9375 | 5 | +20.2 (+")
    assert lines[3].endswith("|  |")


def test_conditions_are_those_of_the_grid() -> None:
    assert set(CONNECTIONS_OF_0_9375) - {STANDARD} <= set(CONFIGS["study"].conditions)


def test_signs_that_follow_delays_within_half_a_step_are_alike_there_alone() -> None:
    """Planted: the sign is that of a wave of the delay, three steps long."""
    random = np.random.default_rng(0)
    delay = random.uniform(0, 24, (1, 200, 40)).astype(np.float32)
    sign = np.where(np.sin(2 * np.pi * delay / 3) > 0, 1, -1)
    layer = SavedLayer(
        weight=sign.astype(np.float32),
        delay=delay,
        mask=np.ones(sign.shape, bool),
        sign=sign.astype(np.int8),
    )
    network = SavedNetwork([layer], {"max_delay": 25, "mel_channel": np.arange(40)})
    table = likeness_by_difference([network]).set_index("low")
    assert table.loc[0.0, "likeness"] > 0.8
    assert table.loc[1.0, "likeness"] < -0.4
    assert abs(table.loc[5.0, "likeness"]) < 0.1
    assert table["pairs"].min() > 1000


def test_the_readme_gives_the_study_s_numbers() -> None:
    """They are typed there, for the first screen."""
    readme = " ".join((ROOT / "README.md").read_text(encoding="utf-8").split())
    ours, other, human = (
        pd.read_csv(ROOT / f"docs/study/{prefix}estimates.csv").set_index("name").T
        for prefix in ("", "voices_", "human_")
    )
    worth = pd.read_csv(ROOT / "docs/study/worth.csv").query("epochs == 10").set_index("name").T
    gain, without, difference, in_random, in_rewired = (
        f"{words} at 0.9375"
        for words in (
            "rewired minus static, fixed",
            "rewired minus static, none",
            "gain of rewiring, fixed minus no delays,",
            "learned minus frozen, static",
            "learned minus fixed, rewired",
        )
    )

    def of(row: pd.Series, digits: int = 1, unit: str = "") -> str:
        return f"{row['effect']:.{digits}f}{unit} ({row['low']:.1f} to {row['high']:.1f})"

    chosen = pd.read_csv(ROOT / "docs/study/chosen.csv").iloc[0]
    assert chosen["name"] == "chosen (found minus exchanged)"
    with_maps = pd.read_csv(ROOT / "docs/study/human_worth.csv").set_index("name").T
    found = with_maps["found minus exchanged"]
    assert human[gain]["n"] == found["n"] == 18
    for words in (
        f"gains {ours[gain]['effect']:.0f} points of accuracy with fixed delays",
        f"and {ours[without]['effect']:.0f} without any",
        f"the difference is {of(ours[difference])}.",
        f"Other synthetic corpora agree: {of(other[difference])} of {other[gain]['effect']:.1f}.",
        f"At 87.5 % it is {of(ours[difference.replace('0.9375', '0.875')])} of "
        f"{ours[gain.replace('0.9375', '0.875')]['effect']:.1f}.",
        f"on which synapse is worth {of(chosen)}.",
        f"{of(ours[in_random], 0, ' points')} in random ones, "
        f"{of(ours[in_rewired], 0)} in rewired ones. "
        f"In dense networks {of(ours['learned minus fixed, dense'])}",
        f"networks are {of(worth['found minus exchanged'], 1, ' points')} better",
        f"{of(found, 1, ' points')[:-1]}, p = {found['p']:.2f}, uncorrected) after ten epochs",
        f"Rewiring gains {of(human[gain], 1, ' points')} with",
    ):
        assert words in readme, words


def test_with_lags_signs_are_alike_by_the_time_of_arrival() -> None:
    random = np.random.default_rng(1)
    lag = np.arange(40) % 13
    arrival = random.uniform(12, 20, (1, 96, 40))
    weight = np.where(arrival < 16, 1.0, -1.0).astype(np.float32)
    layer = SavedLayer(
        weight=weight,
        delay=(arrival - lag).astype(np.float32),
        mask=np.ones(weight.shape, bool),
        sign=weight.astype(np.int8),
    )
    network = SavedNetwork([layer], {"max_delay": 25, "mel_channel": np.arange(40)})
    by_delay, by_arrival = (
        likeness_by_difference([network], [lag], of_arrival=of_arrival)["likeness"]
        for of_arrival in (False, True)
    )
    assert by_arrival[0] > 0.9 > by_delay[0] + 0.3


def test_committed_rows_stay_and_others_are_added() -> None:
    committed = pd.read_csv(ROOT / "docs/study/retrained.csv")
    again = committed.iloc[[1]].assign(accuracy=50.0)
    kept = with_committed("retrained", pd.concat([again.assign(seed=999), again]))
    assert kept.iloc[:-1].equals(committed)
    assert kept.iloc[-1].tolist() == [999, again["change"].item(), 50.0]
    assert with_committed("retrained", pd.DataFrame()).equals(committed)


def test_of_means_over_seeds_those_of_more_seeds_stay() -> None:
    committed = pd.read_csv(ROOT / "docs/study/grouping.csv")
    more, fewer = committed.iloc[[0]].assign(n=99), committed.iloc[[1]].assign(n=2)
    kept = with_committed("grouping", pd.concat([more, fewer]))
    assert kept["n"].tolist() == [99, *committed["n"][1:]]
    assert kept.iloc[1:].equals(committed.iloc[1:])


def test_where_no_network_is_here_the_committed_tables_are_complete(tmp_path: Path) -> None:
    made = tables_of_networks(dict.fromkeys(("pilot", "study", "study_human"), tmp_path), keep=True)
    assert all(table.empty for table in made.values())
    for name in made:
        committed = pd.read_csv(ROOT / f"docs/study/{name}.csv", dtype={"sparsity": str})
        assert with_committed(name, made[name]).equals(committed)
    assert trained_twice(made).empty


def test_networks_trained_twice_are_those_that_another_machine_has_rounded_otherwise() -> None:
    runs, human = (
        pd.read_csv(ROOT / f"docs/study/{name}.csv", dtype={"sparsity": str})
        for name in ("runs", "human_runs")
    )
    human.loc[3, "training_accuracy"] += 0.1
    human.loc[3, "accuracy"] -= 2.0
    found = trained_twice({"runs": runs, "human_runs": human})
    assert found["corpus"].tolist() == ["human speech"]
    assert found["seed"].tolist() == [human.loc[3, "seed"]]
    assert (found["again"] - found["accuracy"]).tolist() == pytest.approx([-2.0])


def test_each_finished_training_is_listed_with_its_code_and_its_network(tmp_path: Path) -> None:
    run = next(CONFIGS["study"].runs())
    record, summary = (
        tmp_path / folder / "runs" / run.folder / name
        for folder, name in (("records", "settings.json.json"), ("", "summary.json"))
    )
    about = {"commit": "abc", "uncommitted": "12", "cpu": "Z80"}
    networks = {f"results/runs/{run.folder}/network.h5": {"sha256": "f00d"}}
    for path, content in ((record, about | {"outputs": networks}), (summary, {})):
        path.parent.mkdir(parents=True)
        path.write_text(json.dumps(content))
    summary.with_name("metrics.csv").write_text("epoch,seconds\n0,60\n1,1.5\n")
    table = trainings_of(CONFIGS["study"], tmp_path)
    assert table.to_dict("records") == [
        run._asdict() | {"commit": "abc+", "processor": "Z80", "seconds": 61.5, "network": "f00d"}
    ]
    seal = seal_of(table.assign(corpus="synthetic speech"))
    assert seal != seal_of(table.assign(corpus="synthetic speech", network="f00e"))

"""The study of the published code's choices: its grid, its tests, its tables."""

import numpy as np
import pandas as pd
import pytest

from delaynet.config.grid import STANDARD, Config, Point, load_config
from published.__main__ import REFERENCE
from published.report import ROOT, effects_table, epochs_table, equivalence_table
from published.study import (
    CELL,
    INITIAL_WEIGHTS,
    PUBLISHED,
    SWITCHES,
    effects,
    equivalence,
    initial_weights_by_epochs,
)

CONFIG = load_config(ROOT / "config/departures.yaml")
# of no effect here, or not a choice about networks that are trained once
LEFT_ALONE = {"signs_drawn", "dale_when_dense"}


def settings_of(config: Config, condition: str) -> dict[str, object]:
    run = next(run for run in config.runs() if run.condition == condition)
    settings = config.resolve(run)
    return {**dict(settings.model), **dict(settings.training)}


def changed(one: str, other: str) -> set[str]:
    a, b = settings_of(CONFIG, one), settings_of(CONFIG, other)
    return {name for name in a if a[name] != b[name]}


@pytest.mark.parametrize("switch", SWITCHES)
def test_each_condition_changes_one_switch_from_ours_or_theirs(switch: str) -> None:
    assert changed(STANDARD, f"ours_{switch}") == {switch}
    assert changed(PUBLISHED, f"published_{switch}") == {switch}


@pytest.mark.parametrize("switch", [name for name in SWITCHES if name != "select"])
def test_each_switch_has_the_published_value_or_ours(switch: str) -> None:
    ours, theirs = settings_of(CONFIG, STANDARD), settings_of(CONFIG, PUBLISHED)
    assert settings_of(CONFIG, f"ours_{switch}")[switch] == theirs[switch]
    assert settings_of(CONFIG, f"published_{switch}")[switch] == ours[switch]


def test_ours_and_theirs_differ_in_the_switches_alone() -> None:
    assert changed(STANDARD, PUBLISHED) == {*SWITCHES, *LEFT_ALONE}


def test_every_cell_of_the_reference_is_trained_with_twenty_seeds() -> None:
    cells = pd.read_csv(REFERENCE, dtype={"sparsity": str})[CELL].drop_duplicates()
    points = [Point(*cell, PUBLISHED) for cell in cells.itertuples(index=False)]
    runs = [run.point for run in CONFIG.runs()]
    assert [runs.count(point) for point in points] == [20] * 5


def table(condition: str, accuracy: np.ndarray, grouping: float = 0.0) -> pd.DataFrame:
    cell = {"delays": "fixed", "structure": "dense", "signs": "free", "sparsity": "0"}
    seeds = {"seed": range(len(accuracy)), "condition": condition}
    return pd.DataFrame({**cell, **seeds, "accuracy": accuracy, "grouping": grouping})


@pytest.mark.parametrize(
    ("shift", "is_equivalent"), [(0, True), (4, True), (-7, False), (12, False)]
)
def test_means_within_the_margin_are_equivalent(shift: float, is_equivalent: bool) -> None:
    spread = np.linspace(-4, 4, 20)
    result = equivalence(table(PUBLISHED, 55 + shift + spread), table("", 55 + spread[::3]))
    row = result.iloc[0]
    assert row["difference"] == pytest.approx(shift + spread.mean() - spread[::3].mean())
    assert bool(row["is_equivalent"]) is is_equivalent
    assert bool(row["low"] > -8 and row["high"] < 8) is is_equivalent


def test_an_effect_is_the_published_choice_minus_ours_in_pairs() -> None:
    seeds = np.array([0.0, 2.0, 3.0, 1.0])
    values = pd.concat(
        [
            table(STANDARD, 80 + seeds),
            table(PUBLISHED, 50 + seeds),
            *(table(f"ours_{switch}", 70 + seeds, 0.1) for switch in SWITCHES),
            *(table(f"published_{switch}", 55 + 2 * seeds) for switch in SWITCHES),
        ]
    )
    found = effects(values).set_index(["measure", "switch", "others"])
    assert found.loc[("accuracy", "l1_on", "ours"), "effect"] == -10
    assert found.loc[("grouping", "l1_on", "ours"), "effect"] == pytest.approx(0.1)
    row = found.loc[("accuracy", "l1_on", "published")]
    assert row["effect"] == -6.5
    assert row["low"] < -6.5 < row["high"]
    # the networks that keep the best epoch begin from those that keep the last
    assert found.loc[("accuracy", "select", "published"), "effect"] == 6.5


@pytest.mark.parametrize("epochs", INITIAL_WEIGHTS)
def test_conditions_by_epochs_differ_in_the_initial_weights_alone(epochs: int) -> None:
    ours, published = INITIAL_WEIGHTS[epochs]
    assert changed(ours, published) == {"initial_weights"}
    assert {settings_of(CONFIG, name)["epochs"] for name in (ours, published)} == {epochs}


def test_initial_weights_are_compared_over_the_seeds_that_were_trained_longer() -> None:
    seeds = np.array([0.0, 2.0, 3.0, 1.0])
    (ours, published), (long_ours, long_published) = INITIAL_WEIGHTS.values()
    values = pd.concat(
        [
            table(ours, 80 + seeds),
            table(published, 50 + 2 * seeds),
            table(long_ours, 90 + seeds[:3]),
            table(long_published, 89 + seeds[:3]),
        ]
    )
    few, many = initial_weights_by_epochs(values).to_dict("records")
    assert (few["epochs"], few["n"], few["effect"]) == (10, 3, pytest.approx(-30 + 5 / 3))
    assert (many["epochs"], many["n"], many["effect"]) == (100, 3, -1)
    line = list(epochs_table(initial_weights_by_epochs(values)))[3]
    assert line == "| fixed delays, dense | 100 | 3 | 91.7 | 90.7 | -1.0 (-1.0 to -1.0) |"


def test_the_page_says_each_effect_and_each_cell() -> None:
    seeds = np.arange(4.0)
    conditions = [
        STANDARD,
        PUBLISHED,
        *(f"{of}_{s}" for s in SWITCHES for of in ("ours", "published")),
    ]
    values = pd.concat([table(c, 60 + i * seeds) for i, c in enumerate(conditions)])
    lines = list(effects_table(effects(values), "accuracy", 1))
    assert [line.split("`")[1] for line in lines[2:]] == list(SWITCHES)
    line = list(equivalence_table(equivalence(values, table("", 60 + seeds))))[2]
    assert line.startswith("| fixed delays, dense | 61.5 ± 1.3 (4) |")

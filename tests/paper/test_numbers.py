"""Numbers: every one has its value, what is printed and where it was read."""

import json
import re
import shutil

import pandas as pd
import pytest
import torch
from example_results import (
    CLAIMS_GRID,
    CONDITIONS,
    TINY_GRID,
    config_of,
    sources_of_numbers,
    write_results,
    write_tables_and_numbers,
)

from delaynet.analysis import exchange
from delaynet.analysis.tables import read_table
from delaynet.config.errors import UserError
from delaynet.paper.numbers.number import Number, keyed, p_value, show_constant, signed
from delaynet.paper.numbers.writing import write_numbers

GRID = [
    {"delays": ["none", "fixed", "learned"], "structure": ["dense"], "signs": ["free", "dale"]},
    {"delays": ["fixed", "learned"], "structure": ["static"], "sparsity": ["0.9375"]},
]


def numbers_of(results, config, features):
    write_results(results, config)
    write_tables_and_numbers(results, features)
    return json.loads((results / "numbers.json").read_text())


@pytest.fixture
def results(tmp_path):
    return tmp_path / "results"


@pytest.fixture(scope="module")
def made(tmp_path_factory, small_features):
    """Results of three seeds, with their numbers; to be read only."""
    results = tmp_path_factory.mktemp("numbers") / "results"
    numbers_of(results, config_of(GRID, 3), small_features)
    return results


@pytest.fixture
def numbers(made):
    return json.loads((made / "numbers.json").read_text())


@pytest.fixture(scope="module")
def of_claims(tmp_path_factory, small_features):
    """Results and numbers of a grid with all claims and two controls, six seeds."""
    results = tmp_path_factory.mktemp("claims") / "results"
    config = config_of(CLAIMS_GRID, 6, conditions=CONDITIONS)
    return results, numbers_of(results, config, small_features)


def leaves(node, key=""):
    if not isinstance(node, dict):
        return
    if "shown" in node:
        yield key, node
        return
    for name, child in node.items():
        yield from leaves(child, f"{key}.{name}".lstrip("."))


def sparsity_name(sparsity):
    return "p" + sparsity.replace(".", "_")


def value_or_none(number):
    return None if number is None else number["value"]


def test_the_corpus_is_counted(numbers, made):
    corpus = {key: number["value"] for key, number in leaves(numbers["corpus"])}
    assert corpus["clips"] == 240
    assert corpus["training"] + corpus["validation"] + corpus["test"] == 240
    assert corpus["speakers"] == 12
    assert corpus["test_only_speakers"] == 2
    assert corpus["validation_speakers"] == 1
    assert corpus["classes"] == 20
    assert "eSpeak NG" in numbers["corpus"]["name"]["shown"]
    assert numbers["corpus"]["name"]["source"] == (made / "features.h5").as_posix()


def test_accuracies_are_those_of_the_table(numbers, made):
    table = read_table(made / "tables" / "accuracy.csv")
    for row in table.to_dict("records"):
        variant = numbers["accuracy"][f"{row['delays']}-{row['structure']}-{row['signs']}"]
        cell = variant["cells"][sparsity_name(row["sparsity"])]
        assert cell["mean"]["value"] == row["mean"]
        assert cell["mean"]["shown"] == f"{row['mean']:.1f}"
        assert cell["standard_deviation"]["value"] == row["standard_deviation"]
        assert cell["mean"]["source"].endswith("tables/accuracy.csv")
    extremes = numbers["accuracy_range"]
    assert extremes["lowest"]["mean"]["value"] == table["mean"].min()
    assert extremes["highest"]["mean"]["value"] == table["mean"].max()


def test_contrasts_are_those_of_the_table(numbers, made):
    table = read_table(made / "tables" / "contrasts.csv")
    assert len(table)
    for row in table.to_dict("records"):
        contrasts = numbers["contrasts"][row["claim"]]
        contrast = contrasts[f"{row['contrast'].replace(' ', '_')}-{row['signs']}"]
        cell = contrast["cells"][sparsity_name(row["sparsity"])]
        assert cell["mean_difference"]["value"] == row["mean_difference"]
        assert (cell["low"]["value"], cell["high"]["value"]) == (row["low"], row["high"])


def test_falls_after_exchanges_are_means_over_seeds_with_their_interval(numbers, made):
    table = read_table(made / "tables" / "exchange.csv")
    of_point = numbers["exchange"]["learned-static-free"]["p0_9375"]
    assert of_point["accuracy"]["shown"] == "80.0"
    assert list(of_point["falls"]) == ["unrounded", *exchange.EXCHANGES]
    rows = table.query("delays == 'learned' and structure == 'static'")
    for null, fall in of_point["falls"].items():
        is_exchange = null != "unrounded"
        values = rows[rows["null"] == null]["fall"] if is_exchange else pd.Series([-2.0] * 3)
        assert fall["mean"]["value"] == values.mean()
        assert fall["n"]["value"] == 3
        half = 4.302653 * values.std() / 3**0.5  # of Student's t with two degrees of freedom
        interval = [fall[end]["value"] - values.mean() for end in ("low", "high")]
        assert interval == pytest.approx([-half, half], rel=1e-6)
        assert fall["mean"]["source"].endswith("tables/exchange.csv")
    assert list(numbers["exchange"]["none-dense-free"]["p0"]["falls"]) == ["signs_within_neuron"]


def test_whether_structure_learns_delays_is_answered_at_the_highest_sparsity(
    results, small_features
):
    sparsities = ["0.75", "0.9375"]
    sparse = {"delays": ["none", "fixed"], "structure": ["static_connected", "deep_r_rigl"]}
    blurred = {"delays": ["frozen", "learned"], "structure": ["static_connected"]}
    grid = [TINY_GRID[0], *({**block, "sparsity": sparsities} for block in (sparse, blurred))]
    found = numbers_of(results, config_of(grid, 4), small_features)["findings"]
    tests = read_table(results / "tables" / "tests.csv").set_index("test")
    names = [name for name in tests.index if name.startswith("structure_learns_delays")]
    assert len(names) == 2
    row = tests.loc[next(name for name in names if name.endswith("p0_9375_minus_static_connected"))]
    assert found["structure_learns_delays"]["effect"]["value"] == row["effect"]
    assert found["structure_learns_delays"]["sparsity"]["value"] == "0.9375"
    blur = found["beyond_blur"]
    assert (blur["structure"], blur["sparsity"]["value"]) == ("static, connected", "0.75")


def test_effects_are_summarised_over_the_seeds_that_could_be_tested(numbers):
    row = numbers["grouping"]["learned-static-free"]["p0_9375"]
    cell = row["kinds"]["joint"]
    assert (cell["seeds"]["value"], cell["testable"]["value"]) == (3, 2)
    # 0.05 and 0.07; those of seed 1 are empty
    assert cell["effect"]["value"] == pytest.approx(0.06)
    assert cell["effect"]["shown"] == "+0.060"
    assert cell["standard_deviation"]["shown"] == "0.014"
    summary = numbers["grouping_summary"]["joint"]
    assert summary["cells"]["value"] == summary["positive"]["value"] == 5
    assert summary["least"]["effect"]["value"] == pytest.approx(0.06)


def test_space_and_time_are_what_permuted_delays_and_channels_leave(of_claims):
    results, numbers = of_claims
    table = read_table(results / "grouping.csv").query(
        "condition == 'standard' and network == 'trained' and measure == 'morans_i'"
        " and delays == 'learned' and structure == 'dense' and signs == 'free'"
    )
    effect = (table["observed"] - table["null_mean"]).groupby(table["null"]).mean()
    cells = numbers["grouping"]["learned-dense-free"]["p0"]["kinds"]
    for kind, left_out in (("space", "delays_within_neuron"), ("time", "channels_within_neuron")):
        expected = effect["signs_within_neuron"] - effect[left_out]
        assert cells[kind]["effect"]["value"] == pytest.approx(expected)
    assert cells["joint"]["effect"]["value"] == pytest.approx(effect["delays_within_sign"])


def test_networks_that_cannot_be_tested_are_counted_and_placed(numbers):
    """Those of seed 1, at every sparsity; no sparsity has such networks alone."""
    untested = numbers["untested"]
    assert (untested["networks"]["value"], untested["not_testable"]["value"]) == (24, 8)
    assert untested["whole_sparsities"] == {} and untested["are_others"]


def test_the_comparison_with_the_untrained_network_has_an_effect(numbers):
    untrained = numbers["grouping"]["learned-dense-dale"]["p0"]["kinds"]["untrained"]
    assert untrained["effect"]["value"] == pytest.approx(0.06)


def test_kinds_of_grouping_that_are_not_defined_have_no_effect_and_are_not_counted(of_claims):
    numbers = of_claims[1]

    def defined(variant):
        cells = numbers["grouping"][variant]["p0"]["kinds"]
        return [kind for kind, cell in cells.items() if cell]

    assert defined("none-dense-free") == ["space", "untrained"]
    assert defined("learned-dense-dale") == ["joint", "untrained"]
    assert defined("learned-dense-free") == ["space", "time", "joint", "untrained"]
    counts = {kind: of["cells"]["value"] for kind, of in numbers["grouping_summary"].items()}
    assert counts["space"] == counts["time"] + 1 == counts["joint"] == counts["untrained"] - 1


def test_controls_stand_apart_from_the_standard_condition(of_claims):
    results, numbers = of_claims
    table = read_table(results / "tables" / "accuracy.csv").set_index("condition")
    grouping = read_table(results / "grouping.csv").query(
        "condition == 'permuted_channels' and network == 'trained' and measure == 'morans_i'"
        " and null == 'delays_within_sign'"
    )
    assert list(numbers["controls"]) == list(CONDITIONS)
    for condition, control in numbers["controls"].items():
        (point,) = control["points"].values()
        assert point["mean"]["value"] == table.loc[condition, "mean"]
        assert point["n"]["value"] == 3
        assert list(point["kinds"]) == ["space", "time", "joint"]
        is_check = condition == "permuted_channels"
        for kind in point["kinds"].values():
            assert kind["effect"] and kind["standard_effect"]
            assert kind["standard_less_this"]["n"]["value"] == 2  # seed 1 cannot be tested
            assert (kind["fed_effect"] is not None) == is_check
            assert (kind["true_less_fed_order"] is not None) == is_check
    point = numbers["controls"]["permuted_channels"]["points"]["learned-dense-free_p0"]
    for order, name in (("mel", "effect"), ("fed", "fed_effect")):
        rows = grouping[grouping["order"] == order]
        effect = (rows["observed"] - rows["null_mean"]).mean()
        found = point["kinds"]["joint"][name]
        assert found["value"] == pytest.approx(effect)


def test_effects_without_the_delays_at_the_ends_stand_apart(of_claims):
    results, numbers = of_claims
    rows = read_table(results / "grouping.csv").query(
        "measure == 'morans_i_interior' and null == 'delays_within_sign'"
        " and condition == 'standard' and delays == 'learned'"
        " and structure == 'dense' and signs == 'dale'"
    )
    found = numbers["interior"]["effects"]
    effect = (rows["observed"] - rows["null_mean"]).mean()
    assert list(found) == ["free", "dale"]
    assert found["dale"]["inside"]["value"] == pytest.approx(effect)
    assert numbers["interior"]["test"]["p"] and numbers["interior"]["survival"]["p"]


def test_seeds_are_counted_by_variant_without_the_controls(of_claims, results, small_features):
    grid = of_claims[1]["grid"]
    assert (grid["fewest_seeds"]["value"], grid["most_seeds"]["value"]) == (6, 6)
    assert (grid["runs"]["value"], grid["control_runs"]["value"]) == (12 * 6 + 6, 6)
    uneven = config_of([{**TINY_GRID[0], "seeds": 6}, TINY_GRID[1]], 2)
    grid = numbers_of(results, uneven, small_features)["grid"]
    assert (grid["fewest_seeds"]["shown"], grid["most_seeds"]["shown"]) == ("2", "6")


def test_claims_are_those_of_the_ledger(of_claims):
    results, numbers = of_claims
    ledger = json.loads((results / "claims.json").read_text())
    assert list(numbers["claims"]) == ["C1", "C2", "C3", "C4", "C5", "C6"]
    for claim, entry in ledger.items():
        found = numbers["claims"][claim]
        for name in ("statement", "verdict", "n", "p", "corrected_p", "reversed_p"):
            assert value_or_none(found[name]) == entry[name]
        assert found["reason"] == entry["reason"]
        assert list(found["parts"]) == entry["tests"][1:]
        assert found["parts"][found["deciding"]]["effect"]["value"] == pytest.approx(
            entry["effect"], rel=1e-5
        )
        assert found["verdict"]["source"].endswith("claims.json")


def test_tests_are_those_of_the_table(of_claims):
    results, numbers = of_claims
    table = read_table(results / "tables" / "tests.csv").set_index("test")
    for claim in numbers["claims"].values():
        for name, part in claim["parts"].items():
            for column in ("n", "effect", "low", "high", "p", "reversed_p"):
                there = table.loc[name, column]
                assert value_or_none(part[column]) == (None if pd.isna(there) else there)
            assert part["corrected_p"] is None  # parts are not corrected
            assert (part["verdict"], part["reason"]) == tuple(
                table.loc[name, ["verdict", "reason"]]
            )
    exploratory = numbers["families"]["exploratory"]
    counted = sum(number["value"] for name, number in exploratory.items() if name != "tests")
    assert counted == exploratory["tests"]["value"] == (table["family"] == "exploratory").sum()


def test_networks_that_training_cannot_change_are_left_out_of_the_counts(results, small_features):
    """Dense, delays fixed, signs bound: shown in the table, and in no summary."""
    numbers = numbers_of(results, config_of(GRID, 3), small_features)
    assert numbers["untested"]["that_cannot_change"] == ["dense"]
    assert numbers["grouping"]["fixed-dense-dale"]["p0"]["kinds"]["joint"]["effect"]
    # of free signs three dense and two static, and learned delays with Dale's
    assert numbers["grouping_summary"]["untrained"]["cells"]["value"] == 6
    assert numbers["untested"]["networks"]["value"] == 8 * 3
    named = config_of(GRID, 3, model={"dale_when_dense": "not_enforced"})
    unbound = numbers_of(results, named, small_features)
    assert unbound["grouping_summary"]["untrained"]["cells"]["value"] == 8
    assert unbound["untested"]["that_cannot_change"] == []


def test_effects_are_printed_in_digits_that_fit_their_unit(of_claims):
    claims = of_claims[1]["claims"]

    def shown(claim, part):
        return claims[claim]["parts"][part]["effect"]["shown"]

    assert re.fullmatch(r"[+\N{MINUS SIGN}]\d+\.\d", shown("C1", "c1_learned_fixed"))
    assert re.fullmatch(r"\+\d+\.\d", shown("C4", "c4_joint"))
    assert re.fullmatch(r"\+0\.\d{3}", shown("C5", "c5_joint"))


def test_what_is_not_in_the_grid_has_a_verdict_and_no_effect(results, small_features):
    numbers = numbers_of(results, config_of(TINY_GRID, 1), small_features)
    claim = numbers["claims"]["C1"]
    assert claim["verdict"]["shown"] == "not testable"
    assert claim["reason"] == "missing_from_grid"
    assert claim["p"] is None
    assert all(part["effect"] is None for part in claim["parts"].values())


def test_one_seed_has_no_interval(results, small_features):
    numbers = numbers_of(results, config_of(GRID, 1), small_features)
    row = numbers["accuracy"]["fixed-dense-free"]
    assert row["cells"]["p0"]["standard_deviation"] is None and row["cells"]["p0_9375"] is None
    contrast = numbers["contrasts"]["C1"]["learned-dense_minus_fixed-dense-free"]
    assert contrast["cells"]["p0"]["low"] is None and contrast["seeds"]["most"]["value"] == 1


def test_a_grid_without_contrasts_has_numbers_all_the_same(results, small_features):
    numbers = numbers_of(results, config_of(TINY_GRID, 1), small_features)
    assert numbers["contrasts"] == {"C1": {}, "C2": {}, "C3": {}}
    assert numbers["grid"]["runs"]["value"] == 2


def test_constants_of_the_optimiser_are_those_of_pytorch(numbers):
    """What the schedule of a training does, and no digits typed into the text."""
    weights = torch.nn.Parameter(torch.zeros(1))
    optimiser = torch.optim.Adam([weights], lr=1.0)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, max_lr=25.0, total_steps=10)
    rates, decays = [], []
    for _ in range(10):
        rates.append(optimiser.param_groups[0]["lr"])
        decays.append(optimiser.param_groups[0]["betas"][0])
        optimiser.step()
        if len(rates) < 10:
            schedule.step()
    shown = {name: number["shown"] for name, number in numbers["constants"].items()}
    assert float(shown["start_divisor"]) == pytest.approx(25.0 / rates[0])
    assert float(shown["highest_first_decay"]) == pytest.approx(max(decays))
    assert float(shown["lowest_first_decay"]) == pytest.approx(min(decays))
    steps = [(1 - decay) / (1 - 0.999) ** 0.5 for decay in (max(decays), min(decays))]
    assert (shown["smallest_first_step"], shown["largest_first_step"]) == ("1.6", "4.7")
    assert steps == pytest.approx([1.58, 4.74], abs=0.01)


def test_every_number_has_a_value_a_print_and_a_source(numbers):
    found = list(leaves(numbers))
    assert len(found) > 100
    assert all(isinstance(n["shown"], str) and n["shown"] for _, n in found)
    assert all(n["source"] for _, n in found)
    assert all("nan" not in n["shown"] for _, n in found)
    assert all(n["key"] == key for key, n in found)


def test_the_same_results_give_the_same_bytes(made, small_features):
    before = (made / "numbers.json").read_bytes()
    write_tables_and_numbers(made, small_features)
    assert (made / "numbers.json").read_bytes() == before


def test_a_missing_source_is_named(made, results):
    shutil.copytree(made, results)
    (results / "claims.json").unlink()
    with pytest.raises(UserError, match=r"claims\.json: not there; make it first"):
        write_numbers(sources_of_numbers(results), results / "numbers.json")


def test_a_name_that_would_be_read_as_two_is_refused():
    with pytest.raises(ValueError, match=r"0\.5"):
        keyed({"sparsities": {"0.5": Number(0.5, "50", "config.json")}})


def test_a_number_that_nothing_was_read_from_is_refused():
    with pytest.raises(ValueError, match=r"a\.b"):
        keyed({"a": {"b": Number(1, "1")}})


@pytest.mark.parametrize(
    ("value", "shown"), [(3.24, "+3.2"), (-0.41, "\N{MINUS SIGN}0.4"), (-0.04, "0.0"), (0, "0.0")]
)
def test_differences_carry_their_sign_unless_they_round_to_zero(value, shown):
    assert signed(value).shown == shown


@pytest.mark.parametrize(("value", "shown"), [(1e-12, "10⁻¹²"), (2e-5, "2 × 10⁻⁵"), (0.27, "0.27")])
def test_constants_are_shown_with_powers_of_ten(value, shown):
    assert show_constant(value) == shown


@pytest.mark.parametrize(
    ("value", "shown"),
    [(1, "1"), (0.25, "0.25"), (1 / 64, "0.016"), (0.001, "0.001"), (0.00099, "< 0.001")],
)
def test_p_values_have_two_digits_and_never_read_as_zero(value, shown):
    assert p_value(value).shown == shown

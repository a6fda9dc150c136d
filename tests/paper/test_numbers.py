"""Numbers: every one has its value, what is printed and where it was read."""

import json
import re

import pandas as pd
import pytest
from example_results import (
    CLAIMS_GRID,
    CONDITIONS,
    TINY_GRID,
    config_of,
    sources_of_numbers,
    write_results,
    write_tables_and_numbers,
)

from delaynet.analysis.tables import read_table
from delaynet.config.errors import UserError
from delaynet.paper.numbers.number import Number, nest, show_constant, show_p, show_signed
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


@pytest.fixture
def numbers(results, small_features):
    return numbers_of(results, config_of(GRID, 3), small_features)


@pytest.fixture(scope="module")
def of_claims(tmp_path_factory, small_features):
    """Results and numbers of a grid with all claims and two controls, four seeds."""
    results = tmp_path_factory.mktemp("claims") / "results"
    config = config_of(CLAIMS_GRID, 4, conditions=CONDITIONS)
    return results, numbers_of(results, config, small_features)


def leaves(node, key=""):
    if {"value", "shown", "source"} <= set(node):
        yield key, node
        return
    for name, child in node.items():
        yield from leaves(child, f"{key}.{name}".lstrip("."))


def test_the_corpus_is_counted(numbers, results):
    corpus = {name: number["value"] for name, number in numbers["corpus"].items()}
    assert corpus["clips"] == 240
    assert corpus["training"] + corpus["validation"] + corpus["test"] == 240
    assert corpus["speakers"] == 12
    assert corpus["test_only_speakers"] == 2
    assert corpus["validation_speakers"] == 1
    assert corpus["classes"] == 20
    assert "eSpeak NG" in numbers["corpus"]["name"]["shown"]
    assert numbers["corpus"]["name"]["source"] == (results / "features.h5").as_posix()


def test_accuracies_are_those_of_the_table(numbers, results):
    for row in read_table(results / "tables" / "accuracy.csv").to_dict("records"):
        variant = numbers["accuracy"][f"{row['delays']}-{row['structure']}-{row['signs']}"]
        cell = variant["p" + row["sparsity"].replace(".", "_")]
        assert cell["mean"]["value"] == row["mean"]
        assert cell["mean"]["shown"] == f"{row['mean']:.1f}"
        assert cell["low"]["value"] == row["low"]
        assert cell["mean"]["source"].endswith("tables/accuracy.csv")


def test_contrasts_are_those_of_the_table(numbers, results):
    table = read_table(results / "tables" / "contrasts.csv")
    assert len(table)
    for row in table.to_dict("records"):
        claim = numbers["contrasts"][row["claim"]]
        cells = claim[row["contrast"].replace(" ", "_")][row["signs"]]
        cell = cells["p" + row["sparsity"].replace(".", "_")]
        assert cell["mean_difference"]["value"] == row["mean_difference"]
        assert cell["magnitude"]["shown"] == f"{abs(row['mean_difference']):.1f}"
        assert (cell["low"]["value"], cell["high"]["value"]) == (row["low"], row["high"])


def test_comparisons_count_the_signs_of_contrasts(numbers, results):
    table = read_table(results / "tables" / "contrasts.csv")
    learned = table[table["contrast"].str.match("learned-.* minus fixed-")]
    counts = numbers["comparisons"]["C1"]["learned_minus_fixed"]
    assert counts["contrasts"]["value"] == len(learned) == 3
    assert counts["higher"]["value"] == (learned["mean_difference"] > 0).sum()
    assert counts["interval_above"]["value"] == (learned["low"] > 0).sum()


def test_effects_and_z_are_summarised_over_the_seeds_that_could_be_tested(numbers):
    trained = numbers["grouping"]["learned-static-free"]["p0_9375"]["trained"][
        "signs_within_neuron"
    ]
    assert (trained["seeds"]["value"], trained["testable"]["value"]) == (3, 2)
    # 0.05 and 0.07, of null models with a deviation of 0.005; those of seed 1 are empty
    assert trained["effect"]["mean"]["value"] == pytest.approx(0.06)
    assert trained["effect"]["largest"]["shown"] == "+0.070"
    assert trained["z"]["mean"]["shown"] == "+12.0"
    assert trained["z"]["smallest"]["value"] == pytest.approx(10)
    summary = numbers["grouping_summary"]["signs_within_neuron"]
    assert summary["cells"]["value"] == summary["positive"]["value"] == 5
    assert summary["not_testable"]["value"] == 5


def test_the_comparison_with_the_untrained_network_has_an_effect_and_no_z(numbers):
    n5 = numbers["grouping"]["learned-dense-dale"]["p0"]["trained"]["untrained"]
    assert n5["effect"]["mean"]["value"] == pytest.approx(0.06) and "z" not in n5
    assert "untrained" not in numbers["grouping"]["learned-dense-dale"]["p0"]["initial"]


def test_where_there_is_nothing_to_permute_there_is_no_effect_and_nothing_is_counted(of_claims):
    results, numbers = of_claims
    trained = numbers["grouping"]["none-dense-free"]["p0"]["trained"]
    assert (
        "effect" in trained["signs_within_neuron"] and "effect" in trained["channels_within_neuron"]
    )
    assert (
        "effect" not in trained["delays_within_neuron"]
        and "z" not in trained["delays_within_neuron"]
    )
    assert (
        trained["delays_within_neuron"]["testable"]["value"],
        trained["delays_within_neuron"]["unchanged"]["value"],
    ) == (0, 3)
    assert (
        trained["signs_within_neuron"]["testable"]["value"],
        trained["signs_within_neuron"]["unchanged"]["value"],
    ) == (3, 0)
    of_signs, of_delays = (
        numbers["grouping_summary"][null]
        for null in ("signs_within_neuron", "delays_within_neuron")
    )
    table = read_table(results / "grouping.csv")
    both = table[(table["signs"] == "dale") & (table["null"] == "delays_within_neuron")]
    dale = both.groupby(["delays", "structure", "sparsity"]).ngroups  # N1 is not valid there
    assert of_delays["cells"]["value"] == of_signs["cells"]["value"] - 1 + dale
    assert of_delays["cells"]["value"] == of_delays["positive"]["value"]


def test_controls_stand_apart_from_the_standard_condition(of_claims):
    results, numbers = of_claims
    table = read_table(results / "tables" / "accuracy.csv").set_index("condition")
    controls = numbers["controls"]
    for condition in CONDITIONS:
        accuracy = controls[condition]["accuracy"]["learned-dense-free"]["p0"]
        assert accuracy["mean"]["value"] == table.loc[condition, "mean"]
        assert accuracy["n"]["value"] == 3
    assert set(controls["shuffled_labels"]) == {"accuracy", "mel"}
    assert set(controls["permuted_channels"]) == {"accuracy", "mel", "fed"}
    fed = controls["permuted_channels"]["fed"]["learned-dense-free"]["p0"]
    assert set(fed) == {
        "signs_within_neuron",
        "delays_within_neuron",
        "signs_across_neurons",
        "delays_across_neurons",
        "untrained",
        "channels_within_neuron",
    }


def test_effects_without_the_delays_at_the_ends_stand_apart(of_claims):
    results, numbers = of_claims
    rows = read_table(results / "grouping.csv").query(
        "measure == 'morans_i_interior' and null == 'delays_within_neuron'"
        " and condition == 'standard' and delays == 'learned'"
        " and structure == 'dense' and signs == 'dale'"
    )
    found = numbers["interior"]["learned-dense-dale"]["p0"]
    effect = (rows["observed"] - rows["null_mean"]).mean()
    assert found["delays_within_neuron"]["effect"]["mean"]["value"] == pytest.approx(effect)
    assert set(found) == {"delays_within_neuron"}
    assert set(numbers["interior"]["learned-dense-free"]["p0"]) == {
        "signs_within_neuron",
        "delays_within_neuron",
        "channels_within_neuron",
    }


def test_seeds_are_counted_by_variant_without_the_controls(of_claims, results, small_features):
    grid = of_claims[1]["grid"]
    assert (grid["fewest_seeds"]["value"], grid["most_seeds"]["value"]) == (4, 4)
    assert (grid["runs"]["value"], grid["control_runs"]["value"]) == (12 * 4 + 6, 6)
    uneven = config_of([{**TINY_GRID[0], "seeds": 6}, TINY_GRID[1]], 2)
    grid = numbers_of(results, uneven, small_features)["grid"]
    assert (grid["fewest_seeds"]["shown"], grid["most_seeds"]["shown"]) == ("2", "6")


def test_claims_are_those_of_the_ledger(of_claims):
    results, numbers = of_claims
    ledger = json.loads((results / "claims.json").read_text())
    assert list(numbers["claims"]) == ["C1", "C2", "C3", "C4", "C5", "C6"]
    for claim, entry in ledger.items():
        there = {name: value for name, value in entry.items() if value is not None}
        magnitude = {"magnitude": abs(entry["effect"])}
        found = {name: number["value"] for name, number in numbers["claims"][claim].items()}
        assert found == there | magnitude
        assert numbers["claims"][claim]["verdict"]["source"].endswith("claims.json")


def test_tests_are_those_of_the_table(of_claims):
    results, numbers = of_claims
    table = read_table(results / "tables" / "tests.csv")
    assert set(numbers["tests"]) == set(table["test"])
    for row in table.to_dict("records"):
        test = numbers["tests"][row["test"]]
        for name in ("n", "effect", "low", "high", "p", "corrected_p", "verdict"):
            assert test.get(name, {"value": None})["value"] == (
                None if pd.isna(row[name]) else row[name]
            )
    exploratory = numbers["families"]["exploratory"]
    counted = sum(number["value"] for name, number in exploratory.items() if name != "tests")
    assert counted == exploratory["tests"]["value"] == (table["family"] == "exploratory").sum()


def test_tests_on_too_few_seeds_to_reach_the_level_are_counted_apart(of_claims):
    results, numbers = of_claims
    rows = read_table(results / "tables" / "tests.csv").query("family == 'exploratory'")
    hopeless = (rows["verdict"] == "undecided") & (rows["reason"] == "too_few_seeds")
    counts = numbers["families"]["exploratory"]
    assert counts["out_of_reach"]["value"] == hopeless.sum() > 0
    others = (rows["verdict"] == "undecided").sum() - hopeless.sum()
    assert counts["undecided"]["value"] == others


def test_how_small_a_corrected_p_can_be_is_told_by_claim(of_claims):
    """Four seeds, three of them with grouping; C1 has three parts, C6 one beside its premise."""
    reach = of_claims[1]["reach"]
    assert reach["C1"]["smallest_p"]["value"] == 3 / 16
    assert reach["C6"]["smallest_p"]["value"] == 3 / 8
    assert reach["C1"]["smallest_reversed_p"]["value"] == 3 * 3 / 16
    assert reach["C6"]["smallest_reversed_p"]["value"] == 3 / 8
    assert reach["C4"]["smallest_reversed_p"]["value"] == 1


def test_networks_that_training_cannot_change_are_left_out_of_the_counts(results, small_features):
    """Dense, delays fixed, signs bound: shown in the table, and in no summary."""
    numbers = numbers_of(results, config_of(GRID, 3), small_features)
    changing = {
        variant: cell["can_change"]["value"]
        for variant, cells in numbers["grouping"].items()
        for cell in cells.values()
    }
    bound = {"none-dense-dale", "fixed-dense-dale"}
    assert {variant for variant, changes in changing.items() if not changes} == bound
    assert (
        "effect" in numbers["grouping"]["fixed-dense-dale"]["p0"]["trained"]["delays_within_neuron"]
    )
    # of free signs three dense and two static, and learned delays with Dale's
    assert numbers["grouping_summary"]["untrained"]["cells"]["value"] == 6
    assert numbers["grouping_summary"]["untrained"]["networks"]["value"] == 8 * 3
    named = config_of(GRID, 3, model={"dale_when_dense": "not_enforced"})
    unbound = numbers_of(results, named, small_features)["grouping"]
    assert unbound["fixed-dense-dale"]["p0"]["can_change"]["value"] is True


def test_effects_are_printed_in_digits_that_fit_their_unit(of_claims):
    tests = of_claims[1]["tests"]
    assert re.fullmatch(r"[+\N{MINUS SIGN}]\d+\.\d", tests["c1_learned_fixed"]["effect"]["shown"])
    assert re.fullmatch(r"\+\d+\.\d", tests["c4_signs_within_neuron"]["effect"]["shown"])
    assert re.fullmatch(r"\+0\.\d{3}", tests["c5_signs_within_neuron"]["effect"]["shown"])


def test_what_is_not_in_the_grid_has_a_verdict_and_no_effect(results, small_features):
    numbers = numbers_of(results, config_of(TINY_GRID, 1), small_features)
    claim = numbers["claims"]["C1"]
    assert claim["verdict"]["shown"] == "not testable"
    assert claim["reason"]["value"] == "missing_from_grid"
    assert "effect" not in claim and "p" not in claim


def test_one_seed_has_no_key_for_an_interval(results, small_features):
    numbers = numbers_of(results, config_of(GRID, 1), small_features)
    assert "low" not in numbers["accuracy"]["fixed-dense-free"]["p0"]
    contrast = numbers["contrasts"]["C1"]["learned-dense_minus_fixed-dense"]["free"]["p0"]
    assert "low" not in contrast and contrast["n"]["value"] == 1


def test_a_grid_without_contrasts_has_numbers_all_the_same(results, small_features):
    numbers = numbers_of(results, config_of(TINY_GRID, 1), small_features)
    assert "contrasts" not in numbers and "comparisons" not in numbers
    assert numbers["grid"]["runs"]["value"] == 2


def test_every_number_has_a_value_a_print_and_a_source(numbers):
    found = list(leaves(numbers))
    assert len(found) > 100
    assert all(isinstance(n["shown"], str) and n["shown"] for _, n in found)
    assert all(n["source"] for _, n in found)
    assert all("nan" not in n["shown"] for _, n in found)


def test_the_same_results_give_the_same_bytes(results, numbers, small_features):
    before = (results / "numbers.json").read_bytes()
    write_tables_and_numbers(results, small_features)
    assert (results / "numbers.json").read_bytes() == before


def test_a_missing_source_is_named(results, numbers):
    (results / "claims.json").unlink()
    with pytest.raises(UserError, match=r"claims\.json is missing"):
        write_numbers(sources_of_numbers(results), results / "numbers.json")


def test_two_numbers_of_one_key_are_refused():
    number = Number("a.b", 1, "1")
    with pytest.raises(ValueError, match=r"a\.b"):
        nest([("x", number), ("y", number)])


@pytest.mark.parametrize(
    ("value", "shown"), [(3.24, "+3.2"), (-0.41, "\N{MINUS SIGN}0.4"), (-0.04, "0.0"), (0, "0.0")]
)
def test_differences_carry_their_sign_unless_they_round_to_zero(value, shown):
    assert show_signed(value) == shown


@pytest.mark.parametrize(("value", "shown"), [(1e-12, "10⁻¹²"), (2e-5, "2 × 10⁻⁵"), (0.27, "0.27")])
def test_constants_are_shown_with_powers_of_ten(value, shown):
    assert show_constant(value) == shown


@pytest.mark.parametrize(
    ("value", "shown"),
    [(1, "1"), (0.25, "0.25"), (1 / 64, "0.016"), (0.001, "0.001"), (0.00099, "< 0.001")],
)
def test_p_values_have_two_digits_and_never_read_as_zero(value, shown):
    assert show_p(value) == shown

"""Numbers: every one has its value, what is printed and where it was read."""

import json

import pytest
from example_results import TINY_GRID, config_of, write_results, write_tables_and_numbers

from delaynet.errors import UserError
from delaynet.numbers import Number, nest, show_constant, show_points
from delaynet.tables import read_table

GRID = [
    {"delays": ["none", "fixed", "learned"], "structure": ["dense"], "dale": ["free", "dale"]},
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


def leaves(node, key=""):
    if {"value", "shown", "source"} <= set(node):
        yield key, node
        return
    for name, child in node.items():
        yield from leaves(child, f"{key}.{name}".lstrip("."))


def test_the_corpus_is_counted(numbers, results, small_features):
    corpus = {name: number["value"] for name, number in numbers["corpus"].items()}
    assert corpus["clips"] == 240
    assert corpus["training"] + corpus["validation"] + corpus["test"] == 240
    assert corpus["speakers"] == 12
    assert corpus["test_only_speakers"] == 2
    assert corpus["validation_speakers"] == 1
    assert corpus["classes"] == 20
    assert "eSpeak NG" in numbers["corpus"]["name"]["shown"]
    assert numbers["corpus"]["name"]["source"] == small_features.as_posix()


def test_accuracies_are_those_of_the_table(numbers, results):
    for row in read_table(results / "tables" / "accuracy.csv").to_dict("records"):
        variant = numbers["accuracy"][f"{row['delays']}-{row['structure']}-{row['dale']}"]
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
        cells = claim[row["contrast"].replace(" ", "_")][row["dale"]]
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


def test_z_is_summarised_over_the_seeds_that_could_be_tested(numbers):
    trained = numbers["grouping"]["learned-static-free"]["p0_9375"]["trained"]["N1"]
    assert (trained["seeds"]["value"], trained["testable"]["value"]) == (3, 2)
    assert trained["mean"]["value"] == 6  # 5 and 7; the z of seed 1 is empty
    assert (trained["smallest"]["value"], trained["largest"]["value"]) == (5, 7)
    summary = numbers["grouping_summary"]["N1"]
    assert summary["higher"]["value"] == summary["compared"]["value"] == 5


def test_one_seed_has_no_key_for_an_interval(results, small_features):
    numbers = numbers_of(results, config_of(GRID, 1), small_features)
    assert "low" not in numbers["accuracy"]["fixed-dense-free"]["p0"]
    contrast = numbers["contrasts"]["C1"]["learned-dense_minus_fixed-dense"]["free"]["p0"]
    assert "low" not in contrast and contrast["n"]["value"] == 1


def test_a_grid_without_contrasts_has_numbers_all_the_same(results, small_features):
    numbers = numbers_of(results, config_of(TINY_GRID, 1), small_features)
    assert "contrasts" not in numbers and "comparisons" not in numbers
    assert numbers["grid"]["runs"]["value"] == 2


def test_an_exact_test_of_three_seeds_cannot_fall_below_a_quarter(numbers):
    assert numbers["grid"]["smallest_p_value"]["value"] == 0.25


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


def test_a_missing_source_is_named(results, small_features):
    write_results(results, config_of(GRID, 1))
    (results / "grouping.csv").unlink()
    with pytest.raises(UserError, match=r"grouping\.csv is missing"):
        write_tables_and_numbers(results, small_features)


def test_two_numbers_of_one_key_are_refused():
    number = Number("a.b", 1, "1")
    with pytest.raises(ValueError, match=r"a\.b"):
        nest([("x", number), ("y", number)])


@pytest.mark.parametrize(
    ("value", "shown"), [(3.24, "+3.2"), (-0.41, "\N{MINUS SIGN}0.4"), (-0.04, "0.0"), (0, "0.0")]
)
def test_differences_carry_their_sign_unless_they_round_to_zero(value, shown):
    assert show_points(value) == shown


@pytest.mark.parametrize(("value", "shown"), [(1e-12, "10⁻¹²"), (2e-5, "2 × 10⁻⁵"), (0.27, "0.27")])
def test_constants_are_shown_with_powers_of_ten(value, shown):
    assert show_constant(value) == shown

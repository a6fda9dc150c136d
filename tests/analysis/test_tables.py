"""Tables: means, intervals and paired contrasts over seeds, and every setting."""

import re

import numpy as np
import pytest
from example_results import LARGE_GRID, TINY_GRID, config_of, write_results
from scipy import stats

from delaynet.analysis.tables import (
    accuracy_table,
    contrast_table,
    read_results,
    read_table,
    show_setting,
    summarise_seeds,
    write_accuracy,
    write_contrasts,
    write_hyperparameters,
)
from delaynet.config.errors import UserError
from delaynet.config.grid import GridBlock
from delaynet.config.listing import settings_of
from delaynet.config.settings import ModelSettings, TrainingSettings
from delaynet.training.run_folder import write_json

DENSE = [{"delays": ["fixed", "learned"], "structure": ["dense"]}]
SPARSE = [
    {
        "delays": ["fixed", "learned"],
        "structure": ["static", "deep_r_rigl"],
        "sparsity": ["0.5", "0.9375"],
    }
]


@pytest.fixture
def results(tmp_path):
    return tmp_path / "results"


def accuracies_of(results, grid, seeds, accuracy):
    write_results(results, config_of(grid, seeds), accuracy)
    write_accuracy(results / "config.json", results / "runs", results / "accuracy.csv")
    return read_table(results / "accuracy.csv")


def contrasts_of(results, grid, seeds, accuracy):
    write_results(results, config_of(grid, seeds), accuracy)
    write_contrasts(results / "config.json", results / "runs", results / "contrasts.csv")
    return read_table(results / "contrasts.csv")


def test_mean_and_deviation_over_seeds_are_exact(results):
    table = accuracies_of(results, DENSE[:1], 3, lambda run: [0.5, 0.6, 0.85][run.seed])
    assert list(table["n"]) == [3, 3]
    assert table["mean"][0] == pytest.approx(65)
    assert table["standard_deviation"][0] == pytest.approx(np.sqrt(325), rel=1e-5)


def test_the_interval_is_the_t_interval_of_scipy():
    values = np.array([46.2, 51.0, 38.8, 44.1, 47.5])
    summary = summarise_seeds(values)
    expected = stats.ttest_1samp(values, 0).confidence_interval(0.95)
    assert (summary["low"], summary["high"]) == pytest.approx((expected.low, expected.high))


def test_one_seed_has_a_mean_and_empty_cells_for_the_rest(results):
    table = accuracies_of(results, DENSE, 1, lambda run: 0.25)
    assert list(table["mean"]) == [25, 25]
    assert table[["standard_deviation", "low", "high"]].isna().all(axis=None)
    assert (
        (results / "accuracy.csv")
        .read_text()
        .splitlines()[1]
        .startswith("fixed,dense,free,0,standard,1,25,,,,")
    )


def test_connections_are_totals_and_firing_rates_means_over_neurons(results):
    config = config_of(DENSE, 2, model={"hidden": [30, 10]})
    write_results(results, config)
    table = read_results(config, results / "runs")
    assert set(table["connections"]) == {480}
    assert table["firing_rate"].to_numpy() == pytest.approx((30 * 0.1 + 10 * 0.2) / 40)
    assert list(table["reachable_outputs"]) == [20, 19, 20, 19]


def test_accuracy_on_training_clips_is_that_of_the_epoch_that_was_kept(results):
    """The epochs before and after it have 0 and 100 %."""
    config = config_of(DENSE[:1], 2)
    write_results(results, config, training_accuracy=lambda run: [0.25, 0.75][run.seed])
    write_accuracy(results / "config.json", results / "runs", results / "accuracy.csv")
    table = read_table(results / "accuracy.csv")
    assert list(table["training_accuracy"]) == [50, 50]
    (results / "runs/standard/learned-dense-free/sparsity-0/seed-1/metrics.csv").unlink()
    with pytest.raises(UserError, match=r"seed-1/metrics\.csv: not there"):
        write_accuracy(results / "config.json", results / "runs", results / "accuracy.csv")


def test_sparsities_stay_text_in_tables(results):
    table = accuracies_of(results, SPARSE, 1, lambda run: 0.5)
    assert list(table["sparsity"][:2]) == ["0.5", "0.9375"]


def test_contrasts_are_paired_by_seed(results):
    """Seeds differ by 30 points and delays by 2 or 3: only pairing shows the small spread."""

    def accuracy(run):
        gain = (0.02 + 0.01 * (run.seed % 2)) * (run.delays == "learned")
        return 0.1 + 0.3 * (run.seed % 3) + gain

    row = contrasts_of(results, DENSE, 4, accuracy).iloc[0]
    assert row["contrast"] == "learned-dense minus fixed-dense"
    assert row["n"] == 4
    assert row["mean_difference"] == pytest.approx(2.5, rel=1e-5)
    differences = [2, 3, 2, 3]
    expected = stats.ttest_1samp(differences, 0).confidence_interval(0.95)
    assert (row["low"], row["high"]) == pytest.approx((expected.low, expected.high), rel=1e-4)


def test_a_contrast_of_one_seed_has_no_interval(results):
    table = contrasts_of(results, DENSE, 1, lambda run: 0.5)
    assert list(table["n"]) == [1]
    assert table[["standard_deviation", "low", "high"]].isna().all(axis=None)


def test_only_contrasts_with_both_sides_in_the_grid_are_there(results):
    table = contrasts_of(results, SPARSE, 2, lambda run: 0.5)
    assert set(zip(table["claim"], table["contrast"], strict=True)) == {
        ("C1", "learned-static minus fixed-static"),
        ("C2", "fixed-deep_r_rigl minus learned-static"),
        ("C3", "learned-deep_r_rigl minus fixed-deep_r_rigl"),
    }
    assert set(table["sparsity"]) == {"0.5", "0.9375"}


def test_a_grid_without_any_contrast_gives_an_empty_table(results):
    assert len(contrasts_of(results, TINY_GRID, 2, lambda run: 0.5)) == 0


def test_sides_at_different_sparsities_or_dale_settings_are_no_contrast(results):
    grid = [
        {"delays": ["fixed"], "structure": ["static"], "sparsity": ["0.5"]},
        {"delays": ["learned"], "structure": ["static"], "sparsity": ["0.75"]},
        {"delays": ["learned"], "structure": ["static"], "signs": ["dale"], "sparsity": ["0.5"]},
    ]
    assert len(contrasts_of(results, grid, 2, lambda run: 0.5)) == 0


def test_other_conditions_have_accuracies_and_no_contrasts(results):
    grid = [DENSE[0] | {"condition": ["standard", "sparse_penalty"], "seeds": 3}]
    conditions = {"sparse_penalty": {"training": {"l1": 0.1}}}
    config = config_of(grid, 1, conditions=conditions)
    write_results(results, config)
    table = read_results(config, results / "runs").assign(training_accuracy=90)
    assert list(accuracy_table(table)["condition"]) == ["standard"] * 2 + ["sparse_penalty"] * 2
    standard = table[table["condition"] == "standard"]
    assert contrast_table(table).equals(contrast_table(standard))


def test_contrasts_are_over_the_seeds_that_both_sides_have(results):
    grid = [
        {"delays": [delays], "structure": ["dense"], "seeds": seeds}
        for delays, seeds in (("fixed", 5), ("learned", 3))
    ]
    assert list(contrasts_of(results, grid, 1, lambda run: 0.1 * run.seed)["n"]) == [3]


def test_structure_is_compared_with_delays_as_claim_two_says(results):
    rate = {"deep_r_rigl": 0.7, "static": 0.4}
    table = contrasts_of(results, SPARSE, 2, lambda run: rate[run.structure])
    structure_wins = table[table["claim"] == "C2"]
    assert list(structure_wins["mean_difference"]) == pytest.approx([30, 30])


def test_the_full_grid_has_every_contrast(results):
    config = config_of(LARGE_GRID, 1)
    write_results(results, config)
    table = contrast_table(read_results(config, results / "runs"))
    # per Dale setting: 4 dense; 4 x 2 unrewired, 2 x 2 crossed, 2 rewired at 9 sparsities
    assert len(table) == 2 * (4 + 9 * (8 + 4 + 2))


def test_a_missing_run_is_named(results):
    config = config_of(DENSE, 2)
    write_results(results, config)
    missing = results / "runs" / "standard/learned-dense-free/sparsity-0/seed-1/summary.json"
    missing.unlink()
    with pytest.raises(UserError, match=re.escape(str(missing))):
        read_results(config, results / "runs")


def test_every_setting_stands_in_the_table_with_its_description(results):
    config = config_of(SPARSE, 2)
    write_json(results / "config.json", config.model_dump(mode="json"))
    write_hyperparameters(results / "config.json", results / "hyperparameters.csv")
    table = read_table(results / "hyperparameters.csv").set_index("key")
    for section, model in (("model", ModelSettings), ("training", TrainingSettings)):
        for name, field in model.model_fields.items():
            if name in model.former_values():  # not written at its former value
                assert f"{section}.{name}" not in table.index
                continue
            row = table.loc[f"{section}.{name}"]
            assert row["value"] == show_setting(getattr(getattr(config, section), name))
            assert row["description"] == " ".join(field.description.split())
    for name in GridBlock.model_fields:
        assert f"grid.0.{name}" in table.index
    assert table.loc["grid.0.structure", "value"] == "static, deep_r_rigl"
    assert not table["description"].isna().any()


def test_settings_of_single_conditions_are_listed():
    conditions = {"weak_penalty": {"training": {"l1": 0.5}}}
    settings = {s.key: s for s in settings_of(config_of(DENSE, 1, conditions=conditions))}
    assert settings["conditions.weak_penalty.training.l1"].value == 0.5


def test_settings_of_single_variants_are_listed():
    variants = {"learned-dense-free": {"training": {"l1": 0.5}}}
    settings = {s.key: s for s in settings_of(config_of(DENSE, 1, variants=variants))}
    assert settings["variants.learned-dense-free.training.l1"].value == 0.5
    assert settings["variants.learned-dense-free.training.l1"].description.startswith("L1")


@pytest.mark.parametrize(
    ("value", "shown"),
    [(0.0001, "0.0001"), (1e-5, "0.00001"), (12.0, "12"), ((40, 20), "40, 20"), (None, "none")],
)
def test_settings_are_shown_as_they_are_read(value, shown):
    assert show_setting(value) == shown

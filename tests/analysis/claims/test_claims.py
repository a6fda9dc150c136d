"""The list of tests follows from the grid; each row is what its seeds give by themselves."""

import re
from dataclasses import replace

import numpy as np
import pytest
from example_results import CLAIMS_GRID, LARGE_GRID, config_of, write_results
from planted_results import CLAIMS_HOLD, NOTHING_LEARNED, TIME_ONLY, claims_config, decisions_of
from statsmodels.stats.multitest import multipletests

from delaynet.analysis.claims.claims import hypotheses_of_claims
from delaynet.analysis.claims.exploratory import exploratory_hypotheses
from delaynet.analysis.claims.ledger import table_of_tests
from delaynet.analysis.claims.terms import SHARE, grid_of
from delaynet.analysis.claims.tests import LEAST_SEEDS, results_of_tests
from delaynet.analysis.statistics import greater, t_interval
from delaynet.analysis.tables import read_table
from delaynet.config.errors import UserError
from delaynet.config.grid import Point

SWEEPS = {"l1_0_001": {"training": {"l1": 0.001}}}
CONTROLS = {
    name: {"training": {"data": name}}
    for name in (
        "permuted_channels",
        "scrambled_time",
        "shuffled_labels",
        "labels_by_heart",
        "whitened",
    )
}


@pytest.fixture(scope="module")
def decisions(tmp_path_factory):
    """The claims' grid, with as many seeds as each block says."""
    return decisions_of(tmp_path_factory.mktemp("results"))


def listed(config):
    grid = grid_of(config)
    claims = hypotheses_of_claims(grid, lambda point: True, {})
    parts = [part for claim in claims for part in claim.parts]
    return [*claims, *parts, *exploratory_hypotheses(grid, parts)]


def ids(config):
    return {hypothesis.test for hypothesis in listed(config)}


def trained(folder):
    table = read_table(folder / "grouping.csv").query("network == 'trained'")
    return table.assign(effect=table["observed"] - table["null_mean"])


def test_every_test_of_a_large_grid_has_a_name_of_its_own():
    learned = {"delays": ["learned"], "structure": ["dense"]}
    config = config_of(
        [*LARGE_GRID, learned | {"condition": ["standard", *CONTROLS, *SWEEPS]}],
        3,
        conditions=CONTROLS | SWEEPS,
    )
    names = [hypothesis.test for hypothesis in listed(config)]
    assert len(names) == len(set(names)) > 1000
    assert all(re.fullmatch(r"[a-z0-9_]+", name) for name in names)


def test_the_list_of_tests_does_not_depend_on_results(decisions, tmp_path):
    assert list(decisions_of(tmp_path, NOTHING_LEARNED)) == list(decisions)


def test_families_are_corrected_as_they_say(decisions):
    table = table_of_tests(decisions.values())
    methods = dict.fromkeys(("accuracy", "control", "exploratory"), "fdr_bh")
    methods["confirmatory"] = "holm"
    assert set(table["family"]) == {*methods, "part"}
    for family, rows in table.groupby("family"):
        method = methods.get(family)
        for name in ("p", "reversed_p"):
            p = rows[name].dropna()
            expected = multipletests(p, method=method)[1] if method and len(p) else p
            found = rows[f"corrected_{name}"].dropna()
            assert found.to_numpy() == pytest.approx(np.array(expected))
    assert list(table[table["family"] == "confirmatory"]["test"]) == ["c4", "c5", "c6"]


def test_grouping_is_tested_on_one_z_a_seed(tmp_path):
    found = decisions_of(tmp_path)["c4_joint"]
    rows = trained(tmp_path).query(
        "delays == 'learned' and structure == 'dense' and signs == 'free'"
        " and null == 'delays_within_sign' and condition == 'standard'"
        " and measure == 'morans_i'"
    )
    assert (found.shown.n, found.shown.effect) == (6, pytest.approx(rows["z"].mean()))
    assert found.result.p == greater(rows["z"])
    assert (found.shown.low, found.shown.high) == pytest.approx(t_interval(rows["z"]))


def test_what_decides_claims_is_not_tested_again():
    hypotheses = listed(claims_config())
    asked = [(h.terms, h.kind == "equivalence") for h in hypotheses if h.family != "part"]
    decided = {(h.terms, h.kind == "equivalence") for h in hypotheses if h.family == "part"}
    assert decided.isdisjoint(asked)
    singles = [question for question in asked if question[0]]
    assert len(singles) == len(set(singles))


def test_controls_are_about_joint_grouping():
    both = {"condition": [*CONTROLS], "signs": ["free", "dale"]}
    config = claims_config(grid=[*CLAIMS_GRID[:-1], CLAIMS_GRID[-1] | both], conditions=CONTROLS)
    family = [hypothesis for hypothesis in listed(config) if hypothesis.family == "control"]
    tested = [
        (t.point.condition, t.point.signs, t.quantity.measure) for h in family for t in h.terms[1:]
    ]
    assert sorted(tested) == sorted(
        (name, signs, "joint") for name in CONTROLS for signs in ("free", "dale")
    )


def test_fewer_than_five_seeds_are_not_tested_but_their_intervals_are_shown(decisions):
    few = [d for d in decisions.values() if 0 < d.result.n < LEAST_SEEDS]
    assert {d.hypothesis.family for d in few} == {"control", "exploratory"}
    for decision in few:
        assert (decision.verdict, decision.reason) == ("not_testable", "too_few_seeds")
        assert np.isnan([decision.result.p, *decision.corrected]).all()
        assert decision.shown.low < decision.shown.effect < decision.shown.high


@pytest.mark.parametrize("world", [CLAIMS_HOLD, NOTHING_LEARNED, TIME_ONLY])
def test_uncorrected_p_and_interval_always_agree(tmp_path, world):
    """Reversed p likewise, with the boundary of the opposite."""
    tested = [d for d in decisions_of(tmp_path, world).values() if d.result.n >= LEAST_SEEDS]
    for decision in tested:
        hypothesis, result = decision.hypothesis, decision.result
        low, high = result.low, result.high
        upper = 1.645 if hypothesis.terms[0].quantity.name == "z" else 0
        expected = {
            "greater": (low > 0, high < upper),
            "two_sided": (low > 0 or high < 0, False),
            "equivalence": (low > -1 and high < 1, low > 1),
        }
        found = (result.p < 0.05, result.reversed_p < 0.05)
        assert found == expected[hypothesis.kind], hypothesis.test
    assert {d.hypothesis.kind for d in tested} == {"greater", "two_sided", "equivalence"}


def test_grouping_without_clamped_delays_is_tested_as_the_claims_are(tmp_path):
    found = decisions_of(tmp_path)
    rows = trained(tmp_path).query(
        "delays == 'learned' and structure == 'dense' and signs == 'free'"
        " and null == 'delays_within_sign' and condition == 'standard'"
        " and measure == 'morans_i_interior'"
    )
    inside = found["morans_i_interior_learned_dense_free_p0_delays_within_sign"]
    assert (inside.shown.n, inside.shown.effect) == (6, pytest.approx(rows["z"].mean()))
    assert (
        found["survival_morans_i_interior_learned_dense_dale_p0_delays_within_sign"].verdict
        == "supported"
    )


def test_the_reversed_test_asks_for_the_opposite(tmp_path):
    found = decisions_of(tmp_path, TIME_ONLY)
    rows = trained(tmp_path).query(
        "delays == 'learned' and structure == 'dense' and signs == 'free'"
        " and null == 'delays_within_sign' and condition == 'standard'"
        " and measure == 'morans_i'"
    )
    p = found["c4_joint"].result.reversed_p
    assert p == greater(1.645 - rows["z"]) < 0.001
    # the smaller of two parts, corrected for their number, then for that of the claims
    assert (found["c4"].result.reversed_p, found["c4"].corrected.reversed_p) == (2 * p, 3 * 2 * p)
    # premises do not count
    for claim in ("c5", "c6"):
        part = found[f"{claim}_joint"].result
        assert found[claim].result.reversed_p == part.reversed_p
    assert found["c1_fixed_none"].result.reversed_p == 1
    assert found["c3_equivalence"].result.reversed_p == 1
    two_sided = [d for d in found.values() if d.hypothesis.kind == "two_sided"]
    assert two_sided and all(np.isnan(decision.result.reversed_p) for decision in two_sided)


def test_a_difference_the_other_way_round_is_opposed(tmp_path):
    for static, verdict in ((70, "supported"), (80, "opposed")):
        world = replace(CLAIMS_HOLD, static=(static, 50))
        found = decisions_of(tmp_path / verdict, world)
        lower = found["accuracy_fixed_deep_r_rigl_minus_learned_static_free_p0_75"]
        assert (lower.hypothesis.family, lower.verdict) == ("exploratory", verdict)


def test_survival_is_compared_with_half_of_the_same_seeds_dense_effect(tmp_path):
    found = decisions_of(tmp_path)["c6_joint"]
    rows = trained(tmp_path).query(
        "delays == 'learned' and structure == 'dense' and null == 'delays_within_sign'"
        " and condition == 'standard' and measure == 'morans_i'"
    )
    effect = rows.pivot(index="seed", columns="signs", values="effect")
    assert found.shown.effect == pytest.approx((effect["dale"] - SHARE * effect["free"]).mean())


def test_sides_are_paired_over_the_seeds_that_both_have(tmp_path):
    seeds = {"none": 3, "fixed": 5, "learned": 6}
    grid = [{"delays": [delays], "structure": ["dense"], "seeds": n} for delays, n in seeds.items()]
    found = decisions_of(tmp_path, config=claims_config(grid=grid))
    assert [found[f"c1_{pair}"].shown.n for pair in ("learned_fixed", "learned_none")] == [5, 3]
    assert found["c4_joint"].shown.n == 6


def test_a_claim_shows_its_weakest_part(tmp_path):
    world = replace(CLAIMS_HOLD, fixed=79.5, spread=4, luck=2)
    found = decisions_of(tmp_path, world)
    parts = [found[f"c1_{pair}"] for pair in ("learned_fixed", "learned_none", "fixed_none")]
    weakest = max(parts, key=lambda part: part.result.p)
    assert weakest.hypothesis.test == "c1_learned_fixed"
    assert (found["c1"].result.p, found["c1"].shown.low) == (weakest.result.p, weakest.shown.low)


@pytest.mark.parametrize(("untestable", "sparsity"), [("0.9375", "0.75"), ("nothing", "0.9375")])
def test_survival_is_tested_at_the_highest_sparsity_with_enough_pairs(
    tmp_path, untestable, sparsity
):
    world = replace(CLAIMS_HOLD, untestable=(f"learned-deep_r_rigl-free {untestable}",))
    found = decisions_of(tmp_path, world)
    assert found["c5_joint"].hypothesis.terms[0].point.sparsity == sparsity
    other = "0_9375" if sparsity == "0.75" else "0_75"
    survivals = {
        test for test in found if re.match(r"survival_learned_deep_r_rigl_free.*joint", test)
    }
    assert survivals == {f"survival_learned_deep_r_rigl_free_p{other}_joint"}


def test_null_models_that_break_dales_principle_are_not_tested():
    names = ids(claims_config())
    start = "morans_i_learned_dense_dale_p0_"
    about_dale = {name.removeprefix(start) for name in names if name.startswith(start)}
    assert about_dale == {
        "delays_within_neuron",
        "delays_within_sign",
        "delays_across_neurons",
        "untrained",
    }


def test_delays_that_are_all_zero_are_not_permuted():
    names = ids(claims_config())
    start = "morans_i_none_dense_free_p0_"
    about_none = {name.removeprefix(start) for name in names if name.startswith(start)}
    assert about_none == {"signs_within_neuron", "signs_across_neurons", "untrained"}


def test_dales_principle_in_name_alone_does_not_test_claim_six(tmp_path):
    config = claims_config(model={"dale_when_dense": "not_enforced"})
    found = decisions_of(tmp_path, config=config)
    assert (found["c6"].verdict, found["c6"].reason) == ("not_testable", "missing_from_grid")


def test_controls_are_known_by_their_settings_and_not_their_names(tmp_path):
    conditions = {"plain": {"training": {"data": "permuted_channels"}}}
    grid = [*CLAIMS_GRID[:-1], CLAIMS_GRID[-1] | {"condition": ["plain"]}]
    names = ids(claims_config(grid=grid, conditions=conditions))
    for side in ("mel", "standard"):
        assert f"fed_order_{side}_learned_dense_free_p0_plain_joint" in names


def test_controls_show_what_grouping_comes_from(tmp_path):
    grid = [*CLAIMS_GRID[:-1], CLAIMS_GRID[-1] | {"seeds": 10}]
    found = decisions_of(tmp_path, config=claims_config(10, grid))
    point = "learned_dense_free_p0"
    for kind, verdict in (("joint", "supported"), ("space", "undecided")):
        assert found[f"condition_grouping_{point}_shuffled_labels_{kind}"].verdict == verdict
        assert found[f"fed_order_mel_{point}_permuted_channels_{kind}"].verdict == verdict
        assert found[f"fed_order_standard_{point}_permuted_channels_{kind}"].verdict == verdict
    assert found[f"condition_accuracy_{point}_shuffled_labels"].shown.effect == pytest.approx(
        75, abs=1
    )


def test_sweeps_are_tested_on_both_sides():
    grid = [*CLAIMS_GRID[:-1], CLAIMS_GRID[-1] | {"condition": [*CONTROLS, *SWEEPS]}]
    config = claims_config(grid=grid, conditions=CONTROLS | SWEEPS)
    kinds = {
        hypothesis.terms[1].point.condition: hypothesis.kind
        for hypothesis in listed(config)
        if hypothesis.test.startswith("condition_grouping")
    }
    assert kinds == {
        "permuted_channels": "two_sided",
        "scrambled_time": "greater",
        "shuffled_labels": "greater",
        "labels_by_heart": "greater",
        "whitened": "greater",
        "l1_0_001": "two_sided",
    }


def test_the_gain_of_structure_is_tested_to_grow_with_sparsity(decisions):
    found = decisions["c2_interaction"]
    assert found.shown.effect == pytest.approx((70 - 50) - (75 - 74), abs=0.5)
    assert "interaction_fixed_deep_r_rigl_minus_learned_static_free" not in decisions


def test_weak_grouping_that_all_seeds_show_opposes_nothing(tmp_path):
    """z of about 1 in each of five seeds: below what one network could show, and not nothing."""
    world = replace(CLAIMS_HOLD, effect=0.005, effect_spread=0.0005)
    found = decisions_of(tmp_path, world, claims_config(5))
    scores = found["c4_joint"]
    assert 0 < scores.shown.low < scores.shown.high < 1.645
    assert scores.result.reversed_p < 0.05
    assert found["c4"].verdict == scores.verdict == "supported"


def test_a_table_of_grouping_from_another_grid_is_refused(tmp_path):
    few, more = claims_config(2), claims_config(3)
    write_results(tmp_path / "more", more)
    write_results(tmp_path / "few", few)
    with pytest.raises(UserError, match="seed-2"):
        results_of_tests(more, tmp_path / "more" / "runs", tmp_path / "few" / "grouping.csv")


def test_points_of_the_grid_know_their_seeds():
    grid = grid_of(claims_config(6))
    assert grid[Point("learned", "dense", "free", "0")].seeds == frozenset(range(6))
    shuffled = grid[Point("learned", "dense", "free", "0", "shuffled_labels")]
    assert (shuffled.seeds, shuffled.data) == (frozenset(range(3)), "shuffled_labels")


def test_structure_learns_delays_if_rewiring_gains_more_where_there_are_delays(tmp_path):
    """Planted: rewiring gains 20 points with fixed delays, and 5 without any."""
    accuracy = {
        ("fixed", "deep_r_rigl"): 0.7,
        ("fixed", "static_connected"): 0.5,
        ("none", "deep_r_rigl"): 0.45,
        ("none", "static_connected"): 0.4,
    }
    sparse = {"structure": ["static_connected", "deep_r_rigl"], "sparsity": ["0.9375"]}
    grid = [
        {"delays": ["none", "fixed"], **sparse, "condition": ["standard", "longer"]},
        *CLAIMS_GRID[:1],
    ]
    config = claims_config(grid=grid, conditions={"longer": {"training": {"epochs": 300}}})
    write_results(tmp_path, config, lambda run: accuracy.get((run.delays, run.structure), 0.8))
    results = results_of_tests(config, tmp_path / "runs", tmp_path / "grouping.csv")
    effects = {result.hypothesis.test: result.effect for result in results}
    for condition in ("", "_longer"):
        place = f"deep_r_rigl_free_p0_9375{condition}"
        assert effects[f"gain_fixed_{place}_minus_static_connected"] == pytest.approx(20)
        assert effects[f"gain_none_{place}_minus_static_connected"] == pytest.approx(5)
        learns = effects[f"structure_learns_delays_fixed_{place}_minus_static_connected"]
        assert learns == pytest.approx(15)

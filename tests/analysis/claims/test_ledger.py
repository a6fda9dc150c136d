"""Every verdict is computed: planted results in which claims hold, fail, or cannot be decided."""

import json
import os
import subprocess
import sys
from dataclasses import replace

import pytest
from example_results import CLAIMS_GRID, write_results
from planted_results import (
    CLAIMS_HOLD,
    LABELS_SHUFFLED,
    NOTHING_LEARNED,
    TIME_ONLY,
    claims_config,
    decisions_of,
    verdicts_of,
)

from delaynet.analysis.claims.claims import CLAIMS
from delaynet.analysis.claims.decide import decide
from delaynet.analysis.claims.ledger import FIELDS, ledger_of, write_claims
from delaynet.analysis.claims.terms import MARGIN, SHARE
from delaynet.analysis.claims.tests import results_of_tests
from delaynet.analysis.tables import read_table


def verdicts(folder, world=CLAIMS_HOLD, config=None):
    return verdicts_of(decisions_of(folder, world, config).values())


def write(folder):
    tables = folder / "tables"
    write_claims(
        folder / "config.json",
        folder / "runs",
        folder / "grouping.csv",
        tables / "tests.csv",
        folder / "claims.json",
        tables / "claims.csv",
    )
    return json.loads((folder / "claims.json").read_text())


def test_where_every_claim_holds_every_claim_is_replicated(tmp_path):
    assert verdicts(tmp_path) == dict.fromkeys(CLAIMS, ("replicated", "all_parts_supported"))


def test_networks_that_learned_nothing_change_every_verdict(tmp_path):
    """C3, no difference, is not won by chance either."""
    changed = verdicts(tmp_path, NOTHING_LEARNED)
    assert all(verdict != "replicated" for verdict, _ in changed.values())


def test_shuffled_labels_change_the_verdict_on_grouping(tmp_path):
    """Networks are grouped in time and not jointly, and more than before training."""
    found = decisions_of(tmp_path, LABELS_SHUFFLED, claims_config(8))
    parts = {test: found[test].verdict for test in ("c4_joint", "c4_untrained")}
    assert parts == {"c4_joint": "opposed", "c4_untrained": "supported"}
    assert found["time_learned_dense_free_p0"].verdict == "supported"
    changed = verdicts_of(found.values())
    assert changed["C4"] == ("not replicated", "interval_beyond_boundary")
    assert changed["C5"] == changed["C6"] == ("inconclusive", "premise_not_shown")
    assert all(verdict != "replicated" for verdict, _ in changed.values())


def test_grouping_in_time_only_is_not_claim_four(tmp_path):
    found = verdicts(tmp_path, TIME_ONLY, claims_config(8))
    assert found["C4"] == ("not replicated", "interval_beyond_boundary")
    assert found["C5"] == found["C6"] == ("inconclusive", "premise_not_shown")
    assert {claim for claim, (verdict, _) in found.items() if verdict == "replicated"} == {
        *("C1", "C2", "C3")
    }


FLOOR_GRID = [
    block | ({"sparsity": ["0.75", "0.9375", "0.984375"]} if "sparsity" in block else {})
    for block in CLAIMS_GRID
]


def test_sparsities_at_which_random_networks_reach_few_outputs_decide_nothing(tmp_path):
    """At the floor all stand at chance: a tie there is no evidence, for C3 or against C2."""
    world, config = replace(CLAIMS_HOLD, floor="0.984375"), claims_config(8, FLOOR_GRID)
    found = decisions_of(tmp_path / "random graphs fail", world, config)
    for part in ("c2_highest_sparsity", "c2_interaction", "c3_equivalence"):
        assert found[part].hypothesis.terms[0].point.sparsity == "0.9375"
    assert verdicts_of(found.values())["C2"] == ("replicated", "all_parts_supported")

    write_results(tmp_path / "connected", config, world.accuracy, world.effect_of)
    runs, grouping = tmp_path / "connected/runs", tmp_path / "connected/grouping.csv"
    decisions = decide(results_of_tests(config, runs, grouping))
    found = {decision.hypothesis.test: decision for decision in decisions}
    assert found["c2_highest_sparsity"].hypothesis.terms[0].point.sparsity == "0.984375"
    assert verdicts_of(decisions)["C2"] == ("not replicated", "interval_beyond_boundary")


def test_sparsities_without_random_networks_are_not_left_out(tmp_path):
    grid = [block for block in FLOOR_GRID if "static" not in block["structure"]]
    rewired = next(block for block in FLOOR_GRID if "static" in block["structure"])
    config = claims_config(grid=[*grid, rewired | {"structure": ["deep_r_rigl"]}])
    found = decisions_of(tmp_path, replace(CLAIMS_HOLD, floor="0.984375"), config)
    assert found["c3_equivalence"].hypothesis.terms[0].point.sparsity == "0.984375"
    assert found["c2"].reason == "missing_from_grid"


def test_no_sparsity_at_which_random_networks_reach_their_outputs_is_not_testable(tmp_path):
    grid = [
        block | ({"sparsity": ["0.984375"]} if "sparsity" in block else {}) for block in CLAIMS_GRID
    ]
    world = replace(CLAIMS_HOLD, floor="0.984375")
    found = verdicts(tmp_path, world, claims_config(grid=grid))
    assert found["C2"] == found["C3"] == ("not testable", "missing_from_grid")


def test_learned_delays_that_hurt_are_no_gain_and_no_equivalence(tmp_path):
    found = verdicts(tmp_path, replace(CLAIMS_HOLD, rewired_learned=(75, 65)))
    assert found["C3"] == ("inconclusive", "worse_beyond_margin")


PREMISE_FAILS = {
    "C3": replace(CLAIMS_HOLD, learned=70, rewired_learned=(75, 75)),
    "C5": replace(CLAIMS_HOLD, effect=0, rewired_effect=-0.03),
    "C6": replace(CLAIMS_HOLD, effect=0, dale_effect=-0.03),
}


@pytest.mark.parametrize("claim", PREMISE_FAILS)
def test_nothing_opposes_a_claim_whose_premise_is_not_shown(tmp_path, claim):
    found = decisions_of(tmp_path, PREMISE_FAILS[claim])
    opposing = [p.test for p in found[claim.lower()].hypothesis.parts if not p.is_premise]
    assert {found[test].verdict for test in opposing} == {"opposed"}
    assert verdicts_of(found.values())[claim] == ("inconclusive", "premise_not_shown")


def test_seeds_that_agree_exactly_at_the_margin_decide_nothing(tmp_path):
    """Their interval has no width."""
    found = decisions_of(tmp_path, replace(CLAIMS_HOLD, rewired_learned=(75, 71), spread=0))
    part = found["c3_equivalence"].result
    assert (part.effect, part.low, part.high) == pytest.approx((1, 1, 1))
    assert verdicts_of(found.values())["C3"][0] == "inconclusive"


def test_too_few_seeds_are_those_of_the_part_that_has_fewest(tmp_path):
    grid = [
        {"delays": ["none"], "structure": ["dense"], "seeds": 3},
        {"delays": ["fixed", "learned"], "structure": ["dense"]},
    ]
    ledger = ledger_of(decisions_of(tmp_path, config=claims_config(grid=grid)).values())
    claim = ledger["C1"]
    assert (claim["verdict"], claim["reason"]) == ("not testable", "too_few_seeds")
    assert (claim["n"], claim["p"]) == (3, None)
    assert claim["low"] < claim["effect"] < claim["high"]


def test_an_interval_alone_does_not_oppose_a_claim(tmp_path):
    """Its p is multiplied by the number of parts, and then by that of the claims."""
    found = decisions_of(tmp_path, replace(CLAIMS_HOLD, fixed=82, spread=1))
    part = found["c1_learned_fixed"].result
    assert part.high < 0
    assert 0.05 / 9 < part.reversed_p < 0.05
    assert found["c1_learned_fixed"].verdict == "opposed"
    assert found["c1"].corrected.reversed_p == pytest.approx(9 * part.reversed_p)
    assert verdicts_of(found.values())["C1"] == ("inconclusive", "reversed_p_above_level")


@pytest.mark.slow
def test_networks_that_learned_nothing_seldom_win_a_claim(tmp_path):
    """Level 0.05: over 20 draws, more than 4 would be too many (one time in 400)."""
    worlds = [replace(NOTHING_LEARNED, luck=luck) for luck in range(20)]
    found = [verdicts(tmp_path / str(world.luck), world) for world in worlds]
    for claim in CLAIMS:
        assert sum(each[claim][0] == "replicated" for each in found) <= 4, claim


def test_equal_networks_at_chance_are_no_evidence_for_claim_three(tmp_path):
    """Even if they agree within a fraction of a point: no gain can be seen in dense ones either."""
    found = decisions_of(tmp_path, replace(NOTHING_LEARNED, spread=0.1))
    assert found["c3_equivalence"].verdict == "supported"
    assert verdicts_of(found.values())["C3"] == ("inconclusive", "premise_not_shown")


NOT_REPLICATED = {
    "C1": replace(CLAIMS_HOLD, fixed=82),
    "C2": replace(CLAIMS_HOLD, static=(74, 72)),
    "C3": replace(CLAIMS_HOLD, rewired_learned=(75, 75)),
    "C4": replace(CLAIMS_HOLD, effect=0.0),
    "C5": replace(CLAIMS_HOLD, rewired_effect=0.01),
    "C6": replace(CLAIMS_HOLD, dale_effect=0.01),
}


@pytest.mark.parametrize("claim", CLAIMS)
def test_a_claim_that_fails_is_not_replicated(tmp_path, claim):
    found = verdicts(tmp_path, NOT_REPLICATED[claim], claims_config(8))
    assert found[claim] == ("not replicated", "interval_beyond_boundary")


def test_no_gain_at_high_sparsity_is_claim_two_failing_but_not_the_others(tmp_path):
    found = verdicts(tmp_path, NOT_REPLICATED["C2"])
    assert {claim for claim, (verdict, _) in found.items() if verdict != "replicated"} == {"C2"}


INCONCLUSIVE = {
    "C1": replace(CLAIMS_HOLD, fixed=79.5, spread=4),
    "C2": replace(CLAIMS_HOLD, static=(74, 69.5), spread=4),
    "C3": replace(CLAIMS_HOLD, spread=3),
    "C4": replace(CLAIMS_HOLD, effect=0.006, effect_spread=0.01),
    "C5": replace(CLAIMS_HOLD, rewired_effect=0.025, effect_spread=0.02),
    "C6": replace(CLAIMS_HOLD, dale_effect=0.025, effect_spread=0.02),
}


@pytest.mark.parametrize("claim", CLAIMS)
def test_a_claim_that_seeds_disagree_on_is_inconclusive(tmp_path, claim):
    found = verdicts(tmp_path, replace(INCONCLUSIVE[claim], luck=2))
    assert found[claim] == ("inconclusive", "interval_covers_boundary")


def without(delays, structure, signs="free"):
    """The grid of the claims less one variant."""
    grid = []
    for block in CLAIMS_GRID:
        for one_structure in block["structure"]:
            for one_delays in block["delays"]:
                kind = (one_delays, one_structure, block.get("signs", ["free"])[0])
                if kind != (delays, structure, signs):
                    grid.append(block | {"delays": [one_delays], "structure": [one_structure]})
    return grid


@pytest.mark.parametrize(
    ("left_out", "not_testable"),
    [
        (("none", "dense"), {"C1"}),
        (("learned", "static"), {"C2"}),
        (("fixed", "deep_r_rigl"), {"C2", "C3"}),
        (("learned", "deep_r_rigl"), {"C3", "C5"}),
        (("learned", "dense", "dale"), {"C6"}),
        (("learned", "dense"), {"C1", "C3", "C4", "C5", "C6"}),
    ],
)
@pytest.mark.slow
def test_what_the_grid_does_not_hold_is_not_testable(tmp_path, left_out, not_testable):
    found = verdicts(tmp_path, config=claims_config(grid=without(*left_out)))
    for claim in CLAIMS:
        expected = ("not testable", "missing_from_grid") if claim in not_testable else None
        assert found[claim] == (expected or ("replicated", "all_parts_supported")), claim


def test_one_sparsity_cannot_show_that_it_matters_less_at_a_low_one(tmp_path):
    grid = [
        block | ({"sparsity": ["0.9375"]} if "sparsity" in block else {}) for block in CLAIMS_GRID
    ]
    found = verdicts(tmp_path, config=claims_config(grid=grid))
    assert found["C2"] == ("not testable", "missing_from_grid")


@pytest.mark.parametrize(
    ("variant", "not_testable"),
    [
        ("learned-dense-free", {"C4", "C5", "C6"}),
        ("learned-deep_r_rigl-free", {"C5"}),
        ("learned-dense-dale", {"C6"}),
    ],
)
def test_too_few_pairs_are_not_testable(tmp_path, variant, not_testable):
    found = verdicts(tmp_path, replace(CLAIMS_HOLD, untestable=(variant,)))
    for claim in CLAIMS:
        assert (found[claim] == ("not testable", "too_few_pairs")) == (claim in not_testable)


@pytest.mark.parametrize("seeds", [1, 2, 4])
def test_fewer_than_five_seeds_test_nothing(tmp_path, seeds):
    found = verdicts(tmp_path, config=claims_config(seeds))
    assert found == dict.fromkeys(CLAIMS, ("not testable", "too_few_seeds"))


def test_five_seeds_that_agree_replicate_every_claim(tmp_path):
    found = verdicts(tmp_path, config=claims_config(5))
    assert found == dict.fromkeys(CLAIMS, ("replicated", "all_parts_supported"))


def test_other_conditions_decide_nothing(tmp_path):
    """All claims tested where labels are shuffled; the standard condition has no delays."""
    grid = [block | {"condition": ["shuffled_labels"]} for block in CLAIMS_GRID]
    grid.append({"delays": ["none"], "structure": ["dense"]})
    found = verdicts(tmp_path, config=claims_config(grid=grid))
    assert found == dict.fromkeys(CLAIMS, ("not testable", "missing_from_grid"))


def test_what_the_claims_say_in_words_are_the_constants_of_their_tests():
    assert (SHARE, MARGIN) == (0.5, 1.0)
    assert all("at least half" in CLAIMS[claim].statement for claim in ("C5", "C6"))
    assert "less than one point" in CLAIMS["C3"].statement


def test_the_ledger_is_written_as_json_and_as_a_table(tmp_path):
    config = claims_config(grid=without("none", "dense"))
    write_results(tmp_path, config, CLAIMS_HOLD.accuracy, CLAIMS_HOLD.effect_of)
    ledger = write(tmp_path)
    assert tuple(ledger) == tuple(CLAIMS)
    for claim, entry in ledger.items():
        assert set(entry) == set(FIELDS)
        assert entry["claim"] == claim
        assert entry["statement"].startswith(CLAIMS[claim].statement)
        at_one_sparsity = entry["statement"].endswith("Tested at a sparsity of 93.8 %.")
        assert at_one_sparsity == (claim in ("C2", "C3", "C5"))
    assert ledger["C1"]["p"] is None
    assert 0 < ledger["C4"]["p"] <= ledger["C4"]["corrected_p"] <= 0.05
    tests = read_table(tmp_path / "tables" / "tests.csv")
    assert set(FIELDS) - {"statement", "tests"} <= set(tests)
    assert {name for entry in ledger.values() for name in entry["tests"]} <= set(tests["test"])
    table = read_table(tmp_path / "tables" / "claims.csv").set_index("claim")
    assert tuple(table.reset_index()) == FIELDS
    assert table.loc["C4", "effect"] == pytest.approx(ledger["C4"]["effect"], rel=1e-5)
    assert table["verdict"].to_dict() == {c: ledger[c]["verdict"] for c in CLAIMS}


def test_the_same_results_give_the_same_bytes(tmp_path):
    write_results(tmp_path, claims_config(), CLAIMS_HOLD.accuracy, CLAIMS_HOLD.effect_of)
    written = []
    for _ in range(2):
        write(tmp_path)
        files = ["claims.json", "tables/tests.csv", "tables/claims.csv"]
        written.append([(tmp_path / file).read_bytes() for file in files])
    assert written[0] == written[1]


@pytest.mark.slow
def test_the_command_writes_all_three_files_and_says_what_is_missing(tmp_path):
    results = tmp_path / "results"
    write_results(results, claims_config(2), CLAIMS_HOLD.accuracy, CLAIMS_HOLD.effect_of)
    files = {
        "config": "config.json", "runs": "runs", "grouping": "grouping.csv",
        "tests": "tables/tests.csv", "ledger": "claims.json", "table": "tables/claims.csv",
    }  # fmt: skip
    command = [sys.executable, "-m", "delaynet", "claims"]
    for option, file in files.items():
        command += [f"--{option}", f"results/{file}"]
    subprocess.run(command, cwd=tmp_path, check=True, env=os.environ)
    for file in ("claims.json", "tables/tests.csv", "tables/claims.csv"):
        assert (results / file).exists()
    (results / "grouping.csv").unlink()
    again = subprocess.run(
        command, cwd=tmp_path, capture_output=True, encoding="utf-8", check=False
    )
    assert again.returncode == 2
    assert "results/grouping.csv" in again.stderr
    assert "Traceback" not in again.stderr

"""The claims in words: sentences and ledger follow from verdicts, and verdicts from results."""

import inspect
import json
import re
import shutil
from dataclasses import replace
from typing import get_args

import pytest
from example_results import CLAIMS_GRID, text_of, write_project
from planted_results import CLAIMS_HOLD, LABELS_SHUFFLED, claims_config, draw

from delaynet.analysis.claims import decide, tests
from delaynet.analysis.claims.decide import VERDICTS
from delaynet.config.errors import UserError
from delaynet.config.settings import TrainingSettings
from delaynet.paper.manuscript import build, list_numbers

pytestmark = pytest.mark.slow

CLAIMS = ("C1", "C2", "C3", "C4", "C5", "C6")


WORLDS = {"real": CLAIMS_HOLD, "shuffled": LABELS_SHUFFLED}


def write_world(root, world, features, config, **more):
    """Write a project with the results of a world; return folder and source."""
    outcomes = {"accuracy": world.accuracy, "effect": world.effect_of, **more}
    return root, write_project(root, config, features, **outcomes)


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory, small_features):
    """Two projects that differ in their results alone: labels with a meaning, and without."""
    return {
        kind: write_world(tmp_path_factory.mktemp(kind), world, small_features, claims_config(8))
        for kind, world in WORLDS.items()
    }


@pytest.fixture
def project(outcomes, tmp_path):
    """A copy to spoil."""
    shutil.copytree(outcomes["real"][0], tmp_path / "project")
    return tmp_path / "project"


def ledger_of(root):
    return json.loads((root / "results/claims.json").read_text())


def test_with_results_of_shuffled_labels_the_ledger_and_the_sentences_change(outcomes):
    real, shuffled = (
        [entry["verdict"] for entry in ledger_of(outcomes[kind][0]).values()] for kind in WORLDS
    )
    assert real == ["replicated"] * 6
    # their networks are grouped in time alone
    assert "replicated" not in shuffled
    assert shuffled[CLAIMS.index("C4")] == "not replicated"

    before, after = (text_of(*outcomes[kind]) for kind in WORLDS)
    for claim, verdict in zip(CLAIMS, shuffled, strict=True):
        assert f"{claim} is replicated: every part holds (" in before
        assert f"{claim} is {verdict}: " in after
    part = "mean 𝑧 of joint grouping (N7)"
    assert f"C4 is not replicated: the interval of one part ({part})" in after
    assert re.search(r"C5 is replicated: every part holds \([^)]*\), at sparsity 93.8 %\.", before)


def test_what_was_done_is_told_alike_whatever_came_out(outcomes):
    texts = [text_of(*project) for project in outcomes.values()]
    methods, others = zip(*(text.split("3 Results") for text in texts), strict=True)
    assert methods[0] == methods[1]
    assert others[0] != others[1]


def test_the_abstract_and_the_ledger_print_the_verdicts(outcomes):
    for root, source in outcomes.values():
        printed = [pair for pair in list_numbers(root, source) if pair[0].endswith(".verdict")]
        for claim, entry in ledger_of(root).items():
            assert printed.count((f"claims.{claim}.verdict", entry["verdict"])) >= 2


@pytest.mark.slow
def test_what_controls_say_follows_their_tests(tmp_path, small_features):
    """With ten seeds the tests of controls can decide; the words are those of their verdicts."""
    config = claims_config(10, [{**block, "seeds": 10} for block in CLAIMS_GRID])
    learned = {"training_accuracy": lambda run: 0.9}
    text = text_of(*write_world(tmp_path / "real", CLAIMS_HOLD, small_features, config, **learned))
    assert "joint grouping follows frequency and not the order of input channels" in text
    assert "joint grouping needs, at least in part, meaningful labels" in text
    untested = text_of(
        *write_world(
            tmp_path / "three seeds", CLAIMS_HOLD, small_features, claims_config(10), **learned
        )
    )
    sentence = "whether joint grouping needs meaningful labels could not be tested"
    assert f"{sentence}: fewer than 5 seeds in common (the mean effect is" in untested

    def turned(run, network, order, null):
        grouped = order == "fed" or run.condition == "shuffled_labels"
        return 0.05 * grouped + CLAIMS_HOLD.effect_spread * draw(run, network, order, null)

    root = tmp_path / "the other way round"
    text = text_of(root, write_project(root, config, small_features, effect=turned, **learned))
    assert "joint grouping follows the order of input channels rather than frequency" in text
    assert "joint grouping is stronger without meaningful labels, so it does not need them" in text
    opposite = r"than under the standard condition, the difference [^;]{0,90}𝑝 of the opposite <"
    assert re.search(opposite, text)


def test_controls_that_learned_nothing_are_said_to_have_learned_nothing(outcomes):
    """Their accuracy on training clips is at chance; what they pass says nothing of learning."""
    text = text_of(*outcomes["real"])
    assert "on the clips that they were trained on, less than 2 times chance" in text
    assert "nothing follows, since its networks were right for" in text
    assert "Yet they are grouped" not in text


def test_every_control_has_its_words(tmp_path, small_features):
    controls = get_args(TrainingSettings.model_fields["data"].annotation)[1:]
    grid = [*CLAIMS_GRID[:-1], CLAIMS_GRID[-1] | {"condition": list(controls)}]
    conditions = {name: {"training": {"data": name}} for name in controls}
    config = claims_config(3, grid, conditions=conditions)
    text = text_of(*write_world(tmp_path / "project", CLAIMS_HOLD, small_features, config))
    for name in controls:
        assert f"{name.capitalize().replace('_', ' ')} " in text, name
    assert "correlations of the input over channels and time" in text


@pytest.mark.parametrize(("share", "decides"), [(0.39, False), (0.41, True)])
def test_controls_that_learned_half_as_well_as_standard_networks_decide_something(
    tmp_path, small_features, share, decides
):
    """Of training clips standard networks classify 80 % correctly."""
    config = claims_config(10, [{**block, "seeds": 10} for block in CLAIMS_GRID])
    root, source = write_world(
        tmp_path / "project",
        CLAIMS_HOLD,
        small_features,
        config,
        training_accuracy=lambda run: 0.8 if run.condition == "standard" else share,
    )
    text = text_of(root, source)
    conclusion = "joint grouping needs, at least in part, meaningful labels"
    nothing = (
        f"nothing follows, since its networks were right for {100 * share:.1f} % of the clips that "
        "they were trained on, and standard networks for 80.0 %"
    )
    assert (conclusion in text) == decides
    assert (nothing in text) != decides


def test_unlearned_networks_that_are_grouped_are_no_evidence_of_learning(tmp_path, small_features):
    config = claims_config(8, [{**block, "seeds": 8} for block in CLAIMS_GRID])

    def always_grouped(run, network, order, null):
        return 0.05 + CLAIMS_HOLD.effect_spread * draw(run, network, order, null)

    source = write_project(
        tmp_path / "learned not",
        config,
        small_features,
        accuracy=CLAIMS_HOLD.accuracy,
        effect=always_grouped,
    )
    text = text_of(tmp_path / "learned not", source)
    assert "Yet they are grouped jointly, by the test of C4" in text
    assert "Passing it is therefore no evidence of learning" in text

    source = write_project(
        tmp_path / "by heart",
        config,
        small_features,
        accuracy=CLAIMS_HOLD.accuracy,
        effect=CLAIMS_HOLD.effect_of,
        training_accuracy=lambda run: 0.9,
    )
    text = text_of(tmp_path / "by heart", source)
    assert (
        "on test clips and 90.0 % on the clips that they were trained on. For grouping in space "
        "and time together" in text
    )
    assert "did not learn even" not in text and "no evidence of learning" not in text


def test_the_p_that_is_printed_bears_on_the_verdict(tmp_path, small_features):
    """Where a gain opposes C3, and at high sparsity C5 cannot be tested."""
    world = replace(
        CLAIMS_HOLD,
        rewired_learned=(75, 75),
        untestable=("learned-deep_r_rigl-free 0.9375", "fixed-deep_r_rigl-free 0.9375"),
    )
    text = text_of(*write_world(tmp_path, world, small_features, claims_config(8)))
    p = "𝑝 of equivalence = 1; 𝑝 of a gain beyond the margin < 0.001"
    assert p in text
    assert "one of the exploratory ones, finds learned delays better (𝑝 < 0.001" in text
    place = r"at sparsity 75 %, the highest that can be tested\."
    assert re.search(rf"C5 is replicated: every part holds \([^)]*\), {place}", text)
    survives = (
        "The joint grouping survives pruning and rewiring: at least half of it is left. Tested"
    )
    assert survives in text
    untested = "had too few synapses near each other to be tested."
    assert untested in text  # static networks at the same sparsity could be


def test_what_is_left_without_clamped_delays_is_told(outcomes):
    for project in outcomes.values():
        text = text_of(*project)
        assert "Without the synapses at the ends, mean effects of joint grouping" in text
        printed = {key for key, _ in list_numbers(*project)}
        for signs in ("free", "dale"):
            assert {f"interior.effects.{signs}.{of}" for of in ("inside", "of_all")} <= printed
        assert "interior.survival.effect" in printed
    real, shuffled = (text_of(*outcomes[kind]) for kind in WORLDS)
    assert "at least half of the joint grouping with free signs is left under Dale’s" in real
    assert "they are still grouped jointly, mean" in real
    assert "they are no longer grouped jointly, mean" in shuffled


REASONS = {
    "replicated": ("all_parts_supported",),
    "not replicated": ("interval_beyond_boundary",),
    "inconclusive": (
        "premise_not_shown",
        "reversed_p_above_level",
        "worse_beyond_margin",
        "p_above_level",
        "interval_covers_boundary",
    ),
    "not testable": ("missing_from_grid", "too_few_seeds", "too_few_pairs"),
}


def with_verdicts(root, verdicts):
    """Write (verdict, reason) pairs over those of the claims; return the manuscript's source."""
    path = root / "results/numbers.json"
    numbers = json.loads(path.read_text())
    for claim, (verdict, reason) in zip(CLAIMS, verdicts, strict=False):
        numbers["claims"][claim]["verdict"] |= {"value": verdict, "shown": verdict}
        numbers["claims"][claim]["reason"] = reason
    path.write_text(json.dumps(numbers))
    return root / "manuscript/paper.typ"


def test_every_verdict_and_reason_has_words_of_its_own(project):
    pairs = [(verdict, reason) for verdict, reasons in REASONS.items() for reason in reasons]
    sentences = set()
    for part in (pairs[:6], pairs[6:]):
        text = text_of(project, with_verdicts(project, part))
        for claim, (verdict, _) in zip(CLAIMS, part, strict=False):
            found = re.search(rf"{claim} is {verdict}: (.+?)[.](?!\d)", text)
            assert found, (claim, verdict)
            sentences.add(re.sub(r"\([^()]*\)|\d", "", found[1]))
    assert len(sentences) == len(pairs)


def test_these_are_all_verdicts_and_reasons_that_there_can_be():
    """Where verdicts and their reasons are made, no other words in quotes stand."""
    judging = [f for name, f in inspect.getmembers(decide) if re.match("_why|_verdict", name)]
    judging.append(tests._why_untested)
    words = set(re.findall(r'"(\w+)"', "".join(map(inspect.getsource, judging))))
    reasons = {reason for reasons in REASONS.values() for reason in reasons}
    others = {"p_within_level", "equivalence", "two_sided"}
    assert words - others - set(VERDICTS) == reasons
    assert set(REASONS) == set(VERDICTS.values())


def test_a_verdict_without_words_stops_the_build(project, tmp_path):
    source = with_verdicts(project, [("replicated", "a_new_reason")])
    with pytest.raises(UserError, match="a_new_reason"):
        build(project, source, tmp_path / "paper.pdf")


def test_controls_alone_build_too(tmp_path, small_features):
    # beside the one standard network that a grid must have
    grid = [{"delays": ["none"], "structure": ["dense"]}, *CLAIMS_GRID[-1:]]
    source = write_project(tmp_path, claims_config(2, grid), small_features)
    build(tmp_path, source, tmp_path / "paper.pdf")
    assert "not testable" in text_of(tmp_path, source)

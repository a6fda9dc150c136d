"""Verdicts follow from results alone: made-up numbers in, verdicts out."""

from dataclasses import FrozenInstanceError, replace

import pytest

from delaynet.analysis.claims import decide
from delaynet.analysis.claims.decide import VERDICTS
from delaynet.analysis.claims.terms import ACCURACY, JOINT_Z, Hypothesis, Term
from delaynet.config.grid import Point

POINT = Point("learned", "dense", "free", "0")
FIRST = Hypothesis("first", "C1", "a minus b", (Term(1, POINT, ACCURACY),), family="part")
SECOND = replace(FIRST, test="second", contrast="b minus c")
CLAIM = Hypothesis("c1", "C1", "all parts", family="accuracy", parts=(FIRST, SECOND))

HOLDS = {"n": 8, "effect": 3.0, "low": 2.0, "high": 4.0, "p": 0.004, "reversed_p": 1.0}
FAILS = {"n": 8, "effect": -3.0, "low": -4.0, "high": -2.0, "p": 1.0, "reversed_p": 0.004}
OPEN = {"n": 8, "effect": 1.0, "low": -1.0, "high": 3.0, "p": 0.2, "reversed_p": 0.8}


def decided(first, second):
    """The decisions on two parts and on the claim that both hold."""
    parts = [
        decide.TestResult(hypothesis=hypothesis, **numbers)
        for hypothesis, numbers in ((FIRST, first), (SECOND, second))
    ]
    whole = decide.TestResult(
        hypothesis=CLAIM,
        p=max(part.p for part in parts),
        reversed_p=min(1.0, *(2 * part.reversed_p for part in parts)),
    )
    return {d.hypothesis.test: d for d in decide.decide([whole, *parts])}


@pytest.mark.parametrize(
    ("second", "verdict", "reason"),
    [
        (HOLDS, "supported", "all_parts_supported"),
        (FAILS, "opposed", "interval_beyond_boundary"),
        (OPEN, "undecided", "interval_covers_boundary"),
    ],
)
def test_a_claim_is_decided_by_its_weakest_part(second, verdict, reason):
    found = decided(HOLDS, second)
    assert found["first"].verdict == "supported"
    assert (found["c1"].verdict, found["c1"].reason) == (verdict, reason)
    if second is not HOLDS:
        assert found["c1"].shown == found["second"].result


def test_weak_grouping_that_correction_leaves_open_is_not_opposed():
    """A mean z above 0 and below what one network needs; p of 0.04 becomes 0.08."""
    z = replace(FIRST, family="control", terms=(Term(1, POINT, JOINT_Z),))
    weak = {"n": 8, "effect": 0.8, "low": 0.1, "high": 1.5, "p": 0.04, "reversed_p": 0.02}
    none = {"n": 8, "effect": 0.0, "low": -1.0, "high": 1.0, "p": 1.0, "reversed_p": 0.02}
    results = [
        decide.TestResult(hypothesis=replace(z, test=test), **numbers)
        for test, numbers in (("weak", weak), ("none", none))
    ]
    found = [(decision.verdict, decision.reason) for decision in decide.decide(results)]
    assert found == [("undecided", "p_above_level"), ("opposed", "interval_beyond_boundary")]


def test_every_verdict_is_one_of_the_four():
    found = decided(HOLDS, OPEN) | {"other": decided(FAILS, HOLDS)["c1"]}
    assert {decision.verdict for decision in found.values()} <= set(VERDICTS)


def test_a_result_is_not_changed_by_its_verdict():
    result = decided(HOLDS, OPEN)["first"].result
    with pytest.raises(FrozenInstanceError):
        result.p = 0.5

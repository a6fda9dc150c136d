"""Tests over seeds: agreement with intervals and with libraries, error rates."""

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.multitest import multipletests

from delaynet.analysis.statistics import (
    all_of,
    any_of,
    benjamini_hochberg,
    equivalence,
    greater,
    holm,
    t_interval,
    two_sided,
)


def draws(n, cases=3000):
    """Values by seed, [cases, n], of means on both sides of 0 and 1."""
    rng = np.random.default_rng(n)
    return rng.normal(rng.uniform(-2, 2, (cases, 1)), rng.uniform(0.1, 2, (cases, 1)), (cases, n))


@pytest.mark.parametrize("n", [5, 6, 10, 20])
def test_p_is_below_the_level_exactly_where_the_interval_lies_on_that_side(n):
    values = draws(n)
    low, high = t_interval(values)
    for p, agrees in (
        (greater(values), low > 0),
        (greater(-values), high < 0),
        (two_sided(values), (low > 0) | (high < 0)),
        (equivalence(values, 1), (low > -1) & (high < 1)),
    ):
        assert np.array_equal(p < 0.05, agrees)
        assert 0.1 < agrees.mean() < 0.9


def test_p_are_those_of_scipys_t_test_one_sided_ones_doubled():
    values = draws(6, 50)
    theirs = stats.ttest_1samp(values, 0, axis=-1, alternative="greater").pvalue
    assert greater(values) == pytest.approx(np.minimum(1, 2 * theirs))
    assert two_sided(values) == pytest.approx(stats.ttest_1samp(values, 0, axis=-1).pvalue)
    within = np.maximum(
        stats.ttest_1samp(values, -1, axis=-1, alternative="greater").pvalue,
        stats.ttest_1samp(values, 1, axis=-1, alternative="less").pvalue,
    )
    assert equivalence(values, 1) == pytest.approx(np.minimum(1, 2 * within))


def test_p_of_one_hypothesis_by_hand():
    """Student's own table: of t with 2 degrees of freedom, 5 % lie beyond 4.303."""
    values = np.array([-1, 0, 1]) + 4.303 / np.sqrt(3)
    assert greater(values) == two_sided(values) == pytest.approx(0.05, abs=1e-4)
    assert greater(-values) == 1


def test_tests_with_as_many_seeds_can_be_made_at_once():
    values = draws(6, 7)
    for p in (greater, two_sided):
        assert p(values) == pytest.approx([p(row) for row in values])
    together = np.array(t_interval(values)).T
    assert np.array_equal(together, [t_interval(row) for row in values])


@pytest.mark.parametrize(("value", "p"), [(0.0, 1), (0.5, 0), (-0.5, 1), (0.1 + 0.2 - 0.3, 1)])
def test_equal_seeds_leave_no_doubt_unless_they_are_at_the_boundary(value, p):
    assert greater([value] * 6) == p


def test_false_positives_of_six_seeds_are_as_rare_as_the_level_says():
    """One-sided tests are made at half the level."""
    values = np.random.default_rng(6).normal(size=(20_000, 6))
    for p, level in (
        (greater(values), 0.025),
        (greater(-values), 0.025),
        (two_sided(values), 0.05),
        (equivalence(1 + 0.3 * values, 1), 0.025),
    ):
        low, high = stats.binom.interval(0.999, len(values), level)
        assert low <= (p < 0.05).sum() <= high


def test_a_true_effect_is_found():
    values = np.random.default_rng(8).normal(2, 1, (200, 6))
    assert (greater(values) <= 0.05).mean() > 0.9


def test_the_interval_is_that_of_scipys_t_test():
    values = np.random.default_rng(6).normal(1, 2, 8)
    theirs = stats.ttest_1samp(values, 0).confidence_interval(0.95)
    assert t_interval(values) == pytest.approx((theirs.low, theirs.high))


def test_one_seed_has_no_interval_and_equal_ones_one_without_width():
    assert np.isnan(t_interval([1.0])).all()
    assert t_interval([0.25, 0.25, 0.25]) == (0.25, 0.25)


@pytest.mark.parametrize("n", [2, 3, 6, 10])
def test_intervals_of_few_seeds_cover_the_mean_as_often_as_they_say(n):
    low, high = t_interval(np.random.default_rng(7).normal(size=(3000, n)))
    assert ((low <= 0) & (high >= 0)).mean() == pytest.approx(0.95, abs=0.015)


def test_equivalence_is_shown_by_differences_that_are_all_within_the_margin():
    assert equivalence([0.1, -0.2, 0.3, 0.0, 0.2, -0.1], 1) < 0.001
    assert equivalence([0.1, -0.2, 0.3, 0.0, 0.2, -0.1], 0.01) == 1
    assert equivalence([2.0, 2.1, 1.9, 2.2, 2.0, 1.8], 1) == 1


def test_all_parts_hold_at_the_level_of_the_weakest():
    assert all_of([0.01, 0.04, 0.02]) == 0.04
    assert np.isnan(all_of([0.01, np.nan]))


def test_one_of_four_parts_is_opposed_no_more_often_than_its_p_says():
    """Without the factor of four it would be, nearly four times as often."""
    values = np.random.default_rng(3).normal(size=(2000, 4, 6))
    parts = greater(values)  # [cases, 4]
    assert (parts.min(axis=1) <= 0.05).mean() > 3 * 0.025
    corrected = np.array([any_of(case) for case in parts])
    for level in (0.05, 0.1, 0.2):
        assert (corrected <= level).mean() <= level / 2 + 0.01
    assert any_of([0.5, 0.6, 0.7]) == 1
    assert np.isnan(any_of([0.01, np.nan]))


def test_holm_by_hand():
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])


@pytest.mark.parametrize(("ours", "method"), [(holm, "holm"), (benjamini_hochberg, "fdr_bh")])
def test_corrections_are_those_of_statsmodels_and_leave_out_what_has_no_p(ours, method):
    ps = np.random.default_rng(2).uniform(0, 0.1, 20)
    expected = multipletests(ps, method=method)[1]
    assert ours(ps) == pytest.approx(expected)
    with_gap = ours([*ps[:10], np.nan, *ps[10:]])
    assert np.isnan(with_gap[10])
    assert np.delete(with_gap, 10) == pytest.approx(expected)
    assert np.isnan(ours([np.nan])).all()

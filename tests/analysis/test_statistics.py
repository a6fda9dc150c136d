"""Exact tests over seeds: values by hand, agreement with libraries, error rates."""

from itertools import product

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.multitest import multipletests

from delaynet.analysis.statistics import (
    all_of,
    any_of,
    benjamini_hochberg,
    equivalence,
    holm,
    sign_flip,
    smallest_p,
    t_interval,
)


def enumerated(values, alternative):
    """p over all signs, in whole numbers."""
    sums = [int(np.dot(signs, values)) for signs in product((-1, 1), repeat=len(values))]
    greater = np.mean([total >= sum(values) for total in sums])
    less = np.mean([total <= sum(values) for total in sums])
    return {"greater": greater, "less": less, "two-sided": min(1, 2 * min(greater, less))}[
        alternative
    ]


@pytest.mark.parametrize(
    ("values", "p"),
    [
        ([1, 2, 3], 1 / 8),
        ([-1, -2, -3], 1),
        ([1, 1, -1], 4 / 8),  # three other orders of the signs tie with it
        ([3, 2, -1], 2 / 8),
        ([0, 0, 0], 1),
        ([0, 1], 1 / 2),
    ],
)
def test_sign_flip_of_few_seeds_is_what_counting_gives(values, p):
    assert sign_flip(values) == p


@pytest.mark.parametrize("alternative", ["greater", "less", "two-sided"])
@pytest.mark.parametrize("n", [2, 3, 5, 6, 10])
def test_sign_flip_counts_all_signs_and_all_ties(n, alternative):
    values = np.random.default_rng(n).integers(-3, 8, n)
    assert sign_flip(values, alternative) == enumerated(values, alternative)
    # tenths are not exact in binary: their ties must not be lost to rounding
    assert sign_flip(values / 10, alternative) == enumerated(values, alternative)


def test_sign_flip_is_scipys_permutation_test_where_nothing_ties():
    values = np.random.default_rng(3).normal(0.5, 1, 9)
    theirs = stats.permutation_test(
        (values,), np.mean, permutation_type="samples", alternative="greater", n_resamples=512
    )
    assert sign_flip(values) == theirs.pvalue


def test_tests_with_as_many_seeds_can_be_made_at_once():
    values = np.random.default_rng(4).normal(0.5, 1, (7, 6))
    assert np.array_equal(sign_flip(values), [sign_flip(row) for row in values])
    together = np.array(t_interval(values)).T
    assert np.array_equal(together, [t_interval(row) for row in values])


def test_beyond_sixteen_seeds_signs_are_drawn_and_give_the_same_p_again():
    values = np.random.default_rng(5).normal(0.4, 1, 20)
    p = sign_flip(values)
    assert p == sign_flip(values)
    normal = stats.norm.sf(values.sum() / np.sqrt((values**2).sum()))
    assert p == pytest.approx(normal, abs=0.01)
    assert sign_flip(np.ones(20)) == smallest_p(20)


@pytest.mark.parametrize("n", [2, 3, 6, 10, 16])
def test_the_smallest_p_is_that_of_seeds_that_all_agree(n):
    values = np.arange(1, n + 1)
    assert sign_flip(values) == smallest_p(n) == 1 / 2**n
    assert sign_flip(values, "two-sided") == smallest_p(n, two_sided=True)


@pytest.mark.parametrize("n", [5, 6, 10])
@pytest.mark.parametrize("draw", ["normal", "laplace", "standard_cauchy"])
def test_false_positives_are_as_rare_as_the_level_says(n, draw):
    """Exact under symmetry, whatever the tails: p is uniform on its 2^n steps."""
    values = getattr(np.random.default_rng(n), draw)(size=(2000, n))
    level = np.floor(0.05 * 2**n) / 2**n
    rejected = int((sign_flip(values) <= 0.05).sum())
    low, high = stats.binom.interval(0.999, 2000, level)
    assert low <= rejected <= high


def test_a_true_effect_is_found():
    values = np.random.default_rng(8).normal(2, 1, (200, 6))
    assert (sign_flip(values) <= 0.05).mean() > 0.9


def test_one_seed_cannot_be_tested():
    with pytest.raises(ValueError):
        sign_flip([1.0])


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
    assert equivalence([0.1, -0.2, 0.3, 0.0, 0.2, -0.1], 1) == 1 / 64
    assert equivalence([0.1, -0.2, 0.3, 0.0, 0.2, -0.1], 0.01) > 0.05
    assert equivalence([2.0, 2.1, 1.9, 2.2, 2.0, 1.8], 1) == 1


def test_equivalence_at_the_margin_is_claimed_as_seldom_as_the_level_says():
    values = np.random.default_rng(9).normal(1, 0.3, (2000, 6))
    claimed = int((equivalence(values, 1) <= 0.05).sum())
    assert claimed <= stats.binom.ppf(0.999, 2000, 0.05)


def test_all_parts_hold_at_the_level_of_the_weakest():
    assert all_of([0.01, 0.04, 0.02]) == 0.04
    assert np.isnan(all_of([0.01, np.nan]))


def test_one_of_four_parts_is_opposed_no_more_often_than_its_p_says():
    """Without the factor of four, p of 1/64 would come up in 6 % of cases."""
    values = np.random.default_rng(3).normal(size=(2000, 4, 6))
    parts = sign_flip(values)  # [cases, 4]
    smallest = parts.min(axis=1)
    assert (smallest <= 1 / 64).mean() > 3 / 64
    corrected = np.array([any_of(case) for case in parts])
    for level in (1 / 16, 1 / 8, 1 / 4):
        assert (corrected <= level).mean() <= level + 0.01
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

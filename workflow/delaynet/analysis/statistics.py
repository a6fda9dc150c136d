"""Inference over seeds: exact tests, intervals, corrections. Pure functions, one value a seed.

The seed is the unit. The last axis is the seeds, [..., n]; leading axes are tests with the same
seeds. Statistics come from scipy, Holm's correction from statsmodels.

    sign-flip          under the null hypothesis a value and its negative are equally likely; p is
                       the share of all 2^n sign patterns whose sum reaches the observed one
                       (Fisher 1935, The Design of Experiments, section 21)
    interval           of Student's t distribution
    two one-sided tests, equivalence      Schuirmann 1987, J. Pharmacokinet. Biopharm. 15, 657-680
    intersection-union                    Berger 1982, Technometrics 24, 295-300
    Holm                                  Holm 1979, Scand. J. Stat. 6, 65-70
    Benjamini-Hochberg                    Benjamini & Hochberg 1995, J. R. Stat. Soc. B 57, 289-300
"""

from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

Array = NDArray[np.float64]
Alternative = Literal["greater", "less", "two-sided"]

CONFIDENCE = 0.95
# Sign-flips: all of them up to 16 seeds, this number at random beyond.
FLIPS = 2**16
SEED = 0
# Numbers in memory while resampling.
VALUES_AT_ONCE = 2**22
# Sums that agree to so many decimals, relative to the largest value, are ties.
DECIMALS = 9


def sign_flip(values: ArrayLike, alternative: Alternative = "greater") -> Array:
    """Return p of a sign-flip test that values are symmetric about 0, [...].

    Exact up to 16 seeds; beyond, 65,536 random flips, seeded. Ties count as reaching the observed
    sum; two-sided p is twice the smaller one-sided p, at most 1.

    Args:
        values: one a seed, [..., n].
        alternative: on which side of 0 the mean is under the alternative hypothesis.

    Raises:
        ValueError: fewer than two seeds.
    """
    values = np.asarray(values, float)
    largest = np.abs(values).max(axis=-1, keepdims=True)
    scaled = np.divide(values, largest, out=np.zeros_like(values), where=largest > 0)
    result = stats.permutation_test(
        (scaled,),
        lambda flipped, axis: np.round(flipped.sum(axis), DECIMALS),
        permutation_type="samples",
        vectorized=True,
        n_resamples=FLIPS,
        batch=max(1, VALUES_AT_ONCE // values.size),
        alternative=alternative,
        axis=-1,
        rng=np.random.default_rng(SEED),
    )
    return np.asarray(result.pvalue, float)


def smallest_p(n: int, two_sided: bool = False) -> float:
    """Return the smallest p that a sign-flip test of n seeds can give: one-sided 1 / 2^n."""
    one_sided = 1 / 2**n if 2**n <= FLIPS else 1 / (1 + FLIPS)
    return min(1.0, one_sided * (1 + two_sided))


def t_interval(values: ArrayLike) -> tuple[Array, Array]:
    """Return low and high, [...] each, of the mean's 95 % interval of Student's t distribution.

    Args:
        values: one a seed, [..., n].

    Returns:
        NaN for one seed.
    """
    values = np.asarray(values, float)
    n, mean = values.shape[-1], values.mean(axis=-1)
    if n == 1:
        return np.full(mean.shape, np.nan), np.full(mean.shape, np.nan)
    half = stats.t.ppf((1 + CONFIDENCE) / 2, n - 1) * stats.sem(values, axis=-1)
    return mean - half, mean + half


def equivalence(differences: ArrayLike, margin: float) -> Array:
    """Return p of two one-sided sign-flip tests that the mean lies within (-margin, margin), [...].

    The larger of the two p (Schuirmann 1987).

    Args:
        differences: one a seed, [..., n].
        margin: in the differences' unit.
    """
    differences = np.asarray(differences, float)
    above = sign_flip(differences + margin, "greater")
    below = sign_flip(differences - margin, "less")
    return np.maximum(above, below)


def all_of(ps: ArrayLike) -> float:
    """Return p of an intersection-union test, that all parts hold: the largest p (Berger 1982).

    NaN if a part has no p. It needs no correction for the number of parts.
    """
    return float(np.max(np.asarray(ps, float)))


def any_of(ps: ArrayLike) -> float:
    """Return p of the test that at least one part holds: the smallest p times their number.

    At most 1 (Bonferroni). NaN if a part has no p.
    """
    ps = np.asarray(ps, float)
    return float(np.minimum(1, ps.size * ps.min()))


def holm(ps: ArrayLike) -> Array:
    """Return p corrected by Holm for the tests that have one, [tests]; NaN stays NaN."""
    # imported here: it takes a second, and figures and tables need only constants of this module
    from statsmodels.stats.multitest import multipletests

    corrected = np.array(ps, float)
    has_p = ~np.isnan(corrected)
    if has_p.any():
        corrected[has_p] = multipletests(corrected[has_p], method="holm")[1]
    return corrected


def benjamini_hochberg(ps: ArrayLike) -> Array:
    """Return p corrected by Benjamini & Hochberg as `holm` does, [tests]; NaN stays NaN."""
    corrected = np.array(ps, float)
    has_p = ~np.isnan(corrected)
    if has_p.any():
        corrected[has_p] = stats.false_discovery_control(corrected[has_p], method="bh")
    return corrected

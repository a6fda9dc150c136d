"""Inference over seeds: tests, intervals, corrections.

Values are [..., n]: the last axis is the seeds, leading axes are tests with the same seeds.

    tests, intervals   of Student's t distribution. The p of a one-sided test is doubled, so it is
                       below 0.05 exactly if the 95 % interval lies on that side. One-sided tests
                       are thus made at half the level (ICH E9, 1998, section 5.5)
    two one-sided tests, equivalence      Schuirmann 1987, J. Pharmacokinet. Biopharm. 15, 657-680
    intersection-union                    Berger 1982, Technometrics 24, 295-300
    Holm                                  Holm 1979, Scand. J. Stat. 6, 65-70
    Benjamini-Hochberg                    Benjamini & Hochberg 1995, J. R. Stat. Soc. B 57, 289-300
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

Array = NDArray[np.float64]

CONFIDENCE = 0.95
# Values are rounded: equal differences of decimals differ in binary, and would give a small p.
DECIMALS = 12


def greater(values: ArrayLike) -> Array:
    """Return p of the test that the mean is above 0, [...]: twice the one-sided p, at most 1.

    It takes at least two values. If all are equal, p is 0, or 1 if they are not above 0.
    """
    values = np.round(np.asarray(values, float), DECIMALS)
    mean, error = values.mean(axis=-1), _standard_error(values)
    with np.errstate(divide="ignore"):
        t = np.divide(mean, error, out=np.zeros_like(mean), where=mean != 0)
    p: Array = 2 * special.stdtr(values.shape[-1] - 1, -t)
    return np.minimum(1, p)


def _standard_error(values: Array) -> Array:
    """Return the standard error of the mean, [...]."""
    error: Array = values.std(axis=-1, ddof=1) / np.sqrt(values.shape[-1])
    return error


def two_sided(values: ArrayLike) -> Array:
    """Return p of the test that the mean is not 0, [...]; see `greater`."""
    values = np.asarray(values, float)
    return np.minimum(greater(values), greater(-values))


def equivalence(differences: ArrayLike, margin: float) -> Array:
    """Return p of two one-sided tests that the mean lies within (-margin, margin), [...].

    It is the larger of the two p of `greater` (Schuirmann 1987).
    """
    differences = np.asarray(differences, float)
    return np.maximum(greater(margin + differences), greater(margin - differences))


def t_interval(values: ArrayLike) -> tuple[Array, Array]:
    """Return low and high end of the mean's 95 % interval, [...] each; NaN for one seed."""
    values = np.asarray(values, float)
    n, mean = values.shape[-1], values.mean(axis=-1)
    if n == 1:
        return np.full(mean.shape, np.nan), np.full(mean.shape, np.nan)
    half = special.stdtrit(n - 1, (1 + CONFIDENCE) / 2) * _standard_error(values)
    return mean - half, mean + half


def all_of(ps: ArrayLike) -> float:
    """Return p of the intersection-union test that all parts hold: the largest p (Berger 1982).

    NaN if a part has no p.
    """
    return float(np.max(np.asarray(ps, float)))


def any_of(ps: ArrayLike) -> float:
    """Return p of the test that at least one part holds: the smallest p by Bonferroni.

    NaN if a part has no p.
    """
    ps = np.asarray(ps, float)
    return float(np.minimum(1, ps.size * ps.min()))


def holm(ps: ArrayLike) -> Array:
    """Return p corrected by Holm, [tests]; tests without p, NaN, do not count and stay NaN."""
    # imported here, as that takes a second
    from statsmodels.stats.multitest import multipletests

    corrected = np.array(ps, float)
    has_p = ~np.isnan(corrected)
    if has_p.any():
        corrected[has_p] = multipletests(corrected[has_p], method="holm")[1]
    return corrected


def benjamini_hochberg(ps: ArrayLike) -> Array:
    """Return p corrected by Benjamini & Hochberg, [tests]; NaN as in `holm`."""
    from scipy import stats

    corrected = np.array(ps, float)
    has_p = ~np.isnan(corrected)
    if has_p.any():
        corrected[has_p] = stats.false_discovery_control(corrected[has_p], method="bh")
    return corrected

"""Inference over seeds: tests, intervals, corrections. Pure functions, one value a seed.

The seed is the unit. The last axis is the seeds, [..., n]; leading axes are tests with the same
seeds. Statistics come from scipy, Holm's correction from statsmodels.

    tests, intervals   of Student's t distribution. The p of a one-sided test is doubled, so that it
                       is below 0.05 exactly where the 95 % interval lies on that side. One-sided
                       tests are thus made at half the level (ICH E9, 1998, section 5.5)
    two one-sided tests, equivalence      Schuirmann 1987, J. Pharmacokinet. Biopharm. 15, 657-680
    intersection-union                    Berger 1982, Technometrics 24, 295-300
    Holm                                  Holm 1979, Scand. J. Stat. 6, 65-70
    Benjamini-Hochberg                    Benjamini & Hochberg 1995, J. R. Stat. Soc. B 57, 289-300
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

Array = NDArray[np.float64]

CONFIDENCE = 0.95
# Equal differences of decimals differ in binary after as many digits, and would be a small p.
DECIMALS = 12


def greater(values: ArrayLike) -> Array:
    """Return p of the test that the mean is above 0, [...]: twice the one-sided p, at most 1.

    Of at least two values, [..., n]. Where all are equal, p is 0, or 1 if they are not above 0.
    """
    values = np.round(np.asarray(values, float), DECIMALS)
    mean, error = values.mean(axis=-1), stats.sem(values, axis=-1)
    with np.errstate(divide="ignore"):
        t = np.divide(mean, error, out=np.zeros_like(mean), where=mean != 0)
    p: Array = 2 * stats.t.sf(t, values.shape[-1] - 1)
    return np.minimum(1, p)


def two_sided(values: ArrayLike) -> Array:
    """Return p of the test that the mean is not 0, [...], of values as in `greater`."""
    values = np.asarray(values, float)
    return np.minimum(greater(values), greater(-values))


def equivalence(differences: ArrayLike, margin: float) -> Array:
    """Return p of two one-sided tests that the mean lies within (-margin, margin), [...].

    The larger of the two p of `greater` (Schuirmann 1987). The differences are [..., n].
    """
    differences = np.asarray(differences, float)
    return np.maximum(greater(margin + differences), greater(margin - differences))


def t_interval(values: ArrayLike) -> tuple[Array, Array]:
    """Return low and high, [...] each, of the mean's 95 % interval of Student's t distribution.

    Of values [..., n]; NaN for one seed.
    """
    values = np.asarray(values, float)
    n, mean = values.shape[-1], values.mean(axis=-1)
    if n == 1:
        return np.full(mean.shape, np.nan), np.full(mean.shape, np.nan)
    half = stats.t.ppf((1 + CONFIDENCE) / 2, n - 1) * stats.sem(values, axis=-1)
    return mean - half, mean + half


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

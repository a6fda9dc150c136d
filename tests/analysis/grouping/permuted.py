"""Every measure of every permutation, computed one by one: what `draws` is compared with."""

import numpy as np

from delaynet.analysis.grouping.measures import Measures, measures_of
from delaynet.analysis.grouping.nulls import TESTED_BY
from delaynet.analysis.grouping.permutations import permutations_of
from delaynet.analysis.grouping.points import MarkedPoints


def permuted_measures(points: MarkedPoints, null: str, permutations: int, seed: int) -> Measures:
    """Return all measures under a null model, each [permutations, ...].

    What the null model cannot test is not a number. Arguments as `permutations_of`.
    """
    nearest = null in TESTED_BY["nearest_excess"]
    chunks = permutations_of(points, null, permutations, seed)
    parts = [measures_of(points, sign, delay, nearest) for sign, delay in chunks]
    stacked = Measures(*map(np.concatenate, zip(*parts, strict=True)))
    untested = [name for name, nulls in TESTED_BY.items() if null not in nulls]
    return stacked._replace(
        **{name: np.full_like(getattr(stacked, name), np.nan) for name in untested}
    )

"""Draws: measures of networks permuted by null models."""

from collections.abc import Mapping

import numpy as np

from delaynet.analysis.grouping.measures import MEASURES, Array
from delaynet.analysis.grouping.nulls import TESTED_BY
from delaynet.analysis.grouping.permutations import permutations_of
from delaynet.analysis.grouping.points import MarkedPoints

# a measure and a null model
Test = tuple[str, str]


def draws(points: MarkedPoints, wanted: Mapping[Test, int], seed: int) -> dict[Test, Array]:
    """Return the draws of each test, [permutations]; for the correlogram [.., lags, lags].

    `wanted` is their number, by measure (of `grouping.measures.MEASURES`) and null model.

    Raises:
        ValueError: a null model cannot test a measure.
    """
    for measure, null in wanted:
        if null not in TESTED_BY[measure]:
            raise ValueError(f"{null} cannot test {measure}")
    parts: dict[Test, list[Array]] = {test: [] for test in wanted}
    for null in dict.fromkeys(null for _, null in wanted):
        tests = {test: permutations for test, permutations in wanted.items() if test[1] == null}
        done = 0
        for sign, delay in permutations_of(points, null, max(tests.values()), seed):
            for test, permutations in tests.items():
                if done < permutations:
                    drawn = MEASURES[test[0]](points, sign, delay)
                    parts[test].append(drawn[: permutations - done])
            done += sign.shape[1]
    return {test: np.concatenate(of_chunks) for test, of_chunks in parts.items()}

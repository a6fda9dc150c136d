"""All measures that a null model can test, of every permutation."""

from delaynet.analysis.grouping.draws import draws
from delaynet.analysis.grouping.measures import MEASURES
from delaynet.analysis.grouping.nulls import NULLS, TESTED_BY
from delaynet.analysis.grouping.points import MarkedPoints

PERMUTING = tuple(name for name, null in NULLS.items() if null.permutes)


def permuted_measures(points: MarkedPoints, null: str, permutations: int, seed: int) -> dict:
    """Return measures under a null model by name, each [permutations, ...]."""
    wanted = {(measure, null): permutations for measure in MEASURES if null in TESTED_BY[measure]}
    return {measure: of for (measure, _), of in draws(points, wanted, seed).items()}

"""The claims C1 to C6, and the tests that decide them, each an intersection-union of parts."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from delaynet.analysis.claims.terms import (
    JOINT_EFFECT,
    JOINT_Z,
    REACHED_SHARE,
    Family,
    Grid,
    Hypothesis,
    Quantity,
    Term,
    difference,
    minus,
    remaining,
    shared_sparsities,
)
from delaynet.analysis.grouping.nulls import UNTRAINED
from delaynet.config.grid import Point

# A sparsity that no point of a grid has, for hypotheses that cannot be tested in it.
NOWHERE = ""
DENSE = Point("learned", "dense", "free", "0")


@dataclass(frozen=True)
class Claim:
    """A claim in words.

    Attributes:
        title: its subject.
        restated: the publication's claim in our words.
        tested: the statement that is tested, if it is another one.
    """

    title: str
    restated: str
    tested: str = ""

    @property
    def statement(self) -> str:
        """What is tested."""
        return self.tested or self.restated


CLAIMS = {
    "C1": Claim(
        "learned, fixed and no delays",
        "With fixed connectivity, learning delays beats fixed random delays, and both beat no "
        "delays.",
    ),
    "C2": Claim(
        "structure against delays",
        "At high sparsity, learning the structure beats learning the delays; at low sparsity it "
        "matters little.",
        "At high sparsity, learning the structure beats learning the delays, and by more than at "
        "low sparsity.",
    ),
    "C3": Claim(
        "both together",
        "Once the structure is learned, the gain from also learning delays is not obvious.",
        "Once the structure is learned, also learning delays changes accuracy by less than one "
        "point.",
    ),
    "C4": Claim(
        "grouping after training",
        "After training, excitation and inhibition are grouped in space (input channel) and in "
        "time (delay).",
        "After training, excitation and inhibition are grouped in channel and delay together, "
        "beyond grouping by channel alone and by delay alone.",
    ),
    "C5": Claim(
        "grouping after rewiring",
        "The grouping survives pruning and rewiring.",
        "The joint grouping survives pruning and rewiring: at least half of it is left.",
    ),
    "C6": Claim(
        "grouping under Dale's principle",
        "The grouping survives Dale's principle.",
        "The joint grouping survives Dale's principle: at least half of it is left.",
    ),
}

Testable = Callable[[Point], bool]


def hypotheses_of_claims(
    grid: Grid, is_testable: Testable, reached: Mapping[str, float]
) -> list[Hypothesis]:
    """Return the tests of C1 to C6, in this order, for any grid.

    `is_testable` says whether the networks of all seeds at a point have enough pairs of synapses;
    `reached` is `cells.reached_shares`.
    """
    return [
        _all_of("C1", "accuracy", _learning_delays_wins()),
        _all_of("C2", "accuracy", _structure_beats_delays(grid, reached)),
        _all_of("C3", "accuracy", _no_gain_once_rewired(grid, reached)),
        _all_of("C4", "confirmatory", _is_grouped()),
        _all_of("C5", "confirmatory", _survives_rewiring(grid, is_testable)),
        _all_of("C6", "confirmatory", _survives_dale(grid)),
    ]


def _all_of(claim: str, family: Family, parts: list[Hypothesis]) -> Hypothesis:
    of_claim = tuple(replace(part, family="part") for part in parts)
    return Hypothesis(claim.lower(), claim, "all parts", family=family, parts=of_claim)


def _learning_delays_wins() -> list[Hypothesis]:
    """C1, in dense networks: learned beats fixed, and both beat none."""
    return [
        Hypothesis(
            f"c1_{better}_{worse}",
            "C1",
            f"{better}-dense minus {worse}-dense",
            difference(DENSE._replace(delays=better), DENSE._replace(delays=worse)),
        )
        for better, worse in (("learned", "fixed"), ("learned", "none"), ("fixed", "none"))
    ]


def _connected_sparsities(grid: Grid, reached: Mapping[str, float], *points: Point) -> list[str]:
    """Return the shared sparsities at which inputs reach the outputs of random static networks.

    The share must be at least `REACHED_SHARE`; sparsities without such networks are included.
    """
    shared = shared_sparsities(grid, *points)
    return [sparsity for sparsity in shared if reached.get(sparsity, 1.0) >= REACHED_SHARE]


def _structure_beats_delays(grid: Grid, reached: Mapping[str, float]) -> list[Hypothesis]:
    """C2: learned structure beats learned delays at the highest sparsity, and less at the lowest.

    The sparsities are those of `_connected_sparsities`.
    """
    rewired = Point("fixed", "deep_r_rigl", "free", NOWHERE)
    static = Point("learned", "static", "free", NOWHERE)
    sparsities = _connected_sparsities(grid, reached, rewired, static)
    lowest = sparsities[0] if len(sparsities) > 1 else NOWHERE
    highest = sparsities[-1] if sparsities else NOWHERE
    high, low = (
        difference(rewired._replace(sparsity=sparsity), static._replace(sparsity=sparsity))
        for sparsity in (highest, lowest)
    )
    contrast = "fixed-deep_r_rigl minus learned-static"
    more = f"{contrast}, highest minus lowest sparsity"
    return [
        Hypothesis("c2_highest_sparsity", "C2", contrast, high),
        Hypothesis("c2_interaction", "C2", more, minus(high, low)),
    ]


def _no_gain_once_rewired(grid: Grid, reached: Mapping[str, float]) -> list[Hypothesis]:
    """C3: once the structure is learned, learned and fixed delays are equivalent.

    It is tested at the highest of `_connected_sparsities`. Premise: in dense networks learned
    delays are better.
    """
    learned = Point("learned", "deep_r_rigl", "free", NOWHERE)
    fixed = learned._replace(delays="fixed")
    highest = [NOWHERE, *_connected_sparsities(grid, reached, learned, fixed)][-1]
    sides = difference(learned._replace(sparsity=highest), fixed._replace(sparsity=highest))
    gain = difference(DENSE, DENSE._replace(delays="fixed"))
    contrast, premise = (f"learned-{s} minus fixed-{s}" for s in ("deep_r_rigl", "dense"))
    return [
        Hypothesis("c3_equivalence", "C3", contrast, sides, "equivalence"),
        Hypothesis("c3_premise", "C3", premise, gain, is_premise=True),
    ]


def _is_grouped() -> list[Hypothesis]:
    """C4: signs depend on channel and delay together, and training increases grouping."""
    joint = f"{DENSE.variant} against {JOINT_Z.null}"
    more = f"{DENSE.variant} against {UNTRAINED}"
    untrained = Quantity("effect", "morans_i", UNTRAINED)
    return [
        Hypothesis("c4_joint", "C4", joint, (Term(1, DENSE, JOINT_Z),)),
        Hypothesis("c4_untrained", "C4", more, (Term(1, DENSE, untrained),)),
    ]


def _survives_rewiring(grid: Grid, is_testable: Testable) -> list[Hypothesis]:
    """C5: half of the dense effect is left after rewiring, at the highest testable sparsity."""
    structures = {
        point.structure for point in grid if point.delays == "learned" and point.signs == "free"
    }
    rewired = "deep_r_rigl" if "deep_r_rigl" in structures else "deep_r"
    rewired_point = Point("learned", rewired, "free", NOWHERE)
    points = [rewired_point._replace(sparsity=s) for s in shared_sparsities(grid, rewired_point)]
    testable = [point for point in points if is_testable(point)]
    point = [rewired_point, *points, *testable][-1]
    return _survives("C5", point)


def _survives_dale(grid: Grid) -> list[Hypothesis]:
    """C6: half of the dense effect is left under Dale's principle."""
    point = DENSE._replace(signs="dale")
    if point in grid and not grid[point].obeys_dale:  # `model.dale_when_dense` is `not_enforced`
        point = point._replace(sparsity=NOWHERE)
    return _survives("C6", point)


def _survives(claim: str, point: Point) -> list[Hypothesis]:
    """Return the parts of "survives": half of the dense effect is left, and there is an effect."""
    name = claim.lower()
    return [
        Hypothesis(
            f"{name}_joint",
            claim,
            f"{point.variant} minus half of {DENSE.variant}, joint grouping",
            remaining(point, DENSE, JOINT_EFFECT),
        ),
        Hypothesis(
            f"{name}_premise",
            claim,
            f"{DENSE.variant}, joint grouping",
            (Term(1, DENSE, JOINT_EFFECT),),
            is_premise=True,
        ),
    ]

"""All other tests: controls, and every further contrast in the grid."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from delaynet.analysis.claims.claims import DENSE
from delaynet.analysis.claims.terms import (
    ACCURACY,
    Facts,
    Family,
    Grid,
    Hypothesis,
    Kind,
    Quantity,
    Term,
    difference,
    name_of,
    name_of_point,
    nulls_at,
    remaining,
    shared_sparsities,
)
from delaynet.analysis.grouping.grouping import INTERIOR
from delaynet.analysis.grouping.nulls import TESTED_BY, UNTRAINED, WITHIN_NEURONS
from delaynet.analysis.tables import CONTRASTS, Contrast
from delaynet.config.grid import STANDARD, Point

# The null models for controls: signs depend on channels beyond delays, and on delays beyond
# channels. Signs permuted within a neuron mix the two.
BY_CHANNEL, IN_DELAY = "channels_within_neuron", "delays_within_neuron"
NULLS_OF_CONTROLS = (BY_CHANNEL, IN_DELAY)
# Training data without anything to group signs by.
NOTHING_TO_GROUP_BY = ("scrambled_time", "shuffled_labels")
OTHER_MEASURES = ("join_excess", "nearest_excess", "clustering")


def exploratory_hypotheses(grid: Grid, decided: Sequence[Hypothesis]) -> list[Hypothesis]:
    """Return the hypotheses on controls and the exploratory ones of a grid.

    Args:
        grid: the points of the grid.
        decided: hypotheses that decide claims; they are left out.
    """
    decided_statements = {_tested_statement(hypothesis) for hypothesis in decided}
    return [h for h in _all_hypotheses(grid) if _tested_statement(h) not in decided_statements]


def _tested_statement(hypothesis: Hypothesis) -> tuple[tuple[Term, ...], bool]:
    return hypothesis.terms, hypothesis.kind == "equivalence"


def _all_hypotheses(grid: Grid) -> list[Hypothesis]:
    return [
        *_accuracies(grid),
        *_growth_with_sparsity(grid),
        *_scores(grid),
        *_changes(grid),
        *_survivals(grid),
        *_without_clamped_delays(grid),
        *_learned_delays(grid),
        *_conditions(grid),
        *_fed_orders(grid),
    ]


def _sides(contrast: Contrast, signs: str, sparsity: str = "") -> tuple[Point, Point]:
    minuend, subtrahend = contrast.minuend, contrast.subtrahend
    return Point(*minuend, signs, sparsity), Point(*subtrahend, signs, sparsity)


def _accuracies(grid: Grid) -> Iterator[Hypothesis]:
    """Yield the contrasts of accuracy of C1 to C3; those of C3 as equivalence too."""
    for contrast in CONTRASTS:
        for signs in ("free", "dale"):
            for sparsity in shared_sparsities(grid, *_sides(contrast, signs)):
                terms = difference(*_sides(contrast, signs, sparsity))
                name = name_of((contrast.name, signs, f"p{sparsity}"))
                plain = Hypothesis(
                    f"accuracy_{name}",
                    "exploratory",
                    contrast.claim,
                    contrast.name,
                    terms,
                    "two_sided",
                )
                yield plain
                if contrast.claim == "C3":
                    yield replace(plain, test=f"equivalence_{name}", kind="equivalence")


def _growth_with_sparsity(grid: Grid) -> Iterator[Hypothesis]:
    """Yield C2's contrasts at the highest sparsity minus the lowest."""
    for contrast in (contrast for contrast in CONTRASTS if contrast.claim == "C2"):
        for signs in ("free", "dale"):
            sparsities = shared_sparsities(grid, *_sides(contrast, signs))
            if len(sparsities) < 2:
                continue
            low = difference(*_sides(contrast, signs, sparsities[0]))
            high = difference(*_sides(contrast, signs, sparsities[-1]))
            yield Hypothesis(
                name_of(("interaction", contrast.name, signs)),
                "exploratory",
                "C2",
                f"{contrast.name}, highest minus lowest sparsity",
                high + tuple(Term(-weight, point, ACCURACY) for weight, point, _ in low),
                "two_sided",
            )


def _nulls_within_neurons(point: Point, facts: Facts) -> list[str]:
    return [null for null in nulls_at(point, facts) if null in WITHIN_NEURONS]


def _claim_of(point: Point) -> str:
    """Return the claim that the grouping of a point's networks concerns."""
    if point.condition != STANDARD:
        return "C4"
    return "C6" if point.signs == "dale" else "C4" if point.structure == "dense" else "C5"


def _name_of(point: Point) -> str:
    return point.variant if point.condition == STANDARD else f"{point.variant} {point.condition}"


def _scores(grid: Grid) -> Iterator[Hypothesis]:
    """Yield, for every point and valid null model, that the mean z is above 0."""
    for point, facts in grid.items():
        for measure in ("morans_i", *(OTHER_MEASURES if point == DENSE else ())):
            for null in nulls_at(point, facts, measure):
                yield Hypothesis(
                    name_of((measure, name_of_point(point), null)),
                    "exploratory",
                    _claim_of(point),
                    f"{_name_of(point)} against {null}",
                    (Term(1, point, Quantity("z", measure, null)),),
                )


def _changes(grid: Grid) -> Iterator[Hypothesis]:
    """Yield, for every point, that training increases grouping: trained minus initial above 0."""
    for point in grid:
        for measure in ("morans_i", *(OTHER_MEASURES if point == DENSE else ())):
            if UNTRAINED in TESTED_BY[measure]:
                yield Hypothesis(
                    name_of((measure, name_of_point(point), UNTRAINED)),
                    "exploratory",
                    _claim_of(point),
                    f"{_name_of(point)} against {UNTRAINED}",
                    (Term(1, point, Quantity("effect", measure, UNTRAINED)),),
                )


def _survivals(grid: Grid) -> Iterator[Hypothesis]:
    """Yield that half of the effect of dense, free networks with the same delays is left."""
    for point, facts in grid.items():
        reference = Point(point.delays, "dense", "free", "0")
        if point.condition != STANDARD or point == reference or reference not in grid:
            continue
        for null in _nulls_within_neurons(point, facts):
            yield Hypothesis(
                name_of(("survival", name_of_point(point), null)),
                "exploratory",
                _claim_of(point),
                f"{point.variant} minus half of {reference.variant} against {null}",
                remaining(point, reference, Quantity("effect", "morans_i", null)),
            )


def _without_clamped_delays(grid: Grid) -> Iterator[Hypothesis]:
    """Yield the tests of C4 and C6 for synapses with delays inside the range."""
    dale = DENSE._replace(signs="dale")
    for null in NULLS_OF_CONTROLS if DENSE in grid else ():
        yield Hypothesis(
            name_of((INTERIOR, name_of_point(DENSE), null)),
            "exploratory",
            "C4",
            f"{DENSE.variant}, interior delays, against {null}",
            (Term(1, DENSE, Quantity("z", INTERIOR, null)),),
        )
    if DENSE in grid and dale in grid and grid[dale].obeys_dale:
        yield Hypothesis(
            name_of(("survival", INTERIOR, name_of_point(dale), IN_DELAY)),
            "exploratory",
            "C6",
            f"{dale.variant} minus half of {DENSE.variant}, interior delays, against {IN_DELAY}",
            remaining(dale, DENSE, Quantity("effect", INTERIOR, IN_DELAY)),
        )


def _learned_delays(grid: Grid) -> Iterator[Hypothesis]:
    """Yield the differences in grouping between learned and fixed or frozen delays."""
    for point, facts in grid.items():
        if (point.delays, point.condition) != ("learned", STANDARD):
            continue
        for other in ("fixed", "frozen"):
            if (subtrahend := point._replace(delays=other)) not in grid:
                continue
            for null in _nulls_within_neurons(point, facts):
                yield Hypothesis(
                    name_of(("grouping", point.variant, "minus", name_of_point(subtrahend), null)),
                    "exploratory",
                    _claim_of(point),
                    f"{point.variant} minus {subtrahend.variant} against {null}",
                    difference(point, subtrahend, Quantity("effect", "morans_i", null)),
                    "two_sided",
                )


def _conditions(grid: Grid) -> Iterator[Hypothesis]:
    """Yield accuracy and grouping of the standard condition minus those of every other one.

    One-sided if a control removes the assumed cause of grouping; against `NULLS_OF_CONTROLS` such
    tests are a family of their own. Two-sided for sweeps and for permuted channels, where grouping
    should follow the channels (`_fed_orders`).
    """
    for point, facts in grid.items():
        standard = point.standard
        if point == standard or standard not in grid:
            continue
        contrast = f"standard minus {point.condition}"
        name = name_of_point(point)
        yield Hypothesis(
            name_of(("condition_accuracy", name)),
            "exploratory",
            "C4",
            contrast,
            difference(standard, point),
            "two_sided",
        )
        removes_cause = facts.data in NOTHING_TO_GROUP_BY
        kind: Kind = "greater" if removes_cause else "two_sided"
        for null in _nulls_within_neurons(point, facts):
            yield Hypothesis(
                name_of(("condition_grouping", name, null)),
                "control" if removes_cause and null in NULLS_OF_CONTROLS else "exploratory",
                "C4",
                f"{contrast} against {null}",
                difference(standard, point, Quantity("effect", "morans_i", null)),
                kind,
            )


def _fed_orders(grid: Grid) -> Iterator[Hypothesis]:
    """Yield, for permuted channels, that grouping follows mel order and not the order of inputs.

    This checks the analysis: a fully connected layer with identically distributed initial synapses
    has no order of inputs. Only `channels_within_neuron` tests whether channels matter.
    """
    for point, facts in grid.items():
        if facts.data != "permuted_channels":
            continue
        standard = point.standard
        for null in _nulls_within_neurons(point, facts):
            mel = Quantity("effect", "morans_i", null)
            fed = mel._replace(order="fed")
            sides = {"mel": Term(1, point, mel), "standard": Term(1, standard, mel)}
            for side, minuend in sides.items():
                is_check = side == "mel" and null == BY_CHANNEL
                family: Family = "control" if is_check else "exploratory"
                if minuend.point in grid:
                    yield Hypothesis(
                        name_of(("fed_order", side, name_of_point(point), null)),
                        family,
                        "C4",
                        f"{side} minus {point.condition} in fed order against {null}",
                        (minuend, Term(-1, point, fed)),
                    )

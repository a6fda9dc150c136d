"""All other tests: controls, and exploratory tests."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import product

from delaynet.analysis.claims.claims import DENSE
from delaynet.analysis.claims.terms import (
    JOINT_Z,
    Grid,
    Hypothesis,
    Kind,
    Quantity,
    Term,
    difference,
    kinds_at,
    minus,
    name_of,
    name_of_point,
    nulls_at,
    remaining,
    shared_sparsities,
)
from delaynet.analysis.grouping.kinds import INTERIOR, JOINT, KINDS
from delaynet.analysis.grouping.nulls import TESTED_BY, UNTRAINED
from delaynet.analysis.tables import CONTRASTS, REWIRED, SPARSE_FIXED, Contrast
from delaynet.config.grid import STANDARD, Point
from delaynet.config.variants import DELAYS

# Training data that lack a possible cause of grouping.
WITHOUT_A_CAUSE = ("scrambled_time", "shuffled_labels", "labels_by_heart", "whitened")
OTHER_MEASURES = ("join_excess", "nearest_excess", "clustering")


def exploratory_hypotheses(grid: Grid, decided: Sequence[Hypothesis]) -> list[Hypothesis]:
    """Return the hypotheses on controls and the exploratory ones, without parts of claims."""
    hypotheses = [
        *_accuracies(grid),
        *_growth_with_sparsity(grid),
        *_gains_of_rewiring(grid),
        *_scores(grid),
        *_kinds(grid),
        *_changes(grid),
        *_survivals(grid),
        *_without_clamped_delays(grid),
        *_learned_delays(grid),
        *_conditions(grid),
        *_fed_orders(grid),
    ]
    statements = {_tested_statement(hypothesis) for hypothesis in decided}
    return [h for h in hypotheses if _tested_statement(h) not in statements]


def _tested_statement(hypothesis: Hypothesis) -> tuple[tuple[Term, ...], bool]:
    return hypothesis.terms, hypothesis.kind == "equivalence"


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
                test, claim = f"accuracy_{name}", contrast.claim
                plain = Hypothesis(test, claim, contrast.name, terms, "two_sided")
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
                "C2",
                f"{contrast.name}, highest minus lowest sparsity",
                minus(high, low),
                "two_sided",
            )


def _gains_of_rewiring(grid: Grid) -> Iterator[Hypothesis]:
    """Yield the gains of rewiring over random connections, and whether they come from delays.

    Rewiring with fixed delays selects inputs and delays together; without delays it selects inputs
    alone. Structure learns delays if rewiring gains more with fixed delays than without:
    (rewired - static | fixed) - (rewired - static | none).
    """
    places = dict.fromkeys((point.sparsity, point.condition) for point in grid)
    for rewired, static, (sparsity, condition) in product(REWIRED, SPARSE_FIXED, places):
        gains = {}
        for delays in DELAYS:
            minuend = Point(delays, rewired, "free", sparsity, condition)
            subtrahend = minuend._replace(structure=static)
            if minuend in grid and subtrahend in grid:
                gains[delays] = difference(minuend, subtrahend)
                yield Hypothesis(
                    name_of(("gain", name_of_point(minuend), "minus", static)),
                    "C2",
                    f"{_name_of(minuend)} minus {static}",
                    gains[delays],
                    "two_sided",
                )
        if "fixed" in gains and "none" in gains:
            fixed = gains["fixed"][0].point
            yield Hypothesis(
                name_of(("structure_learns_delays", name_of_point(fixed), "minus", static)),
                "C2",
                f"{_name_of(fixed)} minus {static}, less the same without delays",
                minus(gains["fixed"], gains["none"]),
                "two_sided",
            )


def _claim_of(point: Point) -> str:
    """Return the claim that grouping at a point concerns."""
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
                    _claim_of(point),
                    f"{_name_of(point)} against {null}",
                    (Term(1, point, Quantity("z", measure, null)),),
                )


def _kinds(grid: Grid) -> Iterator[Hypothesis]:
    """Yield, for every point and kind of grouping, that its mean effect is above 0."""
    for point, facts in grid.items():
        for kind in kinds_at(point, facts):
            yield Hypothesis(
                name_of((kind, name_of_point(point))),
                _claim_of(point),
                f"{_name_of(point)}, {KINDS[kind].words}",
                (Term(1, point, Quantity("effect", kind)),),
            )


def _changes(grid: Grid) -> Iterator[Hypothesis]:
    """Yield, for every point, that training increases grouping: trained minus initial above 0."""
    for point in grid:
        for measure in ("morans_i", *(OTHER_MEASURES if point == DENSE else ())):
            if UNTRAINED in TESTED_BY[measure]:
                yield Hypothesis(
                    name_of((measure, name_of_point(point), UNTRAINED)),
                    _claim_of(point),
                    f"{_name_of(point)} against {UNTRAINED}",
                    (Term(1, point, Quantity("effect", measure, UNTRAINED)),),
                )


def _survivals(grid: Grid) -> Iterator[Hypothesis]:
    """Yield that half of the effect in dense networks with free signs and these delays is left."""
    for point, facts in grid.items():
        reference = Point(point.delays, "dense", "free", "0")
        if point.condition != STANDARD or point == reference or reference not in grid:
            continue
        for kind in kinds_at(point, facts):
            yield Hypothesis(
                name_of(("survival", name_of_point(point), kind)),
                _claim_of(point),
                f"{point.variant} minus half of {reference.variant}, {KINDS[kind].words}",
                remaining(point, reference, Quantity("effect", kind)),
            )


def _without_clamped_delays(grid: Grid) -> Iterator[Hypothesis]:
    """Yield the tests of C4 and C6 without the delays at the ends of the range."""
    dale = DENSE._replace(signs="dale")
    null = JOINT_Z.null
    if DENSE in grid:
        yield Hypothesis(
            name_of((INTERIOR, name_of_point(DENSE), null)),
            "C4",
            f"{DENSE.variant}, interior delays, against {null}",
            (Term(1, DENSE, JOINT_Z._replace(measure=INTERIOR)),),
        )
    if DENSE in grid and dale in grid and grid[dale].obeys_dale:
        yield Hypothesis(
            name_of(("survival", INTERIOR, name_of_point(dale), null)),
            "C6",
            f"{dale.variant} minus half of {DENSE.variant}, interior delays, against {null}",
            remaining(dale, DENSE, Quantity("effect", INTERIOR, null)),
        )


def _learned_delays(grid: Grid) -> Iterator[Hypothesis]:
    """Yield the differences in grouping between learned and fixed or frozen delays."""
    for point, facts in grid.items():
        if (point.delays, point.condition) != ("learned", STANDARD):
            continue
        for other in ("fixed", "frozen"):
            if (subtrahend := point._replace(delays=other)) not in grid:
                continue
            for kind in kinds_at(point, facts):
                yield Hypothesis(
                    name_of(("grouping", point.variant, "minus", name_of_point(subtrahend), kind)),
                    _claim_of(point),
                    f"{point.variant} minus {subtrahend.variant}, {KINDS[kind].words}",
                    difference(point, subtrahend, Quantity("effect", kind)),
                    "two_sided",
                )


def _conditions(grid: Grid) -> Iterator[Hypothesis]:
    """Yield accuracy and grouping of the standard condition minus those of every other one.

    Tests are one-sided if a control removes a possible cause of grouping, and belong to the family
    `control` if they are on joint grouping. All others are two-sided, those on permuted channels
    too: grouping should follow the channels (`_fed_orders`).
    """
    for point, facts in grid.items():
        standard = point.standard
        if point == standard or standard not in grid:
            continue
        contrast = f"standard minus {point.condition}"
        name = name_of_point(point)
        yield Hypothesis(
            name_of(("condition_accuracy", name)),
            "C4",
            contrast,
            difference(standard, point),
            "two_sided",
        )
        removes_cause = facts.data in WITHOUT_A_CAUSE
        side: Kind = "greater" if removes_cause else "two_sided"
        for kind in kinds_at(point, facts):
            yield Hypothesis(
                name_of(("condition_grouping", name, kind)),
                "C4",
                f"{contrast}, {KINDS[kind].words}",
                difference(standard, point, Quantity("effect", kind)),
                side,
                "control" if removes_cause and kind == JOINT else "exploratory",
            )


def _fed_orders(grid: Grid) -> Iterator[Hypothesis]:
    """Yield, for permuted channels, that grouping follows mel order and not the order of inputs.

    This checks the analysis: for a dense layer, whose initial synapses are identically distributed,
    the order of inputs means nothing. Grouping in time does not depend on any order of channels.
    """
    for point, facts in grid.items():
        if facts.data != "permuted_channels":
            continue
        standard = point.standard
        for kind in kinds_at(point, facts):
            mel = Quantity("effect", kind)
            fed = mel._replace(order="fed")
            sides = {"mel": Term(1, point, mel), "standard": Term(1, standard, mel)}
            for side, minuend in sides.items():
                is_check = side == "mel" and kind == JOINT
                if minuend.point in grid:
                    yield Hypothesis(
                        name_of(("fed_order", side, name_of_point(point), kind)),
                        "C4",
                        f"{side} minus {point.condition} in fed order, {KINDS[kind].words}",
                        (minuend, Term(-1, point, fed)),
                        family="control" if is_check else "exploratory",
                    )

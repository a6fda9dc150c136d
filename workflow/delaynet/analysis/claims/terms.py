"""The terms of hypotheses: points of the grid, quantities at these points, weighted sums."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal, NamedTuple

from delaynet.analysis.grouping.kinds import JOINT, KINDS
from delaynet.analysis.grouping.nulls import TESTED_BY, changing_nulls
from delaynet.config.grid import STANDARD, Config, Point, Run
from delaynet.model.dale import obeys_dale

Family = Literal["confirmatory", "accuracy", "part", "control", "exploratory"]
Kind = Literal["greater", "two_sided", "equivalence"]

# Two accuracies are equivalent within this many points.
MARGIN = 1.0
# Grouping survives if at least this share of the reference's effect is left.
SHARE = 0.5
# z at which a network differs from its null model: one-sided, 5 %.
TYPICAL_Z = 1.645
# Random static networks are compared with others if inputs reach, on average, at least this share
# of their outputs. An output that no input reaches is never predicted, so below this share a
# comparison would test the graph and not the delays.
REACHED_SHARE = 0.9

# Networks whose accuracy on training clips is below this many times chance have learned nothing.
LEARNED_FROM = 2.0
# A control decides nothing if its accuracy on training clips is below this share of the standard
# networks' accuracy.
LEARNED_SHARE = 0.5


class Facts(NamedTuple):
    """What tests need to know of a point's settings."""

    seeds: frozenset[int]
    data: str
    obeys_dale: bool


Grid = Mapping[Point, Facts]


class Quantity(NamedTuple):
    """A number that is defined for each run.

    Attributes:
        name: `accuracy` (percent), `z` or `effect` (see `grouping.grouping`).
        measure: `accuracy`, a measure of grouping, or a kind of grouping (`grouping.kinds`).
        null: the null model; empty for accuracy and for kinds of grouping.
        order: of the channels, `mel` or `fed`.
    """

    name: str
    measure: str
    null: str = ""
    order: str = "mel"


ACCURACY = Quantity("accuracy", "accuracy")
JOINT_EFFECT = Quantity("effect", JOINT)
JOINT_Z = Quantity("z", "morans_i", KINDS[JOINT].minuend)


class Term(NamedTuple):
    """A quantity at a point, with its weight in a sum."""

    weight: float
    point: Point
    quantity: Quantity


@dataclass(frozen=True)
class Hypothesis:
    """A statement about the mean over seeds of a sum of terms, or several such `parts`.

    Attributes:
        test: name of its test, `[a-z0-9_]+`.
        claim: `C1` to `C6`.
        contrast: the sum in words.
        terms: of the sum; the table of tests shows point, measure and null of the first.
        kind: the mean is positive (`greater`); positive, tested on both sides (`two_sided`); within
            (-MARGIN, MARGIN), and opposed only by values above (`equivalence`).
        family, is_premise: see `delaynet.analysis.claims`.
        parts: of an intersection-union test, which has no terms.
    """

    test: str
    claim: str
    contrast: str
    terms: tuple[Term, ...] = ()
    kind: Kind = "greater"
    family: Family = "exploratory"
    is_premise: bool = False
    parts: tuple["Hypothesis", ...] = ()


def grid_of(config: Config) -> Grid:
    """Return the points of a configuration's grid, in its order, with their seeds and settings."""
    runs: dict[Point, list[Run]] = {}
    for run in config.runs():
        runs.setdefault(run.point, []).append(run)
    grid = {}
    for point, own in runs.items():
        settings = config.resolve(own[0])
        seeds = frozenset(run.seed for run in own)
        grid[point] = Facts(seeds, settings.training.data, obeys_dale(settings))
    return grid


def difference(
    minuend: Point, subtrahend: Point, quantity: Quantity = ACCURACY
) -> tuple[Term, ...]:
    """Return the terms of a difference between two points."""
    return Term(1, minuend, quantity), Term(-1, subtrahend, quantity)


def minus(terms: tuple[Term, ...], others: tuple[Term, ...]) -> tuple[Term, ...]:
    """Return the terms of a sum minus another sum."""
    return terms + tuple(term._replace(weight=-term.weight) for term in others)


def remaining(point: Point, reference: Point, quantity: Quantity) -> tuple[Term, ...]:
    """Return the terms of an effect minus the share of the reference's that must survive."""
    return Term(1, point, quantity), Term(-SHARE, reference, quantity)


def shared_sparsities(grid: Grid, *points: Point) -> list[str]:
    """Return the sparsities at which all the points are in the grid, ascending."""
    return [
        sparsity
        for sparsity in sorted({point.sparsity for point in grid}, key=Decimal)
        if all(point._replace(sparsity=sparsity) in grid for point in points)
    ]


def nulls_at(point: Point, facts: Facts, measure: str = "morans_i") -> list[str]:
    """Return the null models, without `untrained`, that can test a measure at a point."""
    changing = changing_nulls(facts.obeys_dale, point.delays != "none")
    return [null for null in changing if null in TESTED_BY[measure]]


def kinds_at(point: Point, facts: Facts) -> list[str]:
    """Return the kinds of grouping that are defined at a point."""
    return [
        name
        for name, kind in KINDS.items()
        if (kind.valid_under_dale or not facts.obeys_dale)
        and (kind.without_delays or point.delays != "none")
    ]


def name_of(parts: Iterable[str]) -> str:
    """Return a name for a test: lower case, underscores between words."""
    return re.sub(r"[^a-z0-9]+", "_", "_".join(part for part in parts if part).lower())


def name_of_point(point: Point) -> str:
    """Return a point as part of a test's name: `learned_dense_free_p0`."""
    condition = "" if point.condition == STANDARD else point.condition
    return name_of((point.variant, f"p{point.sparsity}", condition))

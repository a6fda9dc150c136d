"""Results in which the claims hold or do not, as asked for."""

import zlib
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from example_results import CLAIMS_GRID, CONDITIONS, config_of, write_results

from delaynet.analysis.claims.decide import Decision, decide
from delaynet.analysis.claims.ledger import ledger_of
from delaynet.analysis.claims.tests import results_of_tests
from delaynet.analysis.grouping.nulls import NULLS
from delaynet.config.grid import Config, Run


@cache
def draw(*key: object) -> float:
    """A standard normal number that belongs to a key."""
    # a run's field was called `dale` when the effects below were chosen for what is drawn here
    text = repr(key).replace("signs=", "dale=")
    return float(np.random.default_rng(zlib.crc32(text.encode())).normal())


@dataclass(frozen=True)
class World:
    """How accurate and how grouped networks are; accuracies in percent, effects as Moran's I.

    As it stands, every claim holds. z is the effect in units of 0.005. `space` is the share of
    effects that is left with channels permuted within neurons.
    """

    none: float = 40
    fixed: float = 70
    learned: float = 80
    static: tuple[float, float] = (74, 50)  # learned delays, at the lower and higher sparsity
    rewired_fixed: tuple[float, float] = (75, 70)
    rewired_learned: tuple[float, float] = (75, 70)
    spread: float = 0.2
    effect: float = 0.05  # dense and free, as are all others of the condition `standard`
    rewired_effect: float = 0.04
    dale_effect: float = 0.045
    space: float = 1
    effect_spread: float = 0.002
    floor: str = ""  # a sparsity at which random networks reach few outputs, and nothing is learned
    luck: int = 0  # what is drawn at random
    untestable: tuple[str, ...] = ()  # variants with too few pairs, or a variant and sparsity

    def accuracy(self, run: Run) -> float:
        """As a share."""
        if run.condition == "shuffled_labels" or run.sparsity == self.floor:
            mean = 5.0
        elif run.structure == "dense":
            mean = {"none": self.none, "fixed": self.fixed, "learned": self.learned}[run.delays]
        elif run.structure == "deep_r_rigl":
            by_sparsity = self.rewired_fixed if run.delays == "fixed" else self.rewired_learned
            mean = by_sparsity[run.sparsity == "0.9375"]
        else:
            mean = self.static[run.sparsity == "0.9375"]
        return (mean + self.spread * draw(self.luck, run)) / 100

    def reachable(self, run: Run) -> int:
        """Outputs reached, of twenty."""
        return 3 if (run.structure, run.sparsity) == ("static", self.floor) else 20

    def effect_of(self, run: Run, network: str, order: str, null: str) -> float | None:
        """Observed less null; None where it cannot be tested."""
        if not {run.variant, f"{run.variant} {run.sparsity}"}.isdisjoint(self.untestable):
            return None
        mean = self.effect
        if run.structure == "deep_r_rigl":
            mean = self.rewired_effect
        elif run.signs == "dale":
            mean = self.dale_effect
        # by channel, and by channel and delay together
        if null in ("channels_within_neuron", "delays_within_sign"):
            has_space = order == "mel" and run.condition != "shuffled_labels"
            mean *= self.space * has_space
        if network == "initial":
            mean = 0.0
        return mean + self.effect_spread * draw(self.luck, run, network, order, NULLS[null].label)


CLAIMS_HOLD = World()
# chance of twenty digits, z about 0
NOTHING_LEARNED = World(
    none=5,
    fixed=5,
    learned=5,
    static=(5, 5),
    rewired_fixed=(5, 5),
    rewired_learned=(5, 5),
    spread=1.5,
    effect=0,
    rewired_effect=0,
    dale_effect=0,
    effect_spread=0.005,
    luck=1,
)
# signs follow delays alone: all null models but one are rejected as if they followed channels too
TIME_ONLY = World(space=0)
# as real networks are whose labels were shuffled: at chance, and grouped in delay alone
LABELS_SHUFFLED = replace(
    NOTHING_LEARNED, effect=0.05, rewired_effect=0.04, dale_effect=0.045, space=0, luck=0
)


def claims_config(seeds: int = 6, grid: Any = CLAIMS_GRID, **more: Any) -> Config:
    """A configuration with what every claim needs."""
    return config_of(grid, seeds, **({"conditions": CONDITIONS} | more))


def decisions_of(
    folder: Path, world: World = CLAIMS_HOLD, config: Config | None = None
) -> dict[str, Decision]:
    """Plant results in a folder and test them; decisions by test."""
    config = config or claims_config()
    write_results(folder, config, world.accuracy, world.effect_of, world.reachable)
    decisions = decide(results_of_tests(config, folder / "runs", folder / "grouping.csv"))
    return {decision.hypothesis.test: decision for decision in decisions}


def verdicts_of(decisions: Iterable[Decision]) -> dict[str, tuple[str, str]]:
    """Verdict and reason of every claim."""
    ledger = ledger_of(decisions)
    return {claim: (entry["verdict"], entry["reason"]) for claim, entry in ledger.items()}

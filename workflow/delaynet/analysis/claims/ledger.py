"""The claims C1 to C6 and what the tests say of them.

A claim is decided by the one test that bears its name (`delaynet.analysis.claims`): networks of the
condition `standard` alone, an intersection-union of parts. Effect, interval and n are those of the
part that decides; p is that of the whole.
"""

import math
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from delaynet.analysis.claims.evaluation import evaluated, table_of
from delaynet.analysis.claims.of_claims import DENSE
from delaynet.analysis.claims.verdicts import Outcome
from delaynet.analysis.tables import write_table
from delaynet.config.grid import load_config
from delaynet.training.run_folder import write_json

STATEMENTS = {
    "C1": "With fixed connectivity, learning delays beats fixed random delays, "
    "and both beat no delays.",
    "C2": "At high sparsity, learning the structure beats learning the delays, "
    "and by more than at low sparsity.",
    "C3": "Once the structure is learned, also learning delays changes accuracy by less than "
    "one point.",
    "C4": "After training, excitation and inhibition are grouped together in channel "
    "(beyond delay) and in delay (beyond channel).",
    "C5": "The grouping survives pruning and rewiring: at least half of it is left.",
    "C6": "The grouping in delay survives Dale's principle: at least half of it is left.",
}
VERDICTS = {
    "supported": "replicated",
    "opposed": "not replicated",
    "undecided": "inconclusive",
    "not_testable": "not testable",
}
FIELDS = (
    *("claim", "statement", "contrast", "statistic", "unit", "n", "effect", "low", "high", "p"),
    *("corrected_p", "correction", "reversed_p", "corrected_reversed_p"),
    *("smallest_p", "smallest_reversed_p", "verdict", "reason", "tests"),
)


def judged(outcomes: Iterable[Outcome]) -> dict[str, dict[str, Any]]:
    """Return the ledger: for each claim `FIELDS`; numbers that do not exist are None."""
    deciding = [outcome for outcome in outcomes if outcome.hypothesis.parts]
    ledger = {}
    for outcome, row in zip(deciding, table_of(deciding).to_dict("records"), strict=True):
        claim = row["claim"]
        parts = [part.test for part in outcome.hypothesis.parts]
        entry = row | {
            "statement": _statement(outcome),
            "verdict": VERDICTS[row["verdict"]],
            "tests": [row["test"], *parts],
        }
        ledger[claim] = {name: _or_none(entry[name]) for name in FIELDS}
    return ledger


def _statement(outcome: Outcome) -> str:
    """Return what a claim says, and at which sparsity it was tested if at one alone."""
    statement = STATEMENTS[outcome.hypothesis.claim]
    sparsity = outcome.hypothesis.parts[0].terms[0].point.sparsity
    if outcome.verdict == "not_testable" or sparsity == DENSE.sparsity:
        return statement
    return f"{statement} Tested at a sparsity of {100 * float(sparsity):.3g} %."


def _or_none(value: Any) -> Any:
    return None if isinstance(value, float) and math.isnan(value) else value


def write_claims(
    config_path: Path, runs_folder: Path, grouping: Path, tests: Path, ledger: Path, table: Path
) -> None:
    """Test every hypothesis, judge the claims, and write it all down.

    Args:
        config_path: the resolved configuration.
        runs_folder: the run folders.
        grouping: the table of grouping.
        tests: CSV to write, one row a test.
        ledger: JSON to write, one object a claim (see `judged`).
        table: CSV to write, the same, one row a claim; names of tests separated by spaces.

    Raises:
        UserError: a run or the table of grouping is missing.
    """
    outcomes = evaluated(load_config(config_path), runs_folder, grouping)
    claims = judged(outcomes)
    write_table(table_of(outcomes), tests)
    write_json(ledger, claims)
    write_table(pd.DataFrame([_flat(claim) for claim in claims.values()]), table)


def _flat(claim: dict[str, Any]) -> dict[str, Any]:
    tests: Sequence[str] = claim["tests"]
    return claim | {"tests": " ".join(tests)}

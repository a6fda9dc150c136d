"""The table of tests, and the ledger of the claims C1 to C6.

A claim is decided by the test with its name (`delaynet.analysis.claims`). Its effect, interval and
n are those of the deciding part, its p is that of the whole test.
"""

import math
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pandas as pd

from delaynet.analysis.claims.claims import CLAIMS, DENSE
from delaynet.analysis.claims.decide import CORRECTIONS, VERDICTS, Decision, decide
from delaynet.analysis.claims.tests import results_of_tests
from delaynet.analysis.grouping.kinds import INTERIOR, KINDS
from delaynet.analysis.tables import write_table
from delaynet.config.grid import load_config
from delaynet.training.run_folder import write_json

UNITS = {
    "accuracy": "points",
    "morans_i": "Moran's I",
    INTERIOR: "Moran's I",
    **dict.fromkeys(KINDS, "Moran's I"),
    "join_excess": "share of pairs",
    "nearest_excess": "kernel widths",
    "clustering": "ratio to chance",
}
STATISTICS = {
    ("accuracy", 2): "mean difference",
    ("accuracy", 4): "mean difference of differences",
    ("z", 1): "mean z",
    ("effect", 1): "mean effect",
    ("effect", 2): "mean difference of effects",
}
FIELDS = (
    *("claim", "statement", "contrast", "statistic", "unit", "n", "effect", "low", "high", "p"),
    *("corrected_p", "correction", "reversed_p", "corrected_reversed_p"),
    *("verdict", "reason", "tests"),
)


def table_of_tests(decisions: Iterable[Decision]) -> pd.DataFrame:
    """Return the table of tests, one row per test."""
    return pd.DataFrame([_row(decision) for decision in decisions])


def _row(decision: Decision) -> dict[str, object]:
    hypothesis, result, shown = decision.hypothesis, decision.result, decision.shown
    terms = shown.hypothesis.terms
    point, quantity = terms[0].point, terms[0].quantity
    has_share = any(abs(term.weight) != 1 for term in terms)
    statistic = None if has_share else STATISTICS[quantity.name, len(terms)]
    return {
        "test": hypothesis.test,
        "family": hypothesis.family,
        "claim": hypothesis.claim,
        "contrast": shown.hypothesis.contrast,
        **point._asdict(),
        "measure": quantity.measure,
        "null": quantity.null,
        "reference_sparsity": terms[-1].point.sparsity,
        "statistic": statistic or "mean effect less half of reference's",
        "unit": "z" if quantity.name == "z" else UNITS[quantity.measure],
        "kind": shown.hypothesis.kind,
        "n": shown.n,
        "effect": shown.effect,
        "low": shown.low,
        "high": shown.high,
        "p": result.p,
        "correction": CORRECTIONS[hypothesis.family][0],
        "corrected_p": decision.corrected.p,
        "reversed_p": result.reversed_p,
        "corrected_reversed_p": decision.corrected.reversed_p,
        "verdict": decision.verdict,
        "reason": decision.reason,
    }


def ledger_of(decisions: Iterable[Decision]) -> dict[str, dict[str, Any]]:
    """Return the `FIELDS` of each claim; missing numbers are None."""
    ledger = {}
    for decision in decisions:
        hypothesis = decision.hypothesis
        if hypothesis.parts:
            entry = _row(decision) | {
                "statement": _statement(decision),
                "verdict": VERDICTS[decision.verdict],
                "tests": [hypothesis.test, *(part.test for part in hypothesis.parts)],
            }
            ledger[hypothesis.claim] = {name: _or_none(entry[name]) for name in FIELDS}
    return ledger


def _statement(decision: Decision) -> str:
    """Return a claim's statement, and the sparsity if it was tested in sparse networks."""
    statement = CLAIMS[decision.hypothesis.claim].statement
    sparsity = decision.hypothesis.parts[0].terms[0].point.sparsity
    if decision.verdict == "not_testable" or sparsity == DENSE.sparsity:
        return statement
    return f"{statement} Tested at a sparsity of {100 * float(sparsity):.3g} %."


def _or_none(value: Any) -> Any:
    return None if isinstance(value, float) and math.isnan(value) else value


def write_claims(
    config_path: Path, runs_folder: Path, grouping: Path, tests: Path, ledger: Path, table: Path
) -> None:
    """Test every hypothesis, decide the claims, and write the results.

    The outputs are `tests`, a CSV with one row per test; `ledger`, a JSON file with one object per
    claim; and `table`, the same as CSV.

    Raises:
        UserError: a run or the table of grouping is missing.
    """
    decisions = decide(results_of_tests(load_config(config_path), runs_folder, grouping))
    claims = ledger_of(decisions)
    write_table(table_of_tests(decisions), tests)
    write_json(ledger, claims)
    flat = [claim | {"tests": " ".join(claim["tests"])} for claim in claims.values()]
    write_table(pd.DataFrame(flat), table)

"""What the tests and the claim ledger say: `tests.<id>.*`, `claims.<C1 .. C6>.*`."""

from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd

from delaynet.paper.numbers.number import APOSTROPHE, Number, count, show_p, show_signed

P_VALUES = (
    *("p", "corrected_p", "reversed_p", "corrected_reversed_p"),
    *("smallest_p", "smallest_reversed_p"),
)
EFFECTS = ("effect", "low", "high")
# digits of an effect by its unit; Moran's I and its like need more
DIGITS = {"points": 1, "z": 1}
OTHER_DIGITS = 3
# what the manuscript may say of a test; the table of tests has more
FIELDS = (
    *("claim", "contrast", "structure", "sparsity", "reference_sparsity", "statistic", "unit"),
    *("kind", "n", *EFFECTS, *P_VALUES, "correction", "verdict", "reason"),
)
FAMILIES_OF_CLAIMS = ("accuracy", "confirmatory")
VERDICTS = ("supported", "opposed", "undecided", "not_testable")


def claim_numbers(claims: Mapping[str, Mapping[str, Any]]) -> Iterator[Number]:
    """Yield every entry of the ledger that is there, by claim."""
    for claim, entry in claims.items():
        yield from _entries(f"claims.{claim}", entry)


def test_numbers(table: pd.DataFrame) -> Iterator[Number]:
    """Yield the cells of the table of tests that are not empty, by test."""
    for row in table.to_dict("records"):
        yield from _entries(f"tests.{row['test']}", {name: row[name] for name in FIELDS})


def family_numbers(table: pd.DataFrame) -> Iterator[Number]:
    """Yield, by family, how many tests it holds, could be made, and went either way.

    Tests that were made on too few seeds to reach the level count as `out_of_reach`, and not as
    `undecided`.
    """
    for family, rows in table.groupby("family"):
        is_undecided = rows["verdict"] == "undecided"
        out_of_reach = is_undecided & (rows["reason"] == "too_few_seeds")
        yield count(f"families.{family}.tests", len(rows))
        yield count(f"families.{family}.out_of_reach", out_of_reach.sum())
        for verdict in VERDICTS:
            of_verdict = (rows["verdict"] == verdict) & ~out_of_reach
            yield count(f"families.{family}.{verdict}", of_verdict.sum())


def reach_numbers(table: pd.DataFrame) -> Iterator[Number]:
    """Yield the smallest corrected p, either way, of a claim that alone of its family is decided.

    That is the smallest p that its seeds allow times the number of claims tested in its family:
    so both corrections have it where all other p are 1.
    """
    claims = table[table["family"].isin(FAMILIES_OF_CLAIMS)].dropna(subset=["p"])
    tested = claims.groupby("family")["p"].transform("size")
    for name in ("smallest_p", "smallest_reversed_p"):
        lone = (tested * claims[name]).clip(upper=1)
        for claim, p in zip(claims["claim"], lone, strict=True):
            yield Number(f"reach.{claim}.{name}", float(p), show_p(p))


def _entries(key: str, entries: Mapping[str, Any]) -> Iterator[Number]:
    digits = DIGITS.get(str(entries.get("unit")), OTHER_DIGITS)
    for name, value in entries.items():
        if isinstance(value, list):
            yield Number(f"{key}.{name}", value, ", ".join(value))
        elif not pd.isna(value):
            yield Number(f"{key}.{name}", value, _show(name, value, digits))
    effect = entries.get("effect")
    if effect is not None and not pd.isna(effect):
        yield Number(f"{key}.magnitude", abs(effect), f"{abs(effect):.{digits}f}")


def _show(name: str, value: Any, digits: int) -> str:
    if name in P_VALUES:
        return show_p(value)
    if name in EFFECTS:
        return show_signed(value, digits)
    return f"{value:,.0f}" if name == "n" else str(value).replace("'", APOSTROPHE)

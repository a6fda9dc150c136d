"""What the tests and the claim ledger say: `tests.<id>.*`, `claims.<C1 .. C6>.*`."""

from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd

from delaynet.numbers.number import Number, count, show_p, show_signed

P_VALUES = ("p", "corrected_p", "reversed_p", "corrected_reversed_p", "smallest_p")
EFFECTS = ("effect", "low", "high")
# digits of an effect by its unit; Moran's I and its like need more
DIGITS = {"points": 1, "z": 1}
OTHER_DIGITS = 3
# what the manuscript may say of a test; the table of tests has more
FIELDS = (
    *("claim", "contrast", "structure", "sparsity", "statistic", "unit", "n", *EFFECTS, *P_VALUES),
    *("correction", "verdict", "reason"),
)
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
    """Yield, by family, how many tests it holds, could be made, and went either way."""
    for family, rows in table.groupby("family"):
        yield count(f"families.{family}.tests", len(rows))
        for verdict in VERDICTS:
            yield count(f"families.{family}.{verdict}", (rows["verdict"] == verdict).sum())


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
    return f"{value:,.0f}" if name == "n" else str(value)

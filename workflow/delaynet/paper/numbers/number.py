"""A number: its computed value, its printed form, and the file that it was read from."""

from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import pandas as pd

MINUS = "\N{MINUS SIGN}"
APOSTROPHE = "\N{RIGHT SINGLE QUOTATION MARK}"
SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


class Number(NamedTuple):
    """A number, or words, that the manuscript prints."""

    value: Any
    shown: str
    source: str = ""


# Numbers by name, further objects, and the flags and words that choose a sentence.
Object = dict[str, Any]
Node = TypeVar("Node")


def sourced(node: Node, source: Path) -> Node:
    """Return a number or an object, with this source for numbers that have none."""
    found: Any = node
    if isinstance(node, Number):
        found = node if node.source else node._replace(source=source.as_posix())
    elif isinstance(node, dict):
        found = {name: sourced(child, source) for name, child in node.items()}
    return found  # type: ignore[no-any-return]


def keyed(node: Any, key: str = "") -> Any:
    """Return an object for the file, in which each number has its key.

    Raises:
        ValueError: a name contains a dot, or a number has no source.
    """
    if isinstance(node, Number):
        if not node.source:
            raise ValueError(f"the number '{key}' has no source")
        return {"key": key, **node._asdict()}
    if isinstance(node, dict):
        if dotted := [name for name in node if "." in name]:
            raise ValueError(f"a name below '{key}' has a dot: {dotted}")
        return {name: keyed(child, f"{key}.{name}".lstrip(".")) for name, child in node.items()}
    return node


def typographic(words: str) -> str:
    """Return words with typographic apostrophes."""
    return words.replace("'", APOSTROPHE)


def words(value: str) -> Number:
    """Return words to print."""
    return Number(value, typographic(value))


def count(value: float) -> Number:
    """Return a count: `7,600`."""
    return Number(int(value), f"{int(value):,}")


def decimal(value: float, digits: int = 1) -> Number | None:
    """Return a number with so many decimals; None if it is NaN."""
    return None if pd.isna(value) else Number(value, f"{value:.{digits}f}".replace("-", MINUS))


def signed(value: float, digits: int = 1) -> Number | None:
    """Return a difference with its sign: `+3.2`, `0.0`; None if it is NaN."""
    if pd.isna(value):
        return None
    text = f"{abs(value):.{digits}f}"
    sign = "" if float(text) == 0 else "+" if value > 0 else MINUS
    return Number(value, sign + text)


def p_value(value: float) -> Number | None:
    """Return a p-value with two digits: `0.016`, `1`, or `< 0.001`; None if it is NaN."""
    if pd.isna(value):
        return None
    return Number(value, "< 0.001" if value < 0.001 else f"{value:.2g}")


def show_constant(value: float) -> str:
    """Return a constant as text: `0.27`, `10⁻¹²`."""
    if isinstance(value, int):
        return f"{value:,}"
    factor, _, exponent = f"{value:g}".partition("e")
    if not exponent:
        return factor
    power = "10" + str(int(exponent)).translate(SUPERSCRIPTS)
    return power if factor == "1" else f"{factor} × {power}"

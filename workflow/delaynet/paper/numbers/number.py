"""A number: its key, its value as computed, and how it is printed."""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

MINUS = "\N{MINUS SIGN}"
APOSTROPHE = "\N{RIGHT SINGLE QUOTATION MARK}"
SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
SMALLEST_P_SHOWN = 0.001


class Number(NamedTuple):
    """A number without its source: dotted key, value, and what is printed."""

    key: str
    value: Any
    shown: str


def nest(numbers: Iterable[tuple[str, Number]]) -> dict[str, Any]:
    """Return (source, number) pairs as nested objects, one level a part of the key."""
    tree: dict[str, Any] = {}
    for source, number in numbers:
        *parents, name = number.key.split(".")
        node = tree
        for parent in parents:
            node = node.setdefault(parent, {})
        if name in node:
            raise ValueError(f"two numbers have the key '{number.key}'")
        node[name] = {"value": number.value, "shown": number.shown, "source": source}
    return tree


def sparsity_key(sparsity: str) -> str:
    """Return a sparsity as it stands in keys: `p0_9375`."""
    return "p" + sparsity.replace(".", "_")


def cell_key(row: Mapping[Any, Any]) -> str:
    """Return the part of a key that names a variant and a sparsity."""
    return f"{row['delays']}-{row['structure']}-{row['signs']}.{sparsity_key(row['sparsity'])}"


def count(key: str, value: int) -> Number:
    """Return a count: `7,600`."""
    return Number(key, int(value), f"{value:,}")


def show_signed(value: float, digits: int = 1) -> str:
    """Write a difference with its sign, a true minus: `+3.2`, `0.0`."""
    text = f"{abs(value):.{digits}f}"
    sign = "" if float(text) == 0 else "+" if value > 0 else MINUS
    return sign + text


def show_p(value: float) -> str:
    """Write a p-value with two digits: `0.016`, `0.25`, `1`; small ones as `< 0.001`."""
    return f"< {SMALLEST_P_SHOWN}" if value < SMALLEST_P_SHOWN else f"{value:.2g}"


def show_constant(value: float) -> str:
    """Write a constant: `0.27`, `10⁻¹²`."""
    if isinstance(value, int):
        return f"{value:,}"
    factor, _, exponent = f"{value:g}".partition("e")
    if not exponent:
        return factor
    power = "10" + str(int(exponent)).translate(SUPERSCRIPTS)
    return power if factor == "1" else f"{factor} × {power}"

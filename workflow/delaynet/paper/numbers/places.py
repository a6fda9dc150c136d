"""Points of the grid in words, and their order in tables."""

from collections.abc import Iterable, Mapping
from typing import Any

from delaynet.config.variants import DELAYS, SIGNS, STRUCTURES
from delaynet.paper.numbers.number import Number, Object, count, typographic
from delaynet.paper.words import percent


def sparsity_name(sparsity: str) -> str:
    """Return a sparsity as part of a key: `p0_9375`."""
    return "p" + sparsity.replace(".", "_")


def sparsity_number(sparsity: str) -> Number:
    """Return a sparsity, to be printed in percent."""
    return Number(sparsity, percent(sparsity))


def place_of(row: Mapping[Any, Any]) -> Object:
    """Return a point in words: "learned delays, static, free signs", and its sparsity."""
    kinds = DELAYS[row["delays"]], STRUCTURES[row["structure"]], SIGNS[row["signs"]]
    return {
        "words": typographic(", ".join(kind.words for kind in kinds)),
        "sparsity": sparsity_number(row["sparsity"]),
    }


def in_short(row: Mapping[Any, Any]) -> Object:
    """Return the words for a variant in the first columns of a table."""
    return {
        "structure": STRUCTURES[row["structure"]].words,
        "signs": SIGNS[row["signs"]].short,
        "delays": DELAYS[row["delays"]].short,
    }


def order_of(row: Mapping[Any, Any]) -> tuple[int, int, int]:
    """Return the place of a variant in tables: by structure, signs and delays."""
    return (
        list(STRUCTURES).index(row["structure"]),
        list(SIGNS).index(row["signs"]),
        list(DELAYS).index(row["delays"]),
    )


def span_of(seeds: Iterable[int]) -> Object:
    """Return the smallest and the largest number of seeds."""
    seeds = list(seeds)
    return {"fewest": count(min(seeds)), "most": count(max(seeds))}

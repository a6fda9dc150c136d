"""The words for variants and null models, in their order, for the manuscript."""

from collections.abc import Iterator, Mapping

from delaynet.analysis.grouping.nulls import NULLS
from delaynet.config.variants import DELAYS, SIGNS, STRUCTURES, Kind, Structure
from delaynet.paper.numbers.number import APOSTROPHE, Number

VARIANTS: dict[str, Mapping[str, Kind | Structure]] = {
    "delays": DELAYS,
    "structures": STRUCTURES,
    "signs": SIGNS,
}


def word_numbers() -> Iterator[tuple[str, Number]]:
    """Yield words as what is shown, their place in the order as the value, each with its source."""
    for group, kinds in VARIANTS.items():
        for place, (name, kind) in enumerate(kinds.items()):
            source, key = "workflow/delaynet/config/variants.py", f"words.{group}.{name}"
            yield source, _word(f"{key}.full", place, kind.words)
            yield source, _word(f"{key}.short", place, kind.short)
    for place, (name, null) in enumerate(NULLS.items()):
        source, key = "workflow/delaynet/analysis/grouping/nulls.py", f"words.nulls.{name}"
        yield source, _word(f"{key}.label", place, null.label)
        yield source, _word(f"{key}.description", place, null.description)


def _word(key: str, place: int, words: str) -> Number:
    return Number(key, place, words.replace("'", APOSTROPHE))

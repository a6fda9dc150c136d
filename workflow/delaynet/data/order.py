"""The order of words and of speakers, which are numbers or names."""

import math


def number_first(text: str) -> tuple[float, str]:
    """Return a key to sort by: numbers in their order, then other texts in theirs."""
    return (int(text) if text.isdecimal() else math.inf, text)

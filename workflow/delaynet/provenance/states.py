"""What the audit says of a file: its states, and the reason where it is not intact."""

from typing import NamedTuple

INTACT = "intact"
ALTERED = "altered"
STALE = "stale"
CODE_CHANGED = "code changed"
MISSING = "missing"
UNRECORDED = "unrecorded"
SOURCE = "source"
RECORD_ALTERED = "record altered"

STATES = {
    INTACT: "its bytes, its record, its inputs and its code are as when it was made",
    SOURCE: "not a result: written by people, and held against its digest where it was read",
    STALE: "an input of it has other bytes now than when it was made",
    CODE_CHANGED: "a module that it depends on, or its rule, says something else than it did then",
    UNRECORDED: "it lies among the results, and no record tells of it",
    MISSING: "it is not there",
    ALTERED: "its bytes differ from its record",
    RECORD_ALTERED: "its record is not the one that its job wrote",
}
GOOD = frozenset({INTACT, SOURCE})


class Verdict(NamedTuple):
    """A state of `STATES`, and why; the reason is empty where all is well."""

    state: str
    reason: str = ""


def named(names: list[str], most: int = 3) -> str:
    """Return names in a sentence, the first few of them where there are many."""
    shown = ", ".join(names[:most])
    return shown if len(names) <= most else f"{shown} and {len(names) - most} more"

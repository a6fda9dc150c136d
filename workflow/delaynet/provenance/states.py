"""What the audit finds of a file: its state, and the reason where it is not intact."""

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
    INTACT: "bytes, record, inputs and code are as they were when it was made",
    SOURCE: "a file that people write; compared with its digest if a job has read it",
    STALE: "one of its inputs has changed since it was made",
    CODE_CHANGED: "a module that it depends on, or its rule, has changed since it was made",
    UNRECORDED: "it is among the results, and has no record",
    MISSING: "it is not there",
    ALTERED: "its bytes are not those in its record",
    RECORD_ALTERED: "its record is not the one that its job wrote",
}
GOOD = frozenset({INTACT, SOURCE})


class Verdict(NamedTuple):
    """A state of `STATES`, and its reason, which may be empty."""

    state: str
    reason: str = ""


def named(names: list[str]) -> str:
    """Return names in words, as in `a, b, c and 5 more`."""
    shown = ", ".join(names[:3])
    return shown if len(names) <= 3 else f"{shown} and {len(names) - 3} more"

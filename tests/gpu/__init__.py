"""What is checked and measured on a machine with a GPU: `make check-gpu`."""

from typing import Any, NamedTuple


class Result(NamedTuple):
    """What a check found.

    Attributes:
        passed: None where nothing is required, only measured.
        numbers: by name, or by name of a variant and then of the number.
    """

    passed: bool | None
    numbers: dict[str, Any]

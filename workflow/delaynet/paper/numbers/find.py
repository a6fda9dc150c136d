"""Find a printed number by its key."""

import json
from pathlib import Path
from typing import Any

from delaynet.config.errors import UserError
from delaynet.config.files import require


def find_number(numbers: Path, key: str) -> dict[str, Any]:
    """Return the entry of a number; a missing file or number is a `UserError`."""
    try:
        entry = json.loads(require(numbers).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        raise UserError(
            f"{numbers}: is not JSON; it was altered, or cut short. Make it again with "
            f"`snakemake --force {numbers}`."
        ) from None
    for part in key.split("."):
        if not isinstance(entry, dict) or part not in entry:
            raise UserError(
                f"{numbers}: holds no number '{key}'; "
                "`delaynet manuscript --source manuscript/paper.typ --numbers` lists them."
            )
        entry = entry[part]
    if not isinstance(entry, dict) or "shown" not in entry:
        raise UserError(f"{numbers}: '{key}' is a group of numbers; name one of them.")
    return entry

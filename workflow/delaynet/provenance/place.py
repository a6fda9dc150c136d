"""Where an archive or a crate may be written: never over anything, nor among the results."""

import os
from pathlib import Path

from delaynet.config.errors import UserError

# places for a crate within the folder of results, which the audit skips
CRATES = ("crate", "crate.zip")


def refuse_place(output: Path, results: Path) -> None:
    """Refuse to write a file or a folder over another one, or among the results.

    Raises:
        UserError: something is there, or it is among the results and no place for a crate.
    """
    top, place = results.resolve(), output.resolve()
    if place.is_relative_to(top) and place not in [top / name for name in CRATES]:
        raise UserError(f"{output}: is among the results; name another place.")
    if os.path.lexists(output):
        raise UserError(
            f"{output}: is there already and is not overwritten; move it away, or name another "
            "place."
        )

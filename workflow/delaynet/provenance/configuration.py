"""Whether a configuration file still says what the results were made with."""

import json
from pathlib import Path

from delaynet.config.errors import UserError
from delaynet.config.grid import load_config


def resolves_to(file: Path, resolved: Path) -> bool:
    """Return whether a configuration file says the same as a configuration in full.

    Args:
        file: YAML, which may leave defaults out.
        resolved: `results/config.json`.
    """
    try:
        is_same: bool = load_config(file).model_dump(mode="json") == json.loads(
            resolved.read_text(encoding="utf-8")
        )
    except (UserError, OSError, ValueError):
        return False
    return is_same

"""What is costly to make is made once for all of pytest's workers."""

import fcntl
import os
from collections.abc import Callable
from pathlib import Path

import pytest


def made_once(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], object]) -> Path:
    """Return a file or folder that one worker makes while those that need it wait; to be read only.

    Args:
        factory: pytest's, of this worker.
        name: of the file or folder.
        make: makes what it is given the path of; the folder above is there.
    """
    shared = factory.getbasetemp()
    # each worker has a folder of its own in that of the run
    if "PYTEST_XDIST_WORKER" in os.environ:
        shared = shared.parent
    path, is_made = shared / "shared" / name, shared / "shared" / f"{name}.made"
    path.parent.mkdir(exist_ok=True)
    with path.with_name(f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not is_made.exists():
            make(path)
            is_made.touch()
    return path

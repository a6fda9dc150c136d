"""Signals that stop a training after the current batch, so that it can continue later.

A cluster that needs its node back sends SIGTERM or SIGUSR1, a user at the keyboard SIGINT (Ctrl-C).
In a script's background job the shell ignores SIGINT, so that Ctrl-C stops only the script. Then it
is ignored here too.
"""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType

SIGNALS = (signal.SIGTERM, signal.SIGUSR1, signal.SIGINT)
# 75, "try again later" in sysexits.h
EXIT_CODE = os.EX_TEMPFAIL


class Interrupted(Exception):
    """A signal has stopped the training; its checkpoint is written."""


@dataclass
class Interruption:
    """Whether the training is to stop.

    Attributes:
        signal: name of the signal that was received, or None.
    """

    signal: str | None = None

    def note(self, number: int, frame: FrameType | None) -> None:
        """Handle a signal: store its name."""
        self.signal = signal.Signals(number).name


@contextmanager
def note_signals() -> Iterator[Interruption]:
    """Yield an object that stores a signal received in the block; it does not end the process."""
    interruption = Interruption()
    numbers = [n for n in SIGNALS if n != signal.SIGINT or signal.getsignal(n) != signal.SIG_IGN]
    before = {number: signal.signal(number, interruption.note) for number in numbers}
    try:
        yield interruption
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)

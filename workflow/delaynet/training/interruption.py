"""Signals that stop a training: they are noted, and it stops where it can go on later.

A cluster that needs its node back sends SIGTERM or SIGUSR1, a user at the keyboard SIGINT (Ctrl-C).
The background of a script has SIGINT ignored, so that Ctrl-C stops the script alone: it stays so.
"""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType

SIGNALS = (signal.SIGTERM, signal.SIGUSR1, signal.SIGINT)
# "try again later", in the words of sysexits.h: 75
EXIT_CODE = os.EX_TEMPFAIL


class Interrupted(Exception):
    """A signal has stopped the training; its checkpoint is written."""


@dataclass
class Interruption:
    """Whether the training is to stop.

    Attributes:
        signal: name of the signal that came; None before.
    """

    signal: str | None = None

    def note(self, number: int, frame: FrameType | None) -> None:
        """Note a signal: the handler."""
        self.signal = signal.Signals(number).name


@contextmanager
def noted_signals() -> Iterator[Interruption]:
    """Yield what notes the signals that arrive while the block runs, instead of dying of them."""
    interruption = Interruption()
    numbers = [n for n in SIGNALS if n != signal.SIGINT or signal.getsignal(n) != signal.SIG_IGN]
    before = {number: signal.signal(number, interruption.note) for number in numbers}
    try:
        yield interruption
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)

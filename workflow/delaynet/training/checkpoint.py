"""Checkpoints: the state of a training on disk, from which it can continue.

    <folder>/checkpoint.pt             the newest
    <folder>/checkpoint.previous.pt    the one before it

A checkpoint is a line of JSON, followed by the state as written by `torch.save`. The line holds the
training's `origin` (configuration, features file, versions, device) and the SHA-256 of the state. A
damaged file, or one of another training, is therefore recognised before it is used.
"""

import hashlib
import io
import json
import logging
import os
import pickle
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from delaynet.config.files import explaining, remove_leftovers, replacing

log = logging.getLogger("delaynet.training")


@dataclass(frozen=True)
class Checkpoints:
    """The checkpoints of one training.

    Attributes:
        folder: of this training alone.
        origin: what identifies the training, by name; the log puts "another" before these names.
    """

    folder: Path
    origin: Mapping[str, str]

    @property
    def newest(self) -> Path:
        """Path of the newest checkpoint."""
        return self.folder / "checkpoint.pt"

    @property
    def previous(self) -> Path:
        """Path of the checkpoint before it."""
        return self.folder / "checkpoint.previous.pt"

    def write(self, state: Mapping[str, Any]) -> None:
        """Write a checkpoint and keep the previous one.

        Args:
            state: nested dictionaries and lists of tensors and plain values.

        Raises:
            UserError: the disk is full, or the folder cannot be written to.
        """
        content = io.BytesIO()
        torch.save(state, content)
        header = {"sha256": hashlib.sha256(content.getbuffer()).hexdigest(), **self.origin}
        with replacing(self.newest) as temporary:
            with temporary.open("wb") as file:
                file.write(json.dumps(header).encode() + b"\n")
                file.write(content.getbuffer())
            if self.newest.exists():
                os.replace(self.newest, self.previous)

    def read(self) -> dict[str, Any] | None:
        """Return the newest usable state, on the CPU; None if there is none.

        A checkpoint that cannot be used is renamed, and the log gives the reason.

        Raises:
            UserError: the folder cannot be written to.
        """
        with explaining(self.folder):
            self.folder.mkdir(parents=True, exist_ok=True)
        remove_leftovers(self.folder)
        found = [path for path in (self.newest, self.previous) if path.exists()]
        for path in found:
            try:
                return read_checkpoint(path, self.origin)
            except Unusable as reason:
                aside = _set_aside(path)
                log.warning("%s %s; it is not used and now stands in %s", path, reason, aside.name)
        if found:
            log.warning("no checkpoint is left to go on from; the training begins anew")
        return None

    def remove(self) -> None:
        """Remove the checkpoints of a finished training; those that were set aside stay."""
        for path in (self.newest, self.previous):
            path.unlink(missing_ok=True)
        if not any(self.folder.iterdir()):
            self.folder.rmdir()


class Unusable(Exception):
    """Why a checkpoint cannot be used; the message continues a sentence beginning with its path."""


def read_checkpoint(path: Path, origin: Mapping[str, str]) -> dict[str, Any]:
    """Return the state that a checkpoint holds, on the CPU.

    Args:
        path: of the checkpoint.
        origin: of the training that would use it.

    Raises:
        Unusable: not a checkpoint, damaged, or of another origin.
    """
    try:
        header_line, _, content = path.read_bytes().partition(b"\n")
    except OSError as error:
        raise Unusable(f"cannot be read ({error.strerror})") from None
    try:
        header = json.loads(header_line)
    except ValueError:
        header = None
    if not isinstance(header, dict) or "sha256" not in header:
        raise Unusable("is not a checkpoint, or only the beginning of one")
    if header["sha256"] != hashlib.sha256(content).hexdigest():
        raise Unusable("is truncated or altered")
    if different := [name for name, value in origin.items() if header.get(name) != value]:
        raise Unusable(f"was made with another {', another '.join(different)}")
    try:
        # only tensors and plain values, so loading a file never runs code
        return dict(torch.load(io.BytesIO(content), map_location="cpu", weights_only=True))
    except (pickle.UnpicklingError, RuntimeError, EOFError):
        raise Unusable("holds something else than the state of a training") from None


def _set_aside(path: Path) -> Path:
    """Rename a file to a new name; return the new path."""
    aside = path.with_name(f"{path.name}.set-aside")
    count = 1
    while aside.exists():
        count += 1
        aside = path.with_name(f"{path.name}.set-aside-{count}")
    with explaining(path, aside):
        path.rename(aside)
    return aside

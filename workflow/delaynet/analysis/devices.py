"""Runs that were trained on different kinds of devices; no paper is made of such runs.

CPUs and GPUs round sums differently, so a difference between a run on a CPU and one on a GPU may be
that of the devices.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from delaynet.config.errors import UserError
from delaynet.config.grid import Config
from delaynet.provenance.record import record_path
from delaynet.provenance.states import named
from delaynet.training.run_folder import RUN_FILES, read_summary


def mixed_devices(trained: Iterable[tuple[Path, Mapping[str, Any]]]) -> str | None:
    """Return a sentence on runs that were trained on both CPUs and GPUs; None if on one kind only.

    `trained` are run folders, each with the record of its training.
    """
    on: dict[str, list[str]] = {"CPU": [], "GPU": []}
    for folder, record in trained:
        kinds = {"GPU" if record["gpu"] else "CPU"}
        # the record has only the last device; the audit reports a summary that cannot be read
        with suppress(OSError, UserError):
            kinds |= {name[:3] for name in read_summary(folder).get("trained_in_parts_on", [])}
        for kind in kinds:
            on[kind].append(str(folder))
    if not all(on.values()):
        return None
    few, many = sorted(on, key=lambda kind: len(on[kind]))
    return (
        f"these results mix devices (trainings on a {few}: {len(on[few]):,}, on a {many}: "
        f"{len(on[many]):,}), and a difference between two networks may be that of the devices; "
        f"remove these run folders, and train again on a {many}: {named(on[few])}."
    )


def refuse_mixed_devices(config: Config, runs_folder: Path) -> None:
    """Raise a `UserError` that names the runs if a grid was trained on both CPUs and GPUs."""
    folders = [runs_folder / run.folder for run in config.runs()]
    if sentence := mixed_devices(_recorded(folders)):
        raise UserError(sentence)


def _recorded(folders: Iterable[Path]) -> Iterator[tuple[Path, Mapping[str, Any]]]:
    """Yield the run folders that have a record, with the record; the audit reports the others."""
    for folder in folders:
        with suppress(OSError, ValueError):
            yield folder, json.loads(record_path(folder / RUN_FILES[0]).read_text(encoding="utf-8"))

"""Retrain runs drawn at random, and compare them with what was recorded.

Where platform, processor, GPU, Python, PyTorch's build and packages are the recorded ones, every
file must have the same bytes, the column `seconds` of `metrics.csv` apart. Elsewhere sums are
rounded differently: a neuron may then spike at another step, and the training ends at other
weights, as with another seed. Then, and where a training continued on another device than it began
on, the test accuracy must be the recorded one within `tolerance`.
"""

import importlib.metadata
import math
import random
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import torch

from delaynet.config.errors import UserError
from delaynet.config.grid import RunSettings
from delaynet.config.settings import RESOLVED
from delaynet.provenance.audit import Audit
from delaynet.provenance.code import changed_code, code_now
from delaynet.provenance.machine import machine
from delaynet.provenance.record import Record
from delaynet.provenance.states import INTACT, named
from delaynet.training.loop import train
from delaynet.training.run_folder import RUN_FILES, read_summary
from delaynet.workflow.project import PROJECT

# of test accuracy: two points in a hundred, or on few test clips three standard errors
LEAST_TOLERANCE, STANDARD_ERRORS = 0.02, 3
# fields of a record that rounding depends on
CIRCUMSTANCES = ("platform", "cpu", "gpu", "python", "torch")


class Comparison(NamedTuple):
    """Whether a retrained run agrees with the recorded one, and what was found."""

    agrees: bool
    found: str


def drawn_runs(audit: Audit, count: int, seed: int) -> list[str]:
    """Draw recorded run folders, without replacement; the same seed draws the same ones.

    Raises:
        UserError: fewer were recorded.
    """
    last = f"/{RUN_FILES[-1]}"
    runs = sorted(path.removesuffix(last) for path in audit.records if path.endswith(last))
    if count > len(runs):
        raise UserError(f"{count} runs are asked for, and {len(runs)} were recorded here.")
    return random.Random(seed).sample(runs, count)


def retrain(audit: Audit, run: str, target: Path) -> Comparison:
    """Train a recorded run again, and compare.

    Raises:
        UserError: this package is not the code that trained it.
    """
    names = [f"{run}/{name}" for name in RUN_FILES]
    verdicts = {name: audit.verdict(name) for name in names}
    for name, verdict in verdicts.items():
        if verdict.state != INTACT:
            return Comparison(False, f"{name} is {verdict.state} ({verdict.reason})")
    record = audit.records[names[0]]
    # the audit looks at the code beside the results; the package that runs may be another
    if others := changed_code(PROJECT, record, code_now(PROJECT.workflow)):
        raise UserError(
            f"{run}: was trained with other code than this command runs ({named(others)} in "
            f"{PROJECT.workflow}); use the command of the project that the results are of."
        )
    (features,) = record["inputs"]
    settings = RunSettings.model_validate(record["parameters"], context=RESOLVED)
    torch.set_num_threads(record["torch"]["threads"])
    train(settings, audit.root / features, target)
    parts = read_summary(audit.root / run).get("trained_in_parts_on", [])
    return compare(audit.root / run, target, other_circumstances(record, settings, parts))


def compare(recorded: Path, retrained: Path, differing: Sequence[str]) -> Comparison:
    """Compare a retrained run folder with the recorded one.

    Bytes must be the same unless there are `differing` circumstances.
    """
    others = [name for name in RUN_FILES if content(recorded / name) != content(retrained / name)]
    if not others:
        return Comparison(True, "the same bytes")
    if not differing:
        return Comparison(False, f"other bytes in {', '.join(others)}, under the same conditions")
    before, now = (read_summary(folder)["test_accuracy"] for folder in (recorded, retrained))
    allowed = tolerance(
        before, len((recorded / "predictions.csv").read_text(encoding="utf-8").splitlines()) - 1
    )
    # accuracies are shares of clips: the last digits of their difference are rounding
    agrees = abs(now - before) <= allowed + 1e-9
    return Comparison(
        agrees,
        f"{'within' if agrees else 'not within'} {100 * allowed:.1f} points: test accuracy "
        f"{100 * now:.1f} %, recorded {100 * before:.1f} % (not as recorded: "
        f"{', '.join(differing)})",
    )


def tolerance(accuracy: float, clips: int) -> float:
    """Return by how much the test accuracy may differ under other circumstances.

    Three standard errors of the difference of two accuracies on n test clips, sqrt(2 p (1 - p) / n)
    for the recorded share p, and at least two points in a hundred.
    """
    standard_error = math.sqrt(2 * accuracy * (1 - accuracy) / clips)
    return max(LEAST_TOLERANCE, STANDARD_ERRORS * standard_error)


def content(path: Path) -> bytes:
    """Return a file's bytes; of metrics, without the column `seconds`, which is the last."""
    if path.name != "metrics.csv":
        return path.read_bytes()
    return b"\n".join(line.rpartition(b",")[0] for line in path.read_bytes().splitlines())


def other_circumstances(
    record: Record, settings: RunSettings, parts: Sequence[str] = ()
) -> list[str]:
    """Return the circumstances of a training that differ from the recorded ones.

    They may change rounding. A record names only the last of the devices that trained in `parts`.
    """
    here = machine()
    differing = [name for name in CIRCUMSTANCES if here[name] != record[name]]
    if here["cpu"] is None and "cpu" not in differing:
        differing.append("cpu")  # unknown here and in the record: they may differ
    for name, version in record["packages"].items():
        if _version(name) != version:
            differing.append(f"version of {name}")
    if settings.model.signs_drawn == "unseeded":
        differing.append("signs, which were drawn from the machine's entropy")
    if parts:
        differing.append(f"the device, as it was trained in parts on {' and '.join(parts)}")
    return differing


def _version(package: str) -> str | None:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None

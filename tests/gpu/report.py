"""What `make check-gpu` leaves behind: results/gpu/check.json, and the end of docs/gpu.md."""

import datetime
import json
import platform
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import torch

from delaynet.config.files import replacing
from delaynet.provenance.machine import machine
from gpu import Result

ROOT = Path(__file__).parents[2]
MEASURED = "## Measured\n"
VERDICTS = {True: "passed", False: "failed", None: "measured"}


def description() -> dict[str, Any]:
    """Return what a reader needs to know of the machine."""
    here = machine()
    return {
        "GPU": here["gpu"] and here["gpu"]["name"],
        "driver": here["gpu"] and here["gpu"]["driver"],
        "processor": here["cpu"],
        "system": platform.platform(),
        "PyTorch": torch.__version__,
        "Triton": here["packages"].get("triton"),
        "date": datetime.date.today().isoformat(),
    }


def write_all(results: Mapping[str, Result], of_machine: dict[str, Any], root: Path = ROOT) -> None:
    """Write the numbers, and put them in place of what docs/gpu.md has measured so far."""
    content = {
        "machine": of_machine,
        "checks": {name: result._asdict() for name, result in results.items()},
    }
    with replacing(root / "results/gpu/check.json") as temporary:
        temporary.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    page = root / "docs/gpu.md"
    kept = page.read_text(encoding="utf-8").partition(MEASURED)[0]
    with replacing(page) as temporary:
        lines = measured_lines(results, of_machine)
        temporary.write_text(kept + MEASURED + "\n" + "\n".join(lines) + "\n", encoding="utf-8")


def measured_lines(results: Mapping[str, Result], of_machine: dict[str, Any]) -> Iterator[str]:
    """Yield the lines of the page: the machine, then a table for each check."""
    yield "By `make check-gpu`, in one run; `results/gpu/check.json` has all digits.\n"
    yield from ("| machine | |", "| --- | --- |")
    for name, value in of_machine.items():
        yield f"| {name} | {value} |"
    for name, result in results.items():
        yield f"\n### {name}: {VERDICTS[result.passed]}\n"
        yield from ("| | |", "| --- | --- |")
        for key, value in result.numbers.items():
            yield f"| {key} | {_shown(value)} |"


def _shown(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{key}: {_shown(inner)}" for key, inner in value.items())
    return f"{value:.3g}" if isinstance(value, float) else str(value)

"""Why a job would run: in terms of content, where Snakemake speaks of times and parameters."""

import json
import re
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path
from typing import Any

from delaynet.provenance.record import fingerprint, record_path
from delaynet.workflow.project import PROJECT

# `<file> <digest>` of a module, and `<rule> <digest>`, as the rules hand them to Snakemake
MODULE = re.compile(r"\b(delaynet/[\w/]+\.py) ([0-9a-f]{16})\b")
RULE = re.compile(r"(?<![\w/.])(\w+) ([0-9a-f]{16})\b")
MODULES_NAMED = 3
RULE_CHANGED = "its rule has changed"


class Causes:
    """The causes of one graph of jobs."""

    def __init__(self, dag: Any) -> None:
        """Take Snakemake's graph of jobs."""
        self.dag = dag
        self.digest = lru_cache(maxsize=None)(lambda path: fingerprint(path)["sha256"])

    def of(self, job: Any) -> str:
        """Return why a job would run, in words."""
        reason = self.dag.reason(job)
        found: list[str] = []
        if reason.forced:
            found.append("it is asked for")
        if reason.missing_output:
            found.append(self._missing(reason.missing_output))
        if reason.incomplete_output:
            found.append("it was not finished")
        if reason.params_changed:
            found += _changed(reason.params_changed)
        if reason.code_changed and RULE_CHANGED not in found:
            found.append(RULE_CHANGED)
        if reason.software_stack_changed:
            found.append("its software environment has changed")
        if reason.input_changed:
            found.append("it has other inputs than before")
        if not found:
            found = self._newer(job, reason.updated_input - reason.updated_input_run)
        if not found:
            found.append(f"after {self._makers(job, reason.updated_input_run)}")
        return "; ".join(found)

    def _missing(self, files: Iterable[str]) -> str:
        known = [file for file in sorted(files) if self.dag.workflow.persistence.metadata(file)]
        return "its output was removed" if known else "not made yet"

    def _newer(self, job: Any, files: Iterable[str]) -> list[str]:
        """Return, for inputs that are newer than what was made of them, whether they differ."""
        recorded = _recorded_inputs(Path(job.output[0]))
        causes = []
        for file in sorted(map(str, files)):
            before = recorded.get(PROJECT.name_of(Path(file)), {}).get("sha256")
            if before is None:
                causes.append(f"{file} is newer")
            elif before == self.digest(Path(file)):
                causes.append(f"{file} is newer, though its content is the same")
            else:
                causes.append(f"{file} has changed")
        return causes

    def _makers(self, job: Any, files: Iterable[str]) -> str:
        """Return the rules that make a job's inputs anew."""
        wanted = set(files)
        makers = {
            maker.rule.name
            for maker, made in self.dag.dependencies[job].items()
            if self.dag.needrun(maker) and (not wanted or wanted & set(made))
        }
        return ", ".join(sorted(makers))


def _recorded_inputs(output: Path) -> dict[str, Any]:
    """Return the inputs in the record of a job; none where there is no record to read."""
    try:
        inputs: dict[str, Any] = json.loads(record_path(output).read_text(encoding="utf-8"))[
            "inputs"
        ]
    except (OSError, ValueError, KeyError, TypeError):
        return {}
    return inputs


def _changed(change: Any) -> list[str]:
    """Return what has changed among a job's parameters: its rule, modules of the code, settings."""
    causes = []
    if _named(RULE, change.only_old) != _named(RULE, change.only_new):
        causes.append(RULE_CHANGED)
    before, now = (_named(MODULE, texts) for texts in (change.only_old, change.only_new))
    modules = sorted(file for file in before | now if before.get(file) != now.get(file))
    if modules:
        more = len(modules) - MODULES_NAMED
        named = ", ".join(modules[:MODULES_NAMED]) + (f" and {more} more" if more > 0 else "")
        causes.append(f"the code has changed: {named}")
    return causes or ["its settings have changed"]


def _named(pattern: re.Pattern[str], texts: Iterable[object]) -> dict[str, str]:
    """Return the digests in a job's parameters by what they are of."""
    return {name: digest for text in texts for name, digest in pattern.findall(str(text))}

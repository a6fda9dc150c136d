"""The progress of `make paper`: jobs that start and end, and an estimate of the time left.

A logger plugin of Snakemake (`snakemake --logger delaynet`), found by the name of the module
`snakemake_logger_plugin_delaynet`. It writes one line per job; warnings and errors are shown
unchanged.
"""

import sys
import time
from collections import Counter, defaultdict
from datetime import timedelta
from logging import WARNING, LogRecord
from pathlib import Path
from typing import Any

from snakemake_interface_logger_plugins.base import LogHandlerBase
from snakemake_interface_logger_plugins.common import LogEvent

LINES_OF_A_FAILURE = 5


class Progress:
    """The finished jobs of a workflow, and an estimate of the time left.

    A waiting job is taken to last as long as the finished jobs of its rule on average, or of all
    rules if its own has none; as many jobs run at once as did on average so far.
    """

    def __init__(self, jobs: dict[str, int], now: float) -> None:
        """Start with the number of jobs of each rule, at a time in seconds."""
        self.waiting = Counter(jobs)
        self.total = sum(jobs.values())
        self.begin = now
        self.done = 0
        self.started: dict[int, tuple[str, float]] = {}
        self.seconds: dict[str, list[float]] = defaultdict(list)

    def start(self, job: int, rule: str, now: float) -> None:
        """Note that a job has started."""
        self.started[job] = rule, now

    def has_begun(self, rule: str) -> bool:
        """Return whether a job of a rule has started."""
        return rule in self.seconds or rule in (name for name, _ in self.started.values())

    def finish(self, job: int, now: float) -> None:
        """Note that a job has finished."""
        rule, begin = self.started.pop(job)
        self.seconds[rule].append(now - begin)
        self.waiting[rule] -= 1
        self.done += 1

    def seconds_left(self, now: float) -> float | None:
        """Return the estimated seconds until the last job has finished; None before the first."""
        finished = [second for seconds in self.seconds.values() for second in seconds]
        if not finished:
            return None
        overall = sum(finished) / len(finished)
        left = 0.0
        for rule, count in self.waiting.items():
            own = self.seconds.get(rule)
            left += count * (sum(own) / len(own) if own else overall)
        running = sum(now - begin for _, begin in self.started.values())
        at_once = max(1.0, (sum(finished) + running) / max(now - self.begin, 1e-9))
        return max(0.0, left - running) / at_once


def clock(seconds: float) -> str:
    """Return a duration as h:mm:ss."""
    return str(timedelta(seconds=round(seconds)))


class LogHandler(LogHandlerBase):
    """Writes the lines."""

    progress: Progress | None = None
    # it replaces Snakemake's own output, and does the filtering and formatting itself
    writes_to_stream = has_filter = has_formatter = True
    writes_to_file = needs_rulegraph = False

    def __post_init__(self) -> None:
        self.names: dict[int, str] = {}

    def emit(self, record: LogRecord) -> None:
        """Show one event of Snakemake, if it is one to show."""
        now = time.monotonic()
        fields: dict[str, Any] = vars(record)
        match fields.get("event"):
            case LogEvent.RUN_INFO:
                # `all` is a name for the targets, not a job; `total` is the sum
                jobs = {k: v for k, v in fields["stats"].items() if k not in ("all", "total")}
                self.progress = Progress(jobs, now)
                self._write(f"{self.progress.total} jobs to do")
            case LogEvent.JOB_INFO:
                words = [fields["rule_name"], *(fields["wildcards"] or {}).values()]
                self.names[fields["jobid"]] = " ".join(words)
                if self.progress and fields["rule_name"] != "all":
                    if not self.progress.has_begun(fields["rule_name"]):
                        self._write(f"first {fields['rule_name']} job: {' '.join(words)}")
                    self.progress.start(fields["jobid"], fields["rule_name"], now)
            case LogEvent.JOB_FINISHED if self.progress and self.names[fields["job_id"]] != "all":
                self._finished(self.progress, fields["job_id"], now)
            case LogEvent.JOB_ERROR:
                self._failed(self.names[fields["jobid"]], fields["log"] or [])
            case _ if record.levelno >= WARNING:
                self._write(record.getMessage())

    def _finished(self, progress: Progress, job: int, now: float) -> None:
        progress.finish(job, now)
        left = progress.seconds_left(now) or 0.0
        width = len(str(progress.total))
        self._write(
            f"[{progress.done:{width}} of {progress.total}] {clock(now - progress.begin)} passed, "
            f"about {clock(left)} left: {self.names[job]} done"
        )

    def _failed(self, name: str, logs: list[str]) -> None:
        self._write(f"FAILED: {name}")
        for log in map(Path, logs):
            self._write(f"  the end of {log}:")
            lines = log.read_text(encoding="utf-8").splitlines() if log.exists() else []
            for line in lines[-LINES_OF_A_FAILURE:]:
                self._write(f"    {line}")

    def _write(self, line: str) -> None:
        print(line, file=sys.stderr, flush=True)

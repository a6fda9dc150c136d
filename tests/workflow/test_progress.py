"""The progress lines of `make paper`: counts, and an estimate that is right where it can be."""

import subprocess
import sys

import pytest

from delaynet.workflow.progress import Progress, clock


def test_two_jobs_at_a_time_of_ten_seconds_each() -> None:
    progress = Progress({"train": 6}, now=0.0)
    for begin in (0, 10):
        progress.start(2 * begin, "train", begin)
        progress.start(2 * begin + 1, "train", begin)
        progress.finish(2 * begin, begin + 10)
        progress.finish(2 * begin + 1, begin + 10)
    assert progress.done == 4
    assert progress.seconds_left(20.0) == pytest.approx(10.0)


def test_a_job_that_runs_counts_for_what_it_has_left() -> None:
    progress = Progress({"train": 2}, now=0.0)
    progress.start(0, "train", 0.0)
    progress.finish(0, 10.0)
    progress.start(1, "train", 10.0)
    assert progress.seconds_left(16.0) == pytest.approx(4.0)


def test_rules_have_their_own_means() -> None:
    progress = Progress({"train": 2, "figure": 2}, now=0.0)
    for job, (rule, begin, end) in enumerate([("train", 0.0, 30.0), ("figure", 30.0, 32.0)]):
        progress.start(job, rule, begin)
        progress.finish(job, end)
    assert progress.seconds_left(32.0) == pytest.approx(30.0 + 2.0)


def test_before_the_first_job_has_finished_there_is_no_estimate() -> None:
    progress = Progress({"train": 2}, now=0.0)
    progress.start(0, "train", 0.0)
    assert progress.seconds_left(5.0) is None


def test_a_clock_reads_as_a_clock() -> None:
    assert clock(3725.4) == "1:02:05"


def test_snakemake_finds_the_plugin_without_importing_the_package() -> None:
    # a Snakefile uses the package of its own clone
    program = (
        "import sys; from snakemake_interface_logger_plugins.registry import LoggerPluginRegistry\n"
        "assert LoggerPluginRegistry().is_installed('delaynet')\n"
        "assert not [name for name in sys.modules if name.split('.')[0] == 'delaynet']"
    )
    subprocess.run([sys.executable, "-c", program], check=True)

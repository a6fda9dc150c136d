"""What a configuration asks for is said before it starts: trainings, those done, hours."""

import re
from pathlib import Path
from typing import Any

import pytest

from delaynet.config import Config, load_config, parse_config
from delaynet.effort import effort, expected_seconds, say

PROJECT = Path(__file__).parents[1]
GRID = {
    "name": "some",
    "corpus": {"trials": 10},
    "grid": [{"delays": ["fixed", "learned"], "structure": ["dense"]}],
    "seeds": 2,
}


def config(**change: Any) -> Config:
    return parse_config(GRID | change)


def finish(folder: Path, run: Any, seconds: float) -> None:
    """Leave behind what a finished training does: a summary, and Snakemake's benchmark."""
    summary = folder / "results" / "runs" / run.folder / "summary.json"
    benchmark = folder / "benchmarks" / "train" / f"{run.folder}.tsv"
    for path, content in ((summary, "{}"), (benchmark, f"s\th:m:s\n{seconds}\t0:00:01\n")):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)


def asked_of(folder: Path, of: Config) -> Any:
    return effort(of, folder / "results", folder / "benchmarks")


def test_all_trainings_are_counted_and_those_that_are_done(tmp_path: Path) -> None:
    assert asked_of(tmp_path, config())[:2] == (4, 0)
    finish(tmp_path, next(config().runs()), 10.0)
    assert asked_of(tmp_path, config())[:2] == (4, 1)


def test_hours_grow_with_epochs_clips_and_neurons(tmp_path: Path) -> None:
    hours = asked_of(tmp_path, config()).core_hours
    for change in (
        {"training": {"epochs": 300}},
        {"corpus": {"trials": 20}},
        {"model": {"hidden": [512]}},
        {"model": {"hidden": [256, 256]}},
    ):
        assert asked_of(tmp_path, config(**change)).core_hours > 1.5 * hours


def test_the_benchmarks_epoch_is_what_is_expected_of_the_papers_size() -> None:
    paper = load_config(PROJECT / "config" / "paper.yaml")
    seconds = expected_seconds(paper, next(paper.runs()), 8156) / 150
    page = (PROJECT / "docs" / "benchmark.md").read_text()
    measured = re.search(r"\| `epoch_8156` \| (\d+) ms", page)
    assert measured
    of_one_core = 2 * int(measured[1]) / 1000  # it was measured with two threads
    assert 0.5 * of_one_core < seconds < 2 * of_one_core


def test_trainings_that_were_timed_here_speak_for_those_to_come(tmp_path: Path) -> None:
    fixed, _, learned, _ = config().runs()
    finish(tmp_path, fixed, 3600.0)
    asked = asked_of(tmp_path, config())
    assert asked.measured == 1
    # the other seed of the same variant takes the same, the other variant as much by the ratio
    assert asked.core_hours == pytest.approx(3.0)
    finish(tmp_path, learned, 7200.0)
    assert asked_of(tmp_path, config()).core_hours == pytest.approx(1.0 + 2.0)


def test_the_sentence_says_runs_hours_and_where_they_come_from(tmp_path: Path) -> None:
    of = config()
    sentence = say("some", asked_of(tmp_path, of), 2)
    assert "4 trainings, 0 of them done" in sentence
    assert "on 2 (by docs/benchmark.md; on a GPU not measured)" in sentence
    assert " on 2" not in say("some", asked_of(tmp_path, of), None)
    for run in of.runs():
        finish(tmp_path, run, 10.0)
    assert say("some", asked_of(tmp_path, of), 2) == "some: 4 trainings, 4 of them done."


def test_spikes_that_were_not_read_yet_have_no_hours(tmp_path: Path) -> None:
    spikes = {"corpus": {"source": "spikes", "folder": "shd"}, "features": {"preset": "spikes"}}
    asked = asked_of(tmp_path, config(**spikes))
    assert asked.core_hours is None
    assert "known once the features are made" in say("some", asked, 2)

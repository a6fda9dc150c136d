"""What a configuration asks for is said before it starts: trainings, those done, hours."""

import json
import re
from pathlib import Path
from typing import Any

import h5py
import pytest

from delaynet.config.grid import Config, Run, load_config, parse_config
from delaynet.workflow.estimate import estimate, expected_seconds, number_of_clips

PROJECT = Path(__file__).parents[2]
GRID = {
    "name": "some",
    "corpus": {"trials": 10},
    "grid": [{"delays": ["fixed", "learned"], "structure": ["dense"]}],
    "seeds": 2,
}


@pytest.fixture
def results(tmp_path: Path) -> Path:
    return tmp_path / "results"


def config(**change: Any) -> Config:
    return parse_config(GRID | change)


def finish(results: Path, run: Run, seconds: float, gpu: str | None = None) -> None:
    """Leave behind what a finished training does, as far as its time is asked for."""
    folder, records = results / "runs" / run.folder, results / "records" / "runs" / run.folder
    for path in (folder, records):
        path.mkdir(parents=True)
    (folder / "summary.json").write_text("{}")
    (folder / "metrics.csv").write_text("epoch,seconds\n0,1.5\n1,1.5\n")
    record = {"seconds": seconds, "gpu": gpu and {"name": gpu, "driver": None}}
    (records / "settings.json.json").write_text(json.dumps(record))


def hours(of: Config, results: Path, **options: Any) -> float:
    total = estimate(of, of.runs(), results, **options).total
    assert total is not None
    return total


def test_hours_grow_with_epochs_clips_and_neurons(results: Path) -> None:
    before = hours(config(), results)
    for change in (
        {"training": {"epochs": 300}},
        {"corpus": {"trials": 20}},
        {"model": {"hidden": [512]}},
        {"model": {"hidden": [256, 256]}},
    ):
        assert hours(config(**change), results) > 1.5 * before


def test_the_benchmarks_epoch_is_what_is_expected_of_the_papers_size() -> None:
    paper = load_config(PROJECT / "config" / "paper.yaml")
    seconds = expected_seconds(paper, next(paper.runs()), 8156) / 150
    page = (PROJECT / "docs" / "benchmark.md").read_text()
    measured = re.search(r"\| `epoch_8156` \| (\d+) ms", page)
    assert measured
    of_one_core = 2 * int(measured[1]) / 1000  # it was measured with two threads
    assert 0.5 * of_one_core < seconds < 2 * of_one_core


def test_recorded_trainings_speak_for_those_to_come(results: Path) -> None:
    fixed, _, learned, _ = config().runs()
    finish(results, fixed, 3600.0)
    # the other seed of the same variant takes the same, the other variant as much by the ratio
    assert hours(config(), results) == pytest.approx(4.0)
    finish(results, learned, 7200.0)
    expected = estimate(config(), config().runs(), results)
    assert expected.total == pytest.approx(2 * 1.0 + 2 * 2.0)
    assert expected.source == "by the records of 2 trainings here, on CPUs"


def test_a_training_that_was_interrupted_took_what_all_its_epochs_took(results: Path) -> None:
    of = config()
    finish(results, next(of.runs()), 0.5)
    assert hours(of, results) == pytest.approx(4 * 3.0 / 3600)


def test_gpus_and_cores_are_not_mixed(results: Path) -> None:
    fixed, other, *_ = config().runs()
    finish(results, fixed, 3600.0)
    finish(results, other, 360.0, gpu="NVIDIA A100")
    assert hours(config(), results, on_gpus=False) == pytest.approx(4.0)
    on_gpus = estimate(config(), config().runs(), results, on_gpus=True)
    assert on_gpus.total == pytest.approx(0.4)
    assert on_gpus.source == "by the records of 1 training here, on NVIDIA A100"


def test_a_record_that_cannot_be_read_tells_nothing(results: Path) -> None:
    of = config()
    before = estimate(of, of.runs(), results)
    run = next(of.runs())
    finish(results, run, 3600.0)
    (results / "records" / "runs" / run.folder / "settings.json.json").write_text("{")
    assert estimate(of, of.runs(), results) == before


def test_spikes_that_were_not_read_yet_have_no_hours(results: Path) -> None:
    spikes = {"corpus": {"source": "spikes", "folder": "shd"}, "features": {"preset": "spikes"}}
    of = config(**spikes)
    assert estimate(of, of.runs(), results).total is None


def test_clips_of_a_list_are_its_lines_and_a_list_that_is_no_text_stops_no_estimate(
    results: Path, tmp_path: Path
) -> None:
    names = tmp_path / "train_filenames.txt"
    of = config(corpus={"source": "folder", "folder": str(tmp_path)})
    names.write_text("\n".join(f"clip {number}.wav" for number in range(500)) + "\n\n")
    assert number_of_clips(of.corpus, results / "features.h5") == 500
    names.write_bytes("größe.wav\n".encode("utf-16"))
    assert number_of_clips(of.corpus, results / "features.h5") is None
    assert estimate(of, of.runs(), results).total is None


@pytest.mark.parametrize("broken", ["no HDF5", "cut", "no split", "a split of numbers"])
def test_features_that_cannot_be_read_stop_no_estimate(results: Path, broken: str) -> None:
    before = hours(config(), results)
    results.mkdir()
    features = results / "features.h5"
    with h5py.File(features, "w") as file:
        file["split"] = ["train"] * 500 if broken == "cut" else [1, 2]
        if broken == "no split":
            del file["split"]
    if broken == "cut":
        features.write_bytes(features.read_bytes()[:1000])
    elif broken == "no HDF5":
        features.write_text("broken")
    assert hours(config(), results) == before

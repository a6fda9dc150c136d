"""Times follow content: what was made from the same bytes is never older than these."""

import os
import shutil
import time
from collections.abc import Sequence
from itertools import pairwise, permutations
from pathlib import Path

import pytest

from delaynet.provenance.seal import write_seal
from delaynet.provenance.times import follow_content, recorded_jobs
from delaynet.workflow.project import PROJECT, recorded


def make(inputs: Sequence[str], output: str) -> None:
    """Make an output from inputs, as a job does."""
    with recorded(list(map(Path, inputs)), [Path(output)]):
        Path(output).parent.mkdir(parents=True, exist_ok=True)
        Path(output).write_text(f"from {inputs}", encoding="utf-8")


def follow(results: Path) -> None:
    follow_content(PROJECT, results, recorded_jobs(PROJECT, results))


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a chain of three results and the seal over them."""
    folder = tmp_path_factory.mktemp("made")
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.chdir(folder)
        Path("audio").mkdir()
        Path("audio/clip.wav").write_text("a word", encoding="utf-8")
        make(["audio"], "results/features.h5")
        make(["results/features.h5"], "results/network.h5")
        make(["results/network.h5"], "results/table.csv")
        with recorded([], [Path("results/seal.json")]):
            write_seal(PROJECT, Path("results"), Path("results/seal.json"))
    return folder


@pytest.fixture
def results(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the made results, times kept, below the current folder."""
    shutil.copytree(made, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    return tmp_path / "results"


def is_newer(path: str, other: str) -> bool:
    return Path(path).stat().st_mtime_ns > Path(other).stat().st_mtime_ns


def set_times(*newest_first: str) -> None:
    now = time.time()
    for age, path in enumerate(newest_first):
        os.utime(path, (now - age, now - age))


CHAIN = ("audio", "results/features.h5", "results/network.h5", "results/table.csv")


def test_a_copy_whose_times_have_any_order_is_put_in_order(results: Path) -> None:
    for order in permutations(CHAIN):
        set_times(*order, "results/seal.json")
        follow(results)
        for older, newer in pairwise(CHAIN):
            assert not is_newer(older, newer), order
        assert not is_newer("results/table.csv", "results/seal.json"), order


def test_an_archive_that_rounds_times_to_two_seconds_changes_no_order(results: Path) -> None:
    for path in (*CHAIN, "results/seal.json"):
        rounded = Path(path).stat().st_mtime // 2 * 2
        os.utime(path, (rounded, rounded))
    before = {path: Path(path).stat().st_mtime_ns for path in CHAIN}
    follow(results)
    assert {path: Path(path).stat().st_mtime_ns for path in CHAIN} == before


def test_what_was_changed_stays_newer_than_what_was_made_from_it(results: Path) -> None:
    set_times(*CHAIN, "results/seal.json")
    Path("results/features.h5").write_text("other", encoding="utf-8")
    follow(results)
    assert is_newer("results/features.h5", "results/network.h5")
    assert is_newer("results/features.h5", "results/seal.json")
    assert not is_newer("results/network.h5", "results/table.csv")


def test_where_nothing_is_newer_no_time_changes(results: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in results.parent.rglob("*")}
    follow(results)
    assert {path: path.stat().st_mtime_ns for path in results.parent.rglob("*")} == before


def test_a_result_that_is_not_there_gets_no_time(results: Path) -> None:
    set_times(*CHAIN)
    Path("results/network.h5").unlink()
    follow(results)
    assert not Path("results/network.h5").exists()


def test_a_record_that_is_not_as_sealed_leaves_the_seal_older(results: Path) -> None:
    set_times("results/table.csv", "results/seal.json")
    record = results / "records" / "table.csv.json"
    record.write_text(record.read_text(encoding="utf-8") + "\n", encoding="utf-8")
    follow(results)
    assert is_newer("results/table.csv", "results/seal.json")


@pytest.mark.parametrize("content", ["", "[]", '{"inputs": {}}'])
def test_what_is_no_record_is_left_to_the_audit(results: Path, content: str) -> None:
    (results / "records" / "table.csv.json").write_text(content, encoding="utf-8")
    (results / "seal.json").write_text(content, encoding="utf-8")
    follow(results)


def test_what_was_made_while_the_clock_was_ahead_is_dated_now(results: Path) -> None:
    tomorrow = time.time() + 86400
    os.utime(results / "features.h5", (tomorrow, tomorrow))
    follow(results)
    names = ("features.h5", "network.h5", "table.csv")
    dates = [(results / name).stat().st_mtime for name in names]
    assert dates == sorted(dates)
    assert dates[-1] <= time.time()

"""The benchmark measures what it says, for every side, and its table holds every work."""

import csv
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from benchmark import report
from benchmark.measure import (
    MEBIBYTE,
    PEERS,
    SIDES,
    Measurement,
    memory_of,
    peak_since,
    reset_peak,
    seconds_of,
)
from benchmark.works import (
    LARGEST_INPUT,
    Quantity,
    Work,
    all_works,
    drawn_data,
    growth_works,
    settings,
)


@pytest.mark.parametrize("quantity", ["step", "epoch", "evaluation"])
@pytest.mark.slow
def test_every_side_does_every_work(quantity: Quantity) -> None:
    rewired = settings("learned", "deep_r_rigl", "0.9375", hidden=16)
    work = Work("small", rewired, 0.23, quantity, clips=300, steps=20)
    batches: list[int] = []
    seconds = seconds_of(work, 2, batches.append)
    assert list(seconds) == [*PEERS, "ours"]
    assert min(seconds.values()) > 0
    assert batches == [2] * 2 * len(SIDES)


def test_the_peak_of_memory_is_seen_after_it_has_passed() -> None:
    before = reset_peak()
    array = np.ones(64 * MEBIBYTE, dtype=np.uint8)
    del array
    assert peak_since(before) == pytest.approx(64, abs=2)
    assert peak_since(reset_peak()) < 8


@pytest.mark.slow
def test_memory_is_measured_in_a_process_of_its_own() -> None:
    work = next(work for work in all_works() if work.name == "hidden_64")
    batch_of_spikes = 256 * 80 * 64 * 4 / MEBIBYTE
    assert batch_of_spikes < memory_of("plain", work) < 20 * batch_of_spikes


def test_names_of_works_are_unique_and_hold_the_papers_setting() -> None:
    names = [work.name for work in all_works()]
    assert len(set(names)) == len(names)
    assert {"dense_learned", "static_fixed_0.984375", "evaluation_0.984375"} < set(names)


def test_a_growths_base_is_measured_once() -> None:
    base = next(work for work in all_works() if work.name == "dense_learned")
    same = [work.name for work in all_works() if work == base]
    assert same == ["dense_learned", "hidden_256", "steps_80", "taps_25"]
    assert base != replace(base, sigma=12.0)


def test_the_drawn_input_looks_like_features() -> None:
    signal, label = drawn_data(16, 80)
    assert signal.shape == (80, 16, 40)
    assert signal.min() == 0
    assert float(signal.max()) == pytest.approx(LARGEST_INPUT)
    assert float((signal[1:] - signal[:-1]).abs().mean()) < 0.2 * float(signal.std())
    assert label.min() >= 0 and label.max() < 20


def test_the_page_and_the_table_have_every_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(report, "ROOT", tmp_path)
    rows = [
        Measurement(work.name, peer, work.quantity, 0.02, 0.5)
        for work in all_works()
        for peer in PEERS
    ]
    written = report.write_all(rows, {"processor": "an abacus"}, 0.1)
    assert all((tmp_path / path).exists() for path in written)
    with (tmp_path / "results/benchmark/engine.csv").open(newline="") as file:
        table = list(csv.DictReader(file))
    assert list(table[0]) == ["work", "peer", "quantity", "ours", "theirs", "ratio"]
    assert [float(row["ratio"]) for row in table] == [25.0] * len(rows)
    page = (tmp_path / "docs/benchmark.md").read_text()
    grown = {work.name for works in growth_works().values() for work in works}
    assert "an abacus" in page
    assert all(f"`{row.work}` | 20.0 ms" in page for row in rows if row.work not in grown)
    assert "| 1,024 | 20.0 ms" in page

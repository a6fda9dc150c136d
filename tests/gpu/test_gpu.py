"""What `make check-gpu` does on a machine without a GPU, and its checks, in small, on the CPU."""

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from benchmark.works import all_works, settings

from gpu import Result, report, steps
from gpu.__main__ import CHECKS, NO_GPU, carried_out
from gpu.kernels import kernels_are_the_loops
from gpu.steps import WORKS, beside_peers, steps_are_the_cpus
from gpu.trainings import several_at_once, trainings_have_the_same_bytes

pytestmark = pytest.mark.slow

CPU = torch.device("cpu")


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU here")
def test_without_a_gpu_or_triton_it_says_so_in_one_sentence() -> None:
    tests = Path(__file__).parents[1]
    no_triton = "import runpy, sys; sys.modules['triton'] = None; runpy.run_module('gpu', None, "
    command = [sys.executable, "-c", no_triton + "'__main__')", "--quick"]
    done = subprocess.run(command, cwd=tests, capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (2, "", f"{NO_GPU}\n")


def test_the_kernels_are_the_loops() -> None:
    result = kernels_are_the_loops(CPU, ((2, 9, 5), (1, 7, 1)))
    assert result.passed
    assert set(result.numbers) == {"moments", "fire", "fire_gradient"}


def test_a_kernel_that_computes_something_else_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gpu.kernels.TOLERANCE", 0.0)
    assert kernels_are_the_loops(CPU, ((2, 9, 5),)).passed is False


def test_first_steps_are_the_cpus() -> None:
    result = steps_are_the_cpus(CPU, hidden=24, clips=16)
    assert result.passed
    assert list(result.numbers) == list(steps.VARIANTS)
    assert all(of["share of spikes that differ"] == 0 for of in result.numbers.values())


def test_first_steps_by_transforms_pass_beside_those_tap_by_tap(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, work in steps.variants(hidden=24, clips=16):
        network = steps.network_of(work, CPU)
        expected = steps.seen_by(network, work, CPU)
        with monkeypatch.context() as patch:
            patch.setattr("delaynet.model.network.count_taps", lambda *_: 10**9)
            found = steps.seen_by(network, work, CPU)
        assert abs(found.loss / expected.loss - 1) < steps.LOSS_TOLERANCE, name
        assert steps.gradient_error(found, expected) < steps.GRADIENT_TOLERANCE, name
        assert found.spikes.count_nonzero() > 0


@pytest.mark.slow
def test_trainings_have_the_same_bytes_twice_and_killed_and_resumed() -> None:
    result = trainings_have_the_same_bytes(CPU, clips=1300, hidden=24)
    assert result.passed
    assert len({result.numbers[name] for name in ("first", "second", "resumed")}) == 1
    assert result.numbers["start-up (s)"] > 0


@pytest.mark.slow
def test_several_are_trained_at_once() -> None:
    result = several_at_once(CPU, clips=300, epochs=2, counts=(1, 2))
    assert list(result.numbers) == ["1 at once", "2 at once"]


@pytest.mark.slow
def test_ours_and_both_peers_take_a_step() -> None:
    work = replace(all_works()[0], settings=settings(hidden=8), clips=4, steps=20, name="small")
    assert set(beside_peers([work], CPU, 1)["small"]) == {"ours (ms)", "plain (ms)", "public (ms)"}


def test_the_works_are_the_benchmarks() -> None:
    assert set(WORKS) < {work.name for work in all_works()}


def test_a_check_that_raises_has_failed() -> None:
    def broken(device: torch.device) -> Result:
        raise RuntimeError("no such card\nand more")

    assert carried_out("a check", broken, CPU) == Result(False, {"RuntimeError": "no such card"})


def test_the_page_has_every_check_in_place_of_what_was_measured_before(tmp_path: Path) -> None:
    page = tmp_path / "docs/gpu.md"
    page.parent.mkdir()
    page.write_text((report.ROOT / "docs/gpu.md").read_text())
    results = {name: Result(True, {"a": {"b": 0.12345}, "c": 7}) for name in CHECKS}
    for _ in range(2):
        report.write_all(results, {"GPU": "an abacus"}, tmp_path)
    text = page.read_text()
    assert text.startswith((report.ROOT / "docs/gpu.md").read_text().partition(report.MEASURED)[0])
    assert text.count("| GPU | an abacus |") == 1
    assert all(text.count(f"### {name}: passed") == 1 for name in CHECKS)
    assert text.count("| a | b: 0.123 |") == len(CHECKS)
    written = json.loads((tmp_path / "results/gpu/check.json").read_text())
    assert list(written["checks"]) == list(CHECKS)

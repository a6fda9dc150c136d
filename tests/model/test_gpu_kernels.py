"""The kernels for a GPU: their arithmetic in Triton's interpreter, and that they compile."""

import copy
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from gpu.kernels import both, made_up

from delaynet.model import gpu_kernels
from delaynet.model.neurons import normalised_lif_by, normalised_lif_of_tensors

pytestmark = pytest.mark.slow

sizes = pytest.mark.parametrize("size", [(1, 1, 1), (2, 2, 5), (3, 19, 1), (2, 20, 33), (2, 9, 16)])


@sizes
def test_moments_are_those_of_the_loop(size: tuple[int, int, int]) -> None:
    for dtype, tolerance in ((torch.float64, 1e-10), (torch.float32, 1e-5)):
        current = made_up(*size, dtype)[0]
        moments = [current[:, 0, 0], current[:, 0, 0]]
        for loop, kernel in both("moments", [current], moments):
            assert torch.allclose(kernel, loop, rtol=tolerance, atol=tolerance)


@sizes
def test_spikes_are_those_of_the_loop(size: tuple[int, int, int]) -> None:
    for dtype in (torch.float64, torch.float32):
        read = made_up(*size, dtype)
        [(loop, kernel)] = both("fire", read, [read[0]])
        # in single precision a voltage may round to either side of the threshold
        assert (loop != kernel).sum() <= (0 if dtype == torch.float64 else 1)


@sizes
def test_gradients_are_those_of_the_loop(size: tuple[int, int, int]) -> None:
    for dtype, tolerance in ((torch.float64, 1e-10), (torch.float32, 2e-4)):
        read = made_up(*size, dtype)
        mean, variance = read[0].mean((1, 2)), read[0].var((1, 2), correction=0)
        for own_variance in (variance, torch.zeros_like(variance)):
            arguments = [*read, mean, own_variance, read[0].flip(1)]
            written = [read[0], torch.empty(size[0], 2, dtype=torch.float64)]
            for loop, kernel in both("fire_gradient", arguments, written):
                assert torch.allclose(kernel, loop, rtol=tolerance, atol=tolerance)


def test_a_batch_of_several_blocks_gives_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gpu_kernels, "LARGEST_BLOCK", 4)
    read = made_up(2, 7, 11, torch.float64)
    gradient = [*read, read[0].mean((1, 2)), read[0].var((1, 2)), read[0].flip(1)]
    pairs = both("fire", read, [read[0]])
    pairs += both("moments", read[:1], read[1:3])
    pairs += both("fire_gradient", gradient, [read[0], torch.empty(2, 2, dtype=torch.float64)])
    for loop, kernel in pairs:
        assert torch.allclose(kernel, loop, rtol=1e-10, atol=1e-10)


def test_a_current_that_is_not_a_number_does_not_pass_for_silence() -> None:
    read = made_up(2, 6, 3, torch.float32)
    read[0][0, 1, 2] = torch.nan
    [(loop, kernel)] = both("fire", read, [read[0]])
    assert kernel[0, 3:, 2].isnan().all()
    assert torch.equal(kernel.isnan(), loop.isnan())


@pytest.mark.parametrize("training", [True, False])
def test_the_whole_function_equals_operations_on_tensors(training: bool) -> None:
    current, gain, bias, dropout_mask, _ = made_up(4, 25, 6, torch.float64)
    norm = torch.nn.BatchNorm1d(4).double().train(training)
    norm.weight.data.copy_(gain)
    norm.bias.data.copy_(bias)
    norms, cotangent = (norm, copy.deepcopy(norm)), current.flip(1)
    current.requires_grad_()
    results = []
    for of_kind, operations in zip(norms, (True, False), strict=True):
        arguments = current, of_kind, 3.0, 1.0, 5.0, dropout_mask
        spikes = (
            normalised_lif_of_tensors(*arguments)
            if operations
            else normalised_lif_by(gpu_kernels.run, *arguments)
        )
        parameters = current, of_kind.weight, of_kind.bias
        results.append([spikes, *torch.autograd.grad(spikes, parameters, cotangent)])
    assert results[0][0].count_nonzero() > 20
    for expected, ours in zip(*results, strict=True):
        assert torch.allclose(ours, expected, rtol=1e-10, atol=1e-10)
    for expected, ours in zip(*(of_kind.buffers() for of_kind in norms), strict=True):
        assert torch.allclose(ours, expected, atol=1e-12)


@pytest.mark.slow
def test_the_kernels_compile_for_cards_and_use_no_atomics(tmp_path: Path) -> None:
    script = Path(__file__).parents[1] / "gpu" / "compiled.py"
    done = subprocess.run(
        [sys.executable, script], env={"HOME": str(tmp_path)}, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("atomics: []") == 3 * 4

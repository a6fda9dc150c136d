"""The device of a training: which GPUs a build of PyTorch has code for, and transfers."""

import pytest
import torch

from delaynet.config.errors import UserError
from delaynet.training.device import has_code_for, on_cpu, require_code

CUDA_13 = ["sm_75", "sm_80", "sm_86", "sm_90", "sm_100", "sm_120"]


@pytest.mark.parametrize(
    ("capability", "architectures", "expected"),
    [
        ((9, 0), CUDA_13, True),
        ((8, 9), CUDA_13, True),  # runs code for 8.6
        ((12, 1), CUDA_13, True),
        ((7, 0), CUDA_13, False),  # older than 7.5
        ((6, 1), CUDA_13, False),
        ((11, 0), CUDA_13, False),  # no code for 10.0 runs there
        ((11, 0), [*CUDA_13, "compute_100"], True),  # is compiled there
        ((7, 0), ["compute_75"], False),
        ((9, 0), ["sm_90a"], True),
        ((9, 1), ["sm_90a"], False),
        ((10, 3), ["sm_100f"], True),
        ((9, 0), [], False),
        ((9, 4), ["gfx942"], True),  # AMD
    ],
)
def test_a_build_has_code_for_a_gpu(
    capability: tuple[int, int], architectures: list[str], expected: bool
) -> None:
    assert has_code_for(capability, architectures) == expected


def test_a_gpu_without_code_is_one_sentence_with_the_build_that_fits(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("platform.machine", lambda: "x86_64")
    with pytest.raises(UserError) as error:
        require_code("Quadro P5000", (6, 1), CUDA_13)
    message = str(error.value)
    assert "\n" not in message
    assert "no code for the GPU here, Quadro P5000, of compute capability 6.1; install" in message
    assert (
        "--index-url https://download.pytorch.org/whl/cu126`, or set `training.device: cpu`."
        in (message)
    )
    with pytest.raises(UserError, match="no build of this version has, so take another GPU, or"):
        require_code("GeForce GT 430", (2, 1), CUDA_13)
    require_code("H200", (9, 0), CUDA_13)


def test_what_is_brought_to_the_cpu_keeps_its_values_shapes_and_types() -> None:
    tensors = [
        torch.tensor(1 / 3),
        torch.tensor([[1.0, torch.nan, -torch.inf]]),
        torch.tensor([2**53 - 1, -7]),
        torch.tensor([True, False]),
        torch.zeros(0),
        torch.tensor(0.1, dtype=torch.float64),
    ]
    for brought, tensor in zip(on_cpu(*tensors), tensors, strict=True):
        assert brought.dtype == tensor.dtype
        assert brought.shape == tensor.shape
        assert torch.equal(brought.nan_to_num(7.0), tensor.nan_to_num(7.0))

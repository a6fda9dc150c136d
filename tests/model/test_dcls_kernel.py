"""Kernels by the `dcls` package are ours: values, gradients, and the network of every variant."""

from itertools import product

import pytest
import torch
from comparison import relative_error
from torch import Tensor

from delaynet.config.grid import RunSettings
from delaynet.config.settings import ModelSettings, TrainingSettings
from delaynet.config.variants import DELAYS, SIGNS, STRUCTURES
from delaynet.model.dcls_kernel import dcls_kernel
from delaynet.model.delays import gaussian_kernel, rounded_kernel
from delaynet.model.network import class_evidence
from delaynet.training.initial import initial_network

pytestmark = pytest.mark.slow

VARIANTS = list(product(DELAYS, STRUCTURES, SIGNS))


def drawn(synapses: int, taps: int) -> tuple[Tensor, Tensor]:
    """Weights and delays [synapses, 7, 5], the first and the last delay among them."""
    draw = torch.Generator().manual_seed(1)
    weight = torch.randn(synapses, 7, 5, generator=draw, dtype=torch.float64)
    delay = torch.rand(synapses, 7, 5, generator=draw, dtype=torch.float64) * (taps - 1)
    delay[0, 0, :2] = torch.tensor([0.0, taps - 1.0])
    return weight.requires_grad_(), delay.requires_grad_()


@pytest.mark.parametrize("taps", [1, 10, 25])
@pytest.mark.parametrize("synapses", [1, 3])
@pytest.mark.parametrize("sigma", [12.0, 2.0, 0.23])
def test_a_gaussian_kernel_and_its_gradients_are_ours(
    sigma: float, synapses: int, taps: int
) -> None:
    weight, delay = drawn(synapses, taps)
    ours = gaussian_kernel(weight, delay, sigma, taps).sum(0)
    theirs = dcls_kernel(weight, delay, sigma, taps)
    assert relative_error(theirs, ours) < 1e-6
    cotangent = torch.randn(ours.shape, dtype=torch.float64)
    our_gradients = torch.autograd.grad(ours, (weight, delay), cotangent)
    their_gradients = torch.autograd.grad(theirs, (weight, delay), cotangent)
    assert relative_error(their_gradients[0], our_gradients[0]) < 1e-6
    assert torch.allclose(their_gradients[1], our_gradients[1], rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("taps", [1, 10, 25])
@pytest.mark.parametrize("synapses", [1, 3])
def test_a_rounded_kernel_and_its_gradient_are_ours(synapses: int, taps: int) -> None:
    weight, delay = drawn(synapses, taps)
    with torch.no_grad():
        delay[0, 1, :4] = torch.tensor([0.5, 1.5, -3.0, 40.0])  # halves to even, then clamped
    ours = rounded_kernel(weight, delay, taps).sum(0)
    theirs = dcls_kernel(weight, delay, 0.0, taps)
    assert relative_error(theirs, ours) < 1e-6
    cotangent = torch.randn(ours.shape, dtype=torch.float64)
    (our_gradient,) = torch.autograd.grad(ours, weight, cotangent)
    (their_gradient,) = torch.autograd.grad(theirs, weight, cotangent)
    assert relative_error(their_gradient, our_gradient) < 1e-6


def test_a_kernel_is_built_on_another_device_than_the_first() -> None:
    weight, delay = drawn(1, 25)
    for device in ("cpu", "meta", "cpu"):  # without data, but told apart as a GPU is
        kernel = dcls_kernel(weight.to(device), delay.to(device), 2.0, 25)
        assert kernel.device.type == device


@pytest.mark.parametrize(("delays", "structure", "signs"), VARIANTS)
@pytest.mark.parametrize("synapses", [1, 2])
def test_every_variant_has_the_same_first_loss_and_gradients(
    delays: str, structure: str, signs: str, synapses: int
) -> None:
    draw = torch.Generator().manual_seed(0)
    signal = 1.5 * torch.rand(12, 30, 16, generator=draw, dtype=torch.float64)
    label = torch.randint(5, (16,), generator=draw)
    sigma = 12.0 if delays == "learned" else 0.0
    results = []
    for kernel in ("native", "dcls"):
        settings = RunSettings(
            delays=delays,  # type: ignore[arg-type]
            structure=structure,  # type: ignore[arg-type]
            signs=signs,  # type: ignore[arg-type]
            sparsity="0" if structure == "dense" else "0.75",
            seed=0,
            training=TrainingSettings(),
            model=ModelSettings(hidden=(16,), synapses_per_pair=synapses, kernel=kernel),
        )
        network = initial_network(settings, 12, 5).double().train()
        dropout = torch.Generator().manual_seed(0)
        evidence = class_evidence(network(signal, sigma, dropout).voltage)
        loss = torch.nn.functional.cross_entropy(evidence, label)
        loss.backward()
        results.append((loss, network))
    (loss, ours), (their_loss, theirs) = results
    assert relative_error(their_loss, loss) < 1e-6
    assert ours.layers[0].weight.grad.abs().max() > 0
    for layer, their_layer in zip(ours.layers, theirs.layers, strict=True):
        # a dormant connection is asked for a gradient only where it may be grown by it
        asked = torch.ones_like(layer.mask) if layer.dense_gradient else layer.mask
        assert relative_error(their_layer.weight.grad * asked, layer.weight.grad * asked) < 1e-5
        if delays == "learned":
            assert relative_error(their_layer.delay.grad, layer.delay.grad) < 1e-5
    for norm, their_norm in zip(ours.norms, theirs.norms, strict=True):
        assert relative_error(their_norm.weight.grad, norm.weight.grad) < 1e-5

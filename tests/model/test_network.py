"""The whole network: the authors' numbers, constraints, dropout, several synapses per pair."""

import pytest
import torch
from benchmark.plain import PlainNetwork
from comparison import relative_error
from torch import Tensor

from delaynet.config.settings import ModelSettings
from delaynet.model.delays import rounded_kernel
from delaynet.model.network import DelayNetwork, LayerArrays, class_evidence, draw_dropout_mask

NETWORKS = ("dense_learned", "dense_fixed", "dale_sparse_learned")
Reference = dict[str, Tensor]


def authors_network(reference: Reference, name: str) -> DelayNetwork:
    layers = []
    for index in range(2):
        prefix = f"{name}_layer{index}_"
        sign = reference.get(f"{prefix}sign", torch.zeros(()))
        if f"{prefix}magnitude" in reference:
            weight = reference[f"{prefix}magnitude"] * sign
        else:
            weight = reference[f"{prefix}weight"]
        weight, delay = weight[None], reference[f"{prefix}delay"][None]
        layers.append(LayerArrays(weight, delay, weight != 0, sign.expand(weight.shape)))
    model = ModelSettings(hidden=(32,), dropout=0.0)
    learn_delays = float(reference[f"{name}_sigma"]) > 0
    network = DelayNetwork(layers, model, learn_delays, dense_gradient=True)
    network.norms[0].weight.data.copy_(reference[f"{name}_bn_gamma"])
    network.norms[0].bias.data.copy_(reference[f"{name}_bn_beta"])
    return network


def response_and_loss(
    network: DelayNetwork, reference: Reference, name: str, dtype: torch.dtype
) -> tuple[Tensor, Tensor]:
    signal = reference[f"{name}_input"].to(dtype).permute(2, 0, 1)
    sigma = float(reference[f"{name}_sigma"])
    voltage = network(signal, sigma, None).voltage
    label = reference[f"{name}_label"]
    return voltage, torch.nn.functional.cross_entropy(class_evidence(voltage), label)


@pytest.mark.parametrize("name", NETWORKS)
def test_forward_pass_and_loss_agree_with_the_authors_code(reference: Reference, name: str) -> None:
    network = authors_network(reference, name)
    voltage, loss = response_and_loss(network, reference, name, torch.float32)
    assert relative_error(voltage, reference[f"{name}_voltage"]) < 1e-5
    assert loss.item() == pytest.approx(float(reference[f"{name}_loss"]), rel=1e-5)


def gradients(network: DelayNetwork, reference: Reference, name: str) -> dict[str, Tensor]:
    """Every gradient of a network after its backward pass, by its name in the reference."""
    norm = network.norms[0]
    found = {"bn_grad_gamma": norm.weight.grad, "bn_grad_beta": norm.bias.grad}
    for index, layer in enumerate(network.layers):
        if f"{name}_layer{index}_magnitude" in reference:
            found[f"layer{index}_grad_magnitude"] = layer.weight.grad[0] * layer.sign[0]
        else:
            found[f"layer{index}_grad_weight"] = layer.weight.grad[0]
        if layer.delay.requires_grad:
            found[f"layer{index}_grad_delay"] = layer.delay.grad[0]
    return found


@pytest.mark.parametrize("name", NETWORKS)
def test_every_gradient_agrees_with_the_authors_code(reference: Reference, name: str) -> None:
    network = authors_network(reference, name).double()
    response_and_loss(network, reference, name, torch.float64)[1].backward()
    for of, gradient in gradients(network, reference, name).items():
        # theirs is float32; by so much it differs from the exact gradient, as the next test shows
        assert relative_error(gradient, reference[f"{name}_{of}"]) < 2e-5, of


@pytest.mark.parametrize("name", NETWORKS)
def test_every_gradient_is_that_of_the_plain_equations(reference: Reference, name: str) -> None:
    network = authors_network(reference, name).double()
    response_and_loss(network, reference, name, torch.float64)[1].backward()
    learned = float(reference[f"{name}_sigma"]) > 0
    plain = PlainNetwork(network, learned, float(reference[f"{name}_sigma"])).double().train()
    evidence = class_evidence(plain(reference[f"{name}_input"].double()))
    torch.nn.functional.cross_entropy(evidence, reference[f"{name}_label"]).backward()
    expected = [plain.norms[0].weight.grad, plain.norms[0].bias.grad]
    for index, layer in enumerate(network.layers):
        sign = layer.sign[0] if f"{name}_layer{index}_magnitude" in reference else 1
        expected.append(plain.weights[index].grad[0] * sign)
        if learned:
            expected.append(plain.delays[index].grad[0])
    found = gradients(network, reference, name)
    for (of, gradient), exact in zip(found.items(), expected, strict=True):
        assert relative_error(gradient, exact) < 1e-7, of


def small_network(model: ModelSettings, sign: float = 0.0, synapses: int = 1) -> DelayNetwork:
    draw = torch.Generator().manual_seed(0)
    shapes = [(synapses, 6, 4), (synapses, 3, 6)]
    layers = [
        LayerArrays(
            torch.randn(shape, generator=draw),
            torch.randint(5, shape, generator=draw).float(),
            torch.ones(shape, dtype=torch.bool),
            torch.full(shape, sign),
        )
        for shape in shapes
    ]
    return DelayNetwork(layers, model, learn_delays=True)


def test_constraints_bring_delays_signs_and_gain_back() -> None:
    network = small_network(ModelSettings(hidden=(6,), max_delay=5, positive_gain=True), sign=1.0)
    with torch.no_grad():
        network.layers[0].delay.fill_(7.3)
        network.norms[0].weight.fill_(-1.0)
    network.apply_constraints()
    assert network.layers[0].delay.unique().tolist() == [4.0]
    assert network.norms[0].weight.min() > 0
    assert all((layer.weight >= 0).all() for layer in network.layers)


def test_a_dropped_neuron_is_dropped_for_the_whole_trial_and_others_are_scaled() -> None:
    network = small_network(ModelSettings(hidden=(6,), max_delay=5, dropout=0.5))
    signal = torch.rand(4, 30, 50) * 9
    mask = draw_dropout_mask(6, signal, 0.5, torch.Generator().manual_seed(0))
    assert mask.shape == (6, 50)
    assert set(mask.unique().tolist()) == {0.0, 2.0}
    whole = network(signal, 0.0, None).spikes[0]
    dropped = network(signal, 0.0, torch.Generator().manual_seed(0)).spikes[0]
    assert torch.equal(dropped, whole * mask.T)
    assert 0.35 < (mask == 0).float().mean() < 0.65


def test_synapses_of_one_pair_add_up() -> None:
    model = ModelSettings(hidden=(6,), max_delay=5, synapses_per_pair=2)
    network = small_network(model, synapses=2)
    layer = network.layers[0]
    each = [
        rounded_kernel(weight, delay, 5)
        for weight, delay in zip(layer.weight, layer.delay, strict=True)
    ]
    assert torch.allclose(layer.kernel(0.0), each[0] + each[1])

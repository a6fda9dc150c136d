"""The peers of the benchmark compute what this project computes, so that only speed differs."""

import pytest
import torch
from comparison import relative_error
from torch import Tensor

from benchmark import plain
from benchmark.ours import OurTraining, respond, with_dcls
from benchmark.peer import Data, PeerTraining
from benchmark.plain import plain_training
from benchmark.public import public_training
from delaynet.config.grid import RunSettings
from delaynet.config.settings import ModelSettings, TrainingSettings
from delaynet.model.network import DelayNetwork, class_evidence
from delaynet.training.initial import initial_network

pytestmark = pytest.mark.slow

PEERS = {"plain": plain_training, "public": public_training}
# delays, structure, signs, sparsity, sigma
CASES = {
    "dense learned, wide kernels": ("learned", "dense", "free", "0", 12.0),
    "dense learned, narrow kernels": ("learned", "dense", "free", "0", 0.23),
    "dense fixed": ("fixed", "dense", "free", "0", 0.0),
    "dense fixed under Dale": ("fixed", "dense", "dale", "0", 0.0),
    "static": ("fixed", "static", "free", "0.75", 0.0),
    "DEEP R with RigL": ("fixed", "deep_r_rigl", "free", "0.75", 0.0),
    "DEEP R with RigL, learned, under Dale": ("learned", "deep_r_rigl", "dale", "0.75", 0.23),
}


@pytest.fixture
def data() -> Data:
    draw = torch.Generator().manual_seed(0)
    signal = torch.rand(80, 32, 12, generator=draw, dtype=torch.float64) * 1.584
    return signal, torch.randint(5, (32,), generator=draw)


def both(peer: str, case: str) -> tuple[OurTraining, PeerTraining]:
    delays, structure, signs, sparsity, sigma = CASES[case]
    settings = RunSettings(
        delays=delays,
        structure=structure,
        signs=signs,
        sparsity=sparsity,
        seed=0,
        model=ModelSettings(hidden=(24,), dropout=0.0),
        # large enough for rewiring to prune and regrow in every step
        training=TrainingSettings(learning_rate=0.05, l1=0.01),
    )
    network = initial_network(settings, 12, 5).double()
    with torch.no_grad():
        for layer in network.layers:  # learned delays are no whole numbers
            layer.delay.add_(0.3 * (delays == "learned")).clamp_(0, 24)
    ours = OurTraining(network, settings, sigma)
    return ours, PEERS[peer](network, settings, sigma)


@pytest.fixture
def spikes_as_the_package_has_them(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the plain peer's neurons take the current that arrives with a spike, not lose it."""

    def lif(current: Tensor, tau: float, threshold: float, alpha: float) -> Tensor:
        voltage = torch.zeros_like(current[0])
        spikes = []
        for t in range(len(current)):
            spike = plain.Spike.apply(voltage - threshold, alpha)
            spikes.append(spike)
            incoming = current[t - 1] if t > 0 else torch.zeros_like(voltage)
            voltage = (1 - 1 / tau) * voltage * (1 - spike.detach()) + incoming
        return torch.stack(spikes)

    monkeypatch.setattr(plain, "lif", lif)


def loss_and_gradients(
    voltage: Tensor, label: Tensor, parameters: list[Tensor]
) -> tuple[Tensor, list[Tensor]]:
    loss = torch.nn.functional.cross_entropy(class_evidence(voltage), label)
    return loss, list(torch.autograd.grad(loss, parameters))


def parameters_of_ours(network: DelayNetwork) -> list[Tensor]:
    delays = [layer.delay for layer in network.layers if layer.delay.requires_grad]
    norms = [network.norms[0].weight, network.norms[0].bias]
    return [*(layer.weight for layer in network.layers), *norms, *delays]


def parameters_of(peer: PeerTraining) -> list[Tensor]:
    network = peer.network
    delays = [delay for delay in network.delays if delay.requires_grad]
    return [*network.weights, network.norms[0].weight, network.norms[0].bias, *delays]


@pytest.mark.parametrize("case", CASES)
def test_the_plain_peer_has_our_loss_and_gradients(data: Data, case: str) -> None:
    ours, peer = both("plain", case)
    peer.network.double()
    batch = ours.arrange(data)
    ours.network.train()
    voltage = respond(ours.network, batch, ours.sigma).voltage
    our_parameters = parameters_of_ours(ours.network)
    loss, gradients = loss_and_gradients(voltage, data[1], our_parameters)
    of_peer = loss_and_gradients(peer.network(data[0]), data[1], parameters_of(peer))
    assert relative_error(of_peer[0], loss) < 1e-9
    for ours_, theirs in zip(gradients, of_peer[1], strict=True):
        # a dormant connection's gradient is of use to RigL only, which the next test is about
        mask = ours_ != 0
        assert relative_error(theirs * mask, ours_) < 1e-7


@pytest.mark.parametrize("case", CASES)
def test_the_plain_peer_trains_as_we_do(data: Data, case: str) -> None:
    ours, peer = both("plain", case)
    peer.network.double()
    of_ours = ours.optimisers.weights.param_groups[0]  # as the first epoch's schedule has them
    peer.optimisers[0].param_groups[0].update({key: of_ours[key] for key in ("lr", "betas")})
    masks = [mask.clone() for mask in peer.network.masks]
    batch = ours.arrange(data)
    for _ in range(6):
        assert relative_error(peer.step(data), ours.step(batch)) < 1e-6
    for index, layer in enumerate(ours.network.layers):
        assert torch.equal(peer.network.masks[index], layer.mask)
        assert relative_error(peer.network.weights[index], layer.weight) < 1e-4
    if peer.is_rewired:
        assert not torch.equal(peer.network.masks[0], masks[0])


@pytest.mark.parametrize("case", CASES)
def test_with_the_kernels_of_dcls_it_trains_as_we_do(data: Data, case: str) -> None:
    ours, _ = both("plain", case)
    peer = OurTraining(with_dcls(ours.network), ours.settings, ours.sigma)
    batch = ours.arrange(data)
    for _ in range(3):
        assert relative_error(peer.step(batch), ours.step(batch)) < 1e-5


@pytest.mark.parametrize("case", CASES)
@pytest.mark.usefixtures("spikes_as_the_package_has_them")
def test_the_public_peer_has_the_plain_ones_loss_and_gradients(data: Data, case: str) -> None:
    ours, peer = both("plain", case)
    public = PEERS["public"](ours.network, ours.settings, ours.sigma)
    for network in (peer.network, public.network):
        network.double()
    loss, gradients = loss_and_gradients(peer.network(data[0]), data[1], parameters_of(peer))
    of_public = loss_and_gradients(public.network(data[0]), data[1], parameters_of(public))
    assert relative_error(of_public[0], loss) < 1e-6
    for plain_, theirs in zip(gradients, of_public[1], strict=True):
        # `dcls` has 1e-7 under its division; synapses stand last, and positions run backwards
        expected = plain_.permute(1, 2, 0) if plain_.dim() == 3 else plain_
        expected = -expected[None] if theirs.dim() == 4 else expected
        assert relative_error(theirs, expected) < 1e-5


@pytest.mark.usefixtures("spikes_as_the_package_has_them")
def test_the_public_neurons_implementation_for_single_precision_does_too(data: Data) -> None:
    ours, peer = both("plain", "dense fixed")
    public = PEERS["public"](ours.network, ours.settings, ours.sigma)
    single = data[0].float(), data[1]
    for network in (peer.network, public.network):
        network.float()
    for _ in range(2):
        assert public.step(single).item() == pytest.approx(peer.step(single).item(), rel=1e-4)


@pytest.mark.parametrize("case", ["dense learned, narrow kernels", "static"])
def test_the_plain_peer_predicts_what_we_do(data: Data, case: str) -> None:
    ours, _ = both("plain", case)
    batch = ours.arrange(data)
    for _ in range(20):
        ours.step(batch)
    peer = plain_training(ours.network, ours.settings, ours.sigma)
    peer.network.double()
    prediction = ours.evaluate(batch)
    assert len(prediction.unique()) > 1
    assert torch.equal(peer.evaluate(data), prediction)


@pytest.mark.usefixtures("spikes_as_the_package_has_them")
def test_the_public_peer_predicts_what_the_plain_one_does(data: Data) -> None:
    ours, peer = both("plain", "dense learned, narrow kernels")
    public = PEERS["public"](ours.network, ours.settings, ours.sigma)
    for network in (peer.network, public.network):
        network.double()
    assert torch.equal(public.evaluate(data), peer.evaluate(data))


@pytest.mark.parametrize("case", ["dense learned, narrow kernels", "DEEP R with RigL"])
@pytest.mark.parametrize("peer", PEERS)
def test_a_peer_computes_where_our_network_is(data: Data, peer: str, case: str) -> None:
    ours, _ = both(peer, case)
    elsewhere = torch.device("meta")
    training = PEERS[peer](ours.network.to(elsewhere), ours.settings, ours.sigma)
    voltage = training.network(data[0].to(elsewhere))
    voltage.sum().backward()
    network = training.network
    assert {tensor.device for tensor in (voltage, *network.masks, *network.signs)} == {elsewhere}


@pytest.mark.parametrize("peer", PEERS)
def test_evaluating_a_peer_in_training_leaves_it_as_it_was(data: Data, peer: str) -> None:
    losses = []
    for is_evaluated in (False, True):
        _, training = both(peer, "dense learned, narrow kernels")
        training.network.double()
        for _ in range(3):
            loss = training.step(data)
            if is_evaluated:
                training.evaluate(data)
        losses.append(loss)
    assert torch.equal(*losses)

"""What one would build from public packages: delays by `dcls`, neurons by `spikingjelly`.

The peer `public` of `make benchmark`, written as their authors' own examples are (Hammouamri et
al. 2024): `Dcls1d` for the connections, multi-step neurons, dropout with one mask for all steps.
Fixed delays are rounded positions without a gradient and one tap wide (version `max`, width 0).

A spike of `spikingjelly`'s neuron clears the voltage and then the next current arrives; in the
model, it arrives before and is lost. Otherwise the two are the same: the model's extra steps
between current and spike are taken by the padding of the layer that follows, which costs nothing.
"""

from collections.abc import Sequence
from typing import cast

import torch
from DCLS.construct.modules import Dcls1d
from spikingjelly.activation_based import functional as spiking
from spikingjelly.activation_based import layer, neuron, surrogate
from torch import Tensor, nn
from torch.nn import functional

from benchmark.peer import PeerNetwork, PeerTraining, copied_norms
from delaynet.config.grid import RunSettings
from delaynet.config.settings import ModelSettings
from delaynet.model.network import DelayLayer, DelayNetwork

STEPS_TO_SPIKE = 2  # from a current to the spike that it may cause
STEPS_TO_VOLTAGE = 1  # from a current to the output's voltage


class PublicNetwork(PeerNetwork):
    """The model of one of our networks, with its parameters copied.

    Arrays of a layer are [out, in, synapses], those of `Dcls1d`.
    """

    def __init__(self, ours: DelayNetwork, learn_delays: bool, sigma: float) -> None:
        super().__init__()
        self.model = model = ours.model
        layers = [dcls_layer(of_ours, model, learn_delays, sigma) for of_ours in ours.layers]
        self.connections = cast(Sequence[Dcls1d], nn.ModuleList(layers))
        self.weights = [connections.weight for connections in layers]
        self.delays = [connections.P for connections in layers]  # [1, out, in, synapses]
        self.masks = [by_synapse_last(of_ours.mask) for of_ours in ours.layers]
        self.signs = [by_synapse_last(of_ours.sign) for of_ours in ours.layers]
        self.norms = copied_norms(ours)
        self.hidden = nn.ModuleList(lif_neurons(model) for _ in ours.norms)
        self.dropouts = nn.ModuleList(
            layer.Dropout(model.dropout, step_mode="m") for _ in ours.norms
        )
        self.output = neuron.NonSpikingLIFNode(tau=model.time_constant)

    def forward(self, signal: Tensor) -> Tensor:
        """Voltage of the outputs [T, B, classes] for a signal [T, B, in]."""
        late_by = 0
        hidden = zip(self.connections, self.norms, self.hidden, self.dropouts, strict=False)
        for connections, norm, neurons, dropout in hidden:
            current = self._delayed_current(connections, signal, late_by)  # [T, B, hidden]
            current = norm(current.flatten(0, 1)).view_as(current)
            signal = dropout(neurons(current))
            late_by = STEPS_TO_SPIKE
        current = self._delayed_current(self.connections[-1], signal, late_by + STEPS_TO_VOLTAGE)
        # this neuron divides its input by the time constant
        voltage = torch.stack(self.output(current * self.model.time_constant))
        spiking.reset_net(self)
        self.output.v = None  # which the reset leaves out
        return voltage

    def _delayed_current(self, connections: Dcls1d, signal: Tensor, late_by: int) -> Tensor:
        """Current [T, B, out] of a signal [T, B, in] that is late by so many steps."""
        padding = (self.model.max_delay - 1 + late_by, -late_by)
        current: Tensor = connections(functional.pad(signal.permute(1, 2, 0), padding))
        return current.permute(2, 0, 1)

    def clamp_delays(self) -> None:
        """Bring the positions back to the taps."""
        for connections in self.connections:
            connections.clamp_parameters()

    def round_delays(self) -> None:
        """Have one tap for each delay from here on."""
        for connections in self.connections:
            take_one_tap(connections)


def dcls_layer(
    of_ours: DelayLayer, model: ModelSettings, learn_delays: bool, sigma: float
) -> Dcls1d:
    """Return the connections of one of our layers; the number of taps is odd."""
    synapses, outputs, inputs = of_ours.weight.shape
    connections = Dcls1d(
        inputs,
        outputs,
        kernel_count=synapses,
        dilated_kernel_size=model.max_delay,
        bias=False,
        version="gauss",
    ).to(of_ours.weight.device, of_ours.weight.dtype)
    connections.weight.data.copy_(by_synapse_last(of_ours.weight.detach()))
    connections.P.data[0] = model.max_delay // 2 - by_synapse_last(of_ours.delay.detach())
    connections.P.requires_grad_(learn_delays)
    connections.SIG.data.fill_(sigma)
    connections.SIG.requires_grad_(False)
    if sigma == 0:
        take_one_tap(connections)
    return connections


def take_one_tap(connections: Dcls1d) -> None:
    """Round the positions and make the kernels one tap wide (Hammouamri et al. 2024)."""
    connections.version = connections.DCK.version = "max"
    connections.SIG.data.zero_()
    connections.P.data.round_()


def lif_neurons(model: ModelSettings) -> neuron.LIFNode:
    """Return a hidden layer's neurons."""
    return neuron.LIFNode(
        tau=model.time_constant,
        decay_input=False,
        v_threshold=model.threshold,
        v_reset=0.0,
        surrogate_function=surrogate.ATan(alpha=model.surrogate_slope),
        detach_reset=True,
        step_mode="m",
    )


def by_synapse_last(array: Tensor) -> Tensor:
    """Return an array [synapses, out, in] as [out, in, synapses]."""
    return array.permute(1, 2, 0).contiguous()


def public_training(ours: DelayNetwork, settings: RunSettings, sigma: float) -> PeerTraining:
    """Return the training of this peer, from one of our networks on."""
    return PeerTraining(PublicNetwork(ours, settings.delays == "learned", sigma), settings)

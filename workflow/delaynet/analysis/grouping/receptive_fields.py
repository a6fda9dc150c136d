"""The receptive field of a hidden neuron: its synapses on the plane of input channel and delay."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from delaynet.training.run_folder import SavedNetwork

IntArray = NDArray[np.int64]
FloatArray = NDArray[np.float32]
BoolArray = NDArray[np.bool_]


@dataclass(frozen=True)
class ReceptiveFields:
    """Receptive fields of the first hidden layer, S x channels columns for S synapses per pair.

    Attributes:
        channel: mel channel or input index of each column, [columns].
        delay: in steps, rounded half to even and clamped to the taps, [neurons, columns].
        weight: effective weights, weight x sign(batch-norm gain): positive excites, negative
            inhibits, 0 is no connection, [neurons, columns].
        firing_rate: spikes per step over the test clips, [neurons].
        channels: number of channels.
        max_delay: number of taps; delays lie in 0 .. max_delay - 1.
    """

    channel: IntArray
    delay: IntArray
    weight: FloatArray
    firing_rate: FloatArray
    channels: int
    max_delay: int

    @property
    def sign(self) -> IntArray:
        """Effective signs: +1, -1, or 0 for no connection, [neurons, columns]."""
        return np.sign(self.weight).astype(np.int64)

    @property
    def silent(self) -> BoolArray:
        """Whether a neuron never fires on the test clips, [neurons]."""
        return ~self.firing_rate.astype(bool)


def rounded_delays(delay: FloatArray, max_delay: int) -> IntArray:
    """Return delays as in evaluation: rounded half to even, clamped to the taps."""
    return np.rint(delay).clip(0, max_delay - 1).astype(np.int64)


def receptive_fields(
    network: SavedNetwork, order: Literal["mel", "fed"] = "mel"
) -> ReceptiveFields:
    """Return the receptive fields in the first layer of a saved network.

    A negative batch-norm gain reverses the signs of all inputs of a neuron. The channel of a
    synapse is the mel channel of its input (`mel`) or the input's index (`fed`); these differ if
    the network was trained on permuted channels.
    """
    layer = network.layers[0]
    max_delay = int(network.attributes["max_delay"])
    synapses, neurons, channels = layer.weight.shape
    gain = np.ones(neurons, np.float32) if layer.gain is None else layer.gain
    rate = np.full(neurons, np.nan, np.float32) if layer.firing_rate is None else layer.firing_rate
    weight = layer.weight * np.sign(gain)[:, None]  # [S, neurons, channels]
    channel = network.attributes["mel_channel"] if order == "mel" else np.arange(channels)
    return ReceptiveFields(
        channel=np.tile(channel, synapses),
        delay=rounded_delays(_by_neuron(layer.delay), max_delay),
        weight=_by_neuron(weight),
        firing_rate=rate,
        channels=channels,
        max_delay=max_delay,
    )


def as_image(fields: ReceptiveFields) -> FloatArray:
    """Return the effective weights as images, [neurons, channels, max_delay].

    Synapses of a neuron with the same channel and delay are added.
    """
    neurons = len(fields.weight)
    image = np.zeros((neurons, fields.channels, fields.max_delay), np.float32)
    np.add.at(image, (np.arange(neurons)[:, None], fields.channel, fields.delay), fields.weight)
    return image


def _by_neuron(values: FloatArray) -> FloatArray:
    """Return [S, neurons, channels] as [neurons, S x channels]."""
    return np.moveaxis(values, 0, 1).reshape(values.shape[1], -1)

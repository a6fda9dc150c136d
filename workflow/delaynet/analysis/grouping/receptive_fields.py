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
    """Receptive fields of the neurons of the first hidden layer, at most one synapse per column.

    With S synapses per pair there are S x channels columns; `channel` is the channel of each
    column.

    Attributes:
        channel: channel of each column, [columns]: mel channel or input index.
        delay: delays in steps, rounded half to even and clamped to the taps, [neurons, columns].
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
        """Effective signs: +1, -1, or 0 where there is no connection, [neurons, columns]."""
        return np.sign(self.weight).astype(np.int64)

    @property
    def silent(self) -> BoolArray:
        """Neurons that never fire on the test clips, [neurons]."""
        return ~self.firing_rate.astype(bool)


def rounded_delays(delay: FloatArray, max_delay: int) -> IntArray:
    """Return delays as in evaluation: rounded half to even, clamped to the taps."""
    return np.rint(delay).clip(0, max_delay - 1).astype(np.int64)


def receptive_fields(
    network: SavedNetwork, order: Literal["mel", "fed"] = "mel"
) -> ReceptiveFields:
    """Return the receptive fields in the first layer of a saved network.

    A negative batch-norm gain reverses the signs of a neuron's inputs, so the effective sign of a
    synapse is sign(weight) x sign(gain). The channel of a synapse is the mel channel of its input
    (`mel`), or the input's index (`fed`); they differ if the network was trained on permuted
    channels.
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
    """Return the effective weights on the plane, [neurons, channels, max_delay].

    Synapses of one neuron that share channel and delay add up.
    """
    neurons, columns = fields.weight.shape
    image = np.zeros((neurons, fields.channels, fields.max_delay), np.float32)
    neuron = np.repeat(np.arange(neurons), columns)
    np.add.at(
        image,
        (neuron, np.tile(fields.channel, neurons), fields.delay.ravel()),
        fields.weight.ravel(),
    )
    return image


def _by_neuron(values: FloatArray) -> FloatArray:
    """Return [S, neurons, channels] as [neurons, S x channels]."""
    return np.moveaxis(values, 0, 1).reshape(values.shape[1], -1)

"""What the receptive field of a hidden neuron is, read off a saved network."""

import numpy as np
import pytest

from delaynet.analysis.grouping.receptive_fields import as_image, receptive_fields, rounded_delays
from delaynet.training.run_folder import SavedLayer, SavedNetwork


def saved_network(weight, delay, gain=None, firing_rate=None, max_delay=25, mel_channel=None):
    weight = np.asarray(weight, np.float32)  # [S, neurons, channels]
    optional = {
        name: np.asarray(value, np.float32)
        for name, value in (("gain", gain), ("firing_rate", firing_rate))
        if value is not None
    }
    layer = SavedLayer(
        weight=weight,
        delay=np.asarray(delay, np.float32),
        mask=weight != 0,
        sign=np.zeros(weight.shape, np.int8),
        **optional,
    )
    mel_channel = np.arange(weight.shape[2]) if mel_channel is None else np.array(mel_channel)
    return SavedNetwork([layer], {"max_delay": max_delay, "mel_channel": mel_channel})


def test_delays_are_rounded_half_to_even_and_stay_on_the_taps():
    delay = np.array([0.5, 1.5, 2.5, 2.51, -3.0, 24.4, 30.0], np.float32)
    assert rounded_delays(delay, 25).tolist() == [0, 2, 2, 3, 0, 24, 24]


def test_delays_are_rounded_as_the_kernel_of_the_network_rounds_them():
    torch = pytest.importorskip("torch")
    from delaynet.model.delays import rounded_kernel

    delay = np.random.default_rng(0).uniform(-2, 27, (5, 7)).astype(np.float32)
    delay[0] = np.arange(7) + 0.5
    kernel = rounded_kernel(torch.ones(5, 7), torch.from_numpy(delay), 25)  # [out, in, taps]
    assert (24 - kernel.argmax(-1)).tolist() == rounded_delays(delay, 25).tolist()


def test_a_negative_gain_turns_excitation_into_inhibition():
    network = saved_network([[[1, -2], [1, -2]]], np.zeros((1, 2, 2)), gain=[0.5, -0.5])
    assert receptive_fields(network).sign.tolist() == [[1, -1], [-1, 1]]


def test_a_connection_without_weight_does_not_exist():
    network = saved_network([[[0, 3], [0, 0]]], np.zeros((1, 2, 2)))
    fields = receptive_fields(network)
    assert fields.sign.tolist() == [[0, 1], [0, 0]]


def test_a_neuron_that_never_fires_is_silent_and_one_of_unknown_rate_is_not():
    weight, delay = np.ones((1, 2, 3)), np.zeros((1, 2, 3))
    known = receptive_fields(saved_network(weight, delay, firing_rate=[0, 0.01]))
    unknown = receptive_fields(saved_network(weight, delay))
    assert known.silent.tolist() == [True, False]
    assert unknown.silent.tolist() == [False, False]


def test_the_image_holds_each_weight_at_its_channel_and_delay():
    network = saved_network([[[2, -3, 0]]], [[[4, 1, 2]]], gain=[-1], max_delay=5)
    image = as_image(receptive_fields(network))  # [1, 3, 5]
    expected = np.zeros((1, 3, 5))
    expected[0, 0, 4], expected[0, 1, 1] = -2, 3
    assert np.array_equal(image, expected)


def test_several_synapses_of_a_pair_keep_their_channel_and_add_up_where_they_meet():
    weight = np.array([[[1, 2]], [[10, 20]]])  # [S = 2, neurons = 1, channels = 2]
    fields = receptive_fields(saved_network(weight, [[[0, 1]], [[0, 3]]], max_delay=4))
    assert fields.channel.tolist() == [0, 1, 0, 1]
    assert as_image(fields)[0].tolist() == [[11, 0, 0, 0], [0, 2, 0, 20]]


def test_a_synapse_is_placed_at_the_mel_channel_that_its_input_carries_or_at_the_input_itself():
    weight = [[[1, 2, 3]], [[10, 20, 30]]]  # [S = 2, neurons = 1, inputs = 3]
    network = saved_network(weight, np.zeros((2, 1, 3)), mel_channel=[2, 0, 1], max_delay=1)
    mel, fed = receptive_fields(network), receptive_fields(network, order="fed")
    assert mel.channel.tolist() == [2, 0, 1, 2, 0, 1]
    assert fed.channel.tolist() == [0, 1, 2, 0, 1, 2]
    assert as_image(mel)[0, :, 0].tolist() == [22, 33, 11]
    assert as_image(fed)[0, :, 0].tolist() == [11, 22, 33]
    assert np.array_equal(mel.weight, fed.weight)
    assert np.array_equal(mel.delay, fed.delay)


def test_where_channels_were_not_permuted_both_orders_are_the_same():
    network = saved_network(np.ones((1, 2, 4)), np.zeros((1, 2, 4)))
    mel, fed = (receptive_fields(network, order) for order in ("mel", "fed"))
    assert mel.channel.tolist() == fed.channel.tolist() == [0, 1, 2, 3]


def test_what_neighbours_in_frequency_share_is_seen_in_mel_order_alone():
    order = np.random.default_rng(0).permutation(40)
    # inputs that carry low channels excite, those that carry high ones inhibit
    weight = np.where(order < 20, 1, -1)[None, None]
    network = saved_network(weight, np.zeros((1, 1, 40)), mel_channel=order, max_delay=1)
    mel, fed = (as_image(receptive_fields(network, order))[0, :, 0] for order in ("mel", "fed"))
    assert (mel[1:] == mel[:-1]).mean() == 38 / 39
    assert (fed[1:] == fed[:-1]).mean() < 0.7

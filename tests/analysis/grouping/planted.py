"""Networks with known grouping: signs and delays, [neurons, channels]; sign 0 is no synapse."""

import numpy as np

from delaynet.analysis.grouping.points import marked_points
from delaynet.analysis.grouping.receptive_fields import ReceptiveFields

CHANNELS, STEPS = 40, 25


def fields_of(sign, delay, taps=STEPS):
    return ReceptiveFields(
        channel=np.arange(sign.shape[1]),
        delay=np.asarray(delay, np.int64),
        weight=np.asarray(sign, np.float32),
        firing_rate=np.ones(len(sign), np.float32),
        channels=sign.shape[1],
        max_delay=taps,
    )


def points_of(sign, delay, taps=STEPS):
    return marked_points(fields_of(sign, delay, taps), np.ones(len(sign), bool))


def phases(random, neurons):
    return random.uniform(0, 2 * np.pi, (neurons, 1))


def neither(random, neurons=48, density=1.0, channels=CHANNELS, taps=STEPS):
    sign = random.choice([-1, 1], (neurons, channels))
    sign[random.random(sign.shape) >= density] = 0
    return sign, random.integers(0, taps, sign.shape)


def neither_under_dale(random, neurons=48, density=1.0, channels=CHANNELS, taps=STEPS):
    """Every channel has its sign in all neurons."""
    sign, delay = neither(random, neurons, density, channels, taps)
    return np.abs(sign) * random.choice([-1, 1], channels), delay


def both(random, neurons=48):
    """Signs that follow a smooth field over channel and delay, another one in every neuron."""
    _, delay = neither(random, neurons)
    field = np.sin(np.arange(CHANNELS) / 4 + phases(random, neurons))
    return np.where(field * np.cos(delay / 4 + phases(random, neurons)) > 0, 1, -1), delay


def space(random, neurons=48):
    """Signs that follow the channel alone."""
    _, delay = neither(random, neurons)
    return np.where(np.sin(np.arange(CHANNELS) / 2 + phases(random, neurons)) > 0, 1, -1), delay


def time(random, neurons=48):
    """Signs that follow the delay alone."""
    _, delay = neither(random, neurons)
    return np.where(np.sin(delay / 2.5 + phases(random, neurons)) > 0, 1, -1), delay


def shared_stripes(random, neurons=48):
    """Signs that follow the channel alone, the same in every neuron."""
    sign = np.where(np.arange(CHANNELS) // 5 % 2, 1, -1) * np.ones((neurons, 1), int)
    return sign, random.integers(0, STEPS, sign.shape)


def time_under_dale(random, neurons=48):
    """Under Dale's signs, excitation at its own time and inhibition at another in every neuron."""
    sign, _ = neither_under_dale(random, neurons)
    early = np.where(random.random((neurons, 1)) < 0.5, 1, -1)
    return sign, np.where(sign == early, 0, 13) + random.integers(0, 12, sign.shape)


def track(random, neurons=48):
    """Positions along a slow track over channels, signs at random: only positions cluster."""
    sign, _ = neither(random, neurons)
    middle = 12 + 8 * np.sin(np.arange(CHANNELS) / 6 + phases(random, neurons))
    return sign, np.rint(middle + random.normal(0, 1.5, sign.shape)).clip(0, STEPS - 1).astype(int)


def unbalanced(random, neurons=48):
    """Neurons differ in their share of excitation; nothing is grouped."""
    share = np.linspace(0.1, 0.9, neurons)[:, None]
    sign = np.where(random.random((neurons, CHANNELS)) < share, 1, -1)
    return sign, random.integers(0, STEPS, sign.shape)

"""Power analysis: how many pairs of synapses are needed to detect grouping (`MINIMAL_PAIRS`).

Networks with planted grouping are simulated at increasing sparsity. Each is tested like a trained
network: Moran's I against a null model that permutes within neurons, one-sided at 5 %. In the
planted grouping, a synapse of neuron n at channel c with delay d has the sign of a smooth field,

    f_n(c, d) = sin(c / 4 + a_n) cos(d / 4 + b_n),     a_n, b_n uniform on 0 .. 2 pi,

with probability (1 + q) / 2, and the other sign otherwise. Delays are uniform, and synapses exist
independently with one probability.

The effect, Moran's I minus its mean under a null model, is proportional to q^2. Two effects are
planted for each null model: that of the miniature's dense networks with learned delays, and half
of it, the margin of "survives". These sizes were chosen after looking at those networks.

Sparser networks with the same q have a smaller effect than dense ones, because centring removes
more from few signs, and permuting few synapses changes little. A neuron with two synapses never
changes: when they exchange signs, delays or channels, their distance and likeness stay the same.
With q = 1 the effects are

    density                  1     1/4   1/8   1/16
    signs_within_neuron      0.56  0.52  0.50  0.43
    delays_within_neuron     0.55  0.51  0.46  0.39
    channels_within_neuron   0.56  0.52  0.48  0.40

A sparse rewired network with exactly the dense network's grouping therefore shows a smaller effect.
This counts against "survives".

The power is the share of networks with a significant result, with Wilson's interval (1927, J. Am.
Stat. Assoc. 22, 209-212). `MINIMAL_PAIRS` is the number of close pairs at which tests against the
first two null models detect the whole effect with a power of at least 0.8 (lower end of the
interval), rounded up to hundreds. Joint grouping, tested against the third, is a smaller effect: it
is detected in one of four networks with that many pairs, and in three of five networks with 2,700
pairs, the number in the miniature at a sparsity of 0.5. Claims on it are therefore tested on the
mean over seeds, never on a single network.
"""

import math
from functools import cache
from itertools import product
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.stats import binomtest
from tqdm import tqdm

from delaynet.analysis.grouping.draws import draws
from delaynet.analysis.grouping.measures import Array, morans_i
from delaynet.analysis.grouping.nulls import p_value
from delaynet.analysis.grouping.points import MarkedPoints, marked_points
from delaynet.analysis.grouping.receptive_fields import ReceptiveFields
from delaynet.analysis.tables import write_table

# a hidden layer of the miniature and its input
NEURONS, CHANNELS, TAPS = 96, 40, 25
# Moran's I of a dense network minus its mean under each null model: the whole effect, and half
EFFECTS = {
    "signs_within_neuron": (0.3, 0.15),
    "delays_within_neuron": (0.19, 0.095),
    "delays_within_sign": (0.065, 0.0325),
}
LEVEL, POWER = 0.05, 0.8
# expected close pairs, simulated networks for each, permutations of each network
COUNTS = (100, 200, 300, 400, 600, 900, 1300, 1900, 2700)
NETWORKS, PERMUTATIONS = 200, 199


class Power(NamedTuple):
    """Power for a planted effect; `close_pairs` and `synapses` are means over networks."""

    null: str
    effect: float
    close_pairs: float
    synapses: float
    networks: int
    power: float
    low: float
    high: float


def planted(random: np.random.Generator, density: float, strength: float) -> MarkedPoints:
    """Return a network with planted grouping; `strength` is q.

    A synapse exists with probability `density`.
    """
    shape = NEURONS, CHANNELS
    delay = random.integers(0, TAPS, shape)
    along_channel, along_delay = random.uniform(0, 2 * np.pi, (2, NEURONS, 1))
    field = np.sin(np.arange(CHANNELS) / 4 + along_channel) * np.cos(delay / 4 + along_delay)
    follows = random.random(shape) < (1 + strength) / 2
    sign = np.where((field > 0) == follows, 1, -1) * (random.random(shape) < density)
    fields = ReceptiveFields(
        channel=np.arange(CHANNELS),
        delay=delay,
        weight=sign.astype(np.float32),
        firing_rate=np.ones(NEURONS, np.float32),
        channels=CHANNELS,
        max_delay=TAPS,
    )
    return marked_points(fields, np.ones(NEURONS, bool))


def _stream(seed: int) -> np.random.Generator:
    """Return the random stream of a network, independent of that of its permutations."""
    return np.random.default_rng([seed, 1])


def effect_of(points: MarkedPoints, null: str, seed: int) -> float:
    """Return Moran's I minus its mean under a null model."""
    observed, drawn = _morans_i(points, null, seed)
    return float(observed - drawn.mean())


@cache
def strength_of(effect: float, null: str) -> float:
    """Return the q that plants an effect in dense networks: sqrt(effect / effect at 1)."""
    effects = [effect_of(planted(_stream(seed), 1, 1), null, seed) for seed in range(20)]
    return math.sqrt(effect / float(np.mean(effects)))


def density_of(close_pairs: int) -> float:
    """Return the density with this expected number of close pairs."""
    every = planted(_stream(0), 1, 1).close_pairs
    return math.sqrt(close_pairs / every)


def power_at(null: str, effect: float, close_pairs: int, networks: int) -> Power:
    """Return the power to detect an effect in networks with this expected number of close pairs."""
    density, strength = density_of(close_pairs), strength_of(effect, null)
    simulated = [planted(_stream(seed), density, strength) for seed in range(networks)]
    ps = [p_value(*_morans_i(network, null, seed)) for seed, network in enumerate(simulated)]
    share = binomtest(sum(p <= LEVEL for p in ps), networks)
    interval = share.proportion_ci(method="wilson")
    return Power(
        null,
        effect,
        float(np.mean([network.close_pairs for network in simulated])),
        float(np.mean([network.synapses for network in simulated])),
        networks,
        share.statistic,
        interval.low,
        interval.high,
    )


def _morans_i(points: MarkedPoints, null: str, seed: int) -> tuple[float, Array]:
    """Return Moran's I and its draws from a null model, [permutations]."""
    observed = morans_i(points, points.sign[:, None], points.delay[:, None])
    drawn = draws(points, {("morans_i", null): PERMUTATIONS}, seed)["morans_i", null]
    return float(observed[0]), drawn


def write_power(output: Path, networks: int = NETWORKS) -> None:
    """Write the power as a table, one row per null model, effect and count of close pairs."""
    points = [
        (null, effect, count)
        for null, effects in EFFECTS.items()
        for effect, count in product(effects, COUNTS)
    ]
    rows = [
        power_at(null, effect, count, networks) for null, effect, count in tqdm(points, "power")
    ]
    write_table(pd.DataFrame(rows, columns=Power._fields), output)

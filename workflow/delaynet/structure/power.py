"""How many pairs of synapses it takes to see grouping: why `MINIMAL_PAIRS` is what it is.

Networks with known grouping are simulated, ever sparser, and each is tested as one trained network
is: Moran's I against a null model that permutes within neurons, one-sided at 5 %. What is planted:
a synapse of neuron n at channel c with delay d has the sign of a field that is smooth over both,

    f_n(c, d) = sin(c / 4 + a_n) cos(d / 4 + b_n),     a_n, b_n uniform on 0 .. 2 pi,

with probability (1 + q) / 2, and the other sign otherwise. Delays are uniform, and synapses exist
independently with one probability. Moran's I less its mean under N1 (the `effect`) is q^2 times
that of q = 1, whatever the sparsity, so q sets the effect. Planted are the effect of dense networks
of the miniature that have learned their delays, and half of it: the margin of "survives".

Delays being independent of channels, the effect is the same against N2.

The power at a count of close pairs is the share of networks found, with Wilson's interval (1927,
J. Am. Stat. Assoc. 22, 209-212). A network is called testable from the count on at which
N1 and N2 both find the whole effect with a power of 0.8, by the lower end of that interval, rounded
up to hundreds.
"""

import csv
import math
from collections.abc import Iterator, Sequence
from functools import cache
from itertools import pairwise, product
from pathlib import Path
from typing import NamedTuple

import numpy as np
from scipy.stats import binomtest
from tqdm import tqdm

from delaynet.files import replacing
from delaynet.structure.draws import draws
from delaynet.structure.measures import measures
from delaynet.structure.nulls import p_value
from delaynet.structure.points import MarkedPoints, marked_points
from delaynet.structure.receptive_fields import ReceptiveFields

# a hidden layer of the miniature and its input
NEURONS, CHANNELS, TAPS = 96, 40, 25
# Moran's I less its mean under N1: planted whole, and half of it
EFFECTS = (0.3, 0.15)
TESTED_NULLS = ("N1", "N2")
LEVEL, POWER = 0.05, 0.8
# close pairs to be expected, networks simulated for each, permutations of each network
COUNTS = (50, 100, 150, 200, 300, 400, 600, 900, 1300, 1900)
NETWORKS, PERMUTATIONS = 200, 199


class Power(NamedTuple):
    """How often a planted effect is found at one count of close pairs; counts are means."""

    null: str
    effect: float
    close_pairs: float
    synapses: float
    networks: int
    power: float
    low: float
    high: float


def planted(random: np.random.Generator, density: float, strength: float) -> MarkedPoints:
    """Return a network whose signs follow a smooth field over channel and delay (see above).

    Args:
        random: source of the network.
        density: probability that a synapse exists.
        strength: q.
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
    """Return a source of networks that is not the one of their permutations."""
    return np.random.default_rng([seed, 1])


def effect_of(points: MarkedPoints, null: str, seed: int) -> float:
    """Return Moran's I less its mean under a null model."""
    drawn = draws(points, {("morans_i", null): PERMUTATIONS}, seed)["morans_i", null]
    return float(measures(points).morans_i - drawn.mean())


@cache
def strength_of(effect: float) -> float:
    """Return the q that plants an effect: the square root of its share of that of q = 1."""
    whole = [effect_of(planted(_stream(seed), 1, 1), "N1", seed) for seed in range(20)]
    return math.sqrt(effect / float(np.mean(whole)))


def density_of(close_pairs: int) -> float:
    """Return the density at which so many close pairs are to be expected."""
    every = planted(_stream(0), 1, 1).close_pairs
    return math.sqrt(close_pairs / every)


def power_at(close_pairs: int, effect: float, networks: int) -> list[Power]:
    """Return the power at one count of close pairs and effect, against each null model.

    Args:
        close_pairs: to be expected of a network.
        effect: planted.
        networks: simulated, with seeds 0 .. networks - 1.
    """
    density, strength = density_of(close_pairs), strength_of(effect)
    nets = [planted(_stream(seed), density, strength) for seed in range(networks)]
    counted = (
        float(np.mean([net.close_pairs for net in nets])),
        float(np.mean([net.synapses for net in nets])),
        networks,
    )
    curve = []
    for null in TESTED_NULLS:
        found = sum(is_found(net, null, seed) for seed, net in enumerate(nets))
        share = binomtest(found, networks)
        interval = share.proportion_ci(method="wilson")
        curve.append(Power(null, effect, *counted, share.statistic, interval.low, interval.high))
    return curve


def is_found(points: MarkedPoints, null: str, seed: int) -> bool:
    """Return whether Moran's I of one network is significant against a null model."""
    drawn = draws(points, {("morans_i", null): PERMUTATIONS}, seed)["morans_i", null]
    return bool(p_value(float(measures(points).morans_i), drawn) <= LEVEL)


def power_curve(networks: int = NETWORKS) -> Iterator[Power]:
    """Yield the power at every null model, effect and count of close pairs, in this order."""
    points = list(product(EFFECTS, COUNTS))
    parts = [power_at(count, effect, networks) for effect, count in tqdm(points, "power")]
    for of_null in zip(*parts, strict=True):
        yield from of_null


def pairs_needed(curve: Sequence[Power], null: str, effect: float) -> float:
    """Return the close pairs from which on the power's interval lies above 0.8.

    Between two counts of the curve it is taken to be linear in the logarithm of the count. Where it
    is never reached, infinity.
    """
    of_test = [point for point in curve if (point.null, point.effect) == (null, effect)]
    for below, above in pairwise(of_test):
        if below.low < POWER <= above.low:
            share = (POWER - below.low) / (above.low - below.low)
            return float(below.close_pairs * (above.close_pairs / below.close_pairs) ** share)
    return math.inf


def write_power(output: Path, networks: int = NETWORKS) -> None:
    """Write the curve as a table, one row a null model, effect and count of close pairs."""
    curve = list(power_curve(networks))
    with replacing(output) as temporary, temporary.open("w", newline="") as table:
        writer = csv.writer(table, lineterminator="\n")
        writer.writerow(Power._fields)
        writer.writerows([point.null, *(f"{value:.6g}" for value in point[1:])] for point in curve)

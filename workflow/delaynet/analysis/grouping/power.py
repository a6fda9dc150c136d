"""How many pairs of synapses it takes to see grouping: why `MINIMAL_PAIRS` is what it is.

Networks with known grouping are simulated, ever sparser, and each is tested as one trained network
is: Moran's I against a null model that permutes within neurons, one-sided at 5 %. What is planted:
a synapse of neuron n at channel c with delay d has the sign of a field that is smooth over both,

    f_n(c, d) = sin(c / 4 + a_n) cos(d / 4 + b_n),     a_n, b_n uniform on 0 .. 2 pi,

with probability (1 + q) / 2, and the other sign otherwise. Delays are uniform, and synapses exist
independently with one probability.

The effect, Moran's I less its mean under a null model, grows as q^2, so q sets it. Planted are the
effect that dense networks of the miniature with learned delays have, with signs and with delays
permuted within neurons, and half of it, the margin of "survives". These sizes were chosen after
looking at those networks.

What is planted is a dense network's effect, and sparser networks with the same q have less of it:
centring takes more from few marks, and permuting few synapses leaves much as it was; a neuron of
two cannot change, since they are as far apart, and as alike, when they have exchanged their signs,
delays or channels. With q = 1 the effects are

    density                  1     1/4   1/8   1/16
    signs_within_neuron      0.56  0.52  0.50  0.43
    delays_within_neuron     0.55  0.51  0.46  0.39
    channels_within_neuron   0.56  0.52  0.48  0.40

So a rewired network that has kept all of the rule by which signs follow channel and delay shows
less than the dense effect, which counts against "survives" where networks are sparse.

The power at a count of close pairs is the share of networks found, with Wilson's interval (1927, J.
Am. Stat. Assoc. 22, 209-212). A network is called testable from the count on at which both null
models find their whole effect with a power of 0.8, by the lower end of that interval, rounded up to
hundreds.
"""

import csv
import math
from collections.abc import Iterator
from functools import cache
from itertools import product
from pathlib import Path
from typing import NamedTuple

import numpy as np
from scipy.stats import binomtest
from tqdm import tqdm

from delaynet.analysis.grouping.draws import draws
from delaynet.analysis.grouping.measures import Array, measures_of
from delaynet.analysis.grouping.nulls import p_value
from delaynet.analysis.grouping.points import MarkedPoints, marked_points
from delaynet.analysis.grouping.receptive_fields import ReceptiveFields
from delaynet.config.files import replacing

# a hidden layer of the miniature and its input
NEURONS, CHANNELS, TAPS = 96, 40, 25
# Moran's I of a dense network less its mean under each null model: planted whole, and half of it
EFFECTS = {"signs_within_neuron": (0.3, 0.15), "delays_within_neuron": (0.19, 0.095)}
LEVEL, POWER = 0.05, 0.8
# close pairs to be expected, networks simulated for each, permutations of each network
COUNTS = (100, 200, 300, 400, 600, 900, 1300, 1900)
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
    observed, drawn = _morans_i(points, null, seed)
    return float(observed - drawn.mean())


@cache
def strength_of(effect: float, null: str) -> float:
    """Return the q that plants an effect in dense networks: the root of its share of that of 1."""
    whole = [effect_of(planted(_stream(seed), 1, 1), null, seed) for seed in range(20)]
    return math.sqrt(effect / float(np.mean(whole)))


def density_of(close_pairs: int) -> float:
    """Return the density at which so many close pairs are to be expected."""
    every = planted(_stream(0), 1, 1).close_pairs
    return math.sqrt(close_pairs / every)


def power_at(null: str, effect: float, close_pairs: int, networks: int) -> Power:
    """Return the power against a null model at one effect and count of close pairs.

    Args:
        null: the null model.
        effect: planted.
        close_pairs: to be expected of a network.
        networks: simulated, with seeds 0 .. networks - 1.
    """
    density, strength = density_of(close_pairs), strength_of(effect, null)
    nets = [planted(_stream(seed), density, strength) for seed in range(networks)]
    counted = (
        float(np.mean([net.close_pairs for net in nets])),
        float(np.mean([net.synapses for net in nets])),
        networks,
    )
    found = sum(is_found(net, null, seed) for seed, net in enumerate(nets))
    share = binomtest(found, networks)
    interval = share.proportion_ci(method="wilson")
    return Power(null, effect, *counted, share.statistic, interval.low, interval.high)


def is_found(points: MarkedPoints, null: str, seed: int) -> bool:
    """Return whether Moran's I of one network is significant against a null model."""
    return bool(p_value(*_morans_i(points, null, seed)) <= LEVEL)


def _morans_i(points: MarkedPoints, null: str, seed: int) -> tuple[float, Array]:
    """Return Moran's I and its draws from a null model, [permutations]."""
    alone = measures_of(points, points.sign[:, None], points.delay[:, None], nearest=False)
    drawn = draws(points, {("morans_i", null): PERMUTATIONS}, seed)["morans_i", null]
    return float(alone.morans_i[0]), drawn


def power_curve(networks: int = NETWORKS) -> Iterator[Power]:
    """Yield the power at every null model, effect and count of close pairs, in this order."""
    points = [
        (null, effect, count)
        for null, effects in EFFECTS.items()
        for effect, count in product(effects, COUNTS)
    ]
    for null, effect, count in tqdm(points, "power"):
        yield power_at(null, effect, count, networks)


def write_power(output: Path, networks: int = NETWORKS) -> None:
    """Write the curve as a table, one row a null model, effect and count of close pairs."""
    curve = list(power_curve(networks))
    with replacing(output) as temporary, temporary.open("w", newline="", encoding="utf-8") as table:
        writer = csv.writer(table, lineterminator="\n")
        writer.writerow(Power._fields)
        writer.writerows([point.null, *(f"{value:.6g}" for value in point[1:])] for point in curve)

"""Grouping in space, in time, and in both together.

Moran's I beyond the null model that permutes signs within a neuron counts every way in which signs
may depend on the place. The others say what of it is left when one way is taken away:

    space   N1 - N2   left when delays are permuted: signs follow the channel, whatever the delay
    time    N1 - N6   left when channels are permuted: signs follow the delay, whatever the channel
    joint   N7        neither: signs follow channel and delay together

where each label stands for an effect, Moran's I less its mean under that null model
(`grouping.nulls`). N7 permutes delays within the signs of a neuron, which keeps both of the former;
N2 + N6 - N1, what is left of N1 by subtraction, is close to it. The sum of space, time and joint is
therefore about N1. Under Dale's principle a sign belongs to its channel, and only the joint part is
defined.
"""

from typing import NamedTuple

import pandas as pd

from delaynet.analysis.grouping.nulls import NULLS
from delaynet.config.grid import Run

JOINT = "joint"
# the measure that claims are about, and the same without the shortest and longest delays
PRIMARY, INTERIOR = "morans_i", "morans_i_interior"
# what identifies a network in the table of grouping
NETWORK = [*Run._fields, "network", "order"]


class Kind(NamedTuple):
    """A kind of grouping.

    Attributes:
        words: where signs are grouped.
        minuend: the null model whose effect it is.
        subtrahend: the null model whose effect is subtracted, if any.
        without_delays: whether it is defined for networks without delays.
    """

    words: str
    minuend: str
    subtrahend: str = ""
    without_delays: bool = False

    @property
    def nulls(self) -> tuple[str, ...]:
        """The null models that it needs."""
        return (self.minuend, self.subtrahend) if self.subtrahend else (self.minuend,)

    @property
    def label(self) -> str:
        """Its null models, as `N1 − N2`."""
        return " − ".join(NULLS[null].label for null in self.nulls)

    @property
    def valid_under_dale(self) -> bool:
        """Whether it is defined for networks under Dale's principle."""
        return all(NULLS[null].valid_under_dale for null in self.nulls)


# In the order of tables and figures.
KINDS = {
    "space": Kind("space", "signs_within_neuron", "delays_within_neuron", without_delays=True),
    "time": Kind("time", "signs_within_neuron", "channels_within_neuron"),
    JOINT: Kind("space and time together", "delays_within_sign"),
}


def effects_by_kind(table: pd.DataFrame) -> pd.DataFrame:
    """Return the effect of each kind of grouping on Moran's I, one row per network and kind.

    The columns are `NETWORK`, `kind` and `effect`: not a number if it cannot be tested. Kinds that
    are not defined for a network are left out, and rows of other measures ignored.
    """
    rows = table[table["measure"] == PRIMARY]
    rows = rows.assign(effect=rows["observed"] - rows["null_mean"])
    by_null = {null: own.set_index(NETWORK)["effect"] for null, own in rows.groupby("null")}
    parts = []
    for name, kind in KINDS.items():
        if not set(kind.nulls) <= set(by_null):
            continue
        effect = by_null[kind.minuend]
        if kind.subtrahend:
            defined = effect.index.intersection(by_null[kind.subtrahend].index)
            effect = effect[defined] - by_null[kind.subtrahend][defined]
        of_kind = effect.reset_index().assign(kind=name)
        parts.append(of_kind if kind.without_delays else of_kind[of_kind["delays"] != "none"])
    columns = [*NETWORK, "kind", "effect"]
    return pd.concat(parts)[columns] if parts else pd.DataFrame(columns=columns)

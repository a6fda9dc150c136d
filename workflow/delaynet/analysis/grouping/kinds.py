"""Grouping in space, in time, and in both together.

A label such as N1 stands here for an effect: Moran's I minus its mean under that null model
(`grouping.nulls`). N1 is above 0 if signs depend on channel or delay in any way. Its parts:

    space   N1 - N2   signs depend on the channel, whatever the delay
    time    N1 - N6   signs depend on the delay, whatever the channel
    joint   N7        signs depend on channel and delay together

N7 is close to N2 + N6 - N1, so the three add up to about N1. Under Dale's principle the sign
belongs to the channel, and only joint grouping is defined.
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
        minuend, subtrahend: the null models of the effects whose difference it is; without
            subtrahend, one effect alone.
        without_delays: whether it is defined for networks without delays.
    """

    words: str
    minuend: str
    subtrahend: str = ""
    without_delays: bool = False

    @property
    def nulls(self) -> tuple[str, ...]:
        """Null models of its effects."""
        return (self.minuend, self.subtrahend) if self.subtrahend else (self.minuend,)

    @property
    def label(self) -> str:
        """Labels of its null models: `N1 − N2`."""
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

    `table` is the table of grouping. The columns are `NETWORK`, `kind` and `effect`, NaN for
    networks that cannot be tested. Kinds that are not defined for a network are left out.
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

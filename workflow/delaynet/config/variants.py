"""The variants of a network: names, labels and order of delays, structures and signs.

Settings, tables, figures and the manuscript use them; legends and tables have this order.
Colours and markers are in `delaynet.paper.figures.style`.
"""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Kind:
    """A kind of delays, or of signs.

    Attributes:
        words: label in legends and sentences.
        short: label in a table's column.
        meaning: what it is, for the list of settings.
    """

    words: str
    short: str
    meaning: str


@dataclass(frozen=True)
class Structure:
    """How connections come about.

    Attributes:
        words: label in legends, sentences and tables.
        meaning: what it is, for the list of settings.
        change: of the connections in training: `none`, `pruned` for good, or `rewired`.
        has_sparsity: True if its sparsity is above 0, False if it is 0.
        description: Typst, what the manuscript says of it where the grid has it. It may use
            `#num(key)` with a key of `results/numbers.json`. Empty where `paper.typ` says it.
        bibliography: BibTeX entries that the description cites and the manuscript lacks.
    """

    words: str
    meaning: str
    change: str
    has_sparsity: bool = True
    description: str = ""
    bibliography: str = ""

    @property
    def short(self) -> str:
        """The label, which is short enough for a table's column."""
        return self.words


DELAYS = {
    "learned": Kind(
        "learned delays",
        "learned",
        "by DCLS: the kernel's width is annealed, then delays are rounded",
    ),
    "fixed": Kind("fixed delays", "fixed", "random, one tap each"),
    "frozen": Kind(
        "frozen delays",
        "frozen",
        "as `fixed`, but with wide kernels first, as in `learned`: a control",
    ),
    "none": Kind("no delays", "none", "all zero"),
}
STRUCTURES = {
    "dense": Structure("dense", "every connection", "none", has_sparsity=False),
    "static": Structure("static", "a random mask", "none"),
    "static_connected": Structure(
        "static, connected",
        "a random mask in which every hidden unit that is used has an input and an output",
        "none",
    ),
    "magnitude": Structure(
        "magnitude pruning",
        "dense at first, the smallest weights pruned epoch by epoch",
        "pruned",
        description="_Magnitude_ networks begin dense and lose their weakest connections for good, "
        'on the cubic schedule of @zhu2017 over a share of #num("settings.training.'
        'pruning_fraction") of the epochs.',
        bibliography="""@misc{zhu2017,
  author = {Zhu, Michael and Gupta, Suyog},
  title  = {To prune, or not to prune: exploring the efficacy of pruning for model compression},
  year   = {2017},
  url    = {https://arxiv.org/abs/1710.01878},
}""",
    ),
    "deep_r": Structure("DEEP R", "pruned at zero, regrown at random", "rewired"),
    "deep_r_rigl": Structure(
        "DEEP R with RigL", "pruned at zero, regrown by the gradient", "rewired"
    ),
}
SIGNS = {
    "free": Kind("free signs", "free", "any signs"),
    "dale": Kind(
        "Dale's principle", "Dale", "a presynaptic unit is excitatory or inhibitory, never both"
    ),
}


def meanings(choices: Mapping[str, Kind | Structure]) -> str:
    """Return what each name means, as `fixed`: random, one tap each; .."""
    return "; ".join(f"`{name}`: {choice.meaning}" for name, choice in choices.items()) + "."


def structures_with(change: str) -> tuple[str, ...]:
    """Return the names of the structures whose connections change this way in training."""
    return tuple(name for name, structure in STRUCTURES.items() if structure.change == change)

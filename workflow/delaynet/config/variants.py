"""The variants of a network: names, labels and order of delays, structures and signs.

Settings, tables, figures and the manuscript use them; legends and tables have this order.
Colours and markers are in `delaynet.paper.figures.style`.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Kind:
    """A kind of delays, or of signs.

    Attributes:
        words: label in legends and sentences.
        short: label in a table's column.
    """

    words: str
    short: str


@dataclass(frozen=True)
class Structure:
    """How connections come about.

    Attributes:
        words: label in legends, sentences and tables.
        change: of the connections in training: `none`, `pruned` for good, or `rewired`.
        has_sparsity: True if its sparsity is above 0, False if it is 0.
        description: Typst, what the manuscript says of it where the grid has it. It may use
            `#num(key)` with a key of `results/numbers.json`. Empty where `paper.typ` says it.
        bibliography: BibTeX entries that the description cites and the manuscript lacks.
    """

    words: str
    change: str
    has_sparsity: bool = True
    description: str = ""
    bibliography: str = ""

    @property
    def short(self) -> str:
        """The label, which is short enough for a table's column."""
        return self.words


DELAYS = {
    "learned": Kind("learned delays", "learned"),
    "fixed": Kind("fixed delays", "fixed"),
    "frozen": Kind("frozen delays", "frozen"),
    "none": Kind("no delays", "none"),
}
STRUCTURES = {
    "dense": Structure("dense", "none", has_sparsity=False),
    "static": Structure("static", "none"),
    "static_connected": Structure("static, connected", "none"),
    "magnitude": Structure(
        "magnitude pruning",
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
    "deep_r": Structure("DEEP R", "rewired"),
    "deep_r_rigl": Structure("DEEP R with RigL", "rewired"),
}
SIGNS = {
    "free": Kind("free signs", "free"),
    "dale": Kind("Dale's principle", "Dale"),
}


def structures_with(change: str) -> tuple[str, ...]:
    """Return the names of the structures whose connections change this way in training."""
    return tuple(name for name, structure in STRUCTURES.items() if structure.change == change)

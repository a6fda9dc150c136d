"""Which runs, and which of their files, each figure reads.

Light to import (no plotting library): the workflow asks here what a figure needs.
"""

from collections.abc import Callable, Iterable
from decimal import Decimal

from delaynet.config import REWIRED_STRUCTURES, STRUCTURES_WITHOUT_SPARSITY, Config, Run
from delaynet.errors import UserError

# A map of fewer synapses than this, on average, shows nothing.
SYNAPSES_TO_SEE = 2
MAXIMAL_VARIANTS = 6

DELAYS_ORDER = ("learned", "fixed", "frozen", "none")
STRUCTURE_ORDER = ("dense", "static", "static_connected", "deep_r", "deep_r_rigl")
DALE_ORDER = ("free", "dale")

# The variants of the receptive fields in order of importance: learned and fixed delays, then
# pruned and rewired structure, then Dale's principle.
VARIANTS_TO_SEE = (
    "learned-dense-free",
    "fixed-dense-free",
    "learned-deep_r_rigl-free",
    "learned-static-free",
    "learned-dense-dale",
    "learned-deep_r_rigl-dale",
)


def ordered(runs: Iterable[Run]) -> list[Run]:
    """Return runs in the order of legends: by structure, delays, Dale, sparsity and seed."""
    return sorted(
        runs,
        key=lambda run: (
            STRUCTURE_ORDER.index(run.structure),
            DELAYS_ORDER.index(run.delays),
            DALE_ORDER.index(run.dale),
            Decimal(run.sparsity),
            run.seed,
        ),
    )


def shown_sparsity(config: Config) -> str | None:
    """Return the one sparsity at which figures show single variants.

    The highest that most sparse variants share and that leaves a hidden neuron two synapses on
    average; if none does, the lowest they share; None if the whole grid is dense.
    """
    variants: dict[str, set[str]] = {}
    for run in config.runs():
        if run.structure not in STRUCTURES_WITHOUT_SPARSITY:
            variants.setdefault(run.sparsity, set()).add(run.variant)
    if not variants:
        return None
    most = max(map(len, variants.values()))
    shared = sorted((s for s, v in variants.items() if len(v) == most), key=Decimal)
    visible = [s for s in shared if config.features.bands * (1 - Decimal(s)) >= SYNAPSES_TO_SEE]
    return visible[-1] if visible else shared[0]


def shown_runs(config: Config) -> list[Run]:
    """Return the dense runs and those at the shown sparsity, in the order of legends."""
    shown = {"0", shown_sparsity(config)}
    return ordered(run for run in config.runs() if run.sparsity in shown)


def _task_runs(config: Config) -> list[Run]:
    """Return one run: learned delays, dense, free signs and the first seed come first."""
    return ordered(config.runs())[:1]


def _receptive_field_runs(config: Config) -> list[Run]:
    """Return the first seed of at most six variants: the important ones, then others."""
    first = {run.variant: run for run in reversed(shown_runs(config))}  # seed 0, lowest sparsity
    important = [variant for variant in VARIANTS_TO_SEE if variant in first]
    others = [run.variant for run in ordered(first.values()) if run.variant not in important]
    return ordered(first[variant] for variant in (important + others)[:MAXIMAL_VARIANTS])


def _delay_runs(config: Config) -> list[Run]:
    """Return the shown runs that learn delays or rewire, and all rewired ones for the turnover."""
    shown = [run for run in shown_runs(config) if run.delays == "learned"]
    rewired = [run for run in config.runs() if run.structure in REWIRED_STRUCTURES]
    return ordered({*shown, *rewired})


_RUNS: dict[str, tuple[Callable[[Config], list[Run]], tuple[str, ...]]] = {
    "task": (_task_runs, ("settings.json", "network.h5", "predictions.csv")),
    "accuracy": (lambda config: ordered(config.runs()), ("summary.json",)),
    "receptive_fields": (_receptive_field_runs, ("initial.h5", "network.h5", "summary.json")),
    "delays": (_delay_runs, ("initial.h5", "network.h5", "summary.json")),
    "training": (shown_runs, ("metrics.csv", "summary.json")),
    "corpus": (lambda config: [], ()),
}
FIGURES = tuple(_RUNS)
MANUSCRIPT_FIGURES = tuple(figure for figure in FIGURES if figure != "corpus")


def figures_of(config: Config) -> tuple[str, ...]:
    """Return the figures of a configuration: published spikes have no audio to show."""
    return MANUSCRIPT_FIGURES if config.corpus.source == "spikes" else FIGURES


def _selection(figure: str) -> tuple[Callable[[Config], list[Run]], tuple[str, ...]]:
    if figure not in _RUNS:
        raise UserError(f"there is no figure '{figure}'; there are {', '.join(FIGURES)}.")
    return _RUNS[figure]


def needed_runs(figure: str, config: Config) -> list[Run]:
    """Return the runs that a figure reads, in the order of legends.

    Raises:
        UserError: there is no such figure.
    """
    return _selection(figure)[0](config)


def needed_files(figure: str, config: Config) -> list[str]:
    """Return the files that a figure reads, relative to the results folder.

    Raises:
        UserError: there is no such figure.
    """
    _, names = _selection(figure)
    if figure == "corpus":
        return ["corpus_report.json"]
    files = [f"runs/{run.folder}/{name}" for run in needed_runs(figure, config) for name in names]
    corpus = ["corpus"] if config.corpus.folder is None else []
    return [*files, "features.h5", *corpus] if figure == "task" else files

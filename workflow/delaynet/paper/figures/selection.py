"""The figures: the runs and files that each reads, and its caption in the report.

The workflow imports this module, so it imports no plotting library.
"""

from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import NamedTuple

from delaynet.config.grid import STANDARD, Config, Run
from delaynet.config.settings import SpikeFeatures
from delaynet.config.variants import DELAYS, SIGNS, STRUCTURES, structures_with

# With fewer synapses per neuron, on average, maps show nothing.
SYNAPSES_TO_SEE = 2
MAXIMAL_VARIANTS = 6

REWIRED = structures_with("rewired")

# Variants for the receptive fields, the most important first.
VARIANTS_TO_SEE = (
    "learned-dense-free",
    "fixed-dense-free",
    "learned-deep_r_rigl-free",
    "learned-static-free",
    "learned-dense-dale",
    "learned-deep_r_rigl-dale",
)


def ordered(runs: Iterable[Run]) -> list[Run]:
    """Return runs in the order of legends: structure, delays, Dale, sparsity, condition, seed."""
    structures, delays, signs = list(STRUCTURES), list(DELAYS), list(SIGNS)
    return sorted(
        runs,
        key=lambda run: (
            structures.index(run.structure),
            delays.index(run.delays),
            signs.index(run.signs),
            Decimal(run.sparsity),
            (run.condition != STANDARD, run.condition),
            run.seed,
        ),
    )


def standard_runs(config: Config) -> list[Run]:
    """Return the runs of the condition `standard`, in the order of legends."""
    return ordered(run for run in config.runs() if run.condition == STANDARD)


def shown_sparsity(config: Config) -> str | None:
    """Return the sparsity at which figures show single variants; None if the grid is dense.

    Of the sparsities that most variants have, it is the highest that leaves a hidden neuron two
    synapses on average; if none does, the lowest.
    """
    variants: dict[str, set[str]] = {}
    for run in standard_runs(config):
        if STRUCTURES[run.structure].has_sparsity:
            variants.setdefault(run.sparsity, set()).add(run.variant)
    if not variants:
        return None
    most = max(map(len, variants.values()))
    shared = sorted((s for s, v in variants.items() if len(v) == most), key=Decimal)
    visible = [s for s in shared if config.features.bands * (1 - Decimal(s)) >= SYNAPSES_TO_SEE]
    return visible[-1] if visible else shared[0]


def shown_runs(config: Config) -> list[Run]:
    """Return the dense standard runs and those at the shown sparsity, in the order of legends."""
    shown = {"0", shown_sparsity(config)}
    return [run for run in standard_runs(config) if run.sparsity in shown]


def _grouping_runs(config: Config) -> list[Run]:
    """Return the shown runs, then those of controls: conditions that train on other data."""
    controls = [run for run in ordered(config.runs()) if run.condition != STANDARD]
    return shown_runs(config) + [
        run for run in controls if config.resolve(run).training.data != "natural"
    ]


def _receptive_field_runs(config: Config) -> list[Run]:
    """Return the first seed of at most six variants, the important ones if there are more."""
    first = {run.variant: run for run in reversed(shown_runs(config))}  # seed 0, lowest sparsity
    important = [variant for variant in VARIANTS_TO_SEE if variant in first]
    others = [run.variant for run in ordered(first.values()) if run.variant not in important]
    return ordered(first[variant] for variant in (important + others)[:MAXIMAL_VARIANTS])


def _delay_runs(config: Config) -> list[Run]:
    """Return the shown runs that learn delays, and all rewired ones for the turnover."""
    shown = [run for run in shown_runs(config) if run.delays == "learned"]
    rewired = [run for run in standard_runs(config) if run.structure in REWIRED]
    return ordered({*shown, *rewired})


def _dale_runs(config: Config) -> list[Run]:
    """Return the shown runs of networks that the grid has with free signs and under Dale."""
    points = {run.point for run in shown_runs(config)}
    return [
        run
        for run in shown_runs(config)
        if all(run.point._replace(signs=signs) in points for signs in SIGNS)
    ]


def _control_runs(config: Config) -> list[Run]:
    """Return the runs of all conditions except `standard`, and those that they are compared with.

    These are the standard runs of the same networks, also with frozen delays.
    """
    runs = ordered(config.runs())
    networks = {run.point.standard for run in runs if run.condition != STANDARD}
    compared = networks | {network._replace(delays="frozen") for network in networks}
    return [run for run in runs if run.condition != STANDARD or run.point in compared]


class Entry(NamedTuple):
    """A figure's caption in the report, and what it reads.

    Attributes:
        caption: one sentence.
        runs: the runs that it shows.
        of_each_run: files in their folders.
        results: files in the results folder.
    """

    caption: str
    runs: Callable[[Config], list[Run]]
    of_each_run: tuple[str, ...]
    results: tuple[str, ...] = ()


NETWORKS = ("initial.h5", "network.h5", "summary.json")
GROUPING = ("grouping.csv", "grouping_maps.h5")

# In the order of the report. Each is drawn by the module of its name in this folder.
_ENTRIES = {
    "task": Entry(
        "One clip on its way through the network: sound, mel features, spikes of the hidden layer, "
        "and the evidence for each class.",
        lambda config: standard_runs(config)[:1],
        ("settings.json", "network.h5", "predictions.csv"),
        ("features.h5",),
    ),
    "accuracy": Entry(
        "Test accuracy against sparsity, by structure, delays and Dale's principle, and paired "
        "differences with their intervals; a point is one seed.",
        standard_runs,
        ("summary.json",),
    ),
    "receptive_fields": Entry(
        "Receptive fields of hidden neurons before and after training: effective weights on the "
        "plane of mel band and delay, with each neuron's own Moran's I and its z.",
        _receptive_field_runs,
        NETWORKS,
    ),
    "delays": Entry(
        "Delays before and after training: where those of excitatory and inhibitory connections "
        "lie, how far they moved, and how many connections were replaced.",
        _delay_runs,
        NETWORKS,
    ),
    "training": Entry(
        "Loss and accuracy over the epochs of training, by variant.",
        shown_runs,
        ("metrics.csv", "summary.json"),
    ),
    "grouping": Entry(
        "Grouping of excitation and inhibition in space, in time and in both together, of every "
        "seed before and after training, what an exchange of delays costs, mean correlograms of "
        "signs, and three neurons.",
        _grouping_runs,
        ("summary.json", "network.h5"),
        (*GROUPING, "tables/exchange.csv"),
    ),
    "dale": Entry(
        "Dale's principle against free signs, paired by seed: accuracy, grouping in delay, "
        "correlograms, and the delays of excitatory and inhibitory connections.",
        _dale_runs,
        NETWORKS,
        GROUPING,
    ),
    "controls": Entry(
        "Grouping and accuracy in controls and other conditions beside the standard; a point is "
        "one seed.",
        _control_runs,
        ("summary.json",),
        GROUPING[:1],
    ),
    "power": Entry(
        "How many close pairs of synapses it takes to find grouping, and how many the trained "
        "networks have.",
        standard_runs,
        ("summary.json",),
        ("power.csv", *GROUPING[:1]),
    ),
    "corpus": Entry(
        "The corpus: clips per speaker and word, in the training and the test list; "
        "durations and levels.",
        lambda config: [],
        (),
        ("corpus_report.json",),
    ),
}
FIGURES = tuple(_ENTRIES)
MANUSCRIPT_FIGURES = tuple(figure for figure in FIGURES if figure != "corpus")


def figures_of(config: Config) -> tuple[str, ...]:
    """Return the figures of a configuration; published spikes have no audio to show."""
    return MANUSCRIPT_FIGURES if isinstance(config.features, SpikeFeatures) else FIGURES


def caption(figure: str) -> str:
    """Return a figure's caption in the report."""
    return _ENTRIES[figure].caption


def needed_runs(figure: str, config: Config) -> list[Run]:
    """Return the runs that a figure reads, in the order of legends."""
    return _ENTRIES[figure].runs(config)


def needed_files(figure: str, config: Config) -> list[str]:
    """Return the files that a figure reads, relative to the results folder."""
    entry = _ENTRIES[figure]
    files = [
        f"runs/{run.folder}/{name}" for run in entry.runs(config) for name in entry.of_each_run
    ]
    return [*files, *entry.results]


def reads_recordings(figure: str, config: Config) -> bool:
    """Return whether a figure reads the corpus itself; published spikes have no recordings."""
    return figure == "task" and not isinstance(config.features, SpikeFeatures)

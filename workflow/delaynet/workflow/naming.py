"""What the Snakefile asks of the configuration: names of files, options of commands, checks."""

import hashlib
import json
import os
import shlex
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import Any

from snakemake.exceptions import WorkflowError

from delaynet.config.errors import UserError
from delaynet.config.grid import Config, Run, parse_config
from delaynet.config.listing import settings_of
from delaynet.config.settings import SpikeFeatures
from delaynet.config.variants import DELAYS, SIGNS, STRUCTURES
from delaynet.data.sources import check_source, load_source
from delaynet.paper.figures.selection import figures_of, needed_files, reads_recordings
from delaynet.provenance.audit import Audit
from delaynet.provenance.record import commit_of
from delaynet.provenance.states import GOOD
from delaynet.training.run_folder import RUN_FILES as RUN_FILES
from delaynet.workflow import cluster
from delaynet.workflow.defaults import with_defaults_of_source
from delaynet.workflow.project import PROJECT

# a grid point's sparsity is a canonical decimal in a string, never a number
PATTERNS = {
    "delays": "|".join(DELAYS),
    "structure": "|".join(STRUCTURES),
    "signs": "|".join(SIGNS),
    "sparsity": r"0|0\.[0-9]*[1-9]",
    "seed": "0|[1-9][0-9]*",
    "condition": "[a-z][a-z0-9_]*",
}
RUN_FOLDER = "{condition}/{delays}-{structure}-{signs}/sparsity-{sparsity}/seed-{seed}"


def execution_options(config: Config, slots: Iterable[str] = ()) -> str:
    """Return the options of a training that do not change its result.

    Slots are GPUs of this machine, each once for every training that it runs at a time.
    """
    options = [f"--checkpoint-seconds {config.execution.checkpoint_seconds}"]
    if config.execution.tensorboard:
        options.append("--tensorboard results/tensorboard")
    if names := ",".join(slots):
        options.append(f"--gpu-slots {names}")
    return " ".join(options)


def options_read_from(files: Iterable[str | Path]) -> str:
    """Return the options that name the configuration files, for the record.

    A file outside the project is left out: other users do not have it.
    """
    paths = dict.fromkeys(os.path.relpath(file) for file in files)
    here = [path for path in paths if Path(path).parts[0] != os.pardir]
    return shlex.join(f"--read-from={path}" for path in here)


@contextmanager
def _without_traceback() -> Iterator[None]:
    """Raise a user's mistake as the error that Snakemake shows as a sentence."""
    try:
        yield
    except UserError as error:
        raise WorkflowError(str(error)) from None


def refuse_orphans(executor: str) -> None:
    """Raise a WorkflowError if jobs of an earlier Snakemake stay in a cluster's queue."""
    if executor == "slurm":
        with _without_traceback():
            cluster.refuse_or_cancel_orphans(Path.cwd())


def remove_kept_checkpoints(config: Config) -> None:
    """Remove the checkpoints of finished runs, at the end of the workflow.

    When one training of a pack fails, Snakemake removes the outputs of all of them and runs all
    again; the finished ones are then written again from their last checkpoint, in seconds.
    """
    for run in config.runs():
        folder = Path("results/checkpoints", run.folder)
        if Path("results/runs", run.folder, "summary.json").exists() and folder.exists():
            for checkpoint in folder.glob("checkpoint*.pt"):
                checkpoint.unlink()
            with suppress(OSError):  # what else is there stays
                os.removedirs(folder)


def read_for_snakemake(content: Mapping[str, Any]) -> Config:
    """Check the configuration that Snakemake has read; raise a mistake as a WorkflowError."""
    with _without_traceback():
        config = with_defaults_of_source(parse_config(content))
        check_source(config.corpus, config.features.preset)
        _check_results(config, Path("results/config.json"))
    return config


def _check_results(config: Config, recorded: Path) -> None:
    """Refuse to write results over those of another configuration, which may have taken weeks."""
    if not recorded.exists():
        return
    try:
        name = json.loads(recorded.read_text(encoding="utf-8"))["name"]
    except (OSError, ValueError, KeyError, TypeError):
        raise UserError(
            f"{recorded} is damaged, so the configuration of `results/` is unknown; restore "
            f"it, or remove it if these are results of '{config.name}'."
        ) from None
    if name != config.name:
        raise UserError(
            f"`name` is '{config.name}', but `results/` holds the configuration '{name}'; move "
            "`results/` away, or run with the configuration that it belongs to."
        )


def source_module(config: Config) -> str:
    """Return the module that describes the corpus."""
    return f"delaynet.data.sources.{config.corpus.source}"


def corpus_settings(config: Config) -> str:
    """Return the settings that the corpus reads, as JSON; a change of any other reruns nothing."""
    read = load_source(config.corpus.source).settings
    return config.corpus.model_dump_json(include={"source", *read})


def sealed_modules(config: Config) -> list[str]:
    """Return the modules of all commands whose records are sealed.

    Code that has changed gives new records, even where it gives the same results.
    """
    before = ("config", "corpus_check", "features", "train", "grouping", "power", "exchange")
    after = ("tables", "claims", "numbers", "figure", "seal")
    named = [f"delaynet.cli.{name}" for name in (*before, *after)]
    figures = [f"delaynet.paper.figures.{figure}" for figure in figures_of(config)]
    used = dict.fromkeys(run.structure for run in config.runs())
    structures = [f"delaynet.model.structures.{structure}" for structure in used]
    return ["delaynet.cli.corpus_make", source_module(config), *named, *structures, *figures]


def feature_report(config: Config) -> list[str]:
    """Return the report of the corpus, an input of the features; published spikes have none."""
    from_spikes = isinstance(config.features, SpikeFeatures)
    return [] if from_spikes else ["results/corpus_report.json"]


def feature_options(config: Config) -> str:
    """Return the options of `delaynet features`."""
    folder = load_source(config.corpus.source).folder(config.corpus)
    options = ["--corpus", str(folder), "--faults", config.corpus.faults]
    if isinstance(config.features, SpikeFeatures):
        options += ["--source", config.corpus.source]
    for report in feature_report(config):
        options += ["--report", report]
    return shlex.join([*options, "--settings", config.features.model_dump_json()])


def descriptions(config: Config) -> str:
    """Return a digest of the descriptions of all settings, which a table prints."""
    described = [(setting.key, setting.description) for setting in settings_of(config)]
    return hashlib.sha256(json.dumps(described).encode()).hexdigest()[:16]


def run_of(wildcards: Any) -> Run:
    """Return the run that a job's wildcards name."""
    values = dict(wildcards.items())
    return Run(**values | {"seed": int(values["seed"])})


def run_settings(config: Config) -> Callable[[Any], str]:
    """Return a function of a rule's wildcards that gives the run's settings as JSON."""
    grid = set(config.runs())

    def settings(wildcards: Any) -> str:
        run = run_of(wildcards)
        if run not in grid:
            raise WorkflowError(f"The grid of '{config.name}' holds no run {run.folder}.")
        return config.resolve(run).model_dump_json()

    return settings


def figure_inputs(config: Config) -> Callable[[Any], list[Path]]:
    """Return a function of a rule's wildcards that gives the inputs of the figure."""

    def inputs(wildcards: Any) -> list[Path]:
        read = [Path("results", file) for file in needed_files(wildcards.figure, config)]
        if reads_recordings(wildcards.figure, config):
            read += load_source(config.corpus.source).inputs(config.corpus)
        return read

    return inputs


@cache
def _audit() -> Audit:
    return Audit(PROJECT, Path("results"))


def figure_labels(wildcards: Any) -> dict[str, str]:
    """Return the columns of a figure in Snakemake's report, with its record and its audit.

    They are evaluated when the report is made: the audit is that of the whole chain at that time.
    """
    path = f"results/figures/{wildcards.figure}.png"
    with _without_traceback():
        links = list(_audit().chain(path))
    record = links[0].record or {"id": "none", "commit": None, "uncommitted": None}
    others = Counter(link.verdict.state for link in links[1:] if link.verdict.state not in GOOD)
    audit = links[0].verdict.state
    if others:
        found = ", ".join(f"{count} {state}" for state, count in others.items())
        audit = f"{audit}, in its chain {found}"
    return {
        "figure": wildcards.figure,
        "format": "PNG",
        "record": record["id"],
        "commit": commit_of(record),
        "audit": audit,
    }


def run_files(config: Config) -> list[str]:
    """Return all files of all run folders, as the rules name them."""
    return [f"results/runs/{run.folder}/{name}" for run in config.runs() for name in RUN_FILES]

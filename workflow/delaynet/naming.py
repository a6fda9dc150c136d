"""What the Snakefile asks: which files there are, by name, and how rules find the commands."""

import json
import os
import sys
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, get_args

from snakemake.exceptions import WorkflowError

from delaynet.config import Config, Dale, Delays, Run, Structure, parse_config
from delaynet.corpus.layout import SPLITS, list_path
from delaynet.errors import UserError
from delaynet.runs import RUN_FILES as RUN_FILES

# a grid point's sparsity is a canonical decimal in a string, never a number
PATTERNS = {
    "delays": "|".join(get_args(Delays)),
    "structure": "|".join(get_args(Structure)),
    "dale": "|".join(get_args(Dale)),
    "sparsity": r"0|0\.[0-9]*[1-9]",
    "seed": "0|[1-9][0-9]*",
}
RUN_FOLDER = "{delays}-{structure}-{dale}/sparsity-{sparsity}/seed-{seed}"


def put_commands_in_reach(workflow: Path) -> None:
    """Let the rules' `python -m delaynet` find interpreter and package, here and on a node.

    It is the interpreter that runs Snakemake, unless a conda environment or a container comes
    before it, and the package of this clone in any case.

    Args:
        workflow: the folder that holds the package.
    """
    interpreter = str(Path(sys.executable).parent)
    os.environ["PATH"] = os.pathsep.join([interpreter, os.environ["PATH"]])
    os.environ["PYTHONPATH"] = str(workflow)


def hand_on_execution(config: Config) -> None:
    """Let the rules' commands know how they are to run, through options read from the environment.

    Nothing of it changes a result, and what Snakemake does not see in a rule reruns nothing.
    """
    execution = config.execution
    os.environ["DELAYNET_CHECKPOINT_SECONDS"] = str(execution.checkpoint_seconds)
    os.environ["DELAYNET_TENSORBOARD"] = "results/tensorboard" if execution.tensorboard else ""


def read_for_snakemake(content: Mapping[str, Any]) -> Config:
    """Check the configuration that Snakemake has read, and that the corpus it names is there.

    Raises:
        WorkflowError: one sentence, which Snakemake shows without a traceback.
    """
    try:
        config = parse_config(content)
        if config.corpus.source == "folder":
            _check_folder(corpus_folder(config))
        _check_results(config, Path("results/config.json"))
    except UserError as error:
        raise WorkflowError(str(error)) from None
    return config


def _check_folder(folder: Path) -> None:
    for path in (folder, folder / "audio", *(list_path(folder, split) for split in SPLITS)):
        if not path.exists():
            raise UserError(
                f"`corpus.folder`: {path} does not exist; name a folder that holds `audio/` and "
                "the two filename lists."
            )


def _check_results(config: Config, recorded: Path) -> None:
    """Refuse to lay one set of experiments over another's results, which may have cost weeks."""
    name = json.loads(recorded.read_text()).get("name") if recorded.exists() else config.name
    if name != config.name:
        raise UserError(
            f"`name` is '{config.name}', but `results/` holds the configuration '{name}'; move "
            "`results/` away, or run with the configuration that it belongs to."
        )


def corpus_folder(config: Config) -> Path:
    """Return the folder of recordings: the user's own, or the synthetic one below `results`."""
    return Path("results/corpus" if config.corpus.folder is None else config.corpus.folder)


def corpus_inputs(config: Config) -> list[Path]:
    """Return what a rule that reads the corpus depends on.

    The synthetic corpus is one output, a folder; of a user's own, the lists are watched too.
    """
    folder = corpus_folder(config)
    if config.corpus.source == "synthetic":
        return [folder]
    return [folder / "audio", *(list_path(folder, split) for split in SPLITS)]


def run_settings(config: Config) -> Callable[[Any], str]:
    """Return the function that gives, for a rule's wildcards, the run's settings as JSON."""
    grid = set(config.runs())

    def settings(wildcards: Any) -> str:
        run = Run(
            wildcards.delays,
            wildcards.structure,
            wildcards.dale,
            wildcards.sparsity,
            int(wildcards.seed),
        )
        if run not in grid:
            raise WorkflowError(f"The grid of '{config.name}' holds no run {run.folder}.")
        return config.resolve(run).model_dump_json()

    return settings


def run_files(runs: Iterable[Run], names: Iterable[str]) -> list[str]:
    """Return files of run folders, as the rules name them."""
    names = list(names)
    return [f"results/runs/{run.folder}/{name}" for run in runs for name in names]

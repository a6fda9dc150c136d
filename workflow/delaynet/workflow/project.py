"""This project, for its records and audits."""

import json
from functools import partial
from pathlib import Path

from delaynet.config.errors import UserError
from delaynet.provenance import code as modules
from delaynet.provenance import record
from delaynet.provenance.project import Project


def is_same_configuration(file: Path, resolved: Path) -> bool:
    """Return whether a YAML file, with defaults, gives the settings of `results/config.json`."""
    # imported here, as jobs that write records do not need it
    from delaynet.config.grid import load_config
    from delaynet.workflow.defaults import with_defaults_of_source

    try:
        content = json.loads(resolved.read_text(encoding="utf-8"))
        config = with_defaults_of_source(load_config(file))
        return bool(config.model_dump(mode="json") == content)
    except (UserError, OSError, ValueError):
        return False


def _title(results: Path) -> str:
    content = json.loads((results / "config.json").read_text(encoding="utf-8"))
    return f"Results of the configuration '{content['name']}'"


PROJECT = Project(
    package="delaynet",
    workflow=Path(__file__).resolve().parents[2],
    # Settings are no code: a job gets their resolved values as a parameter of its rule or in
    # `results/config.json`, and the grid's as paths. So changed fields, descriptions, choices and
    # checks rerun nothing, while a changed setting or default does. What is computed from settings
    # lies beside what uses it, as `delaynet.model.dale` does.
    not_code=(
        *("delaynet", "delaynet.__main__", "delaynet.cli"),  # they dispatch to the commands
        "delaynet.provenance*",
        *("delaynet.config", "delaynet.config.errors", "delaynet.config.files"),
        *("delaynet.config.grid", "delaynet.config.schema", "delaynet.config.settings"),
        "delaynet.training.slots",  # which of some GPUs it is
        *("delaynet.workflow", "delaynet.workflow.project"),
    ),
    fetching=("corpus fetch",),
    command_groups=("cluster", "corpus", "results"),
    # what can change a result, or the page that prints it
    versioned=("Snakefile", "workflow", "manuscript", "config", "envs"),
    places=("results", "resources"),
    by_products=(
        *("README.md", "report.html", "checkpoints", "tensorboard"),
        *("benchmark", "published"),  # studies of `make`
    ),
    manuscript="manuscript",
    printed=("paper.pdf", "paper.html"),
    is_same_configuration=is_same_configuration,
    published=(
        *("LICENSE", "CITATION.cff", "README.md", "Snakefile", "workflow/Snakefile"),
        *("workflow/**/*.smk", "workflow/**/*.py", "workflow/**/*.json", "workflow/**/*.rst"),
        *("workflow/**/*.yaml", "config/*", "envs/*", "manuscript/*"),
    ),
    title=_title,
    description=(
        "Figures, tables and manuscript of a recomputation of Mészáros, Knight and Nowotny (2024, "
        "https://doi.org/10.3389/fncom.2024.1460309), with the record of every job that made them. "
        "Recordings, features and networks are named by their hash and not included."
    ),
)

code = partial(modules.code, PROJECT)
recorded = partial(record.recorded, PROJECT)

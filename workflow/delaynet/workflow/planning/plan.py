"""The plan: the jobs that Snakemake would run, their reasons, and the hours of trainings."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

from delaynet.config.errors import UserError
from delaynet.config.grid import Config, Run
from delaynet.provenance.states import named
from delaynet.workflow.estimate import Estimate, estimate, is_done
from delaynet.workflow.gpus import visible_gpus
from delaynet.workflow.naming import run_of
from delaynet.workflow.project import PROJECT

RESULTS = Path("results")
# rules that run again, whether or not anything has changed
REPLOTTED = ("figure", "paper")
# rules whose results have to exist, with words for their jobs
COSTLY = {
    "fetch": "fetch the archive",
    "corpus": "make the corpus",
    "check": "check the corpus",
    "features": "make the features",
    "train": "train {jobs:,} networks",
}
# left out where a job has another reason
AFTER_OTHERS = "input files updated by another job"
# parameters of rules: a module or rule with its digest, or a setting in JSON
PARTS = re.compile(
    r"""(?:([\w/]+\.py)|(\w+))[ ]([0-9a-f]{16})\b | "(\w+)":(\[[^\]]*\]|[^,{}]+)""", re.VERBOSE
)


class Step(NamedTuple):
    """Jobs of one rule that would run for the same reason."""

    rule: str
    reason: str
    jobs: int


class Variant(NamedTuple):
    """Runs of one variant under one condition.

    Attributes:
        variant: `<delays>-<structure>-<free|dale>`.
        done: runs that are finished and stay.
        to_run: runs that would be trained.
        hours: of these; None while that is unknown.
    """

    condition: str
    variant: str
    done: int
    to_run: int
    hours: float | None


class Plan(NamedTuple):
    """The jobs that would run.

    Attributes:
        trainings: in its grid.
        steps: in the order in which data flows.
        variants: in the order of the grid.
        on_gpus: whether these request GPUs.
        cores: used at once; None on a cluster.
        gpus: of this machine, over which trainings are spread.
        at_once: trainings at a time, on all of these.
    """

    name: str
    trainings: int
    steps: Sequence[Step]
    variants: Sequence[Variant]
    estimate: Estimate
    on_gpus: bool
    cores: int | None = None
    gpus: int = 0
    at_once: int = 0

    @property
    def to_run(self) -> int:
        """Trainings that would run."""
        return sum(variant.to_run for variant in self.variants)

    @property
    def done(self) -> int:
        """Trainings that are finished and stay."""
        return sum(variant.done for variant in self.variants)


def plan_of(workflow: Any) -> Plan:
    """Return the plan of a workflow of Snakemake whose graph of jobs is whole."""
    config = _config_of(workflow)
    jobs = [
        job
        for level in workflow.dag.toposorted()
        for job in level
        if workflow.dag.needrun(job) and not job.rule.norun
    ]
    trainings = [job for job in jobs if rule_of(job) == "train"]
    to_run = [run_of(job.wildcards) for job in trainings]
    cores = workflow.resource_settings.cores
    is_shared = cores is not None and "gpuslot" in workflow.global_resources
    gpus = len(visible_gpus()) if is_shared else 0
    on_gpus = bool(trainings) and (gpus > 0 or _requests_gpu(trainings[0]))
    expected = estimate(config, to_run, RESULTS, on_gpus or None)
    steps = Counter((rule_of(job), in_words(workflow.dag.reason(job))) for job in jobs)
    return Plan(
        config.name,
        len(list(config.runs())),
        [Step(rule, reason, count) for (rule, reason), count in steps.items()],
        _variants(config, set(to_run), expected),
        expected,
        on_gpus,
        cores,
        gpus,
        workflow.global_resources["gpuslot"].value if gpus else 0,
    )


def refuse_costly(plan: Plan) -> None:
    """Refuse a plan that would train, or make the corpus or the features.

    Raises:
        UserError: names what would be made, and why.
    """
    costly = [
        f"{COSTLY[step.rule].format(jobs=step.jobs)} ({step.reason})"
        for step in plan.steps
        if step.rule in COSTLY
    ]
    if costly:
        raise UserError(
            f"nothing is drawn, as that would {', '.join(costly)}; `make paper` does so, and "
            "`delaynet results restore` brings results that were packed."
        )


def in_words(reason: Any) -> str:
    """Return why Snakemake would run a job, in Snakemake's words.

    Newer inputs are named, and the modules, rule and settings that have changed. Snakemake itself
    would print all old and all new parameters: for a training, some forty modules with digests.
    """
    names = list(reason.get_names())
    words = "; ".join([name for name in names if name != AFTER_OTHERS] or names)
    before, now = map(_parts, (reason.params_changed.only_old, reason.params_changed.only_new))
    changed = {name for name, _ in before ^ now} | reason.updated_input - reason.updated_input_run
    return f"{words}: {named(sorted(changed))}" if changed else words


def _parts(parameters: Iterable[object]) -> set[tuple[str, str]]:
    """Return the modules, the rule and the settings in a job's parameters, with their values."""
    found = [part for text in parameters for part in PARTS.findall(str(text))]
    return {
        (module or key or f"rule {rule}", digest or value)
        for module, rule, digest, key, value in found
    }


def rule_of(job: Any) -> str:
    """Return the name of a job's rule, without the prefix that a module adds (`as other_*`)."""
    name: str = job.rule.name
    return (
        name.rpartition("_")[2]
        if Path(job.rule.snakefile).is_relative_to(PROJECT.workflow)
        else name
    )


def _config_of(workflow: Any) -> Config:
    modules = [vars(value) for value in workflow.globals.values() if isinstance(value, ModuleType)]
    found = (names.get("CONFIG") for names in (workflow.globals, *modules))
    return next(config for config in found if isinstance(config, Config))


def _variants(config: Config, to_run: set[Run], expected: Estimate) -> list[Variant]:
    groups: dict[tuple[str, str], list[Run]] = {}
    for run in config.runs():
        groups.setdefault((run.condition, run.variant), []).append(run)
    variants = []
    for (condition, variant), runs in groups.items():
        waiting = [run for run in runs if run in to_run]
        done = sum(run not in to_run and is_done(run, RESULTS) for run in runs)
        hours_of = expected.hours
        hours = None if hours_of is None else sum(hours_of[run] for run in waiting)
        variants.append(Variant(condition, variant, done, len(waiting), hours))
    return variants


def _requests_gpu(job: Any) -> bool:
    asked = job.resources.get("gres", ""), job.resources.get("slurm_extra", "")
    return "gpu" in str(asked[0]) or " -G " in str(asked[1])

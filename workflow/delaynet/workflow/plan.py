"""The plan: the jobs that Snakemake would run, their reasons, and the hours of trainings.

It is printed before a run, after a dry run, and by `delaynet plan`.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

from delaynet.config.errors import UserError
from delaynet.config.grid import STANDARD, Config, Run
from delaynet.provenance.states import named
from delaynet.workflow.estimate import Estimate, duration, estimate, is_done
from delaynet.workflow.gpus import visible_gpus
from delaynet.workflow.naming import run_of
from delaynet.workflow.project import PROJECT

RESULTS = Path("results")
# rules that `make replot` runs in any case
REPLOTTED = ("figure", "paper")
# rules that it refuses to run, with words for their jobs
COSTLY = {
    "fetch": "fetch the archive",
    "corpus": "make the corpus",
    "check": "check the corpus",
    "features": "make the features",
    "train": "train {jobs:,} networks",
}
# a reason that is left out if a job has another one
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
        done: number of runs that are finished and stay.
        to_run: number of runs that would be trained.
        hours: that these would take; None if unknown.
    """

    condition: str
    variant: str
    done: int
    to_run: int
    hours: float | None


class Plan(NamedTuple):
    """The jobs that would run.

    Attributes:
        name: of the configuration.
        trainings: number of runs in the grid.
        steps: in the order in which data flows.
        variants: in the order of the grid.
        on_gpus: whether trainings request GPUs.
        cores: used at a time; None on a cluster.
        gpus: number of GPUs of this machine that trainings share.
        at_once: trainings at a time on these GPUs together.
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
    """Raise a UserError if a plan would train, or make the corpus or the features."""
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
    groups: dict[tuple[str, str], list[Run]] = defaultdict(list)
    for run in config.runs():
        groups[run.condition, run.variant].append(run)
    variants = []
    for (condition, variant), runs in groups.items():
        waiting = [run for run in runs if run in to_run]
        done = sum(run not in to_run and is_done(run, RESULTS) for run in runs)
        hours = None
        if expected.hours is not None:
            hours = sum(expected.hours[run] for run in waiting)
        variants.append(Variant(condition, variant, done, len(waiting), hours))
    return variants


def _requests_gpu(job: Any) -> bool:
    asked = job.resources.get("gres", ""), job.resources.get("slurm_extra", "")
    return "gpu" in str(asked[0]) or " -G " in str(asked[1])


def lines_of(plan: Plan) -> Iterator[str]:
    """Yield the lines: jobs with their reasons, trainings by variant, their hours."""
    if not plan.steps:
        yield f"Plan of '{plan.name}': nothing to run; {summary(plan)}"
        return
    yield f"Plan of '{plan.name}':"
    yield ""
    width = max(len(step.rule) for step in plan.steps)
    yield f"    {'to run':>6}  {'rule':{width}}  why"
    for step in plan.steps:
        yield f"    {step.jobs:6,}  {step.rule:{width}}  {step.reason}"
    yield ""
    yield f"    {'done':>6}  {'to run':>6}  {'hours':>8}  variant"
    for group in plan.variants:
        hours = "?" if group.hours is None else f"{group.hours:,.2f}"
        under = "" if group.condition == STANDARD else f", {group.condition}"
        yield f"    {group.done:6,}  {group.to_run:6,}  {hours:>8}  {group.variant}{under}"
    yield ""
    yield summary(plan)
    if not_needed := plan.trainings - plan.done - plan.to_run:
        yield f"{not_needed:,} trainings of the grid are not needed for these targets."


def summary(plan: Plan) -> str:
    """Return the number of trainings, of those done and to run, and how long these take."""
    state = f"{plan.trainings:,} trainings, {plan.done:,} done and {plan.to_run:,} to run"
    if not plan.to_run:
        return f"{state}."
    spread = f"; {plan.at_once} at a time, on {plan.gpus} GPUs of this machine" if plan.gpus else ""
    return f"{state}; {_hours(plan)}{spread}."


def _hours(plan: Plan) -> str:
    """Return how many hours the trainings take, on which device, by which estimate."""
    expected = plan.estimate
    if expected.total is None:
        return "how long they take is known once the features are made"
    time = duration(expected.total)
    if expected.gpu is not None:
        return f"about {time} of one GPU ({expected.source})"
    if plan.on_gpus:
        return (
            f"at most about {time} of one GPU, if it is no slower than a core of a CPU "
            f"({expected.source}; no training was recorded on a GPU here)"
        )
    cores = plan.cores or 1
    at_once = f", {duration(expected.total / cores)} on {cores}" if cores > 1 else ""
    return f"about {time} of one core{at_once} ({expected.source})"

"""The plan: the jobs that Snakemake would run, their reasons, and the hours of trainings.

It is printed before a run, after a dry run, and by `delaynet plan`.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
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
# states of a run
DONE, TO_RUN, NOT_NEEDED = "done", "to run", "not needed"
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


class Plan(NamedTuple):
    """The jobs that would run.

    Attributes:
        name: of the configuration.
        jobs: their number by rule and reason, in the order in which data flows.
        state: of each run in the grid, `DONE`, `TO_RUN` or `NOT_NEEDED` for these targets.
        estimate: of the runs that would be trained.
        on_gpus: whether trainings request GPUs.
        cores: used at a time; None on a cluster.
        gpus: number of GPUs of this machine that trainings share.
        at_once: trainings at a time on these GPUs together.
    """

    name: str
    jobs: Mapping[tuple[str, str], int]
    state: Mapping[Run, str]
    estimate: Estimate
    on_gpus: bool
    cores: int | None
    gpus: int
    at_once: int


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
    state = {run: DONE if is_done(run, RESULTS) else NOT_NEEDED for run in config.runs()}
    return Plan(
        config.name,
        Counter((rule_of(job), in_words(workflow.dag.reason(job))) for job in jobs),
        state | dict.fromkeys(to_run, TO_RUN),
        expected,
        on_gpus,
        cores,
        gpus,
        workflow.global_resources["gpuslot"].value if gpus else 0,
    )


def refuse_costly(plan: Plan) -> None:
    """Raise a UserError if a plan would train, or make the corpus or the features."""
    costly = [
        f"{COSTLY[rule].format(jobs=jobs)} ({reason})"
        for (rule, reason), jobs in plan.jobs.items()
        if rule in COSTLY
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


def _requests_gpu(job: Any) -> bool:
    asked = job.resources.get("gres", ""), job.resources.get("slurm_extra", "")
    return "gpu" in str(asked[0]) or " -G " in str(asked[1])


def lines_of(plan: Plan) -> Iterator[str]:
    """Yield the lines: jobs with their reasons, trainings by variant, their hours."""
    if not plan.jobs:
        yield f"Plan of '{plan.name}': nothing to run; {summary(plan)}"
        return
    yield f"Plan of '{plan.name}':"
    yield ""
    width = max(len(rule) for rule, _ in plan.jobs)
    yield f"    {'to run':>6}  {'rule':{width}}  why"
    for (rule, reason), jobs in plan.jobs.items():
        yield f"    {jobs:6,}  {rule:{width}}  {reason}"
    yield ""
    yield f"    {'done':>6}  {'to run':>6}  {'hours':>8}  variant"
    groups: dict[tuple[str, str], list[Run]] = defaultdict(list)
    for run in plan.state:
        groups[run.condition, run.variant].append(run)
    hours_of = plan.estimate.hours
    for (condition, variant), runs in groups.items():
        count = Counter(plan.state[run] for run in runs)
        hours = "?" if hours_of is None else f"{sum(hours_of.get(run, 0) for run in runs):,.2f}"
        under = "" if condition == STANDARD else f", {condition}"
        yield f"    {count[DONE]:6,}  {count[TO_RUN]:6,}  {hours:>8}  {variant}{under}"
    yield ""
    yield summary(plan)
    if not_needed := Counter(plan.state.values())[NOT_NEEDED]:
        yield f"{not_needed:,} trainings of the grid are not needed for these targets."


def summary(plan: Plan) -> str:
    """Return the number of trainings, of those done and to run, and how long these take."""
    count = Counter(plan.state.values())
    said = f"{len(plan.state):,} trainings, {count[DONE]:,} done and {count[TO_RUN]:,} to run"
    if not count[TO_RUN]:
        return f"{said}."
    spread = f"; {plan.at_once} at a time, on {plan.gpus} GPUs of this machine" if plan.gpus else ""
    return f"{said}; {_hours(plan)}{spread}."


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

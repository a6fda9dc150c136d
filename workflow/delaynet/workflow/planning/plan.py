"""The plan: read off Snakemake's graph of jobs, with the hours that records let expect."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

from delaynet.config.grid import Config, Run
from delaynet.workflow.estimate import Estimate, estimate, is_done
from delaynet.workflow.planning.causes import Causes
from delaynet.workflow.project import PROJECT

RESULTS = Path("results")


class Step(NamedTuple):
    """Jobs of one rule that would run for the same cause."""

    rule: str
    cause: str
    jobs: int


class Variant(NamedTuple):
    """Runs of one variant under one condition.

    Attributes:
        condition: of the grid.
        variant: `<delays>-<structure>-<free|dale>`.
        done: runs that are finished and stay.
        to_run: runs that would be trained.
        hours: that those take; None where it is not known yet.
    """

    condition: str
    variant: str
    done: int
    to_run: int
    hours: float | None


class Plan(NamedTuple):
    """What would run.

    Attributes:
        name: of the configuration.
        trainings: in its grid.
        steps: in the order in which data flows.
        variants: in the order of the grid.
        estimate: for the trainings that would run.
        on_gpus: whether those ask for GPUs.
    """

    name: str
    trainings: int
    steps: Sequence[Step]
    variants: Sequence[Variant]
    estimate: Estimate
    on_gpus: bool

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
    to_run = [_run_of(job) for job in trainings]
    on_gpus = bool(trainings) and _asks_for_gpu(trainings[0])
    expected = estimate(config, to_run, RESULTS, on_gpus or None)
    causes = Causes(workflow.dag)
    steps = Counter((rule_of(job), causes.of(job)) for job in jobs)
    return Plan(
        config.name,
        len(list(config.runs())),
        [Step(rule, cause, count) for (rule, cause), count in steps.items()],
        _variants(config, set(to_run), expected),
        expected,
        on_gpus,
    )


def rule_of(job: Any) -> str:
    """Return the name of a job's rule in this workflow, which may be a module: `.. as other_*`."""
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
        of = expected.hours
        hours = None if of is None else sum(of[run] for run in waiting)
        variants.append(Variant(condition, variant, done, len(waiting), hours))
    return variants


def _run_of(job: Any) -> Run:
    wildcards = dict(job.wildcards.items())
    return Run(**wildcards | {"seed": int(wildcards["seed"])})


def _asks_for_gpu(job: Any) -> bool:
    return "gpu" in str(job.resources.get("gres", "")) or bool(job.resources.get("gpu", 0))

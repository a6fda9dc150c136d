"""The plan in words: printed before a run, after a dry run, and by `delaynet plan`."""

from collections.abc import Iterator

from delaynet.config.grid import STANDARD
from delaynet.workflow.estimate import duration
from delaynet.workflow.planning.plan import Plan


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

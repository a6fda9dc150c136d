"""The plan in words: what a dry run ends with, and `delaynet plan` prints."""

from collections.abc import Iterator

from delaynet.config.grid import STANDARD
from delaynet.workflow.estimate import duration
from delaynet.workflow.planning.plan import Plan


def lines_of(plan: Plan) -> Iterator[str]:
    """Yield the lines: jobs with their causes, trainings by variant, the hours and their source."""
    state = f"{plan.trainings:,} trainings, {plan.done:,} done and {plan.to_run:,} to run"
    if not plan.steps:
        yield f"Plan of '{plan.name}': nothing to run; {state}."
        return
    yield f"Plan of '{plan.name}':"
    yield ""
    width = max(len(step.rule) for step in plan.steps)
    yield f"    {'to run':>6}  {'rule':{width}}  why"
    for step in plan.steps:
        yield f"    {step.jobs:6,}  {step.rule:{width}}  {step.cause}"
    yield ""
    yield f"    {'done':>6}  {'to run':>6}  {'hours':>8}  variant"
    for group in plan.variants:
        hours = "?" if group.hours is None else f"{group.hours:,.2f}"
        under = "" if group.condition == STANDARD else f", {group.condition}"
        yield f"    {group.done:6,}  {group.to_run:6,}  {hours:>8}  {group.variant}{under}"
    yield ""
    yield f"{state}; {hours_in_words(plan)}." if plan.to_run else f"{state}."
    if asleep := plan.trainings - plan.done - plan.to_run:
        yield f"{asleep:,} trainings of the grid are not needed for what is asked for."


def hours_in_words(plan: Plan) -> str:
    """Say how many hours the trainings take, of what device, and how that is known."""
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
    return f"about {time} of one core ({expected.source})"

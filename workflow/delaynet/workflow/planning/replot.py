"""Draw figures and set the manuscript again from existing runs, without training."""

from delaynet.config.errors import UserError
from delaynet.workflow.planning.plan import Plan

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

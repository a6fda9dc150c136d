"""Figures and manuscript made anew from the runs that are here: never by training anything."""

from delaynet.config.errors import UserError
from delaynet.workflow.planning.plan import Plan

# what is drawn and set anew, whether or not anything has changed
REPLOTTED = ("figure", "paper")
# what has to be there already, in words
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

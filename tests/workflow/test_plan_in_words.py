"""Why a job would run, and how long trainings take, in words."""

from collections.abc import Mapping

import pytest
from snakemake.jobs import Reason
from snakemake.persistence import ParamsChange

from delaynet.config.grid import Run
from delaynet.workflow.estimate import Estimate
from delaynet.workflow.plan import DONE, TO_RUN, Plan, in_words, summary

CODE = ["train 0123456789abcdef", "delaynet/model/taps.py 1111111111111111"]
SETTINGS = '{"seed":3,"model":{"hidden":[256,256],"dropout":0.4},"signs":"free"}'


def reason_of(before: list[str], now: list[str]) -> Reason:
    """Return Snakemake's reason for a job whose code or settings have changed."""
    reason = Reason()
    reason.params_changed = ParamsChange({repr(before)}, {repr(now)})
    return reason


def test_a_job_that_was_never_done_has_snakemakes_own_reason() -> None:
    reason = Reason()
    reason.missing_output.add("results/features.h5")
    assert in_words(reason) == "output files have to be generated"


def test_an_input_that_has_changed_is_named_and_one_that_a_job_makes_is_not() -> None:
    reason = Reason()
    reason.updated_input.update({"results/features.h5", "results/config.json"})
    reason.updated_input_run.add("results/config.json")
    assert in_words(reason) == "updated input files: results/features.h5"


def test_a_job_that_follows_others_says_so_where_that_is_its_only_reason() -> None:
    reason = Reason()
    reason.updated_input_run.add("results/config.json")
    assert in_words(reason) == "input files updated by another job"
    reason.missing_output.add("results/power.csv")
    assert in_words(reason) == "output files have to be generated"


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        (["train 0123456789abcdef", "delaynet/model/taps.py 2222222222222222"],
         "delaynet/model/taps.py"),
        (["train fedcba9876543210", CODE[1]], "rule train"),
        ([*CODE, "delaynet/model/new.py 3333333333333333"], "delaynet/model/new.py"),
    ],
    ids=["a module", "the rule", "a new module"],
)  # fmt: skip
def test_code_that_has_changed_is_named(changed: list[str], named: str) -> None:
    assert in_words(reason_of(CODE, changed)) == (
        f"params have changed since last execution: {named}"
    )


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [("256,256", "256,128", "hidden"), ("0.4", "0.5", "dropout"), ('"free"', '"dale"', "signs")],
)
def test_a_setting_that_has_changed_is_named(old: str, new: str, named: str) -> None:
    changed = SETTINGS.replace(old, new)
    assert in_words(reason_of([SETTINGS], [changed])).endswith(f": {named}")


def plan_with(
    hours: Mapping[Run, float] | None,
    to_run: int = 3,
    gpu: str | None = None,
    on_gpus: bool = False,
    cores: int | None = None,
    gpus: tuple[int, int] = (0, 0),
) -> Plan:
    state = {run: TO_RUN if run.seed < to_run else DONE for run in GRID}
    return Plan("some", {}, state, Estimate(hours, 0, gpu), on_gpus, cores, *gpus)


GRID = [Run("fixed", "dense", "free", "0", seed, "standard") for seed in range(4)]
RUNS = dict.fromkeys(GRID[:3], 2.0)


@pytest.mark.parametrize(
    ("plan", "sentence"),
    [
        (plan_with(RUNS), "about 6 hours of one core (by docs/benchmark.md)"),
        (plan_with(RUNS, cores=2), "about 6 hours of one core, 3 hours on 2 (by docs/"),
        (plan_with(RUNS, gpu="NVIDIA A100"), "about 6 hours of one GPU (by docs/benchmark.md)"),
        (plan_with(RUNS, on_gpus=True), "at most about 6 hours of one GPU, if it is no slower"),
        (plan_with(None), "how long they take is known once the features are made"),
    ],
    ids=["one core", "two cores", "a GPU that was measured", "a GPU", "no features yet"],
)
def test_the_summary_says_trainings_hours_and_where_they_are_from(
    plan: Plan, sentence: str
) -> None:
    assert summary(plan).startswith(f"4 trainings, 1 done and 3 to run; {sentence}")


def test_the_summary_says_over_how_many_gpus_trainings_are_spread() -> None:
    plan = plan_with(RUNS, gpu="NVIDIA A100", on_gpus=True, cores=16, gpus=(2, 8))
    assert summary(plan).endswith("(by docs/benchmark.md); 8 at a time, on 2 GPUs of this machine.")


def test_where_nothing_is_to_be_trained_no_hours_are_said() -> None:
    assert summary(plan_with({}, to_run=0)) == "4 trainings, 4 done and 0 to run."

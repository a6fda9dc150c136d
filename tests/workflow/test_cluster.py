"""What is said of jobs that `sbatch` refuses; tests/slurm has a Slurm that does."""

from pathlib import Path

import pytest

from delaynet.workflow.cluster import print_refusals

REFUSED = (
    "SLURM sbatch failed. The error message was "
    "'sbatch: error: Batch job submission failed: {}'.\n    sbatch call:\n        sbatch -t 450\n"
)


@pytest.mark.parametrize(
    ("refusal", "setting"),
    [
        ("Requested time limit is invalid (missing or exceeds some limit)", "DELAYNET_PACK"),
        ("Invalid account or account/partition combination specified", "DELAYNET_ACCOUNT"),
        ("Invalid partition name specified", "DELAYNET_PARTITION"),
        ("Invalid qos specification", "DELAYNET_QOS"),
        ("Invalid generic resource (gres) specification", "DELAYNET_GPU"),
        ("Requested node configuration is not available", "DELAYNET_GPU"),
        ("Memory specification can not be satisfied", "DELAYNET_AT_ONCE"),
        ("CPU count per node can not be satisfied", "DELAYNET_AT_ONCE"),
        ("Name your account\nsbatch: error: Unspecified error", "DELAYNET_ACCOUNT"),
        ("Unspecified error", "value in workflow/profiles/slurm/config.yaml"),
    ],
)
def test_a_refusal_is_named_once_with_the_setting_that_helps(
    refusal: str, setting: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "log").write_text(2 * REFUSED.format(refusal))
    print_refusals([tmp_path / "log"])
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    in_one_line = refusal.replace("\nsbatch: error:", "")
    assert f"{in_one_line}. What helps is another {setting}" in said


def test_a_run_that_failed_otherwise_gets_no_such_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "log").write_text("Error in rule train")
    print_refusals([tmp_path / "log"])
    assert capsys.readouterr().err == ""

"""No paper is made of networks some of which were trained on CPUs and some on GPUs."""

from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from example_results import TINY_GRID, config_of, write_results

from delaynet.cli import main
from delaynet.provenance.record import record_path
from delaynet.training.run_folder import read_summary, write_json

A100 = {"name": "NVIDIA A100", "driver": None}
H200 = {"name": "NVIDIA H200", "driver": None}
RESULTS = Path("results")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def tables_of(*gpus: object, parts: list[str] | None = None) -> Result:
    """Make the tables of four runs on GPUs or (None) CPUs, the first of them perhaps in parts."""
    config = config_of(TINY_GRID, 2)
    write_results(RESULTS, config)
    folders = [RESULTS / "runs" / run.folder for run in config.runs()]
    for folder, gpu in zip(folders, gpus, strict=True):
        write_json(record_path(folder / "settings.json"), {"gpu": gpu})
    if parts is not None:
        summary = read_summary(folders[0]) | {"trained_in_parts_on": parts}
        write_json(folders[0] / "summary.json", summary)
    tables = ("accuracy", "contrasts", "hyperparameters")
    outputs = [f"--{name}={RESULTS / name}.csv" for name in tables]
    inputs = [f"--config={RESULTS / 'config.json'}", f"--runs={RESULTS / 'runs'}"]
    return CliRunner().invoke(main, ["tables", *inputs, *outputs])


@pytest.mark.parametrize("gpus", [[None] * 4, [A100, A100, A100, H200]], ids=["CPUs", "GPUs"])
def test_one_kind_of_device_gives_the_tables(gpus: list[object]) -> None:
    assert tables_of(*gpus).exit_code == 0
    assert (RESULTS / "accuracy.csv").exists()


def test_a_grid_on_two_kinds_is_refused_and_the_fewer_runs_are_named() -> None:
    refused = tables_of(A100, A100, None, A100)
    assert refused.exit_code == 2
    assert "(trainings on a CPU: 1, on a GPU: 3)" in refused.stderr
    assert refused.stderr.endswith("fixed-deep_r_rigl-dale/sparsity-0.9375/seed-0.\n")
    assert not (RESULTS / "accuracy.csv").exists()


def test_a_run_that_went_on_on_the_other_kind_is_refused() -> None:
    parts = ["CPU (some, threads: 1)", "GPU (NVIDIA A100)"]
    refused = tables_of(A100, A100, A100, A100, parts=parts)
    assert "(trainings on a CPU: 1, on a GPU: 4)" in refused.stderr
    assert refused.stderr.endswith("learned-dense-free/sparsity-0/seed-0.\n")

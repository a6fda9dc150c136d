"""Records serve a workflow that counts words, and is no network's; its audit, test_tampering."""

from pathlib import Path

import pytest
from words_project import audit, snakemake

pytestmark = pytest.mark.slow


def test_the_rules_names_stand_in_the_records(counted: Path) -> None:
    rules = {path: record["rule"] for path, record in audit(counted).records.items()}
    assert rules == {
        "results/config.json": "config",
        "results/chapters": "chapters",
        **{f"results/runs/{run}/counts.csv": "count" for run in (1, 2)},
        **{f"results/runs/{run}/summary.json": "count" for run in (1, 2)},
        **{f"results/figures/longest.{suffix}": "figure" for suffix in ("svg", "png")},
        **{f"results/figures/shortest.{suffix}": "figure" for suffix in ("svg", "png")},
        "results/seal.json": "seal",
        "results/paper.pdf": "paper",
        "results/page.html": "page",
    }


def test_nothing_is_to_be_done_afterwards(counted: Path) -> None:
    assert "Nothing to be done" in snakemake(counted, "--dry-run").stdout

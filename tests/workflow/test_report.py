"""What a reader of Snakemake's report, or of the page, can see of the audit."""

import json
from pathlib import Path

import pytest

from delaynet.paper.figures.selection import FIGURES

pytestmark = pytest.mark.slow


def test_the_report_shows_record_and_audit_of_each_figure(finished: Path) -> None:
    report = (finished / "results" / "report.html").read_text()
    for figure in FIGURES:
        file = finished / "results" / "records" / "figures" / f"{figure}.svg.json"
        assert f'"record": "{json.loads(file.read_text())["id"]}"' in report, figure
    assert report.count('"audit": "intact"') == len(FIGURES)
    assert "Test accuracy against sparsity, by structure" in report  # a caption


def test_the_page_of_the_paper_is_made_and_finds_all_intact(finished: Path) -> None:
    page = (finished / "results" / "paper.html").read_text()
    assert '<a class="number" href="#chain-results-tables-accuracy.csv"' in page
    assert "not intact" not in page

"""What the README says in numbers is what the project says elsewhere."""

import re
from pathlib import Path

from delaynet.config.grid import load_config

PROJECT = Path(__file__).parents[1]
README = " ".join((PROJECT / "README.md").read_text().split())


def test_the_trainings_of_the_full_grid_are_counted() -> None:
    runs = len(list(load_config(PROJECT / "config" / "paper.yaml").runs()))
    assert f"{runs:,} trainings" in README
    page = (PROJECT / "docs" / "cluster.md").read_text()
    assert f"{runs:,} trainings are {runs // 10} entries" in page


def test_the_speed_of_a_step_is_what_the_benchmark_measured() -> None:
    page = (PROJECT / "docs" / "benchmark.md").read_text()
    rows = [line.split("|") for line in re.findall(r"^\| `.+ ms \|.+$", page, re.MULTILINE)]
    steps = [row for row in rows if not row[1].strip(" `").startswith(("epoch", "evaluation"))]
    peers = [
        name.strip() for name in re.search(r"^\| work \|.+$", page, re.MULTILINE)[0].split("|")
    ]
    plain, public = (
        [float(row[peers.index(peer) + 1]) for row in steps] for peer in ("plain", "public")
    )
    assert len(steps) > 10
    for ratios in (plain, public):
        assert f"{min(ratios):.0f} to {max(ratios):.0f} times faster than" in README

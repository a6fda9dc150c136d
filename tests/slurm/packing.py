"""What packing saves: forty trainings by tens, and one each. docs/cluster.md has the table.

`.venv/bin/python tests/slurm/packing.py`, as root, on a throw-away Debian machine that does nothing
else; it takes a quarter of an hour or more. Two queue entries run at a time, on two cores, and each
trains one network at a time.
"""

import json
import tempfile
from datetime import datetime
from pathlib import Path

from slurm_cluster import Cluster, running
from slurm_project import SLOW, Project

TRAININGS = 40
FORTY = SLOW.replace("seeds: 1", f"seeds: {TRAININGS}")


def seconds_on_nodes(cluster: Cluster, project: Project) -> tuple[int, float]:
    """Return the number of queue entries, and the seconds that they ran, summed."""
    entries = [cluster.jobs()[job] for job in cluster.trainings(project.folder, "COMPLETED")]
    began, ended = (
        sum(datetime.fromisoformat(entry[field]).timestamp() for entry in entries)
        for field in ("StartTime", "EndTime")
    )
    return len(entries), ended - began


def measure(cluster: Cluster, project: Project, pack: int) -> str:
    """Train all, and return a row of the table."""
    with project.training("--jobs", "2", pack=pack, at_once=1) as snakemake:
        snakemake.code(3600)
        snakemake.succeeds()
    entries, ran = seconds_on_nodes(cluster, project)
    assert entries == TRAININGS / pack, "Slurm has forgotten entries, or tried some again"
    records = list(project.folder.glob("results/records/runs/**/*.json"))
    assert len(records) == TRAININGS
    trained = sum(json.loads(path.read_text())["seconds"] for path in records)
    around = (ran - trained) / TRAININGS
    return f"| {pack} | {entries} | {trained / TRAININGS:.1f} | {around:.1f} | {10 * around:.0f} |"


def main() -> None:
    """Measure, and print the table."""
    print("| trainings an entry | queue entries | s a training | s around it | a tenth from s |")
    print("| --- | --- | --- | --- | --- |", flush=True)
    with tempfile.TemporaryDirectory(prefix="delaynet-slurm-") as name:
        folder = Path(name)
        prepared = Project.made_once(folder / "prepared", FORTY, "results/features.h5")
        with running() as cluster:
            for pack in (10, 1):
                project = prepared.copy_untrained(folder / f"by-{pack}")
                print(measure(cluster, project, pack), flush=True)


if __name__ == "__main__":
    main()

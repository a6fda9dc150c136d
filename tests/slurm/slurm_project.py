"""A project whose features are there and whose trainings go to the cluster."""

import csv
import io
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from slurm_cluster import PATIENCE, Cluster, locked, wait_until

sys.path.insert(0, str(Path(__file__).parents[1] / "workflow"))
from project_copy import TINY, copy_made, copy_project, of_a_user

# one training of some ten seconds, with time for a fault, and a checkpoint every second
SLOW = """
name: slow
corpus: {source: synthetic, trials: 1}
model: {hidden: [12]}
training: {epochs: 40, batch_size: 8, l1: 0.0001}
execution: {checkpoint_seconds: 1}
grid:
  - {delays: [learned], structure: [dense]}
seeds: 1
"""


class Project:
    """A clone with a small grid, in which `snakemake --profile slurm` is run."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @classmethod
    def with_configuration(cls, folder: Path, configuration: str) -> "Project":
        """Copy what git would clone, with the configuration in place of the paper's."""
        folder.mkdir(parents=True)
        copy_project(folder)
        (folder / "config" / "paper.yaml").write_text(configuration)
        return cls(folder)

    @classmethod
    def made_once(cls, folder: Path, configuration: str, *targets: str) -> "Project":
        """Make a project without a cluster; who asks for it again gets the same."""
        with locked(folder.with_suffix(".lock")):
            if not folder.exists():
                project = cls.with_configuration(folder, configuration)
                local = ("--cores", "2", "--configfile", "config/paper.yaml")
                project.snakemake(*targets, *local).succeeds()
        return cls(folder)

    def copy_untrained(self, folder: Path) -> "Project":
        """Copy the project as it was before it trained; what it has compiled is kept."""
        of_trainings = ("runs", "logs", "benchmarks", "snakemake.txt")
        return Project(copy_made(self.folder, folder, *of_trainings))

    def replace(self, name: str, old: str, new: str) -> None:
        """Replace a text in a file."""
        path = self.folder / name
        assert old in path.read_text()
        path.write_text(path.read_text().replace(old, new))

    def snakemake(self, *arguments: str, within: Sequence[str] = (), **variables: str) -> "Running":
        """Start Snakemake from the root, as its user would, or within a command that runs it."""
        environment = of_a_user() | {"OMP_NUM_THREADS": "1"} | variables
        environment["PATH"] = f"{self.folder}/.venv/bin:{environment['PATH']}"
        output = self.folder / "snakemake.txt"
        with output.open("a") as file:
            process = subprocess.Popen(
                # it does not outlive the tests, whatever ends them
                ["setpriv", "--pdeathsig", "KILL", *within, "snakemake", *arguments],
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
                env=environment,
                start_new_session=True,
            )
        return Running(process, output)

    @contextmanager
    def training(
        self,
        *arguments: str,
        pack: int = 1,
        at_once: int = 4,
        partition: str = "gpu",
        within: Sequence[str] = (),
    ) -> Iterator["Running"]:
        """Train all runs on the cluster, and ask for news often, as trainings are short."""
        running = self.snakemake(
            *("--profile", "slurm", "--slurm-init-seconds-before-status-checks", "3"),
            *("--until", "train", *arguments),
            within=within,
            DELAYNET_PACK=str(pack),
            DELAYNET_AT_ONCE=str(at_once),
            DELAYNET_PARTITION=partition,
        )
        try:
            yield running
        finally:
            running.signal(signal.SIGKILL)

    def wait_for_checkpoint(self, cluster: Cluster) -> str:
        """Wait until the training is well under way; return the id of its job."""
        checkpoints = "results/checkpoints/**/checkpoint.pt"
        wait_until(lambda: [*self.folder.glob(checkpoints)], "a checkpoint is written")
        [job] = cluster.trainings(self.folder, "RUNNING")
        return job

    def trained(self) -> dict[str, bytes]:
        """Return what the trainings have left, without the seconds that they took."""
        root = self.folder / "results" / "runs"
        files = sorted(path for path in root.rglob("*") if path.is_file())
        names = {path: str(path.relative_to(root)) for path in files}
        return {names[path]: _timeless(path) for path in files if not path.name.startswith(".")}

    def unfinished(self) -> list[Path]:
        """Return files that a writer has left half-written."""
        return list((self.folder / "results").rglob("runs/**/.*.[0-9]*"))

    def output(self) -> str:
        """Return what Snakemake has shown."""
        return (self.folder / "snakemake.txt").read_text()

    def logs(self) -> str:
        """Return the logs of all jobs that ran on the cluster."""
        logs = sorted((self.folder / "logs" / "slurm").rglob("*.log"))
        return "\n".join(log.read_text(errors="replace") for log in logs)


class Running:
    """A Snakemake at work."""

    def __init__(self, process: subprocess.Popen[bytes], output: Path) -> None:
        self.process = process
        self.output = output

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to Snakemake alone."""
        if self.process.poll() is None:
            self.process.send_signal(number)
            if number == signal.SIGKILL:
                self.process.wait()

    def code(self, seconds: float = PATIENCE) -> int:
        """Wait for its end; return the exit code."""
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            raise AssertionError(self.output.read_text()[-3000:]) from None

    def succeeds(self) -> None:
        """Wait for its end, which is to be a good one."""
        assert self.code() == 0, self.output.read_text()[-3000:]


def _timeless(path: Path) -> bytes:
    """Return a file's bytes; of a table, without the column `seconds`."""
    if path.suffix != ".csv":
        return path.read_bytes()
    rows: list[Mapping[str, str]] = list(
        csv.DictReader(io.StringIO(path.read_text(encoding="utf-8")))
    )
    return repr([{k: v for k, v in row.items() if k != "seconds"} for row in rows]).encode()


__all__ = ["SLOW", "TINY", "Project"]

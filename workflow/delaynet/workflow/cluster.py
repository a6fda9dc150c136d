"""Slurm's queue: jobs that a killed Snakemake has left there, and jobs that `sbatch` refuses.

The first, orphans, keep running, and a new Snakemake does not know them: it would submit the same
work again, and two jobs would write the same files.
"""

import getpass
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterable
from pathlib import Path

import click

from delaynet.config.errors import UserError

# `slurm-jobname-prefix` in the profile, and the plugin's UUID of a run; a job in which a user runs
# Snakemake may be named delaynet, too
NAME = re.compile(r"delaynet_[0-9a-f-]{36}")
# longer than Slurm's default waits before it kills a process or reports it as unkillable
SECONDS_TO_END = 180
# words of a refusal by `sbatch`, and the variables that set what it refuses
SETTINGS = {
    "time limit": "DELAYNET_PACK (a job asks for 45 minutes per DELAYNET_AT_ONCE trainings)",
    r"account\b": "DELAYNET_ACCOUNT",
    "partition": "DELAYNET_PARTITION",
    "qos": "DELAYNET_QOS",
    "gres|tres|node configuration": "DELAYNET_GPU or DELAYNET_GPU_TYPE",
    # each training asks for a core and memory
    "memory|cpu|node configuration": "DELAYNET_AT_ONCE",
}


def orphans(folder: Path) -> list[str]:
    """Return the Slurm ids of this user's jobs that were submitted from a folder, the clone's root.

    Raises:
        UserError: Slurm is not here, or does not answer.
    """
    # the folder comes last, as it may contain any character
    lines = _slurm(
        *("squeue", "--noheader", f"--user={getpass.getuser()}", "--format=%j|%i|%Z"),
        "--states=PENDING,RUNNING,SUSPENDED,COMPLETING",
    )
    jobs = [line.split("|", 2) for line in lines.splitlines()]
    return [
        job
        for name, job, submitted_from in jobs
        if NAME.fullmatch(name) and Path(submitted_from) == folder
    ]


def cancel(jobs: list[str], folder: Path, seconds: float = SECONDS_TO_END) -> None:
    """Cancel orphans of a folder, and wait until they are gone: they may write until then.

    Raises:
        UserError: Slurm does not answer, or jobs do not end.
    """
    _slurm("scancel", *jobs)
    end = time.monotonic() + seconds
    while left := sorted(set(jobs) & set(orphans(folder))):
        if time.monotonic() > end:
            raise UserError(
                f"these jobs were cancelled and have not ended after {seconds:g} seconds: "
                f"{' '.join(left)}; their nodes do not end them. Start nothing here until "
                "`squeue` no longer lists them, or ask those who run the cluster."
            )
        time.sleep(1)


def refuse_or_cancel_orphans(folder: Path) -> None:
    """Cancel orphans if the user agrees; otherwise raise a UserError.

    They must be gone before anything is submitted. Without a terminal, nobody is asked.
    """
    # a plan for a cluster may be made on another machine
    jobs = orphans(folder) if shutil.which("squeue") else []
    if not jobs:
        return
    sentence = f"{len(jobs)} jobs of an earlier Snakemake are still in the queue ({' '.join(jobs)})"
    if not (sys.stdin.isatty() and click.confirm(f"{sentence}. Cancel them?", err=True)):
        raise UserError(f"{sentence}; wait for them, or cancel them: delaynet cluster cancel.")
    cancel(jobs, folder)


def print_refusals(logs: Iterable[str | Path]) -> None:
    """Say which setting helps where `sbatch` has refused jobs."""
    text = "\n".join(Path(log).read_text(encoding="utf-8", errors="replace") for log in logs)
    for lines in dict.fromkeys(re.findall(r"sbatch failed\. [^']+'(.+?)'\.\n", text, re.S)):
        refusal = " ".join(lines.replace("sbatch: error: ", "").split())
        helps = [name for words, name in SETTINGS.items() if re.search(words, refusal.lower())]
        print(
            f"sbatch refused jobs: {refusal}. What helps is another "
            f"{', '.join(helps) or 'value in workflow/profiles/slurm/config.yaml'}; "
            "see docs/cluster.md.",
            file=sys.stderr,
        )


def _slurm(*command: str) -> str:
    if shutil.which(command[0]) is None:
        raise UserError(
            f"there is no `{command[0]}` here; run this on the cluster, where Slurm's commands are."
        )
    result = subprocess.run(command, capture_output=True, encoding="utf-8", check=False)
    if result.returncode != 0:
        reason = [*result.stderr.strip().splitlines(), f"exit code {result.returncode}"][0]
        raise UserError(f"`{command[0]}` failed ({reason}); try again when `sinfo` answers.")
    return result.stdout

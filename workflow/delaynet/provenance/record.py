"""One record for every job: what it read, what it wrote, with which code, where.

A record is a JSON file below `results/records/`, named after the job's first output. Files stand in
it with their SHA-256, folders with the digest of the list of their files. Fields:

    command, started, seconds      the command line; UTC; wall clock
    inputs, outputs                {path: {"sha256": .., "bytes": ..}}, paths relative to the
                                   directory that the job ran in
    commit, uncommitted            git commit; digest of what differed from it, or null
    modules                        {file: sha256} of the project's modules that were loaded
    packages, python, platform     versions of the loaded packages; interpreter; machine
    host, slurm_job, slurm_node    host name; Slurm's job id and name of the node, or null
    visible_gpus                   the GPUs that the job was given, as CUDA numbers them, or null
"""

import hashlib
import importlib.metadata
import json
import os
import platform
import shlex
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from delaynet.files import replacing
from delaynet.provenance.code import PACKAGE, ROOT

RECORDS = "records"


def file_digest(path: Path) -> str:
    """Return the SHA-256 of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def fingerprint(path: Path) -> dict[str, Any]:
    """Return `sha256` and `bytes` of a file, or of a folder with all files below it.

    A folder's digest is that of the sorted lines `<sha256>  <path below the folder>`, of all files
    that are not hidden.
    """
    if not path.is_dir():
        return {"sha256": file_digest(path), "bytes": path.stat().st_size}
    # hidden files are not content: Snakemake leaves a time stamp in each folder it made
    files = sorted(file for file in path.rglob("[!.]*") if file.is_file())
    lines = "".join(f"{file_digest(file)}  {file.relative_to(path)}\n" for file in files)
    return {
        "sha256": hashlib.sha256(lines.encode()).hexdigest(),
        "bytes": sum(file.stat().st_size for file in files),
        "files": len(files),
    }


def record_path(output: Path) -> Path:
    """Return where the record of a job stands: `results/records/..` for `results/..`."""
    parts = output.parts
    if "results" not in parts:
        return output.with_name(f"{output.name}.record.json")
    top = parts.index("results") + 1
    return Path(*parts[:top], RECORDS, *parts[top:-1], f"{output.name}.json")


@contextmanager
def recorded(inputs: Sequence[Path], outputs: Sequence[Path]) -> Iterator[None]:
    """Write the record of a job when the block has written its outputs.

    Args:
        inputs: files or folders that the block reads.
        outputs: files or folders that the block writes.
    """
    started, begin = datetime.now(UTC), time.monotonic()
    yield
    record = {
        "command": shlex.join([PACKAGE, *sys.argv[1:]]),
        "started": started.isoformat(timespec="seconds"),
        "seconds": round(time.monotonic() - begin, 3),
        "inputs": {str(path): fingerprint(path) for path in inputs},
        "outputs": {str(path): fingerprint(path) for path in outputs},
        **_version_control(),
        "modules": _loaded_modules(),
        "packages": _loaded_packages(),
        "python": platform.python_version(),
        "platform": platform.platform(),
        "host": platform.node(),
        "slurm_job": os.environ.get("SLURM_JOB_ID"),
        "slurm_node": os.environ.get("SLURMD_NODENAME"),
        "visible_gpus": os.environ.get("CUDA_VISIBLE_DEVICES"),
    }
    with replacing(record_path(outputs[0])) as temporary:
        temporary.write_text(json.dumps(record, indent=2) + "\n")


def _version_control() -> dict[str, str | None]:
    """Return the commit of the project and a digest of what differs from it."""

    def git(*arguments: str) -> str | None:
        command = ["git", "-C", str(ROOT), *arguments]
        try:
            result = subprocess.run(command, capture_output=True, check=True, timeout=60)
        except (OSError, subprocess.SubprocessError):
            return None  # no git here, or not a clone: the modules' digests still say which code
        return result.stdout.decode(errors="replace")

    commit, changes = git("rev-parse", "HEAD"), git("diff", "HEAD")
    return {
        "commit": commit.strip() if commit else None,
        "uncommitted": hashlib.sha256(changes.encode()).hexdigest() if changes else None,
    }


def _loaded_modules() -> dict[str, str]:
    """Return the digest of every module of this package that this process has loaded."""
    files = {
        Path(file)
        for name, module in sys.modules.items()
        if name.split(".")[0] == PACKAGE and (file := getattr(module, "__file__", None))
    }
    return {str(file.relative_to(ROOT)): file_digest(file) for file in sorted(files)}


def _loaded_packages() -> dict[str, str]:
    """Return the version of every installed distribution that this process has loaded."""
    top_level = {name.split(".")[0] for name in sys.modules}
    distributions = {
        distribution
        for name, owners in importlib.metadata.packages_distributions().items()
        if name in top_level
        for distribution in owners
    }
    return {name: importlib.metadata.version(name) for name in sorted(distributions)}

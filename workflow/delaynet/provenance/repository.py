"""The project's git repository: its commit, uncommitted changes, and earlier commits."""

import hashlib
import logging
import os
import subprocess
from collections.abc import Iterable
from functools import cache
from pathlib import Path

from delaynet.provenance.project import Project

log = logging.getLogger(__name__)


# environment variables that select another repository than the folder's own
ELSEWHERE = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_COMMON_DIR")


def _git(root: Path, *arguments: str, given: bytes = b"") -> bytes | None:
    """Return what git prints, or None if it fails: git is missing, or this is no clone."""
    environment = {name: value for name, value in os.environ.items() if name not in ELSEWHERE}
    # no lock on the index: many jobs call git at once
    command = ["git", "--no-optional-locks", "-C", str(root), *arguments]
    try:
        result = subprocess.run(
            command, input=given, capture_output=True, check=True, timeout=60, env=environment
        )
    except subprocess.CalledProcessError as error:
        if b"safe.directory" in error.stderr:
            _warn_of_another_owner(root)
        return None
    except (OSError, subprocess.SubprocessError):
        return None
    return result.stdout


@cache
def _warn_of_another_owner(root: Path) -> None:
    log.warning(
        "%s belongs to another user, so git does not say which commit it is at; "
        "`git config --global --add safe.directory %s` lets it.",
        *(root, root),
    )


def is_tracked(project: Project, root: Path) -> bool:
    """Return whether a repository tracks a project, at its top or in a folder of it.

    A copy of the project may lie in another repository, which does not track it.
    """
    module = f"{project.workflow.name}/{project.package}/__init__.py"
    return _git(root, "ls-files", "--error-unmatch", module) is not None


def version_control(project: Project, root: Path) -> dict[str, str | None]:
    """Return the commit of a project in a folder, and a digest of uncommitted changes of its code.

    Both are None where the project is not a clone; which code ran is then known from the digests
    of modules. Untracked files count as changes, unless they are hidden or ignored.
    """
    head = _git(root, "rev-parse", "HEAD") if is_tracked(project, root) else None
    if head is None:
        return {"commit": None, "uncommitted": None}
    code = project.versioned
    # names alone: the format of differences depends on a user's settings of git
    changed = _git(
        root, "diff", "--relative", "--name-only", "--no-renames", "-z", "HEAD", "--", *code
    )
    unknown = _git(root, "ls-files", "--others", "--exclude-standard", "-z", "--", *code)
    if changed is None or unknown is None:
        log.warning("git does not say what differs from its last commit: no commit is recorded.")
        return {"commit": None, "uncommitted": None}
    # hidden files are an editor's, or the system's
    visible = [name for name in _names(unknown) if "/." not in f"/{name}"]
    lines = "".join(
        f"{_digest(root / name)}  {name}\n" for name in sorted({*_names(changed), *visible})
    )
    uncommitted = hashlib.sha256(lines.encode()).hexdigest() if lines else None
    return {"commit": head.decode().strip(), "uncommitted": uncommitted}


def _names(answer: bytes) -> list[str]:
    return [os.fsdecode(name) for name in answer.split(b"\0") if name]


def _digest(path: Path) -> str:
    """Return the SHA-256 of a file or of a link's target path; `none` where there is neither."""
    try:
        content = os.fsencode(os.readlink(path)) if path.is_symlink() else path.read_bytes()
    except OSError:
        return "none"
    return hashlib.sha256(content).hexdigest()


def has_commit(project: Project, root: Path, commit: str) -> bool | None:
    """Return whether the repository has a commit, or None where that is unknown.

    A shallow clone, or a copy without its repository, lacks earlier commits.
    """
    is_own = is_tracked(project, root)
    if is_own and _git(root, "cat-file", "-e", f"{commit}^{{commit}}") is not None:
        return True
    is_shallow = _git(root, "rev-parse", "--is-shallow-repository")
    return False if is_own and is_shallow == b"false\n" else None


def digests_at(root: Path, commit: str, files: Iterable[str]) -> dict[str, str | None]:
    """Return the SHA-256 of files of the project in a commit; None for files that it lacks."""
    names = list(files)
    request = "".join(f"{commit}:./{name}\n" for name in names).encode()
    answer = _git(root, "cat-file", "--batch", given=request) or b""
    found: dict[str, str | None] = {}
    start = 0
    for name in names:
        end = answer.find(b"\n", start)
        header = answer[start:end].split()
        start = end + 1
        if header[-1:] == [b"missing"] or len(header) != 3:
            found[name] = None
            continue
        size = int(header[2])
        found[name] = hashlib.sha256(answer[start : start + size]).hexdigest()
        start += size + 1
    return found

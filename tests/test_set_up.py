"""What a user's surroundings may hold, and the set-up keeps out."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[1]
BIN = Path(sys.prefix) / "bin"
FOREIGN = (
    "PYTHONPATH",
    "PYTHONHOME",
    "MPLBACKEND",
    "SNAKEMAKE_PROFILE",
    "PIP_TARGET",
    "PIP_PREFIX",
)


@pytest.fixture
def another_numpy(tmp_path: Path) -> dict[str, str]:
    """An environment module's PYTHONPATH, with a numpy that does not fit."""
    (tmp_path / "numpy").mkdir()
    (tmp_path / "numpy" / "__init__.py").write_text("raise ImportError('another numpy')")
    return os.environ | {"PYTHONPATH": str(tmp_path)}


@pytest.mark.parametrize("command", [("snakemake", "--version"), ("delaynet", "train", "--help")])
def test_packages_on_the_python_path_replace_none_of_the_lock(command, another_numpy) -> None:
    program, *arguments = command
    subprocess.run([BIN / program, *arguments], env=another_numpy, check=True, capture_output=True)


def test_a_copy_of_the_package_on_the_python_path_is_the_one_that_runs(tmp_path: Path) -> None:
    (tmp_path / "delaynet").mkdir()
    (tmp_path / "delaynet" / "__init__.py").write_text("where = 'copy'")
    environment = os.environ | {"PYTHONPATH": str(tmp_path)}
    script = "import delaynet; print(delaynet.where)"
    said = subprocess.check_output([BIN / "python", "-c", script], env=environment, text=True)
    assert said == "copy\n"


@pytest.mark.parametrize("name", ["HOME", "XDG_CACHE_HOME"])
def test_caches_are_in_a_temporary_folder_where_there_is_no_home(name: str, tmp_path: Path) -> None:
    home, temporary = tmp_path / "home", tmp_path / "temporary"
    temporary.mkdir()
    script = "import os; print(os.environ.get('XDG_CACHE_HOME'))"

    def cache() -> str:
        environment = {name: str(home), "TMPDIR": str(temporary)}
        return subprocess.check_output([BIN / "python", "-c", script], env=environment, text=True)

    assert cache().strip() == {"HOME": "None", "XDG_CACHE_HOME": str(home)}[name], "it can be made"
    # in a file nobody can make a folder, root neither
    home.touch()
    (made,) = cache().split()
    assert Path(made).parent == temporary


@pytest.mark.parametrize("name", FOREIGN)
def test_make_passes_on_no_setting_of_a_notebook_or_a_site(name: str, tmp_path: Path) -> None:
    rule = f"include {PROJECT / 'Makefile'}\nshown:\n\t@env\n"
    (tmp_path / "Makefile").write_text(rule)
    environment = os.environ | {name: "elsewhere"}
    shown = subprocess.check_output(["make", "shown"], cwd=tmp_path, env=environment, text=True)
    assert f"{name}=" not in shown


def test_git_checks_out_the_bytes_of_the_commit_whatever_the_user_has_set(tmp_path: Path) -> None:
    clone = ["git", "-c", "core.autocrlf=true", "clone", "--quiet", "--depth=1"]
    subprocess.run([*clone, f"file://{PROJECT}", tmp_path / "clone"], check=True)
    for name in ("Makefile", "workflow/Snakefile", "workflow/delaynet/__init__.py"):
        assert b"\r" not in (tmp_path / "clone" / name).read_bytes()


@pytest.fixture
def set_up(tmp_path: Path) -> Path:
    """A project that was set up in its folder, as far as `make` can tell."""
    project = tmp_path / "project"
    (project / ".venv" / "bin").mkdir(parents=True)
    (project / ".venv" / "bin" / "python").symlink_to(sys.executable)
    for name in ("Makefile", "pyproject.toml", "envs"):
        (project / name).symlink_to(PROJECT / name)
    (project / ".venv" / "complete").write_text(f"{project / '.venv'}\n")
    return project


def is_set_up_again(project: Path) -> bool:
    said = subprocess.check_output(["make", "--dry-run", "setup"], cwd=project, text=True)
    return "-m venv" in said


def test_a_project_is_set_up_once(set_up: Path) -> None:
    assert not is_set_up_again(set_up)


def test_a_renamed_project_is_set_up_again(set_up: Path) -> None:
    assert is_set_up_again(set_up.rename(set_up.with_name("renamed")))


def test_a_project_whose_python_is_gone_is_set_up_again(set_up: Path) -> None:
    (set_up / ".venv" / "bin" / "python").unlink()
    (set_up / ".venv" / "bin" / "python").symlink_to("/usr/bin/gone")
    assert is_set_up_again(set_up)


def test_pip_whose_settings_a_site_has_made_installs_everything(set_up: Path) -> None:
    (set_up / ".venv" / "complete").unlink()
    said = subprocess.check_output(["make", "--dry-run", "develop"], cwd=set_up, text=True)
    installed = [line for line in said.splitlines() if " install --" in line]
    assert len(installed) == 3
    for line in installed:
        assert line.startswith(".venv/bin/python -m pip install ")
        assert " --no-user " in line


def test_a_python_without_venv_is_told_what_installs_it(set_up: Path) -> None:
    """As Debian's, whose module `ensurepip` is in a package of its own."""
    (set_up / "ensurepip.py").write_text("raise ImportError")
    (set_up / "python").write_text(f'#!/bin/sh\nPYTHONPATH=. exec {sys.executable} "$@"\n')
    (set_up / "python").chmod(0o755)
    (set_up / ".venv" / "complete").unlink()
    command = ["make", "setup", "PYTHON=./python"]
    refused = subprocess.run(command, cwd=set_up, capture_output=True, text=True)
    said = "make: ./python lacks venv; on Debian or Ubuntu: sudo apt install python3-venv\n"
    assert refused.stderr.startswith(said)
    assert refused.returncode != 0
    assert (set_up / ".venv").exists(), "what was there is kept"


def test_make_goes_on_where_a_file_system_has_no_locks(set_up: Path) -> None:
    # there is none such here: what `flock` says on one
    (set_up / "flock").write_text("#!/bin/sh\necho 'No locks available' >&2; exit 71\n")
    (set_up / "flock").chmod(0o755)
    environment = os.environ | {"PATH": f"{set_up}:{os.environ['PATH']}"}
    said = subprocess.run(
        ["make", "clean"], cwd=set_up, env=environment, check=True, capture_output=True, text=True
    )
    assert "this file system has no locks" in said.stderr
    assert not (set_up / ".venv").exists()


def test_make_runs_on_the_cores_that_are_named_and_within_the_machine_s_memory() -> None:
    command = ["make", "--dry-run", "run", "CORES=3"]
    said = subprocess.check_output(command, cwd=PROJECT, text=True)
    assert "--cores 3 " in said
    (memory,) = re.findall(r"--resources mem_mb=(\d+)", said)
    assert 500 < int(memory) <= os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**20


@pytest.fixture
def container() -> Iterator[Path]:
    """A group of processes around another, with 3 GiB of memory, as root can make one."""
    of_this = Path("/proc/self/cgroup").read_text(encoding="utf-8")
    for controller, own in re.findall(r"^\d+:(memory)?:(.*)", of_this, re.M):
        around = Path(f"/sys/fs/cgroup/{controller}{own}/delaynet-{os.getpid()}")
        try:
            (around / "inner").mkdir(parents=True)
        except OSError:
            continue
        limits = [around / "memory.max", around / "memory.limit_in_bytes"]
        existing = [limit for limit in limits if limit.exists()]
        if existing:
            existing[0].write_text(str(3 * 2**30))
            yield around / "inner"
        (around / "inner").rmdir()
        around.rmdir()
        if existing:
            return
    pytest.skip("only root can limit memory, and not everywhere")


def test_make_runs_no_more_at_a_time_than_fit_in_a_container(container: Path) -> None:
    command = f"echo $$ > '{container}/cgroup.procs'; exec make --dry-run run CORES=16"
    said = subprocess.check_output(["sh", "-c", command], cwd=PROJECT, text=True)
    assert "--resources mem_mb=3072 --set-resources train:mem_mb=1000 --cores 16 " in said

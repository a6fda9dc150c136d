"""The fixtures of the Slurm tests: a cluster, and what an undisturbed run leaves."""

import shutil
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from slurm_cluster import Cluster, NotHere, refuse_unless_throw_away, running
from slurm_project import SLOW, Project


def pytest_sessionstart(session: pytest.Session) -> None:
    """Refuse a machine that is not to be changed, in one sentence."""
    # the cluster is torn down then too
    signal.signal(signal.SIGTERM, lambda *_: pytest.exit("terminated", returncode=143))
    try:
        refuse_unless_throw_away()
    except NotHere as reason:
        pytest.exit(str(reason), returncode=2)


@pytest.fixture(scope="session", params=["squeue"])
def cluster(request: pytest.FixtureRequest) -> Iterator[Cluster]:
    """A cluster without accounting (`squeue`), or with it (`sacct`)."""
    lab = Path(tempfile.mkdtemp(prefix="delaynet-slurm-"))
    lab.chmod(0o755)
    try:
        with running(lab, accounting=request.param == "sacct") as cluster:
            yield cluster
    except NotHere as reason:
        pytest.exit(str(reason), returncode=2)
    finally:
        shutil.rmtree(lab, ignore_errors=True)


@pytest.fixture(autouse=True)
def idle(cluster: Cluster) -> Iterator[None]:
    """Leave a cluster without jobs to the next test."""
    yield
    cluster.clear()


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A project that has trained on this machine without a cluster."""
    project = Project.with_configuration(tmp_path_factory.mktemp("local") / "project", SLOW)
    project.snakemake(
        "--until", "train", "--cores", "2", "--configfile", "config/paper.yaml"
    ).succeeds()
    return project


@pytest.fixture(scope="session")
def undisturbed(trained: Project) -> dict[str, bytes]:
    """What its trainings have left."""
    assert len(trained.trained()) == 12
    return trained.trained()


@pytest.fixture(scope="session")
def untrained(trained: Project, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The same project before it trained; what it has compiled is kept."""
    project = trained.copy(tmp_path_factory.mktemp("slow") / "project")
    for name in ("results/runs", "results/records/runs", "logs", "benchmarks"):
        shutil.rmtree(project.folder / name)
    (project.folder / "snakemake.txt").unlink()
    return project


@pytest.fixture
def project(untrained: Project, tmp_path: Path) -> Project:
    """A project of the test's own that is ready to train."""
    return untrained.copy(tmp_path / "project")

"""The fixtures of the Slurm tests: one cluster for all, and what an undisturbed run leaves."""

import signal
from collections.abc import Iterator
from contextlib import ExitStack, nullcontext
from pathlib import Path

import pytest
from slurm_cluster import Cluster, NotHere, locked, running
from slurm_project import SLOW, TINY, Project

LAB = pytest.StashKey[Path]()


def pytest_sessionstart(session: pytest.Session) -> None:
    """Bring the cluster up, or say in one sentence why not; workers get the one that is there."""
    config = session.config
    # what a test starts can be interrupted, even where the tests run in the background of a script
    signal.signal(signal.SIGINT, signal.default_int_handler)
    if hasattr(config, "workerinput"):
        config.stash[LAB] = Path(config.workerinput["lab"])
        return
    if config.option.collectonly:
        return
    # the cluster is torn down then too
    signal.signal(signal.SIGTERM, lambda *_: pytest.exit("terminated", returncode=143))
    stack = ExitStack()
    config.add_cleanup(stack.close)
    try:
        config.stash[LAB] = stack.enter_context(running()).lab
    except NotHere as reason:
        pytest.exit(str(reason), returncode=2)


def pytest_configure_node(node) -> None:  # type: ignore[no-untyped-def]
    """Tell a worker of the cluster."""
    node.workerinput["lab"] = str(node.config.stash[LAB])


def kind(item: pytest.Item) -> str:
    """Return the kind of cluster that a test asks for; see the fixture `cluster`."""
    return item.callspec.params.get("cluster", "shared") if hasattr(item, "callspec") else "shared"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the longest tests, and end with those that run alone."""
    items.sort(key=lambda item: (kind(item) != "shared", "local_paper" not in item.fixturenames))


@pytest.fixture(scope="session")
def lab(pytestconfig: pytest.Config) -> Path:
    """The folder that all tests share."""
    return pytestconfig.stash[LAB]


@pytest.fixture
def cluster(request: pytest.FixtureRequest, lab: Path, tmp_path: Path) -> Iterator[Cluster]:
    """The cluster: shared with other tests, "alone", or alone and with accounting ("sacct")."""
    wanted = kind(request.node)
    cluster = Cluster(lab)
    accounting = cluster.accounting() if wanted == "sacct" else nullcontext()
    with locked(lab / "cluster.lock", alone=wanted != "shared"), accounting:
        yield cluster
        cluster.cancel(tmp_path)


@pytest.fixture(scope="session")
def trained(lab: Path) -> Project:
    """A project that has trained on this machine without a cluster."""
    return Project.made_once(lab / "trained", SLOW, "--until", "train")


@pytest.fixture(scope="session")
def undisturbed(trained: Project) -> dict[str, bytes]:
    """What its training has left."""
    assert len(trained.trained()) == 6
    return trained.trained()


@pytest.fixture
def project(trained: Project, tmp_path: Path) -> Project:
    """A project of the test's own that is ready to train."""
    return trained.copy_untrained(tmp_path / "project")


@pytest.fixture(scope="session")
def local_paper(lab: Path) -> Project:
    """The tiny paper, made on this machine without a cluster."""
    return Project.made_once(lab / "paper", TINY)

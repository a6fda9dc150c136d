"""A real Slurm on this machine: seven nodes with two GPUs each, which do nothing.

It is for root on a throw-away Debian machine without a Slurm of its own: the configuration has to
be /etc/slurm, as Snakemake's plugin strips `SLURM_CONF`. Nothing of it is left when it is down.
"""

import fcntl
import os
import re
import shutil
import signal
import socket
import stat
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

ETC = Path("/etc/slurm")
MARK = "# made by tests/slurm, and removed by it"
PACKAGES = ("munge", "slurm-client", "slurmctld", "slurmd", "slurmdbd", "mariadb-server")
# seconds: far more than anything here takes on an idle machine, enough for a busy one
PATIENCE = 1200
NODES = [f"n{number}" for number in range(1, 8)]

SLURM_CONF = """{mark}
ClusterName=tests
SlurmctldHost={host}(127.0.0.1)
SlurmUser=root
SlurmdUser=root
StateSaveLocation={lab}/state
SlurmdSpoolDir={lab}/spool-%n
SlurmctldPidFile={lab}/slurmctld.pid
SlurmdPidFile={lab}/%n.pid
SlurmctldLogFile={lab}/slurmctld.log
SlurmdLogFile={lab}/%n.log
# no control groups: this also runs in a container
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
MpiDefault=none
JobAcctGatherType=jobacct_gather/linux
JobAcctGatherFrequency=task=2
JobAcctGatherParams=OverMemoryKill
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
SchedulerParameters=sched_interval=2,bf_interval=2
GresTypes=gpu
ReturnToService=2
# a job that goes back into the queue waits for as long, by default for two minutes
AuthInfo=cred_expire=30
# a node that is silent for as long is down, and its jobs go back into the queue
SlurmdTimeout=30
OverTimeLimit=0
EnforcePartLimits=ALL
SlurmdParameters=config_overrides
PreemptType=preempt/partition_prio
PreemptMode=REQUEUE
NodeName=DEFAULT CPUs=8 RealMemory=16000 Gres=gpu:2 State=UNKNOWN
NodeName=n[1-7] NodeHostname={host} NodeAddr=127.0.0.1 Port=[17001-17007]
PartitionName=DEFAULT MaxTime=24:00:00 State=UP PriorityTier=1
PartitionName=gpu Nodes=n[1-4] Default=YES
# nodes for the faults of nodes, so that no other test meets them
PartitionName=dying Nodes=n[5-6]
PartitionName=patient Nodes=n7
PartitionName=urgent Nodes=n7 PriorityTier=9
# where a pack of trainings is too long
PartitionName=short Nodes=n[1-4] MaxTime=01:00:00
{memory}"""
# for as long Slurm tells of jobs that have ended
WITHOUT_ACCOUNTING = "MinJobAge=7200\n"
# so short that Snakemake's plugin asks the accounting instead
WITH_ACCOUNTING = """MinJobAge=15
AccountingStorageType=accounting_storage/slurmdbd
AccountingStorageHost=localhost
AccountingStorageTRES=gres/gpu
AccountingStoreFlags=job_comment
"""
SLURMDBD_CONF = """{mark}
DbdHost=localhost
SlurmUser=root
StorageType=accounting_storage/mysql
StorageHost=localhost
StorageUser=root
StorageLoc=slurm
PidFile={lab}/slurmdbd.pid
LogFile={lab}/slurmdbd.log
"""


class NotHere(Exception):
    """Why no cluster can be brought up on this machine, in one sentence."""


def refuse_unless_throw_away(etc: Path = ETC, user: int | None = None) -> None:
    """Refuse a machine whose Slurm belongs to somebody.

    Raises:
        NotHere: one sentence.
    """
    if (os.geteuid() if user is None else user) != 0:
        raise NotHere(
            "The Slurm tests install a cluster: run them as root on a throw-away machine."
        )
    if foreign := [
        path
        for path in (etc / "slurm.conf", etc / "gres.conf", etc / "slurmdbd.conf")
        if path.exists() and not path.read_text().startswith(MARK)
    ]:
        raise NotHere(
            f"{foreign[0]} belongs to somebody's Slurm: the tests leave it alone, and stop."
        )
    if shutil.which("apt-get") is None:
        raise NotHere(
            "The Slurm tests take Slurm from Debian's packages: there is no apt-get here."
        )


def shell(*command: str | Path, check: bool = True, **options: object) -> str:
    """Run a command, return what it prints."""
    result = subprocess.run(
        list(map(str, command)),
        capture_output=True,
        encoding="utf-8",
        check=False,
        **options,  # type: ignore[call-overload]
    )
    if check and result.returncode != 0:
        raise AssertionError(f"{command} failed:\n{result.stdout[-2000:]}\n{result.stderr[-2000:]}")
    return str(result.stdout)


def answers(command: str) -> bool:
    """Whether a command of the shell succeeds."""
    return subprocess.run(command, shell=True, capture_output=True).returncode == 0


def wait_until(condition: Callable[[], object], what: str) -> None:
    """Wait for something to become true.

    Raises:
        AssertionError: it did not.
    """
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end, f"after {PATIENCE} s still not: {what}"
        time.sleep(0.2)


def install() -> None:
    """Install Debian packages that are missing, without starting their services."""
    installed = shell("dpkg-query", "-W", "-f", "${Package} ${db:Status-Status}\n").splitlines()
    missing = [name for name in PACKAGES if f"{name} installed" not in installed]
    if not missing:
        return
    policy = Path("/usr/sbin/policy-rc.d")
    ours = not policy.exists()
    if ours:
        policy.write_text("#!/bin/sh\nexit 101\n", encoding="utf-8")
        policy.chmod(0o755)
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    apt = ("apt-get", "-o", "DPkg::Lock::Timeout=300", "-qq")
    try:
        shell(*apt, "update", env=environment)
        shell(*apt, "install", "-y", "--no-install-recommends", *missing, env=environment)
    finally:
        if ours:
            policy.unlink()


@contextmanager
def locked(path: Path, alone: bool = True) -> Iterator[None]:
    """Hold a lock, alone or together with others who do not want to be alone."""
    with path.open("ab") as file:
        fcntl.flock(file, fcntl.LOCK_EX if alone else fcntl.LOCK_SH)
        yield


class Cluster:
    """The daemons, and what tests ask of them."""

    def __init__(self, lab: Path) -> None:
        """Take the cluster whose state is in a folder, whoever brought it up."""
        self.lab = lab
        self.munge_is_ours = lab / "munge-is-ours"

    @property
    def has_accounting(self) -> bool:
        """Whether slurmdbd keeps account of jobs now."""
        return "slurmdbd" in (ETC / "slurm.conf").read_text()

    def up(self) -> None:
        """Write /etc/slurm and the fake GPUs, start the daemons, wait until all nodes are idle."""
        for name in ("state", "gpus", *(f"spool-{node}" for node in NODES)):
            (self.lab / name).mkdir()
        for gpu in (0, 1):
            # a device file, as Slurm demands; it is /dev/null under another name
            os.mknod(self.lab / "gpus" / f"gpu{gpu}", 0o600 | stat.S_IFCHR, os.makedev(1, 3))
        (ETC / "gres.conf").write_text(
            f"{MARK}\nNodeName=n[1-7] Name=gpu File={self.lab}/gpus/gpu[0-1]\n"
        )
        self.configure(WITHOUT_ACCOUNTING)
        self._munge_up()
        self.controller_up()
        for node in NODES:
            self.node_up(node)
        wait_until(lambda: set(self.states().values()) == {"idle"}, "all nodes are idle")

    def configure(self, memory: str) -> None:
        """Write slurm.conf, with what the controller is to remember of jobs."""
        host = socket.gethostname().split(".")[0]
        if not shell("getent", "hosts", host, check=False):
            raise NotHere(f"The host name {host} has no address: add it to /etc/hosts.")
        content = SLURM_CONF.format(mark=MARK, host=host, lab=self.lab, memory=memory)
        (ETC / "slurm.conf").write_text(content)

    @contextmanager
    def accounting(self) -> Iterator[None]:
        """Let slurmdbd and its database keep account of jobs, which Slurm itself soon forgets."""
        self.configure(WITH_ACCOUNTING)
        self._database_up()
        self.controller_down()
        self.controller_up()
        yield
        self.controller_down()
        self.configure(WITHOUT_ACCOUNTING)
        self.controller_up()

    def _munge_up(self) -> None:
        if answers("munge -n | unmunge"):
            return
        self.munge_is_ours.touch()
        key = Path("/etc/munge/munge.key")
        if not key.exists():
            shell("mungekey", "-c", "-k", key)
        shutil.chown(key, "munge", "munge")
        key.chmod(0o400)
        shell("install", "-d", "-o", "munge", "-g", "munge", "/run/munge")
        shell("su", "-s", "/bin/sh", "munge", "-c", "/usr/sbin/munged")
        wait_until(lambda: answers("munge -n | unmunge"), "munge answers")

    def _database_up(self) -> None:
        conf = ETC / "slurmdbd.conf"
        conf.touch(0o600)
        conf.write_text(SLURMDBD_CONF.format(mark=MARK, lab=self.lab))
        folder = self.lab / "database"
        shell("install", "-d", "-o", "mysql", "-g", "mysql", folder, "/run/mysqld")
        data = f"--datadir={folder}/data"
        shell("mariadb-install-db", "--no-defaults", "--user=mysql", data, "--skip-test-db")
        with (self.lab / "database.log").open("w") as log:
            database = subprocess.Popen(
                ["mariadbd", "--no-defaults", "--user=mysql", data, "--skip-networking",
                 "--skip-grant-tables", "--socket=/run/mysqld/mysqld.sock"],
                stdout=log, stderr=log,
            )  # fmt: skip
        (self.lab / "database.pid").write_text(str(database.pid))
        wait_until(lambda: Path("/run/mysqld/mysqld.sock").is_socket(), "the database answers")
        shell("slurmdbd")
        wait_until(lambda: answers("sacctmgr -n list cluster"), "slurmdbd answers")

    def controller_up(self) -> None:
        """Start the controller, and wait until it answers."""
        shell("slurmctld")
        wait_until(lambda: "is UP" in shell("scontrol", "ping", check=False), "slurmctld is up")

    def controller_down(self) -> None:
        """Stop the controller."""
        self._stop(self.lab / "slurmctld.pid", signal.SIGTERM)

    def node_up(self, node: str) -> None:
        """Start a node."""
        shell("slurmd", "-N", node)

    def node_dies(self, node: str) -> None:
        """Kill a node with all that runs on it, without a last word."""
        self._stop(self.lab / f"{node}.pid", signal.SIGKILL)
        for process in _processes_on(node, self.lab):
            _kill(process)

    def _stop(self, pid_file: Path, number: signal.Signals) -> None:
        if not pid_file.exists():
            return
        process = int(pid_file.read_text(encoding="utf-8"))
        _kill(process, number)
        wait_until(lambda: not _runs(process), f"{pid_file.stem} has stopped")
        pid_file.unlink(missing_ok=True)

    def states(self) -> dict[str, str]:
        """Return the state of each node."""
        lines = shell("sinfo", "-h", "-N", "-o", "%N %T", check=False).splitlines()
        return dict(line.split() for line in lines)  # type: ignore[misc]

    def jobs(self, *states: str) -> dict[str, dict[str, str]]:
        """Return what Slurm says of the jobs in some states (all if none is named), by id."""
        found = {}
        for line in shell("scontrol", "-o", "show", "job", check=False).splitlines():
            job = dict(re.findall(r"(\w+(?:/\w+)?)=(\S*)", line))
            if "JobId" in job and (not states or job["JobState"] in states):
                found[job["JobId"]] = job
        return found

    def trainings(self, folder: Path, *states: str) -> list[str]:
        """Return the ids of jobs that train a project's networks, in some states."""
        return [
            job
            for job, fields in self.jobs(*states).items()
            if fields["WorkDir"] == str(folder) and "trainings" in fields.get("StdOut", "")
        ]

    def cancel(self, folder: Path) -> None:
        """Cancel all jobs that were submitted from below a folder."""
        below = [job for job, of in self.jobs().items() if of["WorkDir"].startswith(str(folder))]
        shell("scancel", *below, check=False)

    def down(self) -> None:
        """Stop everything, and leave nothing in /etc/slurm."""
        shell("scancel", "--user=root", check=False)
        for name in (
            *(f"{node}.pid" for node in NODES),
            "slurmctld.pid",
            "slurmdbd.pid",
            "database.pid",
        ):
            if (self.lab / name).exists():
                self._stop(self.lab / name, signal.SIGTERM)
        for node in NODES:
            for process in _processes_on(node, self.lab):
                _kill(process)
        if self.munge_is_ours.exists():
            self._stop(Path("/run/munge/munged.pid"), signal.SIGTERM)
        for name in ("slurm.conf", "gres.conf", "slurmdbd.conf"):
            (ETC / name).unlink(missing_ok=True)


def remove_leftovers() -> None:
    """Take down the cluster that tests which were killed have left."""
    configuration = ETC / "slurm.conf"
    if configuration.exists():
        state = re.search(
            r"^StateSaveLocation=(.*)/state$", configuration.read_text(), re.MULTILINE
        )
        assert state
        Cluster(Path(state[1])).down()


def _processes_on(node: str, lab: Path) -> Iterator[int]:
    """Yield what runs on a node; a watcher, which writes to the node's log, before its step."""
    for process in sorted(map(int, filter(str.isdigit, os.listdir("/proc")))):
        folder = Path(f"/proc/{process}")
        with suppress(OSError):  # it has ended meanwhile
            variables = (folder / "environ").read_bytes().split(b"\0")
            files = [os.readlink(file) for file in (folder / "fd").iterdir()]
            if f"SLURMD_NODENAME={node}".encode() in variables or f"{lab}/{node}.log" in files:
                yield process


def _kill(process: int, number: signal.Signals = signal.SIGKILL) -> None:
    with suppress(ProcessLookupError):
        os.kill(process, number)


def _runs(process: int) -> bool:
    try:
        return "State:\tZ" not in Path(f"/proc/{process}/status").read_text(encoding="utf-8")
    except OSError:
        return False


@contextmanager
def running() -> Iterator[Cluster]:
    """Yield a cluster, brought up and torn down.

    Raises:
        NotHere: the machine is not one to do that on.
    """
    refuse_unless_throw_away()
    install()
    refuse_unless_throw_away()
    remove_leftovers()
    # slurm.conf allows no space in a path
    with tempfile.TemporaryDirectory(prefix="delaynet-slurm-", ignore_cleanup_errors=True) as lab:
        Path(lab).chmod(0o755)
        cluster = Cluster(Path(lab))
        try:
            cluster.up()
            yield cluster
        finally:
            cluster.down()

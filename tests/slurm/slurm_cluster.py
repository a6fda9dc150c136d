"""A real Slurm on this machine: two nodes with two GPUs each, which do nothing.

It is for root on a throw-away Debian machine without a Slurm of its own: the configuration has to
be /etc/slurm, as Snakemake's plugin strips `SLURM_CONF`. Nothing of it is left when it is down.
"""

import os
import re
import shutil
import signal
import socket
import stat
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

ETC = Path("/etc/slurm")
MARK = "# made by tests/slurm, and removed by it"
PACKAGES = ("munge", "slurm-client", "slurmctld", "slurmd")
ACCOUNTING_PACKAGES = ("slurmdbd", "mariadb-server")
NODES = ("n1", "n2")

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
# for as long Slurm tells of jobs that have ended
MinJobAge={remembered}
# a job that goes back into the queue waits for as long, by default for two minutes
AuthInfo=cred_expire=30
# a node that is silent for as long is down, and its jobs go back into the queue
SlurmdTimeout=20
KillWait=5
OverTimeLimit=0
SlurmdParameters=config_overrides
PreemptType=preempt/partition_prio
PreemptMode=REQUEUE
NodeName=DEFAULT CPUs=8 RealMemory=16000 Gres=gpu:2 State=UNKNOWN
NodeName=n[1-2] NodeHostname={host} NodeAddr=127.0.0.1 Port=[17001-17002]
PartitionName=gpu Nodes=ALL Default=YES MaxTime=24:00:00 State=UP PriorityTier=1
PartitionName=urgent Nodes=ALL MaxTime=24:00:00 State=UP PriorityTier=9
{accounting}"""
ACCOUNTING = """AccountingStorageType=accounting_storage/slurmdbd
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


def wait_until(condition: Callable[[], object], seconds: float, what: str) -> None:
    """Wait for something to become true.

    Raises:
        AssertionError: it did not.
    """
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"after {seconds} s still not: {what}"
        time.sleep(0.2)


def install(packages: tuple[str, ...]) -> None:
    """Install Debian packages that are missing, without starting their services."""
    installed = shell("dpkg-query", "-W", "-f", "${Package} ${db:Status-Status}\n").splitlines()
    missing = [name for name in packages if f"{name} installed" not in installed]
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


class Cluster:
    """The daemons, and what tests ask of them."""

    def __init__(self, lab: Path, has_accounting: bool = False) -> None:
        self.lab = lab
        self.has_accounting = has_accounting
        self.munge_is_ours = lab / "munge-is-ours"

    def configure(self) -> None:
        """Write /etc/slurm, the fake GPUs and munge's key."""
        host = socket.gethostname().split(".")[0]
        if not shell("getent", "hosts", host, check=False):
            raise NotHere(f"The host name {host} has no address: add it to /etc/hosts.")
        for name in ("state", "gpus"):
            (self.lab / name).mkdir()
        for node in NODES:
            (self.lab / f"spool-{node}").mkdir()
        for gpu in (0, 1):
            # a device file, as Slurm demands; it is /dev/null under another name
            os.mknod(self.lab / "gpus" / f"gpu{gpu}", 0o600 | stat.S_IFCHR, os.makedev(1, 3))
        content = SLURM_CONF.format(
            mark=MARK,
            host=host,
            lab=self.lab,
            accounting=ACCOUNTING if self.has_accounting else "",
            # so short that Snakemake's plugin asks the accounting instead
            remembered=15 if self.has_accounting else 7200,
        )
        (ETC / "slurm.conf").write_text(content)
        (ETC / "gres.conf").write_text(
            f"{MARK}\nNodeName=n[1-2] Name=gpu File={self.lab}/gpus/gpu[0-1]\n"
        )
        if self.has_accounting:
            path = ETC / "slurmdbd.conf"
            path.touch(0o600)
            path.write_text(SLURMDBD_CONF.format(mark=MARK, lab=self.lab))

    def up(self) -> None:
        """Start the daemons, and wait until both nodes are idle."""
        self._munge_up()
        if self.has_accounting:
            self._database_up()
        self.controller_up()
        for node in NODES:
            self.node_up(node)
        wait_until(lambda: self.states() == {"n1": "idle", "n2": "idle"}, 60, "both nodes are idle")

    def _munge_up(self) -> None:
        if subprocess.run("munge -n | unmunge", shell=True, capture_output=True).returncode == 0:
            return
        self.munge_is_ours.touch()
        key = Path("/etc/munge/munge.key")
        if not key.exists():
            shell("mungekey", "-c", "-k", key)
        shutil.chown(key, "munge", "munge")
        key.chmod(0o400)
        shell("install", "-d", "-o", "munge", "-g", "munge", "/run/munge")
        shell("su", "-s", "/bin/sh", "munge", "-c", "/usr/sbin/munged")
        wait_until(
            lambda: (
                not subprocess.run("munge -n | unmunge", shell=True, capture_output=True).returncode
            ),
            20,
            "munge answers",
        )

    def _database_up(self) -> None:
        folder = self.lab / "database"
        shell("install", "-d", "-o", "mysql", "-g", "mysql", folder, "/run/mysqld")
        data = f"--datadir={folder}/data"
        shell("mariadb-install-db", "--no-defaults", "--user=mysql", data, "--skip-test-db")
        with (self.lab / "database.log").open("w") as log:
            self.database = subprocess.Popen(
                ["mariadbd", "--no-defaults", "--user=mysql", data, "--skip-networking",
                 "--skip-grant-tables", "--socket=/run/mysqld/mysqld.sock"],
                stdout=log, stderr=log,
            )  # fmt: skip
        (self.lab / "database.pid").write_text(str(self.database.pid))
        wait_until(lambda: Path("/run/mysqld/mysqld.sock").is_socket(), 60, "the database answers")
        shell("slurmdbd")
        listed = ("sacctmgr", "-n", "list", "cluster")
        wait_until(
            lambda: not subprocess.run(listed, capture_output=True).returncode, 60, "slurmdbd"
        )

    def controller_up(self) -> None:
        """Start the controller, and wait until it answers."""
        shell("slurmctld")
        wait_until(lambda: "is UP" in shell("scontrol", "ping", check=False), 30, "slurmctld is up")

    def controller_down(self) -> None:
        """Stop the controller."""
        self._stop(self.lab / "slurmctld.pid", signal.SIGTERM)

    def node_up(self, node: str) -> None:
        """Start a node."""
        shell("slurmd", "-N", node)

    def node_dies(self, node: str) -> None:
        """Kill a node with all that runs on it, without a last word."""
        daemon = self.lab / f"{node}.pid"
        steps = [
            process
            for process in map(int, filter(str.isdigit, os.listdir("/proc")))
            if f"SLURMD_NODENAME={node}" in _environment(process)
        ]
        watchers = list(_slurmstepds(node, self.lab))
        self._stop(daemon, signal.SIGKILL)
        for process in [*watchers, *steps]:
            _kill(process)

    def _stop(self, pid_file: Path, number: signal.Signals) -> None:
        if not pid_file.exists():
            return
        process = int(pid_file.read_text(encoding="utf-8"))
        _kill(process, number)
        wait_until(lambda: not _runs(process), 30, f"{pid_file.stem} has stopped")

    def states(self) -> dict[str, str]:
        """Return the state of each node."""
        lines = shell("sinfo", "-h", "-N", "-p", "gpu", "-o", "%N %T", check=False).splitlines()
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
            if fields["WorkDir"] == str(folder) and "trainings" in fields["StdOut"]
        ]

    def clear(self) -> None:
        """Cancel all jobs, bring nodes back, and wait until everything is idle."""
        shell("scancel", "--user=root", check=False)
        for node in NODES:
            if not _runs(self._pid(f"{node}.pid")):
                self.node_up(node)
        shell("scontrol", "update", "NodeName=n[1-2]", "State=RESUME", check=False)
        wait_until(lambda: set(self.states().values()) == {"idle"}, 90, "both nodes are idle")

    def _pid(self, name: str) -> int:
        return int((self.lab / name).read_text())

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
        for process in [step for node in NODES for step in _slurmstepds(node, self.lab)]:
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


def _environment(process: int) -> list[str]:
    try:
        return Path(f"/proc/{process}/environ").read_bytes().decode(errors="replace").split("\0")
    except OSError:
        return []


def _slurmstepds(node: str, lab: Path) -> Iterator[int]:
    """Yield what watches over the steps of a node; it writes to the node's log."""
    for process in map(int, filter(str.isdigit, os.listdir("/proc"))):
        folder = Path(f"/proc/{process}")
        try:
            if not (folder / "cmdline").read_bytes().startswith(b"slurmstepd"):
                continue
            open_files = [os.readlink(entry) for entry in (folder / "fd").iterdir()]
        except OSError:
            continue  # it has ended meanwhile
        if f"{lab}/{node}.log" in open_files:
            yield process


def _kill(process: int, number: signal.Signals = signal.SIGKILL) -> None:
    try:
        os.kill(process, number)
    except ProcessLookupError:
        return


def _runs(process: int) -> bool:
    try:
        state = (
            Path(f"/proc/{process}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0]
        )
    except OSError:
        return False
    return state != "Z"


@contextmanager
def running(lab: Path, accounting: bool) -> Iterator[Cluster]:
    """Yield a cluster, brought up and torn down.

    Args:
        lab: an empty folder for its state, whose path has no space.
        accounting: whether slurmdbd and its database run as well.

    Raises:
        NotHere: the machine is not one to do that on.
    """
    refuse_unless_throw_away()
    install(PACKAGES + (ACCOUNTING_PACKAGES if accounting else ()))
    refuse_unless_throw_away()
    remove_leftovers()
    cluster = Cluster(lab, accounting)
    try:
        cluster.configure()
        cluster.up()
        yield cluster
    finally:
        cluster.down()

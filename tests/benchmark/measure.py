"""The measuring: sides in turn in one process for time, each in a process of its own for memory."""

import ctypes
import gc
import logging
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple

import torch

from benchmark.ours import OurTraining, firing_rate, with_dcls
from benchmark.peer import Data, PeerTraining
from benchmark.works import BATCH, CLASSES, INPUTS, Work, all_works, drawn_data
from delaynet.model.network import DelayNetwork
from delaynet.training.initial import initial_network

THREADS = 2
PEERS = ("dcls", "plain", "public")
SIDES = ("ours", *PEERS)
OUR_SIDES = ("ours", "dcls")
WARM_UP_BATCHES = 2  # of an epoch or an evaluation; a step has one
STEPS_BEFORE_EVALUATION = 10
STEPS_FOR_MEMORY = 3
MEBIBYTE = 2**20
# the C library gives arrays above this size back to the system as soon as they are freed; left to
# itself it keeps some, more or fewer from one run to the next, and a peak would be a matter of luck
FREED_AT_ONCE = {"MALLOC_MMAP_THRESHOLD_": str(128 * 1024)}

Training = OurTraining | PeerTraining


class Measurement(NamedTuple):
    """A row of the table.

    Attributes:
        work: name.
        peer: `dcls`, `plain` or `public`.
        quantity: `step`, `epoch` or `evaluation`, in seconds, or `memory`, in MiB.
        ours: median.
        theirs: median.
    """

    work: str
    peer: str
    quantity: str
    ours: float
    theirs: float

    @property
    def ratio(self) -> float:
        """Theirs as a multiple of ours: above 1 is better for us."""
        return self.theirs / self.ours


def set_up_torch() -> None:
    """Give all sides the same threads, and the same treatment of numbers near underflow.

    On a CPU such numbers, in the tails of narrow kernels, make a convolution several times slower;
    our training has them flushed to zero, and so the peers are given the same.
    """
    # `spikingjelly` looks for Triton, which is for GPUs; that it is not there is no news
    logging.getLogger("torch._library.triton").setLevel(logging.ERROR)
    torch.set_num_threads(THREADS)
    torch.set_flush_denormal(True)


def training_of(side: str, network: DelayNetwork, work: Work) -> Training:
    """Return the training of `ours` or a peer; peers copy the network, ours goes on with it."""
    if side in OUR_SIDES:
        network = with_dcls(network) if side == "dcls" else network
        return OurTraining(network, work.settings, work.sigma)
    # imported only where it is measured: the public packages take seconds
    start = getattr(import_module(f"benchmark.{side}"), f"{side}_training")
    training: PeerTraining = start(network, work.settings, work.sigma)
    return training


def arranged(side: str, data: Data) -> Any:
    """Return the data in the layout that a side trains on."""
    return (OurTraining if side in OUR_SIDES else PeerTraining).arrange(data)


def first(clips: int, data: Data) -> Data:
    """Return so many clips of the data."""
    return data[0][:, :clips], data[1][:clips]


def network_of(work: Work) -> DelayNetwork:
    """Return the network that all sides start from.

    It is untrained; before an evaluation it takes a few steps, so that its batch-norm is settled.
    """
    network = initial_network(work.settings, INPUTS, CLASSES)
    if work.quantity == "evaluation":
        ours = OurTraining(network, work.settings, work.sigma)
        batch = arranged("ours", drawn_data(BATCH, work.steps))
        for _ in range(STEPS_BEFORE_EVALUATION):
            ours.step(batch)
    return network


def hidden_firing_rate() -> float:
    """Return the rate at which the first work's hidden neurons fire, in spikes per step."""
    work = all_works()[0]
    batch = arranged("ours", drawn_data(work.clips, work.steps))
    return firing_rate(network_of(work), batch, work.sigma)


class Task(NamedTuple):
    """A side's part of a work: what is done before the clock runs, and what is timed."""

    warm_up: Callable[[], object]
    run: Callable[[], object]


def task_of(side: str, network: DelayNetwork, data: Data, work: Work) -> Task:
    """Return a side's part of a work."""
    training, clips = training_of(side, network, work), arranged(side, data)
    few = arranged(side, first(WARM_UP_BATCHES * BATCH, data))
    parts = {"step": training.step, "epoch": training.epoch, "evaluation": training.evaluate}
    run = parts[work.quantity]
    return Task(lambda: run(few), lambda: run(clips))


def seconds_of(work: Work, repeats: int, done: Callable[[int], object]) -> dict[str, float]:
    """Time all sides in turn (ours, dcls, plain, public, ours, ..); return the median of each.

    Args:
        work: to do.
        repeats: timings of each side.
        done: called with the number of batches after each part.
    """
    data, network = drawn_data(work.clips, work.steps), network_of(work)
    # peers first: they copy the network that ours then trains
    tasks = {side: task_of(side, network, data, work) for side in (*PEERS, "ours")}
    for task in tasks.values():
        task.warm_up()
    seconds: dict[str, list[float]] = {side: [] for side in tasks}
    for _ in range(repeats):
        for side in SIDES:
            gc.collect()
            start = time.perf_counter()
            tasks[side].run()
            seconds[side].append(time.perf_counter() - start)
            done(work.batches)
    return {side: statistics.median(timings) for side, timings in seconds.items()}


def memory_of(side: str, work: Work) -> float:
    """Return the peak memory of a side's training steps, in a fresh process, in MiB."""
    command = [sys.executable, "-m", "benchmark.measure", side, work.name]
    environment = os.environ | FREED_AT_ONCE | {"PYTHONPATH": str(Path(__file__).parents[1])}
    return float(subprocess.check_output(command, env=environment, encoding="utf-8"))


def peak_of_steps(side: str, work: Work) -> float:
    """Return the peak resident memory of this process in steps, above what it holds before, in MiB.

    Before: the packages, the input data, and what a step on two clips leaves behind, as a first
    step imports and compiles more.
    """
    data = drawn_data(work.clips, work.steps)
    batch = arranged(side, data)
    training_of(side, network_of(work), work).step(arranged(side, first(2, data)))
    del data
    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)
    before = reset_peak()
    training = training_of(side, network_of(work), work)
    for _ in range(STEPS_FOR_MEMORY):
        training.step(batch)
    return peak_since(before)


def reset_peak() -> int:
    """Forget this process's peak memory so far; return its memory now, in bytes."""
    Path("/proc/self/clear_refs").write_text("5", encoding="utf-8")
    return _resident("VmRSS")


def peak_since(before: int) -> float:
    """Return the peak memory since `reset_peak`, above what it returned, in MiB."""
    return (_resident("VmHWM") - before) / MEBIBYTE


def _resident(field: str) -> int:
    """Return a field of this process's status, in bytes; it is given in kB."""
    lines = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(f"{field}:"))


if __name__ == "__main__":
    set_up_torch()
    print(peak_of_steps(sys.argv[1], next(w for w in all_works() if w.name == sys.argv[2])))

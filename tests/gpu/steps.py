"""Training steps on a device: beside the CPU's and the peers', launches, time and memory.

Run as a module, it measures beside the peers and prints JSON: in a process of its own, because
whether TF32 is used is decided when a process first uses a GPU.
"""

import copy
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import torch
from benchmark.measure import MEBIBYTE, arranged, training_of
from benchmark.ours import OurTraining, respond
from benchmark.works import BATCH, CLASSES, INPUTS, STEPS, Work, all_works, drawn_data, settings
from torch import Tensor
from torch.autograd import DeviceType
from torch.profiler import ProfilerActivity, profile

from delaynet.data.dataset import Clips
from delaynet.model.network import DelayNetwork, class_evidence
from delaynet.training.device import pick_device
from delaynet.training.initial import initial_network
from delaynet.training.schedules import kernel_width
from gpu import Result

# delays, structure, sparsity, signs
VARIANTS = {
    "dense learned": ("learned", "dense", "0", "free"),
    "dense none": ("none", "dense", "0", "free"),
    "static fixed": ("fixed", "static", "0.9375", "free"),
    "magnitude frozen": ("frozen", "magnitude", "0.9375", "free"),
    "deep_r learned": ("learned", "deep_r", "0.9375", "free"),
    "deep_r_rigl fixed dale": ("fixed", "deep_r_rigl", "0.9375", "dale"),
}
# of the benchmark; the last two are long clips and many taps
WORKS = (
    "dense_learned", "dense_fixed", "static_fixed_0.984375", "deep_r_rigl_0.9375",
    "deep_r_rigl_learned_0.9375", f"steps_{4 * STEPS}", "taps_101",
)  # fmt: skip
TF32 = "NVIDIA_TF32_OVERRIDE"
TESTS = Path(__file__).parents[1]
LOSS_TOLERANCE, GRADIENT_TOLERANCE = 1e-5, 1e-3
TRAINING_STEPS = 20


def variants(hidden: int, clips: int) -> Iterator[tuple[str, Work]]:
    """Yield a step of each variant, with the kernels of the end of a training."""
    for name, variant in VARIANTS.items():
        run = settings(*variant, hidden=hidden)
        sigma = kernel_width(run.delays, run.training, run.training.epochs)
        yield name, Work(name, run, sigma, clips=clips)


def network_of(work: Work, device: torch.device | str) -> DelayNetwork:
    """Return the untrained network of a work, in training mode."""
    return initial_network(work.settings, INPUTS, CLASSES).to(device).train()


def batch_of(side: str, work: Work, device: torch.device | str) -> Any:
    """Return a side's batch of a work."""
    signal, label = drawn_data(work.clips, work.steps)
    return arranged(side, (signal.to(device), label.to(device)))


class Seen(NamedTuple):
    """Loss of a network before training, gradients of connections, and hidden spikes."""

    loss: float
    gradients: list[Tensor]
    spikes: Tensor


def seen_by(network: DelayNetwork, work: Work, device: torch.device | str) -> Seen:
    """Compute loss, gradients and spikes on a device, without dropout."""
    network, batch = copy.deepcopy(network).to(device), batch_of("ours", work, device)
    response = respond(network, batch, work.sigma)
    loss = torch.nn.functional.cross_entropy(class_evidence(response.voltage), batch.label)
    loss.backward()
    for layer in network.layers:
        for parameter in layer.parameters():
            if parameter.grad is not None:
                parameter.grad *= layer.mask  # tap by tap, a CPU computes no others
    gradients = [p.grad.cpu() for p in network.parameters() if p.grad is not None]
    return Seen(float(loss.detach()), gradients, response.spikes[0].detach().cpu())


def gradient_error(found: Seen, expected: Seen) -> float:
    """Return the length of the difference as a share of the length, of the worst gradient.

    Rounding turns a few spikes over, each of which changes a few entries.
    """
    pairs = zip(found.gradients, expected.gradients, strict=True)
    return max(float((mine - theirs).norm() / theirs.norm()) for mine, theirs in pairs)


def steps_are_the_cpus(device: torch.device, hidden: int = 256, clips: int = BATCH) -> Result:
    """Compare loss and gradients of every variant; then train, and see whether the loss falls."""
    numbers, passed = {}, True
    for name, work in variants(hidden, clips):
        network = network_of(work, "cpu")
        expected, found = (seen_by(network, work, place) for place in ("cpu", device))
        training = OurTraining(network.to(device), work.settings, work.sigma)
        batch = batch_of("ours", work, device)
        losses = [float(training.step(batch)) for _ in range(TRAINING_STEPS)]
        numbers[name] = {
            "loss": expected.loss,
            "error of the loss": abs(found.loss / expected.loss - 1),
            "error of gradients": gradient_error(found, expected),
            "share of spikes that differ": float(
                (found.spikes != expected.spikes).sum() / expected.spikes.count_nonzero()
            ),
            "mean loss of the first five steps": statistics.mean(losses[:5]),
            "of the last five": statistics.mean(losses[-5:]),
        }
        passed &= numbers[name]["error of the loss"] < LOSS_TOLERANCE
        passed &= numbers[name]["error of gradients"] < GRADIENT_TOLERANCE
        passed &= statistics.mean(losses[-5:]) < statistics.mean(losses[:5])
    return Result(passed, numbers)


def no_step_waits(device: torch.device) -> Result:
    """Take steps of every variant while PyTorch raises wherever something waits for the GPU."""
    for _, work in variants(256, BATCH):
        training = OurTraining(network_of(work, device), work.settings, work.sigma)
        clips, order = batch_of("ours", work, device), torch.randperm(BATCH).to(device)
        training.step(clips)
        torch.cuda.set_sync_debug_mode("error")
        try:
            for index in order.split(BATCH // 4):
                training.step(Clips(clips.features[index], clips.label[index], clips.filename))
        finally:
            torch.cuda.set_sync_debug_mode("default")
    return Result(True, {})


def launches_and_busy_time(device: torch.device) -> Result:
    """Count what a step of each variant launches, and how long the GPU is busy with it."""
    numbers = {}
    for name, work in variants(256, BATCH):
        training = OurTraining(network_of(work, device), work.settings, work.sigma)
        batch = batch_of("ours", work, device)
        seconds = seconds_of(lambda: training.step(batch), device)  # noqa: B023
        with profile(activities=[ProfilerActivity.CUDA]) as profiled:
            for _ in range(TRAINING_STEPS):
                training.step(batch)
            torch.cuda.synchronize()
        kernels = [e for e in profiled.events() if e.device_type == DeviceType.CUDA]
        busy = sum(kernel.time_range.elapsed_us() for kernel in kernels)
        numbers[name] = {
            "launches": len(kernels) / TRAINING_STEPS,
            "busy (ms)": busy / TRAINING_STEPS / 1000,
            "step (ms)": 1000 * seconds,
        }
    return Result(None, numbers)


def seconds_of(step: Callable[[], object], device: torch.device, repeats: int = 20) -> float:
    """Return the median time of a step, after three that do not count."""
    seconds = []
    for _ in range(3 + repeats):
        begin = time.perf_counter()
        step()
        if device.type == "cuda":
            torch.cuda.synchronize()
        seconds.append(time.perf_counter() - begin)
    return statistics.median(seconds[3:])


def beside_peers(
    works: list[Work], device: torch.device, repeats: int = 10
) -> dict[str, dict[str, float | str]]:
    """Return time and peak memory of a step of ours and of both peers, for each work."""
    found: dict[str, dict[str, float | str]] = {}
    for work in works:
        found[work.name] = {}
        for side in ("ours", "plain", "public"):
            try:
                training = training_of(side, network_of(work, device), work)
            except ImportError as error:
                found[work.name][side] = f"not measured: {error}"
                continue
            batch = batch_of(side, work, device)
            if device.type == "cuda":
                torch.cuda.reset_peak_memory_stats()
            seconds = seconds_of(lambda: training.step(batch), device, repeats)  # noqa: B023
            found[work.name][f"{side} (ms)"] = 1000 * seconds
            if device.type == "cuda":
                peak = torch.cuda.max_memory_allocated() / MEBIBYTE
                found[work.name][f"{side} (MiB)"] = peak
    return found


def steps_beside_peers(device: torch.device) -> Result:
    """Measure beside the peers with TF32 off, and as PyTorch and NVIDIA's libraries have it."""
    numbers = {}
    for tf32 in ("off", "default"):
        environment = {name: value for name, value in os.environ.items() if name != TF32}
        environment["PYTHONPATH"] = f"{TESTS}{os.pathsep}{TESTS.parent / 'workflow'}"
        command = [sys.executable, "-m", "gpu.steps", tf32]
        printed = subprocess.run(command, env=environment, check=True, stdout=subprocess.PIPE)
        measured = json.loads(printed.stdout)
        numbers |= {f"{work}, TF32 {tf32}": measured[work] for work in measured}
    return Result(None, numbers)


if __name__ == "__main__":
    if sys.argv[1] == "off":
        pick_device("cuda")
    chosen = [work for work in all_works() if work.name in WORKS]
    print(json.dumps(beside_peers(chosen, torch.device("cuda"))))

"""The command behind `make benchmark`."""

import os
from collections.abc import Callable
from fnmatch import fnmatch

import click
from tqdm import tqdm

from benchmark.machine import description
from benchmark.measure import (
    PEERS,
    SIDES,
    Measurement,
    hidden_firing_rate,
    memory_of,
    seconds_of,
    set_up_torch,
)
from benchmark.report import main_table, write_all
from benchmark.works import Work, all_works

BATCHES_OF_A_MEMORY = 8  # a process for memory takes about as long as so many steps
BUSY = 0.5  # processes that run or wait, on average over a minute


def chosen_works(patterns: tuple[str, ...]) -> list[Work]:
    """Return the works of which a name fits one of the patterns, all without a pattern."""
    works = all_works()
    for pattern in patterns:
        if not any(fnmatch(work.name, pattern) for work in works):
            names = ", ".join(work.name for work in works)
            raise click.UsageError(f"no work is called '{pattern}'; there are {names}.")
    return [w for w in works if not patterns or any(fnmatch(w.name, p) for p in patterns)]


def measured(works: list[Work], repeats: int | None) -> list[Measurement]:
    """Measure all works, with a line of progress; `repeats` stands over their own."""
    # of works that differ in their names alone, the first one's measurement holds for all
    to_time = {work: repeats or work.repeats for work in reversed(works)}
    total = sum(len(SIDES) * work.batches * times for work, times in to_time.items())
    total += sum(len(SIDES) * BATCHES_OF_A_MEMORY for work in works if work.with_memory)
    with tqdm(total=total, unit=" batches", dynamic_ncols=True) as bar:
        timed = {work: _timed(work, to_time[work], bar) for work in dict.fromkeys(works)}
        rows = [row for work in works for row in compared(work, work.quantity, timed[work])]
        for work in works:
            if work.with_memory:
                rows += compared(work, "memory", _peaks(work, bar))
    return rows


def _timed(work: Work, repeats: int, bar: tqdm) -> dict[str, float]:
    bar.set_description(work.name)
    update: Callable[[int], object] = bar.update
    return seconds_of(work, repeats, update)


def _peaks(work: Work, bar: tqdm) -> dict[str, float]:
    bar.set_description(f"{work.name}, memory")
    peaks = {}
    for side in SIDES:
        peaks[side] = memory_of(side, work)
        bar.update(BATCHES_OF_A_MEMORY)
    return peaks


def compared(work: Work, quantity: str, of_side: dict[str, float]) -> list[Measurement]:
    """Return a row of the table for each peer."""
    return [Measurement(work.name, p, quantity, of_side["ours"], of_side[p]) for p in PEERS]


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--works",
    "patterns",
    multiple=True,
    help="Measure only works of this name, as 'dense_*', and print the table without writing it. "
    "May be given several times.",
)
@click.option("--repeats", type=click.IntRange(min=1), help="Timings of each side and work.")
def main(patterns: tuple[str, ...], repeats: int | None) -> None:
    """Measure training and evaluation beside the peers `dcls`, `plain` and `public`.

    Writes results/benchmark/engine.csv, docs/benchmark.md and docs/benchmark.png.
    """
    set_up_torch()
    load_before = os.getloadavg()[0]
    if load_before > BUSY:
        click.echo(f"The load is {load_before:.1f}; times are fair on an idle machine.", err=True)
    rows = measured(chosen_works(patterns), repeats)
    click.echo("\n".join(main_table(rows)))
    if not patterns:
        machine = description() | {"load before": f"{load_before:.1f}"}
        for path in write_all(rows, machine, hidden_firing_rate()):
            click.echo(f"written: {path}")


if __name__ == "__main__":
    main(prog_name="make benchmark")

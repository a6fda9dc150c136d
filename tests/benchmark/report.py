"""What the measuring leaves behind: the table of numbers, the page for readers, its figure."""

import csv
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator

from benchmark.measure import PEERS, STEPS_BEFORE_EVALUATION, THREADS, Measurement
from benchmark.works import BATCH, REPEATS, STEPS, growth_works
from delaynet.config.files import replacing
from delaynet.paper.figures import style
from delaynet.paper.figures.render import save

ROOT = Path(__file__).parents[2]
COLUMNS = ("work", "peer", "quantity", "ours", "theirs", "ratio")

# axis label of each growth
GROWTHS = {
    "hidden": "hidden neurons",
    "steps": "time steps",
    "taps": "taps",
    "connections": "connections",
}
LOOKS = {
    "ours": {"color": "#0A3A8C", "marker": "v"},
    "dcls": {"color": "#2A8C82", "marker": "^"},
    "plain": {"color": "#C05A00", "marker": "s"},
    "public": {"color": "#767676", "marker": "o"},
}

PAGE = Path(__file__).with_name("page.md")


def write_all(rows: list[Measurement], machine: dict[str, str], firing_rate: float) -> list[Path]:
    """Write the table, the page and the figure; return their paths."""
    table = ROOT / "results/benchmark/engine.csv"
    page = ROOT / "docs/benchmark.md"
    with replacing(table) as temporary, temporary.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        writer.writerows((*row, row.ratio) for row in rows)
    with replacing(page) as temporary:
        temporary.write_text(page_of(rows, machine, firing_rate))
    save(growth_figure(rows), page.with_suffix(".png"))
    return [path.relative_to(ROOT) for path in (table, page, page.with_suffix(".png"))]


def page_of(rows: list[Measurement], machine: dict[str, str], firing_rate: float) -> str:
    """Return the page for readers."""
    growths = {name: [work.name for work in works] for name, works in growth_works().items()}
    grown = {name for names in growths.values() for name in names}
    main = [row for row in rows if row.work not in grown]
    return PAGE.read_text().format(
        machine="\n".join(_machine_table(machine)),
        batch=BATCH,
        steps=STEPS,
        rate=firing_rate,
        before=STEPS_BEFORE_EVALUATION,
        threads=THREADS,
        **REPEATS,
        times="\n".join(main_table([row for row in main if row.quantity != "memory"])),
        memory="\n".join(main_table([row for row in main if row.quantity == "memory"])),
        possible=f"{number_of(growths['connections'][-1]):,}",
        growths="\n\n".join(
            "\n".join(main_table([row for row in rows if row.work in names], GROWTHS[growth]))
            for growth, names in growths.items()
        ),
    )


def _machine_table(machine: dict[str, str]) -> Iterator[str]:
    yield from ("| machine | |", "| --- | --- |")
    for name, value in machine.items():
        yield f"| {name} | {value} |"


def main_table(rows: list[Measurement], growth: str = "") -> Iterator[str]:
    """Yield the lines of a table: a line a work and quantity, the peers beside ours.

    Args:
        rows: those of one work and quantity follow each other.
        growth: what grows, if it does: lines are then named by its number.
    """
    peers = "".join(f" {peer} | ratio |" for peer in PEERS)
    yield f"| {growth or 'work'} | ours |{peers}"
    yield "| --- |" + " ---: |" * (1 + 2 * len(PEERS))
    for (work, quantity), group in groupby(rows, key=lambda row: (row.work, row.quantity)):
        of_peers = list(group)
        cells = [_shown(of_peers[0].ours, quantity)]
        for row in of_peers:
            cells += [_shown(row.theirs, quantity), f"{row.ratio:.1f}"]
        name = f"{number_of(work):,}" if growth else f"`{work}`"
        yield f"| {name} | {' | '.join(cells)} |"


def number_of(work: str) -> int:
    """Return the number that stands last in the name of a growth's work."""
    return int(work.rsplit("_", 1)[1])


def _shown(value: float, quantity: str) -> str:
    if quantity == "memory":
        return f"{value:.0f} MiB"
    if value >= 10:
        return f"{value:.1f} s"
    return f"{1000 * value:.0f} ms" if value >= 0.1 else f"{1000 * value:.1f} ms"


@style.styled
def growth_figure(rows: list[Measurement]) -> Figure:
    """Draw the milliseconds of a step against what grows, a panel each, both axes logarithmic."""
    figure = style.new_figure(52)
    panels = figure.subplots(1, len(GROWTHS), sharey=True)
    for axes, letter, (growth, works) in zip(panels, "abcd", growth_works().items(), strict=True):
        numbers = [number_of(work.name) for work in works]
        found = {(row.work, row.peer): row for row in rows if row.quantity == "step"}
        lines = {"ours": [found[work.name, PEERS[0]].ours for work in works]}
        for peer in PEERS:
            lines[peer] = [found[work.name, peer].theirs for work in works]
        for side, seconds in lines.items():
            axes.loglog(numbers, [1000 * s for s in seconds], label=side, **LOOKS[side])
        axes.set_xlabel(GROWTHS[growth])
        shown = numbers[::2] if len(numbers) > 5 else numbers
        axes.set_xticks(shown, [f"{number:,}" for number in shown])
        axes.xaxis.set_minor_locator(NullLocator())
        style.panel_title(axes, letter)
    panels[0].set_ylabel("training step (ms)")
    panels[0].yaxis.set_major_formatter("{x:,.0f}")
    handles, names = panels[0].get_legend_handles_labels()
    figure.legend(handles, names, loc="outside lower center", ncols=len(names))
    return figure

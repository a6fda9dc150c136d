"""What the study leaves behind: tables, the page for readers, its figure."""

from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import seaborn
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from delaynet.analysis.grouping.kinds import JOINT, KINDS
from delaynet.config.files import replacing
from delaynet.config.grid import STANDARD, Point, load_config
from delaynet.config.variants import DELAYS, SIGNS, STRUCTURES
from delaynet.paper.figures import style
from delaynet.paper.figures.render import save

ROOT = Path(__file__).parents[2]
PAGE = Path(__file__).with_name("page.md")
PILOT_EPOCHS = (10, 30, 100, 300)
# and the names of their configurations
CORPORA = {"synthetic speech": "study", "human speech": "study_human"}
PRIMARY, OTHERS = "#0A3A8C", "#707070"


def write_all(tables: dict[str, pd.DataFrame]) -> Iterator[Path]:
    """Write tables, page and figure; yield their paths.

    Args:
        tables: by name, `pilot`, `ridge`, `grouping`, and of both corpora `runs`, `accuracy` and
            `estimates`, with `human_` before those of human speech.
    """
    page = ROOT / "docs/study.md"
    for name, table in tables.items():
        path = ROOT / f"docs/study/{name}.csv"
        with replacing(path) as temporary:
            table.to_csv(temporary, index=False, float_format="%.6g")
        yield path
    with replacing(page) as temporary:
        temporary.write_text(page_of(tables), encoding="utf-8")
    yield page
    by_corpus = dict(zip(CORPORA, (tables["estimates"], tables["human_estimates"]), strict=True))
    save(estimates_figure(by_corpus), page.with_suffix(".png"))
    yield page.with_suffix(".png")


def page_of(tables: dict[str, pd.DataFrame]) -> str:
    """Return the page for readers."""
    return PAGE.read_text(encoding="utf-8").format(
        pilot="\n".join(pilot_table(tables["pilot"])),
        accuracy="\n".join(accuracy_table(tables["accuracy"])),
        estimates="\n".join(estimates_table(tables["estimates"])),
        human_accuracy="\n".join(accuracy_table(tables["human_accuracy"])),
        human_estimates="\n".join(estimates_table(tables["human_estimates"])),
        estimate=estimate_words(tables["estimates"]),
        human=estimate_words(tables["human_estimates"]),
        joint=grouping_words(tables["grouping"]),
        grouping="\n".join(grouping_table(tables["grouping"])),
        ridge="\n".join(ridge_table(tables["ridge"])),
        runs=len(tables["runs"]),
        planned=sum(1 for _ in load_config(ROOT / "config/study.yaml").runs()),
        seeds=tables["runs"]["seed"].nunique(),
        human_seeds=tables["human_runs"]["seed"].nunique(),
    )


def point_words(point: Point) -> str:
    """Return the words for a point, as `fixed delays, DEEP R with RigL at 0.9375`."""
    words = f"{DELAYS[point.delays].words}, {STRUCTURES[point.structure].words}"
    words += f" at {point.sparsity}" if point.sparsity != "0" else ""
    words += f", {SIGNS[point.signs].words}" if point.signs == "dale" else ""
    return words if point.condition == STANDARD else f"{words} ({point.condition})"


def pilot_table(pilot: pd.DataFrame) -> Iterator[str]:
    """Yield the lines of the table of training accuracy by epochs."""
    yield "| network | initial weights | " + " | ".join(map(str, PILOT_EPOCHS)) + " |"
    yield "| --- | --- |" + " ---: |" * len(PILOT_EPOCHS)
    of_network = ["delays", "structure", "signs", "sparsity", "initial_weights"]
    for (*network, weights), rows in pilot.groupby(of_network, sort=False):
        by_epochs = rows.set_index("epochs")["training_accuracy"]
        cells = " | ".join(f"{by_epochs[epochs]:.0f}" for epochs in PILOT_EPOCHS)
        yield f"| {point_words(Point(*network))} | {weights} | {cells} |"


def accuracy_table(accuracy: pd.DataFrame) -> Iterator[str]:
    """Yield the lines of the table of test accuracy: a line a point."""
    yield "| network | seeds | test accuracy (95 % interval) |"
    yield "| --- | ---: | ---: |"
    for _, row in accuracy.iterrows():
        words = point_words(Point(*row[list(Point._fields)]))
        interval = f"{row['low']:.1f} to {row['high']:.1f}"
        yield f"| {words} | {row['n']} | {row['mean']:.1f} ({interval}) |"


def estimates_table(estimates: pd.DataFrame) -> Iterator[str]:
    """Yield the lines of the table of estimates, those that are primary in bold."""
    yield "| estimate | seeds | points (95 % interval) | p | Holm |"
    yield "| --- | ---: | ---: | ---: | ---: |"
    for _, row in estimates.iterrows():
        name = f"**{row['name']}**" if row["is_primary"] else row["name"]
        interval = f"{row['effect']:+.1f} ({row['low']:+.1f} to {row['high']:+.1f})"
        holm = f"{row['holm']:.2g}" if row["is_primary"] else ""
        yield f"| {name} | {row['n']} | {interval} | {row['p']:.2g} | {holm} |"


def estimate_words(estimates: pd.DataFrame) -> dict[str, str]:
    """Return the words for each estimate, as `+7.2 points (+3.8 to +10.7, 20 seeds)`."""
    return {
        row["name"]: f"{row['effect']:+.1f} points ({row['low']:+.1f} to {row['high']:+.1f}, "
        f"{row['n']} seeds)"
        for _, row in estimates.iterrows()
    }


def grouping_words(grouping: pd.DataFrame) -> dict[str, str]:
    """Return the words for joint grouping by corpus and delays, as `human speech, learned`."""
    return {
        f"{row['corpus']}, {row['delays']}": f"{row['mean']:+.3f} ({row['low']:+.3f} to "
        f"{row['high']:+.3f}, {row['n']} seeds)"
        for _, row in grouping[grouping["kind"] == JOINT].iterrows()
    }


def grouping_table(grouping: pd.DataFrame) -> Iterator[str]:
    """Yield the lines of the table of effects on Moran's I: a line a corpus, kind and delays."""
    yield "| corpus | grouping in | delays | seeds | effect (95 % interval) | p |"
    yield "| --- | --- | --- | ---: | ---: | ---: |"
    for _, row in grouping.iterrows():
        interval = f"{row['mean']:+.3f} ({row['low']:+.3f} to {row['high']:+.3f})"
        of = f"{row['corpus']} | {KINDS[row['kind']].words} | {row['delays']}"
        yield f"| {of} | {row['n']} | {interval} | {row['p']:.2g} |"


def ridge_table(ridge: pd.DataFrame) -> Iterator[str]:
    """Yield the lines of the table of likeness: a line a kind of network."""
    wide = ridge.assign(
        of=ridge["low"].map("{:g}".format) + " to " + ridge["high"].map("{:g}".format)
    )
    steps = wide["of"].unique()
    yield "| delays | condition | " + " | ".join(steps) + " |"
    yield "| --- | --- |" + " ---: |" * len(steps)
    for (delays, condition), rows in wide.groupby(["delays", "condition"], sort=False):
        found = rows[rows["pairs"] > 0].set_index("of")["likeness"]
        cells = " | ".join(f"{found[of]:+.2f}" if of in found else "" for of in steps)
        yield f"| {delays} | {condition} | {cells} |"


@style.styled
def estimates_figure(by_corpus: dict[str, pd.DataFrame]) -> Figure:
    """Draw every estimate with its interval, a row each, a panel a corpus, primary ones filled."""
    names = list(dict.fromkeys(name for of in by_corpus.values() for name in of["name"]))
    figure = style.new_figure(style.FULL_WIDTH, 20 + 5 * len(names))
    panels = figure.subplots(1, len(by_corpus), sharex=True, sharey=True)
    for axes, (corpus, estimates) in zip(panels, by_corpus.items(), strict=True):
        for _, row in estimates.iterrows():
            _draw_estimate(axes, names.index(row["name"]), row)
        axes.axvline(0, color=style.GREY, linewidth=0.6)
        axes.set_title(corpus)
        axes.set_xlabel("test accuracy (percentage points)")
        seaborn.despine(ax=axes, left=True)
    panels[0].set_yticks(range(len(names)), names)
    panels[0].set_ylim(len(names) - 0.5, -0.5)
    return figure


def _draw_estimate(axes: Axes, place: int, row: pd.Series) -> None:
    colour = PRIMARY if row["is_primary"] else OTHERS
    ends = [[row["effect"] - row["low"]], [row["high"] - row["effect"]]]
    face = colour if row["is_primary"] else "white"
    axes.errorbar([row["effect"]], [place], xerr=ends, fmt="o", color=colour, markerfacecolor=face)

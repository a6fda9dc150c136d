"""What the study leaves behind: tables, the page for readers, its figure."""

from collections.abc import Iterator
from math import isnan
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd
import seaborn
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from delaynet.analysis.exchange import EXCHANGES
from delaynet.analysis.grouping.kinds import JOINT, KINDS
from delaynet.analysis.grouping.nulls import NULLS
from delaynet.config.files import replacing
from delaynet.config.grid import STANDARD, Point, load_config
from delaynet.config.variants import DELAYS, SIGNS, STRUCTURES
from delaynet.paper.figures import style
from delaynet.paper.figures.render import save
from study.grouping import DIFFERENCE
from study.trainings import seal_of
from study.used import EPOCHS

ROOT = Path(__file__).parents[2]
PAGE = Path(__file__).with_name("page.md")
PILOT_EPOCHS = (10, 30, 100, 300)
# and the names of their configurations
CORPORA = {"synthetic speech": "study", "human speech": "study_human"}
PRIMARY, OTHERS = "#0A3A8C", "#707070"


class Answer(NamedTuple):
    """A difference in accuracy that answers a question: a row of the first table and the figure.

    Attributes:
        words: what is compared.
        table: that has it, without `human_` or `voices_`.
        name: of its row there.
    """

    words: str
    table: str
    name: str


GAIN, DIFFERENCE_OF_GAINS = "rewired minus static", "gain of rewiring, fixed minus no delays"
ANSWERS = {
    "does structure learn delays?": (
        Answer("rewired minus static, fixed delays", "estimates", f"{GAIN}, fixed at 0.9375"),
        Answer("rewired minus static, no delays", "estimates", f"{GAIN}, none at 0.9375"),
        Answer("difference of these two", "estimates", f"{DIFFERENCE_OF_GAINS}, at 0.9375"),
        Answer("at 0.875: fixed delays", "estimates", f"{GAIN}, fixed at 0.875"),
        Answer("at 0.875: no delays", "estimates", f"{GAIN}, none at 0.875"),
        Answer("at 0.875: difference", "estimates", f"{DIFFERENCE_OF_GAINS}, at 0.875"),
        Answer("trained anew: found minus exchanged", "chosen", "chosen (found minus exchanged)"),
        Answer(
            "trained anew: found with delays minus without",
            "chosen",
            "found minus found without delays, these drawn after",
        ),
    ),
    "what does the gradient add?": (
        Answer(
            "learned minus frozen, static", "estimates", "learned minus frozen, static at 0.9375"
        ),
        Answer(
            "learned minus fixed, rewired", "estimates", "learned minus fixed, rewired at 0.9375"
        ),
        Answer(
            "at 0.875: learned minus frozen, static",
            "estimates",
            "learned minus frozen, static at 0.875",
        ),
        Answer(
            "at 0.875: learned minus fixed, rewired",
            "estimates",
            "learned minus fixed, rewired at 0.875",
        ),
    ),
    "is joint grouping used?": (
        Answer("maps found minus exchanged", "worth", "found minus exchanged"),
        Answer(
            "maps mirrored minus mirrored and exchanged",
            "worth",
            "mirrored minus mirrored and exchanged",
        ),
        Answer("difference of these two", "worth", "difference of these two"),
    ),
}
GROUPING_LABEL = "joint grouping\n(effect on Moran's I)"
PREFIXES = {"synthetic speech": "", "other corpora": "voices_", "human speech": "human_"}


def write_all(tables: dict[str, pd.DataFrame]) -> Iterator[Path]:
    """Write tables, page and figure; yield their paths.

    Args:
        tables: by name: `pilot`, `along`, `equal_accuracy` and `ridge`; of both corpora `grouping`
            and `exchange`; and `runs`, `accuracy`, `estimates`, `retrained`, `chosen`, `used` and
            `worth`, with `human_` before those of human speech and `voices_` before those of other
            corpora.
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
    save(study_figure(tables), page.with_suffix(".png"))
    yield page.with_suffix(".png")


def page_of(tables: dict[str, pd.DataFrame]) -> str:
    """Return the page for readers."""
    equal, worth = tables["equal_accuracy"], tables["worth"]
    return PAGE.read_text(encoding="utf-8").format(
        pilot="\n".join(pilot_table(tables["pilot"])),
        accuracy="\n".join(accuracy_table(tables["accuracy"])),
        estimates="\n".join(estimates_table(tables["estimates"])),
        human_accuracy="\n".join(accuracy_table(tables["human_accuracy"])),
        human_estimates="\n".join(estimates_table(tables["human_estimates"])),
        estimate=estimate_words(tables["estimates"]),
        human=estimate_words(tables["human_estimates"]),
        voices=estimate_words(tables["voices_estimates"]),
        voices_estimates="\n".join(estimates_table(tables["voices_estimates"])),
        over_corpora=estimate_words(tables["voices_corpora"]),
        first_ten=estimate_words(tables["first_ten_estimates"]),
        last_ten=estimate_words(tables["last_ten_estimates"]),
        voices_blocks="\n".join(estimates_table(tables["voices_blocks"])),
        voices_accuracy="\n".join(accuracy_table(tables["voices_accuracy"])),
        human_fresh=estimate_words(tables["human_fresh_estimates"]),
        human_fresh_estimates="\n".join(estimates_table(tables["human_fresh_estimates"])),
        human_p=tables["human_estimates"].set_index("name")["p"],
        peak=tables["ridge"]
        .query("low == 0")
        .set_index(["delays", "condition"])
        .likeness["learned"],
        chosen=estimate_words(tables["chosen"]),
        human_chosen=estimate_words(tables["human_chosen"]),
        joint=words_of(tables["grouping"], JOINT, 3),
        fall=words_of(tables["exchange"], KINDS[JOINT].minuend, 1, " points"),
        equal=mean_words(equal[equal["delays"] == DIFFERENCE].set_index("accuracy"), 3),
        choice="\n".join(estimates_table(tables["chosen"])),
        human_choice="\n".join(estimates_table(tables["human_chosen"])),
        grouping="\n".join(
            kinds_table(tables["grouping"], {name: kind.words for name, kind in KINDS.items()}, 3)
        ),
        exchange="\n".join(
            kinds_table(tables["exchange"], {name: NULLS[name].label for name in EXCHANGES}, 1)
        ),
        equal_accuracy="\n".join(equal_accuracy_table(tables["equal_accuracy"])),
        ridge="\n".join(ridge_table(tables["ridge"])),
        answers=answers_tables(tables),
        worth=estimate_words(worth[worth["epochs"] == EPOCHS[0]]),
        worth_p=worth.query(f"epochs == {EPOCHS[0]} and name == 'difference of these two'")[
            "p"
        ].item(),
        later=estimate_words(worth[worth["epochs"] == EPOCHS[1]]),
        human_worth=estimate_words(tables["human_worth"]),
        human_worth_p=tables["human_worth"].set_index("name")["p"]["found minus exchanged"],
        maps="\n".join(maps_table(tables)),
        later_accuracy=range_of_accuracy(tables["used"]),
        p=tables["estimates"].set_index("name")["p"],
        trainings=len(tables["trainings"]),
        hours=tables["trainings"]["seconds"].sum() / 3600,
        seconds=tables["trainings"]["seconds"].describe(),
        seal=seal_of(tables["trainings"]),
        twice=largest_differences(tables["trained_twice"]),
        runs=len(tables["runs"]),
        planned=sum(1 for _ in load_config(ROOT / "config/study.yaml").runs()),
    )


def largest_differences(twice: pd.DataFrame) -> pd.DataFrame:
    """Return by corpus the number `n` of networks trained twice, and how far they differ at most.

    Args:
        twice: `corpus`, and the accuracies `accuracy` and `again`.
    """
    differences = (twice["again"] - twice["accuracy"]).abs().groupby(twice["corpus"])
    return differences.agg(["size", "max", "mean"]).rename(columns={"size": "n"}).T


def range_of_accuracy(used: pd.DataFrame) -> str:
    """Return the lowest and the highest mean accuracy of a kind of maps after all epochs."""
    by_map = used[used["epochs"] == EPOCHS[1]].groupby("map")["accuracy"].mean()
    return f"{by_map.min():.1f} to {by_map.max():.1f}"


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
    """Yield the lines of the table of accuracy and what is beside it: a line a point."""
    yield (
        "| network | seeds | accuracy (95 % interval) | unrounded | speakers seen, not seen | "
        "silent neurons (%) | inputs of the others |"
    )
    yield "| --- | ---: | ---: | ---: | ---: | ---: | ---: |"
    for _, row in accuracy.iterrows():
        words = point_words(Point(*row[list(Point._fields)]))
        interval = f"{row['low']:.1f} to {row['high']:.1f}"
        speakers = " and ".join(
            "–" if isnan(row[name]) else f"{row[name]:.1f}"
            for name in ("seen_accuracy", "unseen_accuracy")
        )
        yield (
            f"| {words} | {row['n']} | {row['mean']:.1f} ({interval}) | "
            f"{row['unrounded_accuracy']:.1f} | {speakers} | {row['silent_neurons']:.1f} | "
            f"{row['inputs']:.1f} |"
        )


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
    """Return the words for each estimate by its name."""
    return {row["name"]: points_words(row) for _, row in estimates.iterrows()}


def points_words(row: pd.Series) -> str:
    """Return the words for an estimate, as `+7.2 points (+3.8 to +10.7, 20 seeds)`."""
    interval = f"{row['low']:+.1f} to {row['high']:+.1f}"
    return f"{row['effect']:+.1f} points ({interval}, {row['n']} seeds)"


def mean_words(table: pd.DataFrame, digits: int, unit: str = "") -> dict[Any, str]:
    """Return the words for each row by its index, as `+0.256 (+0.227 to +0.284, 5 seeds)`."""
    return {
        name: f"{row['mean']:+.{digits}f}{unit} ({row['low']:+.{digits}f} to "
        f"{row['high']:+.{digits}f}, {row['n']} seeds)"
        for name, row in table.iterrows()
    }


def words_of(table: pd.DataFrame, kind: str, digits: int, unit: str = "") -> dict[str, str]:
    """Return the words for a kind by corpus and delays, as `human speech, learned`."""
    own = table[table["kind"] == kind]
    return mean_words(own.set_index(own["corpus"] + ", " + own["delays"]), digits, unit)


def kinds_table(table: pd.DataFrame, words: dict[str, str], digits: int) -> Iterator[str]:
    """Yield the lines of a table of effects by corpus, kind and delays.

    Args:
        table: `corpus`, `kind`, `delays` and what `study.grouping.summary_of_effects` returns.
        words: of each kind.
        digits: of effects.
    """
    yield "| corpus | kind | delays | seeds | effect (95 % interval) | p |"
    yield "| --- | --- | --- | ---: | ---: | ---: |"
    for _, row in table.iterrows():
        interval = f"{row['low']:+.{digits}f} to {row['high']:+.{digits}f}"
        yield (
            f"| {row['corpus']} | {words[row['kind']]} | {row['delays']} | {row['n']} | "
            f"{row['mean']:+.{digits}f} ({interval}) | {row['p']:.2g} |"
        )


def equal_accuracy_table(table: pd.DataFrame) -> Iterator[str]:
    """Yield the lines of the table of joint grouping at equal accuracy: a line an accuracy."""
    yield "| accuracy (%) | delays | seeds | effect (95 % interval) | p |"
    yield "| ---: | --- | ---: | ---: | ---: |"
    for _, row in table.iterrows():
        interval = f"{row['mean']:+.3f} ({row['low']:+.3f} to {row['high']:+.3f})"
        yield (
            f"| {row['accuracy']} | {row['delays']} | {row['n']} | {interval} | {row['p']:.2g} |"
        )


def maps_table(tables: dict[str, pd.DataFrame]) -> Iterator[str]:
    """Yield the lines of the table of maps kept and exchanged: accuracies, then differences."""
    yield "| corpus | epochs | maps | seeds | accuracy, or points | p | joint effect |"
    yield "| --- | ---: | --- | ---: | ---: | ---: | ---: |"
    for corpus in CORPORA:
        used, worth = (tables[PREFIXES[corpus] + name] for name in ("used", "worth"))
        for epochs, own in used.groupby("epochs"):
            for name, rows in own.groupby("map", sort=False):
                words, mean = name.replace("_", " and "), rows[["accuracy", "effect"]].mean()
                cells = f"{len(rows)} | {mean['accuracy']:.1f} | | {mean['effect']:+.3f}"
                yield f"| {corpus} | {epochs} | {words} | {cells} |"
            for _, row in worth[worth["epochs"] == epochs].iterrows():
                interval = f"{row['effect']:+.1f} ({row['low']:+.1f} to {row['high']:+.1f})"
                yield (
                    f"| {corpus} | {epochs} | {row['name']} | {row['n']} | {interval} | "
                    f"{row['p']:.2g} | |"
                )


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


def answer_of(tables: dict[str, pd.DataFrame], corpus: str, answer: Answer) -> pd.Series | None:
    """Return the row of an answer for a corpus, or None if it was not asked there."""
    table = tables.get(PREFIXES[corpus] + answer.table, pd.DataFrame({"name": []}))
    rows = table[table["name"] == answer.name]
    if "epochs" in rows:
        rows = rows[rows["epochs"] == EPOCHS[0]]
    return None if rows.empty else rows.iloc[0]


def answers_tables(tables: dict[str, pd.DataFrame]) -> dict[str, str]:
    """Return the lines of the first table by question, answers that are primary in bold."""
    lines: dict[str, str] = {}
    for question, answers in ANSWERS.items():
        first, rows = question, []
        for answer in answers:
            found = [answer_of(tables, corpus, answer) for corpus in PREFIXES]
            is_primary = any(row is not None and row["is_primary"] for row in found)
            words = f"**{answer.words}**" if is_primary else answer.words
            cells = ["" if row is None else points_words(row) for row in found]
            rows.append(f"| {first} | {words} | " + " | ".join(cells) + " |")
            first = ""
        lines[question] = "\n".join(rows)
    return lines


@style.styled
def study_figure(tables: dict[str, pd.DataFrame]) -> Figure:
    """Draw the answers with their intervals, a row each, and joint grouping.

    Above a panel a corpus, with the number of seeds at the right; primary answers are blue and
    filled. Below joint grouping by corpus and kind of delays, and against accuracy, a line a seed.
    """
    rows = [row for question, answers in ANSWERS.items() for row in (question, *answers)]
    figure, (above, below) = style.stacked((22 + 4.6 * len(rows), 48))
    panels = above.subplots(1, len(PREFIXES), sharex=True, sharey=True)
    for axes, letter, corpus in zip(panels, "abc", PREFIXES, strict=True):
        for place, row in enumerate(rows):
            found = None if isinstance(row, str) else answer_of(tables, corpus, row)
            if found is not None:
                _draw_interval(axes, place, found, found["effect"], bool(found["is_primary"]))
        labels = [row if isinstance(row, str) else row.words for row in rows]
        _lay_out(axes, labels, "accuracy (points)")
        style.panel_title(axes, letter, corpus)
    for label, row in zip(panels[0].get_yticklabels(), rows, strict=True):
        label.set_fontweight("bold" if isinstance(row, str) else "normal")
    handles = [
        Line2D([], [], color=PRIMARY, marker="o", label="primary (p corrected by Holm)"),
        Line2D([], [], color=OTHERS, marker="o", markerfacecolor="white", label="others"),
    ]
    above.legend(handles=handles, loc="outside lower right", ncols=2)
    left, right = below.subplots(1, 2)
    grouping = tables["grouping"].query("kind == @JOINT").reset_index(drop=True)
    for place, row in grouping.iterrows():
        _draw_interval(left, place, row, row["mean"], is_primary=False)
    _lay_out(left, list(grouping["corpus"] + ", " + grouping["delays"]), GROUPING_LABEL)
    style.panel_title(left, "d", "dense networks")
    _draw_along(right, tables["along"])
    style.panel_title(right, "e", "dense networks along training, synthetic speech")
    return figure


def _draw_interval(axes: Axes, place: int, row: pd.Series, effect: float, is_primary: bool) -> None:
    """Draw an effect with its interval, and the number of seeds at the right."""
    colour = PRIMARY if is_primary else OTHERS
    ends = [[effect - row["low"]], [row["high"] - effect]]
    face = colour if is_primary else "white"
    axes.errorbar([effect], [place], xerr=ends, fmt="o", color=colour, mfc=face)
    axes.annotate(
        f"{row['n']:.0f}",
        (1.02, place),
        xycoords=("axes fraction", "data"),
        ha="left",
        va="center",
        color=style.GREY,
        fontsize=6,
    )


def _lay_out(axes: Axes, labels: list[str], quantity: str) -> None:
    """Give each row its label, from above, and mark zero."""
    axes.axvline(0, color=style.GREY, linewidth=0.6)
    axes.set_yticks(range(len(labels)), labels)
    axes.set_ylim(len(labels) - 0.5, -0.5)
    axes.tick_params(axis="y", length=0)
    axes.margins(x=0.12)
    axes.set_xlabel(quantity)
    seaborn.despine(ax=axes, left=True)


def _draw_along(axes: Axes, along: pd.DataFrame) -> None:
    seaborn.lineplot(
        along,
        x="accuracy",
        y="effect",
        hue="delays",
        units="seed",
        estimator=None,
        sort=False,
        marker="o",
        palette={"learned": PRIMARY, "fixed": "#C05A00"},
        linewidth=0.7,
        markersize=2.5,
        ax=axes,
    )
    axes.axhline(0, color=style.GREY, linewidth=0.6)
    seaborn.move_legend(axes, "upper left", bbox_to_anchor=(1, 1), title="delays")
    axes.set_xlabel("test accuracy (%)")
    axes.set_ylabel(GROUPING_LABEL)

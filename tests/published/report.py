"""What the study leaves behind: two tables, the page for readers, its figure."""

from collections.abc import Iterator
from pathlib import Path

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from delaynet.config.files import replacing
from delaynet.config.variants import DELAYS, SIGNS, STRUCTURES
from delaynet.paper.figures import style
from delaynet.paper.figures.render import save
from published.study import CELL, MARGIN, SWITCHES

ROOT = Path(__file__).parents[2]
PAGE = Path(__file__).with_name("page.md")
AXES = {
    "accuracy": "effect on accuracy (percentage points)",
    "grouping": "effect on grouping (Moran's I)",
}
LOOKS = {
    "ours": {"label": "other choices ours", "color": "#0A3A8C", "markerfacecolor": "#0A3A8C"},
    "published": {
        "label": "other choices published",
        "color": "#C05A00",
        "markerfacecolor": "white",
    },
}


def write_all(
    equivalence: pd.DataFrame, effects: pd.DataFrame, epochs: pd.DataFrame, facts: dict[str, str]
) -> list[Path]:
    """Write tables, page and figure; return their paths.

    Args:
        equivalence: from `published.study.equivalence`.
        effects: from `published.study.effects`.
        epochs: from `published.study.initial_weights_by_epochs`.
        facts: of the trainings, for the page.
    """
    page = ROOT / "docs/published.md"
    # the manuscript reads the effects
    tables = {
        ROOT / "docs/published.csv": equivalence,
        ROOT / "docs/published_epochs.csv": epochs,
        ROOT / "manuscript/departures.csv": effects,
    }
    for path, table in tables.items():
        with replacing(path) as temporary:
            table.to_csv(temporary, index=False, float_format="%.6g")
    with replacing(page) as temporary:
        temporary.write_text(page_of(equivalence, effects, epochs, facts), encoding="utf-8")
    figure = page.with_suffix(".png")
    save(effects_figure(effects), figure)
    return [path.relative_to(ROOT) for path in (*tables, page, figure)]


def page_of(
    equivalence: pd.DataFrame, effects: pd.DataFrame, epochs: pd.DataFrame, facts: dict[str, str]
) -> str:
    """Return the page for readers."""
    held = int(equivalence["is_equivalent"].sum())
    return PAGE.read_text(encoding="utf-8").format(
        held=held,
        cells=len(equivalence),
        margin=f"{MARGIN:g}",
        equivalence="\n".join(equivalence_table(equivalence)),
        accuracy="\n".join(effects_table(effects, "accuracy", 1)),
        grouping="\n".join(effects_table(effects, "grouping", 3)),
        epochs="\n".join(epochs_table(epochs)),
        **facts,
    )


def cell_words(row: pd.Series) -> str:
    """Return the words for a cell, as `fixed delays, DEEP R with RigL at 0.9375`."""
    words = f"{DELAYS[row['delays']].words}, {STRUCTURES[row['structure']].words}"
    words += f" at {row['sparsity']}" if row["sparsity"] != "0" else ""
    return words if row["signs"] == "free" else f"{words}, {SIGNS[row['signs']].words}"


def equivalence_table(equivalence: pd.DataFrame) -> Iterator[str]:
    """Yield the lines of the table of cells."""
    yield "| cell | published code | ours | difference | 90 % interval | p | equivalent |"
    yield "| --- | ---: | ---: | ---: | ---: | ---: | --- |"
    for _, row in equivalence.iterrows():
        theirs = (
            f"{row['their_mean']:.1f} ± {row['their_standard_deviation']:.1f} ({row['their_n']})"
        )
        ours = f"{row['mean']:.1f} ± {row['standard_deviation']:.1f} ({row['n']})"
        interval = f"{row['low']:+.1f} to {row['high']:+.1f}"
        answer = "yes" if row["is_equivalent"] else "no"
        yield (
            f"| {cell_words(row)} | {theirs} | {ours} | {row['difference']:+.1f} | {interval} | "
            f"{row['p']:.2g} | {answer} |"
        )


def effects_table(effects: pd.DataFrame, measure: str, digits: int) -> Iterator[str]:
    """Yield the lines of a measure's table: a line a switch and cell."""
    yield "| switch | cell | other choices ours | other choices published |"
    yield "| --- | --- | ---: | ---: |"
    of_measure = effects[effects["measure"] == measure]
    for (switch, *_), rows in of_measure.groupby(["switch", *CELL], sort=False):
        shown = {
            row["others"]: f"{row['effect']:+.{digits}f} ({row['low']:+.{digits}f} to "
            f"{row['high']:+.{digits}f})"
            for _, row in rows.iterrows()
        }
        cells = " | ".join(shown.get(others, "") for others in LOOKS)
        yield f"| `{switch}` | {cell_words(rows.iloc[0])} | {cells} |"


def epochs_table(epochs: pd.DataFrame) -> Iterator[str]:
    """Yield the lines of the table of initial weights: a line a cell and number of epochs."""
    yield "| cell | epochs | seeds | ours | published | published minus ours |"
    yield "| --- | ---: | ---: | ---: | ---: | ---: |"
    for _, row in epochs.iterrows():
        interval = f"{row['low']:+.1f} to {row['high']:+.1f}"
        yield (
            f"| {cell_words(row)} | {row['epochs']} | {row['n']} | {row['ours']:.1f} | "
            f"{row['published']:.1f} | {row['effect']:+.1f} ({interval}) |"
        )


@style.styled
def effects_figure(effects: pd.DataFrame) -> Figure:
    """Draw every effect with its interval, a panel a measure, a row a switch and cell."""
    figure = style.new_figure(110)
    panels = figure.subplots(1, len(AXES), sharey=True)
    height = _heights(effects)
    for axes, letter, (measure, label) in zip(panels, "ab", AXES.items(), strict=True):
        _draw_effects(axes, effects[effects["measure"] == measure], height)
        axes.set_xlabel(label)
        style.panel_title(axes, letter)
    panels[0].set_yticks(list(height.values()), [f"{switch}: {cell}" for switch, cell in height])
    panels[0].set_ylim(max(height.values()) + 0.7, -0.7)
    handles, names = panels[0].get_legend_handles_labels()
    figure.legend(handles, names, loc="outside lower center", ncols=len(names))
    return figure


def _heights(effects: pd.DataFrame) -> dict[tuple[str, str], int]:
    """Return the height of each switch and cell, with a gap between switches."""
    rows = effects.drop_duplicates(["switch", *CELL]).sort_values(
        "switch", key=lambda names: names.map(SWITCHES.index), kind="stable"
    )
    return {
        (row["switch"], cell_words(row)): number + SWITCHES.index(row["switch"])
        for number, (_, row) in enumerate(rows.iterrows())
    }


def _draw_effects(axes: Axes, effects: pd.DataFrame, height: dict[tuple[str, str], int]) -> None:
    for offset, (others, look) in zip((-0.16, 0.16), LOOKS.items(), strict=True):
        of_side = effects[effects["others"] == others]
        places = [height[row["switch"], cell_words(row)] + offset for _, row in of_side.iterrows()]
        ends = of_side["effect"] - of_side["low"], of_side["high"] - of_side["effect"]
        axes.errorbar(of_side["effect"], places, xerr=ends, fmt="o", markersize=3, **look)
    axes.axvline(0, color=style.GREY, linewidth=0.6)

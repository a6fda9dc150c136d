"""The corpus: clips per speaker and word, durations, levels, and how the clips were recorded."""

import math
import textwrap
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pandas as pd
import seaborn
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator

from delaynet.config.settings import SpikeFeatures
from delaynet.data.corpus.clips import SPLITS, Label, label_names, labels_of
from delaynet.data.corpus.report import CheckedClip, CorpusReport, read_report
from delaynet.data.features.mel import sentences_on_empty_bands
from delaynet.data.order import number_first
from delaynet.paper.figures import style
from delaynet.paper.figures.loading import Results

# distinct by lightness alone
COLOURS = {"train": "#8FC1BC", "validation": "#4F8A85", "test": "#1F4E4A"}
DURATION, LEVEL = "duration (s)", "RMS level (dB re full scale)"
BINS = 40
MAXIMAL_SPEAKER_DIGITS = 26  # of all tick labels together
MAXIMAL_WORD_LABELS = 60
PANEL, LINE, SURROUNDINGS = 36, 3.2, 24  # heights in mm
LETTERS_PER_LINE = 120


def load(results: Results) -> CorpusReport:
    """Read the corpus report, and add notes on mel bands that stay empty."""
    report = read_report(results.folder / "corpus_report.json")
    features = results.config.features
    if isinstance(features, SpikeFeatures):
        return report
    rates = [checked.sample_rate for checked in report.clips]
    notes = sentences_on_empty_bands(rates, features)
    return replace(report, notes=(*report.notes, *notes))


@style.styled
def draw(report: CorpusReport) -> Figure:
    """Draw four panels of counts, and facts on all clips as text below."""
    lines = [line for words in _words(report) for line in textwrap.wrap(words, LETTERS_PER_LINE)]
    heights = (PANEL, PANEL, LINE * len(lines))
    figure = style.new_figure(sum(heights) + SURROUNDINGS)
    grid = figure.add_gridspec(3, 3, height_ratios=heights)
    speakers, durations, levels = (figure.add_subplot(grid[0, column]) for column in range(3))
    words = figure.add_subplot(grid[1, :])
    for axes, letter in zip((speakers, durations, levels, words), "abcd", strict=True):
        style.panel_title(axes, letter)
    if report.clips:
        clips = _table_of(report.clips)
        _draw_speakers(speakers, clips)
        for axes, name in ((durations, DURATION), (levels, LEVEL)):
            _draw_counts(axes, clips, name, bins=BINS)
        _draw_words(words, clips, labels_of(report.clips))
        handles = [
            Patch(color=COLOURS[split], linewidth=0, label=f"{split} list")
            for split in _splits(report.clips)
        ]
        figure.legend(handles=handles, loc="outside lower center", ncols=len(handles))
    else:
        for axes in (speakers, durations, levels, words):
            style.say_empty(axes, "no clip without a fault")
    style.note(levels, report.name)
    text = figure.add_subplot(grid[2, :])
    text.set_axis_off()
    text.text(0, 1, "\n".join(lines), va="top", fontsize=6.5, linespacing=1.4)
    figure.align_ylabels([speakers, words])
    return figure


def _splits(clips: Sequence[CheckedClip]) -> list[str]:
    """Return the lists to show: training and test list, and the validation list if there is one."""
    there = {"train", "test"} | {checked.split for checked in clips}
    return [split for split in SPLITS if split in there]


def _table_of(clips: Sequence[CheckedClip]) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "split": [checked.split for checked in clips],
            "speaker": [checked.speaker for checked in clips],
            "label": [checked.label for checked in clips],
            DURATION: [checked.seconds for checked in clips],
            LEVEL: [checked.level_db for checked in clips],
        }
    )


def _draw_counts(axes: Axes, clips: pd.DataFrame, name: str, **bars: Any) -> None:
    """Draw the histogram of a value, with the lists stacked."""
    seaborn.histplot(
        clips,
        x=name,
        hue="split",
        hue_order=[split for split in reversed(SPLITS) if (clips["split"] == split).any()],
        multiple="stack",
        palette=COLOURS,
        alpha=1,
        linewidth=0,
        legend=False,
        ax=axes,
        **bars,
    )
    axes.set_ylabel("clips")
    axes.yaxis.set_major_locator(MaxNLocator(5, integer=True, steps=[1, 2, 5, 10]))


def _draw_speakers(axes: Axes, clips: pd.DataFrame) -> None:
    speakers = sorted(set(clips["speaker"]), key=number_first)
    place = clips["speaker"].map(speakers.index)
    _draw_counts(axes, clips.assign(speaker=place), "speaker", discrete=True, shrink=0.8)
    every = math.ceil(len(speakers) * max(map(len, speakers)) / MAXIMAL_SPEAKER_DIGITS)
    axes.set_xticks(range(0, len(speakers), every), speakers[::every])


def _draw_words(axes: Axes, clips: pd.DataFrame, labels: Sequence[Label]) -> None:
    """Draw one bar per word, by language."""
    languages = list(dict.fromkeys(label.language for label in labels))
    place = {label: index + languages.index(label.language) for index, label in enumerate(labels)}
    clips = clips.assign(word=[place[label] for label in clips["label"]])
    _draw_counts(axes, clips, "word", discrete=True, shrink=0.8)
    names: list[str] = []
    for language in languages:
        own = [label for label in labels if label.language == language]
        names += label_names(own)
        middle = (place[own[0]] + place[own[-1]]) / 2
        axes.annotate(
            language.capitalize(),
            (middle, 1),
            (0, 2),
            xycoords=("data", "axes fraction"),
            textcoords="offset points",
            ha="center",
        )
    every = math.ceil(len(labels) / MAXIMAL_WORD_LABELS)
    axes.set_xticks(list(place.values())[::every], names[::every], rotation=90)
    axes.tick_params(axis="x", length=0)
    axes.margins(x=0.02)


def _words(report: CorpusReport) -> list[str]:
    """Return one paragraph per fact."""
    clips, splits = report.clips, Counter(checked.split for checked in report.clips)
    minutes = sum(checked.seconds for checked in clips) / 60
    by_split = ", ".join(f"{splits[split]:,} in the {split} list" for split in _splits(clips))
    kinds = [fault.fault for fault in report.faults]
    return [
        f"clips: {len(clips):,}, {by_split}; {minutes:,.1f} minutes",
        "sampling rate: " + _shares([f"{checked.sample_rate:,} Hz" for checked in clips]),
        "channels: " + _shares([str(checked.channels) for checked in clips]),
        "encoding: " + _shares([checked.encoding for checked in clips]),
        f"faults, not shown above: {len(kinds):,}{': ' if kinds else ''}{_shares(kinds)}",
        *report.notes,
    ]


def _shares(values: Sequence[str]) -> str:
    """Return each value with its count, the most frequent first."""
    # no line break within
    return ", ".join(
        f"{value} ({count:,})".replace(" ", "\u00a0")
        for value, count in Counter(values).most_common()
    )

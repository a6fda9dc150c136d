"""Every figure draws for any grid, shows what the runs hold, and is the same when drawn again."""

import json
import os
import re
import subprocess
import sys
from dataclasses import replace
from functools import cache
from importlib import import_module
from itertools import combinations, pairwise
from pathlib import Path
from typing import get_args

import h5py
import numpy as np
import pytest
from click.testing import CliRunner
from example_results import write_project
from matplotlib.collections import PathCollection, PolyCollection
from matplotlib.colors import to_hex, to_rgb

from delaynet.analysis.grouping.kinds import KINDS
from delaynet.analysis.grouping.maps import GroupingMap, write_map
from delaynet.cli.figure import command
from delaynet.config.errors import UserError
from delaynet.config.grid import STANDARD, Run, load_config, parse_config
from delaynet.config.variants import DELAYS, STRUCTURES
from delaynet.data.corpus.clips import Fault, FaultKind
from delaynet.data.corpus.report import CheckedClip, CorpusReport, write_report
from delaynet.paper.figures import corpus, style
from delaynet.paper.figures.accuracy import FILLINGS
from delaynet.paper.figures.correlogram import read_correlogram
from delaynet.paper.figures.loading import Results
from delaynet.paper.figures.render import render, save
from delaynet.paper.figures.selection import (
    FIGURES,
    MANUSCRIPT_FIGURES,
    figures_of,
    needed_files,
    needed_runs,
    reads_recordings,
    shown_sparsity,
    standard_runs,
)
from delaynet.paper.figures.sparsity import halvings
from delaynet.paper.manuscript import build
from delaynet.provenance.embedded import Embedded, read_embedded
from delaynet.training.run_folder import read_network

ROOT = Path(__file__).parents[3]


def load(name, folder):
    return import_module(f"delaynet.paper.figures.{name}").load(results_of(name, folder))


def results_of(name, folder):
    config = load_config(folder / "config.json")
    return Results(folder, config, needed_runs(name, config), folder / "corpus")


@cache
def draw(name, folder):
    return import_module(f"delaynet.paper.figures.{name}").draw(load(name, folder))


@pytest.fixture(scope="module", autouse=True)
def forget_figures():
    """Leave no figures to later tests, in which garbage collection would go through them all."""
    yield
    draw.cache_clear()


def texts(figure):
    return [text.get_text() for text in figure.findobj(lambda artist: hasattr(artist, "get_text"))]


@pytest.fixture(params=["tiny", "static", "large"])
def results(request):
    return request.getfixturevalue(request.param)


@pytest.mark.parametrize("name", FIGURES)
@pytest.mark.slow
def test_every_figure_draws_for_a_large_grid(name, large, tmp_path):
    figure = draw(name, large)
    for suffix, start in (("svg", b"<?xml"), ("png", b"\x89PNG")):
        save(figure, tmp_path / f"figure.{suffix}")
        assert (tmp_path / f"figure.{suffix}").read_bytes().startswith(start)


@pytest.mark.parametrize("name", FIGURES)
@pytest.mark.slow
def test_a_figure_of_a_tiny_grid_drawn_again_has_the_same_bytes(name, tiny, tmp_path):
    written = set()
    for _ in range(2):
        outputs = [tmp_path / "figure.svg", tmp_path / "figure.png"]
        render(name, tiny / "config.json", tiny, *outputs, corpus=tiny / "corpus")
        written.add(tuple(output.read_bytes() for output in outputs))
    ((svg, png),) = written
    assert svg.startswith(b"<?xml")
    assert png.startswith(b"\x89PNG")


@pytest.mark.slow
def test_a_figure_has_the_same_bytes_whatever_the_user_has_set(tiny, tmp_path):
    render("grouping", tiny / "config.json", tiny, tmp_path / "ours.svg")
    settings = "backend: nothing\naxes.grid: True\nfont.size: 20\nsavefig.bbox: tight\n"
    (tmp_path / "matplotlibrc").write_text(settings + "lines.linewidth: 9\nsvg.fonttype: none\n")
    places = ", ".join(repr(str(p)) for p in (tiny / "config.json", tiny, tmp_path / "theirs.svg"))
    code = f"render('grouping', *map(Path, ({places})))"
    imports = "from pathlib import Path; from delaynet.paper.figures.render import render; "
    theirs = os.environ | {"MPLBACKEND": "nothing", "MATPLOTLIBRC": str(tmp_path)}
    subprocess.run([sys.executable, "-c", imports + code], env=theirs, check=True)
    assert (tmp_path / "theirs.svg").read_bytes() == (tmp_path / "ours.svg").read_bytes()


def test_letters_in_an_svg_are_paths(tiny, tmp_path):
    render("accuracy", tiny / "config.json", tiny, tmp_path / "accuracy.svg")
    assert "<text" not in (tmp_path / "accuracy.svg").read_text()


@pytest.mark.parametrize("name", FIGURES)
@pytest.mark.slow
def test_no_letter_is_smaller_than_six_points_and_no_figure_wider_than_the_page(name, large):
    figure = draw(name, large)
    sizes = [
        text.get_fontsize()
        for text in figure.findobj(lambda artist: hasattr(artist, "get_fontsize"))
        if text.get_text().strip()
    ]
    assert min(sizes) >= 6
    assert 25.4 * figure.get_size_inches()[0] == pytest.approx(style.FULL_WIDTH)


@pytest.mark.slow
@pytest.mark.parametrize("name", FIGURES)
def test_nothing_is_drawn_outside_of_the_page(name, large):
    require_inside_of_page(draw(name, large))


def require_inside_of_page(figure):
    figure.draw_without_rendering()
    page = figure.bbox
    for artist in [*figure.texts, *figure.legends, *figure.axes]:
        box = artist.get_tightbbox()
        if box is not None:
            assert box.x0 >= page.x0 - 1 and box.x1 <= page.x1 + 1, artist
            assert box.y0 >= page.y0 - 1 and box.y1 <= page.y1 + 1, artist


def test_the_points_of_accuracy_are_the_summaries_of_the_runs(large):
    figure = draw("accuracy", large)
    for axes, signs in zip(figure.axes[::2], ("free", "dale"), strict=True):
        drawn, written = {}, {}
        for _, accuracy, colour in points(axes):
            drawn.setdefault(colour, []).append(accuracy)
        for run in standard_runs(load_config(large / "config.json")):
            if run.signs == signs:
                summary = json.loads((large / "runs" / run.folder / "summary.json").read_text())
                colour = style.HUES[run.structure].lower()
                written.setdefault(colour, []).append(100 * summary["test_accuracy"])
        assert sorted_values(drawn) == sorted_values(written)


def test_the_forest_plot_ends_with_whether_structure_learns_delays(large):
    data = load("accuracy", large)
    *_, (row, values) = data.differences.items()
    assert row.name == "99.8 %"

    def accuracy(delays, structure, seed):
        runs = (run for run in row.runs if run.seed == seed)
        return data.accuracy[next(runs)._replace(delays=delays, structure=structure)]

    assert set(values) == {0, 1}
    for seed, value in values.items():
        gains = [
            accuracy(delays, "deep_r_rigl", seed) - accuracy(delays, "static_connected", seed)
            for delays in ("fixed", "none")
        ]
        assert value == pytest.approx(gains[0] - gains[1])
    drawn = by_row(draw("accuracy", large).axes[1])
    assert sorted(drawn[len(data.differences) - 1]) == pytest.approx(sorted(values.values()))


def points(axes):
    """The points of a panel: (x, y, colour) of each, the colour of the edge if it is open."""
    drawn = []
    for collection in axes.collections:
        if isinstance(collection, PathCollection):
            places, inside = np.asarray(collection.get_offsets()), collection.get_facecolor()
            is_open = to_hex(inside[0]) in ("#ffffff", FILLINGS["frozen"].lower())
            colours = collection.get_edgecolor() if is_open else inside
            for (x, y), colour in zip(places, np.resize(colours, (len(places), 4)), strict=True):
                drawn.append((x, y, to_hex(colour)))
    return drawn


def sorted_values(lists):
    return {key: sorted(values) for key, values in lists.items()}


def test_the_sparsities_of_the_paper_are_evenly_spaced():
    places = [halvings(str(1 - 2**-k)) for k in range(10)]
    assert places == pytest.approx(range(10))


def test_accuracy_shows_what_guessing_gives(tiny):
    data = load("accuracy", tiny)
    assert data.chance == 50  # percent, of 2 words
    assert "chance" in texts(draw("accuracy", tiny))


def test_the_curves_of_training_are_the_metrics_of_the_runs(large):
    epochs = load_config(large / "config.json").training.epochs
    for curves in load("training", large).metrics.values():
        assert curves["epoch"].tolist() == list(range(1, epochs + 1))
        # so they were written
        assert np.ptp(curves["training_accuracy"] - curves["validation_accuracy"]) < 1e-4


def test_a_panel_without_networks_says_so(static):
    assert "no learned delays\nin this grid" in texts(draw("delays", static))
    assert "no rewired networks\nin this grid" in texts(draw("delays", static))


def test_the_training_figure_names_the_sparsities_that_it_shows(large, static):
    assert "sparsity 0 and 75 %" in texts(draw("training", large))
    assert "sparsity 50 %" in texts(draw("training", static))


def test_delays_that_are_not_learned_do_not_move_and_learned_ones_do(large):
    for run, change in load("delays", large).changes.items():
        stays_put = change.movement[0]  # percent
        if run.structure == "dense" and run.delays == "learned":
            assert stays_put < 50
        if run.structure == "deep_r" and run.sparsity == "0.5" and run.delays != "learned":
            assert stays_put == pytest.approx(100)


def test_delay_distributions_count_every_connection_once(tiny):
    changes = load("delays", tiny).changes
    for run, change in changes.items():
        assert change.before.sum() == pytest.approx(100)
        assert change.excitatory.sum() == pytest.approx(100)
        assert change.inhibitory.sum() == pytest.approx(100)
        folder = tiny / "runs" / run.folder
        before, after = (
            read_network(folder / name).layers[0].weight != 0
            for name in ("initial.h5", "network.h5")
        )
        assert change.turnover == pytest.approx(100 * (after & ~before).sum() / after.sum())
    assert {run.structure for run in changes} == {"dense", "deep_r_rigl"}


def test_silent_neurons_have_no_map(large):
    for run, maps in load("receptive_fields", large).maps.items():
        network = read_network(large / "runs" / run.folder / "network.h5")
        firing = (network.layers[0].firing_rate > 0).sum()
        assert len(maps.before) == len(maps.after) == min(3, firing)


def test_the_task_feeds_a_network_in_the_order_of_channels_that_it_learned(permuted):
    as_learned = load("task", permuted)
    network_file = next((permuted / "runs").rglob("network.h5"))
    with h5py.File(network_file, "r+") as file:
        order = file.attrs["mel_channel"]
        assert list(order) != sorted(order)
        weight, delay = (file["layer_0"][name] for name in ("weight", "delay"))
        for values in (weight, delay):
            values[...] = values[()][:, :, np.argsort(order)]
        file.attrs["mel_channel"] = np.arange(len(order))
    # the same network with its inputs in the order of the file
    in_order = load("task", permuted)
    assert np.array_equal(as_learned.features, in_order.features)
    assert as_learned.voltage == pytest.approx(in_order.voltage, abs=1e-5)


def test_features_that_are_damaged_are_a_sentence(permuted):
    (permuted / "features.h5").write_text("broken")
    with pytest.raises(UserError, match=r"features\.h5: cannot be read as a features file .*make"):
        load("task", permuted)


def test_the_task_shows_a_clip_that_the_network_classified_correctly(tiny):
    data = load("task", tiny)
    # the predictions of the other test clip are wrong
    assert data.label_names[data.label] == "seven"
    assert data.spikes.shape == (80, 32)
    assert set(np.unique(data.spikes)) <= {0, 1}
    assert data.evidence.sum() == pytest.approx(80, rel=1e-4)  # a softmax a step


@pytest.mark.parametrize("name", FIGURES)
def test_a_figure_needs_runs_of_the_grid_only_and_each_once(name, results):
    config = load_config(results / "config.json")
    runs = needed_runs(name, config)
    assert set(runs) <= set(config.runs())
    assert len(set(runs)) == len(runs)
    nothing_to_compare = {"tiny": ("dale", "controls"), "static": ("delays", "dale", "controls")}
    assert runs or name == "corpus" or name in nothing_to_compare.get(config.name, ())


@pytest.mark.parametrize("name", FIGURES)
@pytest.mark.slow
def test_a_figure_draws_with_the_files_that_it_says_it_needs_and_no_others(name, large, tmp_path):
    for file in needed_files(name, load_config(large / "config.json")):
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / file).symlink_to(large / file)
    figure = tmp_path / "figure.png"
    render(name, large / "config.json", tmp_path, figure, corpus=large / "corpus")
    assert (tmp_path / "figure.png").stat().st_size > 10_000


def test_the_task_alone_reads_recordings_where_there_are_any(tiny):
    config = load_config(tiny / "config.json")
    assert [name for name in FIGURES if reads_recordings(name, config)] == ["task"]
    content = json.loads((tiny / "config.json").read_text())
    spikes = {"corpus": {"source": "spikes", "folder": "shd"}, "features": "spikes"}
    assert not reads_recordings("task", parse_config(content | spikes))


def test_the_corpus_is_a_figure_of_the_report_alone_and_needs_no_training(tiny):
    config = load_config(tiny / "config.json")
    assert set(FIGURES) - set(MANUSCRIPT_FIGURES) == {"corpus"}
    assert figures_of(config) == FIGURES
    assert needed_files("corpus", config) == ["corpus_report.json"]
    content = json.loads((tiny / "config.json").read_text())
    spikes = {"corpus": {"source": "spikes", "folder": "shd"}, "features": "spikes"}
    assert figures_of(parse_config(content | spikes)) == MANUSCRIPT_FIGURES


def test_the_bars_of_the_corpus_are_its_clips(tiny):
    figure = draw("corpus", tiny)
    speakers, durations, levels, words, _ = figure.axes
    assert bars(speakers, "train") == {"0": 2, "4": 0}
    assert bars(speakers, "test") == {"0": 0, "4": 2}
    assert bars(words, "train") == bars(words, "test") == {"one": 1, "seven": 1}
    for histogram in (durations, levels):
        assert sum(bar.get_height() for bar in histogram.patches) == 4
    assert {"English", "tones"} <= set(texts(figure))


def bars(axes, split):
    """The heights of one split's bars by what stands below them."""
    (container,) = (
        c
        for c in axes.containers
        if to_hex(c.patches[0].get_facecolor()) == corpus.COLOURS[split].lower()
    )
    heights = {round(bar.get_center()[0]): bar.get_height() for bar in container.patches}
    return {
        label.get_text(): heights[round(label.get_position()[0])]
        for label in axes.get_xticklabels()
    }


def corpus_text(report):
    figure = corpus.draw(report)
    return "\n".join(texts(figure.axes[-1])).replace("\u00a0", " ")


def test_the_corpus_figure_says_how_clips_were_recorded_and_how_many_are_faulty(tiny):
    report = load("corpus", tiny)
    text = corpus_text(report)
    assert "clips: 4, 2 in the train list, 2 in the test list; 0.0 minutes" in text
    assert "sampling rate: 22,050 Hz (4)" in text
    assert "encoding: FLAC PCM_16 (4)" in text
    assert "faults, not shown above: 0" in text
    faults = tuple(Fault(f"{number}.flac", "silent", "all samples are 0") for number in range(3))
    faulty = replace(report, faults=faults)
    assert "faults, not shown above: 3: silent (3)" in corpus_text(faulty)
    assert "no clip without a fault" in texts(corpus.draw(replace(faulty, clips=())))


def test_the_corpus_figure_says_which_mel_bands_stay_empty(tiny, tmp_path):
    report = load("corpus", tiny)
    assert "mel bands" not in corpus_text(report)
    low = replace(report, clips=tuple(replace(clip, sample_rate=8000) for clip in report.clips))
    write_report(low, tmp_path / "corpus_report.json")
    loaded = corpus.load(replace(results_of("corpus", tiny), folder=tmp_path))
    text = corpus_text(loaded).replace("\n", " ")
    assert "mel bands are empty in 4 of 4 clips: they lie above 4000 Hz" in text


@pytest.mark.parametrize(
    ("languages", "speakers", "words"), [(1, 3, 35), (2, 12, 25), (5, 100, 10), (1, 1, 1)]
)
@pytest.mark.slow
def test_the_corpus_figure_holds_any_words_and_speakers(languages, speakers, words):
    clips = tuple(
        CheckedClip(
            f"{a}-{b}-{c}.wav",
            f"longword{c}",
            str(b),
            ("train", "test")[(b + c) % 2],
            f"language{a}",
            0,
            0.5 + 0.01 * c,
            48000,
            1,
            "WAV PCM_24",
            -3.0,
            -20.0 - b,
        )
        for a in range(languages)
        for b in range(speakers)
        for c in range(words)
    )
    faults = tuple(Fault("a.flac", kind, "so it is") for kind in get_args(FaultKind))
    figure = corpus.draw(
        CorpusReport("a long name of a corpus", "folder", "audio", clips, faults, ())
    )
    require_inside_of_page(figure)
    for axes in (figure.axes[0], figure.axes[3]):
        labels = [label.get_window_extent() for label in axes.get_xticklabels()]
        assert all(a.x1 <= b.x0 for a, b in pairwise(labels))
    assert sum(bar.get_height() for bar in figure.axes[3].patches) == len(clips)


def test_receptive_fields_show_at_most_six_variants_of_the_first_seed(large):
    runs = needed_runs("receptive_fields", load_config(large / "config.json"))
    assert len(runs) == len({run.variant for run in runs}) == 6
    assert {run.seed for run in runs} == {0}


def test_single_variants_are_shown_where_a_neuron_still_has_two_synapses(large, tiny):
    # 12 channels: sparsity 0.75 leaves 3 synapses a neuron, 0.875 leaves 1.5
    assert shown_sparsity(load_config(large / "config.json")) == "0.75"
    assert shown_sparsity(load_config(tiny / "config.json")) == "0.9375"


def test_a_variant_has_one_colour_of_its_own():
    free = [variant for variant in style.COLOURS if variant.endswith("-free")]
    assert len({style.COLOURS[variant] for variant in free}) == len(free)
    assert len(free) == len(DELAYS) * len(STRUCTURES)


# Machado et al. 2009 (doi 10.1109/TVCG.2009.113), full severity, for linear RGB
DEFICIENCIES = {
    "protanopia": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "deuteranopia": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
    "tritanopia": [
        [1.255528, -0.076749, -0.178779],
        [-0.078411, 0.930809, 0.147602],
        [0.004733, 0.691367, 0.303900],
    ],
}
TO_XYZ = np.array(  # of sRGB, relative to its white
    [[0.4339, 0.3762, 0.1899], [0.2126, 0.7152, 0.0722], [0.0178, 0.1095, 0.8727]]
)


def cielab(colour, seen):
    """A colour in CIELAB as it is seen through a matrix for linear RGB."""
    rgb = np.array(to_rgb(colour))
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    xyz = TO_XYZ @ np.clip(np.array(seen) @ linear, 0, 1)
    x, y, z = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


@pytest.mark.parametrize("deficiency", DEFICIENCIES)
def test_variants_that_share_a_marker_are_told_apart_by_everybody(deficiency):
    for structure in style.HUES:
        shades = [
            cielab(style.COLOURS[f"{delays}-{structure}-free"], DEFICIENCIES[deficiency])
            for delays in style.SHADES
        ]
        assert min(np.linalg.norm(a - b) for a, b in combinations(shades, 2)) > 9  # 2 is noticed


def test_asking_what_a_figure_needs_loads_no_plotting_library():
    code = "import sys, delaynet.paper.figures.selection; print('matplotlib' in sys.modules)"
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    assert answer.stdout.strip() == b"False"


def test_an_unknown_figure_is_a_sentence():
    answer = CliRunner().invoke(command, ["acuracy"])
    assert answer.exit_code == 2
    assert "'acuracy' is not one of 'task', 'accuracy', " in answer.output


def test_the_identifier_of_a_figure_follows_from_the_code_that_draws_it(
    tiny, tmp_path, monkeypatch
):
    monkeypatch.delitem(sys.modules, "delaynet.paper.figures.accuracy", raising=False)

    def embedded():
        assert "delaynet.paper.figures.accuracy" in sys.modules
        return Embedded("delaynet", "0123456789abcdef")

    figure = tmp_path / "accuracy.svg"
    render("accuracy", tiny / "config.json", tiny, figure, embedded=embedded)
    assert read_embedded(figure) == embedded()


def test_a_figure_can_be_a_pdf(tiny, tmp_path):
    render("accuracy", tiny / "config.json", tiny, tmp_path / "accuracy.pdf")
    assert (tmp_path / "accuracy.pdf").read_bytes().startswith(b"%PDF")


def test_an_unknown_format_is_a_sentence(tiny, tmp_path):
    with pytest.raises(UserError, match=r"a figure is written as \.svg, \.png, \.pdf"):
        render("accuracy", tiny / "config.json", tiny, tmp_path / "accuracy.gif")


@pytest.mark.parametrize("name", FIGURES)
def test_a_missing_run_is_a_sentence_and_leaves_no_figure(name, tiny, tmp_path):
    with pytest.raises(UserError, match="not there; make it first with `snakemake"):
        render(name, tiny / "config.json", tmp_path / "nothing", tmp_path / "figure.svg")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", FIGURES)
def test_every_figure_names_the_corpus(name, tiny, large):
    shows_runs = bool(needed_runs(name, load_config(tiny / "config.json")))
    assert any("tones" in text for text in texts(draw(name, tiny if shows_runs else large)))


def by_row(axes):
    """What stands at the points of each row of a panel, by the row's place."""
    drawn = {}
    for x, y, _ in points(axes):
        drawn.setdefault(round(y), []).append(x)
    return drawn


def test_the_points_of_grouping_are_the_effects_of_each_kind(large):
    effects = results_of("grouping", large).effects()
    figure = draw("grouping", large)
    for axes, kind in zip(figure.subfigs[0].axes, KINDS, strict=False):
        written = [
            effect for (*_, of), effect in effects.items() if of == kind and not np.isnan(effect)
        ]
        drawn = [effect for effect, _, _ in points(axes)]
        assert sorted(drawn) == sorted(written)
        assert len(drawn) > 10


def test_a_kind_that_is_not_defined_and_a_network_with_few_pairs_say_so(large):
    words = texts(draw("grouping", large))
    assert {"not defined", "not testable"} <= set(words)


def test_conditions_appear_among_the_controls_and_with_grouping(large):
    config = load_config(large / "config.json")
    for name in FIGURES:
        conditions = {run.condition for run in needed_runs(name, config)}
        if name == "controls":
            assert conditions == {STANDARD, *config.conditions}
        elif name == "grouping":
            assert conditions == {STANDARD, "permuted_channels", "shuffled_labels"}
        else:
            assert conditions <= {STANDARD}


def test_controls_show_every_seed_and_permuted_channels_in_both_orders(large):
    data, figure = load("controls", large), draw("controls", large)
    by_kind = [by_row(axes) for axes in figure.axes[:3]]
    effects, accuracy = by_kind[2], by_row(figure.axes[3])
    assert by_kind[0] != by_kind[1] != effects
    names = [row.name for row in data.shown]
    assert {"permuted channels, true order", "permuted channels, fed order"} <= set(names)
    assert {"untrained", "frozen delays", "l1 0.001", "standard"} <= set(names)
    for place, row in enumerate(data.shown):
        if row.runs:
            assert len(effects[place]) == len(row.runs)
        if row.name in ("standard", "shuffled labels"):
            assert sorted(accuracy[place]) == sorted(data.accuracy[run] for run in row.runs)
    both_orders = [names.index(f"permuted channels, {order} order") for order in ("true", "fed")]
    assert effects[both_orders[0]] != effects[both_orders[1]]


def test_dale_joins_the_two_networks_of_a_seed_and_marks_half_of_the_free_effect(large):
    data, figure = load("dale", large), draw("dale", large)
    accuracy, effect = figure.subfigs[0].axes[:2]
    assert sorted(x for x, _, _ in points(accuracy)) == sorted(data.accuracy.values())
    joins = {tuple(sorted(line.get_xdata())) for line in accuracy.lines if _is_level(line)}
    assert joins == {
        tuple(sorted((value, data.accuracy[run._replace(signs="dale")])))
        for run, value in data.accuracy.items()
        if run.signs == "free"
    }
    learned = [run for run in data.effect if run.variant == "learned-dense-free"]
    half = np.mean([data.effect[run] for run in learned]) / 2
    strokes = [path.vertices[0, 0] for c in effect.collections for path in c.get_paths()]
    assert any(stroke == pytest.approx(half) for stroke in strokes)


def _is_level(line):
    return len(line.get_ydata()) == 2 and np.ptp(line.get_ydata()) == 0


def test_delays_under_dale_are_shares_of_each_sign(large):
    for share in load("dale", large).delays:
        assert share.sum() == pytest.approx(100)


def test_a_correlogram_outlines_what_most_seeds_have_outside_of_the_band(tmp_path):
    shape = (8, 49)
    runs = [Run("learned", "dense", "free", "0", seed) for seed in range(3)]
    zero, low, high = (np.full(shape, value) for value in (0.0, -0.1, 0.1))
    with h5py.File(tmp_path / "grouping_maps.h5", "w") as file:
        for run in runs:
            observed = np.zeros(shape)
            observed[1, 24] = 0.5
            observed[2, 30] = 0.5 if run.seed == 0 else 0
            observed[3, 20] = -0.4 if run.seed < 2 else 0
            band = zero + 0.02, low, 5 * high  # of joint grouping, and wider
            one = GroupingMap(observed, zero, zero, low, high, *band, "signs_within_neuron")
            write_map(file, f"{run.folder}/mel", one)
    parts = read_correlogram(tmp_path, runs)
    assert np.argwhere(parts.whole.outside).tolist() == [[1, 24], [3, 20]]
    assert np.argwhere(parts.joint.outside).tolist() == [[3, 20]]
    assert not parts.apart.outside.any()
    assert parts.whole.excess[2, 30] == pytest.approx(0.5 / 3)
    assert np.isnan(parts.whole.excess[0, 24])
    assert np.allclose(parts.apart.excess + parts.joint.excess, parts.whole.excess, equal_nan=True)


def test_the_neurons_of_grouping_are_those_at_the_percentiles_of_moran_s_i(large):
    maps = load("grouping", large).sign_maps
    assert [one.percentile for one in maps] == [10, 50, 90]
    assert maps[0].moran_i < maps[1].moran_i < maps[2].moran_i
    for one in maps:
        assert one.smoothed.sum() == pytest.approx(one.sign.sum(), abs=0.2 * len(one.sign))


def test_grouping_shows_what_an_exchange_of_delays_costs(large):
    data, figure = load("grouping", large), draw("grouping", large)
    drawn = by_row(figure.subfigs[0].axes[len(KINDS)])
    for place, row in enumerate(data.shown):
        assert sorted(drawn.get(place, [])) == sorted(
            data.falls[run] for run in row.runs if run.delays != "none"
        )


def test_power_shows_its_table_and_the_pairs_of_every_trained_network(large):
    data = load("power", large)
    assert set(data.curves["null"]) == {
        "signs_within_neuron",
        "delays_within_neuron",
        "delays_within_sign",
    }
    assert set(data.close_pairs) == set(standard_runs(load_config(large / "config.json")))
    panel = draw("power", large).axes[0]
    lines = [line for line in panel.lines if len(line.get_xdata()) > 2]
    bands = [c for c in panel.collections if isinstance(c, PolyCollection)]
    curves = data.curves[data.curves["null"] == "signs_within_neuron"]
    for effect, line, band in zip(sorted(set(curves["effect"])), lines, bands, strict=True):
        written = curves[curves["effect"] == effect].sort_values("close_pairs")
        assert line.get_ydata().tolist() == written["power"].tolist()
        assert set(band.get_paths()[0].vertices[:, 1]) == {*written["low"], *written["high"]}


def test_a_neuron_has_its_own_statistic_and_one_of_few_synapses_a_dash(large):
    for run, maps in load("receptive_fields", large).maps.items():
        for field in (*maps.before, *maps.after):
            signs = np.sign(field.image[field.image != 0])
            has_pattern = len(signs) >= 10 and len(set(signs)) == 2
            assert np.isfinite(field.moran_i) == has_pattern, run
    words = texts(draw("receptive_fields", large))
    assert "–" in words
    assert any(text.startswith("I ") and ", z " in text for text in words)


@pytest.mark.parametrize("name", FIGURES)
def test_no_figure_is_taller_than_a_page(name, large):
    assert 25.4 * draw(name, large).get_size_inches()[1] <= 247


@pytest.mark.slow
def test_the_miniature_is_a_paper_of_ten_pages_at_most(miniature, small_features, tmp_path):
    config = load_config(ROOT / "config" / "config.yaml")
    source = write_project(tmp_path, config, small_features)
    for name in MANUSCRIPT_FIGURES:
        save(draw(name, miniature), tmp_path / f"results/figures/{name}.svg")
    build(tmp_path, source, tmp_path / "paper.pdf")
    pages = re.findall(rb"/Type/Page\b", (tmp_path / "paper.pdf").read_bytes())
    assert 5 <= len(pages) <= 10


@pytest.mark.parametrize(
    ("condition", "words"),
    [("shuffled_labels", "shuffled labels"), ("l1_0_001", "l1 0.001"), ("tau_20", "tau 20")],
)
def test_the_words_of_a_condition_are_those_of_its_name(condition, words):
    assert style.condition_words(condition) == words

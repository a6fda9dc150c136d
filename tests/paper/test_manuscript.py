"""The manuscript: it builds for any grid, its numbers have keys, and it says what is missing."""

import json
import re
import shutil
from importlib.metadata import version

import h5py
import pytest
from example_results import (
    CLAIMS_GRID,
    CONDITIONS,
    FIGURES,
    LARGE_GRID,
    TINY_GRID,
    config_of,
    html_of,
    text_of,
    write_project,
    write_results,
    write_tables_and_numbers,
)

from delaynet.config.errors import UserError
from delaynet.paper.manuscript import build, html_of_page, list_numbers
from delaynet.provenance.embedded import Embedded

GRID = [
    *CLAIMS_GRID,
    {"delays": ["none", "fixed"], "structure": ["dense"], "signs": ["dale"]},
]


@pytest.fixture(scope="module")
def built(tmp_path_factory, small_features):
    """A project in a folder with a space in its name, six seeds."""
    root = tmp_path_factory.mktemp("my project")
    return root, write_project(root, config_of(GRID, 6, conditions=CONDITIONS), small_features)


@pytest.fixture
def project(built, tmp_path):
    root = tmp_path / "project"
    shutil.copytree(built[0], root)
    return root


def number_at(numbers, key):
    for part in key.split("."):
        numbers = numbers[part]
    return numbers


def without(numbers, key):
    *parents, name = key.split(".")
    node = numbers
    for part in parents:
        node = node[part]
    del node[name]
    return numbers


def test_the_same_results_give_the_same_bytes(built, tmp_path):
    root, source = built
    build(root, source, tmp_path / "first.pdf")
    build(root, source, tmp_path / "second.pdf")
    first = (tmp_path / "first.pdf").read_bytes()
    assert first.startswith(b"%PDF")
    assert first == (tmp_path / "second.pdf").read_bytes()


def test_every_printed_number_is_the_one_in_the_file(built):
    root, source = built
    numbers = json.loads((root / "results/numbers.json").read_text())
    printed = list_numbers(root, source)
    assert len(printed) > 200
    for key, shown in printed:
        assert number_at(numbers, key)["shown"] == shown


def test_all_accuracies_and_contrasts_are_printed(built):
    root, source = built
    numbers = json.loads((root / "results/numbers.json").read_text())
    printed = {key for key, _ in list_numbers(root, source)}
    contrasts = [row for rows in numbers["contrasts"].values() for row in rows.values()]
    for rows, name in (
        (numbers["accuracy"].values(), "mean"),
        (contrasts, "mean_difference"),
    ):
        cells = [cell for row in rows for cell in row["cells"].values() if cell is not None]
        assert cells and {cell[name]["key"] for cell in cells} <= printed


def test_every_claim_is_printed_with_its_parts(built):
    root, source = built
    printed = {key for key, _ in list_numbers(root, source)}
    for claim, entry in json.loads((root / "results/claims.json").read_text()).items():
        assert {f"claims.{claim}.{name}" for name in ("statement", "verdict", "p")} <= printed
        for test in entry["tests"][1:]:
            part = f"claims.{claim}.parts.{test}"
            assert {f"{part}.{name}" for name in ("effect", "n", "p")} <= printed


def test_captions_and_settings_are_printed_by_key(built):
    printed = {key for key, _ in list_numbers(*built)}
    assert {"corpus.name", "corpus.clips", "settings.training.epochs", "derived.decay"} <= printed


@pytest.mark.parametrize(
    "key",
    [
        "corpus.test",
        "settings.model.threshold",
        "accuracy.fixed-dense-free.cells.p0.mean",
        "accuracy.fixed-dense-free.cells.p0.standard_deviation",
        "grouping.learned-dense-free.p0.seeds",
        "claims.C4.verdict",
        "claims.C5.parts.c5_premise.verdict",
        "claims.C3.plain_difference",
        "controls.shuffled_labels.points",
        "interior.survival",
    ],
)
def test_a_missing_number_stops_the_build_and_is_named(project, tmp_path, key):
    path = project / "results/numbers.json"
    path.write_text(json.dumps(without(json.loads(path.read_text()), key)))
    with pytest.raises(
        UserError, match=rf"\.typ:\d+:\d+ needs `{key.split('.')[-1]}`.*numbers\.json"
    ):
        build(project, project / "manuscript/paper.typ", tmp_path / "paper.pdf")
    assert not (tmp_path / "paper.pdf").exists()


@pytest.mark.parametrize("figure", FIGURES)
def test_a_missing_figure_is_named(project, tmp_path, figure):
    (project / f"results/figures/{figure}.svg").unlink()
    with pytest.raises(UserError, match=f"needs results/figures/{figure}.svg"):
        build(project, project / "manuscript/paper.typ", tmp_path / "paper.pdf")


def test_a_mistake_in_the_source_is_placed(project, tmp_path):
    source = project / "manuscript/paper.typ"
    source.write_text(source.read_text() + "\n#nonsense\n")
    with pytest.raises(UserError, match=r"paper\.typ:\d+:\d+: unknown variable: nonsense"):
        build(project, source, tmp_path / "paper.pdf")


def test_the_colophon_names_release_and_commit(built):
    embedded = Embedded("delaynet", "0123456789abcdef", "ab" * 20 + "+")
    page = re.sub(r"<[^>]+>", "", html_of_page(*built, embedded))
    words = f"repository delaynet, release {version('delaynet')}, commit {'ab' * 20} with changes."
    assert words in " ".join(page.split())


@pytest.mark.parametrize("seeds", [1, 2])
def test_the_smallest_grid_builds(tmp_path, small_features, seeds):
    source = write_project(tmp_path, config_of(TINY_GRID, seeds), small_features)
    build(tmp_path, source, tmp_path / "paper.pdf")
    assert (tmp_path / "paper.pdf").stat().st_size > 10_000


@pytest.mark.slow
def test_the_full_grid_builds(tmp_path, small_features):
    config = config_of(LARGE_GRID, 2, model={"hidden": [64, 32]})
    source = write_project(tmp_path, config, small_features)
    build(tmp_path, source, tmp_path / "paper.pdf")
    printed = {key for key, _ in list_numbers(tmp_path, source)}
    means = {key for key in printed if re.fullmatch(r"accuracy\.[^.]+\.cells\.[^.]+\.mean", key)}
    assert len(means) == 8 + 32 * 9


@pytest.mark.parametrize(
    ("better", "shown"), [("learned", "+10.0"), ("fixed", "−10.0"), ("neither", "0.0")]
)
def test_differences_have_their_sign(tmp_path, small_features, better, shown):
    grid = [{"delays": ["fixed", "learned"], "structure": ["dense"]}]
    config = config_of(grid, 2)
    source = write_project(tmp_path, config, small_features)
    write_results(tmp_path / "results", config, lambda run: 0.5 + 0.1 * (run.delays == better))
    write_tables_and_numbers(tmp_path / "results", small_features)
    assert f"learned minus fixed delays2{shown} points" in text_of(tmp_path, source)


def test_one_seed_has_no_interval(tmp_path, small_features):
    config = config_of(GRID[:-2], 1)
    text = text_of(tmp_path, write_project(tmp_path, config, small_features))
    results = text[text.index("3 Results") : text.index("4 Discussion")]
    assert "(1 seed a variant)" in results
    assert not re.search(r"95 % interval [−+]?\d", results)


def test_no_semicolon_is_lost_after_a_number(built):
    """Typst takes a semicolon after `#num("..")` as the end of code, and does not print it."""
    for part in (built[0] / "manuscript").glob("*.typ"):
        assert not re.findall(r"#[a-z-]+\([^()]*\);|#if [^\n]*\];", part.read_text())


def test_claims_that_the_grid_cannot_test_are_said_to_be_out_of_reach(tmp_path, small_features):
    text = text_of(tmp_path, write_project(tmp_path, config_of(TINY_GRID, 1), small_features))
    assert "C1 is not testable: the grid lacks networks that it compares." in text
    assert "C4 is not testable: the compared networks have fewer than 5 seeds in common." in text
    assert "3.2 Controls" not in text


def test_numbers_of_seeds_that_differ_are_given_as_a_range(tmp_path, small_features):
    grid = [{**TINY_GRID[0], "seeds": 6}, TINY_GRID[1]]
    text = text_of(tmp_path, write_project(tmp_path, config_of(grid, 2), small_features))
    assert "2 to 6 seeds a variant" in text


def test_the_corpus_is_named_in_every_caption_that_shows_results(built):
    captions = re.findall(r"<figcaption>(.*?)</figcaption>", html_of(*built), re.S)
    others = "departs|Settings of|Sources of|The grid|define the kinds"
    results = [caption for caption in captions if not re.search(others, caption)]
    assert len(results) == len(FIGURES) + 7
    assert all("synthetic digits (eSpeak NG)" in caption for caption in results)


def test_synthetic_digits_are_said_to_be_no_human_speech(built):
    text = text_of(*built)
    assert "It holds no human speech and is not the data of" in text


def test_recorded_digits_are_not_said_to_be_synthetic(tmp_path, small_features):
    features = tmp_path / "features.h5"
    shutil.copy(small_features, features)
    with h5py.File(features, "a") as file:
        file.attrs["corpus_name"] = "Heidelberg Digits"
    own = {"source": "folder", "folder": "recordings"}
    config = config_of(GRID, 2, conditions=CONDITIONS, corpus=own)
    source = write_project(tmp_path / "project", config, features)
    text = text_of(tmp_path / "project", source)
    assert "Corpus: Heidelberg Digits" in text
    assert "synthes" not in text

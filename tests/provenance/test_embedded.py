"""What figures and the manuscript say of their making, in their own metadata."""

from pathlib import Path

import pytest
from matplotlib.figure import Figure
from PIL import Image

from delaynet.paper.figures.render import FORMATS, save
from delaynet.provenance.embedded import Embedded, read_embedded

SAID = [
    Embedded("delaynet", "0123456789abcdef"),
    Embedded("delaynet", "0123456789abcdef", "a" * 40),
    Embedded("delaynet", "0123456789abcdef", "b" * 40 + "+"),
    Embedded("delaynet", "0123456789abcdef", "c" * 64, "d" * 64),
]


def draw() -> Figure:
    figure = Figure(figsize=(1, 1))
    figure.add_subplot().plot([1, 2])
    return figure


@pytest.mark.parametrize("suffix", FORMATS)
@pytest.mark.parametrize("said", SAID, ids=str)
def test_a_figure_carries_what_it_was_given(suffix: str, said: Embedded, tmp_path: Path) -> None:
    path = tmp_path / f"figure{suffix}"
    save(draw(), path, said)
    assert read_embedded(path) == said


@pytest.mark.parametrize("suffix", FORMATS)
def test_a_figure_without_a_record_carries_nothing(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"figure{suffix}"
    save(draw(), path)
    assert read_embedded(path) is None


def test_what_a_picture_shows_is_the_same_with_a_record_and_without(tmp_path: Path) -> None:
    save(draw(), tmp_path / "with.png", SAID[1])
    save(draw(), tmp_path / "without.png")
    pictures = [Image.open(tmp_path / name) for name in ("with.png", "without.png")]
    assert pictures[0].tobytes() == pictures[1].tobytes()


@pytest.mark.parametrize("following", [b"7", b"+", b";", b"\xff"])
def test_whatever_byte_follows_is_no_part_of_it(following: bytes, tmp_path: Path) -> None:
    path = tmp_path / "figure.png"
    for said in SAID:
        path.write_bytes(b"\x89PNG..Source\0" + str(said).encode() + following)
        assert read_embedded(path) == said


def test_other_files_carry_nothing(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text(str(SAID[0]))
    assert read_embedded(tmp_path / "notes.txt") is None
    assert read_embedded(tmp_path / "missing.svg") is None

"""The corpus layout is that of the Heidelberg Digits, and mistakes in a corpus are told plainly."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from delaynet.corpus.layout import (
    LABEL_NAMES,
    LANGUAGES,
    Clip,
    corpus_name_and_source,
    parse_filename,
    read_corpus,
    test_split,
    write_filenames,
)
from delaynet.errors import UserError

ONE = Clip("english", 3, 4, 7)
TWO = Clip("german", 11, 10, 0)


def heidelberg_like(trials: int) -> list[Clip]:
    return [
        Clip(language, speaker, trial, digit)
        for language in LANGUAGES
        for speaker in range(12)
        for trial in range(trials)
        for digit in range(10)
    ]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A corpus of two clips, whose sound nobody reads here."""
    (tmp_path / "audio").mkdir()
    for clip in (ONE, TWO):
        (tmp_path / "audio" / clip.filename).touch()
    write_filenames(tmp_path / "train_filenames.txt", [TWO])
    write_filenames(tmp_path / "test_filenames.txt", [ONE])
    return tmp_path


def test_a_clip_is_named_as_in_the_heidelberg_digits():
    assert ONE.filename == "lang-english_speaker-03_trial-4_digit-7.flac"
    assert TWO.filename == "lang-german_speaker-11_trial-10_digit-0.flac"


@given(
    st.builds(
        Clip, st.sampled_from(LANGUAGES), st.integers(0, 99), st.integers(0), st.integers(0, 9)
    )
)
def test_parsing_undoes_naming(clip: Clip):
    assert parse_filename(clip.filename) == clip


@pytest.mark.parametrize(
    "name",
    [
        "",
        "lang-french_speaker-03_trial-4_digit-7.flac",
        "lang-english_speaker-3_trial-4_digit-7.flac",
        "lang-english_speaker-03_trial-04_digit-7.flac",
        "lang-english_speaker-03_trial-4_digit-12.flac",
        "lang-english_speaker-03_trial-4_digit-7.wav",
        "../lang-english_speaker-03_trial-4_digit-7.flac",
        "lang-english_speaker-03_trial-4_digit-7.flac\n",
    ],
)
def test_a_name_outside_the_layout_is_refused(name: str):
    with pytest.raises(UserError, match="not the name of a clip"):
        parse_filename(name)


def test_english_digits_are_classes_0_to_9_and_german_ones_10_to_19():
    words = {clip.label: LABEL_NAMES[clip.label] for clip in heidelberg_like(1)}
    assert sorted(words) == list(range(20))
    assert LABEL_NAMES[ONE.label] == "seven"
    assert LABEL_NAMES[TWO.label] == "null"


def test_a_corpus_is_read_in_the_order_of_file_names_with_each_clips_split(folder: Path):
    assert read_corpus(folder) == [(ONE, "test"), (TWO, "train")]


def test_lists_may_carry_the_audio_prefix_and_blank_lines(folder: Path):
    (folder / "train_filenames.txt").write_text(f"\n  audio/{TWO.filename}\r\n\n")
    assert read_corpus(folder) == [(ONE, "test"), (TWO, "train")]


def test_clips_that_no_list_names_are_left_out(folder: Path):
    (folder / "audio" / Clip("english", 0, 0, 0).filename).touch()
    assert len(read_corpus(folder)) == 2


def test_a_missing_folder_is_told(tmp_path: Path):
    with pytest.raises(UserError, match=r"no corpus folder .*nowhere"):
        read_corpus(tmp_path / "nowhere")


@pytest.mark.parametrize("split", ["train", "test"])
def test_a_missing_list_is_told(folder: Path, split: str):
    (folder / f"{split}_filenames.txt").unlink()
    with pytest.raises(UserError, match=f"{split}_filenames.txt is missing"):
        read_corpus(folder)


def test_an_empty_list_is_told(folder: Path):
    (folder / "test_filenames.txt").write_text("\n \n")
    with pytest.raises(UserError, match=r"test_filenames.txt is empty"):
        read_corpus(folder)


def test_a_listed_clip_without_sound_is_told(folder: Path):
    (folder / "audio" / TWO.filename).unlink()
    with pytest.raises(UserError, match=rf"lacks 1 of the 2 listed clips, '{TWO.filename}' first"):
        read_corpus(folder)


def test_a_clip_in_both_lists_is_told(folder: Path):
    write_filenames(folder / "test_filenames.txt", [ONE, TWO])
    with pytest.raises(UserError, match=rf"'{TWO.filename}' is in both lists"):
        read_corpus(folder)


def test_a_clip_listed_twice_in_one_list_is_told(folder: Path):
    write_filenames(folder / "test_filenames.txt", [ONE, ONE])
    with pytest.raises(UserError, match=rf"'{ONE.filename}' is in .*test_filenames.txt twice"):
        read_corpus(folder)


def test_a_line_that_names_no_clip_is_told_with_its_number(folder: Path):
    (folder / "test_filenames.txt").write_text(f"{ONE.filename}\nreadme.txt\n")
    with pytest.raises(UserError, match=r"test_filenames.txt, line 2: 'readme.txt'"):
        read_corpus(folder)


def test_speakers_4_and_5_are_only_in_the_test_list():
    clips = heidelberg_like(2)
    test = test_split(clips, seed=0)
    train = set(clips) - test
    assert {clip.speaker for clip in train} == set(range(12)) - {4, 5}
    assert sum(clip.speaker in (4, 5) for clip in test) == 2 * 20 * 2


@pytest.mark.parametrize(
    ("others", "drawn"), [(9, 0), (10, 1), (29, 1), (30, 2), (100, 5), (8593, 430)]
)
def test_one_in_twenty_of_the_other_clips_is_tested_halves_rounded_upwards(others: int, drawn: int):
    clips = [Clip("english", 0, trial, 0) for trial in range(others)]
    assert len(test_split(clips, seed=1)) == drawn


def test_the_split_follows_the_seed_and_not_the_order_of_the_clips():
    clips = heidelberg_like(2)
    assert test_split(clips, seed=3) == test_split(clips[::-1], seed=3)
    assert test_split(clips, seed=3) != test_split(clips, seed=4)


def test_a_folder_of_recordings_is_called_by_its_name(folder: Path):
    assert corpus_name_and_source(folder) == (folder.name, "folder")


def test_a_corpus_that_says_what_it_is_is_believed(folder: Path):
    (folder / "corpus.json").write_text('{"name": "digits", "source": "synthetic"}')
    assert corpus_name_and_source(folder) == ("digits", "synthetic")


@pytest.mark.parametrize("text", ["{", "[]", '{"name": "digits"}'])
def test_a_damaged_record_of_the_corpus_is_told(folder: Path, text: str):
    (folder / "corpus.json").write_text(text)
    with pytest.raises(UserError, match=r"corpus.json is not JSON with a 'name' and a 'source'"):
        corpus_name_and_source(folder)

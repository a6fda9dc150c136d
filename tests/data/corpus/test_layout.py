"""The corpus layout is that of the Heidelberg Digits, and mistakes in a corpus are named."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from delaynet.config.errors import UserError
from delaynet.data.corpus.clips import LANGUAGES, Clip, label_names, labels_of
from delaynet.data.corpus.layout import (
    LISTS,
    corpus_name,
    digit_clip,
    list_path,
    parse_filename,
    read_table,
)

ONE = digit_clip("english", 3, 4, 7)
TWO = digit_clip("german", 11, 10, 0)


def test_a_clip_is_named_as_in_the_heidelberg_digits():
    assert ONE.filename == "lang-english_speaker-03_trial-4_digit-7.flac"
    assert TWO.filename == "lang-german_speaker-11_trial-10_digit-0.flac"


@given(
    st.builds(
        digit_clip,
        st.sampled_from(LANGUAGES),
        st.integers(0, 99),
        st.integers(0, 999_999_999),
        st.integers(0, 9),
    )
)
def test_parsing_undoes_naming(clip: Clip):
    assert parse_filename(clip.filename) == clip


@pytest.mark.parametrize(
    "name",
    [
        "",
        "lang-_speaker-03_trial-4_digit-7.flac",
        "lang-english_speaker-three_trial-4_digit-7.flac",
        "lang-english_speaker-03_trial-4_7.flac",
        "lang-english_speaker-03_trial-1234567890_digit-7.flac",
        "lang-english_speaker-03_trial-4_digit-7.mp3",
        "../lang-english_speaker-03_trial-4_digit-7.flac",
        "lang-english_speaker-03_trial-4_digit-7.flac\n",
    ],
)
def test_a_name_outside_the_layout_is_refused(name: str):
    assert parse_filename(name) is None


def test_english_digits_are_classes_0_to_9_and_german_ones_10_to_19():
    labels = labels_of(
        digit_clip(language, 0, 0, digit) for language in LANGUAGES for digit in range(10)
    )
    assert len(labels) == 20
    names = label_names(labels)
    assert names[labels.index(ONE.label)] == names[7] == "seven"
    assert names[labels.index(TWO.label)] == names[10] == "null"


def test_the_classes_follow_the_files_whatever_the_words_and_languages():
    names = [
        "lang-italian_speaker-1_trial-0_word-ciao.wav",
        "lang-italian_speaker-1_trial-0_digit-10.flac",
        "lang-italian_speaker-1_trial-0_digit-2.flac",
        "lang-french_speaker-1_trial-0_word-ciao.flac",
        "lang-english_speaker-1_trial-0_digit-3.flac",
    ]
    labels = labels_of(map(parse_filename, names))
    assert label_names(labels) == ["three", "ciao (french)", "2", "10", "ciao (italian)"]


def test_a_folder_of_recordings_is_called_by_its_name(tmp_path: Path):
    assert corpus_name(tmp_path) == tmp_path.name


def test_a_corpus_that_says_what_it_is_is_believed(tmp_path: Path):
    (tmp_path / "corpus.json").write_text('{"name": "digits", "source": "synthetic"}')
    assert corpus_name(tmp_path) == "digits"


@pytest.mark.parametrize("text", ["{", "[]", '{"source": "synthetic"}'])
def test_a_damaged_record_of_the_corpus_is_reported(tmp_path: Path, text: str):
    (tmp_path / "corpus.json").write_text(text)
    with pytest.raises(UserError, match=r"corpus.json is not JSON with a 'name'"):
        corpus_name(tmp_path)


@pytest.fixture
def from_a_mac(tmp_path: Path) -> Path:
    """Lists that spell "sì" with one character, files that spell it with two; and a `.WAV`."""
    composed, decomposed = "s\N{LATIN SMALL LETTER I WITH GRAVE}", "si\N{COMBINING GRAVE ACCENT}"
    (tmp_path / "audio").mkdir()
    for trial, ending in enumerate(("wav", "WAV")):
        name = "lang-italian_speaker-0_trial-{}_word-{}.{}"
        (tmp_path / "audio" / name.format(trial, decomposed, ending)).touch()
        split = list(LISTS)[trial]
        list_path(tmp_path, split).write_text(name.format(trial, composed, ending), "utf-8")
    return tmp_path


def test_names_that_look_the_same_are_the_same(from_a_mac: Path) -> None:
    table = read_table(from_a_mac, "mac")
    assert table.faults == ()
    assert {clip.word for clip in table.clips} == {"s\N{LATIN SMALL LETTER I WITH GRAVE}"}
    for clip in table.clips:
        assert (from_a_mac / "audio" / clip.filename).exists()

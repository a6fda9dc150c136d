"""A user's table says what the recordings are, and every fault of it is found with its line."""

from dataclasses import astuple
from pathlib import Path

import h5py
import numpy as np
import pytest
import soundfile
from click.testing import CliRunner

from delaynet.cli.corpus_check import command
from delaynet.config.errors import UserError
from delaynet.config.settings import CorpusSettings, DecibelFeatures
from delaynet.data.corpus.check import check_corpus
from delaynet.data.corpus.clips import Clip
from delaynet.data.corpus.report import CorpusReport, places
from delaynet.data.features.writing import write_features
from delaynet.data.sources.table import SOURCE, draw_splits

SPLITS = {"ada": "train", "bo": "validation", "cy": "test"}
FILES = [f"{speaker}/{word}.wav" for speaker in SPLITS for word in ("yes", "no")]
HEADER = "file,word,speaker,split"
LINES = [f"{name},{name[-7:-4].strip('/')},{name[:-4].split('/')[0]}" for name in FILES]
WITH_SPLITS = [f"{line},{SPLITS[line.split(',')[2]]}" for line in LINES]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Three speakers say yes and no, each in a folder of their own."""
    folder = tmp_path / "field work"
    for number, name in enumerate(FILES):
        record(folder / name, number)
    (folder / "not mine").mkdir()
    (folder / "not mine" / "notes.txt").write_text("other things lie here too")
    return folder


def record(path: Path, number: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    noise = np.random.default_rng(number).normal(scale=0.1, size=8000)
    soundfile.write(path, noise, 22050)


def write(folder: Path, *lines: str, name: str = "words.csv") -> CorpusSettings:
    """Write the table, and return the settings that name it."""
    (folder / name).write_text("\n".join(lines))
    return CorpusSettings(source="table", table=str(folder / name))


def report_of(corpus: CorpusSettings) -> CorpusReport:
    SOURCE.check(corpus)
    return check_corpus(SOURCE.folder(corpus), corpus)


def faults_of(corpus: CorpusSettings) -> list[tuple[str, str, str]]:
    return [tuple(fault) for fault in report_of(corpus).faults]


# -- what a table may be ---------------------------------------------------------------------------


def test_a_table_says_what_the_recordings_are(folder: Path) -> None:
    report = report_of(write(folder, HEADER, *WITH_SPLITS))
    assert (report.name, report.audio, report.faults, report.notes) == ("words", ".", (), ())
    assert [Clip(*astuple(checked)[:6]) for checked in report.clips] == [
        Clip(f"{speaker}/{word}.wav", word, speaker, split, "", 0)
        for speaker, split in SPLITS.items()
        for word in ("no", "yes")
    ]


@pytest.mark.parametrize("separator", ["\t", ";", ", "])
def test_the_separator_is_that_of_the_first_line(folder: Path, separator: str) -> None:
    expected = report_of(write(folder, HEADER, *WITH_SPLITS))
    lines = [line.replace(",", separator) for line in (HEADER, *WITH_SPLITS)]
    assert report_of(write(folder, *lines)).clips == expected.clips


def test_byte_order_mark_windows_line_ends_quotes_and_blank_lines_do_not_matter(
    folder: Path,
) -> None:
    expected = report_of(write(folder, HEADER, *WITH_SPLITS))
    lines = [HEADER, *(f'"./{line}"'.replace(",", '","') for line in WITH_SPLITS)]
    (folder / "words.csv").write_bytes(("\ufeff" + "\r\n\r\n".join(lines) + "\r\n,,,").encode())
    assert report_of(CorpusSettings(source="table", table=str(folder / "words.csv"))) == expected


def test_language_and_trial_are_taken_over_and_other_columns_are_not(folder: Path) -> None:
    lines = [f"{line},42 years,italian,7" for line in WITH_SPLITS]
    report = report_of(write(folder, f"{HEADER},age,language,trial", *lines))
    assert {(checked.language, checked.trial) for checked in report.clips} == {("italian", 7)}


def test_trials_that_are_not_given_are_counted(folder: Path) -> None:
    record(folder / "again.wav", 9)
    report = report_of(write(folder, HEADER, *WITH_SPLITS, "again.wav,yes,ada,train"))
    trials = {checked.filename: checked.trial for checked in report.clips}
    assert trials["ada/yes.wav"] == 0
    assert trials["again.wav"] == 1


def test_a_word_is_the_same_in_both_forms_of_unicode(folder: Path) -> None:
    lines = [line.replace("yes,", "si\u0300,") for line in WITH_SPLITS[:2]]
    lines += [line.replace("yes,", "s\u00ec,") for line in WITH_SPLITS[2:]]
    lines = [line.replace("si\u0300.wav", "yes.wav") for line in lines]
    words = {checked.word for checked in report_of(write(folder, HEADER, *lines)).clips}
    assert words == {"no", "s\u00ec"}


def test_the_features_file_holds_what_the_table_says(folder: Path, tmp_path: Path) -> None:
    report = report_of(write(folder, HEADER, *WITH_SPLITS))
    path = tmp_path / "features.h5"
    write_features(folder, report, path, DecibelFeatures(frames=20, bands=8))
    with h5py.File(path) as file:
        assert list(file["filename"].asstr()) == sorted(FILES)
        assert list(file["split"].asstr()[::2]) == ["train", "validation", "test"]
        assert list(file.attrs["label_names"]) == ["no", "yes"]
        assert set(file["language"].asstr()) == {""}


# -- what jobs read --------------------------------------------------------------------------------


def test_jobs_read_the_table_and_what_it_lists_and_nothing_else(folder: Path) -> None:
    record(folder / "beside.wav", 9)
    corpus = write(folder, HEADER, *WITH_SPLITS, "beside.wav,no,ada,train")
    listed = [folder / name for name in ("ada", "beside.wav", "bo", "cy")]
    assert SOURCE.inputs(corpus) == [folder / "words.csv", *listed]
    assert places(folder, report_of(corpus)) == listed
    assert SOURCE.training_clips(corpus) == 3


def test_a_recording_that_is_exchanged_is_noticed(folder: Path) -> None:
    corpus = write(folder, HEADER, *WITH_SPLITS)
    before = SOURCE.inventory(corpus)
    (folder / "not mine" / "notes.txt").write_text("")
    assert SOURCE.inventory(corpus) == before
    soundfile.write(folder / FILES[0], np.ones(99), 22050)
    assert SOURCE.inventory(corpus) != before


# -- splits that are drawn -------------------------------------------------------------------------


def test_splits_that_are_missing_are_drawn_by_speaker_and_written_down(folder: Path) -> None:
    corpus = write(folder, "file,word,speaker", *LINES)
    report = report_of(corpus)
    drawn = draw_splits(SPLITS, seed=0)
    assert sorted(drawn.values()) == ["test", "train", "validation"]
    assert {checked.speaker: checked.split for checked in report.clips} == drawn
    by_split = {split: speaker for speaker, split in drawn.items()}
    assert report.notes == (
        "words.csv has no splits; they were drawn by speaker, with `corpus.seed` 0. Test: "
        f"{by_split['test']}. Validation: {by_split['validation']}. Training: {by_split['train']}.",
    )
    # a column of empty cells is no column
    assert report_of(write(folder, HEADER, *(f"{line}," for line in LINES))) == report
    assert SOURCE.training_clips(corpus) == 2


@pytest.mark.parametrize(
    ("speakers", "test", "validation"), [(3, 1, 1), (5, 1, 1), (8, 2, 1), (12, 2, 1), (25, 5, 3)]
)
def test_a_fifth_of_the_speakers_is_for_the_test_and_a_tenth_for_validation(
    speakers: int, test: int, validation: int
) -> None:
    drawn = list(draw_splits(map(str, range(speakers)), seed=1).values())
    assert (drawn.count("test"), drawn.count("validation")) == (test, validation)
    assert drawn.count("train") == speakers - test - validation


def test_the_draw_depends_on_the_seed_and_not_on_the_order_of_the_lines() -> None:
    speakers = [str(number) for number in range(12)]
    assert draw_splits(speakers, 0) == draw_splits(reversed(speakers), 0)
    assert draw_splits(speakers, 0) != draw_splits(speakers, 1)


def test_too_few_speakers_to_draw_splits_are_one_sentence(folder: Path) -> None:
    with pytest.raises(UserError, match=r"has no splits, and 2 of the 3 speakers .*: add a column"):
        report_of(write(folder, "file,word,speaker", *LINES[:4]))


# -- faults ----------------------------------------------------------------------------------------


def test_every_fault_is_found_at_once_with_its_line(folder: Path) -> None:
    (folder / "copy.wav").write_bytes((folder / FILES[0]).read_bytes())
    (folder / "empty.wav").write_bytes(b"")
    corpus = write(
        folder,
        HEADER,
        *WITH_SPLITS,
        "copy.wav,no,ada,train",
        "empty.wav,no,ada,train",
        f"{FILES[1]},no,ada,train",
        "gone.wav,no,ada,train",
        "bo/no.wav,no,bo",
        ",no,bo,",
        "../no.wav,no,bo,train",
        "/no.wav,no,bo,train",
        "x.wav,,,train",
        "ada,no,ada,dev",
    )
    assert faults_of(corpus) == [
        ("", "wrong line", "line 13: no file"),
        (
            "../no.wav",
            "wrong line",
            "line 14: not the path of a file below the folder of the table",
        ),
        ("/no.wav", "wrong line", "line 15: not the path of a file below the folder of the table"),
        ("ada", "unknown split", "line 17: 'dev' is none of train, validation, test"),
        ("ada", "unreadable", "not a regular file"),
        ("ada/no.wav", "listed twice", "lines 3, 10"),
        ("ada/yes.wav", "same content", "line 2: as 'copy.wav'"),
        ("bo/no.wav", "wrong line", "line 12: 3 cells, where the first line has 4"),
        ("copy.wav", "same content", "line 8: as 'ada/yes.wav'"),
        ("empty.wav", "empty", "no bytes"),
        ("gone.wav", "missing", f"line 11: not in {folder}"),
        ("x.wav", "wrong line", "line 16: no word and no speaker"),
    ]


def test_a_speaker_in_two_splits_is_a_fault_where_that_is_excluded(folder: Path) -> None:
    corpus = write(folder, HEADER, *WITH_SPLITS[:5], "cy/no.wav,no,ada,test")
    assert faults_of(corpus) == []
    excluded = corpus.model_copy(update={"shared_speakers": "excluded"})
    assert faults_of(excluded) == [
        ("cy/no.wav", "shared speaker", "line 7: speaker 'ada' is in the train list by line 2")
    ]


def test_one_recording_with_its_trial_in_two_lines_is_a_fault(folder: Path) -> None:
    lines = [f"{line},3" for line in WITH_SPLITS] + ["cy/no.wav,yes,ada,train,x"]
    kinds = {name: kind for name, kind, _ in faults_of(write(folder, f"{HEADER},trial", *lines))}
    assert kinds == {"cy/no.wav": "wrong line"}
    lines[-2:] = ["cy/no.wav,yes,ada,train,3"]
    kinds = {name: kind for name, kind, _ in faults_of(write(folder, f"{HEADER},trial", *lines))}
    assert kinds == {"ada/yes.wav": "same recording", "cy/no.wav": "same recording"}


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "The table .* is empty: name a CSV or TSV file with the columns file, word and sp"),
        ("file,größe".encode("latin-1"), "The table .* is not text in UTF-8: save it as that"),
        (f"{HEADER}\nx,y,z,train".encode("utf-16"), "is not text in UTF-8: save it as that"),
        (b"file,word\nx,y", r"has no column `speaker`; it needs file, word, speaker, each once"),
        (b"path,words", r"no column `file` and no column `word` and .*, and has: path, words\."),
        (b"file,word,speaker,word\n", r"has two columns `word`; it needs"),
        (b"file,word,speaker\n\n", r"names no recording; give each a line below the first\."),
        (
            b'file,word,speaker\nx,"no,y\n',
            r"what follows line 1 cannot be read \(.*\): correct the qu",
        ),
    ],
)
def test_what_is_no_table_of_recordings_is_one_sentence_and_nothing_is_written(
    tmp_path: Path, content: bytes, words: str
) -> None:
    (tmp_path / "words.csv").write_bytes(content)
    corpus = CorpusSettings(source="table", table=str(tmp_path / "words.csv"))
    with pytest.raises(UserError, match=words) as error:
        report_of(corpus)
    assert "\n" not in str(error.value)
    output = tmp_path / "report.json"
    options = ["--corpus", tmp_path, "--settings", corpus.model_dump_json(), "--output", output]
    assert CliRunner().invoke(command, list(map(str, options))).exit_code != 0
    assert list(tmp_path.iterdir()) == [tmp_path / "words.csv"]


def test_a_table_that_is_not_named_or_not_there_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"`corpus.table` is missing: `source: table` needs a CSV"):
        SOURCE.check(CorpusSettings(source="table"))
    with pytest.raises(UserError, match=r"The table .*gone.csv is missing: name a CSV or TSV"):
        SOURCE.check(CorpusSettings(source="table", table=str(tmp_path / "gone.csv")))

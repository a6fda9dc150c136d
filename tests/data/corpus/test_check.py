"""Every fault of a corpus is found in one pass, with its file, and good clips are reported rightly.

The clips are real sound files: spoken by the synthesiser, brought to other formats, and damaged.
"""

import json
import math
import os
import shutil
import subprocess
import sys
from dataclasses import astuple, replace
from typing import get_args

import numpy as np
import pytest
import soundfile
from click.testing import CliRunner

from delaynet.cli.corpus_check import command
from delaynet.config.errors import UserError
from delaynet.config.settings import CorpusSettings
from delaynet.data.corpus.check import check_corpus
from delaynet.data.corpus.clips import Clip, FaultKind
from delaynet.data.corpus.layout import LISTS, audio_path, digit_clip, list_path, write_filenames
from delaynet.data.corpus.report import CheckedClip, read_report, usable_clips, write_report
from delaynet.data.features.audio import read_audio
from delaynet.data.sources import heidelberg
from delaynet.data.sources.synthetic import clip_audio, corpus_clips

RATE = 22050
NAMES = [(speaker, digit) for speaker in range(2) for digit in range(10)]
TRAIN = [digit_clip("english", speaker, 0, digit, "train") for speaker, digit in NAMES[:14]]
TEST = [digit_clip("english", speaker, 0, digit, "test") for speaker, digit in NAMES[14:]]
CLIPS = TRAIN + TEST
OWN = CorpusSettings(source="folder")
DIGITS = CorpusSettings(source="synthetic")
# tests/data/sources/test_table.py finds these
OF_TABLES = {"same content", "wrong line", "unknown split", "shared speaker"}


def spoken(clip):
    return clip_audio(clip, seed=0)


def name_in(folder, number):
    return audio_path(folder, CLIPS[number])


@pytest.fixture(scope="module")
def good_folder(tmp_path_factory):
    """Twenty spoken digits without a fault; to be read only."""
    folder = tmp_path_factory.mktemp("good") / "my words"
    (folder / "audio").mkdir(parents=True)
    for clip in CLIPS:
        soundfile.write(audio_path(folder, clip), spoken(clip), RATE)
    write_filenames(list_path(folder, "train"), TRAIN)
    write_filenames(list_path(folder, "test"), TEST)
    return folder


@pytest.fixture
def folder(good_folder, tmp_path):
    """A copy of them, which a test may damage."""
    return shutil.copytree(good_folder, tmp_path / "my words")


def add_line(folder, split, line):
    with list_path(folder, split).open("a") as file:
        file.write(f"{line}\n")


def plain(checked: CheckedClip) -> Clip:
    """The clip without what was measured."""
    return Clip(*astuple(checked)[:6])


def faults_of(folder, number):
    """The kinds of fault of one of the twenty clips."""
    name = CLIPS[number].filename
    return [fault.fault for fault in check_corpus(folder, OWN).faults if fault.filename == name]


def test_a_good_corpus_is_reported_clip_by_clip_in_the_order_of_file_names(folder):
    report = check_corpus(folder, OWN)
    assert (report.name, report.source) == ("my words", "folder")
    assert report.faults == report.notes == ()
    assert [*map(plain, report.clips)] == CLIPS
    for checked in report.clips:
        samples = spoken(checked) / 2**15
        assert checked.seconds == pytest.approx(len(samples) / RATE, abs=1e-6)
        assert (checked.sample_rate, checked.channels, checked.encoding) == (RATE, 1, "FLAC PCM_16")
        assert checked.peak_db == pytest.approx(20 * math.log10(0.7), abs=0.01)  # as synthesised
        assert checked.level_db == pytest.approx(10 * math.log10(np.mean(samples**2)), abs=0.01)


# -- lists ---------------------------------------------------------------------------------------


def test_lists_may_have_the_audio_prefix_windows_line_ends_a_byte_order_mark_and_blank_lines(
    folder,
):
    expected = check_corpus(folder, OWN)
    lines = [f"audio/{clip.filename}" for clip in TRAIN]
    content = "\ufeff\r\n" + "\r\n\r\n".join(lines)
    list_path(folder, "train").write_bytes(content.encode())
    assert check_corpus(folder, OWN) == expected


def test_without_a_folder_there_is_nothing_to_report(tmp_path):
    with pytest.raises(UserError, match=r"no corpus folder .*nowhere"):
        check_corpus(tmp_path / "nowhere", OWN)


@pytest.mark.parametrize("split", LISTS)
@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, "is missing"),
        (b"", "is empty"),
        (b"\xef\xbb\xbf\r\n \n", "is empty"),
        ("lang-fränkisch".encode("latin-1"), "is not text in UTF-8"),
    ],
)
def test_without_a_list_there_is_nothing_to_report(folder, split, content, words):
    path = list_path(folder, split)
    path.unlink() if content is None else path.write_bytes(content)
    with pytest.raises(UserError, match=rf"The list .*{split}_filenames.txt {words}"):
        check_corpus(folder, OWN)


def test_without_a_folder_of_sounds_there_is_nothing_to_report(folder):
    (folder / "audio").rename(folder / "sounds")
    with pytest.raises(UserError, match="audio cannot be read"):
        check_corpus(folder, OWN)


def test_hidden_files_are_no_recordings(folder):
    for name in (".DS_Store", "._lang-english_speaker-00_trial-0_digit-0.flac"):
        (folder / "audio" / name).write_bytes(b"x")
    assert check_corpus(folder, OWN).faults == ()


def test_a_line_that_names_no_clip_is_reported_with_its_list_and_number(folder):
    add_line(folder, "test", "readme.txt")
    (fault,) = check_corpus(folder, OWN).faults
    assert fault == ("readme.txt", "name", "line 7 of test_filenames.txt: not the name of a clip")


def test_a_clip_in_both_lists_is_in_neither(folder):
    add_line(folder, "test", TRAIN[3].filename)
    report = check_corpus(folder, OWN)
    places = "line 4 of train_filenames.txt, line 7 of test_filenames.txt"
    assert report.faults == ((TRAIN[3].filename, "both lists", places),)
    assert TRAIN[3] not in [*map(plain, report.clips)]


def test_two_files_of_one_recording_are_reported_in_whichever_lists_they_are(folder):
    name = TRAIN[0].filename.replace(".flac", ".wav")
    soundfile.write(folder / "audio" / name, spoken(TRAIN[0]), RATE)
    add_line(folder, "test", name)
    report = check_corpus(folder, OWN)
    assert report.faults == (
        (TRAIN[0].filename, "same recording", f"as {name}"),
        (name, "same recording", f"as {TRAIN[0].filename}"),
    )


@pytest.mark.parametrize("source", ["heidelberg", "synthetic"])
def test_a_corpus_of_digits_has_no_other_words_and_a_users_own_has(folder, source):
    for name in (
        "lang-english_speaker-00_trial-0_digit-12.flac",
        "lang-french_speaker-00_trial-0_digit-1.flac",
    ):
        soundfile.write(folder / "audio" / name, spoken(CLIPS[0]), RATE)
        add_line(folder, "train", name)
    assert check_corpus(folder, OWN).faults == ()
    digits = CorpusSettings(source=source)
    assert [fault[1:] for fault in check_corpus(folder, digits).faults] == [
        ("unknown label", "no english digit '12'"),
        ("unknown label", "no french digit '1'"),
    ]


def test_the_published_counts_are_compared_and_the_lists_are_followed(folder):
    report = check_corpus(folder, CorpusSettings(source="heidelberg"))
    assert report.notes == (
        "The Heidelberg Digits have 10,420 clips (8,156 to train, 2,264 to test); "
        "these lists have 20 clips (14 to train, 6 to test) and are followed.",
    )
    assert len(report.clips) == 20
    assert report.faults == ()


def test_the_published_counts_themselves_are_not_worth_a_note(folder, monkeypatch):
    monkeypatch.setattr(heidelberg, "PUBLISHED_CLIPS", {"train": 14, "test": 6})
    assert check_corpus(folder, CorpusSettings(source="heidelberg")).notes == ()


# -- sound ---------------------------------------------------------------------------------------


def cut(path, kept):
    content = path.read_bytes()
    path.write_bytes(content[: round(kept * len(content))])


@pytest.mark.parametrize("kept", [0.0005, 0.005, 0.1, 0.5, 0.9, 0.999])
def test_a_truncated_flac_is_unreadable(folder, kept):
    cut(name_in(folder, 0), kept)
    assert faults_of(folder, 0) == ["unreadable"]


def test_a_flac_that_ends_between_two_blocks_is_unreadable(folder):
    """Cut where its last block begins, so that every block that is left is whole."""
    path, content = name_in(folder, 0), name_in(folder, 0).read_bytes()
    starts = [at for at in range(len(content)) if content[at : at + 2] == b"\xff\xf8"]
    path.write_bytes(content[: starts[-1]])
    assert faults_of(folder, 0) == ["unreadable"]


def test_a_flac_with_a_damaged_block_is_unreadable(folder):
    content = bytearray(name_in(folder, 0).read_bytes())
    content[len(content) // 2] ^= 0x55
    name_in(folder, 0).write_bytes(content)
    assert faults_of(folder, 0) == ["unreadable"]


@pytest.mark.parametrize("kept", [0.1, 0.5, 0.999])
def test_a_truncated_wav_is_unreadable(folder, kept):
    soundfile.write(name_in(folder, 0), spoken(CLIPS[0]), RATE, format="WAV")
    assert faults_of(folder, 0) == []
    cut(name_in(folder, 0), kept)
    (fault,) = check_corpus(folder, OWN).faults
    assert fault.fault == "unreadable"
    assert fault.detail.endswith("bytes are missing")


def test_a_wav_from_a_pipe_whose_header_promises_too_much_is_read_as_it_is(folder):
    soundfile.write(name_in(folder, 0), spoken(CLIPS[0]), RATE, format="WAV")
    content = bytearray(name_in(folder, 0).read_bytes())
    content[4:8] = content[40:44] = b"\xff\xff\xff\xff"
    name_in(folder, 0).write_bytes(content)
    (checked, *_) = check_corpus(folder, OWN).clips
    assert checked.seconds == pytest.approx(len(spoken(CLIPS[0])) / RATE, abs=1e-6)


def with_sizes(path, riff, data):
    """Write the two sizes of a WAV file's header: of all that follows, and of its samples."""
    content = bytearray(path.read_bytes())
    content[4:8], content[40:44] = riff.to_bytes(4, "little"), data.to_bytes(4, "little")
    path.write_bytes(content)


@pytest.mark.parametrize(
    ("riff", "data"),
    [
        pytest.param(lambda size: size, lambda size: size - 44, id="eight too many in all"),
        pytest.param(lambda size: 0, lambda size: 0, id="a recorder that was stopped"),
    ],
)
def test_the_whole_sound_is_read_under_a_wrong_header(folder, riff, data):
    path, sound = name_in(folder, 0), spoken(CLIPS[0])
    soundfile.write(path, sound, RATE, format="WAV")
    whole, _ = read_audio(path)
    size = path.stat().st_size
    with_sizes(path, riff(size), data(size))
    (checked, *_) = check_corpus(folder, OWN).clips
    assert checked.seconds == pytest.approx(len(sound) / RATE, abs=1e-6)
    assert np.array_equal(read_audio(path)[0], whole)


def test_a_page_in_place_of_a_recording_is_unreadable(folder):
    name_in(folder, 0).write_text("<html>404 not found</html>")
    assert check_corpus(folder, OWN).faults == (
        (CLIPS[0].filename, "unreadable", "Format not recognised"),
    )


def test_a_folder_and_a_link_to_nowhere_are_unreadable(folder):
    for number in (0, 1):
        name_in(folder, number).unlink()
    name_in(folder, 0).mkdir()
    name_in(folder, 1).symlink_to(folder / "nowhere")
    assert faults_of(folder, 0) == faults_of(folder, 1) == ["unreadable"]


def test_no_bytes_and_no_samples_are_empty(folder):
    name_in(folder, 0).write_bytes(b"")
    soundfile.write(name_in(folder, 1), np.zeros(0), RATE, format="WAV")
    assert faults_of(folder, 0) == faults_of(folder, 1) == ["empty"]


@pytest.mark.parametrize(
    ("samples", "detail"),
    [
        (np.zeros(5000), "all 5,000 samples are 0"),
        (np.full(5000, 0.25), "all 5,000 samples are 0.25"),
        (np.random.default_rng(0).normal(size=(5000, 1)) * [[0.1, -0.1]], "the mean of the"),
    ],
)
def test_samples_that_are_all_equal_are_silent(folder, samples, detail):
    soundfile.write(name_in(folder, 0), samples, RATE, format="WAV", subtype="FLOAT")
    (fault,) = check_corpus(folder, OWN).faults
    assert fault.fault == "silent"
    assert fault.detail.startswith(detail)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("subtype", ["FLOAT", "DOUBLE"])
def test_one_sample_that_is_not_a_number_is_enough(folder, value, subtype):
    samples = spoken(CLIPS[0]) / 2**15
    samples[-1] = value
    soundfile.write(name_in(folder, 0), samples, RATE, format="WAV", subtype=subtype)
    assert faults_of(folder, 0) == ["not a number"]


FORMATS = [
    (rate, subtype, channels)
    for rate in (8000, 16000, 22050, 44100, 48000)
    for subtype in ("PCM_16", "PCM_24")
    for channels in (1, 2)
]


@pytest.mark.parametrize(("rate", "subtype", "channels"), FORMATS)
@pytest.mark.slow
def test_twenty_clips_of_a_format_are_reported_rightly(tmp_path, rate, subtype, channels):
    (tmp_path / "audio").mkdir()
    for clip in CLIPS:
        samples = np.stack([spoken(clip)] * channels, axis=1) / 2**15
        soundfile.write(audio_path(tmp_path, clip), samples, rate, subtype=subtype)
    write_filenames(list_path(tmp_path, "train"), TRAIN)
    write_filenames(list_path(tmp_path, "test"), TEST)
    report = check_corpus(tmp_path, OWN)
    assert report.faults == report.notes == ()
    assert len(report.clips) == 20
    for checked in report.clips:
        assert checked.sample_rate == rate
        assert checked.channels == channels
        assert checked.encoding == f"FLAC {subtype}"
        samples = spoken(checked) / 2**15
        assert checked.seconds == pytest.approx(len(samples) / rate, abs=1e-6)
        assert checked.level_db == pytest.approx(10 * math.log10(np.mean(samples**2)), abs=0.01)


@pytest.mark.parametrize("subtype", ["PCM_U8", "PCM_16", "PCM_24", "PCM_32", "FLOAT", "DOUBLE"])
def test_every_usual_kind_of_wav_is_read(folder, subtype):
    samples = spoken(CLIPS[0]) / 2**15
    soundfile.write(name_in(folder, 0), samples, RATE, format="WAV", subtype=subtype)
    checked = check_corpus(folder, OWN).clips[0]
    assert checked.encoding == f"WAV {subtype}"
    assert checked.level_db == pytest.approx(10 * math.log10(np.mean(samples**2)), abs=0.1)


def test_differing_rates_and_channels_are_worth_a_note(folder):
    samples = np.stack([spoken(CLIPS[0])] * 2, axis=1)
    soundfile.write(name_in(folder, 0), samples, 48000)
    assert check_corpus(folder, OWN).notes == (
        "The sampling rates of the clips differ: 22,050 Hz (19), 48,000 Hz (1).",
        "The numbers of channels of the clips differ: 1 (19), 2 (1).",
    )


# -- all at once ---------------------------------------------------------------------------------


@pytest.fixture
def faulty(folder):
    """A corpus with every kind of fault, and the kinds by file name."""
    names = [clip.filename for clip in CLIPS]
    add_line(folder, "train", "readme.txt")
    add_line(folder, "train", names[0])
    add_line(folder, "test", names[1])
    same = names[2].replace("speaker-00", "speaker-0")
    unknown = "lang-english_speaker-00_trial-0_digit-ten.flac"
    extra = "lang-english_speaker-09_trial-0_digit-0.flac"
    for name in (same, unknown, extra):
        soundfile.write(folder / "audio" / name, spoken(CLIPS[0]), RATE)
    add_line(folder, "test", same)
    add_line(folder, "train", unknown)
    name_in(folder, 3).unlink()
    (folder / "audio" / "notes.doc").write_text("today's recordings")
    cut(name_in(folder, 4), 0.5)
    name_in(folder, 5).write_bytes(b"")
    soundfile.write(name_in(folder, 6), np.zeros(999), RATE)
    soundfile.write(name_in(folder, 7), [0.1, np.nan], RATE, format="WAV", subtype="FLOAT")
    cut(name_in(folder, 19), 0.1)
    add_line(folder, "train", names[19])
    return folder, sorted(
        [
            ("readme.txt", "name"),
            ("notes.doc", "name"),
            (names[0], "listed twice"),
            (names[1], "both lists"),
            (names[2], "same recording"),
            (same, "same recording"),
            (unknown, "unknown label"),
            (names[3], "missing"),
            (extra, "extra"),
            (names[4], "unreadable"),
            (names[5], "empty"),
            (names[6], "silent"),
            (names[7], "not a number"),
            (names[19], "both lists"),  # two faults of one file
            (names[19], "unreadable"),
        ]
    )


def test_every_kind_of_fault_is_found_at_once_with_its_file(faulty):
    folder, expected = faulty
    report = check_corpus(folder, DIGITS)
    assert [(fault.filename, fault.fault) for fault in report.faults] == expected
    assert {fault.fault for fault in report.faults} == set(get_args(FaultKind)) - OF_TABLES
    assert all(fault.detail for fault in report.faults)
    assert [*map(plain, report.clips)] == CLIPS[8:19]
    assert not {c.filename for c in report.clips} & {f.filename for f in report.faults}


def test_faults_stop_with_a_list_of_all(faulty):
    report = check_corpus(faulty[0], DIGITS)
    with pytest.raises(UserError) as error:
        usable_clips(report, "stop")
    first, *lines = str(error.value).splitlines()
    assert first.startswith(
        "the corpus 'synthetic digits (eSpeak NG)' has 15 faults: mend them, or set `corpus.faul"
    )
    assert len(lines) == 15
    assert f"'{CLIPS[5].filename}': empty (no bytes)" in lines


def test_or_faulty_clips_are_left_out(faulty):
    clips = usable_clips(check_corpus(faulty[0], DIGITS), "leave_out")
    assert [*map(plain, clips)] == CLIPS[8:19]


def test_without_faults_both_settings_give_all_clips(folder):
    report = check_corpus(folder, OWN)
    assert usable_clips(report, "stop") == usable_clips(report, "leave_out") == [*report.clips]


@pytest.mark.parametrize("faults", ["stop", "leave_out"])
@pytest.mark.parametrize("split", LISTS)
def test_a_list_without_a_clip_is_reported(folder, faults, split):
    report = check_corpus(folder, OWN)
    left = tuple(checked for checked in report.clips if checked.split != split)
    with pytest.raises(UserError, match=f"'my words' has no clip without a fault in its {split}"):
        usable_clips(replace(report, clips=left, faults=(), notes=()), faults)


# -- the report's file ---------------------------------------------------------------------------


def test_a_report_is_read_as_it_was_written(faulty, tmp_path):
    report = check_corpus(faulty[0], DIGITS)
    write_report(report, tmp_path / "report.json")
    assert read_report(tmp_path / "report.json") == report
    content = json.loads((tmp_path / "report.json").read_text())
    assert content["summary"]["clips_by_split"] == {"train": 6, "test": 5}
    assert content["summary"]["clips_by_speaker"] == {"0": 2, "1": 9}
    assert content["summary"]["clips_by_sample_rate"] == {"22050": 11}
    assert content["summary"]["faults_by_kind"]["unreadable"] == 2
    assert len(set(map(len, content["clips"].values()))) == 1


def test_a_name_that_is_not_text_is_reported_and_survives_the_file(folder, tmp_path):
    (folder / "audio" / "schön.flac".encode("latin-1").decode(errors="surrogateescape")).touch()
    report = check_corpus(folder, OWN)
    assert [fault.fault for fault in report.faults] == ["name"]
    write_report(report, tmp_path / "report.json")
    assert read_report(tmp_path / "report.json") == report


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{}", '{"name": "a"}', '{"clips": {"filename": 3}, "name": "a", "source": "b"}'],
)
def test_a_file_that_is_no_report_is_refused(tmp_path, text):
    path = tmp_path / "report.json"
    path.write_text(text)
    with pytest.raises(UserError, match=r"cannot be read as a corpus report .*; make it again"):
        read_report(path)


def test_a_report_that_is_not_there_is_reported(tmp_path):
    with pytest.raises(UserError, match=r"report.json: not there"):
        read_report(tmp_path / "report.json")


def test_the_report_is_the_same_bytes_whatever_the_number_of_processes(faulty, tmp_path):
    for processes in (1, 3):
        write_report(check_corpus(faulty[0], DIGITS, processes), tmp_path / f"{processes}.json")
    assert (tmp_path / "1.json").read_bytes() == (tmp_path / "3.json").read_bytes()


def test_checking_loads_neither_pytorch_nor_librosa():
    code = "import sys, delaynet.data.corpus.check; print({'torch', 'librosa'} & set(sys.modules))"
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    assert answer.stdout.strip() == b"set()"


def test_the_command_warns_of_faults_and_succeeds(faulty, tmp_path, caplog):
    for number in range(10):
        (faulty[0] / "audio" / f"{number}.doc").touch()
    output = tmp_path / "results" / "corpus_report.json"
    arguments = ["--corpus", str(faulty[0]), "--settings", '"synthetic"', "--output", str(output)]
    with caplog.at_level("INFO"):
        result = CliRunner().invoke(command, arguments, catch_exceptions=False)
    assert result.exit_code == 0
    assert len(read_report(output).faults) == 25
    warnings = [r.getMessage() for r in caplog.records if r.levelname == "WARNING"]
    assert len(warnings) == 21
    assert warnings[0] == "'0.doc': name (in audio/: not the name of a clip)"
    assert warnings[-1] == f"... and 5 more: see {output}"
    record = json.loads((tmp_path / "results/records/corpus_report.json.json").read_text())
    assert list(record["outputs"]) == [str(output)]


@pytest.mark.slow
def test_a_quarter_of_the_heidelberg_digits_takes_less_than_a_quarter_of_a_minute(tmp_path):
    """2,605 clips of one second at 48 kHz, on two cores, and a report of less than half a megabyte.

    Of 240 voices and words; the same file serves for all trials.
    """
    (tmp_path / "audio").mkdir()
    clips = corpus_clips(trials=11)[:2605]
    voices = {}
    for clip in clips:
        voice = (clip.language, clip.speaker, clip.word)
        if voice not in voices:
            voices[voice] = tmp_path / f"{len(voices)}.flac"
            soundfile.write(voices[voice], np.resize(spoken(clip), 48000), 48000)
        audio_path(tmp_path, clip).hardlink_to(voices[voice])
    write_filenames(list_path(tmp_path, "train"), clips[:2000])
    write_filenames(list_path(tmp_path, "test"), clips[2000:])
    begin = sum(os.times()[:4])  # of the processor, of this process and those that it started
    report = check_corpus(tmp_path, OWN, processes=2)
    assert sum(os.times()[:4]) - begin < 2 * 15
    assert (len(report.clips), report.faults) == (2605, ())
    write_report(report, tmp_path / "report.json")
    assert (tmp_path / "report.json").stat().st_size < 0.5e6

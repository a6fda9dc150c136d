"""The features file of a corpus: every clip, in order, with what is known of it."""

import logging
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

import h5py
import numpy as np
import pytest
import soundfile
from click.testing import CliRunner
from spoken_words import RATE, WORDS

from delaynet.cli import main
from delaynet.config.errors import UserError
from delaynet.config.settings import CorpusSettings, DecibelFeatures, StandardisedFeatures
from delaynet.data.corpus.check import check_corpus
from delaynet.data.corpus.clips import DIGIT_NAMES, labels_of
from delaynet.data.corpus.layout import parse_filename, write_filenames
from delaynet.data.corpus.report import write_report
from delaynet.data.features.audio import read_audio
from delaynet.data.features.mel import mel_features
from delaynet.data.features.writing import write_features

SETTINGS = DecibelFeatures()
OWN = CorpusSettings(source="folder")
FAULTY = WORDS[1].filename


def written(folder: Path, settings=SETTINGS, faults="stop", processes=1) -> Path:
    """Check a corpus and write its features beside it."""
    path = folder.parent / "out" / "features.h5"
    write_features(folder, check_corpus(folder, OWN), path, settings, faults, processes)
    return path


@pytest.fixture
def words(tmp_path: Path) -> Path:
    """A user's own words in two languages, spoken by two speakers in files of all kinds."""
    folder = tmp_path / "words"
    (folder / "audio").mkdir(parents=True)
    kinds = [("flac", RATE), ("wav", 16000), ("wav", 44100)]
    names = [
        f"lang-{language}_speaker-{speaker}_trial-{trial}_word-{word}.{kinds[trial][0]}"
        for language, word in (("welsh", "bore"), ("welsh", "nos"), ("swahili", "asubuhi"))
        for speaker in (1, 2)
        for trial in range(3)
    ]
    for number, name in enumerate(names):
        audio = np.random.default_rng(number).normal(scale=0.1, size=8000)
        soundfile.write(folder / "audio" / name, audio, kinds[number % 3][1])
    clips = [parse_filename(name) for name in names]
    write_filenames(folder / "train_filenames.txt", [c for c in clips if c.speaker == "1"])
    write_filenames(folder / "test_filenames.txt", [c for c in clips if c.speaker == "2"])
    return folder


def test_the_file_holds_every_clip_in_the_order_of_file_names(
    small_corpus: Path, small_features: Path
):
    with h5py.File(small_features) as file:
        names = list(file["filename"].asstr()[:])
        assert names == sorted(path.name for path in (small_corpus / "audio").iterdir())
        clips = [parse_filename(name) for name in names]
        labels = labels_of(clips)
        assert list(file["label"][:]) == [labels.index(clip.label) for clip in clips]
        assert list(file["word"].asstr()[:]) == [clip.word for clip in clips]
        assert file["trial"].dtype == np.int64
        assert list(file["trial"][:]) == [clip.trial for clip in clips]
        assert list(file["speaker"].asstr()[:]) == [clip.speaker for clip in clips]
        assert list(file["language"].asstr()[:]) == [clip.language for clip in clips]
        test = set((small_corpus / "test_filenames.txt").read_text().split())
        expected = ["test" if name in test else "train" for name in names]
        assert list(file["split"].asstr()[:]) == expected
        assert file["features"].dtype == np.float32
        assert file["left_out"].shape == file["left_out_fault"].shape == (0,)
        for row in (0, 63, 64, 100, 239):
            audio, rate = read_audio(small_corpus / "audio" / names[row])
            expected = mel_features(audio, rate, SETTINGS)
            np.testing.assert_array_equal(file["features"][row], expected)


def test_the_file_says_how_and_from_what_it_was_made(small_features: Path):
    with h5py.File(small_features) as file:
        for key, value in SETTINGS.model_dump().items():
            assert file.attrs[key] == value
        assert file.attrs["corpus_name"] == "synthetic digits (eSpeak NG)"
        assert file.attrs["corpus_source"] == "synthetic"
        assert list(file.attrs["label_names"]) == [*DIGIT_NAMES["english"], *DIGIT_NAMES["german"]]
        assert list(file["features"].attrs["axes"]) == ["clip", "frame", "mel band"]
        assert file["features"].attrs["units"] == "0.0198 per dB above the floor"
        assert file["features"].attrs["frame_duration_s"] == 220 / 22050
        assert all("axes" in file[key].attrs and "units" in file[key].attrs for key in file)


def test_with_the_other_preset_the_file_says_so_and_holds_its_features(recordings: Path):
    settings = StandardisedFeatures(frames=50, scale=0.5)
    with h5py.File(written(recordings, settings)) as file:
        assert file.attrs["preset"] == "stork"
        assert file.attrs["window_seconds"] == 0.025
        assert file["features"].attrs["units"] == "0.5 per standard deviation of the clip"
        assert file["features"].attrs["frame_duration_s"] == 0.01
        assert file["features"].shape == (2, 50, 40)
        np.testing.assert_allclose(file["features"][:].std(axis=(1, 2)), 0.5, rtol=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize("settings", [SETTINGS, StandardisedFeatures()], ids=["authors", "stork"])
def test_the_file_is_the_same_whatever_the_number_of_processes(
    small_corpus: Path, tmp_path: Path, settings: DecibelFeatures | StandardisedFeatures
):
    report = check_corpus(small_corpus, CorpusSettings())
    contents = []
    for processes in (1, 2, 3):
        path = tmp_path / f"{processes}.h5"
        write_features(small_corpus, report, path, settings, processes=processes)
        contents.append(path.read_bytes())
    assert contents[0] == contents[1] == contents[2]


@pytest.mark.slow
def test_made_again_in_another_second_and_process_the_file_is_byte_for_byte_the_same(
    recordings: Path, tmp_path: Path
):
    first = written(recordings)
    time.sleep(1.1)  # a time stamp in the file would differ by now
    write_report(check_corpus(recordings, OWN), tmp_path / "report.json")
    again = tmp_path / "again.h5"
    names = ("--corpus", recordings, "--report", tmp_path / "report.json", "--output", again)
    command = [sys.executable, "-m", "delaynet", "features", "--settings", '"authors"']
    subprocess.run([*command, *map(str, names)], check=True, cwd=tmp_path, capture_output=True)
    assert first.read_bytes() == again.read_bytes()


def test_a_folder_of_recordings_is_called_by_its_name(recordings: Path):
    with h5py.File(written(recordings)) as file:
        assert file.attrs["corpus_name"] == "recordings"
        assert file.attrs["corpus_source"] == "folder"
        assert file["features"].shape == (2, 80, 40)


def test_the_labels_are_the_words_of_the_corpus_whatever_they_are(words: Path):
    with h5py.File(written(words)) as file:
        assert list(file.attrs["label_names"]) == ["asubuhi", "bore", "nos"]
        names = [file.attrs["label_names"][label] for label in file["label"]]
        assert names == list(file["word"].asstr()[:])
        assert list(file["language"].asstr()[:]) == ["swahili"] * 6 + ["welsh"] * 12


def test_with_native_rates_that_differ_one_is_warned(words: Path, caplog: pytest.LogCaptureFixture):
    with caplog.at_level(logging.WARNING):
        written(words, DecibelFeatures(highest_hz=8000))
        written(words, StandardisedFeatures(highest_hz=8000))
        assert not caplog.messages
        written(words, StandardisedFeatures())
    assert "sampling rates of 16000, 22050, 44100 Hz" in caplog.text
    assert "`features.highest_hz: 8000` makes them the same." in caplog.text


def test_bands_that_stay_empty_are_warned_of(words: Path, caplog: pytest.LogCaptureFixture):
    with caplog.at_level(logging.WARNING):
        written(words, SETTINGS)
    assert caplog.messages == [
        "2 of 40 mel bands are empty in 6 of 18 clips: they lie above 8000 Hz, half the sampling "
        "rate of these recordings; `features.highest_hz: 8000` leaves none empty."
    ]


def test_all_clips_without_features_are_reported_at_once(words: Path):
    short, quiet = sorted(path.name for path in (words / "audio").iterdir())[4:6]
    soundfile.write(words / "audio" / short, 0.1 * np.arange(-5, 5), 44100)
    late = np.append(np.zeros(40_000), np.ones(100))
    soundfile.write(words / "audio" / quiet, late, 44100)
    with pytest.raises(UserError) as error:
        written(words)
    first, *lines = str(error.value).splitlines()
    assert first.startswith("2 clips of the corpus 'words' give no features with these settings: ")
    assert lines == [
        f"'{short}': the clip has 5 samples at 22050 Hz, fewer than the 512 of one analysis window",
        f"'{quiet}': the clip is silent in its first 80 frames",
    ]
    assert list((words.parent / "out").iterdir()) == []


def test_faults_of_the_check_stop_before_anything_is_computed(words: Path):
    (words / "audio" / "extra.txt").write_text("no clip")
    with pytest.raises(UserError, match=r"'words' has 1 fault.*\n'extra.txt': name"):
        written(words)
    assert not (words.parent / "out").exists()


def test_what_is_left_out_is_in_the_file_and_its_labels_are_not(words: Path):
    names = sorted(path.name for path in (words / "audio").iterdir())
    for name in names[:6]:  # all of a word
        soundfile.write(words / "audio" / name, np.zeros(9000), 44100, format="WAV")
    (words / "audio" / names[8]).write_bytes(b"no sound")
    soundfile.write(words / "audio" / names[9], np.ones(100) * [[0.1]], 16000, format="WAV")
    soundfile.write(words / "audio" / names[10], np.arange(100) / 100, 16000, format="WAV")
    with h5py.File(written(words, faults="leave_out")) as file:
        left_out = file["left_out"].asstr()[:]
        faults = file["left_out_fault"].asstr()[:]
        assert list(left_out) == [*names[:6], *names[8:11]]
        assert all(fault.startswith("silent (") for fault in faults[:6])
        assert [fault.split(" (")[0] for fault in faults[6:8]] == ["unreadable", "silent"]
        assert faults[8].startswith("the clip has 138 samples at 22050 Hz, fewer than")
        assert list(file.attrs["label_names"]) == ["bore", "nos"]
        kept = [name for name in names if name not in left_out]
        assert list(file["filename"].asstr()[:]) == kept
        assert file["features"].shape == (len(kept), 80, 40)
        for row, name in enumerate(kept):
            expected = mel_features(*read_audio(words / "audio" / name), SETTINGS)
            np.testing.assert_array_equal(file["features"][row], expected)


def test_a_corpus_without_any_features_is_reported_even_if_clips_may_be_left_out(recordings: Path):
    for path in (recordings / "audio").iterdir():
        soundfile.write(path, np.arange(100) / 100, RATE)
    with pytest.raises(UserError, match=r"2 clips of the corpus 'recordings' give no features"):
        written(recordings, faults="leave_out")
    assert list((recordings.parent / "out").iterdir()) == []


def test_bands_that_do_not_fit_are_reported_before_anything_is_computed(words: Path):
    with pytest.raises(UserError, match=r"mel bands hold no frequency .* 512 samples at 16000 Hz"):
        written(words, StandardisedFeatures(bands=150))
    assert not (words.parent / "out").exists()


def test_a_clip_that_is_damaged_after_the_check_is_reported(recordings: Path, tmp_path: Path):
    report = check_corpus(recordings, OWN)
    (recordings / "audio" / FAULTY).write_text("this is no sound")
    with pytest.raises(UserError, match=rf"{FAULTY} cannot be read as sound"):
        write_features(recordings, report, tmp_path / "features.h5", SETTINGS, "leave_out")
    assert not (tmp_path / "features.h5").exists()


def delaynet(*arguments: str | Path) -> tuple[int, str]:
    """Call a command; return its exit code and what it prints."""
    result = CliRunner().invoke(main, list(map(str, arguments)))
    return result.exit_code, result.output


def test_the_command_turns_recordings_into_features_of_either_preset(
    recordings: Path, tmp_path: Path
):
    report, output = tmp_path / "report.json", tmp_path / "features.h5"
    write_report(check_corpus(recordings, OWN), report)
    names = ["--corpus", recordings, "--report", report, "--output", output]
    for settings, preset in (("{}", "authors"), ('{"preset": "stork", "bands": 30}', "stork")):
        assert delaynet("features", *names, "--settings", settings)[0] == 0
        with h5py.File(output) as file:
            assert file.attrs["preset"] == preset
            assert file["features"].shape == (2, 80, {"authors": 40, "stork": 30}[preset])


def test_the_command_leaves_out_what_it_is_told_to(recordings: Path, tmp_path: Path):
    shutil.copy(recordings / "audio" / FAULTY, recordings / "audio" / FAULTY.replace("09", "08"))
    report, output = tmp_path / "report.json", tmp_path / "features.h5"
    write_report(check_corpus(recordings, OWN), report)
    names = ["--corpus", recordings, "--report", report, "--output", output, "--settings", "{}"]
    code, text = delaynet("features", *names)
    assert code == 2
    assert re.search(r"delaynet: the corpus 'recordings' has 1 fault.*\n.*speaker-08.*extra", text)
    assert not output.exists()
    assert delaynet("features", *names, "--faults", "leave_out")[0] == 0
    with h5py.File(output) as file:
        assert list(file["left_out"].asstr()[:]) == [FAULTY.replace("09", "08")]


@pytest.mark.parametrize(
    ("settings", "more", "complaint"),
    [
        ("{}", [], "--report is missing: make one with `delaynet corpus check`"),
        ('"spikes"', ["--report", "report.json"], "spikes have no report"),
        ('"spikes"', [], r"shd_train\.h5 is not there"),
        ('"mfcc"', [], "preset"),
        ("{}", ["--report", "none.json"], r"none\.json: not there"),
    ],
)
def test_a_mistake_in_the_command_is_one_sentence(
    settings: str, more: list[str], complaint: str, recordings: Path, tmp_path: Path
):
    names = ["--corpus", recordings, "--output", tmp_path / "out.h5", "--settings", settings]
    code, text = delaynet("features", *names, *more)
    assert code == 2
    assert re.fullmatch(rf"delaynet: .*{complaint}.*\n", text)
    assert not (tmp_path / "out.h5").exists()

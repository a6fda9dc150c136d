"""Mel features are what librosa computes from the paper's settings, and files of them are exact."""

import shutil
import subprocess
import sys
import time
import warnings
from pathlib import Path

import h5py
import librosa
import numpy as np
import pytest
import soundfile

from delaynet.config import FeatureSettings
from delaynet.corpus.layout import LABEL_NAMES, Clip, parse_filename, write_filenames
from delaynet.corpus.synthetic import clip_audio, write_corpus
from delaynet.errors import UserError
from delaynet.features import clip_features, mel_features, read_audio, write_features

SETTINGS = FeatureSettings()
RATE = 22050
WORDS = [Clip("english", 0, 0, 7), Clip("english", 9, 1, 0), Clip("german", 4, 2, 5)]


def spoken(clip: Clip) -> np.ndarray:
    """A real clip of the real synthesiser, float32 in [-1, 1]."""
    return (clip_audio(clip, seed=3) / 32768).astype(np.float32)


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("made") / "corpus"
    write_corpus(folder, trials=1, seed=3)
    return folder


@pytest.fixture(scope="module")
def features_file(corpus: Path) -> Path:
    path = corpus.parent / "features.h5"
    write_features(corpus, path, SETTINGS)
    return path


@pytest.fixture
def recordings(tmp_path: Path) -> Path:
    """A user's folder of two recordings, one in each list."""
    folder = tmp_path / "recordings"
    (folder / "audio").mkdir(parents=True)
    for clip in WORDS[:2]:
        soundfile.write(folder / "audio" / clip.filename, spoken(clip), RATE)
    write_filenames(folder / "train_filenames.txt", [WORDS[0]])
    write_filenames(folder / "test_filenames.txt", [WORDS[1]])
    return folder


@pytest.mark.parametrize("clip", WORDS, ids=lambda clip: clip.filename)
def test_features_are_those_that_librosa_computes_step_by_step(clip: Clip):
    audio = spoken(clip)
    emphasised = librosa.effects.preemphasis(audio, coef=0.95)
    power = librosa.feature.melspectrogram(
        y=emphasised, sr=22050, n_fft=512, win_length=512, hop_length=220, n_mels=40
    )
    padded = np.zeros((40, 80))
    padded[:, : power.shape[1]] = power[:, :80]
    decibels = librosa.power_to_db(padded, ref=np.max, top_db=80)
    expected = (decibels + 80) * 0.00099 * 20
    np.testing.assert_allclose(mel_features(audio, SETTINGS), expected.T, atol=1e-5)


@pytest.mark.parametrize("clip", WORDS, ids=lambda clip: clip.filename)
def test_features_fill_the_range_from_0_to_1_584(clip: Clip):
    features = mel_features(spoken(clip), SETTINGS)
    assert features.shape == (80, 40)
    assert features.dtype == np.float32
    assert features.min() == 0
    assert features.max() == np.float32(1.584)


def test_frames_after_the_end_of_a_clip_are_exactly_zero():
    audio = spoken(WORDS[0])
    features = mel_features(audio, SETTINGS)
    frames = 1 + len(audio) // 220
    assert frames < 80
    assert not features[frames:].any()
    assert features[: frames - 1].any(axis=1).all()


def test_a_long_clip_is_cut_and_its_level_is_that_of_the_frames_kept():
    audio = np.tile(spoken(WORDS[0]), 4)
    loud_end = np.concatenate([audio[: 90 * 220], 10 * audio])
    features = mel_features(audio, SETTINGS)
    assert features.shape == (80, 40)
    np.testing.assert_array_equal(mel_features(loud_end, SETTINGS), features)


@pytest.mark.parametrize("gain", [1e-4, 0.1, 32768.0])
def test_features_do_not_depend_on_the_level_of_the_recording(gain: float):
    audio = spoken(WORDS[0])
    np.testing.assert_allclose(
        mel_features(gain * audio, SETTINGS), mel_features(audio, SETTINGS), atol=1e-5
    )


def test_a_higher_tone_is_seen_in_a_higher_band():
    seconds = np.arange(RATE) / RATE
    bands = [
        mel_features(np.sin(2 * np.pi * hertz * seconds), SETTINGS)[40].argmax()
        for hertz in (200, 500, 1000, 2000, 4000, 8000)
    ]
    assert all(np.diff(bands) > 0)


def test_a_click_is_seen_in_the_frame_of_its_time():
    audio = np.zeros(RATE, dtype=np.float32)
    audio[50 * 220] = 1.0
    assert mel_features(audio, SETTINGS).sum(axis=1).argmax() == 50


def test_other_settings_are_obeyed():
    settings = FeatureSettings(bands=20, frames=30, floor_db=60.0, scale=0.5)
    features = mel_features(spoken(WORDS[0]), settings)
    assert features.shape == (30, 20)
    assert features.max() == 30.0


def test_a_stereo_clip_is_heard_as_the_mean_of_its_channels(tmp_path: Path):
    audio = spoken(WORDS[0])
    soundfile.write(tmp_path / "mono.flac", audio, RATE)
    soundfile.write(tmp_path / "stereo.flac", np.stack([1.2 * audio, 0.8 * audio], axis=1), RATE)
    mono = clip_features(tmp_path / "mono.flac", SETTINGS)
    stereo = clip_features(tmp_path / "stereo.flac", SETTINGS)
    assert np.abs(stereo - mono).max() < 0.02  # 1 dB; rounding to 16 bit twice


def test_a_clip_at_44_1_khz_has_nearly_the_features_of_22_05_khz(tmp_path: Path):
    audio = spoken(WORDS[0])
    twice = librosa.resample(audio, orig_sr=RATE, target_sr=2 * RATE)
    soundfile.write(tmp_path / "twice.flac", twice, 2 * RATE)
    features = mel_features(audio, SETTINGS)
    resampled = clip_features(tmp_path / "twice.flac", SETTINGS)
    assert len(read_audio(tmp_path / "twice.flac", RATE)) == len(audio)
    difference = np.abs(resampled - features)
    assert difference.mean() < 0.1 * 0.0198  # 0.1 dB
    assert np.quantile(difference, 0.99) < 2 * 0.0198  # near-silence between harmonics differs
    unconverted = mel_features(twice, SETTINGS)
    assert np.abs(unconverted - features).mean() > 10 * 0.0198


def test_the_file_holds_every_clip_in_the_order_of_file_names(corpus: Path, features_file: Path):
    with h5py.File(features_file) as file:
        names = list(file["filename"].asstr()[:])
        assert names == sorted(path.name for path in (corpus / "audio").iterdir())
        clips = [parse_filename(name) for name in names]
        for key in ("label", "speaker", "trial", "digit"):
            assert file[key].dtype == np.int64
            assert list(file[key][:]) == [getattr(clip, key) for clip in clips]
        assert list(file["language"].asstr()[:]) == [clip.language for clip in clips]
        test = set((corpus / "test_filenames.txt").read_text().split())
        expected = ["test" if name in test else "train" for name in names]
        assert list(file["split"].asstr()[:]) == expected
        assert file["features"].dtype == np.float32
        for row in (0, 100, 239):
            np.testing.assert_array_equal(
                file["features"][row], clip_features(corpus / "audio" / names[row], SETTINGS)
            )


def test_the_file_says_how_and_from_what_it_was_made(features_file: Path):
    with h5py.File(features_file) as file:
        for key, value in SETTINGS.model_dump().items():
            assert file.attrs[key] == value
        assert file.attrs["corpus_name"] == "synthetic digits (eSpeak NG)"
        assert file.attrs["corpus_source"] == "synthetic"
        assert list(file.attrs["label_names"]) == list(LABEL_NAMES)
        assert list(file["features"].attrs["axes"]) == ["clip", "frame", "mel band"]
        assert file["features"].attrs["units"] == "0.0198 per dB above the floor"
        assert all("axes" in file[key].attrs and "units" in file[key].attrs for key in file)


@pytest.mark.slow
def test_made_again_in_another_second_and_process_the_file_is_byte_for_byte_the_same(
    recordings: Path, tmp_path: Path
):
    write_features(recordings, tmp_path / "first.h5", SETTINGS)
    time.sleep(1.1)  # a time stamp in the file would differ by now
    code = (
        f"import sys; sys.path[:] = {sys.path!r}\n"
        "from pathlib import Path; from delaynet.config import FeatureSettings\n"
        "from delaynet.features import write_features\n"
        f"write_features(Path({str(recordings)!r}), Path({str(tmp_path / 'again.h5')!r}), "
        "FeatureSettings())"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
    assert (tmp_path / "first.h5").read_bytes() == (tmp_path / "again.h5").read_bytes()


def test_a_folder_of_recordings_is_called_by_its_name(recordings: Path, tmp_path: Path):
    write_features(recordings, tmp_path / "features.h5", SETTINGS)
    with h5py.File(tmp_path / "features.h5") as file:
        assert file.attrs["corpus_name"] == "recordings"
        assert file.attrs["corpus_source"] == "folder"
        assert file["features"].shape == (2, 80, 40)


@pytest.mark.parametrize(
    ("audio", "complaint"),
    [
        (np.zeros(0), " cannot be read as sound"),
        (np.ones(400) * 0.1, ": the clip has 400 samples at 22050 Hz, fewer than the 512"),
        (np.zeros(10_000), ": the clip is silent in its first 80 frames"),
        (np.append(np.zeros(20_000), np.ones(100)), ": the clip is silent in its first 80 frames"),
    ],
    ids=["empty", "too short", "silent", "silent in the part kept"],
)
def test_a_clip_without_sound_is_told_with_its_file_and_leaves_no_features(
    recordings: Path, tmp_path: Path, audio: np.ndarray, complaint: str
):
    bad = recordings / "audio" / WORDS[1].filename
    soundfile.write(bad, audio, RATE)
    with pytest.raises(UserError, match=WORDS[1].filename + complaint):
        write_features(recordings, tmp_path / "out" / "features.h5", SETTINGS)
    assert list((tmp_path / "out").iterdir()) == []


def test_a_clip_of_no_samples_is_told():
    with pytest.raises(UserError, match="the clip has 0 samples"):
        mel_features(np.zeros(0), SETTINGS)


def test_a_clip_of_numbers_that_are_none_is_told():
    audio = spoken(WORDS[0])
    audio[100] = np.nan
    with warnings.catch_warnings(), pytest.raises(UserError, match="not numbers"):
        warnings.simplefilter("error")
        mel_features(audio, SETTINGS)


def test_a_file_that_is_no_sound_is_told(recordings: Path, tmp_path: Path):
    bad = recordings / "audio" / WORDS[1].filename
    bad.write_text("this is no sound")
    with pytest.raises(UserError, match=rf"{WORDS[1].filename} cannot be read as sound"):
        write_features(recordings, tmp_path / "features.h5", SETTINGS)


def test_a_sound_file_cut_off_in_its_header_is_told(recordings: Path):
    bad = recordings / "audio" / WORDS[1].filename
    bad.write_bytes(bad.read_bytes()[:30])
    with pytest.raises(UserError, match=rf"{WORDS[1].filename} cannot be read as sound"):
        clip_features(bad, SETTINGS)


def test_an_incomplete_corpus_is_told_before_anything_is_written(recordings: Path, tmp_path: Path):
    shutil.rmtree(recordings / "audio")
    with pytest.raises(UserError, match="lacks 2 of the 2 listed clips"):
        write_features(recordings, tmp_path / "out" / "features.h5", SETTINGS)
    assert not (tmp_path / "out").exists()

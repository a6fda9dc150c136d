"""Whatever a recording's rate, resolution and channels, its features are the same."""

from pathlib import Path

import librosa
import numpy as np
import pytest
import soundfile

from delaynet.config.errors import UserError
from delaynet.config.settings import DecibelFeatures
from delaynet.data.features.audio import read_audio, resampled
from delaynet.data.features.mel import decibel_features, mel_features, mel_filters

SETTINGS = DecibelFeatures()
RATE = 22050
SECONDS = 0.6
HIGHEST_HZ = 3500  # of the voices: a rate of 8 kHz holds them
FREQUENCIES = np.fft.rfftfreq(SETTINGS.fft_length, 1 / RATE)
FILTERS = mel_filters(SETTINGS, RATE, SETTINGS.fft_length)
LOW_BANDS = ~FILTERS[:, FREQUENCIES > HIGHEST_HZ].any(axis=1)  # hold the voices and nothing else
HIGH_BANDS = ~FILTERS[:, FREQUENCIES < 4000].any(axis=1)  # hold nothing that 8 kHz could


def voice(seed: int, rate: int) -> np.ndarray:
    """The same sum of harmonics, swelling and fading, at the times of any rate."""
    generator = np.random.default_rng(seed)
    pitch = generator.uniform(90, 250)
    harmonic = np.arange(1, HIGHEST_HZ // pitch + 1)[:, None]
    amplitude = generator.uniform(0.1, 1, harmonic.shape) / np.sqrt(harmonic)
    phase = generator.uniform(0, 2 * np.pi, harmonic.shape)
    seconds = np.arange(round(SECONDS * rate)) / rate
    sound = np.sum(amplitude * np.sin(2 * np.pi * pitch * harmonic * seconds + phase), axis=0)
    return np.sin(np.pi * seconds / SECONDS) ** 2 * sound / amplitude.sum()


@pytest.fixture(scope="module")
def decibels() -> np.ndarray:
    """The features of twenty voices that no file has rounded, in dB above the floor."""
    return np.stack([decibel_features(voice(n, RATE), SETTINGS) for n in range(20)]) / 0.0198


@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("bits", [16, 24])
@pytest.mark.parametrize("rate", [8000, 16000, 22050, 44100, 48000])
@pytest.mark.slow
def test_twenty_voices_have_the_same_features_at_any_rate_resolution_and_channel_count(
    rate: int, bits: int, channels: int, decibels: np.ndarray, tmp_path: Path
):
    """Tolerances in dB: all that 24 bits can tell; near the floor, what 16 bits round away.

    Rounding to 16 bits is noise some 80 dB below a voice, and the floor stands 80 dB below its
    loudest band: there, and in the high bands, which hold nothing but that noise, it is heard.
    """
    found = []
    for seed in range(20):
        mono = voice(seed, rate)
        sides = [mono] if channels == 1 else [1.2 * mono, 0.8 * mono]
        path = tmp_path / f"{seed}.flac"
        soundfile.write(path, np.stack(sides, axis=1), rate, subtype=f"PCM_{bits}")
        found.append(mel_features(*read_audio(path), SETTINGS) / 0.0198)
    difference = np.abs(np.stack(found) - decibels)  # [clips, frames, bands]
    loud = decibels > 30
    assert difference[..., LOW_BANDS][loud[..., LOW_BANDS]].max() < 0.2
    assert difference[..., LOW_BANDS].max() < (2.5 if bits == 16 else 0.1)
    assert difference[..., LOW_BANDS].mean() < 0.02
    assert decibels[..., HIGH_BANDS].max() == 0
    assert difference[..., HIGH_BANDS].max() < (6 if bits == 16 else 0.1)


@pytest.mark.parametrize("rate", [8000, 16000, 44100, 48000])
def test_without_resampling_features_would_be_ten_decibels_off(rate: int, decibels: np.ndarray):
    for seed in range(20):
        unconverted = decibel_features(voice(seed, rate), SETTINGS) / 0.0198
        assert np.abs(unconverted - decibels[seed]).mean() > 10


@pytest.mark.slow
@pytest.mark.parametrize("rate", [8000, 11025, 44100, 48000, 96000])
def test_resampling_is_that_of_librosa(rate: int):
    audio = voice(0, rate).astype(np.float32)
    expected = librosa.resample(audio, orig_sr=rate, target_sr=RATE)
    np.testing.assert_array_equal(resampled(audio, rate, RATE), expected)


@pytest.mark.parametrize("samples", [1, 2, 3, 100, 4801])
def test_resampled_audio_lasts_as_long_rounded_up_to_a_sample(samples: int):
    audio = np.ones(samples, np.float32)
    assert len(resampled(audio, 48000, RATE)) == -(-samples * RATE // 48000)
    assert len(resampled(audio, 8000, RATE)) == -(-samples * RATE // 8000)


def test_content_above_the_new_range_is_gone_and_not_folded_back():
    seconds = np.arange(48000) / 48000
    tone = np.sin(2 * np.pi * 15000 * seconds).astype(np.float32)
    assert np.abs(resampled(tone, 48000, RATE)[1000:-1000]).max() < 1e-4


@pytest.mark.parametrize(
    ("suffix", "subtype", "tolerance"),
    [
        ("flac", "PCM_S8", 2**-7),
        ("flac", "PCM_16", 2**-15),
        ("flac", "PCM_24", 2**-23),
        ("wav", "PCM_U8", 2**-7),
        ("wav", "PCM_16", 2**-15),
        ("wav", "PCM_24", 2**-23),
        ("wav", "PCM_32", 2**-23),
        ("wav", "FLOAT", 2**-23),
        ("wav", "DOUBLE", 2**-23),
    ],
)
def test_integers_and_floats_are_read_at_the_same_scale(
    suffix: str, subtype: str, tolerance: float, tmp_path: Path
):
    audio = voice(1, 16000)
    soundfile.write(tmp_path / f"clip.{suffix}", audio, 16000, subtype=subtype)
    samples, rate = read_audio(tmp_path / f"clip.{suffix}")
    assert (rate, samples.dtype) == (16000, np.float32)
    np.testing.assert_allclose(samples, audio, atol=tolerance)


@pytest.mark.parametrize("channels", [1, 2, 3, 6])
def test_any_number_of_channels_is_read_as_their_mean(channels: int, tmp_path: Path):
    audio = np.stack([voice(seed, 16000) for seed in range(channels)], axis=1)
    soundfile.write(tmp_path / "clip.wav", audio, 16000, subtype="FLOAT")
    samples, _ = read_audio(tmp_path / "clip.wav")
    np.testing.assert_allclose(samples, audio.mean(axis=1), atol=1e-7)


@pytest.mark.parametrize("content", [b"", b"this is no sound"], ids=["empty", "text"])
def test_a_file_that_is_no_sound_is_reported(content: bytes, tmp_path: Path):
    (tmp_path / "bad.flac").write_bytes(content)
    with pytest.raises(UserError, match=r"bad\.flac cannot be read as sound"):
        read_audio(tmp_path / "bad.flac")


def test_a_missing_file_is_reported(tmp_path: Path):
    with pytest.raises(UserError, match=r"none\.flac cannot be read as sound"):
        read_audio(tmp_path / "none.flac")


def test_a_sound_file_cut_off_in_its_header_is_reported(tmp_path: Path):
    soundfile.write(tmp_path / "cut.flac", voice(0, 16000), 16000)
    (tmp_path / "cut.flac").write_bytes((tmp_path / "cut.flac").read_bytes()[:30])
    with pytest.raises(UserError, match=r"cut\.flac cannot be read as sound"):
        read_audio(tmp_path / "cut.flac")

"""Mel features are, to the last digits, what their two presets say."""

import warnings

import librosa
import numpy as np
import pytest

from delaynet.config.errors import UserError
from delaynet.config.settings import DecibelFeatures, StandardisedFeatures
from delaynet.data.features.mel import (
    NoFeatures,
    decibel_features,
    mel_features,
    mel_filters,
    require_bands,
    sentences_on_empty_bands,
    standardised_features,
    window_samples,
)

RATE = 22050
DECIBELS = DecibelFeatures()
STANDARDISED = StandardisedFeatures()


def emphasised_click(rate: int, frequencies: int, first: float, second: float) -> np.ndarray:
    """Power |w1 - 0.95 w2 e^(-i omega)|^2 of a pre-emphasised click under two window weights."""
    omega = np.pi * np.arange(frequencies) / (frequencies - 1)
    return first**2 + (0.95 * second) ** 2 - 2 * 0.95 * first * second * np.cos(omega)


def transcribed(audio: np.ndarray, rate: int) -> np.ndarray:
    """The `stork` preset again, frame by frame, with librosa's filters."""
    emphasised = np.append(audio[0], audio[1:] - 0.95 * audio[:-1])
    window, hop = round(0.025 * rate), round(0.01 * rate)
    fft_length = 2 ** int(np.ceil(np.log2(window)))
    count = 1 + int(np.ceil((len(audio) - window) / hop))
    padded = np.append(emphasised, np.zeros(window))
    frames = [padded[k * hop : k * hop + window] * np.hamming(window) for k in range(count)]
    power = np.abs(np.fft.rfft(frames, fft_length)) ** 2 / fft_length
    filters = librosa.filters.mel(sr=rate, n_fft=fft_length, n_mels=40, htk=True, norm=None)
    mel = power @ filters.T
    levels = np.log10(np.where(mel == 0, np.finfo(float).eps, mel))
    kept = np.array([levels[min(k, count - 1)] for k in range(80)])
    return (kept - kept.mean()) / kept.std()


@pytest.mark.slow
def test_decibel_features_are_those_that_librosa_computes_step_by_step(word: np.ndarray):
    emphasised = librosa.effects.preemphasis(word, coef=0.95)
    power = librosa.feature.melspectrogram(
        y=emphasised, sr=22050, n_fft=512, win_length=512, hop_length=220, n_mels=40
    )
    padded = np.zeros((40, 80))
    padded[:, : power.shape[1]] = power[:, :80]
    decibels = librosa.power_to_db(padded, ref=np.max, top_db=80)
    expected = (decibels + 80) * 0.00099 * 20
    np.testing.assert_allclose(decibel_features(word, DECIBELS), expected.T, atol=1e-5)


@pytest.mark.parametrize("rate", [8000, 16000, 22050, 44100, 48000])
@pytest.mark.slow
def test_standardised_features_are_those_of_a_transcription_frame_by_frame(
    word: np.ndarray, rate: int
):
    found = standardised_features(word, rate, STANDARDISED)
    np.testing.assert_allclose(found, transcribed(word.astype(np.float64), rate), atol=2e-6)


@pytest.mark.parametrize(
    ("rate", "length", "bands"),
    [(1600, 64, 10), (8000, 256, 10), (8000, 256, 40), (22050, 512, 40), (48000, 2048, 40)],
)
@pytest.mark.slow
def test_mel_filters_are_those_of_librosa(rate: int, length: int, bands: int):
    common = {"sr": rate, "n_fft": length, "n_mels": bands, "dtype": np.float64}
    slaney = librosa.filters.mel(**common)
    htk = librosa.filters.mel(**common, htk=True, norm=None)
    settings = DecibelFeatures(bands=bands)
    np.testing.assert_allclose(mel_filters(settings, rate, length), slaney, atol=1e-14)
    settings = StandardisedFeatures(bands=bands)
    np.testing.assert_allclose(mel_filters(settings, rate, length), htk, atol=1e-11)


@pytest.mark.slow
def test_mel_filters_between_other_limits_are_those_of_librosa():
    for kind, htk, norm in ((DecibelFeatures, False, "slaney"), (StandardisedFeatures, True, None)):
        expected = librosa.filters.mel(
            sr=RATE, n_fft=512, n_mels=20, fmin=300, fmax=4000, htk=htk, norm=norm, dtype=float
        )
        found = mel_filters(kind(bands=20, lowest_hz=300, highest_hz=4000), RATE, 512)
        np.testing.assert_allclose(found, expected, atol=1e-11)


@pytest.mark.parametrize("kind", [DecibelFeatures, StandardisedFeatures])
def test_a_tone_outside_the_limits_is_not_heard(kind: type):
    seconds = np.arange(RATE) / RATE
    inside = np.sin(2 * np.pi * 1000 * seconds)
    limits = kind(lowest_hz=500, highest_hz=4000)
    loudest = mel_features(inside, RATE, limits)[40].argmax()
    for hertz, gain in ((100, 30), (6000, 3)):
        both = inside + gain * np.sin(2 * np.pi * hertz * seconds)
        assert mel_features(both, RATE, limits)[40].argmax() == loudest
        assert mel_features(both, RATE, kind())[40].argmax() != (
            mel_features(inside, RATE, kind())[40].argmax()
        )


def test_the_limits_that_were_always_there_change_no_bit(seven: np.ndarray):
    for kind, highest in ((DecibelFeatures, RATE / 2), (StandardisedFeatures, RATE / 2)):
        assert "lowest_hz" not in kind().model_dump()  # not recorded
        written_out = mel_features(seven, RATE, kind(lowest_hz=0, highest_hz=highest))
        np.testing.assert_array_equal(written_out, mel_features(seven, RATE, kind()))


def test_bands_above_half_the_rate_of_a_recording_are_counted_and_named():
    (sentence,) = sentences_on_empty_bands([8000, 8000, 22050], DECIBELS)
    assert sentence.startswith("11 of 40 mel bands are empty in 2 of 3 clips: they lie above 4000")
    assert sentences_on_empty_bands([8000, 22050], DecibelFeatures(highest_hz=4000)) == []
    assert sentences_on_empty_bands([8000, 22050], STANDARDISED) == []


def test_standardised_bands_above_half_the_rate_of_a_recording_are_reported():
    settings = StandardisedFeatures(highest_hz=4000)
    require_bands(8000, settings)
    with pytest.raises(UserError, match=r"highest_hz` is 4000, .* at 6000 Hz: take at most 3000,"):
        require_bands(6000, settings)


def test_decibels_of_a_click_are_those_computed_by_hand():
    audio = np.zeros(RATE)
    audio[50 * 220] = 1.0  # in the middle of frame 50, where the Hann window is 1
    beside = 0.5 - 0.5 * np.cos(2 * np.pi * 257 / 512)
    power = mel_filters(DECIBELS, RATE, 512) @ emphasised_click(RATE, 257, 1.0, beside)
    features = decibel_features(audio, DECIBELS)
    expected = np.maximum(0, 0.0198 * (80 + 10 * np.log10(power / power.max())))
    np.testing.assert_allclose(features[50], expected, atol=1e-6)
    assert features.max() == features[50].max() == np.float32(1.584)
    heard = np.flatnonzero(features.any(axis=1))
    assert list(heard) == [49, 50, 51]  # frames 48 and 52 end 184 samples from it
    assert (features[49] < features[50]).all()


def test_standardised_levels_of_a_click_are_those_computed_by_hand():
    audio = np.zeros(8000)
    audio[100] = 1.0
    levels = np.full((80, 40), np.log10(np.finfo(float).eps))
    window = np.hamming(200)
    for frame in (0, 1):  # of 200 samples, each 80 after the last: frame 2 begins at 160
        first, second = window[100 - 80 * frame], window[101 - 80 * frame]
        power = emphasised_click(8000, 129, first, second) / 256
        levels[frame] = np.log10(mel_filters(STANDARDISED, 8000, 256) @ power)
    expected = (levels - levels.mean()) / levels.std()
    found = standardised_features(audio, 8000, STANDARDISED)
    np.testing.assert_allclose(found, expected, rtol=1e-6)


def test_decibel_features_fill_the_range_from_0_to_1_584(word: np.ndarray):
    features = decibel_features(word, DECIBELS)
    assert features.shape == (80, 40)
    assert features.dtype == np.float32
    assert features.min() == 0
    assert features.max() == np.float32(1.584)


@pytest.mark.parametrize("scale", [1.0, 0.25])
def test_standardised_features_have_mean_0_and_the_scale_as_standard_deviation(
    word: np.ndarray, scale: float
):
    features = standardised_features(word, RATE, StandardisedFeatures(scale=scale))
    assert features.shape == (80, 40)
    assert features.dtype == np.float32
    assert abs(features.mean(dtype=np.float64)) < 1e-7
    assert abs(features.std(dtype=np.float64) - scale) < 1e-7


def test_frames_after_the_end_of_a_clip_are_exactly_zero_in_decibels(seven: np.ndarray):
    features = decibel_features(seven, DECIBELS)
    frames = 1 + len(seven) // 220
    assert frames < 80
    assert not features[frames:].any()
    assert features[: frames - 1].any(axis=1).all()


def test_frames_after_the_end_of_a_standardised_clip_repeat_its_last(seven: np.ndarray):
    features = standardised_features(seven, RATE, STANDARDISED)
    last = int(np.ceil((len(seven) - 551) / 220))
    assert last < 78
    np.testing.assert_array_equal(features[last + 1 :], [features[last]] * (79 - last))
    assert (features[last - 1] != features[last]).all()


def test_silence_at_the_end_is_the_lowest_there_is(seven: np.ndarray):
    audio = np.append(seven[:8000], np.zeros(20_000))
    assert not decibel_features(audio, DECIBELS)[40:].any()
    standardised = standardised_features(audio, RATE, STANDARDISED)
    assert np.unique(standardised[40:]) == standardised.min() < standardised[:30].min()


@pytest.mark.parametrize("samples", [551, 552, 770, 771, 772])
def test_the_last_sample_of_a_standardised_clip_is_in_a_frame(samples: int):
    """At 22,050 Hz, windows of 551 samples begin every 220: one sample more is one frame more."""
    audio = np.random.default_rng(0).normal(size=samples)
    changed = audio.copy()
    changed[-1] += 100.0
    features = standardised_features(audio, RATE, STANDARDISED)
    frames = len(np.unique(features, axis=0))
    assert frames == 1 + -(-(samples - 551) // 220)
    assert (standardised_features(changed, RATE, STANDARDISED) != features).any()


def test_a_long_clip_is_cut_and_its_level_is_that_of_the_frames_kept(seven: np.ndarray):
    audio = np.tile(seven, 4)
    loud_end = np.concatenate([audio[: 90 * 220], 10 * audio])
    for settings in (DECIBELS, STANDARDISED):
        features = mel_features(audio, RATE, settings)
        assert features.shape == (80, 40)
        np.testing.assert_array_equal(mel_features(loud_end, RATE, settings), features)


@pytest.mark.parametrize("settings", [DECIBELS, STANDARDISED], ids=["authors", "stork"])
@pytest.mark.parametrize("gain", [1e-4, 0.1, 32768.0])
def test_features_do_not_depend_on_the_level_of_the_recording(
    settings: DecibelFeatures | StandardisedFeatures, gain: float, seven: np.ndarray
):
    quiet_or_loud = mel_features(gain * seven, RATE, settings)
    np.testing.assert_allclose(quiet_or_loud, mel_features(seven, RATE, settings), atol=1e-5)


@pytest.mark.parametrize("settings", [DECIBELS, STANDARDISED], ids=["authors", "stork"])
def test_a_tone_is_seen_in_the_band_of_its_frequency(
    settings: DecibelFeatures | StandardisedFeatures,
):
    seconds = np.arange(RATE) / RATE
    fft_length = {"authors": 512, "stork": 1024}[settings.preset]
    filters = mel_filters(settings, RATE, fft_length)
    for hertz in (200, 500, 1000, 2000, 4000, 8000):
        features = mel_features(np.sin(2 * np.pi * hertz * seconds), RATE, settings)
        nearest = round(hertz / RATE * 2 * (filters.shape[1] - 1))
        assert abs(features[40].argmax() - filters[:, nearest].argmax()) <= 1


def test_the_bands_of_a_standardised_clip_span_its_own_range_of_frequencies():
    """The same tone is in a lower band at a higher rate, where the bands span more."""
    bands = []
    for rate in (8000, 16000, 44100):
        tone = np.sin(2 * np.pi * 1000 * np.arange(rate) / rate)
        bands.append(standardised_features(tone, rate, STANDARDISED)[40].argmax())
    assert all(np.diff(bands) < 0)


@pytest.mark.parametrize(
    ("rate", "samples"),
    [(8000, (200, 80, 256)), (16000, (400, 160, 512)), (48000, (1200, 480, 2048))],
)
def test_the_transform_of_a_standardised_clip_holds_its_whole_window(
    rate: int, samples: tuple[int, int, int]
):
    assert window_samples(rate, STANDARDISED) == samples


def test_other_settings_are_obeyed(seven: np.ndarray):
    decibels = DecibelFeatures(bands=20, frames=30, floor_db=60.0, scale=0.5)
    assert decibel_features(seven, decibels).shape == (30, 20)
    assert decibel_features(seven, decibels).max() == 30.0
    standardised = StandardisedFeatures(
        bands=20, frames=30, window_seconds=0.02, hop_seconds=0.005, preemphasis=0.0
    )
    features = standardised_features(seven, RATE, standardised)
    assert features.shape == (30, 20)
    frame = seven[29 * 110 : 29 * 110 + 441] * np.hamming(441)
    power = np.abs(np.fft.rfft(frame, 512)) ** 2
    levels = np.log10(mel_filters(standardised, RATE, 512) @ power)
    assert abs(np.corrcoef(features[29], levels)[0, 1] - 1) < 1e-6


@pytest.mark.parametrize("settings", [DECIBELS, STANDARDISED], ids=["authors", "stork"])
@pytest.mark.parametrize(
    ("audio", "complaint"),
    [
        (np.zeros(0), "the clip has 0 samples at 22050 Hz, fewer than the 5[15][12] of one"),
        (np.ones(400), "the clip has 400 samples"),
        (np.zeros(9000), "the clip is silent in its first 80 frames"),
        (np.append(np.zeros(20_000), np.ones(100)), "the clip is silent in its first 80 frames"),
        (np.append(np.ones(20_000), np.nan), "the clip has samples that are not numbers"),
        (np.append(np.ones(20_000), np.inf), "the clip has samples that are not numbers"),
    ],
    ids=["empty", "too short", "silent", "silent in the part kept", "not a number", "infinite"],
)
def test_a_clip_without_features_is_reported(
    settings: DecibelFeatures | StandardisedFeatures, audio: np.ndarray, complaint: str
):
    with warnings.catch_warnings(), pytest.raises(NoFeatures, match=complaint):
        warnings.simplefilter("error")
        mel_features(audio, RATE, settings)


def test_more_bands_than_the_spectrum_has_room_for_are_reported():
    require_bands(8000, STANDARDISED)
    require_bands(8000, DECIBELS)
    with pytest.raises(UserError, match=r"[0-9]+ of 200 mel bands .* 512 samples at 22050 Hz"):
        require_bands(8000, DecibelFeatures(bands=200))
    with pytest.raises(UserError, match=r"[0-9]+ of 100 mel bands .* 256 samples at 8000 Hz"):
        require_bands(8000, StandardisedFeatures(bands=100))


def test_a_hop_of_no_samples_is_reported():
    with pytest.raises(UserError, match=r"are 200 and 0 samples at 8000 Hz"):
        require_bands(8000, StandardisedFeatures(hop_seconds=1e-5))

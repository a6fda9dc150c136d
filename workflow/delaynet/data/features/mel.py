"""Mel features of one clip: pure functions of its samples.

Numpy alone: librosa compiles itself for half a minute when an environment first uses it, and its
import takes as long as the features of a thousand clips. The tests compare every step with it.
"""

from collections import Counter
from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from delaynet.config.errors import UserError
from delaynet.config.settings import DecibelFeatures, StandardisedFeatures
from delaynet.data.features.audio import resampled

TINY_POWER = np.finfo(np.float64).tiny  # stands for zero in the logarithm; far below any floor

MelSettings = DecibelFeatures | StandardisedFeatures


class NoFeatures(UserError):
    """A clip that has no features; the message says why, not which clip."""


def mel_features(audio: np.ndarray, rate: int, settings: MelSettings) -> np.ndarray:
    """Compute the features of one clip, float32 [frames, bands], with either preset.

    The samples, [samples], are mono, in any unit, at a rate in Hz.

    Raises:
        NoFeatures: see `decibel_features` and `standardised_features`.
    """
    if isinstance(settings, StandardisedFeatures):
        return standardised_features(audio, rate, settings)
    return decibel_features(resampled(audio, rate, settings.sample_rate), settings)


def decibel_features(audio: np.ndarray, settings: DecibelFeatures) -> np.ndarray:
    """Compute mel features in decibels above a floor, as the paper's authors do.

    The clip is pre-emphasised, y[t] = x[t] - preemphasis x[t-1], with librosa's y[0] = 3 x[0] -
    x[1]. Frames of `fft_length` samples stand centred on every `hop_length`-th sample, with zeros
    before the clip and after it, under a Hann window. With P the power |FFT|^2 in triangular
    filters evenly spaced on Slaney's mel scale from `lowest_hz` to `highest_hz` (by default from 0
    to half the rate), each of unit area, in the first `frames` frames (frames past the clip's end
    have P = 0), and D = `floor_db`, a feature is scale * (max(10 log10(P / max P), -D) + D): 0 for
    silence, scale * D (1.584 by default) for the clip's loudest band and frame, whatever the level
    of the recording. The samples, [samples], are mono, at `settings.sample_rate`, in any unit. The
    features are float32, [frames, bands].

    Raises:
        NoFeatures: fewer samples than one window, silence, or samples that are not numbers.
    """
    length, hop = settings.fft_length, settings.hop_length
    _require_samples(audio, length, settings.sample_rate)
    audio = np.asarray(audio, np.float64)[: settings.frames * hop + length]
    emphasised = _emphasised(audio, settings.preemphasis, 3 * audio[0] - audio[1])  # [samples]
    frames = sliding_window_view(np.pad(emphasised, length // 2), length)[::hop]
    hann = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(length) / length)
    spectrum = np.fft.rfft(frames[: settings.frames] * hann)  # [frames, frequencies]
    filters = mel_filters(settings, settings.sample_rate, length)
    power = _mel_power(spectrum, filters)  # [clip's frames, bands]
    _require_sound(power, settings.frames)
    decibels = 10 * np.log10(np.maximum(power / power.max(), TINY_POWER))
    features = settings.scale * (np.maximum(decibels, -settings.floor_db) + settings.floor_db)
    missing = settings.frames - len(features)
    return np.pad(features, ((0, missing), (0, 0))).astype(np.float32)  # [frames, bands]


def standardised_features(
    audio: np.ndarray, rate: int, settings: StandardisedFeatures
) -> np.ndarray:
    """Compute log mel features of mean 0 and standard deviation 1, at the clip's own rate.

    The clip is pre-emphasised, y[t] = x[t] - preemphasis x[t-1] and y[0] = x[0]. Frames of
    round(window_seconds * rate) samples begin at every round(hop_seconds * rate)-th sample, with
    zeros after the clip so that its last sample is in a frame, under a Hamming window. With P =
    |FFT|^2 / N in triangular filters of height 1, evenly spaced on the HTK mel scale from
    `lowest_hz` to `highest_hz` (by default from 0 to half the rate), zero replaced by the machine's
    epsilon, and L = log10 P in `frames` frames (cut, or the last one repeated), a feature is scale
    * (L - mean L) / sd L, over all frames and bands.

    Source: the class RawAudioDataset of the library stork (Zenke's group,
    github.com/fmi-basel/stork). Three departures: N is the least power of two that holds the
    window, where stork keeps 512 points and so cuts its windows of 25 ms at rates above 20.48 kHz;
    the corners of the filters are not rounded down to whole bins; and the last samples are
    analysed, where stork leaves out the last frame.

    Without `highest_hz` a band is a share of the clip's own range of frequencies: bands of clips at
    different rates are not the same. The samples, [samples], are mono, full scale at 1, at a rate
    in Hz. The features are float32, [frames, bands].

    Raises:
        NoFeatures: fewer samples than one window, silence, or samples that are not numbers.
    """
    window, hop, fft_length = window_samples(rate, settings)
    _require_samples(audio, window, rate)
    audio = np.asarray(audio, np.float64)
    emphasised = _emphasised(audio, settings.preemphasis, audio[0])  # [samples]
    padding = -(len(audio) - window) % hop
    frames = sliding_window_view(np.pad(emphasised, (0, padding)), window)[::hop]
    spectrum = np.fft.rfft(
        frames[: settings.frames] * np.hamming(window), fft_length
    )  # [frames, frequencies]
    filters = mel_filters(settings, rate, fft_length)
    power = _mel_power(spectrum, filters) / fft_length  # [clip's frames, bands]
    _require_sound(power, settings.frames)
    levels = np.log10(np.where(power == 0, np.finfo(np.float64).eps, power))
    missing = settings.frames - len(levels)
    levels = np.pad(levels, ((0, missing), (0, 0)), mode="edge")  # [frames, bands]
    features: np.ndarray = settings.scale * (levels - levels.mean()) / levels.std()
    return features.astype(np.float32)


def window_samples(rate: int, settings: StandardisedFeatures) -> tuple[int, int, int]:
    """Return the samples in a window, from one to the next, and in its Fourier transform.

    Raises:
        UserError: the window has fewer than two samples at this rate, or the hop none.
    """
    window, hop = round(settings.window_seconds * rate), round(settings.hop_seconds * rate)
    if window < 2 or hop < 1:
        raise UserError(
            f"`features.window_seconds` and `features.hop_seconds` are {window} and {hop} samples "
            f"at {rate} Hz: make them longer."
        )
    return window, hop, 2 ** (window - 1).bit_length()


def require_bands(rate: int, settings: MelSettings) -> None:
    """Check that every mel band holds a frequency of the spectrum of a clip at this rate.

    Raises:
        UserError: there are too many bands for the length of the Fourier transform, or they end
            above half the rate of a clip that keeps it.
    """
    if isinstance(settings, StandardisedFeatures):
        if settings.highest_hz is not None and settings.highest_hz > rate / 2:
            raise UserError(
                f"`features.highest_hz` is {settings.highest_hz:g}, and there are recordings at "
                f"{rate} Hz: take at most {rate / 2:g}, half that rate."
            )
        fft_length = window_samples(rate, settings)[2]
    else:
        rate, fft_length = settings.sample_rate, settings.fft_length
    if empty := int((~mel_filters(settings, rate, fft_length).any(axis=1)).sum()):
        raise UserError(
            f"`features.bands`: {empty} of {settings.bands} mel bands hold no frequency of a "
            f"Fourier transform of {fft_length} samples at {rate} Hz: take fewer bands or a longer "
            "window."
        )


def sentences_on_empty_bands(rates: Sequence[int], settings: MelSettings) -> list[str]:
    """Return a sentence for each sampling rate, in Hz, that is too low for some bands.

    Resampling adds no frequencies: bands that begin at or above half that rate stay empty.
    """
    if isinstance(settings, StandardisedFeatures):  # at the recording's own rate
        return []
    highest = settings.highest_hz or settings.sample_rate / 2
    lower_ends = _slaney_corners(settings.lowest_hz, highest, settings.bands)[:-2]
    return [
        f"{empty} of {settings.bands} mel bands are empty in {count:,} of {len(rates):,} clips: "
        f"they lie above {rate / 2:g} Hz, half the sampling rate of these recordings; "
        f"`features.highest_hz: {rate / 2:g}` leaves none empty."
        for rate, count in sorted(Counter(rates).items())
        if (empty := int((lower_ends >= rate / 2).sum()))
    ]


@lru_cache(maxsize=16)
def mel_filters(settings: MelSettings, rate: int, fft_length: int) -> np.ndarray:
    """Return triangular filters, evenly spaced on a mel scale, [bands, fft_length // 2 + 1].

    They are multiplied with a power spectrum at a rate in Hz. The first begins at `lowest_hz`, the
    last ends at `highest_hz` (by default half the rate), and each rises from its lower neighbour's
    centre and falls to its upper neighbour's. Decibel features take Slaney's mel scale and filters
    of unit area, standardised ones the HTK scale and filters of height 1.
    """
    frequencies = np.fft.rfftfreq(fft_length, 1 / rate)
    htk = isinstance(settings, StandardisedFeatures)
    corners_of = _htk_corners if htk else _slaney_corners
    highest = rate / 2 if settings.highest_hz is None else settings.highest_hz
    corners = corners_of(settings.lowest_hz, highest, settings.bands)
    widths = np.diff(corners)[:, None]
    rising = (frequencies - corners[:-2, None]) / widths[:-1]
    falling = (corners[2:, None] - frequencies) / widths[1:]
    filters: np.ndarray = np.maximum(0, np.minimum(rising, falling))  # [bands, frequencies]
    return filters if htk else filters * (2 / (corners[2:] - corners[:-2]))[:, None]


def _htk_corners(lowest: float, highest: float, bands: int) -> np.ndarray:
    """Return the corners of filters in Hz: mel = 2595 log10(1 + f / 700), [bands + 2]."""
    start, stop = (2595 * np.log10(1 + hertz / 700) for hertz in (lowest, highest))
    corners: np.ndarray = 700 * (10 ** (np.linspace(start, stop, bands + 2) / 2595) - 1)
    return corners


def _slaney_corners(lowest: float, highest: float, bands: int) -> np.ndarray:
    """Return the corners of filters in Hz, [bands + 2].

    Slaney (1998, Auditory Toolbox): 3 mel for 200 Hz up to 1 kHz, 27 for each factor of 6.4 above.
    """
    bend, mel_per_log = 15.0, 27 / np.log(6.4)
    start, stop = (
        0.015 * hertz if hertz < 1000 else bend + mel_per_log * np.log(hertz / 1000)
        for hertz in (lowest, highest)
    )
    mel = np.linspace(start, stop, bands + 2)
    return np.where(mel < bend, mel / 0.015, 1000 * np.exp((mel - bend) / mel_per_log))


def _emphasised(audio: np.ndarray, coefficient: float, first: float) -> np.ndarray:
    return np.concatenate([[first], audio[1:] - coefficient * audio[:-1]])


def _mel_power(spectrum: np.ndarray, filters: np.ndarray) -> np.ndarray:
    """Return the power of spectra [frames, frequencies] in mel bands, [frames, bands]."""
    power = spectrum.real**2 + spectrum.imag**2
    # Not `@`: for matrices this small, waiting for BLAS threads takes ten times the sum itself.
    mel_power: np.ndarray = np.einsum("tf,bf->tb", power, filters)
    return mel_power


def _require_samples(audio: np.ndarray, least: int, rate: int) -> None:
    if len(audio) < least:
        raise NoFeatures(
            f"the clip has {len(audio)} samples at {rate} Hz, fewer than the {least} of one "
            "analysis window"
        )
    if not np.isfinite(audio).all():
        raise NoFeatures("the clip has samples that are not numbers")


def _require_sound(power: np.ndarray, frames: int) -> None:
    if not power.any():
        raise NoFeatures(f"the clip is silent in its first {frames} frames")

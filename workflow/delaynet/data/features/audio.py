"""Sound files of any rate, resolution and number of channels, as samples of one channel."""

from pathlib import Path

import numpy as np
import soundfile
import soxr

from delaynet.config.errors import UserError
from delaynet.data.features.wav import readable_sound


def read_audio(path: Path) -> tuple[np.ndarray, int]:
    """Read a sound file (FLAC, WAV; 8 to 32 bit, float) as mono, the mean of its channels.

    Returns:
        float32 samples, full scale at 1, shape [samples], and their rate in Hz.

    Raises:
        UserError: the file is missing, or not a sound file.
    """
    try:
        audio, rate = soundfile.read(
            readable_sound(path), dtype="float32", always_2d=True
        )  # [samples, channels]
    except (OSError, soundfile.SoundFileError):
        raise UserError(f"{path} cannot be read as sound: copy or record it again.") from None
    return audio.mean(axis=1), int(rate)


def resampled(audio: np.ndarray, rate: int, wanted_rate: int) -> np.ndarray:
    """Bring float32 samples, [samples], from one rate to another, in Hz.

    The filter is the high-quality band-limited one of libsoxr: frequencies above half the lower
    rate are removed. The duration stays, rounded up to whole samples.
    """
    if rate == wanted_rate or not len(audio):
        return audio
    result = soxr.resample(audio, rate, wanted_rate, quality="HQ")
    length = -(-len(audio) * wanted_rate // rate)  # the resampler may be one off
    return np.pad(result[:length], (0, max(0, length - len(result))))

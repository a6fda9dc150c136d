"""Speak a word with eSpeak NG, from the library and voices in the package `espeakng-loader`.

eSpeak NG keeps state between words in static variables that no function of its interface resets:
after another word, the same call gives other samples. It also seeds the breath of some voices from
the clock. Here the library is unloaded after each word and loaded again for the next (under a
millisecond), with a fixed seed. The samples then depend on the arguments alone.
"""

import _ctypes
import ctypes
from collections.abc import Iterator
from contextlib import contextmanager

import espeakng_loader
import numpy as np

from delaynet.config.errors import UserError

SAMPLE_RATE = 22050

# Values of speak_lib.h.
_AUDIO_OUTPUT_SYNCHRONOUS = 2
_INITIALIZE_DONT_EXIT = 0x8000
_RATE, _PITCH, _RANGE = 1, 3, 4
_POSITION_CHARACTER = 1
_CHARACTERS_UTF8 = 1
_BREATH_SEED = 1
_SYNTH_CALLBACK = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_int, ctypes.c_void_p)


@contextmanager
def _fresh_library() -> Iterator[ctypes.CDLL]:
    """Yield a freshly loaded library, initialised to pass its samples to a callback."""
    library = ctypes.CDLL(espeakng_loader.get_library_path())
    try:
        folder = espeakng_loader.get_data_path()
        started = library.espeak_Initialize(
            _AUDIO_OUTPUT_SYNCHRONOUS, 0, folder.encode(), _INITIALIZE_DONT_EXIT
        )
        if started != SAMPLE_RATE:
            raise UserError(
                f"eSpeak NG cannot read its voices in {folder}: it needs a path of fewer than "
                "160 characters, so install the Python environment in a shorter one."
            )
        library.espeak_ng_SetRandSeed(ctypes.c_long(_BREATH_SEED))
        yield library
        library.espeak_Terminate()
    finally:
        _ctypes.dlclose(library._handle)


def espeak_version() -> str:
    """The version of the eSpeak NG library, such as "1.52.0"."""
    with _fresh_library() as library:
        library.espeak_Info.restype = ctypes.c_char_p
        version: bytes = library.espeak_Info(None)
    return version.decode()


def speak(word: str, voice: str, rate: int, pitch: int, pitch_range: int) -> np.ndarray:
    """Speak a word: the same arguments give the same samples, whatever was spoken before.

    Args:
        word: the text.
        voice: accent and variant, such as "en-us+f2" or "de+m3".
        rate: speed in words per minute (80 to 450).
        pitch: base pitch (0 to 99; 50 is the voice's own).
        pitch_range: range of the pitch (0 to 99; 0 is monotone).

    Returns:
        int16 samples at 22,050 Hz, with the silence that eSpeak NG puts around a word.

    Raises:
        ValueError: eSpeak NG has no such voice or refuses a parameter.
        UserError: eSpeak NG cannot read its voices where the package is installed.
    """
    chunks: list[bytes] = []

    @_SYNTH_CALLBACK
    def receive(samples: int | None, count: int, _events: int | None) -> int:
        if samples and count > 0:
            chunks.append(ctypes.string_at(samples, 2 * count))
        return 0

    text = word.encode()
    with _fresh_library() as library:
        library.espeak_SetSynthCallback(receive)
        refused = library.espeak_SetVoiceByName(voice.encode())
        for parameter, value in ((_RATE, rate), (_PITCH, pitch), (_RANGE, pitch_range)):
            refused |= library.espeak_SetParameter(parameter, value, 0)
        refused |= library.espeak_Synth(
            text, len(text) + 1, 0, _POSITION_CHARACTER, 0, _CHARACTERS_UTF8, None, None
        )
        if refused:
            raise ValueError(f"eSpeak NG refuses {voice=}, {rate=}, {pitch=}, {pitch_range=}")
    return np.frombuffer(b"".join(chunks), dtype=np.int16)

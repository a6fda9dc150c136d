"""The synthetic digits: twelve eSpeak NG speakers say zero to nine in English and in German.

They stand in for the Heidelberg Digits where those cannot be had, in the same layout. They are
made, not recorded: whatever is shown with them says so.
"""

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import numpy as np
import soundfile
from tqdm import tqdm

from delaynet.corpus.espeak import SAMPLE_RATE, espeak_version, speak
from delaynet.corpus.layout import (
    LABEL_NAMES,
    LANGUAGES,
    Clip,
    audio_path,
    list_path,
    test_split,
    write_filenames,
)
from delaynet.errors import UserError

NAME = "synthetic digits (eSpeak NG)"
LICENCE = (
    "Made on this machine by eSpeak NG (a program under GPL-3.0-or-later) from single words; "
    "not recordings of persons, and not the Heidelberg Digits."
)


class Speaker(NamedTuple):
    """One synthetic person: English accent, voice variant, and own pitch and rate."""

    accent: str
    variant: str
    pitch: int  # eSpeak NG's scale, 50 is the variant's own
    rate: int  # words per minute


# The test speakers (4 and 5) have accents that some training speaker has, and voices of their own.
SPEAKERS = (
    Speaker("en-us", "m3", 42, 140),
    Speaker("en-us", "f2", 52, 155),
    Speaker("en", "m1", 36, 150),
    Speaker("en", "f1", 46, 145),
    Speaker("en-us", "m7", 46, 150),
    Speaker("en-gb-x-rp", "f3", 52, 150),
    Speaker("en-gb-x-rp", "m2", 40, 155),
    Speaker("en-gb-scotland", "Annie", 44, 145),
    Speaker("en-029", "m4", 52, 165),
    Speaker("en-us-nyc", "linda", 56, 165),
    Speaker("en-gb-x-gbclan", "quincy", 34, 140),
    Speaker("en-gb-x-gbcwmd", "f4", 48, 170),
)

# What varies from trial to trial, drawn evenly between the two ends: enough that classes overlap,
# little enough that a small network learns from 2,500 clips.
RATE_FACTOR = (0.85, 1.15)
PITCH_SHIFT = (-15.0, 15.0)
PITCH_RANGE = (10.0, 90.0)
SIGNAL_TO_NOISE_DB = (5.0, 20.0)
LEADING_SILENCE_S = (0.0, 0.15)
TRAILING_SILENCE_S = (0.02, 0.06)

AUDIBLE = 0.01  # of the word's peak; what is softer at its ends is cut as silence
PEAK = 0.7  # of full scale


def clip_audio(clip: Clip, seed: int) -> np.ndarray:
    """Speak one clip: a word in noise, after a silence of random length.

    All randomness comes from a generator of the clip's own, seeded by (corpus seed, language,
    speaker, trial, digit): a clip depends neither on the others nor on how many there are.

    Returns:
        int16 samples at 22,050 Hz, peak at 0.7 of full scale.
    """
    speaker = SPEAKERS[clip.speaker]
    accent = speaker.accent if clip.language == "english" else "de"
    language = LANGUAGES.index(clip.language)
    generator = np.random.default_rng(
        np.random.SeedSequence(seed, spawn_key=(language, clip.speaker, clip.trial, clip.digit))
    )
    word = speak(
        LABEL_NAMES[clip.label],
        f"{accent}+{speaker.variant}",
        rate=round(speaker.rate * generator.uniform(*RATE_FACTOR)),
        pitch=round(speaker.pitch + generator.uniform(*PITCH_SHIFT)),
        pitch_range=round(generator.uniform(*PITCH_RANGE)),
    ).astype(np.float64)
    audible = np.flatnonzero(np.abs(word) > AUDIBLE * np.abs(word).max())
    word = word[audible[0] : audible[-1] + 1]
    silences = [
        round(SAMPLE_RATE * generator.uniform(*span))
        for span in (LEADING_SILENCE_S, TRAILING_SILENCE_S)
    ]
    noise = pink_noise(len(word) + sum(silences), generator)
    noise_power = np.mean(word**2) / 10 ** (generator.uniform(*SIGNAL_TO_NOISE_DB) / 10)
    audio = np.pad(word, silences) + np.sqrt(noise_power) * noise  # [samples]
    samples: np.ndarray = np.round(audio * (PEAK * 32767 / np.abs(audio).max())).astype(np.int16)
    return samples


def pink_noise(samples: int, generator: np.random.Generator) -> np.ndarray:
    """Gaussian noise with power falling as 1/f, as in rooms; mean power 1, shape [samples]."""
    length = 2 ** (samples - 1).bit_length()  # Fourier transforms of other lengths are slow
    spectrum = np.fft.rfft(generator.standard_normal(length))
    spectrum[0] = 0.0
    spectrum[1:] /= np.sqrt(np.arange(1, len(spectrum)))
    noise: np.ndarray = np.fft.irfft(spectrum)[:samples]
    noise /= np.sqrt(np.mean(noise**2))
    return noise


def corpus_clips(trials: int) -> list[Clip]:
    """Every clip of a corpus: each speaker says each of the twenty words `trials` times."""
    return [
        Clip(language, speaker, trial, digit)
        for language in LANGUAGES
        for speaker in range(len(SPEAKERS))
        for trial in range(trials)
        for digit in range(10)
    ]


def write_corpus(folder: Path, trials: int, seed: int) -> None:
    """Make the corpus: 12 speakers x 20 words x `trials` clips, byte for byte the same each time.

    The folder appears whole or not at all. A synthetic corpus that is there already is replaced;
    anything else that is there is left alone.

    Raises:
        UserError: fewer than one trial, a negative seed, or a folder that holds something else.
    """
    if trials < 1 or seed < 0:
        raise UserError(
            f"The synthetic digits need at least one trial and a seed of 0 or more, "
            f"not trials {trials} and seed {seed}: correct the configuration."
        )
    clips = corpus_clips(trials)
    test = test_split(clips, seed)
    train = set(clips) - test
    with _replacing_folder(folder) as temporary:
        (temporary / "audio").mkdir()
        for clip in tqdm(clips, desc="speaking digits", unit="clip", mininterval=1):
            soundfile.write(audio_path(temporary, clip), clip_audio(clip, seed), SAMPLE_RATE)
        write_filenames(list_path(temporary, "train"), train)
        write_filenames(list_path(temporary, "test"), test)
        record = {
            "source": "synthetic",
            "name": NAME,
            "trials": trials,
            "seed": seed,
            "counts": {"clips": len(clips), "train": len(train), "test": len(test)},
            "espeak_version": espeak_version(),
            "licence": LICENCE,
        }
        text = json.dumps(record, indent=2) + "\n"
        (temporary / "corpus.json").write_text(text, encoding="utf-8")


def _is_replaceable(folder: Path) -> bool:
    """Whether nothing of the user's is lost with the folder: it is absent, empty, or made here."""
    if not folder.exists():
        return True
    if not folder.is_dir():
        return False
    try:
        record = json.loads((folder / "corpus.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return not any(folder.iterdir())
    return isinstance(record, dict) and record.get("source") == "synthetic"


@contextmanager
def _replacing_folder(folder: Path) -> Iterator[Path]:
    """Yield a new folder beside `folder`, which takes its place when the block ends well."""
    if not _is_replaceable(folder):
        raise UserError(
            f"{folder} holds something other than synthetic digits: "
            "remove it or choose another folder."
        )
    folder.parent.mkdir(parents=True, exist_ok=True)
    temporary = folder.with_name(f".{folder.name}.{os.getpid()}")
    former = folder.with_name(f".{folder.name}.{os.getpid()}.former")
    try:
        temporary.mkdir()
        yield temporary
        if folder.exists():
            folder.rename(former)
        temporary.rename(folder)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
        shutil.rmtree(former, ignore_errors=True)

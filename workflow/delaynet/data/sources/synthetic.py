"""The synthetic digits: twelve eSpeak NG speakers say zero to nine in English and in German.

They have the layout of the Heidelberg Digits and replace them where those are not available. They
are synthesised, not recorded, and every figure of them says so.
"""

import io
import json
from collections.abc import Iterable
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
import soundfile
from tqdm import tqdm

from delaynet.config.files import replacing_folder
from delaynet.config.settings import CorpusSettings
from delaynet.data.corpus.clips import DIGIT_NAMES, LANGUAGES, Clip, Table
from delaynet.data.corpus.espeak import SAMPLE_RATE, espeak_version, speak
from delaynet.data.corpus.layout import (
    Identity,
    audio_path,
    digit_clip,
    list_path,
    read_table,
    refuse_to_replace,
    write_filenames,
)
from delaynet.data.processes import in_order
from delaynet.data.sources import Source

IDENTITY = Identity(
    "synthetic",
    "synthetic digits (eSpeak NG)",
    "Made on this machine by eSpeak NG (a program under GPL-3.0-or-later) from single words; "
    "not recordings of persons, and not the Heidelberg Digits.",
)
CLIPS_PER_TRIAL = 190  # approximately, in the training list
TEST_SPEAKERS = ("4", "5")


class Synthetic(Source):
    """Digits that are spoken here by eSpeak NG."""

    settings = ("trials", "seed")
    description = (
        'The corpus, _#corpus;_, holds #num("corpus.clips") clips of the digits zero to nine in '
        "English and German, spoken by the speech synthesiser eSpeak NG @espeakng in "
        '#num("corpus.speakers") voices that differ in accent, timbre, pitch and rate; rate, pitch '
        "and intonation vary from trial to trial, and each clip has noise at a signal-to-noise "
        "ratio of its own. It has the file layout of the Heidelberg Digits @cramer2022, and "
        "replaces them where they are not available. It holds no human speech and is not the data "
        'of #cite(<meszaros2024>, form: "prose").'
    )
    caveat = (
        "The digits were spoken by a speech synthesiser, not by people: the numbers say what the "
        "method does on this corpus, and nothing about accuracies on the Heidelberg Digits."
    )
    limits = (
        "The digits are synthetic. Accuracies say nothing about the Heidelberg Digits; a claim "
        "that is replicated here is replicated on this corpus only, and one that is not replicated "
        "is not refuted: voices of a synthesiser vary less than people do, and in other ways."
    )
    availability = (
        "The corpus is made by the code, byte for byte the same each time, from eSpeak NG."
    )

    def make(self, folder: Path, corpus: CorpusSettings, processes: int) -> None:
        """Speak the digits, in the layout of the Heidelberg Digits.

        Raises:
            UserError: the folder holds something else, or cannot be written.
        """
        clips = corpus_clips(corpus.trials)
        test = draw_test_list(clips, corpus.seed)
        train = set(clips) - test
        refuse_to_replace(folder, IDENTITY)
        with replacing_folder(folder) as temporary:
            (temporary / "audio").mkdir()
            write = partial(_write_clip, temporary, corpus.seed)
            written = in_order(write, clips, processes, CLIPS_PER_TASK)
            for _ in tqdm(written, "speaking digits", len(clips), unit="clip", mininterval=1):
                pass
            write_filenames(list_path(temporary, "train"), train)
            write_filenames(list_path(temporary, "test"), test)
            record = {
                "source": IDENTITY.source,
                "name": IDENTITY.name,
                "trials": corpus.trials,
                "seed": corpus.seed,
                "counts": {"clips": len(clips), "train": len(train), "test": len(test)},
                "espeak_version": espeak_version(),
                "licence": IDENTITY.licence,
            }
            text = json.dumps(record, indent=2) + "\n"
            (temporary / "corpus.json").write_text(text, encoding="utf-8")

    def table(self, folder: Path, corpus: CorpusSettings) -> Table:
        """Read the lists and the file names."""
        return read_table(folder, IDENTITY.name, are_digits=True)

    def training_clips(self, corpus: CorpusSettings) -> int:
        """Return their approximate number."""
        return CLIPS_PER_TRIAL * corpus.trials


SOURCE = Synthetic()


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

# Ranges from which each trial draws uniformly: wide enough that classes overlap, narrow enough that
# a small network learns from 2,500 clips.
RATE_FACTOR = (0.85, 1.15)
PITCH_SHIFT = (-15.0, 15.0)
PITCH_RANGE = (10.0, 90.0)
SIGNAL_TO_NOISE_DB = (5.0, 20.0)
LEADING_SILENCE_S = (0.0, 0.15)
TRAILING_SILENCE_S = (0.02, 0.06)

AUDIBLE = 0.01  # of the word's peak; softer samples at its ends are cut as silence
PEAK = 0.7  # of full scale

CLIPS_PER_TASK = 32


def clip_audio(clip: Clip, seed: int, speakers: tuple[Speaker, ...] = SPEAKERS) -> np.ndarray:
    """Speak one clip: a word in noise, after a silence of random length.

    All randomness comes from a generator of the clip's own, seeded by (corpus seed, language,
    speaker, trial, digit): a clip depends neither on the others nor on how many there are. The
    samples are int16, at 22,050 Hz, with the peak at 0.7 of full scale.
    """
    number = int(clip.speaker)
    speaker = speakers[number]
    accent = speaker.accent if clip.language == "english" else "de"
    language = LANGUAGES.index(clip.language)
    generator = np.random.default_rng(
        np.random.SeedSequence(seed, spawn_key=(language, number, clip.trial, int(clip.word)))
    )
    word = speak(
        DIGIT_NAMES[clip.language][int(clip.word)],
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


def corpus_clips(trials: int, speakers: int = len(SPEAKERS)) -> list[Clip]:
    """Every clip of a corpus: each speaker says each of the twenty words `trials` times."""
    return [
        digit_clip(language, speaker, trial, digit)
        for language in LANGUAGES
        for speaker in range(speakers)
        for trial in range(trials)
        for digit in range(10)
    ]


def draw_test_list(clips: Iterable[Clip], seed: int) -> set[Clip]:
    """Draw the test clips as the Heidelberg Digits do.

    All clips of speakers 4 and 5, and 5 % of the n others, drawn without replacement from the seed:
    (n + 10) // 20 of them, the nearest whole number, halves upwards. The order of `clips` does not
    matter.
    """
    clips = sorted(
        set(clips), key=lambda clip: (clip.language, int(clip.speaker), clip.trial, clip.word)
    )
    others = [clip for clip in clips if clip.speaker not in TEST_SPEAKERS]
    drawn = np.random.default_rng(seed).choice(
        len(others), size=(len(others) + 10) // 20, replace=False
    )
    return set(clips) - set(others) | {others[index] for index in drawn}


def _write_clip(folder: Path, seed: int, clip: Clip) -> None:
    content = io.BytesIO()  # libsndfile does not say why it cannot write to a file
    soundfile.write(content, clip_audio(clip, seed), SAMPLE_RATE, format="FLAC")
    audio_path(folder, clip).write_bytes(content.getvalue())

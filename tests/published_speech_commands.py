"""Recordings in the layout of the Speech Commands, version 0.02, with tones for words."""

from pathlib import Path

import numpy as np
import soundfile

RATE = 16000
TONES = {"bed": 400, "go": 900, "yes": 2000}
SPEAKERS = {
    "train": ["0a7c2a8d", "00176480", "e9901cf0"],
    "validation": ["1b4c9b89"],
    "test": ["bb05582b"],
}


def write_speech_commands(folder: Path, trials: int = 2) -> Path:
    """Write some words by some speakers, both lists, and noise that is no word."""
    generator = np.random.default_rng(0)
    lists: dict[str, list[str]] = {split: [] for split in SPEAKERS}
    for word, hertz in TONES.items():
        (folder / word).mkdir(parents=True)
        for split, speakers in SPEAKERS.items():
            for speaker in speakers:
                for trial in range(trials):
                    name = f"{word}/{speaker}_nohash_{trial}.wav"
                    tone = np.sin(2 * np.pi * hertz * np.arange(RATE) / RATE)
                    sound = 0.3 * tone + generator.normal(scale=0.05, size=RATE)
                    soundfile.write(folder / name, sound, RATE, "PCM_16")
                    lists[split].append(name)
    (folder / "validation_list.txt").write_text("\n".join(lists["validation"]) + "\n")
    (folder / "testing_list.txt").write_text("\n".join(lists["test"]) + "\n")
    (folder / "_background_noise_").mkdir()
    noise = generator.normal(scale=0.05, size=2 * RATE)
    soundfile.write(folder / "_background_noise_" / "white_noise.wav", noise, RATE)
    for name in ("LICENSE", "README.md"):
        (folder / name).write_text("as in the archive")
    return folder

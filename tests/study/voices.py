"""Corpora of 24 voices, one for each block of five seeds, each with clips and splits of its own.

Spoken as the synthetic digits are (`delaynet.data.sources.synthetic`), whose twelve speakers come
first. All clips of eight speakers are test clips, and of the others as many as make 4,000 in all.
"""

import os
from functools import partial
from pathlib import Path

import click
import numpy as np
import soundfile
from tqdm import tqdm

from delaynet.config.files import replacing_folder
from delaynet.config.grid import Config, load_config
from delaynet.data.corpus.clips import Clip
from delaynet.data.corpus.espeak import SAMPLE_RATE
from delaynet.data.corpus.layout import audio_path, list_path, write_filenames
from delaynet.data.processes import in_order
from delaynet.data.sources.synthetic import (
    CLIPS_PER_TASK,
    SPEAKERS,
    Speaker,
    clip_audio,
    corpus_clips,
)
from study.report import ROOT

BLOCKS = 4
SEEDS_OF_BLOCK = 5
TRIALS = 17
TEST_CLIPS = 4000

VOICES = (
    *SPEAKERS,
    Speaker("en-us", "m5", 44, 150),
    Speaker("en-us", "f5", 50, 150),
    Speaker("en", "Alex", 46, 155),
    Speaker("en", "Andrea", 50, 150),
    Speaker("en-gb-x-rp", "Diogo", 42, 145),
    Speaker("en-gb-x-rp", "steph", 50, 160),
    Speaker("en-gb-scotland", "m6", 40, 150),
    Speaker("en-029", "Alicia", 48, 150),
    Speaker("en-us-nyc", "Michael", 44, 160),
    Speaker("en-gb-x-gbclan", "anika", 50, 150),
    Speaker("en-gb-x-gbcwmd", "Hugo", 42, 145),
    Speaker("en-us", "Lee", 46, 165),
)


def configuration(block: int) -> Config:
    """Return the configuration of a block: its five seeds."""
    config = load_config(ROOT / "config/study_voices.yaml")
    first_seed = config.first_seed + SEEDS_OF_BLOCK * block
    return config.model_copy(update={"first_seed": first_seed, "seeds": SEEDS_OF_BLOCK})


def split_clips(seed: int) -> dict[str, set[Clip]]:
    """Return the clips of the lists `train` and `test`, drawn from the seed.

    Eight of the 24 speakers are drawn for the test; speaker 11, whose clips validate, never is.
    """
    stream = np.random.default_rng(seed)
    can_test = [number for number in range(len(VOICES)) if number != 11]
    unseen = stream.choice(can_test, size=len(VOICES) // 3, replace=False)
    clips = corpus_clips(TRIALS, len(VOICES))
    test = {clip for clip in clips if int(clip.speaker) in unseen}
    others = [clip for clip in clips if clip not in test]
    drawn = stream.choice(len(others), size=TEST_CLIPS - len(test), replace=False)
    test |= {others[index] for index in drawn}
    return {"train": set(clips) - test, "test": test}


def write_voices(folder: Path, seed: int) -> None:
    """Make the corpus of a seed, in the layout of the Heidelberg Digits."""
    lists = split_clips(seed)
    clips = sorted(lists["train"] | lists["test"], key=lambda clip: clip.filename)
    with replacing_folder(folder) as temporary:
        (temporary / "audio").mkdir()
        write = partial(_write_clip, temporary, seed)
        written = in_order(write, clips, len(os.sched_getaffinity(0)), CLIPS_PER_TASK)
        for _ in tqdm(written, f"speaking digits of seed {seed}", len(clips), unit="clip"):
            pass
        for name, of_list in lists.items():
            write_filenames(list_path(temporary, name), of_list)


def _write_clip(folder: Path, seed: int, clip: Clip) -> None:
    soundfile.write(audio_path(folder, clip), clip_audio(clip, seed, VOICES), SAMPLE_RATE)


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("block", type=click.IntRange(0, BLOCKS - 1))
@click.argument("results", type=click.Path(path_type=Path))
def main(block: int, results: Path) -> None:
    """Make the corpus of a BLOCK of five seeds in RESULTS, unless it is there; print its seeds."""
    config = configuration(block)
    folder = results / str(config.corpus.folder)
    if not folder.exists():
        write_voices(folder, seed=block + 1)
    click.echo(f"first_seed={config.first_seed} seeds={config.seeds}")


if __name__ == "__main__":
    main(prog_name="study.voices")

"""Other corpora are split as stated, channels lag by whole steps, and `make pilot` can be run."""

import subprocess
from pathlib import Path

import numpy as np
import pytest
import torch

from delaynet.config.grid import load_config
from delaynet.data.dataset import Clips
from study.lags import LONGEST, lagged, lags_of_channels
from study.report import ROOT
from study.study import estimands
from study.voices import BLOCKS, SEEDS_OF_BLOCK, TEST_CLIPS, VOICES, configuration, split_clips


def test_the_24_voices_differ() -> None:
    assert len({(voice.accent, voice.variant) for voice in VOICES}) == len(VOICES) == 24


@pytest.mark.parametrize("block", range(BLOCKS))
def test_a_block_has_4000_test_clips_and_no_training_clip_of_eight_speakers(block: int) -> None:
    lists = split_clips(seed=block + 1)
    assert len(lists["test"]) == TEST_CLIPS and len(lists["train"]) == 4160
    assert lists["test"].isdisjoint(lists["train"])
    known = {clip.speaker for clip in lists["train"]}
    assert len(known) == 16 and "11" in known, "speaker 11 validates"
    assert lists == split_clips(seed=block + 1) != split_clips(seed=block + 2)


def test_blocks_ask_the_first_question_with_seeds_of_their_own() -> None:
    (question,) = (one for one in estimands(("0.9375",))[:1])
    blocks = [configuration(block) for block in range(BLOCKS)]
    seeds = [{run.seed for run in config.runs()} for config in blocks]
    assert all(len(of_block) == SEEDS_OF_BLOCK for of_block in seeds)
    whole = load_config(ROOT / "config/study_voices.yaml")
    assert set.union(*seeds) == {run.seed for run in whole.runs()}
    assert {point for _, point in question.terms} == {run.point for run in whole.runs()}
    assert set.union(*seeds).isdisjoint(
        {run.seed for run in load_config(ROOT / "config/study.yaml").runs()}
    )


def test_lagged_channels_come_later_after_silence_and_are_cut_off() -> None:
    features = torch.arange(1.0, 2 * 3 * 5 + 1).reshape(2, 3, 5)
    clips = Clips(features, torch.zeros(2), ("a", "b"))
    lag = torch.tensor([[0, 1, 4]])
    late = lagged(clips, lag).features
    assert torch.equal(late[:, 0], features[:, 0])
    assert torch.equal(late[:, 1, 1:], features[:, 1, :-1]) and not late[:, 1, 0].any()
    assert torch.equal(late[:, 2, 4], features[:, 2, 0]) and not late[:, 2, :4].any()
    of_clips = torch.tensor([[0, 0, 0], [1, 1, 1]])
    assert torch.equal(lagged(clips, of_clips).features[0], features[0])


def test_lags_of_channels_are_those_of_the_seed_and_cover_their_range() -> None:
    lag = lags_of_channels(100, 40)
    assert torch.equal(lag, lags_of_channels(100, 40))
    assert not torch.equal(lag, lags_of_channels(101, 40))
    assert set(np.unique(lag)) <= set(range(LONGEST + 1)) and lag.float().std() > 2


@pytest.mark.slow
def test_the_command_of_make_pilot_plans_every_training_of_the_pilot(tmp_path: Path) -> None:
    printed = subprocess.run(["make", "-n", "pilot"], cwd=ROOT, capture_output=True, text=True)
    (line,) = (one for one in printed.stdout.splitlines() if "bin/snakemake" in one)
    command = f"{line} --directory {tmp_path} --dry-run"
    planned = subprocess.run(command, cwd=ROOT, shell=True, capture_output=True, text=True)
    trainings = sum(1 for _ in load_config(ROOT / "config/pilot.yaml").runs())
    assert planned.returncode == 0, planned.stderr
    assert f"{trainings} trainings, 0 done" in planned.stdout

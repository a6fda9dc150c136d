"""Whitened clips: no correlations over channels and frames, and otherwise as they were."""

from dataclasses import replace
from itertools import product
from pathlib import Path

import pytest
import torch
from torch import Tensor

from delaynet.data.dataset import Splits, load_splits
from delaynet.training.controls import apply_control
from delaynet.training.whitening import whitened, whitening_of


@pytest.fixture(scope="module")
def natural(features: Path) -> Splits:
    return load_splits(features, ("11",), torch.device("cpu"))


def covariance(features: Tensor, channels: int, frames: int) -> float:
    """At a lag of channels and frames; frames count as a ring."""
    near, far = features[:, : features.shape[1] - channels], features[:, channels:]
    return float((near * far.roll(-frames, 2)).mean())


def test_neighbouring_channels_and_frames_are_not_correlated(natural: Splits) -> None:
    white = apply_control(natural, "whitened", 0)
    before = natural.training.features - natural.training.features.mean(0)
    lags = [lag for lag in product(range(4), (-2, -1, 0, 1, 2)) if lag != (0, 0)]
    assert min(covariance(before, *lag) for lag in lags) > 0.3 * float(before.var())
    assert covariance(white.training.features, 0, 0) == pytest.approx(1, abs=1e-4)
    for lag in lags:
        assert abs(covariance(white.training.features, *lag)) < 1e-4, lag
        # other clips have about the same spectrum
        assert abs(covariance(white.test.features, *lag)) < 0.1, lag


def test_white_clips_stay_as_they_are(natural: Splits) -> None:
    clips = apply_control(natural, "whitened", 0).training.features
    assert torch.allclose(whitened(clips, whitening_of(clips)), clips, atol=1e-4)


def test_all_clips_are_whitened_as_training_clips_are(natural: Splits) -> None:
    other = replace(natural.test, features=torch.rand_like(natural.test.features))
    one, two = (
        apply_control(splits, "whitened", 0) for splits in (natural, replace(natural, test=other))
    )
    assert torch.equal(one.training.features, two.training.features)
    assert torch.equal(one.validation.features, two.validation.features)
    by_training = whitening_of(natural.training.features)
    assert torch.equal(two.test.features, whitened(other.features, by_training))


def test_clips_are_the_same_on_any_number_of_threads(natural: Splits) -> None:
    threads = torch.get_num_threads()
    try:
        found = []
        for number in (1, 2):
            torch.set_num_threads(number)
            found.append(apply_control(natural, "whitened", 0).training.features)
            assert torch.get_num_threads() == number
    finally:
        torch.set_num_threads(threads)
    assert torch.equal(*found)

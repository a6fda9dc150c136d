"""Whitening of clips: channels and frames that are not correlated with each other.

At every frequency f over time, a clip's spectrum x(f), a vector over channels, is multiplied by
S(f)^(-1/2), where S(f) is the mean of x(f) x(f)* over training clips. Of all filters that whiten
clips this one changes them least (ZCA; Kessy, Lewin & Strimmer 2018, Am. Stat. 72, 309-314): a
channel remains the channel that it was, and a frame its frame. Covariances are then 0 at every lag
of channels and frames but the lag 0, on average over the frames of a clip, which count as a ring.
Correlations of higher order, such as those of loudness, remain.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

import torch
from torch import Tensor

# Power below this share of the largest is not amplified further: it is rounding.
SMALLEST_SHARE = 1e-6
CLIPS_AT_ONCE = 1024


class Whitening(NamedTuple):
    """How clips are whitened.

    Attributes:
        mean: of training clips, [channels, time].
        filters: S(f)^(-1/2), [frequencies, channels, channels].
    """

    mean: Tensor
    filters: Tensor


def whitening_of(features: Tensor) -> Whitening:
    """Return how to whiten clips, by training clips; on the CPU, in double precision.

    Args:
        features: of training clips, [clips, channels, time].
    """
    with _one_thread():
        mean = features.mean(0, dtype=torch.float64).cpu()
        power = sum(
            spectrum @ spectrum.mH for spectrum in _spectra(features, mean)
        )  # [frequencies, channels, channels]
        values, vectors = torch.linalg.eigh(power / features[:, 0].numel())
        scale = values.clamp(min=SMALLEST_SHARE * float(values.max())).rsqrt()
        return Whitening(mean, (vectors * scale[:, None]) @ vectors.mH)


def whitened(features: Tensor, whitening: Whitening) -> Tensor:
    """Return whitened clips, of variance 1, [clips, channels, time] as given."""
    with _one_thread():
        parts = [
            torch.fft.irfft(whitening.filters @ spectrum, features.shape[2], dim=0)
            .permute(2, 1, 0)
            .to(features)
            for spectrum in _spectra(features, whitening.mean)
        ]
        return torch.cat(parts)


def _spectra(features: Tensor, mean: Tensor) -> Iterator[Tensor]:
    """Yield spectra of some clips at a time, [frequencies, channels, clips]."""
    for part in features.split(CLIPS_AT_ONCE):
        yield torch.fft.rfft(part.cpu() - mean, dim=2).permute(2, 1, 0).contiguous()


@contextmanager
def _one_thread() -> Iterator[None]:
    """Compute in one thread within the block: sums of several differ in their last digits."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)

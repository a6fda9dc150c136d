"""Three words as the real synthesiser speaks them."""

import numpy as np

from delaynet.data.corpus.clips import Clip
from delaynet.data.corpus.layout import digit_clip
from delaynet.data.sources.synthetic import clip_audio

RATE = 22050
WORDS = [
    digit_clip("english", 0, 0, 7),
    digit_clip("english", 9, 1, 0),
    digit_clip("german", 4, 2, 5),
]


def spoken(clip: Clip) -> np.ndarray:
    """A real clip of the real synthesiser, float32 in [-1, 1]."""
    return (clip_audio(clip, seed=3) / 32768).astype(np.float32)

"""Recordings that the tests of features share."""

from pathlib import Path

import numpy as np
import pytest
import soundfile
from spoken_words import RATE, WORDS, spoken

from delaynet.data.corpus.layout import write_filenames


@pytest.fixture(scope="session", params=WORDS, ids=lambda clip: clip.filename)
def word(request: pytest.FixtureRequest) -> np.ndarray:
    """Each of three spoken words."""
    return spoken(request.param)


@pytest.fixture(scope="session")
def seven() -> np.ndarray:
    """One spoken word."""
    return spoken(WORDS[0])


@pytest.fixture
def recordings(tmp_path: Path) -> Path:
    """A user's folder of two recordings, one in each list."""
    folder = tmp_path / "recordings"
    (folder / "audio").mkdir(parents=True)
    for clip in WORDS[:2]:
        soundfile.write(folder / "audio" / clip.filename, spoken(clip), RATE)
    write_filenames(folder / "train_filenames.txt", [WORDS[0]])
    write_filenames(folder / "test_filenames.txt", [WORDS[1]])
    return folder

"""What trainings in tests read."""

from pathlib import Path

import pytest

from delaynet.config.settings import CorpusSettings, DecibelFeatures
from delaynet.data.corpus.check import check_corpus
from delaynet.data.features.writing import write_features


@pytest.fixture(scope="session")
def features(small_corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Features with few bands and frames, so that a training takes half a second."""
    path = tmp_path_factory.mktemp("features") / "features.h5"
    settings = DecibelFeatures(frames=20, bands=16)
    write_features(small_corpus, check_corpus(small_corpus, CorpusSettings()), path, settings)
    return path

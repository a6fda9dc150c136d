"""What the tests share: the reference numbers, and a small corpus made by the real synthesiser."""

import signal
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from delaynet.config.settings import CorpusSettings, DecibelFeatures
from delaynet.data.corpus.check import check_corpus
from delaynet.data.features.writing import write_features
from delaynet.data.sources.synthetic import write_corpus

REFERENCE = Path(__file__).parent / "reference"

# a script's background (`nohup make test &`, cron) ignores SIGINT, and what a test starts would too
signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the workflow's tests: last, one worker would be left alone with the longest."""
    items.sort(key=lambda item: item.path.parent.name != "workflow")


@pytest.fixture(scope="session")
def reference() -> dict[str, Tensor]:
    """Numbers from the authors' published code."""
    with np.load(REFERENCE / "authors_code_seed0.npz") as arrays:
        return {name: torch.from_numpy(np.asarray(arrays[name])) for name in arrays.files}


@pytest.fixture(scope="session")
def small_corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One trial of every speaker and word: 240 clips."""
    folder = tmp_path_factory.mktemp("corpus") / "corpus"
    write_corpus(folder, trials=1, seed=0)
    return folder


@pytest.fixture(scope="session")
def small_features(small_corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The features of the small corpus."""
    path = tmp_path_factory.mktemp("features") / "features.h5"
    report = check_corpus(small_corpus, CorpusSettings())
    write_features(small_corpus, report, path, DecibelFeatures())
    return path

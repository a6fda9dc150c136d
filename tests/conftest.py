"""What the tests share: the reference numbers, and a small corpus made by the real synthesiser."""

import gc
import os
import signal
from pathlib import Path

import numpy as np
import pytest
import torch
from made_once import made_once
from torch import Tensor

from delaynet.config.settings import CorpusSettings, DecibelFeatures
from delaynet.data.corpus.check import check_corpus
from delaynet.data.features.writing import write_features
from delaynet.data.sources.synthetic import SOURCE

# Kernels for a GPU run in the interpreter of Triton, which reads this when it is first imported.
os.environ["TRITON_INTERPRET"] = "1"

REFERENCE = Path(__file__).parent / "reference"

# what a test writes need not survive a power failure
os.fsync = lambda file: None

# a script's background (`nohup make test &`, cron) ignores SIGINT, and what a test starts would too
signal.signal(signal.SIGINT, signal.default_int_handler)


# The longest first: last, one worker would be left alone with them. While the first worker makes a
# whole paper, which all tests of the workflow need, the second one has trainings to interrupt.
LONGEST = (
    *("workflow/test_make.py", "training/test_interruption.py", "workflow/test_corpora.py"),
    *("workflow", "analysis/claims", "paper/figures"),
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the longest tests; a worker gets those of one file."""
    here = Path(__file__).parent

    def place(item: pytest.Item) -> int:
        path = item.path.relative_to(here)
        matches = (place for place, first in enumerate(LONGEST) if path.is_relative_to(first))
        return next(matches, len(LONGEST))

    items.sort(key=place)


def pytest_collection_finish() -> None:
    """Leave what is loaded by now to no garbage collection: statsmodels asks for three a table."""
    gc.freeze()


@pytest.fixture(scope="session")
def reference() -> dict[str, Tensor]:
    """Numbers from the authors' published code."""
    with np.load(REFERENCE / "authors_code_seed0.npz") as arrays:
        return {name: torch.from_numpy(np.asarray(arrays[name])) for name in arrays.files}


@pytest.fixture(scope="session")
def small_corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One trial of every speaker and word: 240 clips."""
    return made_once(
        tmp_path_factory, "corpus", lambda folder: SOURCE.make(folder, CorpusSettings(trials=1), 1)
    )


@pytest.fixture(scope="session")
def small_features(small_corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The features of the small corpus."""

    def make(path: Path) -> None:
        report = check_corpus(small_corpus, CorpusSettings())
        write_features(small_corpus, report, path, DecibelFeatures())

    return made_once(tmp_path_factory, "features.h5", make)

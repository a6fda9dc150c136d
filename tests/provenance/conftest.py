"""The fixture of the audit's tests: a small project, after all of it was made."""

from pathlib import Path

import pytest
from made_once import made_once
from words_project import make_words


@pytest.fixture(scope="session")
def counted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project that counts words, after Snakemake has made all of it; to be read only."""
    return made_once(tmp_path_factory, "words", make_words)

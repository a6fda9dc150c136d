"""The Speech Commands, in files of their layout."""

import logging
import shutil
from pathlib import Path

import pytest
import torch
from published_speech_commands import write_speech_commands

from delaynet.config.errors import UserError
from delaynet.config.grid import parse_config
from delaynet.config.settings import CorpusSettings
from delaynet.data.corpus.check import check_corpus
from delaynet.data.corpus.clips import Clip, Fault
from delaynet.data.dataset import load_splits
from delaynet.data.features.writing import write_features
from delaynet.data.sources import check_source, load_source
from delaynet.workflow.defaults import with_defaults_of_source

SOURCE = load_source("speech_commands")


@pytest.fixture
def corpus(tmp_path: Path) -> CorpusSettings:
    folder = write_speech_commands(tmp_path / "speech_commands")
    return CorpusSettings(source="speech_commands", folder=str(folder))


def test_word_speaker_trial_and_list_are_read_and_background_noise_is_no_word(
    corpus: CorpusSettings,
) -> None:
    table = SOURCE.table(Path(str(corpus.folder)), corpus)
    assert len(table.clips) == 30
    assert {clip.word for clip in table.clips} == {"bed", "go", "yes"}
    for clip in (
        Clip("bed/00176480_nohash_1.wav", "bed", "00176480", "train", "english", 1),
        Clip("go/1b4c9b89_nohash_0.wav", "go", "1b4c9b89", "validation", "english", 0),
        Clip("yes/bb05582b_nohash_0.wav", "yes", "bb05582b", "test", "english", 0),
    ):
        assert clip in table.clips
    assert (table.faults, SOURCE.training_clips(corpus)) == ((), 18)


def test_their_validation_list_is_used_and_no_band_is_empty(
    corpus: CorpusSettings, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    report = check_corpus(Path(str(corpus.folder)), corpus)
    assert report.faults == ()
    (note,) = report.notes
    assert "105,829 clips (84,843 to train, 9,981 to validate, 11,005 to test)" in note
    assert "this folder has 30 clips (18 to train, 6 to validate, 6 to test)" in note
    grid = [{"delays": ["fixed"], "structure": ["dense"]}]
    content = {"name": "sc", "corpus": corpus.model_dump(), "grid": grid, "seeds": 1}
    features = with_defaults_of_source(parse_config(content)).features
    with caplog.at_level(logging.WARNING):
        write_features(Path(str(corpus.folder)), report, tmp_path / "features.h5", features)
    assert not caplog.messages
    splits = load_splits(tmp_path / "features.h5", ("11",), torch.device("cpu"))
    assert (len(splits.training), len(splits.validation), len(splits.test)) == (18, 6, 6)


def test_every_fault_of_lists_and_names_is_reported(corpus: CorpusSettings) -> None:
    folder = Path(str(corpus.folder))
    (folder / "go" / "notes.txt").write_text("")
    (folder / "yes" / "1b4c9b89_nohash_0.wav").unlink()
    with (folder / "testing_list.txt").open("a") as file:
        file.write("bed/1b4c9b89_nohash_0.wav\nbed/bb05582b_nohash_0.wav\n")
    assert check_corpus(folder, corpus).faults == (
        Fault(
            "bed/1b4c9b89_nohash_0.wav",
            "both lists",
            "line 1 of validation_list.txt, line 7 of testing_list.txt",
        ),
        Fault(
            "bed/bb05582b_nohash_0.wav",
            "listed twice",
            "line 1 of testing_list.txt, line 8 of testing_list.txt",
        ),
        Fault("go/notes.txt", "name", "is not named as 'bed/00176480_nohash_0.wav'"),
        Fault("yes/1b4c9b89_nohash_0.wav", "missing", "in the validation list; not in ./"),
    )


def test_a_folder_that_is_not_theirs_is_one_sentence(corpus: CorpusSettings) -> None:
    folder = Path(str(corpus.folder))
    for word in ("bed", "go", "yes"):
        shutil.rmtree(folder / word)
    with pytest.raises(UserError, match="has no folder of a word; name the folder into which"):
        check_source(corpus, "authors")
    (folder / "testing_list.txt").unlink()
    with pytest.raises(UserError, match=r"testing_list\.txt does not exist; name a folder that"):
        check_source(corpus, "authors")

"""A corpus is one file: found by its name, with a table of clips, its checks and its words."""

import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch
import typst
from published_spikes import write_folder

from delaynet.config.errors import UserError
from delaynet.config.grid import parse_config
from delaynet.config.listing import settings_of
from delaynet.config.settings import SOURCES, CorpusSettings, DecibelFeatures
from delaynet.data import sources
from delaynet.data.corpus.check import check_corpus
from delaynet.data.corpus.clips import Clip
from delaynet.data.corpus.layout import digit_clip, list_path, write_filenames
from delaynet.data.dataset import LEAVE_ONE_OUT, load_splits
from delaynet.data.features.writing import write_features
from delaynet.data.sources import Source, check_source, load_source
from delaynet.workflow.defaults import with_defaults_of_source

GRID = {"name": "tiny", "grid": [{"delays": ["fixed"], "structure": ["dense"]}], "seeds": 1}
# what somebody who adds a corpus writes: files of several folders, named speakers, three lists
NEW = """
from delaynet.data.corpus.clips import Clip, Table
from delaynet.data.sources import Source


class Words(Source):
    settings = ("folder",)
    holds = "a folder of recordings a speaker"
    description = "The corpus, _#corpus;_, holds words."

    def table(self, folder, corpus):
        splits = {"ada": "train", "bo": "validation", "cy": "test"}
        clips = [
            Clip(f"{path.parent.name}/{path.name}", path.stem, path.parent.name,
                 splits[path.parent.name], "english", 0)
            for path in folder.glob("sounds/*/*.wav")
        ]
        return Table("words", tuple(clips), audio="sounds")


SOURCE = Words()
"""


@pytest.mark.parametrize("name", SOURCES)
def test_every_file_of_the_folder_is_a_source_with_words_and_settings_that_exist(name: str) -> None:
    source = load_source(name)
    assert isinstance(source, Source)
    assert source.description
    assert set(source.settings) <= set(CorpusSettings.model_fields)


@pytest.mark.parametrize("name", SOURCES)
def test_the_words_of_a_source_can_be_set_and_what_they_cite_is_known(
    name: str, tmp_path: Path
) -> None:
    source = load_source(name)
    references = Path(__file__).parents[3] / "manuscript" / "references.bib"
    (tmp_path / "references.bib").write_bytes(
        references.read_bytes() + source.bibliography.encode()
    )
    words = (source.description, source.caveat, source.limits, source.availability)
    (tmp_path / "words.typ").write_text(
        "#let (corpus, num, plural) = ([it], key => [1], (key, one, many) => [2 #many])\n"
        + "\n\n".join((*words, '#bibliography("references.bib")'))
    )
    typst.compile(tmp_path / "words.typ", output=tmp_path / "words.pdf")


def test_the_files_of_the_folder_are_the_sources() -> None:
    named = {"folder", "fsdd", "heidelberg", "shd", "spikes", "ssc", "synthetic", "table"}
    assert named | {"speech_commands"} == set(SOURCES)


@pytest.mark.parametrize("name", ["folder", "heidelberg", "synthetic"])
def test_a_table_is_read_from_files_in_the_layout(name: str, tmp_path: Path) -> None:
    train, test = digit_clip("english", 11, 2, 7), digit_clip("german", 4, 0, 0, "test")
    (tmp_path / "audio").mkdir()
    for clip in (train, test):
        (tmp_path / "audio" / clip.filename).touch()
    write_filenames(list_path(tmp_path, "train"), [train])
    write_filenames(list_path(tmp_path, "test"), [test])
    table = load_source(name).table(tmp_path, CorpusSettings(source=name))
    assert table.clips == (
        Clip(train.filename, "7", "11", "train", "english", 2),
        Clip(test.filename, "0", "4", "test", "german", 0),
    )
    assert (table.faults, table.audio) == ((), "audio")


@pytest.fixture
def new_source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> CorpusSettings:
    """A corpus that is added with one file, and its recordings."""
    (tmp_path / "words.py").write_text(NEW)
    monkeypatch.setattr(sources, "__path__", [*sources.__path__, str(tmp_path)])
    for speaker in ("ada", "bo", "cy"):
        folder = tmp_path / "recordings" / "sounds" / speaker
        folder.mkdir(parents=True)
        for number, word in enumerate(("yes", "no")):
            noise = np.random.default_rng(number).normal(scale=0.1, size=8000)
            soundfile.write(folder / f"{word}.wav", noise, 22050)
    yield CorpusSettings.model_construct(source="words", folder=str(tmp_path / "recordings"))
    sys.modules.pop("delaynet.data.sources.words", None)


def test_one_file_is_all_that_a_new_corpus_needs(
    new_source: CorpusSettings, tmp_path: Path
) -> None:
    folder, features = Path(str(new_source.folder)), tmp_path / "features.h5"
    report = check_corpus(folder, new_source)
    assert (report.name, report.faults) == ("words", ())
    write_features(folder, report, features, DecibelFeatures(frames=20, bands=8))
    splits = load_splits(features, ("nobody",), torch.device("cpu"))
    # its own validation list is used, and no validation speakers are asked for
    assert splits.training.filename == ("ada/no.wav", "ada/yes.wav")
    assert splits.validation.filename == ("bo/no.wav", "bo/yes.wav")
    assert splits.test.filename == ("cy/no.wav", "cy/yes.wav")
    assert splits.training.label.tolist() == [0, 1]
    with pytest.raises(UserError, match="has a validation list, so no speaker is left out; take"):
        load_splits(features, LEAVE_ONE_OUT, torch.device("cpu"))


def test_speakers_may_have_names_and_are_held_out_by_them(
    new_source: CorpusSettings, tmp_path: Path
) -> None:
    """A corpus without a validation list takes the clips of one of its speakers."""
    folder, features = Path(str(new_source.folder)), tmp_path / "features.h5"
    (tmp_path / "words.py").write_text(NEW.replace('"validation"', '"train"'))
    write_features(
        folder, check_corpus(folder, new_source), features, DecibelFeatures(frames=20, bands=8)
    )
    splits = load_splits(features, ("bo",), torch.device("cpu"))
    assert splits.validation.filename == ("bo/no.wav", "bo/yes.wav")
    with pytest.raises(UserError, match=r"no clips of speakers 11, .* it has ada, bo\."):
        load_splits(features, ("11",), torch.device("cpu"))


def test_a_source_may_say_where_its_mel_bands_end_and_the_user_has_the_last_word(
    new_source: CorpusSettings, tmp_path: Path
) -> None:
    (tmp_path / "words.py").write_text(NEW.replace("    holds", "    highest_hz = 4000\n    holds"))

    def highest(**features: object) -> float | None:
        config = parse_config(GRID | {"features": features})
        config = with_defaults_of_source(config.model_copy(update={"corpus": new_source}))
        shown = {setting.key: setting.value for setting in settings_of(config)}
        assert shown.get("features.highest_hz") == getattr(config.features, "highest_hz", None)
        return shown.get("features.highest_hz")

    assert (highest(), highest(preset="stork"), highest(highest_hz=9000)) == (4000, 4000, 9000)
    assert highest(preset="spikes") is None
    with pytest.raises(UserError, match="`lowest_hz` is 5000, and the bands end at 4000 Hz"):
        highest(lowest_hz=5000)
    (tmp_path / "words.py").write_text(NEW)
    sys.modules.pop("delaynet.data.sources.words")
    assert highest() is None  # and the setting is in no list


def test_validation_speakers_are_numbers_or_names_and_kept_as_text() -> None:
    content = GRID | {"training": {"validation_speakers": [11, "ada"]}}
    assert parse_config(content).training.validation_speakers == ("11", "ada")
    content = GRID | {"training": {"validation_speakers": "leave_one_out"}}
    assert parse_config(content).training.validation_speakers == LEAVE_ONE_OUT


@pytest.mark.parametrize(
    ("corpus", "sentence"),
    [
        ({"source": "folder"}, "`corpus.folder` is missing: `source: folder` needs a folder that"),
        ({"source": "spikes"}, "`corpus.folder` is missing: .* holds shd_train.h5 and shd_test"),
        ({"folder": "mine"}, "`corpus.folder` is set, but `source: synthetic` does not read it"),
        ({"source": "heidelberg", "trials": 3}, "`corpus.trials` is set, but `source: heidelberg`"),
        ({"source": "heidelberg", "archive": "none.tar.gz"}, "none.tar.gz does not exist"),
        ({"source": "folder", "folder": "none"}, "none does not exist; name a folder that holds"),
    ],
)
def test_settings_that_do_not_fit_a_source_are_one_sentence(
    corpus: dict[str, object], sentence: str
) -> None:
    with pytest.raises(UserError, match=sentence) as error:
        check_source(
            CorpusSettings(**corpus), "spikes" if "spikes" in corpus.values() else "authors"
        )
    assert "\n" not in str(error.value)


def test_features_that_a_source_does_not_serve_are_one_sentence(tmp_path: Path) -> None:
    write_folder(tmp_path)
    spikes = CorpusSettings(source="spikes", folder=str(tmp_path))
    for name in ("spikes", "shd"):
        check_source(CorpusSettings(source=name, folder=str(tmp_path)), "spikes")
    with pytest.raises(
        UserError, match=r"ssc_train\.h5 does not exist; .* holds ssc_train\.h5, ssc_v"
    ):
        check_source(CorpusSettings(source="ssc", folder=str(tmp_path)), "spikes")
    with pytest.raises(UserError, match="'authors', but `source: spikes` works with spikes"):
        check_source(spikes, "authors")
    with pytest.raises(UserError, match="'spikes', but `source: synthetic` works with authors or"):
        check_source(CorpusSettings(), "spikes")

"""The Free Spoken Digit Dataset is known by its recordings, however they come."""

import hashlib
import json
import os
from pathlib import Path

import numpy as np
import pytest
from fsdd_layout import archive_of, recordings, write_addresses, write_recordings
from local_mirror import NAME, Mirror, running, serve, status

from delaynet.config.errors import UserError
from delaynet.config.settings import CorpusSettings, DecibelFeatures
from delaynet.data.corpus.check import check_corpus
from delaynet.data.corpus.download import Patience, fetch
from delaynet.data.corpus.published import load_published
from delaynet.data.features.audio import read_audio
from delaynet.data.features.mel import mel_features
from delaynet.data.sources.fsdd import SOURCE, VARIABLE

ADDRESSES = Path(__file__).parents[3] / "config" / "downloads.json"
PATIENCE = Patience(rounds=2, attempts=2, back_off=0.001, longest_back_off=0.01, silence=1)
FILES = recordings()
WHOLE = os.environ.get(VARIABLE)
of_the_whole = pytest.mark.skipif(not WHOLE, reason=f"{VARIABLE} names no folder")


@pytest.fixture(autouse=True)
def on_this_machine_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "*")
    monkeypatch.delenv(VARIABLE, raising=False)


@pytest.fixture
def published(tmp_path: Path) -> str:
    """A file of addresses that knows the few recordings."""
    return str(write_addresses(tmp_path / "published.json", FILES, archive=NAME))


@pytest.fixture
def corpus(tmp_path: Path, published: str) -> CorpusSettings:
    """The few recordings in a folder."""
    write_recordings(tmp_path / "mine", FILES)
    return CorpusSettings(source="fsdd", folder=str(tmp_path / "mine"), published=published)


def made_from(archive: bytes, tmp_path: Path, published: str) -> Path:
    """The corpus that is made from an archive."""
    (tmp_path / "any name.tar.gz").write_bytes(archive)
    named = str(tmp_path / "any name.tar.gz")
    settings = CorpusSettings(source="fsdd", archive=named, published=published)
    SOURCE.check(settings)
    SOURCE.make(tmp_path / "corpus", settings, processes=1)
    return tmp_path / "corpus"


# -- lists -----------------------------------------------------------------------------------------


def test_file_names_say_who_says_what_and_the_first_five_of_each_are_for_the_test(
    corpus: CorpusSettings,
) -> None:
    SOURCE.check(corpus)
    report = check_corpus(SOURCE.folder(corpus), corpus)
    assert (report.name, report.faults) == ("Free Spoken Digit Dataset", ())
    clips = {clip.filename: clip for clip in report.clips}
    assert set(clips) == set(FILES)
    for name, clip in clips.items():
        assert name == f"{clip.word}_{clip.speaker}_{clip.trial}.wav"
        assert clip.split == ("test" if clip.trial < 5 else "train")
        assert clip.language == "english"


def test_the_test_list_may_be_that_of_some_speakers(corpus: CorpusSettings) -> None:
    apart = corpus.model_copy(update={"test_speakers": ("bo",)})
    report = check_corpus(SOURCE.folder(corpus), apart)
    splits = {(clip.speaker, clip.split) for clip in report.clips}
    assert splits == {("ada", "train"), ("bo", "test"), ("cy", "train")}
    unknown = corpus.model_copy(update={"test_speakers": ("bo", "Cy", "di")})
    with pytest.raises(UserError, match="has no speaker Cy and no di; it has ada, bo, cy"):
        check_corpus(SOURCE.folder(corpus), unknown)


# -- the recordings --------------------------------------------------------------------------------


def test_any_archive_of_the_same_recordings_will_do(tmp_path: Path, published: str) -> None:
    backwards = dict(reversed(FILES.items()))
    for archive in (archive_of(FILES), archive_of(backwards, top="other-2", time=1_700_000_000)):
        folder = made_from(archive, tmp_path, published)
        assert {path.name: path.read_bytes() for path in folder.glob("recordings/*")} == FILES
        record = json.loads((folder / "corpus.json").read_text())
        assert record["archive_sha256"] == hashlib.sha256(archive).hexdigest()
        assert "CC BY-SA 4.0" in record["licence"]


@pytest.mark.parametrize(
    "others",
    [
        {**FILES, "9_ada_0.wav": FILES["0_ada_0.wav"]},
        {**FILES, "0_ada_0.wav": FILES["1_ada_0.wav"]},
        {name: FILES[name] for name in list(FILES)[1:]},
    ],
    ids=["one more", "another one", "one less"],
)
def test_other_recordings_are_refused_in_archive_and_folder(
    others: dict[str, bytes], tmp_path: Path, published: str
) -> None:
    with pytest.raises(UserError, match=r"any name.tar.gz: holds other recordings \(SHA-256"):
        made_from(archive_of(others), tmp_path, published)
    assert not (tmp_path / "corpus").exists()
    write_recordings(tmp_path / "mine", others)
    settings = CorpusSettings(source="fsdd", folder=str(tmp_path / "mine"), published=published)
    with pytest.raises(UserError, match=r"mine/recordings: holds other recordings .*: name an arc"):
        check_corpus(tmp_path / "mine", settings)


def test_an_archive_without_recordings_is_refused(tmp_path: Path, published: str) -> None:
    with pytest.raises(UserError, match=r"holds 'README.md', where `recordings` should be"):
        made_from(archive_of({}), tmp_path, published)


# -- fetching, from a server on this machine -------------------------------------------------------


def test_an_archive_without_checksums_is_fetched_and_known_by_its_recordings(
    tmp_path: Path,
) -> None:
    archive = archive_of(FILES)
    gone, other = Mirror(b"", status(404)), Mirror(archive_of({"0_ada_0.wav": b"none"}))
    # as a server that packs the archive while it sends it: no length, no parts
    good = Mirror(b"", serve(archive, ranges=False, chunked=True))
    urls = [f"{mirror.url}{NAME}" for mirror in (gone, other, good)]
    path = write_addresses(tmp_path / "published.json", FILES, *urls, archive="fsdd.tar.gz")
    target = tmp_path / "resources" / "fsdd.tar.gz"
    with running(gone, other, good):
        fetch(load_published(path, "fsdd"), target, PATIENCE)
        assert target.read_bytes() == archive
        asked = [len(mirror.requests) for mirror in (gone, other, good)]
        assert asked == [1, 1, 1]
        fetch(load_published(path, "fsdd"), target, PATIENCE)
        assert asked == [len(mirror.requests) for mirror in (gone, other, good)]


def test_a_connection_that_breaks_is_taken_up_again(tmp_path: Path) -> None:
    archive = archive_of(FILES)
    broken = serve(archive, ranges=False, chunked=True, cut_after=len(archive) // 2)
    mirror = Mirror(b"", broken, serve(archive, ranges=False, chunked=True))
    url = f"{mirror.url}{NAME}"
    path = write_addresses(tmp_path / "published.json", FILES, url, archive="fsdd.tar.gz")
    with running(mirror):
        fetch(load_published(path, "fsdd"), tmp_path / "fsdd.tar.gz", PATIENCE)
    assert (tmp_path / "fsdd.tar.gz").read_bytes() == archive


def test_a_server_with_other_recordings_is_refused(tmp_path: Path) -> None:
    mirror = Mirror(archive_of({"0_ada_0.wav": b"none"}))
    url = f"{mirror.url}{NAME}"
    path = write_addresses(tmp_path / "published.json", FILES, url, archive="fsdd.tar.gz")
    with running(mirror), pytest.raises(UserError, match=r"gave SHA-256 over the recordings .*, w"):
        fetch(load_published(path, "fsdd"), tmp_path / "fsdd.tar.gz", PATIENCE)
    assert not (tmp_path / "fsdd.tar.gz").exists()


# -- where it lies ---------------------------------------------------------------------------------


def test_the_environment_may_name_the_folder(
    corpus: CorpusSettings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    plain = CorpusSettings(source="fsdd")
    assert SOURCE.inputs(plain) == [Path("results/corpus")]
    assert SOURCE.inventory(plain) == ""
    monkeypatch.setenv(VARIABLE, str(corpus.folder))
    SOURCE.check(plain)
    assert SOURCE.inputs(plain) == SOURCE.inputs(corpus)
    assert SOURCE.inventory(plain) == SOURCE.inventory(corpus)
    # the configuration goes before it
    monkeypatch.setenv(VARIABLE, str(tmp_path / "gone"))
    SOURCE.check(corpus)
    with pytest.raises(UserError, match=rf"{VARIABLE}: .*gone/recordings does not exist; name a"):
        SOURCE.check(plain)


@pytest.mark.parametrize(
    ("named", "sentence"),
    [
        ({"folder": "gone"}, "`corpus.folder`: gone does not exist; name a folder that holds `rec"),
        ({"archive": "gone.tar.gz"}, "`corpus.archive`: gone.tar.gz does not exist"),
    ],
)
def test_what_is_named_and_not_there_is_one_sentence(named: dict[str, str], sentence: str) -> None:
    with pytest.raises(UserError, match=sentence):
        SOURCE.check(CorpusSettings(source="fsdd", **named))


def test_archive_and_folder_cannot_both_be_named(corpus: CorpusSettings, tmp_path: Path) -> None:
    (tmp_path / "a.tar.gz").touch()
    both = corpus.model_copy(update={"archive": str(tmp_path / "a.tar.gz")})
    with pytest.raises(UserError, match="both named; leave one out"):
        SOURCE.check(both)


# -- the whole of it -------------------------------------------------------------------------------


def test_licence_and_citation_stand_with_the_results() -> None:
    assert "CC~BY-SA~4.0" in SOURCE.availability
    assert "@jackson2018" in SOURCE.availability
    assert "10.5281/zenodo.1342401" in SOURCE.bibliography


@of_the_whole
def test_the_digest_in_the_project_is_that_of_the_list_of_checksums() -> None:
    digest = hashlib.sha256((Path(str(WHOLE)) / "SHA256SUMS").read_bytes()).hexdigest()
    assert load_published(ADDRESSES, "fsdd").recordings == digest


@of_the_whole
def test_the_whole_of_it_has_no_fault_and_has_features() -> None:
    corpus = CorpusSettings(source="fsdd", folder=WHOLE, published=str(ADDRESSES))
    SOURCE.check(corpus)
    report = check_corpus(SOURCE.folder(corpus), corpus, processes=2)
    assert (report.faults, report.notes) == ((), ())
    clips = report.clips
    assert len(clips) == 3000
    assert sum(clip.split == "train" for clip in clips) == SOURCE.training_clips(corpus) == 2700
    # 50 times each, and 5 of them for the test
    counts = {(clip.word, clip.speaker, clip.split): 0 for clip in clips}
    for clip in clips:
        counts[clip.word, clip.speaker, clip.split] += 1
    assert set(counts.values()) == {5, 45}
    assert {clip.sample_rate for clip in clips} == {8000}
    for clip in clips[::100]:
        audio, rate = read_audio(SOURCE.folder(corpus) / report.audio / clip.filename)
        assert np.isfinite(mel_features(audio, rate, DecibelFeatures())).all()


@of_the_whole
def test_the_whole_of_it_without_some_speakers_to_test_with() -> None:
    corpus = CorpusSettings(
        source="fsdd", folder=WHOLE, published=str(ADDRESSES), test_speakers=("george", "lucas")
    )
    clips = SOURCE.table(SOURCE.folder(corpus), corpus).clips
    assert {clip.speaker for clip in clips if clip.split == "test"} == {"george", "lucas"}
    assert sum(clip.split == "test" for clip in clips) == 1000

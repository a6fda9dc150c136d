"""An archive of results: whole and true, or refused before anything is written."""

import contextlib
import gzip
import hashlib
import io
import json
import os
import shutil
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from delaynet.config.errors import UserError
from delaynet.provenance.packing import pack
from delaynet.provenance.restoring import restore
from delaynet.provenance.seal import write_seal
from delaynet.workflow.project import PROJECT, recorded

FILES = {
    "results/corpus/audio/a.flac": "audio",
    "results/corpus/list.txt": "a.flac\n",
    "results/corpus/.snakemake_timestamp": "",
    "results/features.h5": "features",
    "results/seal.json": None,
    "results/records/corpus.json": None,
    "results/records/features.h5.json": None,
    "results/records/seal.json.json": None,
    "results/paper.pdf": None,
    "results/records/paper.pdf.json": None,
    "results/paper.html": None,
    "results/records/paper.html.json": None,
}
# what there is once the manuscript is made
SEALED = [name for name in FILES if "seal" in name or "paper" in name]


@pytest.fixture(scope="module")
def packed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with two recorded jobs, a seal and what carries it, and its archive."""
    root = tmp_path_factory.mktemp("packed")
    corpus, features, seal = (Path("results", n) for n in ("corpus", "features.h5", "seal.json"))
    with contextlib.chdir(root):
        for name, content in FILES.items():
            if content is not None and "results/features" not in name:
                Path(name).parent.mkdir(parents=True, exist_ok=True)
                Path(name).write_text(content, encoding="utf-8")
        with recorded([], [corpus]):
            pass
        with recorded([corpus], [features]):
            features.write_text("features")
        Path("results/checkpoints").mkdir()
        Path("results/checkpoints/half.pt").write_text("no result", encoding="utf-8")
        with recorded([corpus, features], [seal]):
            digest = write_seal(PROJECT, Path("results"), seal)
        with recorded([seal], [Path("results/paper.pdf")]) as job:
            carried = job.embedded()._replace(seal=digest)
            Path("results/paper.pdf").write_text(f"some PDF {carried}", encoding="utf-8")
        with recorded([seal], [Path("results/paper.html")]):
            Path("results/paper.html").write_text("some page", encoding="utf-8")
        os.utime(features, (1e9 + 0.25, 1e9 + 0.25))
        pack(PROJECT, Path("results"), Path("packed.tar.gz"))
    return root


@pytest.fixture
def project(packed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of it, as the current folder."""
    shutil.copytree(packed, tmp_path / "project")
    monkeypatch.chdir(tmp_path / "project")
    return tmp_path / "project"


@pytest.fixture
def archive(project: Path) -> Path:
    return project / "packed.tar.gz"


@pytest.fixture
def clone(project: Path, archive: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty project, as the current folder."""
    folder = project.parent / "clone"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


def files_below(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def refusal(archive: Path, clone: Path) -> str:
    """Return the sentence with which an archive is refused; nothing is written then."""
    before = files_below(clone)
    with pytest.raises(UserError) as error:
        restore(PROJECT, archive)
    assert files_below(clone) == before
    assert [path.name for path in clone.glob(".*") if path.name != ".snakemake"] == []
    return str(error.value)


def repacked(archive: Path, change: Callable[[dict[str, bytes]], None]) -> Path:
    """Write an archive anew, its files changed as someone would who knows the format."""
    with tarfile.open(archive) as tar:
        files = {m.name: f.read() for m in tar if (f := tar.extractfile(m)) is not None}
    change(files)
    target = archive.with_name("repacked.tar.gz")
    with tarfile.open(target, "w:gz") as tar:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return target


def with_manifest(files: dict[str, bytes], name: str, content: bytes) -> None:
    """Change a file, and what the manifest says of it."""
    files[name] = content
    manifest = json.loads(files["manifest.json"])
    digest = hashlib.sha256(content).hexdigest()
    manifest["files"][name] = {"sha256": digest, "bytes": len(content)}
    files["manifest.json"] = json.dumps(manifest).encode()


def test_all_that_is_recorded_comes_back_with_its_times_and_nothing_else(
    project: Path, archive: Path, clone: Path
) -> None:
    assert len(restore(PROJECT, archive).files) == len(FILES)
    assert set(files_below(clone)) == set(FILES)
    for name, content in files_below(clone).items():
        assert content == (project / name).read_bytes()
    assert (clone / "results/features.h5").stat().st_mtime == 1e9 + 0.25


def test_the_same_results_give_the_same_archive(project: Path, archive: Path) -> None:
    pack(PROJECT, Path("results"), project / "again.tar.gz")
    assert (project / "again.tar.gz").read_bytes() == archive.read_bytes()


def test_restoring_twice_is_no_harm(archive: Path, clone: Path) -> None:
    restore(PROJECT, archive)
    before = files_below(clone)
    restore(PROJECT, archive)
    assert files_below(clone) == before


def test_results_that_differ_are_not_overwritten(archive: Path, clone: Path) -> None:
    Path("results").mkdir()
    Path("results/features.h5").write_text("my own", encoding="utf-8")
    sentence = refusal(archive, clone)
    assert sentence.startswith("results/features.h5: is here already and differs")


@pytest.mark.parametrize("share", [0.0, 0.3, 0.95])
def test_an_archive_that_was_cut_is_refused(archive: Path, clone: Path, share: float) -> None:
    content = archive.read_bytes()
    archive.write_bytes(content[: int(share * len(content))])
    assert "nothing is restored" in refusal(archive, clone)


def test_any_other_byte_in_an_archive_is_noticed(archive: Path, clone: Path) -> None:
    content = archive.read_bytes()
    # what gzip's header says in its bytes 4 to 9, time and system, is no content
    for place in [0, *range(10, len(content), 997), len(content) - 8, len(content) - 1]:
        archive.write_bytes(
            content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :],
        )
        refusal(archive, clone)


def test_what_snakemake_remembers_of_earlier_results_goes(archive: Path, clone: Path) -> None:
    (clone / ".snakemake" / "metadata").mkdir(parents=True)
    (clone / ".snakemake" / "metadata" / "cmVzdWx0cw==").write_text("{}", encoding="utf-8")
    restore(PROJECT, archive)
    assert not (clone / ".snakemake" / "metadata").exists()


def test_a_file_that_is_no_archive_is_refused(archive: Path, clone: Path) -> None:
    archive.write_text("hello", encoding="utf-8")
    assert "not a sound .tar.gz" in refusal(archive, clone)
    archive.write_bytes(gzip.compress(b""))
    refusal(archive, clone)
    archive.unlink()
    assert "there is no such archive" in refusal(archive, clone)


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("../outside", "leaves the folder"),
        ("/tmp/outside", "has an absolute path"),
        ("results/../../outside", "leaves the folder"),
        ("results/./a", "is not what the archive's manifest says"),
        (".bashrc", "is no result of this project"),
        ("workflow/Snakefile", "is no result of this project"),
        (".snakemake/scripts/x", "is no result of this project"),
        ("results", "its member 'results' is there twice"),
        ("results/Features.h5", "has the name of 'results/features.h5' on some systems"),
    ],
)
def test_an_archive_writes_to_no_other_place(
    archive: Path, clone: Path, name: str, reason: str
) -> None:
    forged = repacked(archive, lambda files: with_manifest(files, name, b"harm"))
    assert reason in refusal(forged, clone)


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE])
def test_an_archive_holds_no_links(archive: Path, clone: Path, kind: bytes) -> None:
    target = archive.with_name("links.tar.gz")
    with tarfile.open(target, "w:gz") as tar:
        member = tarfile.TarInfo("results/link")
        member.type, member.linkname = kind, "/etc/passwd"
        tar.addfile(member)
    assert "'results/link' is " in refusal(target, clone)


def test_a_file_that_differs_from_the_manifest_is_named(archive: Path, clone: Path) -> None:
    forged = repacked(archive, lambda files: files.update({"results/features.h5": b"forged"}))
    assert "results/features.h5 is not what the archive's manifest says" in refusal(forged, clone)
    without = repacked(archive, lambda files: files.pop("results/features.h5") and None)
    assert "results/features.h5 is not what" in refusal(without, clone)
    without = repacked(archive, lambda files: files.pop("manifest.json") and None)
    assert "has no manifest" in refusal(without, clone)


@pytest.mark.parametrize("name", ["results/features.h5", "results/corpus/audio/a.flac"])
def test_a_file_that_differs_from_its_record_is_named_though_the_manifest_was_changed_too(
    archive: Path, clone: Path, name: str
) -> None:
    forged = repacked(archive, lambda files: with_manifest(files, name, b"forged"))
    what = "results/corpus" if "corpus" in name else name
    assert refusal(forged, clone).startswith(f"{what}: altered (it holds ")


def test_a_record_that_differs_from_the_seal_is_named(archive: Path, clone: Path) -> None:
    name = "results/records/features.h5.json"

    def change(files: dict[str, bytes]) -> None:
        with_manifest(files, name, files[name].replace(b'"host": "', b'"host": "x'))

    sentence = refusal(repacked(archive, change), clone)
    assert sentence.startswith("results/features.h5: record altered (records/features.h5.json")


def test_results_that_differ_from_their_records_are_not_packed(project: Path) -> None:
    Path("results/corpus/audio/a.flac").write_text("other", encoding="utf-8")
    with pytest.raises(UserError, match=r"results/corpus: altered .*nothing is packed"):
        pack(PROJECT, Path("results"), Path("new.tar.gz"))
    Path("results/features.h5").unlink()
    with pytest.raises(UserError, match=r"results/.*: (altered|missing) "):
        pack(PROJECT, Path("results"), Path("new.tar.gz"))
    assert not list(project.glob("*new*"))
    Path("results/features.h5").write_text("features", encoding="utf-8")
    Path("results/corpus/audio/a.flac").write_text("audio", encoding="utf-8")
    pack(PROJECT, Path("results"), Path("new.tar.gz"))


@pytest.mark.parametrize("name", ["results/paper.pdf", "results/new.tar.gz", "results"])
def test_an_archive_is_not_written_among_the_results(project: Path, name: str) -> None:
    before = files_below(project)
    with pytest.raises(UserError, match=f"{name}: is among the results; name another place"):
        pack(PROJECT, Path("results"), Path(name))
    assert files_below(project) == before


def test_nothing_is_overwritten_by_an_archive(project: Path) -> None:
    Path("notes.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(UserError, match=r"notes.txt: is there already and is not overwritten"):
        pack(PROJECT, Path("results"), Path("notes.txt"))
    assert Path("notes.txt").read_text(encoding="utf-8") == "mine"


def record_of(name: str, content: bytes, like: bytes) -> bytes:
    """A forged record of a file, in the right format."""
    outputs = {name: {"sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)}}
    return json.dumps(json.loads(like) | {"outputs": outputs}).encode()


LIKE = "results/records/features.h5.json"


@pytest.mark.parametrize(
    "name",
    [
        "results/evil.csv", "results/crate/evil.py", "results/.evil", "results/report.html",
        "results/checkpoints/evil.pt", "results/corpus/.evil", "results/records/evil.py",
        "resources/evil.py", "resources/evil.wav",
    ],
)  # fmt: skip
def test_nothing_is_restored_that_no_record_tells_of(archive: Path, clone: Path, name: str) -> None:
    forged = repacked(archive, lambda files: with_manifest(files, name, b"harm"))
    assert refusal(forged, clone).startswith(f"{name}: ")


@pytest.mark.parametrize("claimed", ["results/evil.csv", "results/features.h5"])
@pytest.mark.parametrize("record", ["results/records/evil.csv.json", "resources/evil.record.json"])
def test_a_record_that_was_added_is_neither_packed_nor_restored(
    project: Path, archive: Path, clone: Path, claimed: str, record: str
) -> None:
    def change(files: dict[str, bytes]) -> None:
        content = files.get(claimed, b"evil")
        with_manifest(files, claimed, content)
        with_manifest(files, record, record_of(claimed, content, files[LIKE]))

    forged = repacked(archive, change)
    assert "nothing is restored" in refusal(forged, clone)
    with tarfile.open(forged) as tar, contextlib.chdir(project):
        tar.extractall(filter="data")
        if record.startswith("results"):
            with pytest.raises(UserError, match=r"record altered.*nothing is packed"):
                pack(PROJECT, Path("results"), Path("new.tar.gz"))


def test_a_result_without_its_record_is_neither_packed_nor_restored(
    project: Path, archive: Path, clone: Path
) -> None:
    def change(files: dict[str, bytes]) -> None:
        manifest = json.loads(files["manifest.json"])
        for name in (LIKE, *SEALED):
            del files[name], manifest["files"][name]
        files["manifest.json"] = json.dumps(manifest).encode()

    assert "results/features.h5: unrecorded" in refusal(repacked(archive, change), clone)
    with contextlib.chdir(project):
        Path(LIKE).unlink()
        with pytest.raises(UserError, match=r"results/features\.h5: unrecorded"):
            pack(PROJECT, Path("results"), Path("new.tar.gz"))


def test_an_archive_without_results_is_refused(archive: Path, clone: Path) -> None:
    def change(files: dict[str, bytes]) -> None:
        files.clear()
        files["manifest.json"] = json.dumps({"schema": 1, "commit": None, "files": {}}).encode()

    sentence = refusal(repacked(archive, change), clone)
    assert sentence.endswith("results/records: holds no records; nothing is restored.")


@pytest.mark.parametrize("commit", [5, ["a"], {}])
def test_a_commit_that_is_none_is_refused(archive: Path, clone: Path, commit: object) -> None:
    def change(files: dict[str, bytes]) -> None:
        manifest = json.loads(files["manifest.json"]) | {"commit": commit}
        files["manifest.json"] = json.dumps(manifest).encode()

    assert "has no manifest that this version reads" in refusal(repacked(archive, change), clone)


@pytest.mark.parametrize("name", ["results/" + "a" * 300, "results/" + "ü" * 150])
def test_a_name_that_is_too_long_is_one_sentence(archive: Path, clone: Path, name: str) -> None:
    forged = repacked(archive, lambda files: with_manifest(files, name, b"harm"))
    assert "has a path of 308 bytes, more than 255" in refusal(forged, clone)


def test_a_broken_record_is_named_as_the_archive_has_it(archive: Path, clone: Path) -> None:
    forged = repacked(archive, lambda files: with_manifest(files, LIKE, b"{}"))
    sentence = refusal(forged, clone)
    assert sentence == f"{forged}: {LIKE}: is not a record; nothing is restored."


def test_results_that_are_not_sealed_yet_are_packed_and_restored(
    project: Path, clone: Path
) -> None:
    with contextlib.chdir(project):
        for name in SEALED:
            Path(name).unlink()
        pack(PROJECT, Path("results"), Path("new.tar.gz"))
    restore(PROJECT, project / "new.tar.gz")
    assert Path("results/features.h5").read_text(encoding="utf-8") == "features"


def test_a_seal_that_was_taken_away_is_missed(project: Path, archive: Path, clone: Path) -> None:
    def change(files: dict[str, bytes]) -> None:
        manifest = json.loads(files["manifest.json"])
        for name in SEALED:
            if "paper" not in name:
                del files[name], manifest["files"][name]
        files["manifest.json"] = json.dumps(manifest).encode()

    assert "results/seal.json: missing" in refusal(repacked(archive, change), clone)


def test_results_of_code_and_sources_that_have_changed_since_are_restored(
    project: Path, clone: Path
) -> None:
    source, table = Path("manuscript/notes.typ"), Path("results/table.csv")
    with contextlib.chdir(project):
        source.parent.mkdir()
        source.write_text("before", encoding="utf-8")
        for name in SEALED:
            Path(name).unlink()
        with recorded([source], [table]):
            table.write_text("1", encoding="utf-8")
        record = Path("results/records/table.csv.json")
        told = json.loads(record.read_text(encoding="utf-8"))
        told["modules"]["delaynet/workflow/estimate.py"] = {"sha256": "0" * 64, "code": "0" * 16}
        record.write_text(
            json.dumps(told | {"commit": None, "uncommitted": None}), encoding="utf-8"
        )
        pack(PROJECT, Path("results"), Path("new.tar.gz"))
    source.parent.mkdir()
    source.write_text("after", encoding="utf-8")
    restore(PROJECT, project / "new.tar.gz")
    assert table.read_text(encoding="utf-8") == "1"

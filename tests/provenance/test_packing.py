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

from delaynet.errors import UserError
from delaynet.provenance.packing import pack
from delaynet.provenance.record import recorded
from delaynet.provenance.restoring import restore
from delaynet.provenance.seal import write_seal

FILES = {
    "results/corpus/audio/a.flac": "audio",
    "results/corpus/list.txt": "a.flac\n",
    "results/corpus/.snakemake_timestamp": "",
    "results/features.h5": "features",
    "results/seal.json": None,
    "results/records/corpus.json": None,
    "results/records/features.h5.json": None,
    "results/records/seal.json.json": None,
    ".snakemake/metadata/cmVzdWx0cw==": '{"rule": "corpus"}',
}


@pytest.fixture(scope="module")
def packed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with two recorded jobs and a seal, and its archive."""
    root = tmp_path_factory.mktemp("packed")
    corpus, features, seal = (Path("results", n) for n in ("corpus", "features.h5", "seal.json"))
    with contextlib.chdir(root):
        for name, content in FILES.items():
            if content is not None and "results/features" not in name:
                Path(name).parent.mkdir(parents=True, exist_ok=True)
                Path(name).write_text(content)
        with recorded([], [corpus]):
            pass
        with recorded([corpus], [features]):
            features.write_text("features")
        Path("results/checkpoints").mkdir()
        Path("results/checkpoints/half.pt").write_text("no result")
        with recorded([corpus, features], [seal]):
            write_seal(Path("results"), seal)
        os.utime(features, (1e9 + 0.25, 1e9 + 0.25))
        pack(Path("results"), Path("packed.tar.gz"))
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
        restore(archive)
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
    assert len(restore(archive).files) == len(FILES)
    assert set(files_below(clone)) == set(FILES)
    for name, content in files_below(clone).items():
        assert content == (project / name).read_bytes()
    assert (clone / "results/features.h5").stat().st_mtime == 1e9 + 0.25


def test_the_same_results_give_the_same_archive(project: Path, archive: Path) -> None:
    pack(Path("results"), project / "again.tar.gz")
    assert (project / "again.tar.gz").read_bytes() == archive.read_bytes()


def test_restoring_twice_is_no_harm(archive: Path, clone: Path) -> None:
    restore(archive)
    before = files_below(clone)
    restore(archive)
    assert files_below(clone) == before


def test_results_that_differ_are_not_overwritten(archive: Path, clone: Path) -> None:
    Path("results").mkdir()
    Path("results/features.h5").write_text("my own")
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


def test_a_file_that_is_no_archive_is_refused(archive: Path, clone: Path) -> None:
    archive.write_text("hello")
    assert "is no whole archive of results" in refusal(archive, clone)
    archive.write_bytes(gzip.compress(b""))
    refusal(archive, clone)
    archive.unlink()
    assert "there is no such archive" in refusal(archive, clone)


@pytest.mark.parametrize(
    "name",
    [
        "../outside", "/tmp/outside", "results/../../outside", "results/./a", ".bashrc",
        "workflow/Snakefile", ".snakemake/scripts/x", "results",
    ],
)  # fmt: skip
def test_an_archive_writes_to_no_other_place(archive: Path, clone: Path, name: str) -> None:
    forged = repacked(archive, lambda files: with_manifest(files, name, b"harm"))
    assert "which is no result of this project" in refusal(forged, clone)


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE])
def test_an_archive_holds_no_links(archive: Path, clone: Path, kind: bytes) -> None:
    target = archive.with_name("links.tar.gz")
    with tarfile.open(target, "w:gz") as tar:
        member = tarfile.TarInfo("results/link")
        member.type, member.linkname = kind, "/etc/passwd"
        tar.addfile(member)
    assert "which is no result of this project" in refusal(target, clone)


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
    assert "is not what its record results/records/" in refusal(forged, clone)


def test_a_record_that_differs_from_the_seal_is_named(archive: Path, clone: Path) -> None:
    name = "results/records/features.h5.json"

    def change(files: dict[str, bytes]) -> None:
        with_manifest(files, name, files[name].replace(b'"host": "', b'"host": "x'))

    sentence = refusal(repacked(archive, change), clone)
    assert sentence.startswith(f"{name}: is not what results/seal.json has sealed")


def test_results_that_differ_from_their_records_are_not_packed(project: Path) -> None:
    Path("results/corpus/audio/a.flac").write_text("other")
    with pytest.raises(UserError, match="results/corpus: is not what its record"):
        pack(Path("results"), Path("new.tar.gz"))
    Path("results/features.h5").unlink()
    with pytest.raises(UserError, match=r"results/features\.h5: is not in this folder"):
        pack(Path("results"), Path("new.tar.gz"))
    assert not list(project.glob("*new*"))

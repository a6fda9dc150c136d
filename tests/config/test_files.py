"""Files appear whole or not at all, and a full disk or a closed place is one sentence."""

import fcntl
import os
import resource
from collections.abc import Callable
from multiprocessing import get_context
from pathlib import Path

import h5py
import numpy as np
import pytest
import torch

from delaynet.config.errors import UserError
from delaynet.config.files import (
    explaining,
    reading_hdf5,
    remove_leftovers,
    replacing,
    replacing_folder,
    replacing_hdf5,
)
from delaynet.data.dataset import load_splits
from delaynet.training.run_folder import read_network, read_summary


def write_text(path: Path) -> None:
    with replacing(path) as temporary:
        temporary.write_text("x" * 100_000)


def write_array(path: Path) -> None:
    with replacing_hdf5(path) as file:
        for number in range(40):
            file.create_group(f"group_{number}")["values"] = np.random.rand(500)


def write_array_in_parts(path: Path, most_bytes: int | None = 1_000_000) -> None:
    with replacing_hdf5(path, most_bytes) as file:
        values = file.create_dataset("values", (400, 500), "f4", chunks=(64, 500))
        for row in range(400):
            values[row] = row
        values.resize(390, axis=0)


def write_folder(path: Path) -> None:
    with replacing_folder(path) as temporary:
        (temporary / "below").mkdir()
        (temporary / "below" / "file").write_text("x" * 100_000)


FILE_WRITERS = [write_text, write_array, write_array_in_parts]
WRITERS = [*FILE_WRITERS, write_folder]


def test_an_array_that_is_written_in_parts_has_the_bytes_of_one_from_memory(tmp_path: Path) -> None:
    for name, most_bytes in (("memory.h5", None), ("disk.h5", 1_000_000), ("more.h5", 3_000_000)):
        write_array_in_parts(tmp_path / name, most_bytes)
    contents = {path.read_bytes() for path in tmp_path.iterdir()}
    assert len(contents) == 1
    assert 780_000 < len(contents.pop()) < 1_000_000


def sentence_on_a_full_disk(write: Callable[[Path], None], path: Path) -> None:
    """Write in a process that may not write more than 50 kB to a file; leave what it says."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000))
    try:
        write(path)
    except UserError as error:
        path.with_suffix(".sentence").write_text(str(error))


@pytest.mark.parametrize("write", WRITERS)
def test_a_full_disk_is_one_sentence_and_what_was_there_stays(
    write: Callable[[Path], None], tmp_path: Path
) -> None:
    path = tmp_path / "result"
    path.write_text("what was there")
    child = get_context("fork").Process(target=sentence_on_a_full_disk, args=(write, path))
    child.start()
    child.join(60)
    assert child.exitcode == 0
    sentence = path.with_suffix(".sentence").read_text()
    assert sentence.startswith(f"{path}: cannot be written (file too large); make room there")
    assert "\n" not in sentence
    assert path.read_text() == "what was there"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["result", "result.sentence"]


@pytest.mark.parametrize("write", WRITERS)
@pytest.mark.parametrize("name", ["a file/result", "a file/below/result"])
def test_a_place_that_cannot_be_written_to_is_one_sentence(
    write: Callable[[Path], None], name: str, tmp_path: Path
) -> None:
    (tmp_path / "a file").write_text("")
    with pytest.raises(UserError, match=r"result: cannot be written \(.*\); name a place that"):
        write(tmp_path / name)
    assert [path.name for path in tmp_path.iterdir()] == ["a file"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_without_permission_is_one_sentence(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(UserError, match="permission denied"):
        write_text(tmp_path / "result")


def test_an_error_about_another_file_keeps_its_own_words(tmp_path: Path) -> None:
    (tmp_path / "a file").write_text("")
    with pytest.raises(NotADirectoryError), explaining(tmp_path / "result"):
        (tmp_path / "a file" / "input").read_text()


@pytest.mark.parametrize("write", FILE_WRITERS)
def test_what_raises_halfway_leaves_nothing(write: Callable[[Path], None], tmp_path: Path) -> None:
    with pytest.raises(KeyError), replacing(tmp_path / "result") as temporary:
        write(temporary)
        raise KeyError
    assert list(tmp_path.iterdir()) == []


def test_an_hdf5_file_is_readable_by_anyone(tmp_path: Path) -> None:
    write_array(tmp_path / "result.h5")
    with h5py.File(tmp_path / "result.h5") as file:
        assert file["group_3/values"].shape == (500,)


def test_leftovers_of_killed_writers_are_removed_and_nothing_else(tmp_path: Path) -> None:
    kept = [".snakemake_timestamp", "network.h5", ".hidden", "2024.10.h5"]
    for name in [*kept, ".network.4711.h5", ".checkpoint.12.pt", ".result.7"]:
        (tmp_path / name).write_text("")
    remove_leftovers(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(kept)


def test_a_folder_appears_when_all_of_it_is_there(tmp_path: Path) -> None:
    folder = tmp_path / "made" / "corpus"
    with replacing_folder(folder) as temporary:
        (temporary / "file").write_text("new")
        assert not folder.exists()
    assert (folder / "file").read_text() == "new"
    assert [path.name for path in folder.parent.iterdir()] == ["corpus"]


def test_a_folder_that_is_made_again_has_nothing_of_the_former_one(tmp_path: Path) -> None:
    (tmp_path / "corpus").mkdir()
    (tmp_path / "corpus" / "former").touch()
    write_folder(tmp_path / "corpus")
    assert [path.name for path in (tmp_path / "corpus").iterdir()] == ["below"]
    assert [path.name for path in tmp_path.iterdir()] == ["corpus"]


def test_a_folder_whose_making_raises_stays_as_it_was(tmp_path: Path) -> None:
    write_folder(tmp_path / "corpus")
    with pytest.raises(KeyError), replacing_folder(tmp_path / "corpus") as temporary:
        (temporary / "file").touch()
        raise KeyError
    assert [path.name for path in (tmp_path / "corpus").iterdir()] == ["below"]
    assert [path.name for path in tmp_path.iterdir()] == ["corpus"]


def test_making_a_folder_removes_what_killed_processes_left_of_it_and_nothing_else(
    tmp_path: Path,
) -> None:
    kept = [".corpus", ".corpus.txt", ".corpora.12", "corpus.12", ".other.12"]
    for name in [*kept, ".corpus.12", ".corpus.12.former", f".corpus.{os.getpid()}"]:
        (tmp_path / name).mkdir()
        (tmp_path / name / "file").touch()
    write_folder(tmp_path / "corpus")
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([*kept, "corpus"])


READERS: dict[str, Callable[[Path], object]] = {
    "features.h5": lambda path: load_splits(path, (), torch.device("cpu")),
    "network.h5": read_network,
    "summary.json": lambda path: read_summary(path.parent),
}


@pytest.mark.parametrize("damage", ["empty", "cut", "another file"])
@pytest.mark.parametrize("name", READERS)
def test_a_damaged_result_and_one_of_another_kind_are_one_sentence(
    name: str, damage: str, tmp_path: Path
) -> None:
    path = tmp_path / name
    write_array(path)  # no features, no network and no JSON
    if damage != "another file":
        path.write_bytes(path.read_bytes()[: 1000 * (damage == "cut")])
    if name == "summary.json" and damage == "cut":
        path.write_text('{"test_accuracy": 0.')
    with pytest.raises(UserError) as caught:
        READERS[name](path)
    sentence = str(caught.value)
    assert sentence.startswith(f"{path}: cannot be read as a ")
    assert sentence.endswith(f"; make it again with `snakemake --force {path}`.")
    assert "\n" not in sentence


def test_a_file_is_read_on_a_disk_without_locks(tmp_path: Path) -> None:
    path = tmp_path / "network.h5"
    with h5py.File(path, "w") as file:
        file["weight"] = [1.0]
    with path.open("rb+") as other:
        # as without locks, HDF5 would find that it cannot lock the file
        fcntl.flock(other, fcntl.LOCK_EX)
        with pytest.raises(BlockingIOError), h5py.File(path):
            pass
        with reading_hdf5(path, "a network") as file:
            assert file["weight"][0] == 1.0

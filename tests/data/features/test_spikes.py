"""The published spikes, in files of their layout, are counted exactly."""

import re
from collections.abc import Callable, Sequence
from pathlib import Path

import h5py
import numpy as np
import pytest
import torch
from published_spikes import DIGITS, write_folder, write_ssc

from delaynet.config.errors import UserError
from delaynet.config.settings import SpikeFeatures
from delaynet.data.dataset import load_splits
from delaynet.data.features.spikes import spike_counts, write_spike_features


@pytest.fixture
def published(tmp_path: Path) -> Path:
    return write_folder(tmp_path / "published")


def counted(times: Sequence[float], units: Sequence[int], **settings: object) -> dict[tuple, float]:
    """Return the (frame, band) with spikes, and how many."""
    features = spike_counts(np.array(times), np.array(units, int), SpikeFeatures(**settings))
    return {tuple(map(int, place)): features[tuple(place)] for place in np.argwhere(features)}


def test_a_spike_is_counted_in_the_bin_of_its_time_and_the_group_of_its_unit():
    found = counted([0.0, 0.004, 0.012, 0.013, 0.999], [0, 4, 5, 9, 699], bands=140)
    assert found == {(0, 0): 2, (1, 1): 2, (99, 139): 1}


def test_a_spike_on_the_edge_of_two_bins_belongs_to_the_later_and_one_before_it_to_the_earlier():
    width = 1 / 128  # exact in binary
    edges = width * np.arange(1, 5, dtype=np.float16)
    assert counted(edges, [0] * 4, bin_seconds=width) == {(frame, 0): 1 for frame in (1, 2, 3, 4)}
    before = np.nextafter(edges, np.float16(0))  # the published times are of this type
    assert counted(before, [0] * 4, bin_seconds=width) == {(frame, 0): 1 for frame in range(4)}


@pytest.mark.parametrize("kind", [np.float32, np.float64])
@pytest.mark.parametrize("width", [0.01, 0.004, 0.0014])
def test_an_edge_that_has_no_exact_binary_number_is_still_an_edge(kind: type, width: float):
    """0.29 / 0.01 is 28.999999999999996, and 0.01 is smaller yet in single precision."""
    settings = SpikeFeatures(bin_seconds=width, bands=2)
    times = (np.arange(100) * width).astype(kind)
    features = spike_counts(times, np.zeros(100, np.uint16), settings)
    np.testing.assert_array_equal(features[:, 0], 1)


def test_spikes_after_the_last_frame_are_cut():
    assert counted([0.0, 0.0999, 0.1, 0.5, 1e9], [1] * 5, frames=10, bands=700) == {
        (0, 1): 1,
        (9, 1): 1,
    }


@pytest.mark.parametrize("bands", [1, 40, 140, 699, 700])
def test_units_are_pooled_in_groups_of_neighbours_and_none_is_lost(bands: int):
    units = np.arange(700)
    settings = SpikeFeatures(bands=bands, frames=2)
    features = spike_counts(np.zeros(700), units, settings)
    expected = [sum(unit * bands // 700 == band for unit in range(700)) for band in range(bands)]
    np.testing.assert_array_equal(features[0], expected)
    assert features.sum() == 700
    assert features[0, -1] == len([u for u in units if u >= 700 * (bands - 1) / bands])


def test_a_feature_is_the_scale_times_the_number_of_spikes():
    found = counted([0.001] * 7, [3] * 7, scale=0.25)
    assert found == {(0, 0): 1.75}


def test_a_clip_without_spikes_has_features_of_zero():
    features = spike_counts(np.zeros(0, np.float16), np.zeros(0, np.uint16), SpikeFeatures())
    assert features.shape == (100, 140)
    assert features.dtype == np.float32
    assert not features.any()


@pytest.mark.parametrize(
    ("times", "units", "complaint"),
    [
        ([0.1, 0.2], [1], "has 2 times and 1 units"),
        ([0.1, np.nan], [1, 1], "negative or not a number"),
        ([0.1, -0.1], [1, 1], "negative or not a number"),
        ([0.1, 0.1], [1, 700], "units 1 to 700"),
        ([0.1, 0.1], [-1, 1], "units -1 to 1"),
    ],
)
def test_spikes_that_cannot_be_are_reported(times: list[float], units: list[int], complaint: str):
    with pytest.raises(UserError, match=complaint):
        spike_counts(np.array(times), np.array(units), SpikeFeatures())


def test_every_spike_of_the_files_is_in_its_place(published: Path, tmp_path: Path):
    settings = SpikeFeatures(bands=40, frames=80, scale=0.5)
    write_spike_features(published, tmp_path / "features.h5", settings)
    with h5py.File(tmp_path / "features.h5") as features:
        row = 0
        for split in ("train", "test"):
            with h5py.File(published / f"shd_{split}.h5") as file:
                for times, units in zip(file["spikes/times"], file["spikes/units"], strict=True):
                    expected = np.zeros((80, 40))
                    for moment, unit in zip(times, units, strict=True):
                        if (frame := int(float(moment) / 0.01)) < 80:
                            expected[frame, int(unit) * 40 // 700] += 0.5
                    np.testing.assert_array_equal(features["features"][row], expected)
                    row += 1
        assert row == len(features["features"]) == 80


def test_the_file_says_what_each_clip_is(published: Path, tmp_path: Path):
    write_spike_features(published, tmp_path / "features.h5", SpikeFeatures())
    with h5py.File(tmp_path / "features.h5") as file:
        names = list(file["filename"].asstr()[:])
        assert names[17] == "shd_train.h5#17"
        assert names[57] == "shd_test.h5#17"
        assert list(file["split"].asstr()[:]) == ["train"] * 40 + ["test"] * 40
        assert list(file["label"][:]) == [row % 20 for row in range(40)] * 2
        assert list(file["word"].asstr()[:20]) == [str(digit) for digit in [*range(10)] * 2]
        assert list(file["language"].asstr()[:20]) == ["english"] * 10 + ["german"] * 10
        assert set(file["speaker"].asstr()[40:]) == {"4", "5"}
        # each label is said twice by the same speaker in a file: rows 0 and 20, 1 and 21, ..
        assert list(file["trial"][:]) == ([0] * 20 + [1] * 20) * 2


def test_the_file_says_how_and_from_what_it_was_made(published: Path, tmp_path: Path):
    settings = SpikeFeatures(bin_seconds=0.005, scale=2.0)
    write_spike_features(published, tmp_path / "features.h5", settings)
    with h5py.File(tmp_path / "features.h5") as file:
        for key, value in settings.model_dump().items():
            assert file.attrs[key] == value
        assert file.attrs["preset"] == "spikes"
        assert file.attrs["corpus_name"] == "Spiking Heidelberg Digits"
        assert file.attrs["corpus_source"] == "spikes"
        assert list(file.attrs["label_names"]) == DIGITS
        assert list(file["features"].attrs["axes"]) == ["clip", "frame", "unit group"]
        assert file["features"].attrs["units"] == "2 per spike in a bin"
        assert file["features"].attrs["frame_duration_s"] == 0.005
        assert len(file["left_out"]) == len(file["left_out_fault"]) == 0


def test_training_reads_the_file_as_it_reads_mel_features(published: Path, tmp_path: Path):
    write_spike_features(published, tmp_path / "features.h5", SpikeFeatures())
    splits = load_splits(tmp_path / "features.h5", ("3",), torch.device("cpu"))
    assert (len(splits.training), len(splits.validation), len(splits.test)) == (30, 10, 40)
    assert splits.classes == 20
    assert splits.step_milliseconds == 10
    assert splits.test.signal(slice(0, 5)).shape == (140, 100, 5)


@pytest.mark.parametrize("keys", [None, ["yes", "no", "stop"]], ids=["unnamed", "named"])
def test_other_labels_are_words_of_an_unknown_language(keys: list[str] | None, tmp_path: Path):
    folder = write_folder(tmp_path / "published", keys, classes=3)
    write_spike_features(folder, tmp_path / "features.h5", SpikeFeatures())
    names = keys or ["0", "1", "2"]
    with h5py.File(tmp_path / "features.h5") as file:
        assert list(file.attrs["label_names"]) == names
        assert list(file["word"].asstr()[:4]) == [names[row % 3] for row in range(4)]
        assert set(file["language"].asstr()[:]) == {"unknown"}


def test_twenty_labels_without_names_are_the_digits(tmp_path: Path):
    folder = write_folder(tmp_path / "published", None)
    write_spike_features(folder, tmp_path / "features.h5", SpikeFeatures())
    with h5py.File(tmp_path / "features.h5") as file:
        assert list(file.attrs["label_names"]) == DIGITS


@pytest.mark.parametrize("speakers", [None, list(range(70))], ids=["unnamed", "named"])
def test_the_speech_commands_bring_their_validation_list(
    speakers: list[int] | None, tmp_path: Path
):
    folder = write_ssc(tmp_path / "published", speakers)
    write_spike_features(folder, tmp_path / "features.h5", SpikeFeatures(), "ssc")
    with h5py.File(tmp_path / "features.h5") as file:
        assert file.attrs["corpus_name"] == "Spiking Speech Commands"
        assert file.attrs["corpus_source"] == "ssc"
        assert len(file.attrs["label_names"]) == 35
        assert set(file["language"].asstr()[:]) == {"english"}
        assert file["filename"].asstr()[75] == "ssc_valid.h5#5"
        assert set(file["speaker"].asstr()[:70]) == set(map(str, speakers or ["unknown"]))
    splits = load_splits(tmp_path / "features.h5", ("11",), torch.device("cpu"))
    assert splits.validation.filename == tuple(f"ssc_valid.h5#{row}" for row in range(70))
    assert (len(splits.training), len(splits.test)) == (70, 70)


def test_made_again_the_file_is_byte_for_byte_the_same(published: Path, tmp_path: Path):
    for name in ("first.h5", "again.h5"):
        write_spike_features(published, tmp_path / name, SpikeFeatures())
    assert (tmp_path / "first.h5").read_bytes() == (tmp_path / "again.h5").read_bytes()


def without(name: str) -> Callable[[h5py.File], None]:
    return lambda file: file.__delitem__(name)


def replaced(name: str, data: object) -> Callable[[h5py.File], None]:
    def change(file: h5py.File) -> None:
        del file[name]
        file[name] = data

    return change


def spike(row: int, name: str, value: float) -> Callable[[h5py.File], None]:
    def change(file: h5py.File) -> None:
        values = file[f"spikes/{name}"][row]
        values[3] = value
        file[f"spikes/{name}"][row] = values

    return change


def one_unit_less(file: h5py.File) -> None:
    file["spikes/units"][12] = file["spikes/units"][12][:-1]


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (without("spikes/times"), "has no dataset `spikes/times`"),
        (without("spikes"), "has no dataset `spikes/times`"),
        (without("labels"), "has no dataset `labels`"),
        (without("extra"), "has no dataset `extra/speaker`"),
        (replaced("labels", np.zeros(39, int)), "not the same number of clips (39 in `labels`, 40"),
        (replaced("labels", np.zeros(40)), "`labels` does not hold a whole number for each clip"),
        (replaced("labels", np.full(40, 20)), "`labels` has numbers from 20 to 20, not 0 to 19"),
        (replaced("extra/speaker", np.zeros(3, int)), "3 in `extra/speaker`"),
        (
            replaced("spikes/times", np.zeros((40, 7))),
            "`spikes/times` does not hold a list of times",
        ),
        (
            replaced("spikes/units", np.zeros(40)),
            "`spikes/units` does not hold a list of whole numbers",
        ),
        (replaced("extra/keys", np.array([b"zero"])), "do not agree in `extra/keys`"),
        (one_unit_less, "clip 12 has "),
        (spike(7, "times", -0.5), "clip 7 has a spike at a time that is negative or not a"),
        (spike(7, "times", np.nan), "clip 7 has a spike at a time that is negative or not a"),
        (spike(39, "units", 700), "clip 39 has spikes of units "),
    ],
)
def test_a_file_that_is_not_as_published_is_reported_with_its_clip(
    change: Callable[[h5py.File], None], complaint: str, published: Path, tmp_path: Path
):
    with h5py.File(published / "shd_test.h5", "r+") as file:
        change(file)
    with pytest.raises(UserError, match=rf"shd_test\.h5.*{re.escape(complaint)}"):
        write_spike_features(published, tmp_path / "out" / "features.h5", SpikeFeatures())
    assert not list(tmp_path.glob("out/*"))


def test_a_missing_file_is_reported_with_what_to_fetch(published: Path, tmp_path: Path):
    (published / "shd_test.h5").unlink()
    with pytest.raises(UserError, match=r"shd_test\.h5 is not there: fetch `shd_test\.h5\.gz`"):
        write_spike_features(published, tmp_path / "features.h5", SpikeFeatures())


def test_a_file_that_is_not_hdf5_or_cut_off_is_reported(published: Path, tmp_path: Path):
    whole = (published / "shd_test.h5").read_bytes()
    for content in (b"", b"<html>404</html>", whole[: len(whole) // 2]):
        (published / "shd_test.h5").write_bytes(content)
        with pytest.raises(UserError, match=r"shd_test\.h5 cannot be read as HDF5"):
            write_spike_features(published, tmp_path / "features.h5", SpikeFeatures())

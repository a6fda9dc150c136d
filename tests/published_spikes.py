"""Files in the layout of the Spiking Heidelberg Digits, with random spikes."""

from pathlib import Path

import h5py
import numpy as np

from delaynet.data.corpus.clips import DIGIT_NAMES

DIGITS = [*DIGIT_NAMES["english"], *DIGIT_NAMES["german"]]


def write_published(
    path: Path,
    times: list[np.ndarray],
    units: list[np.ndarray],
    labels: list[int],
    speakers: list[int] | None,
    keys: list[str] | None,
) -> None:
    """Write one file in the published layout and its number types."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with h5py.File(path, "w") as file:
        for name, kind, values in (("times", np.float16, times), ("units", np.uint16, units)):
            dataset = file.create_dataset(
                f"spikes/{name}", (len(values),), dtype=h5py.vlen_dtype(kind)
            )
            for row, value in enumerate(values):
                dataset[row] = np.asarray(value, kind)
        file["labels"] = np.array(labels, np.uint16)
        if speakers is not None:
            file["extra/speaker"] = np.array(speakers, np.uint16)
        if keys is not None:
            file["extra/keys"] = np.array([key.encode() for key in keys])
        file["extra/meta_info/gender"] = np.array([b"female", b"male"])


def write_folder(
    folder: Path, keys: list[str] | None = DIGITS, classes: int = 20, clips: int = 40
) -> Path:
    """Write both files with random spikes: speakers 0 to 3 to train, 4 and 5 to test."""
    generator = np.random.default_rng(0)
    for split, speakers in (("train", (0, 1, 2, 3)), ("test", (4, 5))):
        counts = generator.integers(50, 200, clips)
        write_published(
            folder / f"shd_{split}.h5",
            [np.sort(generator.uniform(0, 1.2, count)) for count in counts],
            [generator.integers(0, 700, count) for count in counts],
            [row % classes for row in range(clips)],
            [speakers[row % len(speakers)] for row in range(clips)],
            keys,
        )
    return folder


def write_ssc(folder: Path, speakers: list[int] | None = None) -> Path:
    """Write the three files of the Spiking Speech Commands with random spikes: 35 words."""
    generator = np.random.default_rng(0)
    for split in ("train", "valid", "test"):
        counts = generator.integers(50, 200, 70)
        write_published(
            folder / f"ssc_{split}.h5",
            [np.sort(generator.uniform(0, 1.2, count)) for count in counts],
            [generator.integers(0, 700, count) for count in counts],
            [row % 35 for row in range(70)],
            speakers,
            [f"word{number}" for number in range(35)],
        )
    return folder

"""What is in a corpus folder, and everything that is wrong with it, found in one pass."""

import math
import os
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
import soundfile
from tqdm import tqdm

from delaynet.config.errors import UserError
from delaynet.data.corpus.layout import (
    DIGIT_NAMES,
    SPLITS,
    Clip,
    audio_path,
    corpus_name_and_source,
    list_path,
    parse_filename,
)
from delaynet.data.corpus.report import CheckedClip, CorpusReport, Fault
from delaynet.data.processes import in_order

# Cramer et al. 2020: clips in the two lists of the Heidelberg Digits
HEIDELBERG_CLIPS = {"train": 8156, "test": 2264}
# corpora whose words are the ten digits in two languages
DIGIT_SOURCES = ("heidelberg", "synthetic")

FRAMES_PER_BLOCK = 2**18  # a header may promise more samples than there is memory
UNKNOWN_FRAMES = 2**63 - 1  # what libsndfile says where a header does not tell
CLIPS_PER_TASK = 32


class Place(NamedTuple):
    """Where a file name stands."""

    split: str
    line: int

    def __str__(self) -> str:
        """Return the place in words."""
        return f"line {self.line} of {list_path(Path(), self.split)}"


class Sound(NamedTuple):
    """How a clip was recorded; see `CheckedClip`."""

    seconds: float
    sample_rate: int
    channels: int
    encoding: str
    peak_db: float
    level_db: float


def check_corpus(folder: Path, processes: int = 1) -> CorpusReport:
    """Read both lists and every sound file of a corpus, and collect all faults.

    Lines of a list may carry the prefix `audio/`; a byte order mark, Windows line ends and blank
    lines are passed over, and so are hidden files in `audio/`. Every file that has a fault is left
    out of the clips, one in both lists too. The report does not depend on the number of processes.

    Raises:
        UserError: there is nothing to report on: the folder, `audio/` or a list is missing, or a
            list is empty or not text; or `corpus.json` is damaged.
    """
    if not folder.is_dir():
        raise UserError(f"There is no corpus folder {folder}: make the corpus or correct its path.")
    places = _read_lists(folder)
    present = _files_in(folder / "audio")
    name, source = corpus_name_and_source(folder)
    clips, faults = _parsed(places)
    faults += _faults_of_lists(places, clips, present, source)
    heard = _listen_to_all(folder, [clip for clip in clips if clip.filename in present], processes)
    faults += [sound for sound in heard.values() if isinstance(sound, Fault)]
    faulty = {fault.filename for fault in faults}
    good = tuple(
        CheckedClip(clip, places[clip.filename][0].split, *sound)
        for clip, sound in heard.items()
        if isinstance(sound, Sound) and clip.filename not in faulty
    )
    notes = [*_notes_on_counts(places, source), *_notes_on_sound(good)]
    return CorpusReport(name, source, good, tuple(sorted(faults)), tuple(notes))


def read_list(path: Path) -> list[tuple[int, str]]:
    """Return the names that stand in a list, each with the number of its line.

    Raises:
        UserError: the list is missing, empty or not text.
    """
    advice = "write one clip's file name a line into it."
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise UserError(f"The list {path} is missing: {advice}") from None
    except OSError as error:
        raise UserError(f"The list {path} cannot be read ({error.strerror}).") from None
    except UnicodeDecodeError:
        raise UserError(f"The list {path} is not text in UTF-8: save it as that.") from None
    if not text.strip():
        raise UserError(f"The list {path} is empty: {advice}")
    names = (line.strip().removeprefix("audio/") for line in text.split("\n"))
    return [(number, name) for number, name in enumerate(names, start=1) if name]


def _read_lists(folder: Path) -> dict[str, list[Place]]:
    """Return the names in both lists, sorted, each with the places where it stands."""
    places = defaultdict(list)
    for split in SPLITS:
        for number, name in read_list(list_path(folder, split)):
            places[name].append(Place(split, number))
    return dict(sorted(places.items()))


def _files_in(folder: Path) -> set[str]:
    """Return the names of everything in `audio/` that is not hidden."""
    try:
        return {name for name in os.listdir(folder) if not name.startswith(".")}
    except OSError as error:
        raise UserError(
            f"{folder} cannot be read ({error.strerror}): the sound files belong there."
        ) from None


def _parsed(places: dict[str, list[Place]]) -> tuple[list[Clip], list[Fault]]:
    """Return the listed clips, sorted by file name, and the lines that name no clip."""
    clips, faults = [], []
    for name, where in places.items():
        try:
            clips.append(parse_filename(name))
        except UserError:
            faults.append(Fault(name, "name", f"{_joined(where)}: not the name of a clip"))
    return clips, faults


def _faults_of_lists(
    places: dict[str, list[Place]], clips: list[Clip], present: set[str], source: str
) -> list[Fault]:
    """Return what the names alone tell, of the lists and of the folder."""
    faults = []
    recordings = defaultdict(list)
    for clip in clips:
        name, where = clip.filename, places[clip.filename]
        recordings[clip.label, clip.speaker, clip.trial].append(name)
        if len({place.split for place in where}) > 1:
            faults.append(Fault(name, "both lists", _joined(where)))
        elif len(where) > 1:
            faults.append(Fault(name, "listed twice", _joined(where)))
        if name not in present:
            faults.append(Fault(name, "missing", f"{_joined(where)}; not in audio/"))
        if source in DIGIT_SOURCES and not _is_digit(clip):
            faults.append(Fault(name, "unknown label", f"no {clip.language} digit '{clip.word}'"))
    for names in recordings.values():
        if len(names) > 1:
            faults += [
                Fault(name, "same recording", f"as {', '.join(n for n in names if n != name)}")
                for name in names
            ]
    for name in present - set(places):
        try:
            parse_filename(name)
            faults.append(Fault(name, "extra", "in audio/, and in no list"))
        except UserError:
            faults.append(Fault(name, "name", "in audio/: not the name of a clip"))
    return faults


def _is_digit(clip: Clip) -> bool:
    return clip.word in map(str, range(len(DIGIT_NAMES.get(clip.language, ()))))


def _joined(places: Iterable[Place]) -> str:
    return ", ".join(map(str, places))


def _listen_to_all(folder: Path, clips: list[Clip], processes: int) -> dict[Clip, Sound | Fault]:
    """Decode every clip whole; in the order of the clips, whatever the number of processes."""
    work = partial(_listen, folder)
    progress = partial(tqdm, desc="checking clips", total=len(clips), unit="clip", mininterval=1)
    heard = in_order(work, clips, processes, CLIPS_PER_TASK)
    return dict(zip(clips, progress(heard), strict=True))


def _listen(folder: Path, clip: Clip) -> Sound | Fault:
    """Decode one clip whole, and say how it was recorded or what is wrong with it."""
    path, name = audio_path(folder, clip), clip.filename
    try:
        if not path.is_file():
            return Fault(name, "unreadable", "not a regular file")
        if path.stat().st_size == 0:
            return Fault(name, "empty", "no bytes")
        if lacking := _bytes_that_a_wav_lacks(path):
            return Fault(name, "unreadable", f"the last {lacking:,} bytes are missing")
        with soundfile.SoundFile(path) as file:
            return _measured(name, file)
    except (OSError, soundfile.SoundFileError) as error:
        return Fault(name, "unreadable", _reason(error))


def _bytes_that_a_wav_lacks(path: Path) -> int:
    """Return how much shorter a WAV file is than its header says; libsndfile would not tell."""
    with path.open("rb") as file:
        head = file.read(8)
    promised = 8 + int.from_bytes(head[4:], "little")
    # who writes to a pipe does not know the size, and promises 2 GiB or more
    is_known = head[:4] == b"RIFF" and promised < 2**31 - 2**20
    return max(0, promised - path.stat().st_size) if is_known else 0


def _reason(error: Exception) -> str:
    """Return what the system or libsndfile says, without the path."""
    words = getattr(error, "strerror", None) or getattr(error, "error_string", None) or str(error)
    return str(words).removeprefix("Error : ").rstrip(".")


def _measured(name: str, file: soundfile.SoundFile) -> Sound | Fault:
    """Read an open sound file to its end."""
    if file.frames == UNKNOWN_FRAMES:
        return Fault(name, "unreadable", "its header does not say how many samples it has")
    peak = power = 0.0
    frames, lowest, highest = 0, math.inf, -math.inf
    for block in _blocks(file):
        if not np.isfinite(block).all():
            return Fault(name, "not a number", "samples that are infinite or not a number")
        mono = block.mean(axis=1)  # [samples]
        lowest, highest = min(lowest, mono.min()), max(highest, mono.max())
        peak = max(peak, float(np.abs(block).max()))
        power += float(np.square(block, dtype=np.float64).sum())
        frames += len(block)
    if frames != file.frames:
        return Fault(name, "unreadable", f"{frames:,} of {file.frames:,} samples can be decoded")
    if frames == 0:
        return Fault(name, "empty", "no samples")
    if lowest == highest:
        what = f"all {frames:,} samples" if file.channels == 1 else "the mean of the channels"
        return Fault(name, "silent", f"{what} {'are' if file.channels == 1 else 'is'} {lowest:g}")
    return Sound(
        round(frames / file.samplerate, 6),
        file.samplerate,
        file.channels,
        f"{file.format} {file.subtype}",
        _decibels(peak),
        _decibels(math.sqrt(power / (frames * file.channels))),
    )


def _blocks(file: soundfile.SoundFile) -> Iterator[np.ndarray]:
    """Yield the samples, float32 [samples, channels], as long as there are any."""
    while len(block := file.read(FRAMES_PER_BLOCK, dtype="float32", always_2d=True)):
        yield block


def _decibels(amplitude: float) -> float:
    return round(20 * math.log10(amplitude), 2)


def _notes_on_counts(places: dict[str, list[Place]], source: str) -> list[str]:
    """Return what the lists of the Heidelberg Digits hold, if not what was published."""
    counts = {
        split: sum(place.split == split for where in places.values() for place in where)
        for split in SPLITS
    }
    if source != "heidelberg" or counts == HEIDELBERG_CLIPS:
        return []
    published, listed = (
        f"{sum(numbers.values()):,} clips ({numbers['train']:,} to train, {numbers['test']:,} to "
        "test)"
        for numbers in (HEIDELBERG_CLIPS, counts)
    )
    return [f"The Heidelberg Digits have {published}; these lists have {listed} and are followed."]


def _notes_on_sound(clips: Sequence[CheckedClip]) -> list[str]:
    """Return how clips differ in what they should have in common."""
    rates = Counter(clip.sample_rate for clip in clips)
    channels = Counter(clip.channels for clip in clips)
    return [
        f"The {what} of the clips differ: "
        + ", ".join(f"{value:,}{unit} ({count:,})" for value, count in sorted(counts.items()))
        + "."
        for what, unit, counts in (
            ("sampling rates", " Hz", rates),
            ("numbers of channels", "", channels),
        )
        if len(counts) > 1
    ]

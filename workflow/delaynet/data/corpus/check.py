"""Check a corpus: read every clip, and collect all faults in one pass."""

import math
import os
from collections import Counter, defaultdict
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import numpy as np
import soundfile
from tqdm import tqdm

from delaynet.config.errors import UserError
from delaynet.config.settings import CorpusSettings
from delaynet.data.corpus.clips import Clip, Fault
from delaynet.data.corpus.report import CheckedClip, CorpusReport
from delaynet.data.features.wav import data_chunk, readable_sound
from delaynet.data.processes import in_order
from delaynet.data.sources import load_source

FRAMES_PER_BLOCK = 2**18  # a header may announce more samples than fit into memory
UNKNOWN_FRAMES = 2**63 - 1  # libsndfile's value where a header gives none
CLIPS_PER_TASK = 32


def check_corpus(folder: Path, corpus: CorpusSettings, processes: int = 1) -> CorpusReport:
    """Read the table of clips and every sound file of a corpus, and collect all faults.

    Files with a fault are left out of the clips. The number of processes changes nothing.

    Raises:
        UserError: the folder or the table is missing.
    """
    if not folder.is_dir():
        raise UserError(f"There is no corpus folder {folder}: make the corpus or correct its path.")
    table = load_source(corpus.source).table(folder, corpus)
    clips = sorted(table.clips, key=lambda clip: clip.filename)
    results = in_order(partial(_decode, folder, table.audio), clips, processes, CLIPS_PER_TASK)
    decoded = list(tqdm(results, "checking clips", len(clips), unit="clip", mininterval=1))
    faults = [*table.faults, *_same_recordings(clips)]
    faults += [result for result in decoded if isinstance(result, Fault)]
    faulty = {fault.filename for fault in faults}
    good = tuple(
        result
        for result in decoded
        if isinstance(result, CheckedClip) and result.filename not in faulty
    )
    notes = (*table.notes, *_notes_on_sound(good))
    return CorpusReport(table.name, corpus.source, table.audio, good, tuple(sorted(faults)), notes)


def _same_recordings(clips: Sequence[Clip]) -> list[Fault]:
    """Return a fault for each of several files with one language, speaker, trial and word."""
    recordings = defaultdict(list)
    for clip in clips:
        recordings[clip.label, clip.speaker, clip.trial].append(clip.filename)
    return [
        Fault(name, "same recording", f"as {', '.join(n for n in names if n != name)}")
        for names in recordings.values()
        if len(names) > 1
        for name in names
    ]


def _decode(folder: Path, audio: str, clip: Clip) -> CheckedClip | Fault:
    """Decode one whole clip; return how it was recorded, or its fault."""
    path, name = folder / audio / clip.filename, clip.filename
    try:
        if not os.path.lexists(path):
            return Fault(name, "missing", f"in the {clip.split} list; not in {audio}/")
        if not path.is_file():
            return Fault(name, "unreadable", "not a regular file")
        if path.stat().st_size == 0:
            return Fault(name, "empty", "no bytes")
        if (chunk := data_chunk(path)) and chunk.lacking:
            promise = f"the size of its chunk `data` is {chunk.promised:,} bytes"
            lack = f"the last {chunk.lacking:,} bytes are missing"
            return Fault(name, "unreadable", f"{promise}; {lack}")
        with soundfile.SoundFile(readable_sound(path)) as file:
            return _measured(clip, file)
    except (OSError, soundfile.SoundFileError) as error:
        return Fault(name, "unreadable", _reason(error))


def _reason(error: Exception) -> str:
    """Return the message of the system or of libsndfile, without the path."""
    words = getattr(error, "strerror", None) or getattr(error, "error_string", None) or str(error)
    return str(words).removeprefix("Error : ").rstrip(".")


def _measured(clip: Clip, file: soundfile.SoundFile) -> CheckedClip | Fault:
    """Read an open sound file to its end, and measure it."""
    name = clip.filename
    if file.frames == UNKNOWN_FRAMES:
        return Fault(name, "unreadable", "its header does not say how many samples it has")
    peak = power = 0.0
    frames, lowest, highest = 0, math.inf, -math.inf
    # not `file.blocks`, which trusts the header's number of samples
    while len(block := file.read(FRAMES_PER_BLOCK, dtype="float32", always_2d=True)):
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
    return CheckedClip(
        **vars(clip),
        seconds=round(frames / file.samplerate, 6),
        sample_rate=file.samplerate,
        channels=file.channels,
        encoding=f"{file.format} {file.subtype}",
        peak_db=_decibels(peak),
        level_db=_decibels(math.sqrt(power / (frames * file.channels))),
    )


def _decibels(amplitude: float) -> float:
    return round(20 * math.log10(amplitude), 2)


def _notes_on_sound(clips: Sequence[CheckedClip]) -> list[str]:
    """Return a note each where sampling rates or numbers of channels differ."""
    notes = []
    for what, unit, counts in (
        ("sampling rates", " Hz", Counter(clip.sample_rate for clip in clips)),
        ("numbers of channels", "", Counter(clip.channels for clip in clips)),
    ):
        if len(counts) > 1:
            each = [f"{value:,}{unit} ({count:,})" for value, count in sorted(counts.items())]
            notes.append(f"The {what} of the clips differ: {', '.join(each)}.")
    return notes

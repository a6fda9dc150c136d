"""The corpus report: every clip without a fault, how it was recorded, and every fault.

The JSON file holds `name`, `source`, `audio`, `notes`, `faults`, a `summary` to read, and `clips`
as columns of equal length, one row per clip, in the order of the file names.
"""

import json
import statistics
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path, PurePosixPath
from typing import Any, Literal

from delaynet.config.errors import UserError
from delaynet.config.files import readable, replacing, require
from delaynet.data.corpus.clips import Clip, Fault


@dataclass(frozen=True)
class CheckedClip(Clip):
    """A clip without a fault, and how it was recorded.

    Attributes:
        seconds: duration.
        sample_rate: in Hz.
        channels: of the file.
        encoding: format and subtype in libsndfile's words, such as "FLAC PCM_16".
        peak_db: greatest magnitude of a sample of any channel, in dB re full scale.
        level_db: root mean square of the samples of all channels, in dB re full scale.
    """

    seconds: float
    sample_rate: int
    channels: int
    encoding: str
    peak_db: float
    level_db: float


COLUMNS = tuple(field.name for field in fields(CheckedClip))


@dataclass(frozen=True)
class CorpusReport:
    """The content of a corpus; name, audio and notes are those of its table of clips.

    Attributes:
        source: as `corpus.source` in the configuration.
        clips: those without faults, sorted by file name.
        faults: sorted by file name; a file may have several.
    """

    name: str
    source: str
    audio: str
    clips: tuple[CheckedClip, ...]
    faults: tuple[Fault, ...]
    notes: tuple[str, ...]


def usable_clips(report: CorpusReport, faults: Literal["stop", "leave_out"]) -> list[CheckedClip]:
    """Return the clips to work with, sorted by file name.

    Raises:
        UserError: there are faults and `faults` is `stop` (all are listed, one per line), or a list
            has no clip left.
    """
    if report.faults and faults == "stop":
        raise UserError(
            f"the corpus '{report.name}' has {counted(len(report.faults), 'fault')}: mend them, "
            "or set `corpus.faults: leave_out` in the configuration to go on without these files:\n"
            + "\n".join(map(sentence, report.faults))
        )
    for split in ("train", "test"):
        if not any(clip.split == split for clip in report.clips):
            raise UserError(
                f"the corpus '{report.name}' has no clip without a fault in its {split} list "
                f"({counted(len(report.faults), 'fault')} in all): mend what the report lists."
            )
    return list(report.clips)


def places(folder: Path, report: CorpusReport) -> list[Path]:
    """Return the files and folders that hold the recordings of a corpus: usually its folder.

    The folder of a table may hold much else: then it is what holds the listed recordings there.
    """
    if report.audio != ".":
        return [folder]
    names = {PurePosixPath(clip.filename).parts[0] for clip in report.clips}
    return [folder / name for name in sorted(names)]


def sentence(fault: Fault) -> str:
    """Return a fault as one line: file, kind and detail."""
    return f"'{fault.filename}': {fault.fault} ({fault.detail})"


def counted(count: int, noun: str) -> str:
    """Return a number with its noun, such as `2 clips`."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def write_report(report: CorpusReport, path: Path) -> None:
    """Write the report as JSON; the same report gives the same bytes."""
    content = {
        "name": report.name,
        "source": report.source,
        "audio": report.audio,
        "notes": list(report.notes),
        "faults": [fault._asdict() for fault in report.faults],
        "summary": _summary(report),
        "clips": {name: [getattr(clip, name) for clip in report.clips] for name in COLUMNS},
    }
    with replacing(path) as temporary:
        temporary.write_text(_json(content), encoding="utf-8")


def _json(content: dict[str, Any]) -> str:
    """Return JSON that is easy to compare: keys sorted, a line for each key, column and fault."""
    lines = []
    for key, value in sorted(content.items()):
        if isinstance(value, dict):
            parts = [f"{json.dumps(k)}: {json.dumps(v, sort_keys=True)}" for k, v in value.items()]
            text = "{\n  " + ",\n  ".join(sorted(parts)) + "\n }"
        elif isinstance(value, list) and value:
            parts = [json.dumps(part, sort_keys=True) for part in value]
            text = "[\n  " + ",\n  ".join(parts) + "\n ]"
        else:
            text = json.dumps(value)
        lines.append(f" {json.dumps(key)}: {text}")
    return "{\n" + ",\n".join(lines) + "\n}\n"


def read_report(path: Path) -> CorpusReport:
    """Read a report, or raise a UserError if it cannot be read."""
    with readable(require(path), "a corpus report"):
        content = json.loads(path.read_text(encoding="utf-8"))
        rows = zip(*(content["clips"][name] for name in COLUMNS), strict=True)
        return CorpusReport(
            str(content["name"]),
            str(content["source"]),
            str(content["audio"]),
            tuple(CheckedClip(*row) for row in rows),
            tuple(Fault(**fault) for fault in content["faults"]),
            tuple(map(str, content["notes"])),
        )


def _summary(report: CorpusReport) -> dict[str, Any]:
    """Return counts of clips by property, and ranges of the measured quantities."""
    clips = report.clips
    return {
        "clips": len(clips),
        "clips_by_split": Counter(clip.split for clip in clips),
        "clips_by_language": Counter(clip.language for clip in clips),
        "clips_by_speaker": Counter(clip.speaker for clip in clips),
        "clips_by_word": Counter(f"{clip.language} {clip.word}".strip() for clip in clips),
        "clips_by_sample_rate": Counter(str(clip.sample_rate) for clip in clips),
        "clips_by_channels": Counter(str(clip.channels) for clip in clips),
        "clips_by_encoding": Counter(clip.encoding for clip in clips),
        "seconds": _span([clip.seconds for clip in clips]),
        "total_seconds": round(sum(clip.seconds for clip in clips), 3),
        "peak_db": _span([clip.peak_db for clip in clips]),
        "level_db": _span([clip.level_db for clip in clips]),
        "faults_by_kind": Counter(fault.fault for fault in report.faults),
    }


def _span(values: Sequence[float]) -> dict[str, float] | None:
    if not values:
        return None
    return {
        "minimum": min(values),
        "median": round(statistics.median(values), 6),
        "maximum": max(values),
    }

"""A few recordings in the layout of the Free Spoken Digit Dataset."""

import hashlib
import io
import json
import tarfile
from pathlib import Path

import soundfile

from delaynet.data.corpus.espeak import SAMPLE_RATE, speak

SPEAKERS = {"ada": "f1", "bo": "m1", "cy": "m3"}
TAKES = (0, 4, 5, 6)  # the first two are for the test


def recordings() -> dict[str, bytes]:
    """Three speakers say two digits four times."""
    return {
        f"{digit}_{speaker}_{take}.wav": _spoken(word, voice, take)
        for digit, word in enumerate(("zero", "one"))
        for speaker, voice in SPEAKERS.items()
        for take in TAKES
    }


def _spoken(word: str, voice: str, take: int) -> bytes:
    content = io.BytesIO()
    sound = speak(word, f"en+{voice}", 130 + 5 * take, 40 + take, 50)
    soundfile.write(content, sound, SAMPLE_RATE, format="WAV")
    return content.getvalue()


def archive_of(files: dict[str, bytes], top: str = "fsdd-1", time: int = 0) -> bytes:
    """Pack recordings with a file that is none, below one folder."""
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w:gz") as tar:
        for name, data in {"README.md": b"words", **files}.items():
            info = tarfile.TarInfo(f"{top}/{'recordings/' * name.endswith('.wav')}{name}")
            info.size, info.mtime = len(data), time
            tar.addfile(info, io.BytesIO(data))
    return content.getvalue()


def write_recordings(folder: Path, files: dict[str, bytes]) -> None:
    (folder / "recordings").mkdir(parents=True)
    for name, data in files.items():
        (folder / "recordings" / name).write_bytes(data)


def write_addresses(path: Path, files: dict[str, bytes], *mirrors: str, archive: str) -> Path:
    """Write a file of addresses for these recordings; return its path."""
    lines = [f"{hashlib.sha256(files[name]).hexdigest()}  {name}\n" for name in sorted(files)]
    digest = hashlib.sha256("".join(lines).encode()).hexdigest()
    entry = {"file": archive, "mirrors": mirrors or ["https://a/"], "recordings": digest}
    path.write_text(json.dumps({"fsdd": entry}), encoding="utf-8")
    return path

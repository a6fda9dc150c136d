"""The header of a WAV file: where the samples are, and how many.

libsndfile trusts the header: it reads nothing if the recorder was stopped before it wrote the
sizes, and does not notice that a file is cut off.
"""

import io
import struct
from pathlib import Path
from typing import NamedTuple

# a program that writes to a pipe does not know the size, and announces 2 GiB or more
UNKNOWN = 2**31 - 2**20


class DataChunk(NamedTuple):
    """The chunk of a WAV file that holds the samples; all in bytes.

    Attributes:
        start: of the samples.
        promised: their size in the header.
        present: their size in the file.
        riff: size of the whole file in the header, minus 8.
    """

    start: int
    promised: int
    present: int
    riff: int

    @property
    def lacking(self) -> int:
        """How many bytes are missing at the end."""
        return max(0, self.promised - self.present) if self.promised < UNKNOWN else 0

    @property
    def is_unfinished(self) -> bool:
        """Whether the recorder never wrote the sizes."""
        return self.promised == 0 == self.riff and self.present > 0


def data_chunk(path: Path) -> DataChunk | None:
    """Return the chunk of samples, or None if the file is no WAV file or has none."""
    size = path.stat().st_size
    with path.open("rb") as file:
        name, riff, kind = struct.unpack("<4sI4s", file.read(12).ljust(12, b"\0"))
        if (name, kind) != (b"RIFF", b"WAVE"):
            return None
        while len(head := file.read(8)) == 8:
            name, promised = struct.unpack("<4sI", head)
            if name == b"data":
                return DataChunk(file.tell(), promised, size - file.tell(), riff)
            file.seek(promised + promised % 2, io.SEEK_CUR)
    return None


def readable_sound(path: Path) -> Path | io.BytesIO:
    """Return a sound file, or its bytes with the sizes that its recorder never wrote."""
    chunk = data_chunk(path)
    if chunk is None or not chunk.is_unfinished:
        return path
    content = bytearray(path.read_bytes())
    struct.pack_into("<I", content, 4, len(content) - 8)
    struct.pack_into("<I", content, chunk.start - 4, chunk.present)
    return io.BytesIO(content)

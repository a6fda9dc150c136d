"""The seal: a record of records, so that records cannot be forged one by one.

`results/seal.json` holds the SHA-256 of every record, and as `digest` the SHA-256 of the sorted
lines `<sha256>  <file below results/records>`. The manuscript prints that digest on its last page
and carries it in the PDF: whoever changes a record after it was sealed must change the seal, and
whoever changes the seal has a manuscript that says so.
"""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from delaynet.errors import UserError
from delaynet.files import replacing
from delaynet.provenance.record import RECORDS, SEAL, file_digest

# made after the seal, of which two carry it
NOT_SEALED = (f"{SEAL}.json", "paper.pdf.json", "paper.html.json")


def record_files(results: Path) -> dict[str, Path]:
    """Return the files of records, by their paths below `results/records`, sorted."""
    folder = results / RECORDS
    files = sorted(path for path in folder.rglob("[!.]*.json") if path.is_file())
    return {path.relative_to(folder).as_posix(): path for path in files}


def digest_of(records: Mapping[str, str]) -> str:
    """Return the digest over records: of the sorted lines `<sha256>  <file>`.

    Args:
        records: SHA-256 by file.
    """
    lines = sorted(f"{sha256}  {file}\n" for file, sha256 in records.items())
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def write_seal(results: Path, output: Path) -> str:
    """Seal the records as they are, and return the digest over them.

    Raises:
        UserError: there are no records.
    """
    files = record_files(results)
    records = {name: file_digest(path) for name, path in files.items() if name not in NOT_SEALED}
    if not records:
        raise UserError(f"{results / RECORDS}: holds no records; run the workflow first.")
    digest = digest_of(records)
    with replacing(output) as temporary:
        temporary.write_text(json.dumps({"digest": digest, "records": records}, indent=1) + "\n")
    return digest


class Seal(NamedTuple):
    """A seal as it stands: `digest`, and the SHA-256 of every record by its file."""

    digest: str
    records: Mapping[str, str]


def read_seal(results: Path) -> Seal | None:
    """Return the seal of results, or None where there is none.

    Raises:
        UserError: it is not a seal.
    """
    path = results / SEAL
    if not path.exists():
        return None
    try:
        content = json.loads(path.read_text())
        return Seal(str(content["digest"]), dict(content["records"]))
    except (ValueError, KeyError, TypeError):
        raise UserError(
            f"{path}: is not a seal; it was altered, or cut short. Make it again with "
            f"`snakemake --forcerun seal -- {path}`."
        ) from None

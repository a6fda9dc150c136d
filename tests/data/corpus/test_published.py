"""The file of addresses, its pins, and archives that are compared with them."""

import hashlib
import json
from pathlib import Path

import pytest

from delaynet.config.errors import UserError
from delaynet.data.corpus.published import Pin, Published, check, load_published, pin

CLONE = Path(__file__).parents[3]
CONTENT, OTHER = 300_000 * b"a", 300_000 * b"b"


def pinned(content: bytes) -> Pin:
    return Pin(
        bytes=len(content),
        md5=hashlib.md5(content).hexdigest(),
        sha256=hashlib.sha256(content).hexdigest(),
    )


def published(pin: Pin | None = None) -> Published:
    entry = {"file": "a.tar.gz", "mirrors": ("http://127.0.0.1:9/",), "checksums": "md5sums.txt"}
    return Published(**entry, pinned=pin, path=Path("downloads.json"), corpus="heidelberg")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (CONTENT[:-1], "has 299999 bytes, .*, where .* pins 300000 bytes, .*; remove the file"),
        (
            OTHER,
            f"SHA-256 {pinned(OTHER).sha256}, where .* pins .* SHA-256 {pinned(CONTENT).sha256}",
        ),
        (b"", "is empty"),
    ],
)
def test_an_archive_other_than_the_pinned_one_stays_and_is_refused(
    content: bytes, said: str, tmp_path: Path
) -> None:
    archive = tmp_path / "a.tar.gz"
    archive.write_bytes(content)
    with pytest.raises(UserError, match=said):
        check(published(pinned(CONTENT)), archive)
    assert archive.read_bytes() == content


def test_an_archive_that_is_not_there_is_reported(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="is not a file; name an archive that is there"):
        check(published(), tmp_path / "a.tar.gz")


def test_the_projects_own_addresses_are_well_formed() -> None:
    path = CLONE / "config" / "downloads.json"
    published = load_published(path, "heidelberg")
    assert published.file == "hd_audio.tar.gz"
    assert published.mirrors == (
        "https://zenkelab.org/datasets/",
        "https://compneuro.net/datasets/",
    )


def test_a_pin_changes_nothing_else_in_the_file(tmp_path: Path) -> None:
    path = tmp_path / "downloads.json"
    text = (CLONE / "config" / "downloads.json").read_text()
    content = json.loads(text)
    content["heidelberg"]["pinned"] = None
    content["another"] = {"unknown": "é"}
    before = json.dumps(content, indent=2, ensure_ascii=False) + "\n"
    path.write_text(before)
    archive = tmp_path / "a.tar.gz"
    archive.write_bytes(CONTENT)
    pin(path, "heidelberg", archive)
    written = json.dumps(pinned(CONTENT).model_dump(), indent=2).replace("\n", "\n    ")
    assert path.read_text() == before.replace("null", written)


ENTRY = '{"heidelberg": {"file": "a", "mirrors": ["https://b/"], "checksums": "c"%s}}'
BROKEN = {
    "not JSON": ("{", "is not JSON: expecting property name"),
    "not text": (b"\xff\xfe", "is not JSON: 'utf-8' codec"),
    "a list": ("[]", "is not an object of corpora"),
    "no such corpus": ('{"shd": {}}', "has no corpus 'heidelberg'; it has: shd"),
    "a missing key": ('{"heidelberg": {"file": "a"}}', "`heidelberg.mirrors`: field required"),
    "an unknown key": (ENTRY % ', "md5": "d"', "`heidelberg.md5`: extra inputs are not permitted"),
    "no mirrors": (ENTRY.replace('"https://b/"', "") % "", "`heidelberg.mirrors`: tuple should"),
    "no web address": (ENTRY.replace("https", "file") % "", "`heidelberg.mirrors.0`: string"),
    "a path for a name": (ENTRY.replace('"a"', '"../a"') % "", "`heidelberg.file`: string should"),
    "a wrong pin": (
        ENTRY % ', "pinned": {"bytes": 0, "md5": "", "sha256": ""}',
        "`heidelberg.pinned.bytes`: input should be greater than or equal to 1",
    ),
}


@pytest.mark.parametrize("kind", BROKEN)
def test_a_broken_file_of_addresses_is_one_sentence(kind: str, tmp_path: Path) -> None:
    content, said = BROKEN[kind]
    path = tmp_path / "downloads.json"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(UserError) as error:
        load_published(path, "heidelberg")
    assert str(error.value).startswith(f"{path}: {said}")
    assert "\n" not in str(error.value)


def test_a_missing_file_of_addresses_is_reported(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"none.json: cannot be read \(No such file"):
        load_published(tmp_path / "none.json", "heidelberg")


def test_a_project_without_a_list_of_downloads_has_that_of_the_clone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    published = load_published(Path("config/downloads.json"), "heidelberg")
    assert published.path == CLONE / "config" / "downloads.json"

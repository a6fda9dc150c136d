"""An archive is fetched whatever servers and networks do, and nothing unverified is taken."""

import errno
import fcntl
import gzip
import hashlib
import json
import os
import random
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from multiprocessing import get_context
from pathlib import Path

import pytest
from click.testing import CliRunner
from local_mirror import (
    LIST,
    NAME,
    Answer,
    Mirror,
    md5_line,
    no_reply,
    running,
    serve,
    serve_part,
    status,
)

from delaynet.cli.corpus_fetch import command
from delaynet.cli.corpus_pin import command as pin_command
from delaynet.config.errors import UserError
from delaynet.data.corpus.download import Patience, fetch, parse_checksums
from delaynet.data.corpus.published import Pin, Published, load_published

CONTENT = random.Random(0).randbytes(300_000)
OTHER = random.Random(1).randbytes(300_000)
PATIENCE = Patience(
    rounds=2,
    attempts=3,
    progress=1000,
    back_off=0.001,
    longest_back_off=0.01,
    connect=2,
    silence=0.3,
)
FETCHING = [sys.executable, "-c", "from delaynet.cli.corpus_fetch import command; command()"]


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "*")


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "resources" / NAME


def part_of(target: Path) -> Path:
    return target.with_name(f"{NAME}.part")


def pinned(content: bytes) -> Pin:
    return Pin(
        bytes=len(content),
        md5=hashlib.md5(content).hexdigest(),
        sha256=hashlib.sha256(content).hexdigest(),
    )


def published_by(*mirrors: Mirror | str, target: Path, pin: Pin | None = None) -> Published:
    """Write the file of addresses beside the target's folder, and read it."""
    urls = [mirror if isinstance(mirror, str) else mirror.url for mirror in mirrors]
    entry = {
        "file": NAME,
        "mirrors": urls,
        "checksums": LIST,
        "pinned": pin.model_dump() if pin else None,
    }
    path = target.parent.parent / "downloads.json"
    path.write_text(json.dumps({"heidelberg": entry}, indent=2) + "\n")
    return load_published(path, "heidelberg")


def fetched(*mirrors: Mirror, target: Path, pin: Pin | None = None) -> bytes:
    """Fetch; return what is there then, once it is sure that nothing else is."""
    with running(*mirrors):
        fetch(published_by(*mirrors, target=target, pin=pin), target, PATIENCE)
    assert os.listdir(target.parent) == [NAME]
    return target.read_bytes()


def refusal(*mirrors: Mirror, target: Path, pin: Pin | None = None) -> str:
    """Return the sentence with which a fetch is refused."""
    with running(*mirrors), pytest.raises(UserError) as error:
        fetch(published_by(*mirrors, target=target, pin=pin), target, PATIENCE)
    assert not target.exists()
    assert "\n" not in str(error.value)
    return str(error.value)


def nothing_listens() -> str:
    mirror = Mirror(CONTENT)
    mirror.server_close()
    return mirror.url


# servers that work


def test_an_archive_is_fetched_and_verified_and_the_file_of_addresses_stays(
    target: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    mirror = Mirror(CONTENT)
    assert fetched(mirror, target=target) == CONTENT
    assert f"{target}: fetched from {mirror.url}{NAME}; 300000 bytes" in caplog.text
    path = target.parent.parent / "downloads.json"
    assert f"{path} does not pin it; `delaynet corpus pin --corpus heidelberg` does" in caplog.text
    assert load_published(path, "heidelberg").pinned is None


def test_an_archive_that_is_there_costs_no_request(
    target: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    target.parent.mkdir()
    target.write_bytes(CONTENT)
    mirror = Mirror(CONTENT)
    with running(mirror):
        fetch(published_by(mirror, target=target, pin=pinned(CONTENT)), target, PATIENCE)
    assert mirror.requests == []
    assert f"{target}: is the archive that" in caplog.text


def test_an_archive_that_is_there_before_any_pin_is_taken_as_it_is_and_that_is_reported(
    target: Path, caplog: pytest.LogCaptureFixture
) -> None:
    target.parent.mkdir()
    target.write_bytes(CONTENT)
    mirror = Mirror(CONTENT)
    with running(mirror):
        published = published_by(mirror, target=target)
        fetch(published, target, PATIENCE)
    assert mirror.requests == []
    assert load_published(published.path, "heidelberg").pinned is None
    assert "is used unverified (300000 bytes, MD5 " in caplog.text
    assert "does not pin it" in caplog.text


def test_a_pinned_archive_needs_no_list_of_checksums(target: Path) -> None:
    mirror = Mirror(CONTENT)
    assert fetched(mirror, target=target, pin=pinned(CONTENT)) == CONTENT
    assert [request.path for request in mirror.requests] == [f"/datasets/{NAME}"]


def test_servers_are_asked_not_to_encode_the_archive(target: Path) -> None:
    mirror = Mirror(CONTENT)
    fetched(mirror, target=target)
    assert {request.accept_encoding for request in mirror.requests} == {"identity"}


def test_an_archive_that_is_said_to_be_encoded_with_gzip_is_not_unpacked(target: Path) -> None:
    archive = gzip.compress(CONTENT)
    mirror = Mirror(archive, serve(archive, encoding="gzip", cut_after=200_000))
    assert fetched(mirror, target=target) == archive


def test_a_length_may_be_left_out(target: Path) -> None:
    mirror = Mirror(CONTENT, serve(CONTENT, chunked=True))
    assert fetched(mirror, target=target) == CONTENT


# broken transfers


def test_a_connection_that_is_cut_again_and_again_is_resumed(target: Path) -> None:
    mirror = Mirror(CONTENT, serve(CONTENT, cut_after=40_000))
    assert fetched(mirror, target=target) == CONTENT
    ranges = [request.range for request in mirror.archive_requests()]
    assert ranges == [None, *(f"bytes={40_000 * n}-" for n in range(1, 8))]
    assert mirror.sent < 1.01 * len(CONTENT)


def test_a_connection_that_is_reset_is_resumed(target: Path) -> None:
    mirror = Mirror(CONTENT, serve(CONTENT, cut_after=150_000, reset=True), serve(CONTENT))
    assert fetched(mirror, target=target) == CONTENT
    assert mirror.archive_requests()[1].range is not None


def test_a_transfer_in_chunks_that_is_cut_is_resumed(target: Path) -> None:
    mirror = Mirror(CONTENT, serve(CONTENT, chunked=True, cut_after=100_000))
    assert fetched(mirror, target=target) == CONTENT
    assert mirror.sent < 1.01 * len(CONTENT)


def test_a_server_that_knows_no_parts_is_asked_for_the_whole(target: Path) -> None:
    mirror = Mirror(CONTENT, serve(CONTENT, cut_after=200_000), serve(CONTENT, ranges=False))
    assert fetched(mirror, target=target) == CONTENT
    assert len(mirror.archive_requests()) == 2


def test_a_server_that_always_stops_halfway_and_knows_no_parts_is_given_up(target: Path) -> None:
    mirror = Mirror(CONTENT, serve(CONTENT, ranges=False, cut_after=200_000))
    assert "the 200kB that came are kept" in refusal(mirror, target=target)
    # one request brought something new; rounds and attempts bound those that did not
    assert len(mirror.archive_requests()) == 1 + PATIENCE.rounds * PATIENCE.attempts
    assert part_of(target).read_bytes() == CONTENT[:200_000]


def test_a_server_that_brings_a_few_bytes_a_request_is_given_up(target: Path) -> None:
    mirror = Mirror(CONTENT, serve(CONTENT, cut_after=PATIENCE.progress - 1))
    refusal(mirror, target=target)
    assert len(mirror.archive_requests()) == PATIENCE.rounds * PATIENCE.attempts


def test_a_part_from_one_mirror_is_resumed_on_another(target: Path) -> None:
    first = Mirror(CONTENT, serve(CONTENT, cut_after=200_000), status(404))
    second = Mirror(CONTENT)
    assert fetched(first, second, target=target) == CONTENT
    assert second.archive_requests()[0].range == "bytes=200000-"
    assert first.sent + second.sent < 1.01 * len(CONTENT)


def test_an_archive_that_is_renewed_between_two_halves_is_fetched_from_the_start(
    target: Path,
) -> None:
    mirror = Mirror(OTHER, serve(CONTENT, cut_after=200_000), serve(OTHER))
    assert fetched(mirror, target=target) == OTHER
    assert [r.range for r in mirror.archive_requests()] == [None, "bytes=200000-", None]


def test_after_halves_that_do_not_fit_a_cut_connection_is_resumed_again(target: Path) -> None:
    halves = [serve(CONTENT, cut_after=200_000), serve(OTHER)]
    mirror = Mirror(OTHER, *halves, serve(OTHER, cut_after=40_000))
    assert fetched(mirror, target=target) == OTHER


def test_halves_that_never_fit_end_in_a_sentence(target: Path) -> None:
    halves = [serve(CONTENT, cut_after=200_000), serve(OTHER)] * 2
    assert "gave MD5" in refusal(Mirror(OTHER, *halves), target=target)
    assert os.listdir(target.parent) == []


@pytest.mark.parametrize(
    "span",
    [
        "bytes 0-299999/300000", "bytes 199999-299999/300000", "items 200000-299999/300000",
        "200000-", "", None,
    ],
)  # fmt: skip
def test_another_part_than_the_one_asked_for_is_not_taken(span: str | None, target: Path) -> None:
    cut, other = serve(CONTENT, cut_after=200_000), serve_part(CONTENT[200_000:], span)
    mirror = Mirror(CONTENT, cut, other, serve(CONTENT))
    assert fetched(mirror, target=target) == CONTENT
    ranges = [request.range for request in mirror.archive_requests()]
    assert ranges == [None, "bytes=200000-", None]


@pytest.mark.parametrize("whole", ["*", "9" * 5000])
def test_a_part_of_a_whole_of_unknown_size_is_taken(whole: str, target: Path) -> None:
    rest = serve_part(CONTENT[200_000:], f"bytes 200000-299999/{whole}")
    mirror = Mirror(CONTENT, serve(CONTENT, cut_after=200_000), rest)
    assert fetched(mirror, target=target) == CONTENT
    assert len(mirror.archive_requests()) == 2


@pytest.mark.parametrize("length", ["-1", "9" * 5000, "many"])
def test_a_length_that_is_nonsense_does_not_matter(length: str, target: Path) -> None:
    mirror = Mirror(CONTENT, serve(CONTENT, announced=length))
    assert fetched(mirror, target=target) == CONTENT


def test_a_part_that_is_longer_than_the_archive_is_thrown_away(target: Path) -> None:
    target.parent.mkdir()
    part_of(target).write_bytes(CONTENT + b"more")
    assert fetched(Mirror(CONTENT), target=target) == CONTENT


def test_a_part_that_is_complete_costs_no_request_for_the_archive(target: Path) -> None:
    target.parent.mkdir()
    part_of(target).write_bytes(CONTENT)
    mirror = Mirror(CONTENT)
    assert fetched(mirror, target=target) == CONTENT
    assert mirror.archive_requests() == []


def test_a_part_that_is_there_is_resumed(target: Path) -> None:
    target.parent.mkdir()
    part_of(target).write_bytes(CONTENT[:100_000])
    mirror = Mirror(CONTENT)
    assert fetched(mirror, target=target) == CONTENT
    assert mirror.sent < 201_000


# servers that fail for a while

TEMPORARY_FAULTS: dict[str, Answer] = {
    **{str(code): status(code) for code in (408, 425, 429, 500, 502, 503, 504, 522)},
    "an empty body": serve(b""),
    "no reply": no_reply,
    "a stall before the first byte": serve(CONTENT, stall_after=0),
    "a stall in the middle": serve(CONTENT, stall_after=100_000),
    "a body cut before the first byte": serve(CONTENT, cut_after=0),
}


@pytest.mark.parametrize("fault", TEMPORARY_FAULTS)
def test_a_server_that_recovers_gives_the_archive(fault: str, target: Path) -> None:
    mirror = Mirror(CONTENT, TEMPORARY_FAULTS[fault], serve(CONTENT))
    assert fetched(mirror, target=target) == CONTENT
    assert len(mirror.archive_requests()) == 2


def test_a_slow_server_is_waited_for(target: Path) -> None:
    mirror = Mirror(CONTENT, serve(CONTENT, pause=(30_000, PATIENCE.silence / 5)))
    begin = time.monotonic()
    assert fetched(mirror, target=target) == CONTENT
    assert time.monotonic() - begin > PATIENCE.silence
    assert len(mirror.archive_requests()) == 1


def test_a_server_that_is_never_well_is_given_up_with_a_sentence(target: Path) -> None:
    mirror = Mirror(CONTENT, status(503))
    sentence = refusal(mirror, target=target)
    assert f"{mirror.url} answered 503; start again later, or download it by hand" in sentence
    assert len(mirror.archive_requests()) == PATIENCE.rounds * PATIENCE.attempts
    assert os.listdir(target.parent) == []


@pytest.mark.parametrize("code", [204, 300, 304, 400, 401, 403, 404, 410, 416, 451])
def test_a_mirror_without_the_archive_is_asked_once(code: int, target: Path) -> None:
    first, second = Mirror(CONTENT, status(code)), Mirror(CONTENT)
    assert fetched(first, second, target=target) == CONTENT
    assert len(first.archive_requests()) == 1


def test_every_mirror_is_in_the_sentence_with_what_went_wrong(target: Path) -> None:
    first, second = Mirror(CONTENT, status(404)), Mirror(CONTENT, no_reply)
    sentence = refusal(first, second, target=target)
    assert f"{first.url} answered 404; " in sentence
    assert f"{second.url} broke off (Remote end closed connection without response); " in sentence
    assert len(first.archive_requests()) == 1


def test_without_a_network_there_is_a_sentence(target: Path) -> None:
    url = nothing_listens()
    with pytest.raises(UserError, match=rf"{url} broke off \(Connection refused\); start again"):
        fetch(published_by(url, target=target), target, PATIENCE)
    assert os.listdir(target.parent) == []


def test_a_redirection_is_followed_in_every_request(target: Path) -> None:
    mirror = Mirror(CONTENT, status(302, Location="/elsewhere"))
    mirror.answers["elsewhere"] = [serve(CONTENT, cut_after=100_000)]
    assert fetched(mirror, target=target) == CONTENT
    assert mirror.sent < 1.01 * len(CONTENT)


def test_a_redirection_in_a_circle_is_reported(target: Path) -> None:
    mirror = Mirror(CONTENT, status(302, Location=f"/datasets/{NAME}"))
    assert "cannot be followed (Exceeded 30 redirects" in refusal(mirror, target=target)


# wrong bytes


def test_wrong_bytes_are_refused_and_the_next_mirror_is_asked(target: Path) -> None:
    wrong = Mirror(CONTENT, serve(OTHER))
    assert fetched(wrong, Mirror(CONTENT), target=target) == CONTENT
    assert len(wrong.archive_requests()) == 1


def test_wrong_bytes_everywhere_are_refused_with_both_checksums(target: Path) -> None:
    mirrors = [Mirror(CONTENT, serve(OTHER)), Mirror(CONTENT, serve(OTHER, cut_after=200_000))]
    sentence = refusal(*mirrors, target=target)
    for mirror in mirrors:
        assert (
            f"gave MD5 {pinned(OTHER).md5}, where MD5 {pinned(CONTENT).md5} is listed in "
            f"{mirror.url}{LIST}"
        ) in sentence
    assert os.listdir(target.parent) == []
    assert '"pinned": null' in (target.parent.parent / "downloads.json").read_text()


def test_a_length_that_is_announced_too_large_does_not_matter(target: Path) -> None:
    mirror = Mirror(CONTENT, serve(CONTENT, announced=len(CONTENT) + 5000))
    with running(mirror):
        only_once = PATIENCE._replace(rounds=1, attempts=1, progress=len(CONTENT) + 1)
        fetch(published_by(mirror, target=target), target, only_once)
    assert target.read_bytes() == CONTENT
    assert len(mirror.archive_requests()) == 1


def test_a_length_that_is_announced_too_small_is_found_out(target: Path) -> None:
    liar = Mirror(CONTENT, serve(CONTENT, announced=len(CONTENT) - 5000))
    assert fetched(liar, Mirror(CONTENT), target=target) == CONTENT


def test_more_bytes_than_there_is_room_for_are_refused_at_once(target: Path) -> None:
    mirror = Mirror(CONTENT, serve(CONTENT, announced=10**17))
    assert "needs another 100PB, and" in refusal(mirror, target=target)
    assert os.listdir(target.parent) == []


@pytest.mark.parametrize("chunked", [False, True])
@pytest.mark.parametrize("extra", [b"", b"more"])
def test_an_archive_other_than_the_pinned_one_is_refused_with_both_values(
    extra: bytes, chunked: bool, target: Path
) -> None:
    renewed = OTHER + extra
    mirror = Mirror(renewed, serve(renewed, chunked=chunked))
    pin = pinned(CONTENT)
    sentence = refusal(mirror, target=target, pin=pin)
    if not extra:
        assert f"gave SHA-256 {pinned(OTHER).sha256}, where SHA-256 {pin.sha256} is" in sentence
    elif chunked:
        assert "gave more than the 300000 bytes pinned in" in sentence
    else:
        assert "offers 300004 bytes, where 300000 are pinned in" in sentence
    assert "if the publisher has renewed the archive, set `pinned` of 'heidelberg'" in sentence
    assert os.listdir(target.parent) == []


# lists of checksums


def test_a_mirror_without_a_list_is_compared_with_the_list_of_another(target: Path) -> None:
    first, second = Mirror(CONTENT), Mirror(CONTENT)
    first.answers[f"datasets/{LIST}"] = [status(404)]
    assert fetched(first, second, target=target) == CONTENT
    assert second.archive_requests() == []


LISTS = {
    "missing": status(404),
    "empty": serve(b""),
    "a web page": serve(b"<html>d41d8cd98f00b204e9800998ecf8427e</html>"),
    "of other files": serve(md5_line(CONTENT, "shd_train.h5.gz")),
    "cut in the checksum": serve(md5_line(CONTENT)[20:]),
    "endless": serve(b"\n" * 3_000_000 + md5_line(CONTENT)),
    "no text": serve(OTHER),
}


@pytest.mark.parametrize("kind", LISTS)
def test_without_a_checksum_nothing_is_fetched(kind: str, target: Path) -> None:
    mirror = Mirror(CONTENT)
    mirror.answers[f"datasets/{LIST}"] = [LISTS[kind]]
    sentence = refusal(mirror, target=target)
    assert kind == "empty" or "no mirror's md5sums.txt has its checksum" in sentence
    assert mirror.archive_requests() == []
    assert os.listdir(target.parent) == []


def test_with_a_wrong_list_the_archive_is_refused_and_the_next_mirror_is_tried(
    target: Path,
) -> None:
    liar = Mirror(CONTENT, md5sums=md5_line(OTHER))
    sentence = refusal(liar, target=target)
    assert pinned(OTHER).md5 in sentence
    assert pinned(CONTENT).md5 in sentence
    liar = Mirror(CONTENT, md5sums=md5_line(OTHER))
    assert fetched(liar, Mirror(CONTENT), target=target) == CONTENT


def test_a_list_that_comes_at_the_second_request_is_taken(target: Path) -> None:
    mirror = Mirror(CONTENT)
    mirror.answers[f"datasets/{LIST}"].insert(0, status(500))
    assert fetched(mirror, target=target) == CONTENT


# interruptions


@pytest.fixture
def stalled(target: Path) -> Iterator[tuple[Mirror, subprocess.Popen[str]]]:
    """A process that fetches, of which the server has sent 200,000 bytes and sends no more."""
    mirror = Mirror(CONTENT, serve(CONTENT, stall_after=200_000), serve(CONTENT))
    with running(mirror):
        path = published_by(mirror, target=target).path
        process = subprocess.Popen(
            [*FETCHING, "--corpus=heidelberg", f"--published={path}", f"--output={target}"],
            stderr=subprocess.PIPE,
            encoding="utf-8",
        )
        deadline = time.monotonic() + 120
        while not (part_of(target).exists() and part_of(target).stat().st_size == 200_000):
            assert process.poll() is None, process.communicate()
            assert time.monotonic() < deadline
            time.sleep(0.01)
        yield mirror, process
        process.kill()
        process.communicate()


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_a_fetch_that_is_killed_or_stopped_is_resumed(
    number: int,
    stalled: tuple[Mirror, subprocess.Popen[str]],
    target: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level("INFO")
    mirror, process = stalled
    process.send_signal(number)
    process.communicate(timeout=10)
    assert process.returncode != 0
    assert list(target.parent.iterdir()) == [part_of(target)]
    fetch(load_published(target.parent.parent / "downloads.json", "heidelberg"), target, PATIENCE)
    assert target.read_bytes() == CONTENT
    assert os.listdir(target.parent) == [NAME]
    assert mirror.archive_requests()[-1].range == "bytes=200000-"
    assert "continuing after 200kB" in caplog.text


def test_two_processes_never_write_the_same_part(
    stalled: tuple[Mirror, subprocess.Popen[str]], target: Path
) -> None:
    published = load_published(target.parent.parent / "downloads.json", "heidelberg")
    with pytest.raises(UserError, match="another process is fetching this file; wait until"):
        fetch(published, target, PATIENCE)
    assert part_of(target).stat().st_size == 200_000


def test_what_another_process_has_just_finished_is_not_touched(
    target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target.parent.mkdir()
    part_of(target).write_bytes(CONTENT)
    lock = fcntl.flock

    def lock_too_late(file: int, how: int) -> None:
        if not target.exists():
            part_of(target).rename(target)  # by the other process, just now
        lock(file, how)

    monkeypatch.setattr(fcntl, "flock", lock_too_late)
    assert fetched(Mirror(OTHER), target=target, pin=pinned(CONTENT)) == CONTENT


def test_a_part_that_another_process_removes_while_it_is_opened_is_not_used(
    target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lock = fcntl.flock

    def lock_too_late(file: int, how: int) -> None:
        part_of(target).unlink()  # by the other process, which got nothing
        lock(file, how)

    monkeypatch.setattr(fcntl, "flock", lock_too_late)
    assert "another process is fetching this file" in refusal(Mirror(CONTENT), target=target)


def test_a_file_system_without_locks_is_reported_and_used(
    target: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def no_locks(*_: object) -> None:
        raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))

    monkeypatch.setattr(fcntl, "flock", no_locks)
    assert fetched(Mirror(CONTENT), target=target) == CONTENT
    assert "this file system has no locks; start no second fetch" in caplog.text


def fetch_on_a_full_disk(published: Published, target: Path) -> None:
    """Fetch in a process that may not write more than 100 kB to a file; leave what it says."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
    try:
        fetch(published, target, PATIENCE)
    except UserError as error:
        (target.parent.parent / "sentence").write_text(str(error))


def test_a_disk_that_fills_up_is_one_sentence_and_the_part_is_resumed(target: Path) -> None:
    mirror = Mirror(CONTENT)
    part = part_of(target)
    with running(mirror):
        published = published_by(mirror, target=target)
        child = get_context("fork").Process(target=fetch_on_a_full_disk, args=(published, target))
        child.start()
        child.join(20)
        sentence = (target.parent.parent / "sentence").read_text()
        assert sentence.startswith(f"{part}: cannot be written (file too large); make room there")
        assert part.read_bytes() == CONTENT[:100_000]
        fetch(published, target, PATIENCE)
    assert target.read_bytes() == CONTENT
    assert mirror.archive_requests()[-1].range == "bytes=100000-"


# what lists mean

SUM, ANOTHER = "d41d8cd98f00b204e9800998ecf8427e", "0cc175b9c0f1b6a831c399e269772661"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (f"{SUM}  {NAME}\n", SUM),
        (f"{ANOTHER}  shd.h5.gz\n{SUM} *{NAME}\n", SUM),
        (f"{SUM.upper()}  {NAME}\r\n", SUM),
        (f"{SUM}  ./{NAME}", SUM),
        (f"{SUM}  /srv/www/datasets/{NAME}", SUM),
        (f"{ANOTHER}  old/{NAME}\n{SUM}  {NAME}\n", SUM),
        (f"{SUM}  {NAME}\n{SUM}  {NAME}\n", SUM),
        (f"{ANOTHER}  {NAME}\n{SUM}  {NAME}\n", None),
        (f"{SUM}  not_{NAME}\n", None),
        (f"{SUM}  {NAME}.old\n", None),
        (f"{SUM[1:]}  {NAME}\n", None),
        (f"{SUM}0  {NAME}\n", None),
        ("", None),
    ],
)
def test_the_checksum_of_the_archive_is_found_in_the_list(text: str, found: str | None) -> None:
    assert parse_checksums(text, NAME) == found


# the command


def test_the_command_fetches_to_the_named_place_and_records_it(target: Path) -> None:
    mirror = Mirror(CONTENT)
    with running(mirror):
        path = published_by(mirror, target=target).path
        result = CliRunner().invoke(
            command,
            ["--corpus", "heidelberg", "--published", str(path), "--output", str(target)],
            catch_exceptions=False,
        )
    assert result.exit_code == 0
    assert target.read_bytes() == CONTENT
    record = json.loads(target.with_name(f"{NAME}.record.json").read_text())
    assert record["outputs"][str(target)]["sha256"] == pinned(CONTENT).sha256
    assert record["inputs"] == {}
    assert record["parameters"]["published"] == str(path)


def test_the_archive_goes_to_resources_if_no_place_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    mirror = Mirror(CONTENT)
    with running(mirror):
        path = published_by(mirror, target=tmp_path / "config" / NAME).path
        result = CliRunner().invoke(
            command, ["--corpus", "heidelberg", "--published", str(path)], catch_exceptions=False
        )
    assert result.exit_code == 0
    assert (tmp_path / "resources" / NAME).read_bytes() == CONTENT


def test_the_command_pins_what_was_fetched_and_another_archive_is_refused_from_then_on(
    target: Path,
) -> None:
    mirror = Mirror(CONTENT)
    assert fetched(mirror, target=target) == CONTENT
    path = published_by(mirror, target=target).path
    arguments = ["--corpus", "heidelberg", "--published", str(path), "--archive", str(target)]
    CliRunner().invoke(pin_command, arguments, catch_exceptions=False)
    published = load_published(path, "heidelberg")
    assert published.pinned == pinned(CONTENT)
    target.write_bytes(OTHER)
    with pytest.raises(UserError, match="pins 300000 bytes"):
        fetch(published, target, PATIENCE)

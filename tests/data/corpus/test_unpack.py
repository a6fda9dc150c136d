"""An archive is unpacked whole or not at all, and nothing hostile in it gets anywhere."""

import gzip
import hashlib
import io
import json
import os
import resource
import signal
import stat
import subprocess
import sys
import tarfile
import time
from multiprocessing import get_context

import numpy as np
import pytest
import soundfile
from click.testing import CliRunner

from delaynet.cli.corpus_make import command
from delaynet.config.errors import UserError
from delaynet.config.settings import CorpusSettings
from delaynet.data.corpus.check import check_corpus
from delaynet.data.corpus.layout import digit_clip
from delaynet.data.corpus.unpack import LIMITS, unpack
from delaynet.data.sources.heidelberg import IDENTITY
from delaynet.data.sources.synthetic import clip_audio

SHA256 = "1" * 64
CLIPS = [digit_clip("german", speaker, 0, digit) for speaker in (3, 4) for digit in range(5)]
LISTS = {"train_filenames.txt": CLIPS[:5], "test_filenames.txt": CLIPS[5:]}


def spoken(clip):
    content = io.BytesIO()
    soundfile.write(content, clip_audio(clip, seed=0), 22050, format="FLAC")
    return content.getvalue()


FILES = {f"audio/{clip.filename}": spoken(clip) for clip in CLIPS} | {
    name: "".join(f"{clip.filename}\n" for clip in clips).encode() for name, clips in LISTS.items()
}


def member(name, content=b"", **attributes):
    """A member of an archive; its type and other attributes may be set."""
    info = tarfile.TarInfo(name)
    info.size = len(content)
    for key, value in attributes.items():
        setattr(info, key, value)
    return info, content


def members_of(files, prefix=""):
    return [member(prefix + name, content) for name, content in files.items()]


def write_archive(path, members, tar_format=tarfile.GNU_FORMAT):
    with tarfile.open(path, "w:gz", format=tar_format) as tar:
        for info, content in members:
            tar.addfile(info, io.BytesIO(content))
    return path


def files_in(folder):
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


@pytest.fixture
def place(tmp_path):
    """A folder for the archive, beside another one where nothing but the corpus may appear."""
    (tmp_path / "resources").mkdir()
    (tmp_path / "results").mkdir()
    return tmp_path


def archive_of(place, members, **options):
    return write_archive(place / "resources" / "hd_audio.tar.gz", members, **options)


def refused(place, archive, words):
    """Whether unpacking stops with one sentence that holds the words, and leaves nothing."""
    with pytest.raises(UserError, match=words) as error:
        unpack(archive, place / "results" / "corpus", IDENTITY, SHA256)
    assert "\n" not in str(error.value)
    assert str(archive) in str(error.value)
    assert list((place / "results").iterdir()) == []
    assert sorted(path.name for path in place.iterdir()) == ["resources", "results"]
    return str(error.value)


# -- correct archives ----------------------------------------------------------------------------


@pytest.mark.parametrize("prefix", ["", "./", "hd_audio/", "./hd_audio/"])
@pytest.mark.parametrize(
    "tar_format", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT]
)
def test_audio_and_lists_are_unpacked_wherever_they_lie_in_the_archive(place, prefix, tar_format):
    folders = [
        member(prefix + name, type=tarfile.DIRTYPE) for name in ("", "audio/") if prefix + name
    ]
    archive = archive_of(place, folders + members_of(FILES, prefix), tar_format=tar_format)
    corpus = place / "results" / "corpus"
    unpack(archive, corpus, IDENTITY, SHA256)
    record = json.loads((corpus / "corpus.json").read_text())
    assert files_in(corpus) == FILES | {"corpus.json": (corpus / "corpus.json").read_bytes()}
    assert record == {
        "name": "Heidelberg Digits",
        "source": "heidelberg",
        "licence": record["licence"],
        "archive": "hd_audio.tar.gz",
        "archive_sha256": SHA256,
    }
    assert record["licence"].startswith("CC BY 4.0")
    assert [path.name for path in (place / "results").iterdir()] == ["corpus"]


def test_what_was_unpacked_passes_the_check(place):
    unpack(archive_of(place, members_of(FILES)), place / "results" / "corpus", IDENTITY, SHA256)
    report = check_corpus(place / "results" / "corpus", CorpusSettings(source="heidelberg"))
    assert (report.source, len(report.clips), report.faults) == ("heidelberg", 10, ())


def test_a_corpus_that_was_unpacked_before_is_replaced(place):
    archive, corpus = archive_of(place, members_of(FILES)), place / "results" / "corpus"
    unpack(archive, corpus, IDENTITY, SHA256)
    (corpus / "audio" / "left over.flac").touch()
    unpack(archive, corpus, IDENTITY, SHA256)
    assert set(files_in(corpus)) == {*FILES, "corpus.json"}


def test_a_folder_that_holds_something_else_is_left_alone(place):
    corpus = place / "results" / "corpus"
    corpus.mkdir()
    (corpus / "thesis.txt").write_text("years of work")
    with pytest.raises(UserError, match="holds something other than the Heidelberg Digits"):
        unpack(archive_of(place, members_of(FILES)), corpus, IDENTITY, SHA256)
    assert [path.name for path in corpus.iterdir()] == ["thesis.txt"]


def test_files_get_the_permissions_of_new_files_whatever_the_archive_says(place):
    members = members_of(FILES)
    for (info, _), mode in zip(members, (0o4777, 0o2755, 0o000, 0o111, 0o1777), strict=False):
        info.mode = mode
    unpack(archive_of(place, members), place / "results" / "corpus", IDENTITY, SHA256)
    (place / "new").touch()
    usual = stat.S_IMODE((place / "new").stat().st_mode)
    modes = {
        stat.S_IMODE(path.stat().st_mode)
        for path in (place / "results" / "corpus").rglob("*")
        if path.is_file()
    }
    assert modes == {usual}


def test_resource_forks_of_macos_are_passed_over(place):
    forks = {f"hd/audio/._{clip.filename}": b"fork" for clip in CLIPS} | {"._hd": b"fork"}
    archive = archive_of(place, [*members_of(forks), *members_of(FILES, "hd/")])
    unpack(archive, place / "results" / "corpus", IDENTITY, SHA256)
    assert set(files_in(place / "results" / "corpus")) == {*FILES, "corpus.json"}


def test_further_files_at_the_top_are_kept(place):
    unpack(
        archive_of(place, members_of(FILES | {"README.md": b"read me"})),
        place / "results" / "corpus",
        IDENTITY,
        SHA256,
    )
    assert (place / "results" / "corpus" / "README.md").read_bytes() == b"read me"


# -- hostile archives ----------------------------------------------------------------------------

HOSTILE = {
    "absolute path": (member("/tmp/evil", b"x"), "'/tmp/evil' has an absolute path"),
    "parent": (member("../evil", b"x"), r"'\.\./evil' leaves the folder by '\.\.'"),
    "parent below": (member("audio/../../evil", b"x"), r"leaves the folder by '\.\.'"),
    "folder above": (member("../evil", type=tarfile.DIRTYPE), r"leaves the folder by '\.\.'"),
    "symbolic link": (
        member("audio/evil", type=tarfile.SYMTYPE, linkname="/etc/passwd"),
        "'audio/evil' is a link",
    ),
    "symbolic link inside": (
        member("audio/evil", type=tarfile.SYMTYPE, linkname="x.flac"),
        "'audio/evil' is a link",
    ),
    "hard link": (
        member("audio/evil", type=tarfile.LNKTYPE, linkname="train_filenames.txt"),
        "'audio/evil' is a link",
    ),
    "character device": (
        member("audio/evil", type=tarfile.CHRTYPE, devmajor=1, devminor=3),
        "'audio/evil' is neither a file nor a folder",
    ),
    "block device": (member("audio/evil", type=tarfile.BLKTYPE), "neither a file nor a folder"),
    "pipe": (member("audio/evil", type=tarfile.FIFOTYPE), "neither a file nor a folder"),
    "twice": (
        member("train_filenames.txt", b"x"),
        "'train_filenames.txt' is there twice",
    ),
    "twice by another way": (
        member("./audio//" + CLIPS[0].filename, b"x"),
        f"'audio/{CLIPS[0].filename}' is there twice",
    ),
    "other case": (
        member("Train_Filenames.TXT", b"x"),
        "'Train_Filenames.TXT' has the name of 'train_filenames.txt' on some systems",
    ),
    "folder over a file": (
        member("train_filenames.txt/x", b"x"),
        "'train_filenames.txt' is there twice",
    ),
    "file over a folder": (member("audio", b"x"), "'audio' is there twice"),
    "long name": (member("audio/" + 300 * "x", b"x"), "has a path of 306 bytes, more than 255"),
    "deep path": (member(200 * "x/" + "x", b"x"), "has a path of 401 bytes, more than 255"),
}


@pytest.mark.parametrize("tar_format", [tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
@pytest.mark.parametrize("kind", HOSTILE)
def test_a_hostile_member_is_refused_by_its_name_and_nothing_is_kept(place, kind, tar_format):
    hostile, words = HOSTILE[kind]
    archive = archive_of(place, [*members_of(FILES), hostile], tar_format=tar_format)
    refused(place, archive, words)


def test_a_link_that_the_next_member_would_write_through_is_refused(place):
    link = member("audio", type=tarfile.SYMTYPE, linkname=str(place / "resources"))
    archive = archive_of(place, [link, *members_of(FILES)])
    refused(place, archive, "'audio' is a link")
    assert [path.name for path in (place / "resources").iterdir()] == ["hd_audio.tar.gz"]


def test_names_that_differ_in_their_accents_code_only_are_refused(place):
    composed, decomposed = "audio/f\u00fcnf.flac", "audio/fu\u0308nf.flac"
    archive = archive_of(place, members_of(FILES | {composed: b"x", decomposed: b"x"}))
    refused(place, archive, "has the name of")


def test_a_sparse_file_is_refused(place):
    info, _ = member("audio/evil", b"")
    info.type = tarfile.GNUTYPE_SPARSE
    refused(place, archive_of(place, [*members_of(FILES), (info, b"")]), "neither a file nor a")


def test_a_name_that_no_system_can_write_is_refused(place):
    info, content = member("audio/evil", b"x")
    info.pax_headers = {"path": "audio/ev\0il"}
    archive = archive_of(
        place, [*members_of(FILES), (info, content)], tar_format=tarfile.PAX_FORMAT
    )
    refused(place, archive, r"not a sound \.tar\.gz")


# -- absurd sizes --------------------------------------------------------------------------------


def zeros_in_gzip(path, before, zeros):
    """Write a gzip file of some bytes and very many zeros."""
    with gzip.open(path, "wb", compresslevel=1) as file:
        file.write(before)
        for _ in range(zeros // 2**20):
            file.write(bytes(2**20))
    return path


def header(name, size, **attributes):
    info, _ = member(name, **attributes)
    info.size = size
    return info.tobuf(tarfile.GNU_FORMAT)


def peak_of_unpacking(archive, folder):
    """The sentence of a process that unpacks with little memory to spare, and its seconds."""
    code = (
        "import resource, sys; from pathlib import Path\n"
        "from delaynet.data.corpus.unpack import unpack\n"
        "from delaynet.data.sources.heidelberg import IDENTITY\n"
        "from delaynet.config.errors import UserError\n"
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "try:\n    unpack(Path(sys.argv[1]), Path(sys.argv[2]), IDENTITY, '')\n"
        "except UserError as error:\n    print(error)\n"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)\n"
    )
    answer = subprocess.run(
        [sys.executable, "-c", code, archive, folder],
        capture_output=True,
        encoding="utf-8",
        check=True,
    )
    sentence, kilobytes = answer.stdout.splitlines()
    return sentence, int(kilobytes) / 1024


def test_a_member_of_absurd_size_stops_before_it_is_read(place):
    archive = place / "resources" / "hd_audio.tar.gz"
    archive.write_bytes(gzip.compress(header("audio/evil", 2**40)))  # it does not even hold it
    refused(place, archive, "'audio/evil' has 1,099,511,627,776 bytes; 0 to 67,108,864 are allowed")


@pytest.mark.parametrize(
    ("before", "words"),
    [
        (
            header("audio/evil", 2**28),
            "'audio/evil' has 268,435,456 bytes; 0 to 67,108,864 are allowed",
        ),
        (
            header("././@PaxHeader", 2**28, type=tarfile.XHDTYPE),
            "too many bytes between its files",
        ),
        (
            header("././@LongLink", 2**28, type=tarfile.GNUTYPE_LONGNAME),
            "too many bytes between its files",
        ),
        (bytes(1024), "too many bytes between its files"),
    ],
    ids=["member", "pax header", "long name", "end"],
)
@pytest.mark.slow
def test_a_bomb_stops_at_the_limit_and_takes_no_memory(place, before, words):
    archive = zeros_in_gzip(place / "resources" / "hd_audio.tar.gz", before, 2**28)
    sentence, megabytes = peak_of_unpacking(archive, place / "results" / "corpus")
    assert words in sentence
    assert megabytes < 50
    assert list((place / "results").iterdir()) == []


def test_many_members_that_are_too_much_together_stop_at_the_limit(place, monkeypatch):
    limits = LIMITS._replace(total_bytes=5000)
    monkeypatch.setattr("delaynet.data.corpus.unpack.LIMITS", limits)
    names = [f"audio/{number}" for number in range(9)]
    archive = archive_of(place, [member(name, bytes(1000)) for name in names])
    refused(place, archive, "'audio/5' makes 6,000 bytes in all, more than 5,000")


def test_too_many_members_stop_at_the_limit(place, monkeypatch):
    monkeypatch.setattr("delaynet.data.corpus.unpack.LIMITS", LIMITS._replace(members=5))
    archive = archive_of(place, [member(f"audio/{number}") for number in range(9)])
    refused(place, archive, "'audio/5' is one more than 5")


# -- damaged and incomplete archives -------------------------------------------------------------


@pytest.mark.parametrize("kept", [0, 5, 10, 0.01, 0.3, 0.6, 0.99, -9, -8, -1])
def test_a_truncated_archive_is_reported(place, kept):
    archive = archive_of(place, members_of(FILES))
    content = archive.read_bytes()
    archive.write_bytes(content[: round(kept * len(content)) if isinstance(kept, float) else kept])
    refused(place, archive, "it is cut off; fetch it again" if kept else "not a sound .tar.gz")


def test_a_tar_that_was_cut_before_it_was_compressed_is_reported(place):
    archive = archive_of(place, members_of(FILES))
    tar = gzip.decompress(archive.read_bytes())
    with tarfile.open(archive) as opened:
        last = opened.getmembers()[-1]
    ends = {
        "inside a member": last.offset - 5000,
        "inside a header": last.offset + 100,
        "between members": last.offset,
        "before the end's mark": last.offset_data + 512,
    }
    for place_of_cut, end in ends.items():
        archive.write_bytes(gzip.compress(tar[:end]))
        words = "not a sound|ends before the end of its tar archive"
        assert refused(place, archive, words), place_of_cut


@pytest.mark.parametrize("at", [0.2, 0.5, 0.8])
def test_a_damaged_archive_is_reported(place, at):
    archive = archive_of(place, members_of(FILES))
    content = bytearray(archive.read_bytes())
    content[int(at * len(content))] ^= 0x55
    archive.write_bytes(content)
    refused(place, archive, r"not a sound \.tar\.gz|cut off")


@pytest.mark.parametrize(
    "content",
    [
        b"<html>404 not found</html>",
        gzip.compress(b"no tar archive" * 1000),
        gzip.compress(np.random.default_rng(0).bytes(20_000)),
    ],
    ids=["page", "no tar", "noise"],
)
def test_what_is_no_archive_is_reported(place, content):
    (archive := place / "resources" / "hd_audio.tar.gz").write_bytes(content)
    refused(place, archive, r"not a sound \.tar\.gz")


@pytest.mark.parametrize(
    ("files", "found"),
    [
        ({"shd_train.h5": b"x"}, "holds 'shd_train.h5', where `audio`"),
        ({"a/x": b"x", "b/x": b"x"}, "holds 'a', 'b', where"),
        ({"hd/a/audio/x": b"x"}, "holds 'a', where"),
        ({f"{number}.flac": b"x" for number in range(9)}, "and 6 more, where"),
        ({name: FILES[name] for name in [*FILES][:11]}, "holds 'audio', 'train_filenames.txt', wh"),
        ({name: FILES[name] for name in [*FILES][10:]}, "holds 'test_filenames.txt', 'train_f"),
        ({name: FILES[name] for name in [*FILES][:10]}, "holds 'audio', where"),
        ({}, "holds nothing, where"),
    ],
)
def test_another_layout_is_reported_with_what_was_found(place, files, found):
    refused(place, archive_of(place, members_of(files)), found)


# -- interruption and full disks -----------------------------------------------------------------


@pytest.mark.slow
def test_a_killed_unpack_leaves_nothing_that_looks_finished_and_the_next_one_cleans_up(place):
    many = {f"audio/{number:05d}.flac": bytes(1000) for number in range(20_000)}
    archive = archive_of(place, members_of(many | FILES))
    results = place / "results"
    code = "import sys; from pathlib import Path; from delaynet.data.corpus.unpack import unpack;"
    code += "from delaynet.data.sources.heidelberg import IDENTITY;"
    code += "unpack(*map(Path, sys.argv[1:]), IDENTITY, '')"
    child = subprocess.Popen(
        [sys.executable, "-c", code, archive, results / "corpus"], stderr=subprocess.DEVNULL
    )
    while child.poll() is None and len(list(results.glob(".corpus.*/.unpacked/audio/*"))) < 100:
        time.sleep(0.01)
    child.send_signal(signal.SIGKILL)
    assert child.wait() == -signal.SIGKILL
    assert not (results / "corpus").exists()
    assert len(list(results.glob(".corpus.*"))) == 1  # killed midway, indeed
    unpack(archive_of(place, members_of(FILES)), results / "corpus", IDENTITY, SHA256)
    assert [path.name for path in results.iterdir()] == ["corpus"]
    assert set(files_in(results / "corpus")) == {*FILES, "corpus.json"}


def sentence_on_a_full_disk(archive, folder, answer):
    """Unpack in a process that may not write more than 5 kB to a file; leave what it says."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (5_000, 5_000))
    try:
        unpack(archive, folder, IDENTITY, SHA256)
    except UserError as error:
        answer.send(str(error))


def test_a_full_disk_is_one_sentence_and_leaves_nothing(place):
    archive, corpus = archive_of(place, members_of(FILES)), place / "results" / "corpus"
    context = get_context("fork")
    receiving, sending = context.Pipe()
    child = context.Process(target=sentence_on_a_full_disk, args=(archive, corpus, sending))
    child.start()
    assert receiving.poll(60)
    sentence = receiving.recv()
    child.join(60)
    assert sentence.startswith(f"{corpus}: cannot be written (file too large); make room there")
    assert list((place / "results").iterdir()) == []


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_without_permission_is_one_sentence(place):
    archive = archive_of(place, members_of(FILES))
    (place / "results").chmod(0o500)
    with pytest.raises(UserError, match="permission denied"):
        unpack(archive, place / "results" / "corpus", IDENTITY, SHA256)


# -- the command ---------------------------------------------------------------------------------


def settings(place, archive, sha256):
    """The settings of the corpus with an archive, and a file that pins one."""
    path = place / "resources" / "downloads.json"
    pin = None
    if archive.exists() and sha256:
        content = archive.read_bytes()
        md5 = hashlib.md5(content).hexdigest()
        pin = {"bytes": len(content), "md5": md5, "sha256": sha256}
    entry = {
        "file": archive.name,
        "mirrors": ["http://127.0.0.1/"],
        "checksums": "md5sums.txt",
        "pinned": pin,
    }
    path.write_text(json.dumps({"heidelberg": entry}))
    return json.dumps({"source": "heidelberg", "archive": str(archive), "published": str(path)})


def test_the_command_unpacks_and_leaves_a_record_from_folder_to_archive(place):
    archive, corpus = archive_of(place, members_of(FILES)), place / "results" / "corpus"
    digest = hashlib.sha256(archive.read_bytes()).hexdigest()
    arguments = ["--settings", settings(place, archive, digest), "--output", str(corpus)]
    result = CliRunner().invoke(command, arguments, catch_exceptions=False)
    assert result.exit_code == 0
    record = json.loads((place / "results" / "records" / "corpus.json").read_text())
    assert record["inputs"][str(archive)]["sha256"] == digest
    assert record["outputs"][str(corpus)]["files"] == len(FILES) + 1


def refused_by_the_command(place, archive, words, sha256="0" * 64):
    arguments = ["--settings", settings(place, archive, sha256)]
    output = place / "results" / "corpus"
    with pytest.raises(UserError, match=words) as error:
        CliRunner().invoke(command, [*arguments, "--output", str(output)], catch_exceptions=False)
    assert list((place / "results").iterdir()) == []
    return str(error.value)


def test_the_command_refuses_an_archive_that_is_not_the_pinned_one(place):
    archive = archive_of(place, members_of(FILES))
    sentence = refused_by_the_command(place, archive, f"pins .* SHA-256 {'0' * 64}")
    assert hashlib.sha256(archive.read_bytes()).hexdigest() in sentence


def test_the_command_refuses_an_archive_that_is_not_there(place):
    refused_by_the_command(place, place / "resources" / "hd.tar.gz", "does not exist|is not a file")


def test_the_command_takes_an_archive_that_nothing_pins_and_says_so(place, caplog):
    archive, corpus = archive_of(place, members_of(FILES)), place / "results" / "corpus"
    arguments = ["--settings", settings(place, archive, None), "--output", str(corpus)]
    CliRunner().invoke(command, arguments, catch_exceptions=False)
    assert f"{archive}: is used unverified" in caplog.text
    digest = hashlib.sha256(archive.read_bytes()).hexdigest()
    assert json.loads((corpus / "corpus.json").read_text())["archive_sha256"] == digest

"""The workflow on other corpora than the default: fetched, or a user's own, as documented."""

import json
import os
import re
import shutil
import sys
import tarfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import fsdd_layout
import h5py
import pytest
import soundfile
from local_mirror import NAME, Mirror, running
from project_copy import TINY, copy_prepared, copy_project, planned, run, snakemake
from published_speech_commands import write_speech_commands
from published_spikes import write_folder, write_ssc

from delaynet.data.corpus.espeak import SAMPLE_RATE, speak

pytestmark = pytest.mark.slow

HEIDELBERG = TINY.replace(
    "{source: synthetic, trials: 1}", "{source: heidelberg, published: published.json}"
)
SPIKES = """
name: spikes
corpus: {source: shd, folder: shd}
features: spikes
model: {hidden: [4]}
training: {epochs: 1, batch_size: 32, validation_speakers: [3]}
grid:
  - {delays: [learned], structure: [dense]}
seeds: 1
"""
SMALL = SPIKES.replace("features: spikes\n", "").replace(", validation_speakers: [3]", "")
FSDD = SMALL.replace("{source: shd, folder: shd}", "{source: fsdd, published: published.json}")
FSDD = FSDD.replace("batch_size: 32", "batch_size: 4, validation_speakers: [cy]")
FEATURES = "results/features.h5"
NUMBERS = "results/numbers.json"


def make_numbers(
    project: Path, made: Path, *options: str, figures: Sequence[str] = ("task", "corpus")
) -> dict[str, Any]:
    """Make the numbers and figures that the manuscript of a corpus reads; return the numbers.

    The figures of clips are drawn. Those of networks, which are drawn alike for every corpus, are
    copied from a paper that was made.
    """
    drawn = [f"results/figures/{figure}.svg" for figure in figures]
    snakemake(project, NUMBERS, *drawn, *options)
    (project / "results/figures").mkdir(exist_ok=True)
    for figure in (made / "results/figures").iterdir():
        if not (project / "results/figures" / figure.name).exists():
            shutil.copy(figure, project / "results/figures")
    numbers: dict[str, Any] = json.loads((project / NUMBERS).read_text())
    return numbers


def set_pdf(project: Path) -> None:
    """Set the manuscript of numbers and figures that were made."""
    delaynet = ("env", "PYTHONPATH=workflow", ".venv/bin/python", "-m", "delaynet")
    of_paper = ("--source", "manuscript/paper.typ", "--output", "results/paper.pdf")
    run(project, *delaynet, "seal", "--output", "results/seal.json")
    run(project, *delaynet, "manuscript", *of_paper)


@pytest.fixture(scope="module")
def archive(small_corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small corpus in an archive with the layout of the Heidelberg Digits."""
    path = tmp_path_factory.mktemp("archive") / NAME
    with tarfile.open(path, "w:gz") as tar:
        for name in ("audio", "train_filenames.txt", "test_filenames.txt"):
            tar.add(small_corpus / name, name)
    return path


def project_with(target: Path, mirror: Mirror, configuration: str = HEIDELBERG) -> Path:
    """A fresh clone that knows one mirror, configured for the Heidelberg Digits."""
    project = copy_project(target)
    published = json.loads((project / "config" / "downloads.json").read_text())
    published["heidelberg"]["mirrors"] = [mirror.url]
    (project / "published.json").write_text(json.dumps(published))
    (project / "config" / "config.yaml").write_text(configuration)
    return project


def test_the_heidelberg_digits_are_fetched_checked_pinned_and_never_asked_for_again(
    archive: Path, tmp_path: Path
) -> None:
    mirror = Mirror(archive.read_bytes())
    project = project_with(tmp_path / "project", mirror)
    with running(mirror):
        assert planned(project, FEATURES) == dict.fromkeys(
            ("check", "corpus", "features", "fetch"), 1
        )
        assert mirror.requests == []  # a plan asks nothing of the network
        published = (project / "published.json").read_text()
        snakemake(project, FEATURES)
        assert len(mirror.archive_requests()) == 1
    assert published == (project / "published.json").read_text()
    pin = ["corpus", "pin", "--corpus", "heidelberg", "--published", "published.json"]
    run(project, sys.executable, "-m", "delaynet", *pin)
    pinned = json.loads((project / "published.json").read_text())["heidelberg"]["pinned"]
    assert pinned["bytes"] == archive.stat().st_size
    with h5py.File(project / FEATURES) as file:
        assert file.attrs["corpus_name"] == "Heidelberg Digits"
        assert len(file["label"]) == 240
    report = json.loads((project / "results" / "corpus_report.json").read_text())
    assert any("10,420" in note for note in report["notes"])

    # the server is gone: all that follows is offline
    assert planned(project, FEATURES) == {}
    shutil.rmtree(project / "results")
    assert "rule fetch" not in snakemake(project, "results/corpus_report.json").stderr

    fetched = project / "resources" / NAME
    content = bytearray(fetched.read_bytes())
    content[1000] ^= 1
    fetched.write_bytes(content)
    shutil.rmtree(project / "results")
    result = snakemake(project, FEATURES, "--show-failed-logs", check=False)
    assert result.returncode != 0
    assert pinned["sha256"] in result.stdout + result.stderr
    assert not (project / "results" / "corpus").exists()
    assert fetched.exists()


def test_a_good_archive_is_kept_when_a_later_step_fails(small_corpus: Path, tmp_path: Path) -> None:
    path = tmp_path / NAME
    with tarfile.open(path, "w:gz") as tar:
        tar.add(small_corpus / "audio", "audio")  # no lists
    mirror = Mirror(path.read_bytes())
    project = project_with(tmp_path / "project", mirror)
    with running(mirror):
        result = snakemake(project, FEATURES, "--show-failed-logs", check=False)
    assert result.returncode != 0
    assert "train_filenames.txt" in result.stdout + result.stderr
    assert (project / "resources" / NAME).read_bytes() == path.read_bytes()
    assert not list(project.glob("results/*corpus*"))


def test_an_archive_on_disk_is_used_without_a_download(archive: Path, tmp_path: Path) -> None:
    project = copy_project(tmp_path / "project")
    named = HEIDELBERG.replace("published: published.json", f"archive: {archive}")
    (project / "config" / "config.yaml").write_text(named)
    assert "rule fetch" not in snakemake(project, "results/corpus_report.json").stderr
    (project / "config" / "config.yaml").write_text(named.replace(NAME, "gone.tar.gz"))
    result = snakemake(project, FEATURES, check=False)
    assert "gone.tar.gz does not exist" in result.stdout + result.stderr
    assert "Traceback" not in result.stderr


def test_the_free_spoken_digits_are_fetched_or_lie_in_a_folder_and_become_a_paper(
    finished: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DELAYNET_FSDD", raising=False)
    files = fsdd_layout.recordings()
    project = copy_prepared(finished, tmp_path / "project")
    mirror = Mirror(fsdd_layout.archive_of(files))
    fsdd_layout.write_addresses(
        project / "published.json", files, f"{mirror.url}{NAME}", archive="fsdd.tar.gz"
    )
    (project / "config" / "config.yaml").write_text(FSDD)
    with running(mirror):
        corpus = make_numbers(project, finished)["corpus"]
    set_pdf(project)
    assert (corpus["training"]["value"], corpus["test"]["value"]) == (8, 12)
    assert "CC~BY-SA~4.0" in corpus["availability"]
    assert "10.5281/zenodo.1342401" in corpus["bibliography"]

    # a folder that the environment names; no file of the project is changed
    fsdd_layout.write_recordings(tmp_path / "mine", files)
    features = (project / FEATURES).read_bytes()
    shutil.rmtree(project / "results" / "corpus")
    shutil.rmtree(project / "resources")
    monkeypatch.setenv("DELAYNET_FSDD", str(tmp_path / "mine"))
    snakemake(project, FEATURES)
    assert (project / FEATURES).read_bytes() == features
    read = json.loads((project / "results/records/corpus_report.json.json").read_text())["inputs"]
    assert list(read) == [str(tmp_path / "mine" / "recordings")]


def test_the_miniature_with_peoples_voices_reads_a_folder_that_the_environment_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fsdd_layout.write_recordings(tmp_path / "mine", fsdd_layout.recordings())
    monkeypatch.setenv("DELAYNET_FSDD", str(tmp_path / "mine"))
    project = copy_project(tmp_path / "project")
    jobs = planned(project, "all", "--configfile", "config/human.yaml")
    assert jobs["train"] == 84
    assert not {"fetch", "corpus"} & set(jobs)


def documented(name: str) -> str:
    """A block of text that config/README.md shows, by its first line, made small."""
    text = (Path(__file__).parents[2] / "config" / "README.md").read_text()
    found = re.search(rf"^    {re.escape(name)}\n((?:    .*\n)+)", text, re.MULTILINE)
    assert found
    shown = re.sub("^    ", "", found[1], flags=re.MULTILINE)
    return shown.replace("seeds: 3", "seeds: 1").replace("epochs: 10", "epochs: 1")


def test_the_documented_example_of_ones_own_recordings_becomes_a_paper(
    finished: Path, tmp_path: Path
) -> None:
    project = copy_prepared(finished, tmp_path / "project")
    folder = project / "recordings"
    (folder / "audio").mkdir(parents=True)
    names: dict[str, list[str]] = {"train": [], "test": []}
    for speaker, variant in enumerate(("m1", "f1", "m3", "f2", "m7")):
        for trial in range(4):
            for word in ("sì", "no"):
                name = f"lang-italian_speaker-{speaker}_trial-{trial}_word-{word}.wav"
                sound = speak(word, f"it+{variant}", 130 + 15 * trial, 40 + 5 * trial, 50)
                soundfile.write(folder / "audio" / name, sound, SAMPLE_RATE)
                names["test" if speaker == 4 else "train"].append(name)
    for split, listed in names.items():
        (folder / f"{split}_filenames.txt").write_text("\n".join(listed))
    (project / "config" / "yes_no.yaml").write_text(documented("# config/yes_no.yaml"))
    shown = ("--configfile", "config/yes_no.yaml")
    make_numbers(project, finished, *shown)
    result = run(project, "make", "paper", "CONFIG=config/yes_no.yaml")
    assert "results/paper.pdf" in result.stdout
    with h5py.File(project / FEATURES) as file:
        assert list(file.attrs["label_names"]) == ["no", "sì"]

    # a recording exchanged under its name is noticed, a copy of the folder is not
    shutil.copytree(folder, project / "copy")
    shutil.rmtree(folder)
    os.rename(project / "copy", folder)
    assert planned(project, "all", *shown) == {}
    soundfile.write(folder / "audio" / names["train"][0], sound[: len(sound) // 2], SAMPLE_RATE)
    assert planned(project, "all", *shown)["check"] == 1


def test_recordings_that_a_table_lists_become_a_paper(finished: Path, tmp_path: Path) -> None:
    project = copy_prepared(finished, tmp_path / "project")
    folder = project / "recordings"
    (folder / "monday").mkdir(parents=True)
    lines = ["file,word,speaker"]
    for speaker, variant in zip(("Ada", "Bo", "Cy"), ("m1", "f1", "m3"), strict=True):
        for take in range(16):
            word = ("yes", "no")[take % 2]
            sound = speak(word, f"en+{variant}", 130 + 5 * take, 40 + take, 50)
            soundfile.write(folder / f"monday/{speaker} {take}.wav", sound, SAMPLE_RATE)
            lines.append(f"monday/{speaker} {take}.wav,{word},{speaker}")
    table, good = folder / "words.csv", "\n".join(lines)
    (project / "config" / "words.yaml").write_text(documented("# config/words.yaml"))
    shown = ("--configfile", "config/words.yaml")

    # without a column nothing begins; without a file the features say so, and nothing is trained
    table.write_text(good.replace("speaker", "who", 1))
    result = snakemake(project, FEATURES, *shown, check=False)
    assert "no column `speaker`" in result.stdout + result.stderr
    assert not (project / "results" / "corpus_report.json").exists()
    table.write_text(f"{good}\nmonday/gone.wav,yes,Ada")
    result = snakemake(project, FEATURES, *shown, "--show-failed-logs", check=False)
    assert (
        "'monday/gone.wav': missing (line 50: not in recordings)" in result.stdout + result.stderr
    )
    assert "Traceback" not in result.stdout + result.stderr
    assert not (project / FEATURES).exists()

    table.write_text(good)
    corpus = make_numbers(project, finished, *shown)["corpus"]
    set_pdf(project)
    assert corpus["name"]["shown"] == "words"
    report = json.loads((project / "results" / "corpus_report.json").read_text())
    assert report["summary"]["clips_by_split"] == {"test": 16, "train": 16, "validation": 16}
    assert "drawn by speaker" in report["notes"][0]
    made_from = json.loads((project / "results/records/features.h5.json").read_text())["inputs"]
    assert set(made_from) == {"recordings/monday", "results/corpus_report.json"}
    assert planned(project, NUMBERS, *shown) == {}
    audit = run(project, sys.executable, "-m", "delaynet", "audit", FEATURES)
    assert "recordings/words.csv" in audit.stdout


def test_mistakes_in_ones_own_folder_stop_no_plan_without_a_sentence(
    tmp_path: Path, small_corpus: Path
) -> None:
    project = copy_project(tmp_path / "project")
    folder = project / "recordings"
    shutil.copytree(small_corpus, folder)
    of_folder = TINY.replace("source: synthetic, trials: 1", "source: folder, folder: recordings")
    (project / "config" / "config.yaml").write_text(of_folder)
    # the check reports a list that is no text, and a broken link
    (folder / "train_filenames.txt").write_bytes("größe.wav".encode("utf-16"))
    (folder / "audio" / "dangling.wav").symlink_to("nowhere")
    assert planned(project)["check"] == 1
    report = "results/corpus_report.json"
    result = snakemake(project, report, "--show-failed-logs", check=False)
    text = result.stdout + result.stderr
    assert "train_filenames.txt is not text in UTF-8: save it as that." in text
    assert "Traceback" not in text

    shutil.rmtree(folder / "audio")
    (folder / "audio").write_text("")
    result = snakemake(project, "--dry-run", check=False)
    assert "recordings/audio is no folder; put the sound files into one." in result.stdout
    assert result.returncode != 0
    assert "Traceback" not in result.stdout + result.stderr


def test_published_spikes_become_a_paper(finished: Path, tmp_path: Path) -> None:
    project = copy_prepared(finished, tmp_path / "project")
    write_folder(project / "shd")
    (project / "config" / "config.yaml").write_text(SPIKES)
    assert not {"corpus", "check", "fetch"} & set(planned(project))
    corpus = make_numbers(project, finished, figures=["task"])["corpus"]
    set_pdf(project)
    assert corpus["name"]["shown"] == "Spiking Heidelberg Digits"
    with h5py.File(project / FEATURES) as file:
        assert file["features"].shape == (80, 100, 140)
        assert file.attrs["corpus_source"] == "shd"
    (project / "shd" / "shd_test.h5").unlink()
    result = snakemake(project, "--dry-run", check=False)
    assert "shd_test.h5 does not exist" in result.stdout + result.stderr


def test_published_spikes_with_their_own_validation_list_become_a_pdf(
    finished: Path, tmp_path: Path
) -> None:
    project = copy_prepared(finished, tmp_path / "project")
    write_ssc(project / "ssc")
    config = SPIKES.replace("shd", "ssc").replace(", validation_speakers: [3]", "")
    (project / "config" / "config.yaml").write_text(config)
    # the task is drawn as for the Heidelberg Digits' spikes
    corpus = make_numbers(project, finished, figures=[])["corpus"]
    set_pdf(project)
    assert corpus["name"]["shown"] == "Spiking Speech Commands"
    assert [corpus[name]["value"] for name in ("training", "validation_list", "test")] == [70] * 3


def test_the_speech_commands_become_a_pdf(finished: Path, tmp_path: Path) -> None:
    project = copy_prepared(finished, tmp_path / "project")
    write_speech_commands(project / "speech")
    config = SMALL.replace(
        "{source: shd, folder: shd}", "{source: speech_commands, folder: speech}"
    )
    config = config.replace("batch_size: 32", "batch_size: 8")
    (project / "config" / "config.yaml").write_text(config)
    numbers = make_numbers(project, finished)
    set_pdf(project)
    corpus = numbers["corpus"]
    assert corpus["name"]["shown"] == "Speech Commands"
    assert [corpus[name]["value"] for name in ("training", "validation_list", "test")] == [18, 6, 6]
    assert numbers["settings"]["features"]["highest_hz"]["value"] == 8000

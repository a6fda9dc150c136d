"""The synthetic digits are the same each time they are made, and sound as they should."""

import hashlib
import json
import os
import resource
import signal
import subprocess
import sys
from dataclasses import astuple, replace
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import pytest
import soundfile

import delaynet
from delaynet.config.errors import UserError
from delaynet.config.grid import parse_settings
from delaynet.config.settings import CorpusSettings
from delaynet.data.corpus.check import check_corpus
from delaynet.data.corpus.clips import Clip
from delaynet.data.corpus.espeak import SAMPLE_RATE, espeak_version, speak
from delaynet.data.corpus.layout import digit_clip, parse_filename
from delaynet.data.sources.synthetic import (
    SOURCE,
    SPEAKERS,
    clip_audio,
    corpus_clips,
    draw_test_list,
    pink_noise,
)

SEED = 7


def in_another_process(code: str) -> str:
    """What the code prints in a process of its own."""
    environment = os.environ | {"PYTHONPATH": str(Path(delaynet.__file__).parents[1])}
    command = [sys.executable, "-c", code]
    return subprocess.run(
        command, env=environment, check=True, stdout=subprocess.PIPE, encoding="utf-8"
    ).stdout


def make(folder: Path, processes: int = 1) -> None:
    SOURCE.make(folder, CorpusSettings(trials=1, seed=SEED), processes)


def checksums(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file()
    }


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("made") / "corpus"
    make(folder)
    return folder


def test_a_word_sounds_the_same_whatever_was_spoken_before():
    first = speak("seven", "en-us+f2", rate=150, pitch=50, pitch_range=50)
    for voice in ("de+m3", "en-gb-scotland+m7", "en-us+f2"):
        speak("sieben", voice, rate=180, pitch=20, pitch_range=90)
        again = speak("seven", "en-us+f2", rate=150, pitch=50, pitch_range=50)
        np.testing.assert_array_equal(first, again)


def test_rate_pitch_and_range_change_what_is_spoken():
    plain = speak("seven", "en-us+f2", rate=150, pitch=50, pitch_range=50)
    faster = speak("seven", "en-us+f2", rate=200, pitch=50, pitch_range=50)
    higher = speak("seven", "en-us+f2", rate=150, pitch=80, pitch_range=50)
    livelier = speak("seven", "en-us+f2", rate=150, pitch=50, pitch_range=90)
    assert len(faster) < len(plain)
    assert not np.array_equal(higher, plain)
    assert not np.array_equal(livelier, plain)


def test_a_voice_that_does_not_exist_is_refused():
    with pytest.raises(ValueError, match="refuses"):
        speak("seven", "klingonisch", rate=150, pitch=50, pitch_range=50)


def test_all_voices_of_the_twelve_speakers_differ():
    words = {
        speak("null", f"de+{speaker.variant}", rate=150, pitch=50, pitch_range=50).tobytes()
        for speaker in SPEAKERS
    }
    assert len(words) == len(SPEAKERS) == 12


@pytest.mark.slow
def test_made_twice_in_two_processes_the_corpus_is_byte_for_byte_the_same(
    corpus: Path, tmp_path: Path
):
    in_another_process(
        "from pathlib import Path; from delaynet.config.settings import CorpusSettings\n"
        "from delaynet.data.sources.synthetic import SOURCE\n"
        f"settings = CorpusSettings(trials=1, seed={SEED})\n"
        f"SOURCE.make(Path({str(tmp_path / 'again')!r}), settings, 1)"
    )
    assert checksums(corpus) == checksums(tmp_path / "again")


@pytest.mark.slow
def test_the_number_of_processes_changes_nothing(corpus: Path, tmp_path: Path):
    make(tmp_path / "again", processes=3)
    assert checksums(corpus) == checksums(tmp_path / "again")


def sentence_on_a_full_disk(folder: Path, processes: int, answer: Path) -> None:
    """Make a corpus in a process that may not write more than 5 kB to a file; leave what it says.

    Processes that it starts have the same limit.
    """
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (5_000, 5_000))
    try:
        make(folder, processes)
    except UserError as error:
        answer.write_text(str(error), encoding="utf-8")


@pytest.mark.parametrize("processes", [1, 2])
@pytest.mark.slow
def test_a_full_disk_is_one_sentence_and_leaves_nothing(tmp_path: Path, processes: int):
    folder, answer = tmp_path / "corpus", tmp_path / "answer"
    child = get_context("spawn").Process(
        target=sentence_on_a_full_disk, args=(folder, processes, answer)
    )
    child.start()
    child.join(60)
    assert answer.read_text().startswith(f"{folder}: cannot be written (file too large); make room")
    assert [path.name for path in tmp_path.iterdir()] == ["answer"]


def test_a_clip_depends_neither_on_the_order_of_making_nor_on_the_other_clips(corpus: Path):
    clips = corpus_clips(trials=1)[::-40]
    digests = in_another_process(
        "import hashlib; from delaynet.data.sources.synthetic import clip_audio, corpus_clips\n"
        "for clip in corpus_clips(trials=1)[::-40]:\n"
        f"    print(hashlib.sha256(clip_audio(clip, {SEED}).tobytes()).hexdigest())"
    ).split()
    for clip, digest in zip(clips, digests, strict=True):
        written, _ = soundfile.read(corpus / "audio" / clip.filename, dtype="int16")
        assert hashlib.sha256(written.tobytes()).hexdigest() == digest


def test_more_trials_add_clips_and_change_none():
    assert set(corpus_clips(trials=2)) < set(corpus_clips(trials=3))
    assert len(corpus_clips(trials=3)) == 12 * 20 * 3


@pytest.mark.parametrize(
    "other",
    [
        digit_clip("english", 3, 1, 7),
        digit_clip("english", 3, 0, 8),
        digit_clip("english", 2, 0, 7),
        digit_clip("german", 3, 0, 7),
    ],
)
def test_trials_digits_speakers_and_languages_sound_different(other: Clip):
    audio = clip_audio(digit_clip("english", 3, 0, 7), SEED)
    assert not np.array_equal(audio, clip_audio(other, SEED))


def test_another_seed_gives_another_corpus():
    clip = digit_clip("english", 3, 0, 7)
    assert not np.array_equal(clip_audio(clip, 1), clip_audio(clip, 2))


def test_the_corpus_has_every_speaker_and_word_in_the_heidelberg_layout(corpus: Path):
    read = check_corpus(corpus, CorpusSettings()).clips
    clips = {Clip(*astuple(checked)[:6]) for checked in read}
    assert {replace(clip, split="train") for clip in clips} == set(corpus_clips(trials=1))
    assert len(list((corpus / "audio").iterdir())) == len(read) == 240
    assert sum(checked.split == "test" for checked in read) == 40 + 10
    assert len({parse_filename(path.name).label for path in (corpus / "audio").iterdir()}) == 20


def test_clips_are_16_bit_mono_at_22050_hz_and_never_overdriven(corpus: Path):
    for path in (corpus / "audio").iterdir():
        information = soundfile.info(path)
        assert (information.samplerate, information.channels) == (SAMPLE_RATE, 1)
        assert information.subtype == "PCM_16"
        samples, _ = soundfile.read(path, dtype="int16")
        assert np.abs(samples.astype(int)).max() == round(0.7 * 32767)


def test_nearly_all_clips_fit_in_the_80_frames_of_a_trial(corpus: Path):
    durations = np.array([soundfile.info(path).duration for path in (corpus / "audio").iterdir()])
    assert np.mean(durations > 0.8) < 0.03
    assert durations.max() < 0.95
    assert durations.min() > 0.25


def test_onsets_vary_from_clip_to_clip():
    # Pauses hold noise alone; the word is at least 15 dB louder on average.
    onsets = []
    for trial in range(20):
        level = np.abs(clip_audio(digit_clip("english", 0, trial, 8), SEED).astype(float))
        onsets.append(np.argmax(level > 0.5 * level.max()) / SAMPLE_RATE)
    assert np.ptp(onsets) > 0.05


def test_noise_is_pink_and_of_unit_power():
    noise = pink_noise(50_000, np.random.default_rng(0))
    assert np.mean(noise**2) == pytest.approx(1)
    power = np.abs(np.fft.rfft(noise)) ** 2
    octaves = [power[2**k : 2 ** (k + 1)].sum() for k in range(9, 14)]  # equal where power is 1/f
    np.testing.assert_allclose(octaves, np.mean(octaves), rtol=0.25)


def test_the_corpus_says_what_it_is(corpus: Path):
    record = json.loads((corpus / "corpus.json").read_text())
    assert record["source"] == "synthetic"
    assert record["name"] == "synthetic digits (eSpeak NG)"
    assert (record["trials"], record["seed"]) == (1, SEED)
    assert record["counts"] == {"clips": 240, "train": 190, "test": 50}
    assert record["espeak_version"] == espeak_version()
    assert "GPL" in record["licence"]


@pytest.mark.slow
def test_a_finished_synthetic_corpus_is_replaced_and_nothing_is_left_beside_it(tmp_path: Path):
    folder = tmp_path / "corpus"
    folder.mkdir()
    (folder / "corpus.json").write_text('{"source": "synthetic"}')
    (folder / "leftover").touch()
    make(folder)
    assert not (folder / "leftover").exists()
    assert [path.name for path in tmp_path.iterdir()] == ["corpus"]


def test_a_folder_that_is_not_a_synthetic_corpus_is_left_alone(tmp_path: Path):
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(UserError, match="holds something other than the synthetic digits"):
        make(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


def test_when_making_fails_no_half_made_corpus_is_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    made = []

    def fail_at_the_third(clip: Clip, seed: int) -> np.ndarray:
        made.append(clip)
        if len(made) == 3:
            raise KeyboardInterrupt
        return clip_audio(clip, seed)

    monkeypatch.setattr("delaynet.data.sources.synthetic.clip_audio", fail_at_the_third)
    with pytest.raises(KeyboardInterrupt):
        make(tmp_path / "corpus")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("trials", "seed"), [(0, 0), (-1, 0), (1, -1)])
def test_impossible_settings_are_reported(trials: int, seed: int):
    with pytest.raises(UserError, match=r"`(trials|seed)` is (0|-1): input should be greater"):
        parse_settings(CorpusSettings, f'{{"trials": {trials}, "seed": {seed}}}')


def test_speakers_4_and_5_are_only_in_the_test_list():
    clips = corpus_clips(2)
    test = draw_test_list(clips, seed=0)
    train = set(clips) - test
    assert {clip.speaker for clip in train} == set(map(str, range(12))) - {"4", "5"}
    assert sum(clip.speaker in ("4", "5") for clip in test) == 2 * 20 * 2


@pytest.mark.parametrize(
    ("others", "drawn"), [(9, 0), (10, 1), (29, 1), (30, 2), (100, 5), (8593, 430)]
)
def test_one_in_twenty_of_the_other_clips_is_tested_halves_rounded_upwards(others: int, drawn: int):
    clips = [digit_clip("english", 0, trial, 0) for trial in range(others)]
    assert len(draw_test_list(clips, seed=1)) == drawn


def test_the_split_follows_the_seed_and_not_the_order_of_the_clips():
    clips = corpus_clips(2)
    assert draw_test_list(clips, seed=3) == draw_test_list(clips[::-1], seed=3)
    assert draw_test_list(clips, seed=3) != draw_test_list(clips, seed=4)

"""From audio to mel features: what the network is given, and the HDF5 file that holds it.

The defaults are those of the paper's authors (see `FeatureSettings`): pre-emphasis, a short-time
Fourier transform, mel bands, decibels above a floor, and a scale that makes them input currents.
"""

from functools import lru_cache
from pathlib import Path

import h5py
import librosa
import numpy as np
import soundfile
from tqdm import tqdm

from delaynet.config import FeatureSettings
from delaynet.corpus.layout import (
    LABEL_NAMES,
    Clip,
    audio_path,
    corpus_name_and_source,
    read_corpus,
)
from delaynet.errors import UserError
from delaynet.files import replacing_hdf5

CLIPS_PER_CHUNK = 64
TINY_POWER = 1e-30  # stands for zero in the logarithm; far below any floor


def mel_features(audio: np.ndarray, parameters: FeatureSettings) -> np.ndarray:
    """Compute the mel features of one clip.

    With P the mel power of the pre-emphasised clip in its first `frames` frames (frames past its
    end have P = 0) and D = `floor_db`, a feature is scale * (max(10 log10(P / max P), -D) + D):
    0 for silence, scale * D (1.584 by default) for the clip's loudest band and frame, whatever the
    level of the recording.

    Args:
        audio: Mono samples at `parameters.sample_rate`, in any unit, shape [samples].
        parameters: How the features are computed.

    Returns:
        float32, shape [frames, bands].

    Raises:
        UserError: fewer samples than one analysis window, silence, or samples that are not numbers.
    """
    if len(audio) < parameters.fft_length:
        raise UserError(
            f"the clip has {len(audio)} samples at {parameters.sample_rate} Hz, fewer than the "
            f"{parameters.fft_length} of one analysis window: "
            "record it again or take it off the list."
        )
    if not np.isfinite(audio).all():
        raise UserError("the clip has samples that are not numbers: record it again.")
    emphasised = librosa.effects.preemphasis(
        audio.astype(np.float32), coef=parameters.preemphasis
    )  # [samples]
    spectrum = librosa.stft(
        emphasised, n_fft=parameters.fft_length, hop_length=parameters.hop_length
    )  # [frequencies, clip frames]
    # Not `@`: for matrices this small, waiting for BLAS threads takes ten times the sum itself.
    power = np.einsum(
        "mf,ft->mt", _mel_filters(parameters), np.abs(spectrum) ** 2
    )  # [bands, clip frames]
    power = librosa.util.fix_length(power, size=parameters.frames)  # [bands, frames]
    if not power.any():
        raise UserError(
            f"the clip is silent in its first {parameters.frames} frames: "
            "record it again or take it off the list."
        )
    # Division first: `ref=np.max` would compare quiet clips with an absolute smallest power.
    decibels = librosa.power_to_db(
        power / power.max(), ref=1.0, amin=TINY_POWER, top_db=parameters.floor_db
    )
    features: np.ndarray = parameters.scale * (decibels.T + parameters.floor_db)  # [frames, bands]
    return features.astype(np.float32)


@lru_cache(maxsize=1)
def _mel_filters(parameters: FeatureSettings) -> np.ndarray:
    filters: np.ndarray = librosa.filters.mel(
        sr=parameters.sample_rate, n_fft=parameters.fft_length, n_mels=parameters.bands
    )  # [bands, frequencies]
    return filters


def read_audio(path: Path, sample_rate: int) -> np.ndarray:
    """Read a sound file as mono (mean of its channels) at `sample_rate`.

    Returns:
        float32 samples in [-1, 1], shape [samples].

    Raises:
        UserError: the file is missing, or not a sound file.
    """
    try:
        audio, recorded_rate = soundfile.read(path, dtype="float32", always_2d=True)
    except (OSError, soundfile.SoundFileError):
        raise UserError(f"{path} cannot be read as sound: copy or record it again.") from None
    mono: np.ndarray = audio.mean(axis=1)  # [samples]
    if recorded_rate != sample_rate and len(mono):
        mono = librosa.resample(mono, orig_sr=recorded_rate, target_sr=sample_rate)
    return mono


def clip_features(path: Path, parameters: FeatureSettings) -> np.ndarray:
    """Read one sound file and compute its mel features, float32 [frames, bands].

    Raises:
        UserError: the file cannot be read, or holds no features (empty, silent, not numbers).
    """
    audio = read_audio(path, parameters.sample_rate)
    try:
        return mel_features(audio, parameters)
    except UserError as error:
        raise UserError(f"{path}: {error}") from None


def write_features(corpus_folder: Path, path: Path, parameters: FeatureSettings) -> None:
    """Write the features of a whole corpus to an HDF5 file, clips in the order of their file names.

    Datasets, all of one row a clip: `features` [clips, frames, bands]; `label`, `speaker`, `trial`,
    `digit`; `language`, `filename`, `split` (strings). Attributes of the file: every parameter,
    `corpus_name`, `corpus_source`, `label_names`. Made again, the file is the same byte for byte.

    Raises:
        UserError: the corpus is incomplete (see `read_corpus`), or a clip has no features.
    """
    corpus = read_corpus(corpus_folder)
    clips = [clip for clip, _ in corpus]
    name, source = corpus_name_and_source(corpus_folder)
    with replacing_hdf5(path) as file:
        file.attrs.update(parameters.model_dump())
        file.attrs.update(corpus_name=name, corpus_source=source, label_names=list(LABEL_NAMES))
        shape = (len(clips), parameters.frames, parameters.bands)
        # Not compressed: gzip would save 40 % of the space and read ten times slower.
        features = file.create_dataset(
            "features", shape, np.float32, chunks=(min(CLIPS_PER_CHUNK, len(clips)), *shape[1:])
        )
        features.attrs["axes"] = ["clip", "frame", "mel band"]
        features.attrs["units"] = f"{parameters.scale:g} per dB above the floor"
        features.attrs["frame_duration_s"] = parameters.hop_length / parameters.sample_rate
        progress = tqdm(clips, desc="computing mel features", unit="clip", mininterval=1)
        for row, clip in enumerate(progress):
            features[row] = clip_features(audio_path(corpus_folder, clip), parameters)
        _write_clips(file, clips, [split for _, split in corpus])


def _write_clips(file: h5py.File, clips: list[Clip], splits: list[str]) -> None:
    """Write what is known of each clip beside its features."""
    for key, meaning in (
        ("label", "class, an index of label_names"),
        ("speaker", "number of the speaker"),
        ("trial", "how-manieth time the speaker says the word"),
        ("digit", "digit said"),
    ):
        numbers = np.array([getattr(clip, key) for clip in clips], dtype=np.int64)
        _describe(file.create_dataset(key, data=numbers), meaning)
    for key, texts, meaning in (
        ("language", [clip.language for clip in clips], "language spoken"),
        ("filename", [clip.filename for clip in clips], "name of the sound file in audio/"),
        ("split", splits, "list that the clip stands in, 'train' or 'test'"),
    ):
        encoded = [text.encode() for text in texts]
        kind = h5py.string_dtype("utf-8", max(map(len, encoded)))
        _describe(file.create_dataset(key, data=np.array(encoded, dtype=kind)), meaning)


def _describe(dataset: h5py.Dataset, meaning: str) -> None:
    dataset.attrs["axes"] = ["clip"]
    dataset.attrs["units"] = "none"
    dataset.attrs["meaning"] = meaning

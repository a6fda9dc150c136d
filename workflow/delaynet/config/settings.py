"""The sections of the configuration, as typed fields with their documentation as docstrings."""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SerializerFunctionWrapHandler,
    ValidationInfo,
    model_serializer,
    model_validator,
)

# validation context of settings that were written in full, such as `results/config.json`
RESOLVED = {"resolved": True}


class Settings(BaseModel):
    """Base of all settings: immutable, and a misspelt key is an error.

    A setting that was added later states the value that held before:
    `Field(default, json_schema_extra={"before": value})`. At that value it is not written, and
    settings that were written in full without it have that value. Earlier results therefore stay
    valid, and a user who omits the setting gets the default.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)

    @classmethod
    def former_values(cls) -> dict[str, Any]:
        """Return the values that held before their settings were added, by name."""
        extras = {name: field.json_schema_extra for name, field in cls.model_fields.items()}
        return {
            name: extra["before"]
            for name, extra in extras.items()
            if isinstance(extra, dict) and "before" in extra
        }

    @model_serializer(mode="wrap")
    def _omit_former_values(self, write: SerializerFunctionWrapHandler) -> dict[str, Any]:
        former = self.former_values()
        return {
            name: value
            for name, value in write(self).items()
            if name not in former or getattr(self, name) != former[name]
        }

    @model_validator(mode="before")
    @classmethod
    def _fill_in_former_values(cls, given: Any, info: ValidationInfo) -> Any:
        is_resolved = info.context == RESOLVED and isinstance(given, Mapping)
        return {**cls.former_values(), **given} if is_resolved else given


# one file per corpus; its name is a value of `corpus.source`
SOURCES = tuple(
    sorted(path.stem for path in Path(__file__).parents[1].glob("data/sources/[!_]*.py"))
)


def _check_source(name: str) -> str:
    if name not in SOURCES:
        raise ValueError(f"'{name}' is no source; there are {', '.join(SOURCES)}")
    return name


def _as_text(speaker: Any) -> Any:
    """Accept a speaker's number instead of a string."""
    is_number = isinstance(speaker, int) and not isinstance(speaker, bool)
    return str(speaker) if is_number else speaker


Speaker = Annotated[
    str, Field(min_length=1), BeforeValidator(_as_text, json_schema_input_type=str | int)
]


def _as_list(speakers: Any) -> Any:
    """Accept one speaker without a list."""
    return [speakers] if isinstance(speakers, str) else speakers


Speakers = Annotated[
    tuple[Speaker, ...],
    Field(min_length=1),
    BeforeValidator(
        _as_list, json_schema_input_type=Annotated[list[Speaker], Field(min_length=1)] | str
    ),
]


class CorpusSettings(Settings):
    """Where the recordings come from."""

    source: Annotated[
        str, AfterValidator(_check_source), Field(json_schema_extra={"enum": [*SOURCES]})
    ] = "synthetic"
    """A file of `workflow/delaynet/data/sources`. `synthetic` speaks the digits with eSpeak NG;
    `heidelberg` fetches the Heidelberg Digits, `fsdd` the Free Spoken Digit Dataset; `folder` reads
    recordings in the layout of the former; `table` reads any recordings, by a table that lists
    them; `speech_commands`, `shd` (also called `spikes`) and `ssc` read the Speech Commands, the
    Spiking Heidelberg Digits and the Spiking Speech Commands. Short form: `corpus: heidelberg`.
    """
    folder: str | None = Field(None, min_length=1)
    """For a source that reads your files, their folder. `source: folder`: the recordings (with
    `audio/` and the two filename lists); `speech_commands`, `shd`, `ssc`: the unpacked archives;
    `fsdd`, if it is not to be fetched: `recordings/`."""
    archive: str | None = Field(None, min_length=1)
    """For a source that is published as an archive (`heidelberg`, `fsdd`): an archive that is on
    disk already. By default it is downloaded into `resources/`."""
    published: str = Field("config/downloads.json", min_length=1)
    """For such a source, the file of URLs, mirrors and checksums."""
    faults: Literal["stop", "leave_out"] = "stop"
    """What happens when recordings are faulty: stop with a list of all faults, or leave them out
    and say so in the features file."""
    trials: int = Field(15, ge=1)
    """For `source: synthetic`, how often each speaker says each word; 240 clips per trial."""
    seed: int = Field(0, ge=0)
    """Seed of a generated corpus, such as `synthetic`, and of the splits that `table` draws."""
    table: str | None = Field(None, min_length=1, json_schema_extra={"before": None})
    """For `source: table`, a CSV or TSV file with a line for each recording: `file` (a path below
    the folder of the table), `word`, `speaker`, and optionally `split`, `language`, `trial`."""
    test_speakers: Speakers | None = Field(None, json_schema_extra={"before": None})
    """For `source: fsdd`, the speakers whose clips are the test list, and no training clips. By
    default the test list is the corpus's own: recordings 0 to 4 of each digit and speaker."""
    shared_speakers: Literal["allowed", "excluded"] = Field(
        "allowed", json_schema_extra={"before": "allowed"}
    )
    """For `source: table`, whether a speaker may be in several splits; if not, that is a fault."""


def _check_range(lowest: float, highest: float | None, limit: float = math.inf) -> None:
    """Refuse a range of mel bands, in Hz, that is empty or ends above a limit."""
    if highest is not None and highest > limit:
        raise ValueError(
            f"`highest_hz` is {highest:g}, above half of `sample_rate`; it is at most {limit:g}"
        )
    if lowest >= (end := limit if highest is None else highest):
        raise ValueError(f"`lowest_hz` is {lowest:g}, and the bands end at {end:g} Hz; lower it")


class DecibelFeatures(Settings):
    """From audio to mel features as the paper's authors compute them: decibels above a floor."""

    preset: Literal["authors"] = "authors"
    """`authors`: mel features in decibels, at one sampling rate; `stork`: mel features at each
    file's own rate, standardised file by file; `spikes`: counts of published spikes. Short
    form: `features: stork`."""
    sample_rate: int = Field(22050, ge=1000)
    """Sampling rate that all audio is brought to, in Hz."""
    preemphasis: float = Field(0.95, ge=0, lt=1)
    """Coefficient of the pre-emphasis filter."""
    fft_length: int = Field(512, ge=16)
    """Length of the Fourier transform and of its window, in samples."""
    hop_length: int = Field(220, ge=1)
    """Samples from one frame to the next; 220 is 10 ms, one time step of the network."""
    bands: int = Field(40, ge=2)
    """Mel bands: the input channels of the network."""
    lowest_hz: float = Field(0.0, ge=0, json_schema_extra={"before": 0.0})
    """Lower end of the mel bands, in Hz."""
    highest_hz: float | None = Field(None, gt=0, json_schema_extra={"before": None})
    """Upper end of the mel bands, in Hz. By default that of the corpus's source, if it names one;
    else half of `sample_rate`."""
    frames: int = Field(80, ge=2)
    """Frames per clip (cut, or padded with zero power): the time steps of a trial."""
    floor_db: float = Field(80.0, gt=0)
    """Floor below the clip's maximum, in dB."""
    scale: float = Field(0.0198, gt=0)
    """Input current per dB above the floor."""

    @model_validator(mode="after")
    def _bands_have_a_range(self) -> "DecibelFeatures":
        _check_range(self.lowest_hz, self.highest_hz, self.sample_rate / 2)
        return self


class StandardisedFeatures(Settings):
    """From audio to mel features as the library stork computes them: standardised file by file."""

    preset: Literal["stork"] = "stork"
    """See `authors`."""
    preemphasis: float = Field(0.95, ge=0, lt=1)
    """Coefficient of the pre-emphasis filter."""
    window_seconds: float = Field(0.025, gt=0)
    """Length of the Hamming window, in seconds."""
    hop_seconds: float = Field(0.01, gt=0)
    """Time from one frame to the next, one time step of the network, in seconds."""
    bands: int = Field(40, ge=2)
    """Mel bands: the input channels of the network."""
    lowest_hz: float = Field(0.0, ge=0, json_schema_extra={"before": 0.0})
    """Lower end of the mel bands, in Hz."""
    highest_hz: float | None = Field(None, gt=0, json_schema_extra={"before": None})
    """Upper end of the mel bands, in Hz. By default that of the corpus's source, if it names one;
    else half the sampling rate of each file."""
    frames: int = Field(80, ge=2)
    """Frames per clip (cut, or padded with the last one): the time steps of a trial."""
    scale: float = Field(1.0, gt=0)
    """Input current per standard deviation of the file's features."""

    @model_validator(mode="after")
    def _bands_have_a_range(self) -> "StandardisedFeatures":
        _check_range(self.lowest_hz, self.highest_hz)
        return self


class SpikeFeatures(Settings):
    """From the published spikes of 700 units to counts in bins of time and groups of units."""

    preset: Literal["spikes"] = "spikes"
    """See `authors`."""
    bands: int = Field(140, ge=1, le=700)
    """Groups of neighbouring units: the input channels of the network. Unit u is in group
    floor(u * bands / 700)."""
    bin_seconds: float = Field(0.01, gt=0)
    """Width of a bin, one time step of the network, in seconds."""
    frames: int = Field(100, ge=2)
    """Bins per clip, from its beginning; later spikes are cut: the time steps of a trial."""
    scale: float = Field(1.0, gt=0)
    """Input current per spike in a bin."""


def _with_preset(section: Any) -> Any:
    """Accept a preset's name instead of its settings; the default preset is the paper's."""
    if isinstance(section, str):
        return {"preset": section}
    if isinstance(section, Mapping):
        return {"preset": "authors", **section}
    return section


def _with_source(section: Any) -> Any:
    """Accept the name of a source instead of its settings."""
    return {"source": section} if isinstance(section, str) else section


PRESETS = ("authors", "stork", "spikes")
AnyFeatures = DecibelFeatures | StandardisedFeatures | SpikeFeatures
FeatureSettings = Annotated[
    Annotated[AnyFeatures, Field(discriminator="preset")],
    BeforeValidator(_with_preset, json_schema_input_type=AnyFeatures | str),
]
NamedCorpusSettings = Annotated[
    CorpusSettings, BeforeValidator(_with_source, json_schema_input_type=CorpusSettings | str)
]


class ModelSettings(Settings):
    """The network."""

    hidden: tuple[Annotated[int, Field(ge=1)], ...] = Field((256,), min_length=1)
    """Neurons of each hidden layer."""
    time_constant: float = Field(10.05, gt=1)
    """Membrane time constant of all neurons, in steps."""
    threshold: float = Field(1.0, gt=0)
    """Firing threshold of the hidden neurons."""
    surrogate_slope: float = Field(5.0, gt=0)
    """Slope of the surrogate gradient at the threshold (alpha)."""
    max_delay: int = Field(25, ge=1)
    """Number of taps: delays lie in 0 .. max_delay - 1 steps."""
    synapses_per_pair: int = Field(1, ge=1)
    """Synapses from one presynaptic to one postsynaptic unit, each with its own delay."""
    dropout: float = Field(0.4, ge=0, lt=1)
    """Share of hidden neurons that are dropped in a training trial, for all its steps."""
    excitatory_fraction: float = Field(0.5, ge=0, le=1)
    """Share of excitatory presynaptic units under Dale's principle."""
    positive_gain: bool = False
    """Keep the batch-norm gain positive; a negative one would reverse the signs of the inputs."""
    signs_drawn: Literal["from_seed", "unseeded"] = "from_seed"
    """Source of the fixed signs (Dale's principle, DEEP R): the run's seed, or the machine's
    entropy. The published code has the latter, because it draws signs before it sets the seed."""
    dale_when_dense: Literal["enforced", "not_enforced"] = "enforced"
    """Whether Dale's principle applies to `dense` networks too. `not_enforced` is the published
    code's choice: dense networks under `dale` are then the same as under `free`."""
    initial_delays: Literal["uniform", "clamped"] = "uniform"
    """`uniform`: every whole delay equally likely. `clamped`: uniform over [0, max_delay], clamped
    to max_delay - 1, and rounded only if delays are not learned, as in the published code; the last
    delay is then three times as likely as the first."""
    initial_weights: Literal["scaled", "published"] = Field(
        "scaled", json_schema_extra={"before": "scaled"}
    )
    """`scaled`: uniform up to 1 / sqrt(mean number of existing inputs of a neuron), in the output
    layer divided by the time constant. `published`: as in the published code, Kaiming uniform, up
    to sqrt(6 / inputs), with the inputs of the dense layer even if it is sparse; the same rule for
    every layer."""
    kernel: Literal["native", "dcls"] = Field("native", json_schema_extra={"before": "native"})
    """What builds the delay kernels: `native`, this project's own functions, or `dcls`, the
    published package. Both give the same network, to the precision of the numbers; `native` is the
    faster (docs/benchmark.md)."""


class TrainingSettings(Settings):
    """How a network is trained."""

    data: Literal[
        "natural",
        "permuted_channels",
        "scrambled_time",
        "shuffled_labels",
        "labels_by_heart",
        "whitened",
    ] = "natural"
    """The data for training and test: the clips as they are (`natural`), or a control.
    `permuted_channels`: one random order of the input channels per run. `scrambled_time`: a random
    order of the frames in each clip. `shuffled_labels`: labels shuffled among training clips and
    among validation clips; test labels stay true. `labels_by_heart`: the same with five training
    clips of each class, repeated, which networks learn by heart with `model.dropout: 0`.
    `whitened`: no correlations over channels and frames. All are drawn from the run's seed."""
    epochs: int = Field(150, ge=1)
    """Passes through the training clips."""
    batch_size: int = Field(256, ge=2)
    """Clips per step."""
    learning_rate: float = Field(1e-3, gt=0)
    """Base learning rate of weights (Adam)."""
    peak_factor: float = Field(5.0, ge=1)
    """Peak of the OneCycle schedule, as a multiple of `learning_rate`."""
    delay_learning_rate: float = Field(0.1, gt=0)
    """Learning rate of delays (Adam, cosine schedule)."""
    l1: float = Field(0.01, ge=0)
    """L1 penalty on the magnitudes of active connections; it drives the pruning of DEEP R."""
    l1_on: Literal["deep_r", "every_structure"] = Field(
        "deep_r", json_schema_extra={"before": "deep_r"}
    )
    """Which structures have the penalty: `deep_r` and `deep_r_rigl`, or every one, as in the
    published code."""
    initial_sigma: float = Field(12.0, gt=0)
    """Width of the delay kernel at the start, in steps."""
    final_sigma: float = Field(0.23, gt=0)
    """Width of the delay kernel after annealing, in steps."""
    annealing_fraction: float = Field(0.25, gt=0, le=1)
    """Share of the epochs over which the width falls."""
    growth: Literal["gradient", "magnitude", "random", "positive_gradient"] = "gradient"
    """Which dormant connections `deep_r_rigl` grows: those of most negative gradient, of largest
    magnitude of the gradient, at random, or of largest positive gradient (the authors' earlier
    version)."""
    pruning: Literal["at_once", "next_batch"] = "at_once"
    """When a connection is removed whose magnitude fell below zero. `at_once`: before it is used
    again; its Adam moments are cleared. `next_batch`: after one more batch with its sign reversed,
    as in the published code. Until then there are too many connections and Dale's principle is
    violated, also in evaluation and in the saved network. No moments are cleared, and those of
    dormant connections follow their gradients."""
    pruning_fraction: float = Field(0.5, gt=0, le=1)
    """Share of the epochs in which `magnitude` networks are pruned from dense to their sparsity.
    The last epoch always has it, and only epochs that have it can be selected."""
    validation_speakers: Speakers = ("11",)
    """Speakers held out of the training list to select the epoch, by name or number; ignored if the
    corpus has a validation list. `leave_one_out`: one speaker a run; of n speakers in the training
    list, sorted, seed k holds out number k modulo n, so that the choice is part of the spread."""
    select: Literal["validation_best", "last", "test_best"] = "validation_best"
    """The epoch whose network is kept. `test_best` is the published code's choice; it reads the
    test list every epoch and overstates accuracy."""
    accuracy: Literal["clips", "batch_means"] = "clips"
    """Validation and test accuracy. `clips`: correct / N. `batch_means`: mean of the shares of
    batches of `batch_size`, as in the published code; clips of a smaller last batch count more."""
    device: Literal["auto", "cpu", "cuda"] = "auto"
    """Where to compute; `auto` uses a GPU if there is one."""


class ExecutionSettings(Settings):
    """How the jobs run; nothing here changes a result, so a change reruns nothing."""

    checkpoint_seconds: float = Field(60.0, ge=0)
    """Minimum time between checkpoints of a training; 0 for one after every batch."""
    tensorboard: bool = False
    """Write curves for TensorBoard to `results/tensorboard`; needs the package `tensorboard`."""

"""The sections of the configuration, as typed fields: their docstrings are the documentation."""

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

# of the validation of settings that were written in full, as `results/config.json` is
RESOLVED = {"resolved": True}


class Settings(BaseModel):
    """Base of all settings: immutable, and a misspelt key is an error.

    A setting that joined later names the value that held before:
    `Field(default, json_schema_extra={"before": value})`. At that value it is not written down, and
    where settings were written in full without it, that is its value. So results from before it
    stay as they are, while a user who leaves it out has the default.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)

    @classmethod
    def before(cls) -> dict[str, Any]:
        """Return the values that held before their settings joined, by name."""
        extras = {name: field.json_schema_extra for name, field in cls.model_fields.items()}
        return {
            name: extra["before"]
            for name, extra in extras.items()
            if isinstance(extra, dict) and "before" in extra
        }

    @model_serializer(mode="wrap")
    def _without_what_held_before(self, write: SerializerFunctionWrapHandler) -> dict[str, Any]:
        before = self.before()
        return {
            name: value
            for name, value in write(self).items()
            if name not in before or getattr(self, name) != before[name]
        }

    @model_validator(mode="before")
    @classmethod
    def _with_what_held_before(cls, given: Any, info: ValidationInfo) -> Any:
        is_resolved = info.context == RESOLVED and isinstance(given, Mapping)
        return {**cls.before(), **given} if is_resolved else given


# one file a corpus: its name is what `corpus.source` may be
SOURCES = tuple(
    sorted(path.stem for path in Path(__file__).parents[1].glob("data/sources/[!_]*.py"))
)


def _known_source(name: str) -> str:
    if name not in SOURCES:
        raise ValueError(f"'{name}' is no source; there are {', '.join(SOURCES)}")
    return name


class CorpusSettings(Settings):
    """Where the recordings come from."""

    source: Annotated[
        str, AfterValidator(_known_source), Field(json_schema_extra={"enum": [*SOURCES]})
    ] = "synthetic"
    """A file of `workflow/delaynet/data/sources`. `synthetic` speaks the digits with eSpeak NG;
    `heidelberg` fetches the Heidelberg Digits; `folder` reads recordings in their layout; `spikes`
    reads the Spiking Heidelberg Digits. Alone it can stand for the section: `corpus: heidelberg`.
    """
    folder: str | None = Field(None, min_length=1)
    """For a source that reads files of yours, where they are. `source: folder`: the folder of
    recordings (with `audio/` and the two filename lists); `source: spikes`: the one of
    `shd_train.h5` and `shd_test.h5`."""
    archive: str | None = Field(None, min_length=1)
    """For a source that is published as an archive (`heidelberg`), one that is on disk already;
    without it, the archive is fetched into `resources/`."""
    published: str = Field("config/downloads.json", min_length=1)
    """For such a source, the file of URLs, mirrors and checksums."""
    faults: Literal["stop", "leave_out"] = "stop"
    """What happens when recordings are faulty: stop with a list of all faults, or leave them out
    and say so in the features file."""
    trials: int = Field(15, ge=1)
    """For `source: synthetic`, how often each speaker says each word; 240 clips a trial."""
    seed: int = Field(0, ge=0)
    """Seed of a corpus that is drawn, such as `synthetic`."""


class DecibelFeatures(Settings):
    """From audio to mel features as the paper's authors compute them: decibels above a floor."""

    preset: Literal["authors"] = "authors"
    """`authors`: mel features in decibels, at one sampling rate; `stork`: mel features at each
    file's own rate, standardised file by file; `spikes`: counts of the published spikes. Alone it
    can stand for the section: `features: stork`."""
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
    frames: int = Field(80, ge=2)
    """Frames per clip (cut, or padded with zero power): the time steps of a trial."""
    floor_db: float = Field(80.0, gt=0)
    """Floor below the clip's maximum, in dB."""
    scale: float = Field(0.0198, gt=0)
    """Input current per dB above the floor."""


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
    frames: int = Field(80, ge=2)
    """Frames per clip (cut, or padded with the last one): the time steps of a trial."""
    scale: float = Field(1.0, gt=0)
    """Input current per standard deviation of the file's features."""


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
    """Bins per clip, from its begin; later spikes are cut: the time steps of a trial."""
    scale: float = Field(1.0, gt=0)
    """Input current per spike in a bin."""


def _with_preset(section: Any) -> Any:
    """Let a preset's name stand for its settings, and the paper's stand for no name."""
    if isinstance(section, str):
        return {"preset": section}
    if isinstance(section, Mapping):
        return {"preset": "authors", **section}
    return section


def _with_source(section: Any) -> Any:
    """Let the name of a source stand for its settings."""
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
    """Share of hidden neurons left out of a training trial, for all its steps."""
    excitatory_fraction: float = Field(0.5, ge=0, le=1)
    """Share of excitatory presynaptic units under Dale's principle."""
    positive_gain: bool = False
    """Keep the batch-norm gain positive, so that it can never flip the sign of an input."""
    signs_drawn: Literal["from_seed", "unseeded"] = "from_seed"
    """Where fixed signs (Dale's principle, DEEP R) are drawn from: the run's seed, or the machine's
    entropy, as in the published code, which draws them before it sets the seed."""
    dale_when_dense: Literal["enforced", "not_enforced"] = "enforced"
    """Whether Dale's principle binds `dense` networks too. `not_enforced` is the published code's
    choice: a dense network under `dale` is then one under `free`."""
    initial_delays: Literal["uniform", "clamped"] = "uniform"
    """`uniform`: every whole delay equally likely. `clamped`: uniform over [0, max_delay], clamped
    to max_delay - 1, so that the last is three times as likely as the first, and rounded only where
    delays are not learned, as in the published code."""
    initial_weights: Literal["scaled", "published"] = Field(
        "scaled", json_schema_extra={"before": "scaled"}
    )
    """`scaled`: uniform up to 1 / sqrt(mean number of inputs that a neuron really has), the output
    layer's divided by the time constant. `published`: as in the published code, Kaiming uniform, up
    to sqrt(6 / inputs) of the dense layer, of which a sparse one keeps its connections; every layer
    alike."""
    kernel: Literal["native", "dcls"] = Field("native", json_schema_extra={"before": "native"})
    """What builds the delay kernels: `native`, this project's own functions, or `dcls`, the
    published package. Both give the same network, to the precision of the numbers; `native` is the
    faster (docs/benchmark.md)."""


def _as_text(speaker: Any) -> Any:
    """Let a speaker's number stand for its text."""
    is_number = isinstance(speaker, int) and not isinstance(speaker, bool)
    return str(speaker) if is_number else speaker


Speaker = Annotated[
    str, Field(min_length=1), BeforeValidator(_as_text, json_schema_input_type=str | int)
]


class TrainingSettings(Settings):
    """How a network is trained."""

    data: Literal["natural", "permuted_channels", "scrambled_time", "shuffled_labels"] = "natural"
    """What the network is trained and tested on: the clips as they are, or a control.
    `permuted_channels`: input channels in another order, one order a run. `scrambled_time`: frames
    in another order, each clip in one of its own. `shuffled_labels`: training clips exchange their
    labels, and validation clips theirs; test labels stay true. All drawn from the run's seed."""
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
    """L1 penalty on the magnitudes of active connections, the pressure that prunes under DEEP R."""
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
    """Which dormant connections `deep_r_rigl` grows: most negative gradient, largest magnitude of
    gradient, at random, or largest positive gradient (the authors' earlier version)."""
    pruning: Literal["at_once", "next_batch"] = "at_once"
    """When a connection whose magnitude fell below zero goes. `at_once`: before anything uses it,
    its Adam moments cleared. `next_batch`: after it has served one more batch with its sign turned
    round, as in the published code; until then there are too many connections and Dale's principle
    is broken, in evaluation and in the saved network too. No moments are cleared then, and those of
    dormant connections follow their gradients."""
    pruning_fraction: float = Field(0.5, gt=0, le=1)
    """Share of the epochs over which `magnitude` networks fall from dense to their sparsity, which
    the last epoch has in any case. Only epochs that have it can be selected."""
    validation_speakers: tuple[Speaker, ...] = Field(("11",), min_length=1)
    """Speakers held out of the training list for the choice of the epoch, by name or number; of no
    consequence where the corpus has a validation list."""
    select: Literal["validation_best", "last", "test_best"] = "validation_best"
    """The epoch whose network is kept. `test_best` is the published code's choice; it reads the
    test list every epoch and overstates accuracy."""
    accuracy: Literal["clips", "batch_means"] = "clips"
    """Validation and test accuracy. `clips`: correct / N. `batch_means`: mean of the shares of
    batches of `batch_size`, as in the published code; clips of a smaller last batch count more."""
    device: Literal["auto", "cpu", "cuda"] = "auto"
    """Where to compute; `auto` takes a GPU where there is one."""


class ExecutionSettings(Settings):
    """How the jobs run; nothing here changes a result, so a change reruns nothing."""

    checkpoint_seconds: float = Field(60.0, ge=0)
    """Least time from one checkpoint of a training to the next; 0 for one after every batch."""
    tensorboard: bool = False
    """Write curves for TensorBoard to `results/tensorboard`; needs the package `tensorboard`."""

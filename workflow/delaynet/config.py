"""The configuration as typed fields, the grid of variants, and the sentences for wrong input.

`Config` is what `config/*.yaml` may hold; `workflow/schemas/config.schema.json` and the tables of
`config/README.md` are written from it (`delaynet schema`), so that they cannot drift from the code.
"""

import json
from collections.abc import Iterator, Mapping
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple, TypeVar

import yaml
from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    model_validator,
)

from delaynet.errors import UserError

Delays = Literal["none", "fixed", "learned", "frozen"]
Structure = Literal["dense", "static", "static_connected", "deep_r", "deep_r_rigl"]
Dale = Literal["free", "dale"]

STRUCTURES_WITHOUT_SPARSITY: tuple[str, ...] = ("dense",)
REWIRED_STRUCTURES: tuple[str, ...] = ("deep_r", "deep_r_rigl")


def canonical_sparsity(text: str) -> str:
    """Return a sparsity as it stands in paths: plain decimal digits, no trailing zeros.

    Sparsities travel as strings, so that 0.9375 is never `0.93750001` in a folder's name.

    Raises:
        ValueError: not a number, or not in [0, 1).
    """
    try:
        value = Decimal(text)
    except InvalidOperation:
        raise ValueError(f"'{text}' is not a number; write it in quotes, as '0.9375'") from None
    if not value.is_finite() or not 0 <= value < 1:
        raise ValueError(f"'{text}' is not a sparsity, which is at least 0 and less than 1")
    return format(value.normalize(), "f") if value else "0"


AnySettings = TypeVar("AnySettings", bound="Settings")
Sparsity = Annotated[str, AfterValidator(canonical_sparsity)]


class Settings(BaseModel):
    """Base of all settings: immutable, and a misspelt key is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


class CorpusSettings(Settings):
    """Where the recordings come from."""

    source: Literal["synthetic", "folder"] = "synthetic"
    """`synthetic` speaks the digits with eSpeak NG; `folder` reads recordings in the layout of the
    Heidelberg Digits."""
    folder: str | None = Field(None, min_length=1)
    """Folder of recordings (with `audio/` and the two filename lists), for `source: folder`."""
    trials: int = Field(15, ge=1)
    """How often each synthetic speaker says each word; 240 clips a trial."""
    seed: int = Field(0, ge=0)
    """Seed of the synthetic corpus."""

    @model_validator(mode="after")
    def _folder_is_named(self) -> "CorpusSettings":
        if (self.source == "folder") != (self.folder is not None):
            raise ValueError(
                "`folder` names the recordings for `source: folder`, and only for that source"
            )
        return self


class FeatureSettings(Settings):
    """From audio to mel features."""

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
    signs: Literal["from_seed", "unseeded"] = "from_seed"
    """Where fixed signs (Dale's principle, DEEP R) are drawn from: the run's seed, or the machine's
    entropy, as in the published code, which draws them before it sets the seed."""
    dale_when_dense: Literal["enforced", "not_enforced"] = "enforced"
    """Whether Dale's principle binds `dense` networks too. `not_enforced` is the published code's
    choice: a dense network under `dale` is then one under `free`."""
    initial_delays: Literal["uniform", "clamped"] = "uniform"
    """`uniform`: every delay equally likely; `clamped`: uniform over [-1, max_delay - 1], clamped
    at 0 and rounded, as in the published code."""


class TrainingSettings(Settings):
    """How a network is trained."""

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
    """L1 penalty on the magnitudes of active connections, the pressure that prunes under DEEP R;
    other structures have none."""
    initial_sigma: float = Field(12.0, gt=0)
    """Width of the delay kernel at the start, in steps."""
    final_sigma: float = Field(0.23, gt=0)
    """Width of the delay kernel after annealing, in steps."""
    annealing_fraction: float = Field(0.25, gt=0, le=1)
    """Share of the epochs over which the width falls."""
    growth: Literal["gradient", "magnitude", "random", "v1"] = "gradient"
    """Which dormant connections `deep_r_rigl` grows: most negative gradient, largest magnitude of
    gradient, at random, or largest positive gradient (`v1`, the authors' earlier version)."""
    pruning: Literal["at_once", "next_batch"] = "at_once"
    """When a connection whose magnitude fell below zero goes. `at_once`: before anything uses it,
    its Adam moments cleared. `next_batch`: after it has served one more batch with its sign turned
    round, as in the published code; until then there are too many connections and Dale's principle
    is broken, in evaluation and in the saved network too."""
    validation_speakers: tuple[Annotated[int, Field(ge=0)], ...] = Field((11,), min_length=1)
    """Speakers held out of the training list for the choice of the epoch."""
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


def check_sparsity(structure: str, sparsity: str) -> None:
    """Raise a ValueError where a structure cannot have this sparsity."""
    if structure in STRUCTURES_WITHOUT_SPARSITY and sparsity != "0":
        raise ValueError(f"structure '{structure}' has sparsity '0', not '{sparsity}'")
    if structure not in STRUCTURES_WITHOUT_SPARSITY and sparsity == "0":
        raise ValueError(
            f"structure '{structure}' needs a sparsity above 0; "
            "use 'dense' for a network with every connection"
        )


SECTIONS_OF_VARIANTS: dict[str, type[Settings]] = {
    "model": ModelSettings,
    "training": TrainingSettings,
}


class GridBlock(Settings):
    """A product of variants."""

    delays: tuple[Delays, ...] = Field(min_length=1)
    """How delays come about."""
    structure: tuple[Structure, ...] = Field(min_length=1)
    """How connections come about."""
    dale: tuple[Dale, ...] = Field(("free",), min_length=1)
    """`dale`: a presynaptic unit is excitatory or inhibitory, never both; `free`: no such bond."""
    sparsity: tuple[Sparsity, ...] = Field(("0",), min_length=1)
    """Shares of connections that do not exist, as quoted decimals: '0' for `dense`, more for the
    others."""

    @model_validator(mode="after")
    def _sparsity_fits_structure(self) -> "GridBlock":
        for structure in self.structure:
            for sparsity in self.sparsity:
                check_sparsity(structure, sparsity)
        return self


class Run(NamedTuple):
    """One point of the grid: a variant, a sparsity and a seed."""

    delays: str
    structure: str
    dale: str
    sparsity: str
    seed: int

    @property
    def variant(self) -> str:
        """Name of the variant, as in paths: `<delays>-<structure>-<free|dale>`."""
        return f"{self.delays}-{self.structure}-{self.dale}"

    @property
    def folder(self) -> str:
        """The run folder below `results/runs`."""
        return f"{self.variant}/sparsity-{self.sparsity}/seed-{self.seed}"


class RunSettings(Settings):
    """Everything that one training needs to know, apart from its features file."""

    delays: Delays
    structure: Structure
    dale: Dale
    sparsity: Sparsity
    seed: int = Field(ge=0)
    model: ModelSettings
    training: TrainingSettings

    @model_validator(mode="after")
    def _sparsity_fits_structure(self) -> "RunSettings":
        check_sparsity(self.structure, self.sparsity)
        return self

    @property
    def obeys_dale(self) -> bool:
        """Whether a presynaptic unit of this network has one sign."""
        is_exempt = self.structure == "dense" and self.model.dale_when_dense == "not_enforced"
        return self.dale == "dale" and not is_exempt

    @property
    def run(self) -> Run:
        """The grid point."""
        return Run(self.delays, self.structure, self.dale, self.sparsity, self.seed)


class Config(Settings):
    """The whole configuration."""

    name: str = Field(pattern=r"^[a-z][a-z0-9_-]*$")
    """Name of this set of experiments, printed in the manuscript."""
    corpus: CorpusSettings = CorpusSettings()
    features: FeatureSettings = FeatureSettings()
    model: ModelSettings = ModelSettings()
    training: TrainingSettings = TrainingSettings()
    # left out of what is written down with the results, and handed to the rules by itself
    execution: ExecutionSettings = Field(ExecutionSettings(), exclude=True)
    grid: tuple[GridBlock, ...] = Field(min_length=1)
    """Blocks of variants; the grid is their union."""
    seeds: int = Field(ge=1)
    """Every variant is trained with seeds 0 .. seeds - 1."""
    variants: dict[str, dict[str, dict[str, Any]]] = {}
    """Settings of single variants, over the common ones:
    `{<variant>: {model: {}, training: {}}}`."""

    @model_validator(mode="after")
    def _variants_exist(self) -> "Config":
        known = sorted({run.variant for run in self.runs()})
        for variant, sections in self.variants.items():
            if variant not in known:
                raise ValueError(
                    f"`variants` names '{variant}', which the grid does not hold; "
                    f"it holds {', '.join(known)}"
                )
            if unknown := sorted(set(sections) - set(SECTIONS_OF_VARIANTS)):
                raise ValueError(
                    f"`variants.{variant}` has the section '{unknown[0]}'; allowed: model, training"
                )
            for section, kind in SECTIONS_OF_VARIANTS.items():
                try:
                    kind.model_validate(sections.get(section, {}))
                except ValidationError as error:
                    where = f"variants.{variant}.{section}."
                    raise UserError(_sentence(error, "configuration", where)) from None
        return self

    def runs(self) -> Iterator[Run]:
        """Yield every grid point once, in the order of the blocks."""
        seen = dict.fromkeys(
            Run(delays, structure, dale, sparsity, seed)
            for block in self.grid
            for delays in block.delays
            for structure in block.structure
            for dale in block.dale
            for sparsity in block.sparsity
            for seed in range(self.seeds)
        )
        yield from seen

    def _sections_of(self, variant: str) -> tuple[ModelSettings, TrainingSettings]:
        over = self.variants.get(variant, {})
        return (
            ModelSettings.model_validate(self.model.model_dump() | over.get("model", {})),
            TrainingSettings.model_validate(self.training.model_dump() | over.get("training", {})),
        )

    def resolve(self, run: Run) -> RunSettings:
        """Return the settings of one run, single variants' settings applied."""
        model, training = self._sections_of(run.variant)
        return RunSettings(**run._asdict(), model=model, training=training)


def _sentence(error: ValidationError, where: str, prefix: str = "") -> str:
    """Say in one sentence what the first of a validation's errors is."""
    first = error.errors()[0]
    key = prefix + ".".join(str(part) for part in first["loc"])
    if not key:
        key = "the whole"
    more = f" ({error.error_count() - 1} more after this)" if error.error_count() > 1 else ""
    message = first["msg"].removeprefix("Value error, ")
    message = message[0].lower() + message[1:]
    match first["type"]:
        case "extra_forbidden":
            return f"{where}: unknown key `{key}`; config/README.md lists every key{more}."
        case "missing":
            return f"{where}: the key `{key}` is missing; see config/README.md{more}."
        case "value_error":
            return f"{where}: `{key}`: {message}{more}."
    value = json.dumps(first["input"], default=str)
    return f"{where}: `{key}` is {value}: {message}{more}."


def parse_config(content: Mapping[str, Any], where: str = "configuration") -> Config:
    """Check a configuration and return it typed.

    Raises:
        UserError: one sentence with the key, the value and what is allowed.
    """
    try:
        return Config.model_validate(content)
    except ValidationError as error:
        raise UserError(_sentence(error, where)) from None


def parse_settings(kind: type[AnySettings], text: str) -> AnySettings:
    """Read settings from JSON.

    Args:
        kind: of settings.
        text: JSON.

    Raises:
        UserError: one sentence with the key, the value and what is allowed.
    """
    try:
        return kind.model_validate_json(text)
    except ValidationError as error:
        raise UserError(_sentence(error, "settings")) from None


def load_config(path: Path) -> Config:
    """Read and check a configuration file.

    Raises:
        UserError: no such file, not YAML, or not a valid configuration.
    """
    try:
        content = yaml.safe_load(path.read_text())
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror}).") from None
    except yaml.YAMLError as error:
        raise UserError(f"{path}: is not YAML: {' '.join(str(error).split())}.") from None
    return parse_config(content if isinstance(content, dict) else {}, str(path))

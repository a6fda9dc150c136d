"""The configuration as typed fields, the grid of variants, and error messages for wrong input.

`Config` is what `config/*.yaml` may hold; `workflow/schemas/config.schema.json` and the tables of
`config/README.md` are generated from it (`delaynet schema`).
"""

import json
from collections.abc import Iterator, Mapping
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, NamedTuple

import yaml
from pydantic import AfterValidator, Field, TypeAdapter, ValidationError, model_validator

from delaynet.config.errors import UserError
from delaynet.config.settings import (
    PRESETS,
    RESOLVED,
    CorpusSettings,
    DecibelFeatures,
    ExecutionSettings,
    FeatureSettings,
    ModelSettings,
    NamedCorpusSettings,
    Settings,
    TrainingSettings,
)
from delaynet.config.variants import DELAYS, SIGNS, STRUCTURES, meanings

if TYPE_CHECKING:  # a type checker cannot read choices that are computed
    Delays = str
    Structure = str
    Signs = str
else:
    Delays = Literal[*DELAYS]
    Structure = Literal[*STRUCTURES]
    Signs = Literal[*SIGNS]


def canonical_sparsity(text: str) -> str:
    """Return a sparsity as written in paths: plain decimal digits, no trailing zeros.

    Sparsities are strings: a folder's name has 0.9375, never `0.93750001`.

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


Sparsity = Annotated[str, AfterValidator(canonical_sparsity)]


def check_sparsity(structure: str, sparsity: str) -> None:
    """Raise a ValueError where a structure cannot have this sparsity."""
    has_sparsity = STRUCTURES[structure].has_sparsity
    if not has_sparsity and sparsity != "0":
        raise ValueError(f"structure '{structure}' has sparsity '0', not '{sparsity}'")
    if has_sparsity and sparsity == "0":
        raise ValueError(
            f"structure '{structure}' needs a sparsity above 0; "
            "use 'dense' for a network with every connection"
        )


# of single variants or conditions: section -> setting -> value
Overrides = dict[str, dict[str, Any]]
SECTIONS_OF_VARIANTS: dict[str, type[Settings]] = {
    "model": ModelSettings,
    "training": TrainingSettings,
}


# the condition without settings of its own, on which the claims are decided
STANDARD = "standard"
Condition = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]


class GridBlock(Settings):
    """A product of variants."""

    delays: tuple[Delays, ...] = Field(
        min_length=1, description=f"How delays come about. {meanings(DELAYS)}"
    )
    structure: tuple[Structure, ...] = Field(
        min_length=1, description=f"How connections come about. {meanings(STRUCTURES)}"
    )
    signs: tuple[Signs, ...] = Field(("free",), min_length=1, description=meanings(SIGNS))
    sparsity: tuple[Sparsity, ...] = Field(("0",), min_length=1)
    """Shares of connections that do not exist, as quoted decimals: '0' for `dense`, more for the
    others."""
    condition: tuple[Condition, ...] = Field((STANDARD,), min_length=1)
    """Names from `conditions`; `standard` has no settings of its own."""
    seeds: int | None = Field(None, ge=1)
    """Number of seeds of this block; by default the common number."""

    @model_validator(mode="after")
    def _sparsity_fits_structure(self) -> "GridBlock":
        for structure in self.structure:
            for sparsity in self.sparsity:
                check_sparsity(structure, sparsity)
        return self


class Point(NamedTuple):
    """One point of the grid: a variant at a sparsity, under a condition."""

    delays: str
    structure: str
    signs: str
    sparsity: str
    condition: str = STANDARD

    @property
    def variant(self) -> str:
        """Name of the variant, as in paths: `<delays>-<structure>-<free|dale>`."""
        return f"{self.delays}-{self.structure}-{self.signs}"

    @property
    def standard(self) -> "Point":
        """The same networks under the condition `standard`."""
        return self._replace(condition=STANDARD)


class Run(NamedTuple):
    """One training: a point of the grid and a seed, flat as in the columns of tables."""

    delays: str
    structure: str
    signs: str
    sparsity: str
    seed: int
    condition: str = STANDARD

    @property
    def point(self) -> Point:
        """The point of the grid, which all its seeds share."""
        return Point(self.delays, self.structure, self.signs, self.sparsity, self.condition)

    @property
    def variant(self) -> str:
        """Name of the variant (see `Point`)."""
        return self.point.variant

    @property
    def folder(self) -> str:
        """The run folder below `results/runs`."""
        return f"{self.condition}/{self.variant}/sparsity-{self.sparsity}/seed-{self.seed}"


class RunSettings(Settings):
    """All settings of one training, apart from its features file."""

    delays: Delays
    structure: Structure
    signs: Signs
    sparsity: Sparsity
    seed: int = Field(ge=0)
    condition: Condition = STANDARD
    model: ModelSettings
    training: TrainingSettings

    @model_validator(mode="after")
    def _sparsity_fits_structure(self) -> "RunSettings":
        check_sparsity(self.structure, self.sparsity)
        return self

    @property
    def run(self) -> Run:
        """The run: its grid point and its seed."""
        return Run(
            self.delays, self.structure, self.signs, self.sparsity, self.seed, self.condition
        )


class Config(Settings):
    """The whole configuration."""

    name: str = Field(pattern=r"^[a-z][a-z0-9_-]*$")
    """Name of this set of experiments, printed in the manuscript."""
    corpus: NamedCorpusSettings = CorpusSettings()
    features: FeatureSettings = DecibelFeatures()
    model: ModelSettings = ModelSettings()
    training: TrainingSettings = TrainingSettings()
    # not written with the results; rules get it separately
    execution: ExecutionSettings = Field(ExecutionSettings(), exclude=True)
    grid: tuple[GridBlock, ...] = Field(min_length=1)
    """Blocks of variants; the grid is their union."""
    seeds: int = Field(ge=1)
    """Number of seeds that every variant is trained with, unless its block sets its own number."""
    first_seed: int = Field(0, ge=0, json_schema_extra={"before": 0})
    """The lowest seed; the others follow it. A study on fresh seeds begins where the last ended."""
    variants: dict[str, Overrides] = Field({})
    """Settings of single variants, which override the common ones:
    `{<variant>: {model: {}, training: {}}}`."""
    conditions: dict[Condition, Overrides] = Field({})
    """Settings of single conditions, such as controls and sweeps, which override the variant's:
    `{<condition>: {model: {}, training: {}}}`."""

    @model_validator(mode="after")
    def _variants_exist(self) -> "Config":
        variants = sorted({run.variant for run in self.runs()})
        for variant, sections in self.variants.items():
            if variant not in variants:
                raise ValueError(
                    f"`variants` names '{variant}', which the grid does not hold; "
                    f"it holds {', '.join(variants)}"
                )
            _check_overrides(f"variants.{variant}", sections)
        return self

    @model_validator(mode="after")
    def _conditions_exist(self) -> "Config":
        if STANDARD in self.conditions:
            raise ValueError(
                f"`conditions` gives settings to '{STANDARD}', which has none of its own; "
                "set them in `model` and `training`, or name another condition"
            )
        conditions = (STANDARD, *self.conditions)
        named = [name for block in self.grid for name in block.condition]
        for condition in named:
            if condition not in conditions:
                raise ValueError(
                    f"`grid` names the condition '{condition}', which `conditions` does not hold; "
                    f"there are {', '.join(conditions)}"
                )
        if STANDARD not in named:
            raise ValueError(
                f"`grid` holds no run of the condition '{STANDARD}', which figures and claims are "
                "about; add it to the `condition` of a block"
            )
        for condition, sections in self.conditions.items():
            _check_overrides(f"conditions.{condition}", sections)
        return self

    def runs(self) -> Iterator[Run]:
        """Yield every grid point once, in the order of the blocks."""
        yield from dict.fromkeys(
            Run(delays, structure, signs, sparsity, seed, condition)
            for block in self.grid
            for condition in block.condition
            for delays in block.delays
            for structure in block.structure
            for signs in block.signs
            for sparsity in block.sparsity
            for seed in range(self.first_seed, self.first_seed + (block.seeds or self.seeds))
        )

    def resolve(self, run: Run) -> RunSettings:
        """Return the settings of one run, including those of its variant and its condition."""
        sections = {}
        for name, kind in SECTIONS_OF_VARIANTS.items():
            overrides = [
                self.variants.get(run.variant, {}).get(name, {}),
                self.conditions.get(run.condition, {}).get(name, {}),
            ]
            sections[name] = kind.model_validate(
                getattr(self, name).model_dump() | overrides[0] | overrides[1], context=RESOLVED
            )
        return RunSettings(**run._asdict(), **sections)


def _check_overrides(where: str, sections: Overrides) -> None:
    """Refuse settings of a variant or a condition that do not exist in model or training."""
    if unknown := sorted(set(sections) - set(SECTIONS_OF_VARIANTS)):
        raise ValueError(f"`{where}` has the section '{unknown[0]}'; allowed: model, training")
    for section, kind in SECTIONS_OF_VARIANTS.items():
        try:
            kind.model_validate(sections.get(section, {}))
        except ValidationError as error:
            prefix = f"{where}.{section}."
            raise UserError(_sentence(error, "configuration", prefix)) from None


def _sentence(error: ValidationError, where: str, prefix: str = "") -> str:
    """Return one sentence on the first of a validation's errors."""
    first = error.errors()[0]
    # pydantic puts a preset's name between a section and its key
    path = [str(part) for part in first["loc"]]
    key = prefix + ".".join(path[:1] + [part for part in path[1:] if part not in PRESETS])
    more = f" ({error.error_count() - 1} more after this)" if error.error_count() > 1 else ""
    message = first["msg"].removeprefix("Value error, ")
    message = message[0].lower() + message[1:]
    match first["type"]:
        case "extra_forbidden":
            return f"{where}: unknown key `{key}`; config/README.md lists every key{more}."
        case "missing":
            return f"{where}: the key `{key}` is missing; see config/README.md{more}."
        case "value_error":
            return f"{where}: `{key}`: {message}{more}." if key else f"{where}: {message}{more}."
        case "union_tag_invalid":
            tag, allowed = first["ctx"]["tag"], first["ctx"]["expected_tags"]
            return f"{where}: `{key}.preset` is '{tag}'; allowed: {allowed}{more}."
    value = json.dumps(first["input"], default=str)
    return f"{where}: `{key}` is {value}: {message}{more}."


def parse_config(
    content: Mapping[str, Any], where: str = "configuration", is_resolved: bool = False
) -> Config:
    """Check a configuration and return it typed.

    An error begins with `where`. `is_resolved`: this project, not a user, wrote it, in full.

    Raises:
        UserError: one sentence with the key, the value and what is allowed.
    """
    try:
        return Config.model_validate(content, context=RESOLVED if is_resolved else None)
    except ValidationError as error:
        raise UserError(_sentence(error, where)) from None


def parse_settings(kind: Any, text: str) -> Any:
    """Read settings of a type such as `RunSettings` from JSON, written in full.

    Raises:
        UserError: one sentence with the key, the value and what is allowed.
    """
    try:
        return TypeAdapter(kind).validate_json(text, context=RESOLVED)
    except ValidationError as error:
        raise UserError(_sentence(error, "settings")) from None


def load_config(path: Path) -> Config:
    """Read and check a configuration file: YAML by a user, or JSON that this project wrote in full.

    Raises:
        UserError: no such file, not a text, not YAML, or not a valid configuration.
    """
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror}).") from None
    except UnicodeDecodeError as error:
        raise UserError(f"{path}: is not a text in UTF-8 ({error.reason}).") from None
    except yaml.YAMLError as error:
        raise UserError(f"{path}: is not YAML: {' '.join(str(error).split())}.") from None
    content = content if isinstance(content, dict) else {}
    return parse_config(content, str(path), is_resolved=path.suffix == ".json")

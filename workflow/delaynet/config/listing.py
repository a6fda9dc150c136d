"""Every setting of a configuration, one by one, named as in tables and manuscript."""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from pydantic import BaseModel

from delaynet.config.grid import SECTIONS_OF_VARIANTS, Config, Overrides


class Setting(NamedTuple):
    """A setting: its key in the configuration, its value, its meaning in one line."""

    key: str
    value: Any
    description: str


def settings_of(config: Config) -> Iterator[Setting]:
    """Yield every setting, including the grid's blocks and all overrides."""
    for name, field in Config.model_fields.items():
        match name:
            case "grid":
                for index, block in enumerate(config.grid):
                    yield from _section(f"grid.{index}", block)
            case "variants" | "conditions":
                yield from _overrides(name, getattr(config, name))
            case "first_seed" if name not in config.model_dump():
                continue
            case "name" | "seeds" | "first_seed":
                yield Setting(name, getattr(config, name), _one_line(field.description))
            case _:
                yield from _section(name, getattr(config, name))


def _section(prefix: str, section: BaseModel) -> Iterator[Setting]:
    for name in section.model_dump():
        description = type(section).model_fields[name].description
        yield Setting(f"{prefix}.{name}", getattr(section, name), _one_line(description))


def _overrides(prefix: str, overrides_by_name: Mapping[str, Overrides]) -> Iterator[Setting]:
    for name_of_overrides, sections in overrides_by_name.items():
        for section, overrides in sections.items():
            for name, value in overrides.items():
                description = SECTIONS_OF_VARIANTS[section].model_fields[name].description
                key = f"{prefix}.{name_of_overrides}.{section}.{name}"
                yield Setting(key, value, _one_line(description))


def _one_line(description: str | None) -> str:
    return " ".join((description or "").split())

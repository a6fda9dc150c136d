"""The configuration's JSON schema and its table of keys, generated from the typed fields."""

import json
from collections.abc import Iterator
from typing import get_args

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from delaynet.config.grid import Config, GridBlock
from delaynet.config.settings import PRESETS, AnyFeatures


def schema() -> str:
    """Return the JSON schema (2020-12) of the configuration, as text."""
    content = {"$schema": "https://json-schema.org/draft/2020-12/schema"}
    return json.dumps(content | Config.model_json_schema(), indent=2) + "\n"


def key_table() -> str:
    """Return a Markdown table of every key, its default and its description."""
    lines = ["| key | default | what it is |", "| --- | --- | --- |"]
    lines += [f"| `{key}` | {default} | {text} |" for key, default, text in _keys(Config, "")]
    return "\n".join(lines) + "\n"


def _keys(model: type[BaseModel], prefix: str) -> Iterator[tuple[str, str, str]]:
    """Yield key, default and description of every field, in order."""
    for name, field in model.model_fields.items():
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            yield from _keys(field.annotation, f"{prefix}{name}.")
            continue
        if name == "features":
            yield from _feature_keys(f"{prefix}{name}.")
            continue
        yield f"{prefix}{name}", _default(field), " ".join((field.description or "").split())
        if GridBlock in get_args(field.annotation):
            yield from _keys(GridBlock, f"{prefix}{name}[].")


def _feature_keys(prefix: str) -> Iterator[tuple[str, str, str]]:
    """Yield the keys of each preset of the features, `preset` itself once."""
    for preset, kind in zip(PRESETS, get_args(AnyFeatures), strict=True):
        for key, default, text in _keys(kind, prefix):
            if key != f"{prefix}preset":
                yield key, default, f"(`{preset}`) {text}"
            elif preset == PRESETS[0]:
                yield key, default, text


def _default(field: FieldInfo) -> str:
    """Return a default as written in YAML."""
    return "required" if field.is_required() else f"`{json.dumps(field.default)}`"

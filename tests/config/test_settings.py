"""A setting that joins later leaves what was recorded before it as it was."""

import pytest
from pydantic import Field

from delaynet.config.grid import parse_settings
from delaynet.config.settings import Settings


class Earlier(Settings):
    """Settings of a first version."""

    epochs: int = 1


class Later(Earlier):
    """The same, with a setting that has another default than what held before."""

    weights: str = Field("scaled", json_schema_extra={"before": "plain"})


def test_at_the_value_that_held_before_it_is_not_written_down() -> None:
    assert Later(weights="plain").model_dump_json() == Earlier().model_dump_json()
    assert Later(weights="plain").model_dump() == Earlier().model_dump()


def test_at_any_other_value_it_is_written_down() -> None:
    assert Later().model_dump() == {"epochs": 1, "weights": "scaled"}


def test_a_user_who_leaves_it_out_has_the_default() -> None:
    assert Later.model_validate({"epochs": 2}).weights == "scaled"


@pytest.mark.parametrize("weights", ["plain", "scaled", "other"])
def test_what_is_written_in_full_is_read_as_it_was(weights: str) -> None:
    settings = Later(weights=weights)
    assert parse_settings(Later, settings.model_dump_json()) == settings


def test_settings_written_before_it_have_the_value_that_held() -> None:
    assert parse_settings(Later, Earlier().model_dump_json()).weights == "plain"

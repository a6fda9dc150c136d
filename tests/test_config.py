"""The configuration: the grid it stands for, and one sentence for every wrong input."""

import json
from pathlib import Path
from typing import Any

import pytest

from delaynet.config import Config, Run, load_config, parse_config
from delaynet.errors import UserError
from delaynet.schema import key_table, schema

PROJECT = Path(__file__).parents[1]

VALID: dict[str, Any] = {
    "name": "tiny",
    "grid": [
        {"delays": ["none", "learned"], "structure": ["dense"]},
        {
            "delays": ["fixed"],
            "structure": ["deep_r"],
            "dale": ["free", "dale"],
            "sparsity": ["0.50"],
        },
    ],
    "seeds": 2,
}

# what is wrong, the change to a valid configuration, what the sentence must hold
WRONG = [
    ("unknown key", {"trainnig": {}}, ["trainnig", "unknown key"]),
    ("unknown nested key", {"training": {"epoch": 3}}, ["training.epoch", "unknown key"]),
    ("wrong type", {"training": {"epochs": "many"}}, ["training.epochs", '"many"', "integer"]),
    (
        "no epochs",
        {"training": {"epochs": 0}},
        ["training.epochs", "0", "greater than or equal to 1"],
    ),
    (
        "sparsity above one",
        {"grid": [{"delays": ["fixed"], "structure": ["static"], "sparsity": ["1.2"]}]},
        ["grid.0.sparsity.0", "1.2", "at least 0 and less than 1"],
    ),
    (
        "sparsity that is not a number",
        {"grid": [{"delays": ["fixed"], "structure": ["static"], "sparsity": ["half"]}]},
        ["grid.0.sparsity.0", "half", "not a number"],
    ),
    (
        "sparsity without quotes",
        {"grid": [{"delays": ["fixed"], "structure": ["static"], "sparsity": [0.5]}]},
        ["grid.0.sparsity.0", "0.5", "string"],
    ),
    (
        "rewiring without sparsity",
        {"grid": [{"delays": ["fixed"], "structure": ["deep_r"], "sparsity": ["0"]}]},
        ["grid.0", "deep_r", "sparsity above 0", "dense"],
    ),
    (
        "dense with a sparsity",
        {"grid": [{"delays": ["fixed"], "structure": ["dense"], "sparsity": ["0.5"]}]},
        ["grid.0", "dense", "0.5"],
    ),
    (
        "unknown delays",
        {"grid": [{"delays": ["fixd"], "structure": ["dense"]}]},
        ["grid.0.delays.0", '"fixd"', "'learned'"],
    ),
    ("a grid with no run", {"grid": []}, ["grid", "at least 1"]),
    ("no seeds", {"seeds": 0}, ["seeds", "0"]),
    (
        "an unknown variant",
        {"variants": {"learned-dense-dale": {}}},
        ["learned-dense-dale", "learned-dense-free"],
    ),
    (
        "an unknown key of a variant",
        {"variants": {"learned-dense-free": {"training": {"epoch": 1}}}},
        ["variants.learned-dense-free.training.epoch", "unknown key"],
    ),
    (
        "an unknown section of a variant",
        {"variants": {"learned-dense-free": {"corpus": {}}}},
        ["learned-dense-free", "corpus", "model, training"],
    ),
    ("a folder that is not named", {"corpus": {"source": "folder"}}, ["corpus", "folder"]),
    ("a folder without use", {"corpus": {"folder": "recordings"}}, ["corpus", "folder"]),
]


@pytest.mark.parametrize(("change", "parts"), [w[1:] for w in WRONG], ids=[w[0] for w in WRONG])
def test_wrong_input_gets_one_sentence_with_key_value_and_what_is_allowed(
    change: dict[str, Any], parts: list[str]
) -> None:
    with pytest.raises(UserError) as caught:
        parse_config(VALID | change)
    sentence = str(caught.value)
    assert "\n" not in sentence
    for part in parts:
        assert part in sentence


def test_a_missing_key_is_named() -> None:
    with pytest.raises(UserError, match="`seeds` is missing"):
        parse_config({key: value for key, value in VALID.items() if key != "seeds"})


def test_the_grid_is_the_union_of_its_blocks_over_the_seeds() -> None:
    runs = list(parse_config(VALID).runs())
    assert len(runs) == len(set(runs)) == 2 * (2 + 2)
    assert runs[0] == Run("none", "dense", "free", "0", 0)
    assert runs[-1].folder == "fixed-deep_r-dale/sparsity-0.5/seed-1"
    doubled = parse_config(VALID | {"grid": VALID["grid"] * 2})
    assert list(doubled.runs()) == runs


def test_a_variants_settings_lie_over_the_common_ones() -> None:
    config = parse_config(VALID | {"variants": {"learned-dense-free": {"training": {"epochs": 7}}}})
    epochs = {run.variant: config.resolve(run).training.epochs for run in config.runs()}
    assert epochs.pop("learned-dense-free") == 7
    assert set(epochs.values()) == {150}


@pytest.mark.parametrize("name", ["config.yaml", "paper.yaml"])
def test_the_shipped_configurations_are_valid(name: str) -> None:
    assert isinstance(load_config(PROJECT / "config" / name), Config)


def test_the_miniature_holds_the_grid_that_the_claims_need() -> None:
    config = load_config(PROJECT / "config" / "config.yaml")
    runs = set(config.runs())
    for delays in ("fixed", "learned"):
        for dale in ("free", "dale"):
            assert Run(delays, "dense", dale, "0", 2) in runs
            for structure in ("static", "deep_r_rigl"):
                sparsities = {r.sparsity for r in runs if r[:3] == (delays, structure, dale)}
                assert len(sparsities) >= 2
    assert Run("none", "dense", "free", "0", 2) in runs


def test_the_full_grid_is_the_papers() -> None:
    config = load_config(PROJECT / "config" / "paper.yaml")
    assert config.model.hidden == (256,)
    assert (config.training.epochs, config.training.batch_size, config.seeds) == (150, 256, 10)
    sparsities = {float(run.sparsity) for run in config.runs()}
    assert sparsities == {0.0} | {1 - 2.0**-k for k in range(1, 10)}


def test_the_schema_in_the_repository_is_the_models() -> None:
    path = PROJECT / "workflow" / "schemas" / "config.schema.json"
    assert path.read_text() == schema(), "run `delaynet schema --output " + str(path) + "`"
    assert json.loads(schema())["additionalProperties"] is False


def test_the_table_of_keys_in_the_readme_is_the_models() -> None:
    assert key_table() in (PROJECT / "config" / "README.md").read_text()


def test_every_key_has_a_line_of_explanation() -> None:
    rows = [row.split(" | ") for row in key_table().splitlines()[2:]]
    assert all(len(row[-1].rstrip(" |")) > 10 for row in rows)


def test_a_file_that_is_not_there_or_not_yaml_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"none\.yaml: cannot be read"):
        load_config(tmp_path / "none.yaml")
    (tmp_path / "broken.yaml").write_text("grid: [")
    with pytest.raises(UserError, match=r"broken\.yaml: is not YAML"):
        load_config(tmp_path / "broken.yaml")

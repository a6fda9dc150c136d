"""The configuration: the grid it stands for, and one sentence for every wrong input."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from delaynet.config.errors import UserError
from delaynet.config.grid import Config, Run, load_config, parse_config
from delaynet.config.schema import key_table, schema

PROJECT = Path(__file__).parents[2]

VALID: dict[str, Any] = {
    "name": "tiny",
    "grid": [
        {"delays": ["none", "learned"], "structure": ["dense"]},
        {
            "delays": ["fixed"],
            "structure": ["deep_r"],
            "signs": ["free", "dale"],
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
    (
        "an unknown condition",
        {"grid": [{"delays": ["fixed"], "structure": ["dense"], "condition": ["scrambled"]}]},
        ["scrambled", "`conditions`", "standard"],
    ),
    (
        "controls without what they are compared with",
        {
            "grid": [{"delays": ["fixed"], "structure": ["dense"], "condition": ["alt"]}],
            "conditions": {"alt": {"training": {"data": "permuted_channels"}}},
        },
        ["`grid` holds no run of the condition 'standard'", "add it"],
    ),
    (
        "settings for the standard condition",
        {"conditions": {"standard": {"training": {"epochs": 2}}}},
        ["conditions", "standard", "none of its own"],
    ),
    (
        "an unknown key of a condition",
        {"conditions": {"long": {"training": {"epoch": 1}}}},
        ["conditions.long.training.epoch", "unknown key"],
    ),
    (
        "a condition whose name is no folder's",
        {"conditions": {"tau/2": {}}},
        ["conditions.tau/2", "pattern"],
    ),
    (
        "mel bands that end above half the sampling rate",
        {"features": {"highest_hz": 12000}},
        ["`features`", "`highest_hz` is 12000", "at most 11025"],
    ),
    (
        "mel bands of no range",
        {"features": {"preset": "stork", "lowest_hz": 500, "highest_hz": 500}},
        ["`lowest_hz` is 500", "end at 500 Hz"],
    ),
    ("a source that is none", {"corpus": "sdh"}, ["corpus.source", "'sdh'", "folder, fsdd"]),
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
    assert runs[-1].folder == "standard/fixed-deep_r-dale/sparsity-0.5/seed-1"
    doubled = parse_config(VALID | {"grid": VALID["grid"] * 2})
    assert list(doubled.runs()) == runs


def test_a_variants_settings_lie_over_the_common_ones() -> None:
    config = parse_config(VALID | {"variants": {"learned-dense-free": {"training": {"epochs": 7}}}})
    epochs = {run.variant: config.resolve(run).training.epochs for run in config.runs()}
    assert epochs.pop("learned-dense-free") == 7
    assert set(epochs.values()) == {150}


def test_a_conditions_settings_lie_over_those_of_the_variant() -> None:
    config = parse_config(
        VALID
        | {
            "grid": [{**VALID["grid"][0], "condition": ["standard", "slow"]}],
            "variants": {"learned-dense-free": {"training": {"epochs": 7, "l1": 0.5}}},
            "conditions": {"slow": {"training": {"epochs": 9}, "model": {"time_constant": 20}}},
        }
    )
    run = Run("learned", "dense", "free", "0", 1, "slow")
    assert run.folder == "slow/learned-dense-free/sparsity-0/seed-1"
    assert run in set(config.runs())
    settings = config.resolve(run)
    assert (settings.training.epochs, settings.training.l1) == (9, 0.5)
    assert settings.model.time_constant == 20
    assert settings.run == run
    assert config.resolve(run._replace(condition="standard")).training.epochs == 7


def test_a_block_may_have_seeds_of_its_own() -> None:
    config = parse_config(VALID | {"grid": [{**VALID["grid"][0], "seeds": 4}, VALID["grid"][1]]})
    seeds = {run.variant: run.seed + 1 for run in config.runs()}
    assert seeds == {
        "none-dense-free": 4,
        "learned-dense-free": 4,
        "fixed-deep_r-free": 2,
        "fixed-deep_r-dale": 2,
    }


@pytest.mark.parametrize("name", ["config.yaml", "human.yaml", "paper.yaml"])
def test_the_shipped_configurations_are_valid(name: str) -> None:
    assert isinstance(load_config(PROJECT / "config" / name), Config)


def _seeds(config: Config) -> dict[tuple[str, ...], int]:
    """Return the number of seeds of each (delays, structure, signs, sparsity, condition)."""
    return Counter(run.point for run in config.runs())


def test_the_miniature_has_seeds_enough_for_the_claims_and_the_controls() -> None:
    seeds = _seeds(load_config(PROJECT / "config" / "config.yaml"))
    dense = [
        ("none", "dense", "free", "0", "standard"),
        ("fixed", "dense", "free", "0", "standard"),
        ("learned", "dense", "free", "0", "standard"),
        ("learned", "dense", "dale", "0", "standard"),
        ("learned", "dense", "free", "0", "permuted_channels"),
        ("learned", "dense", "free", "0", "labels_by_heart"),
        ("learned", "dense", "free", "0", "whitened"),
    ]
    sparse = [
        (delays, structure, "free", sparsity, "standard")
        for delays, structure in [
            ("fixed", "deep_r_rigl"),
            ("learned", "deep_r_rigl"),
            ("learned", "static"),
        ]
        for sparsity in ("0.5", "0.9375")
    ]
    assert {seeds[point] for point in dense + sparse} == {6}


def test_the_miniature_with_peoples_voices_differs_in_its_corpus_and_seeds_alone() -> None:
    synthetic, human = (
        load_config(PROJECT / "config" / name).model_dump()
        for name in ("config.yaml", "human.yaml")
    )
    differing = {key for key in synthetic if synthetic[key] != human.get(key)}
    assert differing == {"name", "corpus", "training", "first_seed"}
    synthetic["training"]["validation_speakers"] = human["training"]["validation_speakers"]
    assert synthetic["training"] == human["training"]


def test_the_controls_that_decide_c4_are_in_both_configurations() -> None:
    for name in ("config.yaml", "paper.yaml"):
        config = load_config(PROJECT / "config" / name)
        controls = {
            config.resolve(run).training.data
            for run in config.runs()
            if run.variant == "learned-dense-free"
        }
        assert {"natural", "permuted_channels", "labels_by_heart", "whitened"} <= controls


def test_the_full_grid_has_every_control_and_sweep() -> None:
    config = load_config(PROJECT / "config" / "paper.yaml")
    settings = [config.resolve(run) for run in config.runs()]
    assert {s.training.data for s in settings} == {
        "natural",
        "permuted_channels",
        "scrambled_time",
        "shuffled_labels",
        "labels_by_heart",
        "whitened",
    }
    assert {s.structure for s in settings} == {
        "dense",
        "static",
        "static_connected",
        "deep_r",
        "deep_r_rigl",
        "magnitude",
    }
    assert "frozen" in {s.delays for s in settings}
    assert {s.training.growth for s in settings} == {"gradient", "magnitude", "positive_gradient"}
    assert len({s.training.l1 for s in settings}) == 3
    assert len({s.model.time_constant for s in settings}) == 3
    assert set(_seeds(config).values()) == {10}


def test_the_full_grid_is_the_papers() -> None:
    config = load_config(PROJECT / "config" / "paper.yaml")
    assert config.model.hidden == (256,)
    assert (config.training.epochs, config.training.batch_size, config.seeds) == (150, 256, 10)
    sparsities = {float(run.sparsity) for run in config.runs()}
    assert sparsities == {0.0} | {1 - 2.0**-k for k in range(1, 10)}


def test_as_published_every_switch_is_theirs_and_the_sizes_are_the_papers() -> None:
    config, ours = (
        load_config(PROJECT / "config" / f"{n}.yaml") for n in ("as_published", "paper")
    )
    theirs = {
        "initial_delays": "clamped", "initial_weights": "published", "signs_drawn": "unseeded",
        "dale_when_dense": "not_enforced", "l1_on": "every_structure", "pruning": "next_batch",
        "select": "test_best", "accuracy": "batch_means", "growth": "gradient",
    }  # fmt: skip
    for section in ("model", "training"):
        for name, value in getattr(config, section):
            assert value == theirs.get(name, getattr(getattr(ours, section), name)), name


def test_the_schema_in_the_repository_is_the_models() -> None:
    path = PROJECT / "workflow" / "schemas" / "config.schema.json"
    assert path.read_text() == schema(), "run `delaynet schema --output " + str(path) + "`"
    assert json.loads(schema())["additionalProperties"] is False


def test_the_table_of_keys_in_the_readme_is_the_models() -> None:
    assert key_table() in (PROJECT / "config" / "README.md").read_text()


def test_every_key_has_a_line_of_explanation() -> None:
    rows = [row.split(" | ") for row in key_table().splitlines()[2:]]
    assert all(len(row[-1].rstrip(" |")) > 10 for row in rows)


def test_a_file_that_is_not_there_not_yaml_or_no_text_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"none\.yaml: cannot be read"):
        load_config(tmp_path / "none.yaml")
    (tmp_path / "broken.yaml").write_text("grid: [")
    with pytest.raises(UserError, match=r"broken\.yaml: is not YAML"):
        load_config(tmp_path / "broken.yaml")
    (tmp_path / "latin.yaml").write_bytes("name: größe".encode("latin-1"))
    with pytest.raises(UserError, match=r"latin\.yaml: is not a text in UTF-8"):
        load_config(tmp_path / "latin.yaml")

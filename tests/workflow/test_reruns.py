"""What is made again for a change: asked of the functions that the rules ask."""

import json
import re
from collections import Counter
from pathlib import Path
from types import SimpleNamespace

import pytest
import yaml
from project_copy import TINY, changed, run, with_more_code
from snakemake.exceptions import WorkflowError

from delaynet.config.grid import Config, Run, parse_config
from delaynet.paper.figures.selection import FIGURES
from delaynet.provenance.code import code_now
from delaynet.provenance.times import recorded_jobs
from delaynet.workflow import naming
from delaynet.workflow.project import PROJECT

ALL_TRAININGS = 3


# --- code: the digests that Snakemake compares


def module(project: Path, name: str) -> Path:
    return project / "workflow" / "delaynet" / name


def made_again(project: Path) -> Counter[str]:
    """How many jobs of each rule are given other digests now than when they ran."""
    now = code_now(project / "workflow")
    rules: Counter[str] = Counter()
    for job in recorded_jobs(PROJECT, project / "results"):
        digests = re.findall(r"'(\S+) ([0-9a-f]{16})'", " ".join(job.record["compared"]))
        (rule, its_digest), *modules = digests
        is_same = now(f"rule {rule}") == its_digest and all(now(m) == d for m, d in modules)
        rules[job.record["rule"]] += not is_same
    return +rules


@pytest.mark.slow
def test_where_nothing_has_changed_nothing_is_made_again(finished: Path) -> None:
    assert made_again(finished) == {}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "again"),
    [
        ("paper/figures/accuracy.py", {"figure": 1, "seal": 1}),
        ("paper/figures/style.py", {"figure": len(FIGURES), "seal": 1}),
        ("analysis/claims/decide.py", {"claims": 1, "seal": 1}),
        ("analysis/grouping/nulls.py", {"grouping": 1, "claims": 1}),
    ],
)
def test_a_change_to_what_draws_or_analyses_trains_nothing(
    finished: Path, name: str, again: dict[str, int]
) -> None:
    with with_more_code(module(finished, name)):
        found = made_again(finished)
    assert {rule: found[rule] for rule in again} == again
    assert not {"corpus", "features", "train"} & set(found)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["training/loop.py", "model/neurons.py", "model/connectivity.py"])
def test_a_change_to_training_code_trains_everything_again(finished: Path, name: str) -> None:
    with with_more_code(module(finished, name)):
        found = made_again(finished)
    assert found["train"] == ALL_TRAININGS
    assert "features" not in found


@pytest.mark.slow
def test_a_change_to_the_features_code_does_all_but_the_corpus_again(finished: Path) -> None:
    with with_more_code(module(finished, "data/features/mel.py")):
        found = made_again(finished)
    assert found["features"] == 1
    assert "corpus" not in found


STATIC = '    "static": Structure('
ANOTHER = '    "another": Structure("another", "a mask", "none"),\n'


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "old", "new", "again"),
    [
        ("training/loop.py", "import copy", "# a comment\nimport copy", {}),
        ("training/device.py", "PyTorch sees no GPU", "there is no GPU", {}),
        ("config/variants.py", STATIC, ANOTHER + STATIC, {"train": 0, "numbers": 1}),
        ("model/dale.py", "is_exempt = ", "is_exempt = not ", {"train": ALL_TRAININGS}),
        ("model/structures/static.py", "STRUCTURE =", "A_CHANGE = STRUCTURE =", {}),
        ("model/structures/dense.py", "STRUCTURE =", "A_CHANGE = STRUCTURE =", {"train": 2}),
    ],
)
def test_a_training_reruns_when_the_code_of_what_it_computes_changes_and_only_then(
    finished: Path, name: str, old: str, new: str, again: dict[str, int]
) -> None:
    with changed(module(finished, name), old, new):
        found = made_again(finished)
    assert "features" not in found
    assert {rule: found[rule] for rule in again or found} == again


SAID = """
import json
from pathlib import Path
from delaynet.config.grid import load_config
from delaynet.workflow import naming

config = load_config(Path("config/config.yaml"))
settings = [config.resolve(run).model_dump_json() for run in config.runs()]
print(json.dumps({"train": settings, "tables": [naming.descriptions(config)]}))
"""
DEVICE = '    device: Literal["auto"'
ADDED = '    added: bool = Field({}, json_schema_extra={{"before": False}})\n' + DEVICE


@pytest.mark.slow
@pytest.mark.parametrize(
    ("old", "new", "again"),
    [
        (DEVICE, ADDED.format(False), {}),
        (DEVICE, ADDED.format(True), {"train": ALL_TRAININGS, "tables": 1}),
        ("Firing threshold of", "The threshold of", {"tables": 1}),
        ("dropout: float = Field(0.4", "dropout: float = Field(0.3", {"train": ALL_TRAININGS}),
    ],
)
def test_a_training_reruns_when_the_value_of_a_setting_changes_and_only_then(
    finished: Path, old: str, new: str, again: dict[str, int]
) -> None:
    with changed(module(finished, "config/settings.py"), old, new):
        shown = run(finished, "env", "PYTHONPATH=workflow", ".venv/bin/python", "-c", SAID).stdout
        assert made_again(finished) == {}, "settings are no code"
    said = {rule: set(map(repr, values)) for rule, values in json.loads(shown).items()}
    found: Counter[str] = Counter()
    for job in recorded_jobs(PROJECT, finished / "results"):
        rule = job.record["rule"]
        found[rule] += rule in said and said[rule].isdisjoint(job.record["compared"])
    assert +found == again


# --- the configuration


def config(old: str = "", new: str = "") -> Config:
    assert old in TINY
    return parse_config(yaml.safe_load(TINY.replace(old, new, 1)))


def to_train(after: Config) -> set[Run]:
    """The runs whose rule is given other settings than with the tiny configuration, or any."""
    before, known = config(), set(config().runs())
    return {
        run for run in after.runs() if run not in known or after.resolve(run) != before.resolve(run)
    }


def test_how_jobs_run_is_no_part_of_the_results() -> None:
    after = config("seeds: 1", "seeds: 1\nexecution: {checkpoint_seconds: 5, tensorboard: true}")
    assert to_train(after) == set()
    assert naming.execution_options(after) != naming.execution_options(config())


def test_another_setting_trains_every_run_that_has_it() -> None:
    assert to_train(config("epochs: 2", "epochs: 3")) == set(config().runs())
    variant = "variants: {learned-dense-free: {training: {epochs: 3}}}\nseeds: 1"
    assert to_train(config("seeds: 1", variant)) == {Run("learned", "dense", "free", "0", 0)}


def test_one_more_seed_trains_only_it() -> None:
    again = to_train(config("seeds: 1", "seeds: 2"))
    assert len(again) == ALL_TRAININGS, "the second seed of each"
    assert {run.seed for run in again} == {1}


def test_one_more_condition_trains_only_its_own_runs() -> None:
    control = (
        "  - {delays: [learned], structure: [dense], condition: [shuffled]}\n"
        "conditions: {shuffled: {training: {data: shuffled_labels}}}\n"
        "seeds: 1"
    )
    (again,) = to_train(config("seeds: 1", control))
    assert again.condition == "shuffled"


def test_a_block_with_seeds_of_its_own_trains_only_those_that_are_new() -> None:
    again = to_train(config("structure: [dense]}", "structure: [dense], seeds: 3}"))
    assert {(run.delays, run.seed) for run in again} == {
        (delays, seed) for delays in ("none", "learned") for seed in (1, 2)
    }


def test_what_the_grid_holds_changes_neither_corpus_nor_features() -> None:
    after = config("seeds: 1", "seeds: 2")
    assert naming.corpus_settings(after) == naming.corpus_settings(config())
    assert naming.feature_options(after) == naming.feature_options(config())


def test_a_figure_reads_the_runs_that_it_shows_and_no_others() -> None:
    inputs = naming.figure_inputs(config())

    def runs(figure: str) -> set[Path]:
        read = inputs(SimpleNamespace(figure=figure))
        return {path.parent for path in read if path.is_relative_to("results/runs")}

    assert len(runs("accuracy")) == ALL_TRAININGS
    assert len(runs("task")) == 1


# --- what is refused, in one sentence


def test_a_run_outside_of_the_grid_is_refused() -> None:
    outside = Run("fixed", "dense", "free", "0", 0)._asdict()
    with pytest.raises(WorkflowError, match="holds no run standard/fixed-dense-free/sparsity-0"):
        naming.run_settings(config())(outside)


def test_results_of_another_configuration_are_not_overwritten(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("results").mkdir()
    Path("results/config.json").write_text(config().model_dump_json(), encoding="utf-8")
    naming.read_for_snakemake(yaml.safe_load(TINY))
    with pytest.raises(WorkflowError, match="`results/` holds the configuration 'tiny'"):
        naming.read_for_snakemake(yaml.safe_load(TINY.replace("name: tiny", "name: other")))


@pytest.mark.parametrize("content", ["", "[]", '{"nam', "{}"])
def test_a_damaged_record_of_the_configuration_is_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: str
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("results").mkdir()
    Path("results/config.json").write_text(content, encoding="utf-8")
    with pytest.raises(WorkflowError, match=r"results/config.json is damaged.*results of 'tiny'"):
        naming.read_for_snakemake(yaml.safe_load(TINY))


def test_a_corpus_folder_that_is_missing_is_named() -> None:
    gone = TINY.replace("source: synthetic, trials: 1", "source: folder, folder: gone")
    with pytest.raises(WorkflowError, match=r"`corpus\.folder`: gone does not exist"):
        naming.read_for_snakemake(yaml.safe_load(gone))

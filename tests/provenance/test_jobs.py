"""What a rule gives its command, and what of it Snakemake compares."""

import json
import shlex
from types import SimpleNamespace
from typing import Any

import pytest
from snakemake.rules import Rule

from delaynet.provenance.jobs import jobs, not_compared
from delaynet.workflow.project import PROJECT


def job(rule: str, *modules: str, deployed: bool = False, **wildcards: str) -> dict[str, Any]:
    """Return the parameters of a job with these wildcards."""
    methods = {"conda"} if deployed else set()
    workflow = SimpleNamespace(deployment_settings=SimpleNamespace(deployment_method=methods))
    parameters = jobs(PROJECT, workflow)(rule, *modules)
    return {
        "code": parameters["code"](wildcards),
        "delaynet": parameters["delaynet"](wildcards, threads=1),
    }


def test_the_command_is_told_rule_and_wildcards_and_where_the_package_is() -> None:
    words = shlex.split(job("figure", "delaynet.cli.figure", figure="task")["delaynet"])
    variables = dict(word.split("=", 1) for word in words[:4])
    assert variables["DELAYNET_RULE"].split()[0] == "figure"
    assert json.loads(variables["DELAYNET_WILDCARDS"]) == {"figure": "task"}
    assert variables["PYTHONPATH"] == str(PROJECT.workflow)
    assert words[-2:] == ["-m", "delaynet"]


def test_the_command_is_told_what_snakemake_compares() -> None:
    workflow = SimpleNamespace(deployment_settings=SimpleNamespace(deployment_method=set()))
    parameters = jobs(PROJECT, workflow)("grouping", options="--quick", settings=lambda _: "{}")
    words = shlex.split(parameters["delaynet"]({}, threads=1))
    compared = json.loads(dict(word.split("=", 1) for word in words[:4])["DELAYNET_COMPARED"])
    assert compared == sorted(["'--quick'", "'{}'", repr(parameters["code"]({}))])


def test_an_environment_of_the_rule_brings_its_own_python() -> None:
    assert job("grouping", deployed=True)["delaynet"].endswith(" python -m delaynet")


def test_the_code_names_the_rule_and_what_the_wildcards_choose() -> None:
    rule, *modules = job("figure", "delaynet.paper.figures.{figure}", figure="task")["code"]
    assert rule.startswith("figure ")
    assert "delaynet/paper/figures/task.py" in [line.split()[0] for line in modules]


def test_of_the_two_snakemake_compares_the_code_alone() -> None:
    parameters = jobs(PROJECT, SimpleNamespace())("grouping")
    assert not Rule._is_deriving_function(parameters["code"])
    assert Rule._is_deriving_function(parameters["delaynet"])
    assert Rule._is_deriving_function(not_compared("--quickly"))


def test_a_rule_that_is_not_there_is_a_mistake_in_the_rules() -> None:
    with pytest.raises(KeyError):
        jobs(PROJECT, SimpleNamespace())("gruoping")

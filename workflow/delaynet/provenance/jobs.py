"""Parameters of each rule: its name, wildcards and code, for Snakemake and for the record.

A rule has `params: **job("tables")` and begins its command with `{params.<package>}`.
"""

import json
import sys
from collections.abc import Callable
from functools import cache, partial
from shlex import quote
from typing import Any

from delaynet.provenance.code import code
from delaynet.provenance.project import Project
from delaynet.provenance.rules import HEAD, rule_digests

Setting = str | Callable[[Any], str]


def jobs(project: Project, workflow: Any) -> Callable[..., dict[str, Any]]:
    """Return `job(rule, *modules, **settings)`, which returns parameters of a rule.

    `code`: the rule and each module that its command depends on, with their digests: Snakemake runs
    a job again when one of them changes. A module's name may contain wildcards. By default it is
    the command with the rule's name.
    `settings`: strings, or functions of the wildcards that return one. Snakemake compares them too.
    The last parameter, named after the package, is the beginning of the command. It passes what
    Snakemake compares to the record.
    """
    digests = rule_digests(project.workflow)
    code_of = cache(partial(code, project))

    def job(rule: str, *modules: str, **settings: Setting) -> dict[str, Any]:
        name = f"{rule} {digests[rule]}"
        named = modules or (f"{project.package}.cli.{rule}",)

        def code_now(wildcards: Any) -> list[str]:
            values = dict(wildcards.items())
            return [name, *code_of(*(module.format(**values) for module in named))]

        def compared(wildcards: Any) -> list[str]:
            values = [value_of(setting, wildcards) for setting in settings.values()]
            return sorted(map(repr, [code_now(wildcards), *values]))

        def head(wildcards: Any) -> str:
            # a conda environment or a container has its own Python
            is_elsewhere = workflow.deployment_settings.deployment_method
            return HEAD.format(
                rule_variable=project.variable("RULE"),
                rule=quote(name),
                wildcards_variable=project.variable("WILDCARDS"),
                wildcards=quote(json.dumps(dict(wildcards.items()))),
                compared_variable=project.variable("COMPARED"),
                compared=quote(json.dumps(compared(wildcards))),
                path=quote(str(project.workflow)),
                package=project.package,
                python="python" if is_elsewhere else quote(sys.executable),
            )

        return {"code": code_now, **settings, project.package: not_compared(head)}

    return job


def value_of(setting: Setting, wildcards: Any) -> str:
    """Return the value of a rule's parameter in one job."""
    return setting if isinstance(setting, str) else setting(wildcards)


def not_compared(setting: Setting) -> Callable[..., str]:
    """Return a parameter for how a job runs; no job is run again because it has changed.

    Snakemake (9.27) compares parameters that are functions of wildcards, and none of functions that
    take more arguments.
    """

    def parameter(wildcards: Any, threads: int) -> str:
        return value_of(setting, wildcards)

    return parameter

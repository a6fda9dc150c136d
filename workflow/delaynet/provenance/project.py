"""What records and audit need to know of a project, in one object."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path


@dataclass(frozen=True)
class Project:
    """A Snakemake workflow whose rules call the commands of a Python package.

    Its root holds the workflow's folder; `results/` lies there too, or elsewhere where a run was
    started elsewhere. Records lie in `results/records/`. Rules tell their commands the rule's name
    with its digest in `<PACKAGE>_RULE`, the wildcards in `<PACKAGE>_WILDCARDS`, and the parameters
    that Snakemake compares in `<PACKAGE>_COMPARED`, as JSON. Only the first two fields are needed.

    Attributes:
        package: name of the package, and of its command.
        workflow: folder that holds the package, and `Snakefile` or `rules/`.
        not_code: modules that compute nothing of a result; `*` matches any text.
        fetching: commands whose output is identified by its checksum, not by their code.
        command_groups: first words of command names that have two words.
        versioned: files and folders below the root that are compared with the commit.
        places: folders below the root that jobs write to, the results' own first.
        by_products: names in `results/` that are no results.
        manuscript: folder of the text that is sealed with the records.
        printed: results made after the seal; the first carries its digest.
        is_same_configuration: whether a configuration file, an input of
            `results/config.json`, gives the settings there; by default bytes are compared.
        published: patterns of the sources that a crate includes.
    """

    package: str
    workflow: Path
    not_code: tuple[str, ...] = ()
    fetching: tuple[str, ...] = ()
    command_groups: tuple[str, ...] = ()
    versioned: tuple[str, ...] = ("Snakefile", "workflow")
    places: tuple[str, ...] = ("results",)
    by_products: tuple[str, ...] = ()
    manuscript: str | None = None
    printed: tuple[str, ...] = ()
    is_same_configuration: Callable[[Path, Path], bool] = lambda file, resolved: False
    published: tuple[str, ...] = ("Snakefile", "workflow/**/*")
    title: Callable[[Path], str] = "Results in {}".format
    description: str = "Results, with the record of every job that made them."

    @property
    def root(self) -> Path:
        """The folder of the whole project to which the running package belongs."""
        return self.workflow.parent

    def root_of(self, results: Path) -> Path:
        """Return the root whose workflow made results: the folder around them, if it is one.

        A run that was started elsewhere has no package beside its results; its root is that of the
        running package.
        """
        around = Path(os.path.abspath(results)).parent
        return around if (around / self.workflow.name / self.package).is_dir() else self.root

    def place_of(self, path: str, results: Path) -> Path:
        """Return the file of a recorded path; the manuscript lies in the root of the results."""
        is_source = self.manuscript is not None and Path(path).is_relative_to(self.manuscript)
        return (
            self.root_of(results) if is_source else Path(os.path.abspath(results)).parent
        ) / path

    def name_of(self, path: Path) -> str:
        """Return the name of a file for records: the given path, or that below the root.

        A run that was started elsewhere gives sources as `../clone/manuscript/paper.typ`.
        """
        if path.is_absolute() or os.pardir in path.parts:
            absolute = Path(os.path.abspath(path))
            if absolute.is_relative_to(self.root):
                return absolute.relative_to(self.root).as_posix()
        return str(path)

    def variable(self, name: str) -> str:
        """Return the name of an environment variable, such as `RULE`, in this project."""
        return f"{self.package.upper()}_{name}"

    def is_code(self, module: str) -> bool:
        """Return whether a module, such as `package.part`, can change what a result holds."""
        return module.split(".")[0] == self.package and not any(
            fnmatchcase(module, pattern) for pattern in self.not_code
        )

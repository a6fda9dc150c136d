"""A dry run of the workflow through Snakemake's interface, which leaves no files."""

import logging
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tokenize import TokenError
from typing import Any

from snakemake.api import SnakemakeApi
from snakemake.exceptions import LockException, WorkflowError
from snakemake.settings.enums import Quietness
from snakemake.settings.types import (
    ConfigSettings,
    DAGSettings,
    ExecutionSettings,
    OutputSettings,
    ResourceSettings,
)
from snakemake_interface_common.exceptions import ApiError

from delaynet.config.errors import UserError
from delaynet.config.grid import load_config
from delaynet.workflow.workarounds import announce_nothing


@contextmanager
def dry_run(configfile: Path | None, forced: Iterable[str] = ()) -> Iterator[Any]:
    """Yield the workflow of Snakemake with its graph of jobs, none of which has run.

    Without a configuration it is the miniature, which the Snakefile names. `forced` are rules to
    run in any case.

    Raises:
        UserError: there is no Snakefile here, it or the configuration cannot be read, or the
            workflow refuses its configuration.
    """
    # with both, a dry run does not go through the jobs one by one
    quiet = {Quietness.RULES, Quietness.PROGRESS}
    output = OutputSettings(dryrun=True, quiet=quiet, log_level_override=logging.CRITICAL)
    if configfile is not None:
        load_config(configfile)  # its sentences name the file
    config = ConfigSettings(configfiles=[] if configfile is None else [configfile])
    with _leaving_nothing(Path(".snakemake")):
        try:
            with SnakemakeApi(output) as api:
                read = api.workflow(ResourceSettings(cores=1), config_settings=config)
                graph = read.dag(DAGSettings(forcerun=frozenset(forced)))
                graph.execute_workflow("dryrun", execution_settings=ExecutionSettings(lock=False))
                yield read._workflow
        except LockException:
            raise UserError("another Snakemake is at work in this folder; wait for it.") from None
        except ApiError as error:
            raise UserError(f"{error} Run this from the root of the project.") from None
        except WorkflowError as error:
            raise UserError(" ".join(str(error).split())) from None
        except (SyntaxError, TokenError) as error:
            file = getattr(error, "filename", None) or "<"
            where = "Snakefile, or what it includes" if file.startswith("<") else file
            raise UserError(f"{where}: {error.args[0]}; correct it.") from None
        finally:
            announce_nothing()


@contextmanager
def _leaving_nothing(folder: Path) -> Iterator[None]:
    """Remove the folders, and the cache of times, that Snakemake leaves where it has never run."""
    before = set(folder.rglob("*")) | ({folder} if folder.exists() else set())
    try:
        yield
    finally:
        for path in sorted({folder, *folder.rglob("*")} - before, reverse=True):
            if path.parent.name == "iocache":
                path.unlink()
            elif path.is_dir() and not any(path.iterdir()):
                path.rmdir()

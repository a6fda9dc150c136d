"""The trainings behind the study's tables: when, how long, by which code, and with which result."""

import json
from pathlib import Path

import pandas as pd

from delaynet.config.grid import Config, Run
from delaynet.provenance.record import RECORDS
from delaynet.provenance.seal import digest_of
from study.training import is_finished

COLUMNS = ("commit", "processor", "seconds", "network")


def trainings_of(config: Config, results: Path) -> pd.DataFrame:
    """Return a row for each finished run of a configuration, from the records of its jobs.

    Returns:
        the fields of `Run`; `commit` of the code, with `+` where files were changed after it;
        `processor`; `seconds` of its epochs; and `network`, the SHA-256 of `network.h5`.
    """
    rows = []
    for run in config.runs():
        folder = results / "runs" / run.folder
        if not is_finished(folder):
            continue
        path = results / RECORDS / "runs" / run.folder / "settings.json.json"
        record = json.loads(path.read_text(encoding="utf-8"))
        network = record["outputs"][f"results/runs/{run.folder}/network.h5"]["sha256"]
        commit = f"{record['commit']}{'+' * bool(record['uncommitted'])}"
        seconds = pd.read_csv(folder / "metrics.csv")["seconds"].sum()
        found = (commit, record["cpu"], seconds, network)
        rows.append(run._asdict() | dict(zip(COLUMNS, found, strict=True)))
    return pd.DataFrame(rows, columns=[*Run._fields, *COLUMNS])


def seal_of(trainings: pd.DataFrame) -> str:
    """Return the digest over the networks of trainings, as that of a seal over its records."""
    runs = trainings[list(Run._fields)].itertuples(index=False)
    folders = trainings["corpus"] + "/" + [Run(*run).folder for run in runs]
    return digest_of(dict(zip(folders, trainings["network"], strict=True)), {})

"""`delaynet corpus check`."""

import logging
from pathlib import Path

import click

from delaynet.cli import CORPUS_SETTINGS, PATH, PROCESSES
from delaynet.config.grid import parse_settings
from delaynet.config.settings import NamedCorpusSettings
from delaynet.data.corpus.check import check_corpus
from delaynet.data.corpus.report import sentence, write_report
from delaynet.data.sources import load_source
from delaynet.workflow.project import recorded

SHOWN_FAULTS = 20

log = logging.getLogger("delaynet.data.corpus")


@click.command()
@click.option("--corpus", type=PATH, required=True, help="Folder of the corpus.")
@CORPUS_SETTINGS
@PROCESSES
@click.option("--output", type=PATH, required=True, help="JSON to write.")
def command(corpus: Path, settings: str, processes: int, output: Path) -> None:
    """Report the content of a corpus, and every fault in it.

    Faults do not make the command fail; the features stop at them or leave the files out.
    """
    chosen = parse_settings(NamedCorpusSettings, settings)
    named = chosen.model_copy(update={"folder": str(corpus)})
    with recorded(inputs=load_source(chosen.source).inputs(named), outputs=[output]):
        report = check_corpus(corpus, chosen, processes)
        write_report(report, output)
    log.info("%s: %d clips without a fault", report.name, len(report.clips))
    for note in report.notes:
        log.info("%s", note)
    for fault in report.faults[:SHOWN_FAULTS]:
        log.warning("%s", sentence(fault))
    if len(report.faults) > SHOWN_FAULTS:
        log.warning("... and %d more: see %s", len(report.faults) - SHOWN_FAULTS, output)

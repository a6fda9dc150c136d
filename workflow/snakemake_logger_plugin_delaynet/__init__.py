"""Snakemake finds a logger plugin by the name of its package (a module alone it overlooks)."""

from delaynet.workflow.progress import LogHandler as LogHandler

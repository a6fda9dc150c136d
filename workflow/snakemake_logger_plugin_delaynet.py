"""Snakemake finds a logger plugin by the name of its module; the plugin is in the package."""

from delaynet.workflow.progress import LogHandler as LogHandler

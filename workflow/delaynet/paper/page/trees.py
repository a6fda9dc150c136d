"""Chains as trees: one node per job, or for all jobs of a rule with the same inputs.

A figure of the full paper is made from hundreds of trainings, which differ in their settings but
not in their inputs. They share a node, so a chain of thousands of files is a dozen lines.
"""

from collections.abc import Sequence
from itertools import groupby
from typing import Any, NamedTuple

from delaynet.provenance.audit import Audit
from delaynet.provenance.record import Record


class Node(NamedTuple):
    """A node of a chain.

    Attributes:
        paths: of the files.
        records: of the jobs that made them; none for a source.
        children: what they were made from.
        is_repeated: whether the tree shows the children further up, and this node has none.
    """

    paths: tuple[str, ...]
    records: tuple[Record, ...]
    children: tuple["Node", ...] = ()
    is_repeated: bool = False


def tree(audit: Audit, path: str) -> tuple[Node, ...]:
    """Return the tree of a file; in each node the newest job is first, sources are last."""
    return _nodes(audit, [path], set())


def branch(audit: Audit, path: str, source: str) -> Node:
    """Return the part of a file's tree that leads to `source`."""
    record = audit.records.get(path)
    return Node((path,), (record,) if record else (), tree(audit, source))


def _nodes(audit: Audit, paths: Sequence[str], seen: set[str]) -> tuple[Node, ...]:
    made: dict[str, list[str]] = {}
    for path in paths:
        if path in audit.records:
            made.setdefault(audit.records[path]["id"], []).append(path)
    jobs = [(audit.records[files[0]], tuple(files)) for files in made.values()]
    jobs.sort(key=lambda job: (_kind(job[0]), job[0]["ended"]), reverse=True)
    groups = [list(group) for _, group in groupby(jobs, key=lambda job: _kind(job[0]))]
    groups.sort(key=lambda group: max(str(record["ended"]) for record, _ in group), reverse=True)
    nodes = [_node(audit, group, seen) for group in groups]
    sources = [Node((path,), ()) for path in paths if path not in audit.records]
    return (*nodes, *sources)


def _kind(record: Record) -> tuple[Any, ...]:
    """Return what all jobs of a node share: rule and inputs."""
    return record["rule"] or "", sorted(record["inputs"])


def _node(audit: Audit, jobs: list[tuple[Record, tuple[str, ...]]], seen: set[str]) -> Node:
    records = tuple(record for record, _ in jobs)
    paths = tuple(sorted(path for _, files in jobs for path in files))
    ids = {record["id"] for record in records}
    if ids <= seen:
        return Node(paths, records, is_repeated=bool(records[0]["inputs"]))
    seen |= ids
    return Node(paths, records, _nodes(audit, sorted(records[0]["inputs"]), seen))

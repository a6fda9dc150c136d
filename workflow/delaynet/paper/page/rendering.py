"""Chains as HTML: nested lists of files with states, hashes, commits and records."""

import re
from collections import Counter
from collections.abc import Iterable
from html import escape
from pathlib import Path

from delaynet.paper.page.trees import Node
from delaynet.provenance import states
from delaynet.provenance.audit import Audit
from delaynet.provenance.record import Record, commit_of
from delaynet.provenance.states import GOOD, STATES, Verdict

# a state is shown by a sign and a word, never by colour alone
SIGNS = {
    states.INTACT: "✓",
    states.SOURCE: "✎",
    states.STALE: "↻",
    states.CODE_CHANGED: "≉",
    states.UNRECORDED: "?",
    states.MISSING: "∅",
    states.ALTERED: "≠",
    states.RECORD_ALTERED: "‼",
}


def identifier(kind: str, name: str) -> str:
    """Return the name of an anchor: `chain-results-figures-accuracy.svg`."""
    return f"{kind}-{re.sub(r'[^A-Za-z0-9._]', '-', name)}"


def state_of(verdict: Verdict, count: int | None = None) -> str:
    """Return a state as HTML: sign, number of files if given, word and reason."""
    state, reason = verdict
    name = state.replace(" ", "-")
    counted = "" if count is None else f"{count} "
    why = f' <span class="reason">{escape(reason)}</span>' if reason else ""
    return (
        f'<span class="state {name}"><span aria-hidden="true">{SIGNS[state]}</span> '
        f"{counted}{state}</span>{why}"
    )


def counted_states(verdicts: Iterable[Verdict]) -> str:
    """Return the number of files in each state, as HTML."""
    count = Counter(verdict.state for verdict in verdicts)
    return ", ".join(state_of(Verdict(state), count[state]) for state in STATES if count[state])


def file_line(audit: Audit, path: str) -> str:
    """Return the line of a file: state, path, hash."""
    line = f"{state_of(audit.verdict(path))} <code>{escape(path)}</code>"
    found = audit.fingerprint(path)
    if found is None:
        return line
    sha256 = found["sha256"]
    return f'{line} <code class="hash" title="SHA-256: {sha256}">{sha256[:16]}</code>'


def job_line(record: Record) -> str:
    """Return the line of a job: rule, wildcards, record, commit, time and host."""
    rule = f"rule {record['rule']}" if record["rule"] else "by hand"
    settings = " ".join(f"{name}={value}" for name, value in record["wildcards"].items())
    when = record["ended"][:19].replace("T", " ")
    parts = [
        escape(f"{rule} {settings}".strip()),
        f"record <code>{record['id']}</code>",
        f"commit <code>{commit_of(record)}</code>",
        f"{when} UTC",
        escape(record["host"]),
    ]
    # a job without inputs is itself the source
    if not record["inputs"]:
        parts.append(f"by <code>{escape(record['command'])}</code>")
    return f'<span class="job">{" · ".join(parts)}</span>'


def chain_html(audit: Audit, nodes: Iterable[Node]) -> str:
    """Return trees as a nested list."""
    items = "".join(_item(audit, node) for node in nodes)
    return f"<ul>{items}</ul>" if items else ""


def _item(audit: Audit, node: Node) -> str:
    if len(node.records) > 1:
        line = _jobs_line(audit, node)
    else:
        files = "<br>".join(file_line(audit, path) for path in node.paths)
        line = files + "".join(f"<br>{job_line(record)}" for record in node.records)
    if node.is_repeated:
        return f'<li>{line} <span class="job">(its inputs are listed above)</span></li>'
    return f"<li>{line}{chain_html(audit, node.children)}</li>"


def _jobs_line(audit: Audit, node: Node) -> str:
    """Return the line of a node with several jobs, with a link to their list."""
    rule = node.records[0]["rule"] or "no rule"
    names = sorted({Path(path).name for path in node.paths})
    shown = ", ".join(f"<code>{escape(name)}</code>" for name in names[:6])
    verdicts = [audit.verdict(path) for path in node.paths]
    return (
        f"{counted_states(verdicts)}: {shown}{' and others' if len(names) > 6 else ''} of "
        f'<a href="#{identifier("jobs", rule)}">{len(node.records)} jobs of rule {escape(rule)}</a>'
    )


def job_html(audit: Audit, record: Record) -> str:
    """Return a job with all files that it wrote."""
    verdicts = [audit.verdict(path) for path in record["outputs"]]
    files = "".join(f"<li>{file_line(audit, path)}</li>" for path in record["outputs"])
    is_open = "" if all(verdict.state in GOOD for verdict in verdicts) else " open"
    return (
        f'<details id="job-{record["id"]}"{is_open}><summary>{counted_states(verdicts)} '
        f"{job_line(record)}</summary><ul>{files}</ul></details>"
    )

"""Write the page: the manuscript, and below it the chain of each source and figure."""

import json
import re
from collections.abc import Iterator, Mapping
from functools import reduce
from html import escape
from pathlib import Path
from typing import Any

from delaynet.config.files import replacing
from delaynet.paper.manuscript import html_of_page
from delaynet.paper.page.rendering import (
    chain_html,
    counted_states,
    identifier,
    job_html,
    state_of,
)
from delaynet.paper.page.trees import Node, branch, tree
from delaynet.provenance.audit import Audit
from delaynet.provenance.embedded import Embedded
from delaynet.provenance.record import Record
from delaynet.provenance.states import GOOD

NUMBER = re.compile(r'<a class="number" data-key="([^"]*)">')
FIGURE = re.compile(r'<a class="figure" data-file="([^"]*)">')
EQUATION = re.compile(r"<math\b.*?</math>", re.DOTALL)
# in equations, HTML is allowed in text elements only
NUMBER_IN_EQUATION = re.compile(r'(<a class="number".*?</a>)', re.DOTALL)


def write_page(
    root: Path, source: Path, audit: Audit, output: Path, embedded: Embedded | None = None
) -> None:
    """Write the page, as `page_of` makes it.

    Raises:
        UserError: a number, a figure or a record is missing, or the source has a mistake.
    """
    page = page_of(audit, root, source, embedded)
    with replacing(output) as temporary:
        temporary.write_text(page, encoding="utf-8")


def page_of(audit: Audit, root: Path, source: Path, embedded: Embedded | None = None) -> str:
    """Return the page as HTML that needs no other file.

    The same manuscript and results, in the same states, give the same page. Paths in the source
    that start with `/` are looked up in `root`; `page.css` and `page.js` are beside the source. The
    identifier is written to the page's metadata. Errors are those of `write_page`.
    """
    numbers = f"{audit.results.name}/numbers.json"
    # Typst first: it reports missing or damaged numbers in a sentence
    html = html_of_page(root, source, embedded)
    entries = json.loads((audit.results / "numbers.json").read_text(encoding="utf-8"))
    body, chains = linked(html, entries)
    trees = {
        path: (branch(audit, numbers, path),) if is_source else tree(audit, path)
        for path, is_source in chains.items()
    }
    provenance = "\n".join(_provenance(audit, trees))
    style, script = (
        (source.parent / name).read_text(encoding="utf-8") for name in ("page.css", "page.js")
    )
    origin = f'<meta name="delaynet" content="{escape(str(embedded))}">' if embedded else ""
    skip = '<a class="skip" href="#chains">Skip to the chains</a>'
    parts = {
        "</head>": f"{origin}<style>\n{style}</style></head>",
        "<body>": f"<body>\n{skip}\n<main>",
        "</body>": f"</main>\n{provenance}\n<script>\n{script}</script>\n</body>",
    }
    for tag, replacement in parts.items():
        body = body.replace(tag, replacement, 1)
    return body


def linked(body: str, numbers: Mapping[str, Any]) -> tuple[str, dict[str, bool]]:
    """Return the page's body, in which numbers and figures link to their chains.

    The paths of the chains are returned too, each with whether numbers were read from it.
    """
    chains: dict[str, bool] = {}

    def number(found: re.Match[str]) -> str:
        key = found[1]
        entry = reduce(lambda node, part: node[part], key.split("."), numbers)
        chains[entry["source"]] = True
        title = escape(f"{key}: computed as {entry['value']}, read from {entry['source']}")
        return (
            f'<a class="number" href="#{identifier("chain", entry["source"])}" data-key="{key}" '
            f'title="{title}">'
        )

    def figure(found: re.Match[str]) -> str:
        chains.setdefault(found[1], False)
        return (
            f'<a class="figure" href="#{identifier("chain", found[1])}" '
            f'title="The chain of {found[1]}">'
        )

    body = EQUATION.sub(lambda found: NUMBER_IN_EQUATION.sub(r"<mtext>\1</mtext>", found[0]), body)
    body = FIGURE.sub(figure, NUMBER.sub(number, body))
    return body, chains


def _provenance(audit: Audit, trees: Mapping[str, tuple[Node, ...]]) -> Iterator[str]:
    """Yield the second half of the page: seal, chains, lists of jobs."""
    nodes = [node for chain in trees.values() for node in _all_nodes(chain)]
    paths = sorted({path for node in nodes for path in node.paths})
    digest = audit.sealed.digest if audit.sealed else "none"
    yield '<section id="chains" class="chains" aria-label="Chains">\n<h2>Chains</h2>'
    yield (
        "<p>The origin of each number and figure above, down to the recordings: every file with "
        "its state, the beginning of its SHA-256, the record and the commit of the job that made "
        "it. States are those found when this page was made; <code>delaynet audit --all</code> "
        "finds them anew.</p>"
    )
    yield f"<p>{counted_states(map(audit.verdict, paths))}.</p>"
    yield f"<p>Seal over all records: {state_of(audit.seal())} <code>{digest}</code></p>"
    for path, chain in sorted(trees.items()):
        name, html = identifier("chain", path), chain_html(audit, chain)
        is_good = all(
            audit.verdict(file).state in GOOD for node in _all_nodes(chain) for file in node.paths
        )
        mark = "" if is_good else ' <span class="state altered">not intact</span>'
        yield f'<article id="{name}" tabindex="-1"><h3>{escape(path)}{mark}</h3>{html}</article>'
    yield from _lists_of_jobs(audit, nodes)
    yield "</section>"
    yield '<dialog id="chain" aria-labelledby="chain-title"></dialog>'


def _lists_of_jobs(audit: Audit, nodes: list[Node]) -> Iterator[str]:
    """Yield a list of jobs for each rule whose jobs share a node."""
    jobs: dict[str, dict[str, Record]] = {}
    for node in nodes:
        if len(node.records) > 1:
            of_rule = jobs.setdefault(node.records[0]["rule"] or "no rule", {})
            of_rule.update({record["id"]: record for record in node.records})
    for rule, records in jobs.items():
        ordered = sorted(records.values(), key=lambda job: [*map(str, job["wildcards"].values())])
        name = identifier("jobs", rule)
        yield f'<article id="{name}" tabindex="-1"><h3>Jobs of rule {escape(rule)}</h3>'
        yield "".join(job_html(audit, record) for record in ordered) + "</article>"


def _all_nodes(nodes: tuple[Node, ...]) -> Iterator[Node]:
    for node in nodes:
        yield node
        yield from _all_nodes(node.children)

"""The page of the manuscript: every number and figure leads to its chain, in a browser too."""

import html
import json
import re
import shutil
import subprocess
from collections import Counter
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest
from example_results import (
    CLAIMS_GRID,
    CONDITIONS,
    FIGURES,
    config_of,
    sources_of_numbers,
    write_project,
)

from delaynet.config.errors import UserError
from delaynet.paper.manuscript import list_numbers
from delaynet.paper.page.writing import write_page
from delaynet.provenance.audit import Audit
from delaynet.provenance.seal import write_seal
from delaynet.training.run_folder import RUN_FILES
from delaynet.workflow.project import PROJECT, recorded

pytestmark = pytest.mark.slow

CLONE = Path(__file__).parents[3]
RESULTS = Path("results")
SOURCE = Path("manuscript/paper.typ")
PAGE = Path("results/paper.html")
BROWSER = shutil.which("chromium") or shutil.which("chromium-browser")
IN_A_BROWSER = pytest.mark.skipif(BROWSER is None, reason="no chromium on the PATH")


class Page(HTMLParser):
    """What the tests ask of a page: its elements, and the text within those that have names."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)
        self.ids = Counter(given["id"] for _, given in self.elements if "id" in given)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def links(self, kind: str) -> list[dict[str, str | None]]:
        return [given for tag, given in self.elements if tag == "a" and given.get("class") == kind]


def record_all() -> None:
    """Leave the records that the jobs of the workflow would have left."""
    config = RESULTS / "config.json"
    runs = sorted((RESULTS / "runs").rglob("summary.json"))
    for summary in runs:
        for name in RUN_FILES:
            (summary.parent / name).touch()
    sources = sources_of_numbers(RESULTS)
    _, features, *tables = sources
    jobs: list[tuple[str, list[Path], list[Path]]] = [
        ("corpus", [], [RESULTS / "corpus"]),
        ("features", [RESULTS / "corpus"], [features]),
        ("configuration", [], [config]),
        *(("train", [features], [run.parent / name for name in RUN_FILES]) for run in runs),
        ("tables", [config, *runs], [*tables, RESULTS / "tables/hyperparameters.csv"]),
        ("numbers", list(sources), [RESULTS / "numbers.json"]),
        *(("figure", [config, *runs], [RESULTS / f"figures/{name}.svg"]) for name in FIGURES),
    ]
    (RESULTS / "corpus").mkdir()
    with pytest.MonkeyPatch.context() as patch:
        for number, (rule, inputs, outputs) in enumerate(jobs):
            patch.setenv("DELAYNET_RULE", rule)
            patch.setattr("sys.argv", ["delaynet", rule, str(number)])
            with recorded(inputs, outputs):
                pass
        with recorded([], [RESULTS / "seal.json"]):
            write_seal(PROJECT, RESULTS, RESULTS / "seal.json")


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory, small_features: Path) -> Iterator[Path]:
    """A project with results and their page, which is the current folder."""
    root = tmp_path_factory.mktemp("project")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(root)
        write_project(root, config_of(CLAIMS_GRID, 1, conditions=CONDITIONS), small_features)
        numbers = root / "results/numbers.json"
        numbers.write_text(numbers.read_text().replace(f"{root}/", ""))
        caches = shutil.ignore_patterns("__pycache__")
        shutil.copytree(CLONE / "workflow/delaynet", root / "workflow/delaynet", ignore=caches)
        record_all()
        write_page(root, SOURCE, Audit(PROJECT, RESULTS), PAGE)
        yield root


@pytest.fixture
def text(project: Path) -> str:
    return (project / PAGE).read_text()


@pytest.fixture
def page(text: str) -> Page:
    return Page(text)


@pytest.fixture
def copied(project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the project, to do with as one likes."""
    shutil.copytree(project, tmp_path / "copy")
    monkeypatch.chdir(tmp_path / "copy")
    return tmp_path / "copy"


def chain_of(text: str, path: str) -> str:
    """The words of a chain."""
    name = re.escape(path.replace("/", "-"))
    found = re.search(rf'<article id="chain-{name}".*?</article>', text, re.DOTALL)
    assert found, path
    return html.unescape(re.sub(r"<[^>]+>", " ", found[0]))


def test_every_number_leads_to_the_chain_of_its_source(project: Path, page: Page) -> None:
    numbers = json.loads((RESULTS / "numbers.json").read_text())
    links = page.links("number")
    assert Counter(key for key, _ in list_numbers(project, SOURCE)) <= Counter(
        str(link["data-key"]) for link in links
    )
    for link in links:
        entry = numbers
        for part in str(link["data-key"]).split("."):
            entry = entry[part]
        assert link["href"] == f"#chain-{entry['source'].replace('/', '-')}"
        assert page.ids[str(link["href"])[1:]] == 1


def test_every_figure_leads_to_its_chain(page: Page) -> None:
    linked = [str(link["href"]) for link in page.links("figure")]
    assert sorted(linked) == sorted(f"#chain-results-figures-{name}.svg" for name in FIGURES)
    assert all(page.ids[name[1:]] == 1 for name in linked)


def test_every_link_on_the_page_leads_somewhere(page: Page) -> None:
    assert set(page.ids.values()) == {1}
    targets = [given["href"] for tag, given in page.elements if tag == "a" and given.get("href")]
    assert all(str(target)[1:] in page.ids for target in targets if str(target).startswith("#"))
    assert all("href" in given for tag, given in page.elements if tag == "a")


def test_the_page_needs_no_other_file(page: Page) -> None:
    for tag, given in page.elements:
        assert tag != "link"
        assert str(given.get("src") or "data:").startswith("data:")


@pytest.mark.parametrize("path", ["results/figures/accuracy.svg", "results/tables/accuracy.csv"])
def test_a_chain_leads_to_the_corpus_with_hashes_commits_and_records(text: str, path: str) -> None:
    chain = chain_of(text, path)
    named = (path, "results/features.h5", "results/corpus", "rule corpus", "jobs of rule train")
    assert all(words in chain for words in named)
    for file in ("features.h5", "figures/accuracy.svg" if "figures" in path else "numbers.json"):
        record = json.loads((RESULTS / "records" / f"{file}.json").read_text())
        assert record["id"] in chain
        assert record["commit"][:10] in chain
        assert record["outputs"][f"results/{file}"]["sha256"][:16] in chain


def test_trainings_that_are_alike_are_one_line_and_each_stands_in_a_list(text: str) -> None:
    runs = len(list((RESULTS / "runs").rglob("summary.json")))
    chain = chain_of(text, "results/figures/accuracy.svg")
    assert chain.count("summary.json") == 1
    assert f"{runs} jobs of rule train" in chain
    assert len(re.findall(r'<details id="job-\w+">', text)) == runs


def test_all_is_said_to_be_intact_in_word_and_sign(text: str) -> None:
    assert "not intact" not in text
    assert re.search(r'<span aria-hidden="true">✓</span> \d+ intact', text)


def test_what_is_not_intact_is_named_where_it_matters(copied: Path) -> None:
    svg = copied / "results/figures/accuracy.svg"
    svg.write_text(svg.read_text() + "<!-- -->")
    write_page(copied, SOURCE, Audit(PROJECT, RESULTS), PAGE)
    text = (copied / PAGE).read_text()
    chain = chain_of(text, "results/figures/accuracy.svg")
    assert "not intact" in chain
    assert "altered" in chain
    assert text.count("not intact") == 1


def test_the_same_results_give_the_same_page(copied: Path) -> None:
    before = (copied / PAGE).read_bytes()
    write_page(copied, SOURCE, Audit(PROJECT, RESULTS), PAGE)
    assert (copied / PAGE).read_bytes() == before


def test_words_that_typst_leaves_out_of_html_are_there(text: str) -> None:
    assert "<h1>Learning delays by gradient" in text
    assert "Spiking networks can learn synaptic delays by gradient, or by pruning" in text
    assert '<span class="equation-number">(1)</span>' in text
    assert "mover" in text, "the mean that marks are centred by"


def in_browser(page: Path, script: str, width: int) -> dict[str, object]:
    """Open a page in a browser, run a script, and return the object that it gives."""
    probe = page.with_name("probe.html")
    before, after = page.read_text(encoding="utf-8").rsplit("</body>", 1)
    answer = f"document.title = JSON.stringify((() => {{ {script} }})());"
    probe.write_text(f"{before}<script>{answer}</script></body>{after}")
    command = [
        *(str(BROWSER), "--headless=new", "--no-sandbox", "--disable-gpu", "--dump-dom"),
        *(f"--window-size={width},800", "--virtual-time-budget=3000", probe.as_uri()),
        f"--user-data-dir={page.parent / 'browser'}",
    ]
    result = subprocess.run(command, capture_output=True, encoding="utf-8", timeout=120, check=True)
    title = re.search(r"<title>(.*?)</title>", result.stdout, re.DOTALL)
    assert title, result.stderr
    answered: dict[str, object] = json.loads(html.unescape(title[1]))
    return answered


@IN_A_BROWSER
@pytest.mark.parametrize("width", [1200, 500])
def test_in_a_browser_a_number_shows_its_chain_and_nothing_overflows(
    copied: Path, width: int
) -> None:
    seen = in_browser(
        copied / PAGE,
        """
        const root = document.documentElement;
        const links = [...document.querySelectorAll("a.number, a.figure")];
        const wide = root.scrollWidth - root.clientWidth;
        const link = links.find((link) => link.dataset.key?.startsWith("accuracy."));
        link.focus();
        link.click();
        const dialog = document.querySelector("dialog");
        const shown = {
          wide, open: dialog.open, words: dialog.textContent, key: link.dataset.key,
          over: dialog.scrollWidth - dialog.clientWidth,
          reachable: links.every((link) => link.tabIndex === 0),
          inEquations: [...document.querySelectorAll("math a")]
            .every((link) => link instanceof HTMLAnchorElement),
          pictures: [...document.images].every((image) => image.naturalWidth > 0),
        };
        dialog.querySelector("button").click();
        return {...shown, closed: !dialog.open, back: document.activeElement === link};
        """,
        width,
    )
    words = str(seen.pop("words"))
    assert str(seen.pop("key")) in words
    assert "results/tables/accuracy.csv" in words
    assert "intact" in words
    assert seen == {
        "wide": 0, "open": True, "over": 0, "reachable": True, "inEquations": True,
        "pictures": True, "closed": True, "back": True,
    }  # fmt: skip


def test_numbers_that_are_damaged_or_missing_are_one_sentence(copied: Path) -> None:
    numbers = RESULTS / "numbers.json"
    numbers.write_text(numbers.read_text()[:1000])
    with pytest.raises(UserError, match=r"failed to parse JSON.*; correct the source"):
        write_page(copied, SOURCE, Audit(PROJECT, RESULTS), PAGE)
    numbers.unlink()
    with pytest.raises(UserError, match=r"needs results/numbers\.json, which is missing: make it"):
        write_page(copied, SOURCE, Audit(PROJECT, RESULTS), PAGE)

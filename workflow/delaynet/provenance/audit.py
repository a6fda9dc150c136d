"""The audit: from a result back through the records of the jobs that led to it."""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from delaynet.config.errors import UserError
from delaynet.provenance import states
from delaynet.provenance.code import changed_code, code_now
from delaynet.provenance.distrust import distrusted, own_name
from delaynet.provenance.embedded import Embedded, read_embedded
from delaynet.provenance.project import Project
from delaynet.provenance.record import (
    CRATES,
    RECORDS,
    SEAL,
    Record,
    file_digest,
    fingerprint,
    read_record,
)
from delaynet.provenance.repository import has_commit
from delaynet.provenance.seal import (
    digest_of,
    manuscript_files,
    not_sealed,
    read_seal,
    record_files,
)
from delaynet.provenance.states import Verdict, named


class Link(NamedTuple):
    """One file of a chain.

    Attributes:
        depth: jobs between this file and the audited one.
        path: of the file or folder, as in the records.
        verdict: its state, and why.
        record: of the job that made it, or None.
    """

    depth: int
    path: str
    verdict: Verdict
    record: Record | None


class Audit:
    """The records of results, and the comparison of the results with them.

    All records are read at once; each file is hashed once, when it is first needed.

    Attributes:
        root: the folder around the results; recorded paths, except the manuscript's, begin there.
        clone: root of the project whose workflow made the results; it has the manuscript.
        records: of the job that made each recorded output, by path.
        sealed: the seal over the records, or None.
        not_checked: what could not be compared, and why.
    """

    def __init__(self, project: Project, results: Path) -> None:
        """Read all records and the seal.

        Raises:
            UserError: there are no records, or one, or the seal, cannot be read.
        """
        self.project, self.results = project, Path(results)
        self.root = Path(os.path.abspath(results)).parent
        self.clone = project.root_of(results)
        self._code_now = code_now(self.clone / project.workflow.name)
        files = record_files(self.results)
        if not files:
            raise UserError(f"{results / RECORDS}: holds no records; run the workflow first.")
        self.files = {name: read_record(path) for name, path in files.items()}
        self._digests = {name: file_digest(path) for name, path in files.items()}
        self.sealed = read_seal(self.results)
        named_commits = {record["commit"] for record in self.files.values()} - {None}
        commits = {commit: has_commit(project, self.clone, commit) for commit in named_commits}
        self.not_checked = ["commits (no history here)"] if None in commits.values() else []
        self._distrusted = distrusted(
            self.project, self.files, self._digests, self.sealed, results, commits
        )
        self._file_of: dict[str, str] = {}
        # of two records that claim a path, the one under the right name counts
        for name in sorted(self.files, key=lambda name: name == own_name(self.files[name])):
            self._file_of.update(dict.fromkeys(self.files[name]["outputs"], name))
        self.records = {path: self.files[name] for path, name in self._file_of.items()}
        # records of files outside of `results` lie beside these
        read = {path for record in self.files.values() for path in record["inputs"]}
        for path in sorted(read - self.records.keys()):
            beside = self.root / f"{path}.record.json"
            if beside.exists():
                self.records[path] = read_record(beside)
        self._fingerprints: dict[str, dict[str, Any] | None] = {}

    def fingerprint(self, path: str) -> dict[str, Any] | None:
        """Return `sha256` and `bytes` of a file as it is now, or None where it is not there."""
        if path not in self._fingerprints:
            file = self.project.place_of(path, self.results)
            self._fingerprints[path] = fingerprint(file) if file.exists() else None
        return self._fingerprints[path]

    def verdict(self, path: str) -> Verdict:
        """Return the state of a file, by its path in the records, and why."""
        found, record = self.fingerprint(path), self.records.get(path)
        if record is None:
            return self._unrecorded(path, found is not None)
        reason = self._distrusted.get(self._file_of.get(path, ""))
        if reason is not None:
            return Verdict(states.RECORD_ALTERED, reason)
        if found is None:
            return Verdict(states.MISSING, "it was made, and is gone")
        if found["sha256"] != record["outputs"][path]["sha256"]:
            return Verdict(states.ALTERED, _difference(found, record["outputs"][path]))
        stale = [source for source in record["inputs"] if self._differs(source, record)]
        if stale:
            return Verdict(states.STALE, f"changed since then: {named(stale)}")
        changed = changed_code(self.project, record, self._code_now)
        if changed:
            return Verdict(states.CODE_CHANGED, f"since then: {named(changed)}")
        return Verdict(states.INTACT)

    def _unrecorded(self, path: str, exists: bool) -> Verdict:
        file = f"{Path(path).relative_to(self._prefix)}.json" if self.is_result(path) else ""
        sealed = self.sealed is not None and file in self.sealed.records
        reason = "its sealed record is gone" if sealed else ""
        if not exists and path in self.printed:
            return Verdict(states.MISSING, reason or "the records are sealed, and it is not made")
        if not exists:
            return Verdict(states.MISSING, reason or "a job has read it, and it is gone")
        if self.is_result(path):
            return Verdict(states.UNRECORDED, reason or "no record lists it")
        return Verdict(states.SOURCE)

    @property
    def _prefix(self) -> Path:
        """The folder of results, as recorded paths begin with it."""
        return Path(Path(os.path.abspath(self.results)).name)

    @property
    def printed(self) -> list[str]:
        """The results made after the seal, as recorded paths; the first carries its digest."""
        return [str(self._prefix / name) for name in self.project.printed]

    def is_result(self, path: str) -> bool:
        """Return whether a recorded path lies in the folder of results."""
        return Path(path).is_relative_to(self._prefix)

    def _differs(self, source: str, record: Record) -> bool:
        found = self.fingerprint(source)
        if found is not None and found["sha256"] == record["inputs"][source]["sha256"]:
            return False
        resolved = self._prefix / "config.json"
        # a comment in a configuration changes no result
        is_same = str(resolved) in record["outputs"] and len(record["inputs"]) == 1
        says_the_same = self.project.is_same_configuration
        return not (is_same and says_the_same(self.root / source, self.root / resolved))

    def chain(self, path: str) -> Iterator[Link]:
        """Yield a file and all that it was made from, depth first, newest first, each path once."""
        yield from self._walk(path, 0, set())

    def chain_of_copy(self, copy: Path, carried: Embedded) -> Iterator[Link]:
        """Yield a copied figure or manuscript, and the chain of the result that it is a copy of."""
        made = [path for path, record in self.records.items() if record["id"] == carried.record]
        # the job may have written several formats
        path = next((path for path in made if Path(path).suffix == copy.suffix.lower()), None)
        if path is None:
            reason = f"no record here has its identifier {carried.record}"
            yield Link(0, str(copy), Verdict(states.UNRECORDED, reason), None)
            return
        digest = self.records[path]["outputs"][path]["sha256"]
        verdict = Verdict(states.INTACT, f"a copy of {path}")
        if file_digest(copy) != digest:
            verdict = Verdict(
                states.ALTERED, f"it carries the identifier of {path}, and differs from it"
            )
        yield Link(0, str(copy), verdict, None)
        yield from self._walk(path, 1, set())

    def recorded_path(self, path: str) -> str | None:
        """Return the recorded path that is, or contains, a path; None if there is none."""
        recorded = self.records.keys() | {
            source for record in self.records.values() for source in record["inputs"]
        }
        candidates = map(str, (Path(path), *Path(path).parents))
        return next((candidate for candidate in candidates if candidate in recorded), None)

    def _walk(self, path: str, depth: int, seen: set[str]) -> Iterator[Link]:
        if path in seen:
            return
        seen.add(path)
        record = self.records.get(path)
        yield Link(depth, path, self.verdict(path), record)
        for source in sorted(record["inputs"] if record else (), key=self._age, reverse=True):
            yield from self._walk(source, depth + 1, seen)

    def _age(self, path: str) -> str:
        return str(self.records[path]["ended"]) if path in self.records else ""

    def everything(self, folder: str | None = None) -> Iterator[Link]:
        """Yield the chains of results, all or a folder's, newest first, then what has no record."""
        seen: set[str] = set()
        # inputs are older, and in the chains of newer results
        recorded = sorted(self.records, key=self._age, reverse=True)
        for path in (*recorded, *self._without_record()):
            if folder is None or Path(path).is_relative_to(folder):
                yield from self._walk(path, 0, seen)

    def _without_record(self) -> list[str]:
        """Return the files of results that have no record, and those whose record is gone."""
        gone = set(self.sealed.records if self.sealed else ()) - self.files.keys()
        found = {str(self._prefix / name.removesuffix(".json")) for name in gone}
        if self.sealed is not None:
            found |= {path for path in self.printed if self.fingerprint(path) is None}
        folders = {self.root / path for path in self.records if (self.root / path).is_dir()}
        above = {self.root / folder for path in self.records for folder in Path(path).parents}
        to_results = folders | above
        top = self.root / self._prefix
        by_products = (RECORDS, *CRATES, *self.project.by_products)
        for folder, names, files in os.walk(top, followlinks=True):
            here = Path(folder)
            skipped = by_products if here == top else ()
            shown = {name for name in names + files if not name.startswith(".")} - set(skipped)
            # links are followed only to recorded results
            links = {name for name in names if (here / name).is_symlink()}
            entered = {
                name
                for name in shown & set(names)
                if name not in links or here / name in to_results
            }
            names[:] = [name for name in entered if here / name not in folders]
            found |= {str((here / name).relative_to(self.root)) for name in shown - entered}
        return sorted(found - self.records.keys())

    def seal(self) -> Verdict:
        """Return the state of the seal over all records, and why.

        `unrecorded`: none was made yet. `missing`: it is gone. `altered`: its digest is not that of
        what it lists, it differs from its own record, or the manuscript carries another digest, or
        none. `record altered`: a record is not as it was sealed. `stale`: the text is not.
        """
        printed = [path for path in self.printed if self.fingerprint(path) or path in self.records]
        if self.sealed is None:
            if f"{SEAL}.json" in self.files or printed:
                return Verdict(states.MISSING, "it was made, and is gone")
            return Verdict(states.UNRECORDED, "none was made yet")
        if digest_of(self.sealed.records, self.sealed.sources) != self.sealed.digest:
            return Verdict(states.ALTERED, "its digest does not match its content")
        if f"{SEAL}.json" not in self.files:
            return Verdict(states.RECORD_ALTERED, "its own record is gone")
        own = self.verdict(str(self._prefix / SEAL))
        if own.state not in (states.INTACT, states.CODE_CHANGED):
            return own
        sealed = self.sealed.records.items()
        added = self._digests.keys() - self.sealed.records.keys() - set(not_sealed(self.project))
        others = sorted(
            {name for name, digest in sealed if self._digests.get(name) != digest} | added
        )
        if others:
            return Verdict(states.RECORD_ALTERED, f"not as sealed: {named(others)}")
        for pdf in map(self.root.joinpath, self.printed[:1]):
            carried = read_embedded(pdf)
            if pdf.exists() and (carried is None or carried.seal is None):
                return Verdict(states.ALTERED, f"{pdf.name} carries no digest")
            if carried is not None and carried.seal != self.sealed.digest:
                return Verdict(states.ALTERED, f"{pdf.name} carries another digest")
        files = manuscript_files(self.project, self.results)
        now = {(name, file_digest(path)) for name, path in files.items()}
        # results may have been unpacked without the manuscript
        changed = now ^ set(self.sealed.sources.items()) if now else set()
        if changed:
            text = sorted({name for name, _ in changed})
            return Verdict(states.STALE, f"changed since then: {named(text)}")
        return Verdict(states.INTACT)


def _difference(found: Mapping[str, Any], made: Mapping[str, Any]) -> str:
    """Return how a file differs from its job's output, by kind and size."""
    if ("files" in found) != ("files" in made):
        kinds = ("a folder", "a file") if "files" in found else ("a file", "a folder")
        return "it is {}, and was {} when it was made".format(*kinds)
    for unit in ("files", "bytes"):
        if found.get(unit) != made.get(unit):
            return f"it holds {found.get(unit):,} {unit}, and {made.get(unit):,} when it was made"
    return "the same size as when it was made, but other bytes"

"""An RO-Crate of the results: jobs, their inputs, outputs and code, from the records alone.

Workflow Run Crate 0.5 (process, workflow, provenance; https://w3id.org/ro/wfrun) in RO-Crate 1.1.
Each job is a `CreateAction` whose objects are the files that it read and whose results those that
it wrote. What is not recorded (who ran a job, the address of the published code) is left out.

The crate includes what a reader looks at: manuscript, figures, tables, measures, the records, the
sources. Recordings and HDF5 files (features, networks) are named by their hash (RFC 6920) and not
included: `packing` makes an archive of them.
"""

import base64
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

from rocrate.model import ComputationalWorkflow, ContextEntity
from rocrate.rocrate import ROCrate

from delaynet.config.errors import UserError
from delaynet.config.files import replacing, replacing_folder
from delaynet.provenance.audit import Audit
from delaynet.provenance.packing import refuse_place
from delaynet.provenance.project import Project
from delaynet.provenance.record import Record, fingerprint, record_path
from delaynet.provenance.states import INTACT

PROFILES = {
    "https://w3id.org/ro/wfrun/process/0.5": ("Process Run Crate", "0.5"),
    "https://w3id.org/ro/wfrun/workflow/0.5": ("Workflow Run Crate", "0.5"),
    "https://w3id.org/ro/wfrun/provenance/0.5": ("Provenance Run Crate", "0.5"),
    "https://w3id.org/workflowhub/workflow-ro-crate/1.0": ("Workflow RO-Crate", "1.0"),
}
# terms of Workflow Run Crate that the context of RO-Crate 1.1 lacks
TERMS = {
    term: f"https://w3id.org/ro/terms/workflow-run#{term}" for term in ("sha256", "resourceUsage")
}
NOT_INCLUDED = (".h5", ".gz")
MEDIA_TYPES = {
    ".bib": "application/x-bibtex",
    ".css": "text/css",
    ".csv": "text/csv",
    ".html": "text/html",
    ".js": "text/javascript",
    ".json": "application/json",
    ".md": "text/markdown",
    ".pdf": "application/pdf",
    ".png": "image/png",
    ".py": "text/x-python",
    ".svg": "image/svg+xml",
    ".yaml": "application/yaml",
}
# resources that a job used: field of its record, name, UN/CEFACT code of the unit
USED = {"seconds": ("elapsed time", "SEC"), "peak_memory_bytes": ("peak memory", "AD")}


class RunWorkflow(ComputationalWorkflow):
    """The main workflow, whose steps are its rules."""

    TYPES = (*ComputationalWorkflow.TYPES, "HowTo")

    def _empty(self) -> dict[str, Any]:
        return {"@id": self.id, "@type": list(self.TYPES), "name": self.id}


def version_of(record: Record) -> str | None:
    """Return the commit that a job ran from, with a plus and a digest of uncommitted changes."""
    if record["commit"] is None:
        return None
    uncommitted = record["uncommitted"]
    return str(record["commit"]) + (f"+{uncommitted[:10]}" if uncommitted else "")


class Entities:
    """The entities of a crate of results, each created when it is first needed."""

    def __init__(self, audit: Audit) -> None:
        self.audit, self.project = audit, audit.project
        self.main_workflow = f"{self.project.workflow.name}/Snakefile"
        self.crate = ROCrate(version="1.1")
        self.crate.metadata.extra_terms = TERMS
        self.crate.root_dataset["conformsTo"] = [
            self.entity(address, "CreativeWork", name=name, version=version)
            for address, (name, version) in PROFILES.items()
        ]

    def place(self, path: str) -> Path:
        """Return the file of a run; a run that was started elsewhere lacks some of the clone."""
        here = self.project.place_of(path, self.audit.results)
        return here if here.exists() else self.audit.clone / path

    def entity(self, identifier: str, kind: str, /, **properties: Any) -> Any:
        """Return the entity with this identifier, without properties that have no value."""
        existing = self.crate.get(identifier)
        if existing is not None:
            return existing
        non_empty = {name: value for name, value in properties.items() if value}
        entity = ContextEntity(self.crate, identifier, {"@type": kind, **non_empty})
        return self.crate.add(entity)

    def value(self, name: str, value: Any) -> Any:
        """Return a value that jobs were given, such as a wildcard."""
        text = str(value)
        return self.entity(f"#{name}={quote(text)}", "PropertyValue", name=name, value=text)

    def file(self, path: str, content: Mapping[str, Any] | None = None) -> Any:
        """Return a file or a folder, included in the crate or named by its hash.

        The path is relative to the project's folder; the content is its fingerprint as recorded, by
        default that of the file as it is.
        """
        content = content or fingerprint(self.place(path))
        is_folder = "files" in content
        within = not Path(path).is_absolute() and ".." not in Path(path).parts
        is_included = within and not is_folder and Path(path).suffix not in NOT_INCLUDED
        identifier = quote(path)
        if not is_included:  # the address of a file by its content (RFC 6920), its path as a query
            digest = base64.urlsafe_b64encode(bytes.fromhex(content["sha256"])).decode().rstrip("=")
            identifier = f"ni:///sha-256;{digest}?path={identifier}"
        existing = self.crate.get(identifier)
        if existing is not None:
            return existing
        properties = {
            "name": path,
            "sha256": content["sha256"],
            "contentSize": str(content["bytes"]),
        }
        if is_folder:
            properties["description"] = (
                f"{content['files']} files; the hash is that of the sorted lines "
                "`<sha256>  <path below the folder>`"
            )
            folder = self.entity(identifier, "Dataset", **properties)
            self.crate.root_dataset.append_to("hasPart", folder)
            return folder
        if media_type := MEDIA_TYPES.get(Path(path).suffix):
            properties["encodingFormat"] = media_type
        if is_included:
            return self.crate.add_file(self.place(path), path, properties=properties)
        return self.crate.add_file(identifier, properties=properties)

    def tool(self, record: Record) -> Any:
        """Return the command of a job, in the version that ran."""
        version = version_of(record)
        words = record["command"].split()
        name = " ".join(words[:3] if words[1] in self.project.command_groups else words[:2])
        identifier = (
            "#" + (record["rule"] or name.replace(" ", "-")) + f"@{version}" * bool(version)
        )
        kind = "SoftwareApplication"
        packages = {**record["packages"], "python": record["python"]}
        required = [
            self.entity(f"#{name}-{number}", kind, name=name, softwareVersion=number)
            for name, number in packages.items()
        ]
        return self.entity(
            identifier, kind, name=name, softwareVersion=version, softwareRequirements=required
        )

    def action(self, record: Record) -> Any:
        """Return the action of a job."""
        wildcards = record["wildcards"]
        given = [self.value(name, value) for name, value in wildcards.items()]
        if record["seed"] is not None:
            given.append(self.value("seed", record["seed"]))
        used = [
            self.entity(
                f"#{record['id']}-{name}",
                "PropertyValue",
                name=words,
                propertyID=f"#{name}",
                value=str(record[name]),
                unitCode=unit,
            )
            for name, (words, unit) in USED.items()
            if record[name] is not None
        ]
        first = next(iter(record["outputs"]))
        return self.entity(
            f"#{record['id']}",
            "CreateAction",
            identifier=record["id"],
            name=" ".join([record["rule"] or record["command"], *wildcards.values()]),
            description=record["command"],
            instrument=self.tool(record),
            object=[*(self.file(*read) for read in record["inputs"].items()), *given],
            result=[self.file(*written) for written in record["outputs"].items()],
            startTime=record["started"],
            endTime=record["ended"],
            actionStatus={"@id": "http://schema.org/CompletedActionStatus"},
            resourceUsage=used,
            subjectOf=self.file(record_path(Path(first)).as_posix()),
        )


def sources(project: Project, root: Path) -> Iterator[str]:
    """Yield the files of the project that make the results, caches and hidden files left out."""
    found = {path for pattern in project.published for path in root.glob(pattern) if path.is_file()}
    for path in sorted(found):
        if not any(part.startswith((".", "__pycache__")) for part in path.relative_to(root).parts):
            yield path.relative_to(root).as_posix()


def require_intact(audit: Audit) -> None:
    """Raise a UserError unless every result, and the seal over the records, is intact."""
    verdicts = {path: audit.verdict(path) for path in audit.records}
    verdicts["the seal over all records"] = audit.seal()
    bad = [(path, *verdict) for path, verdict in verdicts.items() if verdict.state != INTACT]
    if bad:
        path, state, reason = bad[0]
        raise UserError(
            f"{path}: {state} ({reason}); a crate takes intact results only, and {len(bad)} are "
            f"not: `{audit.project.package} audit --all` lists them."
        )


def described(audit: Audit) -> ROCrate:
    """Return the crate of all records of results, ready to be written."""
    project, clone = audit.project, audit.clone
    entities = Entities(audit)
    crate = entities.crate
    records: dict[str, Record] = {record["id"]: record for record in audit.records.values()}
    jobs = sorted(records.values(), key=lambda record: (record["started"], record["id"]))
    main = entities.main_workflow
    content = fingerprint(entities.place(main))
    workflow = crate.add_workflow(
        entities.place(main),
        main,
        main=True,
        lang="snakemake",
        cls=RunWorkflow,
        properties={"sha256": content["sha256"], "contentSize": str(content["bytes"])},
    )
    actions = {record["id"]: entities.action(record) for record in jobs}
    for path in sources(project, clone):
        entities.file(path)
    crate.name, crate.description = project.title(audit.results), project.description
    crate.datePublished = max(record["ended"] for record in jobs)
    if (clone / "LICENSE").exists():
        crate.license = entities.file("LICENSE")
    run = _run(entities, workflow, jobs)
    by_rules = [record for record in jobs if record["rule"]]
    if by_rules:
        _describe_steps(entities, workflow, run, by_rules, actions)
    crate.root_dataset["mentions"] = [run, *actions.values()]
    return crate


def write_crate(project: Project, results: Path, output: Path) -> None:
    """Write the crate of results: a folder, or one archive where the name ends in `.zip`.

    Raises:
        UserError: results are not intact, or the place is taken, or cannot be written to.
    """
    refuse_place(output, results)
    audit = Audit(project, results)
    require_intact(audit)
    crate = described(audit)
    if output.suffix == ".zip":
        with replacing(output) as temporary:
            crate.write_zip(temporary)
    else:
        with replacing_folder(output) as temporary:
            crate.write(temporary)


def _describe_steps(
    entities: Entities, workflow: Any, run: Any, jobs: list[Record], actions: Mapping[str, Any]
) -> None:
    """Describe for each job its step in the workflow, and that Snakemake ran it."""
    tools: dict[str, list[Any]] = defaultdict(list)
    for record in jobs:
        tool = entities.tool(record)
        if tool not in tools[record["rule"]]:
            tools[record["rule"]].append(tool)
    steps = {
        rule: entities.entity(
            f"{entities.main_workflow}#{rule}", "HowToStep", name=rule, workExample=ran
        )
        for rule, ran in tools.items()
    }
    workflow["step"] = list(steps.values())
    workflow["hasPart"] = [tool for ran in tools.values() for tool in ran]
    controls = [
        entities.entity(
            f"#control-{record['id']}",
            "ControlAction",
            name=f"orchestrate {record['rule']}",
            instrument=steps[record["rule"]],
            object=actions[record["id"]],
        )
        for record in jobs
    ]
    entities.entity(
        "#orchestration",
        "OrganizeAction",
        name="the jobs of the workflow's rules",
        instrument=entities.entity("#snakemake", "SoftwareApplication", name="Snakemake"),
        object=controls,
        result=run,
    )


def _run(entities: Entities, workflow: Any, jobs: list[Record]) -> Any:
    """Return the run of the workflow: from files that no job wrote to files that no job read."""
    read = {path: content for record in jobs for path, content in record["inputs"].items()}
    written = {path: content for record in jobs for path, content in record["outputs"].items()}
    return entities.entity(
        "#run",
        "CreateAction",
        name="all jobs together",
        description="Every job of which there is a record, in one or more calls of Snakemake.",
        instrument=workflow,
        object=[entities.file(*item) for item in read.items() if item[0] not in written],
        result=[entities.file(*item) for item in written.items() if item[0] not in read],
        startTime=min(record["started"] for record in jobs),
        endTime=max(record["ended"] for record in jobs),
    )

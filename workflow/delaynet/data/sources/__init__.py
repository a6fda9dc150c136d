"""The corpora: one file for each, which defines its `Source` as SOURCE.

`corpus.source` in the configuration is the name of a file in this folder, without its ending. A new
corpus needs such a file and nothing else. Shared code is in `delaynet.data.corpus`.
"""

import hashlib
import importlib
import json
from pathlib import Path

from delaynet.config.errors import UserError
from delaynet.config.settings import CorpusSettings
from delaynet.data.corpus.clips import Table

# keys of the section `corpus` that every source has
COMMON = ("source", "faults")
MADE = Path("results/corpus")


class Source:
    """A corpus, for the workflow, the check and the manuscript.

    A user's own recordings need `table` and `description`. A corpus that is made here, in
    `results/corpus`, also needs `make`, and `archive_name` if it is made from an archive.

    Attributes:
        settings: keys of the section `corpus` of the configuration that this corpus reads.
        features: presets of the section `features` that it works with.
        highest_hz: default of `features.highest_hz`, for recordings at less than 22,050 Hz.
        holds: content of the user's folder, in words; for a corpus that reads `folder`.
        archive_name: name of the published archive that it is made from, as in
            `config/downloads.json`.
        description: Typst, the manuscript's paragraph on the corpus. It may use `#corpus`
            (the name), `#num(key)` and `#plural(key, one, many)` with the keys below `corpus.` in
            `results/numbers.json`, and cite what is in `manuscript/references.bib`.
        caveat: Typst, a sentence on the corpus for the abstract; may be empty.
        limits: Typst, limits of results on this corpus, for the discussion; may be empty.
        availability: Typst, where the corpus is available, and its licence.
        bibliography: BibTeX entries that these texts cite and the manuscript lacks.
    """

    settings: tuple[str, ...] = ()
    features: tuple[str, ...] = ("authors", "stork")
    highest_hz: float | None = None
    holds: str = ""
    archive_name: str | None = None
    description: str
    caveat: str = ""
    limits: str = ""
    availability: str = "The corpus is named in the configuration."
    bibliography: str = ""

    def table(self, folder: Path, corpus: CorpusSettings) -> Table:
        """Return the table of clips.

        Raises:
            UserError: a list is missing or cannot be read.
        """
        raise NotImplementedError

    def make(self, folder: Path, corpus: CorpusSettings, processes: int) -> None:
        """Make the corpus, whole or not at all, and the same byte for byte each time.

        Raises:
            UserError: it cannot be made.
        """
        raise NotImplementedError

    def folder(self, corpus: CorpusSettings) -> Path:
        """Return the folder of the corpus: the user's own, or the one that is made."""
        return MADE if corpus.folder is None else Path(corpus.folder)

    def inputs(self, corpus: CorpusSettings) -> list[Path]:
        """Return the files and folders of the corpus that jobs have as inputs."""
        return [self.folder(corpus)]

    def inventory(self, corpus: CorpusSettings) -> str:
        """Return a digest of the names and sizes of the files in a user's own folder.

        The digest changes if a recording is replaced under its old name. It does not if the folder
        is copied, which changes only times.
        """
        folder = self.folder(corpus)
        if folder == MADE:
            return ""
        # the check of the corpus reports broken links
        sizes = sorted(
            (str(file.relative_to(folder)), file.stat(follow_symlinks=file.exists()).st_size)
            for path in self.inputs(corpus)
            for file in (path.rglob("[!.]*") if path.is_dir() else [path])
        )
        return hashlib.sha256(json.dumps(sizes).encode()).hexdigest()[:16]

    def archives(self, corpus: CorpusSettings) -> list[Path]:
        """Return the archive that the corpus is made from, if there is one."""
        if self.archive_name is None:
            return []
        return [Path(corpus.archive or f"resources/{self.archive_name}")]

    def training_clips(self, corpus: CorpusSettings) -> int | None:
        """Return the number of clips in the training list, if it is known before the features."""
        return None

    def check(self, corpus: CorpusSettings) -> None:
        """Check that the files that the settings name exist.

        Raises:
            UserError: one is not named, or missing.
        """
        if corpus.archive is not None and not Path(corpus.archive).exists():
            raise UserError(
                f"`corpus.archive`: {corpus.archive} does not exist; name the archive that you "
                "have, or leave the key out and it is fetched."
            )
        is_made = corpus.folder is None and self.archive_name is not None
        if "folder" not in self.settings or is_made:
            return
        if corpus.folder is None:
            raise UserError(
                f"`corpus.folder` is missing: `source: {corpus.source}` needs a folder that holds "
                f"{self.holds}."
            )
        for path in (self.folder(corpus), *self.inputs(corpus)):
            if not path.exists():
                raise UserError(
                    f"`corpus.folder`: {path} does not exist; name a folder that holds "
                    f"{self.holds}."
                )


def load_source(name: str) -> Source:
    """Return the corpus that a file of this folder describes.

    Only that file is imported, so that no result depends on the files of other corpora.
    """
    source: Source = importlib.import_module(f"{__name__}.{name}").SOURCE
    return source


def check_source(corpus: CorpusSettings, preset: str) -> None:
    """Check the section `corpus` and the preset of the features.

    Raises:
        UserError: the source does not read a key, does not work with the preset, or lacks a file.
    """
    source = load_source(corpus.source)
    for key, field in CorpusSettings.model_fields.items():
        is_read = key in (*COMMON, *source.settings)
        if not is_read and getattr(corpus, key) != field.default:
            raise UserError(
                f"`corpus.{key}` is set, but `source: {corpus.source}` does not read it; leave it "
                "out, or name another source."
            )
    if preset not in source.features:
        raise UserError(
            f"`features.preset` is '{preset}', but `source: {corpus.source}` works with "
            f"{' or '.join(source.features)}; name one of these."
        )
    source.check(corpus)

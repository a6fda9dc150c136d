"""A digest of each rule of the workflow: of its inputs, parameters and command.

The rules pass these digests to Snakemake as a parameter, and to the records of their jobs: the
results of an edited rule are made again, and the audit reports it. The head that all commands share
counts too. Comments, blanks, threads, memory and time do not.
"""

import hashlib
import tokenize
from collections.abc import Iterator
from pathlib import Path

# outputs are in the records
COUNTED = ("input", "params", "shell")
# the beginning of every rule's command; `exec`, so that a signal reaches Python and no shell
HEAD = (
    "{rule_variable}={rule} {wildcards_variable}={wildcards} {compared_variable}={compared}"
    " PYTHONPATH={path} exec {python} -m {package}"
)


def rule_digests(workflow: Path) -> dict[str, str]:
    """Return the digest of each rule, by name.

    Raises:
        SyntaxError: a file is not Python with rules.
        OSError: a file cannot be read.
    """
    files = [file for file in (workflow / "Snakefile",) if file.exists()]
    return {
        name: hashlib.sha256(f"{text}\n{HEAD}".encode()).hexdigest()[:16]
        for file in files + sorted((workflow / "rules").glob("*.smk"))
        for name, text in _texts_of(file).items()
    }


def _texts_of(file: Path) -> dict[str, str]:
    """Return the text of each rule of a file, by name: inputs, parameters, command."""
    with file.open(encoding="utf-8") as opened:
        lines = opened.read().splitlines(keepends=True)
    try:
        tokens = list(tokenize.generate_tokens(iter(lines).__next__))
    except tokenize.TokenError as error:
        raise SyntaxError(f"{file}: {error}") from None
    for token in tokens:
        if token.type == tokenize.COMMENT:
            row, column = token.start
            lines[row - 1] = lines[row - 1][:column] + "\n"
    texts_of: dict[str, list[str]] = {}
    for rule, directive, (first, last) in _directives(tokens):
        texts = texts_of.setdefault(rule, [])
        if directive in COUNTED:
            texts.append(" ".join("".join(lines[first - 1 : last]).split()))
    return {rule: "\n".join(texts) for rule, texts in texts_of.items()}


def _directives(tokens: list[tokenize.TokenInfo]) -> Iterator[tuple[str, str, tuple[int, int]]]:
    """Yield rule, directive, and its first and last row, of the tokens of a file."""
    depth, rule, open_at, previous = 0, "", ("", 0), tokenize.NEWLINE
    for token, following in zip(tokens, tokens[1:] + tokens[-1:], strict=True):
        if token.type in (tokenize.INDENT, tokenize.DEDENT):
            depth += 1 if token.type == tokenize.INDENT else -1
            continue
        if token.type in (tokenize.NL, tokenize.COMMENT):
            continue
        # the first word of a line, such as `rule` or a directive
        if previous == tokenize.NEWLINE and depth < 2:
            if open_at[0]:
                yield rule, open_at[0], (open_at[1], token.start[0] - 1)
            open_at = (token.string, token.start[0]) if rule and depth == 1 else ("", 0)
            if depth == 0:
                rule = following.string if token.string in ("rule", "checkpoint") else ""
        previous = token.type

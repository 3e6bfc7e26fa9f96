"""Config files of the user's: what YAML would silently misread is refused, and so is hiding a file of the program's."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path

import yaml

from optimizer.errors import Finding, InputError

LARGEST = 1_000_000
OCTAL = re.compile(r"[-+]?0[0-9_]+")
SEXAGESIMAL = re.compile(r"[-+]?[0-9][0-9_]*(:[0-5]?[0-9])+(\.[0-9_]*)?")


def group_names(group: str, folders: Iterable[Path]) -> list[str]:
    """Names that may be chosen in a config group."""
    return sorted({file.stem for folder in folders for file in (folder / group).glob("*.yaml")})


def check_folder(folder: Path, own: Path) -> None:
    """Refuse a folder that cannot be used beside the program's own.

    Raises
    ------
    InputError
        No folder; a file named like one of the program's; a file with something that YAML misreads.
    """
    if not folder.is_dir():
        raise InputError(f"--config-dir: found {str(folder)!r}, which is no folder. Give a folder with config groups in it.")
    for file in sorted(folder.rglob("*.yaml")):
        inside = file.relative_to(folder)
        if (own / inside).exists():
            raise InputError(f"{file}: the program has a config {inside.as_posix()} of its own. Give yours another name.")
        check_file(file)


def check_file(file: Path) -> None:
    """Refuse aliases, numbers that YAML reads as octal or sexagesimal, and files that are no YAML."""
    if file.stat().st_size > LARGEST:
        raise InputError(Finding(str(file), 0, "", f"{file.stat().st_size} bytes", f"at most {LARGEST}", "Split the file."))
    try:
        tokens = list(yaml.scan(file.read_text(encoding="utf-8-sig")))
    except UnicodeDecodeError:
        raise InputError(Finding(str(file), 0, "", "another encoding", "UTF-8", "Save the file as UTF-8.")) from None
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 0
        raise InputError(Finding(str(file), line, "", str(error.problem), "YAML", "Correct the line.")) from None
    findings = _misread(str(file), tokens)
    if findings:
        raise InputError(findings)


def _misread(file: str, tokens: Sequence[yaml.Token]) -> list[Finding]:
    findings = []
    for token in tokens:
        line = token.start_mark.line + 1
        if isinstance(token, yaml.AliasToken):
            findings.append(Finding(file, line, "", f"the alias *{token.value}", "plain values", "Write the value out."))
        if not isinstance(token, yaml.ScalarToken) or not token.plain:
            continue
        if OCTAL.fullmatch(token.value) or SEXAGESIMAL.fullmatch(token.value):
            findings.append(Finding(
                file, line, "", token.value, "a number without leading zeros or colons, or a quoted text",
                f'YAML reads this as another number: write it without the zeros or as "{token.value}".',
            ))
    return findings

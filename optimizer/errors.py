"""Errors that a user can mend: one clear message, no traceback."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """One fault in the input, and how to mend it.

    Parameters
    ----------
    file, row, column
        Where it was found; ``row`` is the line number a spreadsheet or editor shows (the header is line 1),
        0 when the fault concerns the whole file.
    found, expected, remedy
        What stands there, what should, and what the user can do.
    """

    file: str
    row: int
    column: str
    found: str
    expected: str
    remedy: str

    def __str__(self) -> str:
        place = (
            self.file
            + (f", row {self.row}" if self.row else "")
            + (f", column {self.column}" if self.column else "")
        )
        return f"{place}: found {self.found}; expected {self.expected}. {self.remedy}"


class ChengxiangError(Exception):
    """Base of every error that ends a run with one message and a non-zero exit code."""

    exit_code = 2


class InputError(ChengxiangError):
    """The input cannot be used as it is.

    Parameters
    ----------
    findings
        At least one :class:`Finding`, or a plain sentence for faults that have no file.
    """

    def __init__(self, findings: Finding | list[Finding] | str) -> None:
        self.findings = (
            [findings] if isinstance(findings, Finding) else findings if isinstance(findings, list) else []
        )
        text = findings if isinstance(findings, str) else "\n".join(str(f) for f in self.findings)
        super().__init__(text)


class InfeasibleError(ChengxiangError):
    """No plan satisfies all rules; ``groups`` names the groups of constraints in conflict."""

    exit_code = 3

    def __init__(self, message: str, groups: list[str] | None = None) -> None:
        super().__init__(message)
        self.groups = groups or []


class PlanError(ChengxiangError):
    """A plan or run folder is broken or fails verification."""

    exit_code = 4

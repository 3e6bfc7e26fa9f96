"""Readers of published sequencing instances: open pits of MineLib (UPIT, CPIT) and multidimensional knapsacks.

MineLib: Espinoza, Goycoolea, Moreno and Newman (2013). Knapsacks: OR-Library (Beasley 1990), one or several in a file.
"""

from __future__ import annotations

import csv
import gzip
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NoReturn

import numpy as np

from optimizer.errors import Finding, InputError

REFERENCES = Path(__file__).with_name("sequence_references.csv")
KNAPSACKS = (".dat", ".txt")
NOT_INSTANCES = ("reference.csv", "sources.md", "readme.md", "readme.txt", "format.txt")


@dataclass(frozen=True)
class SequenceInstance:
    """Blocks (or items) to be taken in some period, or never, for the greatest discounted value.

    Parameters
    ----------
    value
        (n,) undiscounted; taken in period t it counts ``value / (1 + rate)**t``.
    needs
        (k, 2) block and a block that must be taken in the same period or before.
    rate
        Per period.
    use, limit
        (n, r) of each resource, used in the period in which a block is taken; (r, periods), inf where unlimited.
    reference
        Best value known, or None.
    """

    name: str
    value: np.ndarray
    needs: np.ndarray
    rate: float
    use: np.ndarray
    limit: np.ndarray
    reference: float | None = None

    @property
    def periods(self) -> int:
        return int(self.limit.shape[1])

    @property
    def size(self) -> str:
        """Blocks x periods, with precedences and resources."""
        return f"{len(self.value)}x{self.periods}, {len(self.needs)} precedences, {len(self.limit)} resources"


class _File:
    """Lines of a plain or packed text file, with one way to refuse them."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.lines = _bytes(path).decode("utf-8", "replace").splitlines()

    def fault(self, line: int, found: str, expected: str, remedy: str = "Is this a file of that format?") -> NoReturn:
        raise InputError(Finding(self.path.name, line, "", found, expected, remedy))

    def numbers(self, line: int, count: int | None, expected: str) -> list[float]:
        """The numbers of a line (0 is the first), exactly ``count`` of them where it is given."""
        words = self.lines[line].split()
        try:
            found = [float(w) for w in words]
        except ValueError:
            found = []
        if not found or (count is not None and len(found) != count) or not np.isfinite(found).all():
            self.fault(line + 1, repr(self.lines[line].strip()[:60]), expected)
        return found

    def index(self, line: int, value: float, below: int, what: str) -> int:
        """A whole number from 0 to ``below`` - 1."""
        if value != int(value) or not 0 <= value < below:
            self.fault(line + 1, f"{value:g}", f"a {what} from 0 to {below - 1}")
        return int(value)


def _bytes(path: Path) -> bytes:
    if path.suffix != ".gz":
        return path.read_bytes()
    try:
        return gzip.decompress(path.read_bytes())
    except (OSError, EOFError, zlib.error) as error:
        raise InputError(
            Finding(path.name, 0, "", str(error), "a gzip file", "The file is damaged: fetch it again.")
        ) from error


# ---- MineLib
OBJECTIVE, LIMITS, COEFFICIENTS = "OBJECTIVE_FUNCTION", "RESOURCE_CONSTRAINT_LIMITS", "RESOURCE_CONSTRAINT_COEFFICIENTS"
SECTIONS = (OBJECTIVE, LIMITS, COEFFICIENTS)


class _Pit:
    """A .upit or .cpit file: a head of ``KEY: value`` lines, then sections of numbered lines."""

    def __init__(self, path: Path) -> None:
        self.file = _File(path)
        self.head: dict[str, tuple[str, int]] = {}
        self.sections: dict[str, list[int]] = {}
        into: list[int] | None = None
        for i, text in enumerate(self.file.lines):
            line = text.strip()
            if not line or line.startswith("%") or line == "EOF":
                continue
            if ":" in line:
                into = self._key(line, i)
            elif into is not None or not self.head:
                (self.sections.setdefault(OBJECTIVE, []) if into is None else into).append(i)
            else:
                self.file.fault(i + 1, repr(line[:60]), f"a line KEY: value, or a section ({', '.join(SECTIONS)})")

    def _key(self, line: str, at: int) -> list[int] | None:
        key, _, value = line.partition(":")
        key = key.strip().upper()
        if key in SECTIONS:
            return self.sections.setdefault(key, [])
        self.head[key] = (value.strip(), at)
        return None

    def number(self, key: str, least: float, otherwise: float | None = None) -> float:
        """A number of the head."""
        if key not in self.head and otherwise is not None:
            return otherwise
        text, at = self.head.get(key, ("nothing", 0))
        try:
            value = float(text)
        except ValueError:
            value = np.nan
        if not value >= least:
            self.file.fault(at + 1, repr(text), f"{key}: a number of at least {least:g}")
        return value

    def values(self) -> np.ndarray:
        """(n,) of the objective."""
        lines = self.sections.get(OBJECTIVE, [])
        n = int(self.number("NBLOCKS", 1, otherwise=len(lines)))
        value = np.full(n, np.nan)
        for i in lines:
            block, amount = self.file.numbers(i, 2, "a block and its value")
            value[self.file.index(i, block, n, "block")] = amount
        missing = np.flatnonzero(np.isnan(value))
        if len(missing) or n == 0:
            at = len(self.file.lines)
            self.file.fault(at, f"{n - len(missing)} values", f"a value of each of {n} blocks", "Is the file cut off?")
        return value

    def limits(self, resources: int, periods: int) -> np.ndarray:
        """(resource, period); a line is ``resource period L amount``."""
        limit = np.full((resources, periods), np.inf)
        for i in self.sections.get(LIMITS, []):
            words = self.file.lines[i].split()
            if len(words) != 4 or words[2].upper() != "L":
                remedy = "Only upper limits (L) can be planned with."
                self.file.fault(i + 1, repr(self.file.lines[i].strip()[:60]), "resource period L amount", remedy)
            self.file.lines[i] = " ".join(words[:2] + words[3:])
            r, t, amount = self.file.numbers(i, 3, "resource period L amount")
            limit[self.file.index(i, r, resources, "resource"), self.file.index(i, t, periods, "period")] = amount
        return limit

    def uses(self, n: int, resources: int) -> np.ndarray:
        """(n, resource); a line is ``block resource amount``."""
        use = np.zeros((n, resources))
        for i in self.sections.get(COEFFICIENTS, []):
            b, r, amount = self.file.numbers(i, 3, "block resource amount")
            if amount < 0:
                self.file.fault(i + 1, f"{amount:g}", "an amount of at least 0")
            use[self.file.index(i, b, n, "block"), self.file.index(i, r, resources, "resource")] = amount
        return use


def _precedence(path: Path, n: int) -> np.ndarray:
    """Pairs (block, predecessor) of the .prec file beside a .upit or .cpit file; lines ``block k pred1 ... predk``."""
    stem = path.name.removesuffix(".gz").rsplit(".", 1)[0]
    beside = next((f for f in (path.with_name(f"{stem}.prec{end}") for end in ("", ".gz")) if f.is_file()), None)
    if beside is None:
        finding = Finding(path.name, 0, "", f"no {stem}.prec beside it", "a file of precedences", "Put it there.")
        raise InputError(finding)
    file = _File(beside)
    pairs: list[np.ndarray] = []
    for i, text in enumerate(file.lines):
        line = text.strip()
        if not line or line.startswith("%") or line == "EOF":
            continue
        row = file.numbers(i, None, "block, count and that many predecessors")
        if len(row) < 2 or len(row) != 2 + row[1]:
            file.fault(i + 1, repr(line[:60]), "block, count and that many predecessors")
        ends = [file.index(i, v, n, "block") for v in (row[0], *row[2:])]
        pairs.append(np.array([(ends[0], k) for k in ends[1:]], np.int64).reshape(-1, 2))
    return np.concatenate(pairs) if pairs else np.zeros((0, 2), np.int64)


def _upit(path: Path) -> Iterator[SequenceInstance]:
    value = _Pit(path).values()
    n = len(value)
    yield SequenceInstance(path.name, value, _precedence(path, n), 0.0, np.zeros((n, 0)), np.zeros((0, 1)))


def _cpit(path: Path) -> Iterator[SequenceInstance]:
    pit = _Pit(path)
    value = pit.values()
    periods, resources = int(pit.number("NPERIODS", 1)), int(pit.number("NRESOURCE_SIDE_CONSTRAINTS", 0))
    limit, use = pit.limits(resources, periods), pit.uses(len(value), resources)
    rate = pit.number("DISCOUNT_RATE", 0.0)
    yield SequenceInstance(path.name, value, _precedence(path, len(value)), rate, use, limit)


# ---- knapsacks
def _knapsacks(path: Path) -> Iterator[SequenceInstance]:
    """N m best; n profits; m x n weights; m capacities; or the count of knapsacks, then so many."""
    file = _File(path)
    words = [(w, i) for i, line in enumerate(file.lines) for w in line.split()]
    try:
        numbers = np.array([float(w) for w, _ in words])
    except ValueError:
        word, i = next((w, i) for w, i in words if not _is_number(w))
        file.fault(i + 1, repr(word), "a number")
    at, count = (0, 1) if _fits(numbers, 0) == len(numbers) else (1, int(numbers[0]) if len(numbers) else 0)
    for k in range(count):
        end = _fits(numbers, at)
        if end is None or end > len(numbers):
            line = words[min(at, len(words) - 1)][1] + 1 if words else 1
            expected = f"knapsack {k + 1} of {count}: items, resources, best value, profits, weights, capacities"
            file.fault(line, f"{len(numbers) - at} numbers", expected, "Is the file cut off, or of another format?")
        yield _knapsack(path, numbers[at:end], k if count > 1 else None)
        at = end


def _fits(numbers: np.ndarray, at: int) -> int | None:
    """Where a knapsack that begins at ``at`` ends; None where none can begin."""
    if len(numbers) < at + 3 or (numbers[at : at + 2] < 1).any() or (numbers[at : at + 2] % 1).any():
        return None
    n, m = int(numbers[at]), int(numbers[at + 1])
    return at + 3 + n + m * n + m


def _knapsack(path: Path, numbers: np.ndarray, which: int | None) -> SequenceInstance:
    n, m, best = int(numbers[0]), int(numbers[1]), float(numbers[2])
    profit, weight = numbers[3 : 3 + n], numbers[3 + n : 3 + n + m * n].reshape(m, n)
    name = path.name if which is None else f"{path.name}@{which + 1}"
    limit = numbers[3 + n + m * n :].reshape(m, 1)
    none = np.zeros((0, 2), np.int64)
    return SequenceInstance(name, profit, none, 0.0, weight.T.copy(), limit, best if best > 0 else None)


def _is_number(word: str) -> bool:
    try:
        float(word)
    except ValueError:
        return False
    return True


# ---- files
READERS: dict[str, Callable[[Path], Iterator[SequenceInstance]]] = {
    "upit": _upit,
    "cpit": _cpit,
    "knapsack": _knapsacks,
}


def read_file(path: Path, kind: str) -> list[SequenceInstance]:
    """Every instance of a file, named ``folder/file`` (and ``@number``), with its reference where there is one.

    Raises
    ------
    InputError
        A file that is not of its format.
    """
    if kind not in READERS:
        raise InputError(f"--format: found {kind!r}; expected one of {', '.join(READERS)}.")
    known = references(path.parent)
    found = []
    for instance in READERS[kind](path):
        name = instance.name.replace(".gz", "")
        value = known.get(name, instance.reference)
        found.append(replace(instance, name=f"{path.parent.name}/{name}", reference=value))
    return found


def references(folder: Path) -> dict[str, float]:
    """Best values known: published ones (``sequence_references.csv``), then those of a reference.csv in the folder."""
    known: dict[str, float] = {}
    for file in (REFERENCES, folder / "reference.csv"):
        if file.is_file():
            with file.open(encoding="utf-8-sig", newline="") as text:
                rows = [row for row in csv.reader(text) if len(row) >= 2 and _is_number(row[1])]
            known |= {row[0].strip(): float(row[1]) for row in rows}
    return known


def find_files(folder: Path, kind: str | None) -> list[tuple[Path, str]]:
    """Instance files of a folder and its sub-folders with their kind: by ``--format``, else by their names' ends."""
    folders = [folder, *sorted(f for f in folder.iterdir() if f.is_dir())]
    files = [f for place in folders for f in sorted(place.iterdir()) if f.is_file()]
    kinds = [(f, _kind(f)) for f in files if f.name.lower() not in NOT_INSTANCES]
    return [(f, k) for f, k in kinds if k is not None and kind in (None, k)]


def _kind(path: Path) -> str | None:
    end = Path(path.name.removesuffix(".gz")).suffix.lower()
    if end in KNAPSACKS:
        return "knapsack"
    return end[1:] if end in (".upit", ".cpit") else None

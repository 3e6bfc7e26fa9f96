"""Readers of published siting instances; the format is told by the family's name.

OR-Library (Beasley 1990), Holmberg et al. (1999), Delmaire et al. (1999), Yang et al. (2012), TBED1 (Avella and Boccia
2009), two-stage (Fernandes et al. 2014), two-stage multi-product (Mauri et al. 2021), Koerkel-Ghosh, p-median (Beasley 1985).
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

from network_models.graph import Graph
from network_models.paths import travel_times
from optimizer.errors import Finding, InputError

CAPACITIES = {
    "capa": (8000, 10000, 12000, 14000),
    "capb": (5000, 6000, 7000, 8000),
    "capc": (5000, 5750, 6500, 7250),
}
"""Capacities with which OR-Library publishes the three large sets; others come from reference.csv."""


@dataclass(frozen=True)
class SitingInstance:
    """A one-period siting problem to be minimised.

    Parameters
    ----------
    demand
        (n,) quantity of each customer (or customer and product).
    capacity, fixed
        (m,) of each site; inf where unlimited.
    cost
        (m, n) of serving a customer's whole demand from a site.
    single_source
        Each customer from one site only.
    count
        Exactly this many sites are opened (p-median), or None.
    product
        (n,) product of each customer row.
    upper_capacity, upper_fixed, upper_cost
        Second echelon: (l,), (l,), (l, m, products) per unit, inf where nothing may go; None without one.
    needs, upper_needs
        (m,), (l,) the site (upper) that must be open for another to be, -1 for none: where a place has a capacity for
        each product, it is one site a product, and those of the first product carry what opening costs.
    """

    name: str
    demand: np.ndarray
    capacity: np.ndarray
    fixed: np.ndarray
    cost: np.ndarray
    single_source: bool = False
    count: int | None = None
    product: np.ndarray | None = None
    upper_capacity: np.ndarray | None = None
    upper_fixed: np.ndarray | None = None
    upper_cost: np.ndarray | None = None
    needs: np.ndarray | None = None
    upper_needs: np.ndarray | None = None
    reference: float | None = None

    @property
    def size(self) -> str:
        """Sites x customers (of every product), plants first where there are any."""
        plants = "" if self.upper_capacity is None else f"{_alone(self.upper_needs, len(self.upper_capacity))}x"
        return f"{plants}{_alone(self.needs, len(self.fixed))}x{len(self.demand)}"


def _alone(needs: np.ndarray | None, count: int) -> int:
    return count if needs is None else int((needs < 0).sum())


class _Numbers:
    """The numbers of a file, taken in order; padding and words that some mirrors add are passed over."""

    def __init__(self, path: Path, skip: tuple[str, ...] = ()) -> None:
        self.path, self.at = path, 0
        lines = _bytes(path).replace(b"\0", b" ").replace(b"\x1a", b" ").split(b"\n")
        found = [(w, i) for i, line in enumerate(lines, 1) for w in line.split()]
        kept = [(w, i) for w, i in found if w.lower().decode("ascii", "replace") not in skip]
        self.words, self.lines = [w for w, _ in kept], [i for _, i in kept]
        self.last = len(lines)

    def take(self, count: int, least: float = -np.inf) -> np.ndarray:
        """The next numbers, none below ``least``.

        Raises
        ------
        InputError
            When the file ends too early or holds something else.
        """
        part = self.words[self.at : self.at + count]
        if len(part) < count:
            expected = f"at least {self.at + count} numbers"
            raise self._fault(self.last, f"{len(self.words)} numbers", expected, "The file is cut off: fetch it again.")
        try:
            numbers = np.array(part, dtype=float)
        except ValueError:
            numbers = np.array([float(w) if _is_number(w) else np.nan for w in part])
        wrong = np.flatnonzero(~np.isfinite(numbers) | (numbers < least))
        if len(wrong):
            expected = "a number" if least == -np.inf else f"a number of at least {least:g}"
            self._refuse(int(wrong[0]), expected)
        self.at += count
        return numbers

    def whole(self, count: int, most: int = 10**7) -> list[int]:
        """The next numbers as positive whole ones."""
        numbers = self.take(count)
        wrong = np.flatnonzero((numbers != np.round(numbers)) | (numbers < 1) | (numbers > most))
        if len(wrong):
            self.at -= count
            self._refuse(int(wrong[0]), f"a whole number from 1 to {most}")
        return [int(n) for n in numbers]

    def _refuse(self, ahead: int, expected: str) -> NoReturn:
        """Refuse the number that is ``ahead`` of the next one."""
        at = self.at + ahead
        found = repr(self.words[at].decode("utf-8", "replace"))
        raise self._fault(self.lines[at], found, expected, "Is this the right --format?")

    def _fault(self, line: int, found: str, expected: str, remedy: str) -> InputError:
        return InputError(Finding(self.path.name, line, "", found, expected, remedy))


def _bytes(path: Path) -> bytes:
    if path.suffix != ".gz":
        return path.read_bytes()
    try:
        return gzip.decompress(path.read_bytes())
    except (OSError, EOFError, zlib.error) as error:
        raise InputError(
            Finding(path.name, 0, "", str(error), "a gzip file", "The file is damaged: fetch it again.")
        ) from error


def _is_number(word: bytes) -> bool:
    try:
        float(word)
    except ValueError:
        return False
    return True


def _orlib(path: Path, capacities: tuple[float, ...]) -> Iterator[SitingInstance]:
    """M n; m x (capacity fixed); n x (demand, m costs of the whole demand)."""
    free = any(b"capacity" in w.lower() for w in _Numbers(path).words[:4])
    numbers = _Numbers(path, skip=("capacity",))
    m, n = numbers.whole(2)
    rows = numbers.take(m if free else 2 * m, least=0.0).reshape(m, -1)
    body = numbers.take(n * (m + 1), least=0.0).reshape(n, m + 1)
    fixed, cost, demand = rows[:, -1], body[:, 1:].T, body[:, 0]
    name = _stem(path)
    if not free:
        yield SitingInstance(name, demand, rows[:, 0], fixed, cost)
    for capacity in capacities or CAPACITIES.get(name, ()) if free else ():
        yield SitingInstance(f"{name}@{capacity:g}", demand, np.full(m, float(capacity)), fixed, cost)


def _holmberg(path: Path, _: tuple[float, ...]) -> Iterator[SitingInstance]:
    """M n; m x (capacity fixed); n demands; m x n costs of the whole demand."""
    numbers = _Numbers(path)
    m, n = numbers.whole(2)
    rows, demand = numbers.take(2 * m, least=0.0).reshape(m, 2), numbers.take(n, least=0.0)
    yield SitingInstance(
        _stem(path), demand, rows[:, 0], rows[:, 1], numbers.take(m * n).reshape(m, n), single_source=True
    )


def _delmaire(path: Path, _: tuple[float, ...]) -> Iterator[SitingInstance]:
    """N m; n x m costs; n demands; m fixed; m capacities."""
    numbers = _Numbers(path)
    n, m = numbers.whole(2)
    cost, demand, fixed = numbers.take(n * m).reshape(n, m).T, numbers.take(n, 0.0), numbers.take(m, 0.0)
    yield SitingInstance(_stem(path), demand, numbers.take(m, 0.0), fixed, cost, single_source=True)


def _tbed1(path: Path, _: tuple[float, ...]) -> Iterator[SitingInstance]:
    """M n; n demands; m capacities; m fixed; m x n costs of one unit."""
    numbers = _Numbers(path)
    m, n = numbers.whole(2)
    demand, capacity, fixed = numbers.take(n, 0.0), numbers.take(m, 0.0), numbers.take(m, 0.0)
    unit = numbers.take(m * n).reshape(m, n)
    yield SitingInstance(_stem(path), demand, capacity, fixed, unit * demand, single_source=True)


def _tbed1_shared(path: Path, capacities: tuple[float, ...]) -> Iterator[SitingInstance]:
    """As :func:`_tbed1`, customers shared among sites."""
    for instance in _tbed1(path, capacities):
        yield replace(instance, single_source=False)


def _two_stage(path: Path, _: tuple[float, ...]) -> Iterator[SitingInstance]:
    """I J K; K demands; I x (capacity fixed); I x J; J x (capacity fixed); J x K; costs of one unit."""
    numbers = _Numbers(path)
    plants, sites, n = numbers.whole(3)
    yield _stages(numbers, path, plants, sites, n, 1)


def _multi_product(path: Path, _: tuple[float, ...]) -> Iterator[SitingInstance]:
    """I J K L; K x L demands; I x (L capacities, fixed); L x I x J; J x (L capacities, fixed); L x J x K; unit costs."""
    numbers = _Numbers(path)
    plants, sites, n, products = numbers.whole(4)
    yield _stages(numbers, path, plants, sites, n, products)


def _stages(numbers: _Numbers, path: Path, plants: int, sites: int, n: int, products: int) -> SitingInstance:
    demand = numbers.take(n * products, 0.0).reshape(n, products)
    upper = numbers.take((products + 1) * plants, 0.0).reshape(plants, products + 1)
    first = numbers.take(products * plants * sites).reshape(products, plants, sites)
    rows = numbers.take((products + 1) * sites, 0.0).reshape(sites, products + 1)
    second = numbers.take(products * sites * n).reshape(products, sites, n)
    cost = np.full((products * sites, products * n), np.inf)
    upper_cost = np.full((products * plants, products * sites, products), np.inf)
    for p in range(products):
        mine = slice(p * sites, (p + 1) * sites)
        cost[mine, p * n : (p + 1) * n] = second[p] * demand[:, p]
        upper_cost[p * plants : (p + 1) * plants, mine, p] = first[p]
    capacity, fixed, needs = _by_product(rows)
    upper_capacity, upper_fixed, upper_needs = _by_product(upper)
    return SitingInstance(
        _stem(path),
        demand.T.ravel(),
        capacity,
        fixed,
        cost,
        product=np.repeat(np.arange(products), n),
        upper_capacity=upper_capacity,
        upper_fixed=upper_fixed,
        upper_cost=upper_cost,
        needs=needs,
        upper_needs=upper_needs,
    )


def _by_product(rows: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Capacity, fixed cost and needs of one site a product, from rows (capacity of each product, fixed)."""
    count, more = len(rows), rows.shape[1] - 2
    fixed = np.concatenate([rows[:, -1], np.zeros(count * more)])
    needs = np.concatenate([np.full(count, -1), np.tile(np.arange(count), more)])
    return rows[:, :-1].T.ravel(), fixed, needs


def _uncapacitated(path: Path, _: tuple[float, ...]) -> Iterator[SitingInstance]:
    """FILE: name; n m 0; n x (id, opening cost, m connection costs)."""
    numbers = _Numbers(path)
    if numbers.words and numbers.words[0].lower().startswith(b"file"):
        numbers.words, numbers.lines = numbers.words[2:], numbers.lines[2:]
    m, n = numbers.whole(2)
    numbers.take(1)
    body = numbers.take(m * (n + 2)).reshape(m, n + 2)
    yield SitingInstance(_stem(path), np.ones(n), np.full(m, np.inf), body[:, 1], body[:, 2:])


def _p_median(path: Path, _: tuple[float, ...]) -> Iterator[SitingInstance]:
    """N edges p; edges (u v cost), a later line overrides an earlier one; distances are shortest paths."""
    numbers = _Numbers(path)
    n, edges, count = numbers.whole(3)
    last: dict[tuple[int, int], float] = {}
    for _edge in range(edges):
        ends = numbers.whole(2, most=n)
        last[min(ends) - 1, max(ends) - 1] = float(numbers.take(1, least=0.0)[0])
    u, v = np.array(list(last)).T
    length = np.array(list(last.values()))
    graph = Graph.from_arrays(np.concatenate([u, v]), np.concatenate([v, u]), np.concatenate([length, length]), n)
    yield SitingInstance(
        _stem(path), np.ones(n), np.full(n, np.inf), np.zeros(n), travel_times(graph, np.arange(n)), count=count
    )


READERS: dict[str, Callable[[Path, tuple[float, ...]], Iterator[SitingInstance]]] = {
    "cflp_orlib": _orlib,
    "sscflp_holmberg": _holmberg,
    "sscflp_yang": _holmberg,
    "sscflp_orlib_small": _holmberg,
    "sscflp_delmaire": _delmaire,
    "sscflp_tbed1": _tbed1,
    "cflp_tbed1": _tbed1_shared,
    "tscflp_fernandes": _two_stage,
    "tscflp_multiproduct_mauri": _multi_product,
    "uflp_koerkel_ghosh": _uncapacitated,
    "pmedian_orlib": _p_median,
}
NOT_INSTANCES = ("reference.csv", "sources.md", "readme.md", "readme.txt", "format.txt")


def _stem(path: Path) -> str:
    name = path.name.removesuffix(".gz")
    return name.removesuffix(".txt").removesuffix(".dat")


def read_file(path: Path, family: str) -> list[SitingInstance]:
    """Every instance of a file, named ``family/file`` (and ``@capacity``), with its reference where there is one.

    Raises
    ------
    InputError
        Unknown family, or a file that is not of its format.
    """
    if family not in READERS:
        raise InputError(f"--format: found {family!r}; expected one of {', '.join(READERS)}.")
    known = references(path.parent)
    name = f"{family}/{_stem(path)}"
    capacities = tuple(float(k.split("@")[1]) for k in known if "@" in k and k.split("@")[0] in (name, _stem(path)))
    found = []
    for instance in READERS[family](path, capacities):
        value = known.get(f"{family}/{instance.name}", known.get(instance.name))
        found.append(replace(instance, name=f"{family}/{instance.name}", reference=value))
    return found


def references(folder: Path) -> dict[str, float]:
    """Values of an optional reference.csv (first column the instance, second the value)."""
    for file in (folder / "reference.csv", folder.parent / "reference.csv"):
        if file.is_file():
            with file.open(encoding="utf-8-sig", newline="") as text:
                rows = [row for row in csv.reader(text) if len(row) >= 2]
            return {
                row[0].strip().removesuffix(".gz").removesuffix(".txt"): float(row[1])
                for row in rows
                if _is_number(row[1].encode())
            }
    return {}


def find_files(folder: Path, family: str | None) -> list[tuple[Path, str]]:
    """Instance files with their family: by ``--format``, the folder's name, or its sub-folders' names."""
    if family or folder.name in READERS:
        return [(f, family or folder.name) for f in _files(folder)]
    return [
        (f, sub.name) for sub in sorted(folder.iterdir()) if sub.is_dir() and sub.name in READERS for f in _files(sub)
    ]


def _files(folder: Path) -> list[Path]:
    def order(path: Path) -> tuple[str, int, str]:
        digits = "".join(c for c in _stem(path) if c.isdigit())
        return _stem(path).rstrip("0123456789"), int(digits or 0), path.name

    return sorted((f for f in folder.iterdir() if f.is_file() and f.name.lower() not in NOT_INSTANCES), key=order)

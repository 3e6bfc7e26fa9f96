"""What proves a bound by blocks: prices, the blocks' own bounds, what was cut. Can be checked again without the search."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from optimizer.errors import PlanError
from optimizer.model.compiled import Compiled
from optimizer.problem import Problem
from optimizer.solve.blocks import Split, take_apart
from optimizer.solve.crew import Alone
from optimizer.solve.highs import Flag
from optimizer.solve.hull_cuts import outside, violated
from optimizer.solve.prices import admitted
from optimizer.solve.work import Task, solve_task
from optimizer.systems.protocol import ColumnTag, Cut
from optimizer.systems.registry import cut_checker

CERTIFICATE = "certificate"
"""Where a Plan's ``meta`` holds it."""
NEAR = 1e-9
"""Relative: what sums may differ by."""
ROUNDING = 2e-6
"""Relative: what two proofs of one block may differ by through rounding in a solver."""


@dataclass(frozen=True)
class Certificate:
    """A Lagrangian bound with its evidence.

    Parameters
    ----------
    model
        SHA-256 of the compiled model that it is about.
    label
        (columns,) block of every column, in the order of ``bounds``; the last is the part without choices.
    prices
        (shared rows,) positive on upper limits.
    bounds
        (blocks + 1,) proven most of every block at these prices.
    bound, plan
        Of the whole: proven upper bound, and value of the best plan known; minus infinity where that is above the bound, with a
        part in states that it cannot be in.
    cuts
        Rows beyond those of the problem itself: what simulations proved to hold for every plan.
    """

    model: str
    label: np.ndarray
    prices: np.ndarray
    bounds: np.ndarray
    bound: float
    plan: float
    cuts: tuple[Cut, ...] = ()

    def save(self, file: Path) -> None:
        """Write as .npz."""
        with file.open("wb") as stream:
            np.savez_compressed(stream, **{**asdict(self), "cuts": json.dumps([asdict(cut) for cut in self.cuts])})

    @classmethod
    def load(cls, file: Path) -> Certificate:
        """Read from .npz.

        Raises
        ------
        PlanError
            A file that is no certificate.
        """
        try:
            with np.load(file, allow_pickle=False) as data:
                arrays = {name: data[name] for name in ("label", "prices", "bounds")}
                cuts = tuple(_cut(**cut) for cut in json.loads(str(data["cuts"]))) if "cuts" in data else ()
                return cls(str(data["model"]), **arrays, bound=float(data["bound"]), plan=float(data["plan"]), cuts=cuts)
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise PlanError(f"{file}: cannot be read as a certificate ({error}). Make the plan again.") from None


def _cut(columns: list[dict[str, Any]], coefs: list[float], **others: Any) -> Cut:
    tags = tuple(ColumnTag(tag["system"], tag["family"], tuple(tag["index"])) for tag in columns)
    return Cut(tags, tuple(coefs), **others)


def certify(compiled: Compiled, split: Split, prices: np.ndarray, bounds: np.ndarray, plan: float) -> Certificate:
    """The certificate of a bound at one price vector."""
    label = np.full(compiled.matrix.shape[1], len(split.blocks), np.int32)
    for number, block in enumerate(split.blocks):
        label[block.columns] = number
    bound = _fixed(compiled, split, prices) + float(np.sum(bounds))
    return Certificate(digest(compiled), label, prices, bounds, bound, plan)


def digest(compiled: Compiled) -> str:
    """SHA-256 of a compiled model's arrays."""
    matrix = compiled.matrix
    arrays = (matrix.indptr, matrix.indices, matrix.data, compiled.row_lower, compiled.row_upper, compiled.integer)
    more = (compiled.col_lower, compiled.col_upper, compiled.cost, np.array([compiled.constant]))
    return hashlib.sha256(b"".join(np.ascontiguousarray(a).tobytes() for a in (*arrays, *more))).hexdigest()


def faults(
    compiled: Compiled, certificate: Certificate, stop: Flag, *, sample: int = 5, seconds: float = 20.0, seed: int = 0
) -> list[str]:
    """What is wrong with a certificate; nothing where it stands.

    Parameters
    ----------
    sample
        How many blocks, drawn at random, are solved again, each for at most ``seconds``.
    """
    if certificate.model != digest(compiled):
        return ["the certificate is about another model than the one that its tables and configuration make now"]
    split = take_apart(compiled, certificate.label)
    if (len(split.shared),) != certificate.prices.shape or certificate.bounds.shape != (len(split.blocks) + 1,):
        return ["prices or bounds are not one for every shared row and block"]
    found = _sums(compiled, certificate, split)
    rng = np.random.default_rng(seed)
    numbers = np.unique([certificate.label[block.columns[0]] for block in split.blocks])
    for number in rng.choice(numbers, min(sample, len(numbers)), replace=False):
        found += _again(certificate, split, int(number), stop, seconds)
    return found


def proved_again(problem: Problem, cuts: Sequence[Cut]) -> tuple[int, list[str]]:
    """How many cuts hold, as their archetypes find out anew, and those that do not; the others are taken as they are."""
    held, found = 0, []
    for cut in cuts:
        system = problem.systems.get(cut.columns[0].system)
        holds = None if system is None else cut_checker(system.archetype)
        if system is None or not cut.valid:
            found.append(f"a cut is no valid cut of a system of this run ({cut.evidence})")
        elif holds is not None:
            good = holds(system, cut)
            held += good
            found += [] if good else [f"a cut does not hold ({cut.evidence})"]
    return held, found


def _sums(compiled: Compiled, certificate: Certificate, split: Split) -> list[str]:
    found = []
    if not np.array_equal(certificate.prices, admitted(split, certificate.prices)):
        found.append("a price has a sign that its limit does not allow")
    total = _fixed(compiled, split, certificate.prices) + float(np.sum(certificate.bounds))
    if abs(total - certificate.bound) > NEAR * max(1.0, abs(total)):
        found.append(f"prices and block bounds add up to {total:.6f}, not to the bound {certificate.bound:.6f}")
    if certificate.plan > certificate.bound + ROUNDING * max(1.0, abs(certificate.bound)):
        found.append(f"the plan is worth {certificate.plan:.6f}, more than the bound {certificate.bound:.6f}")
    return found


def _again(certificate: Certificate, split: Split, number: int, stop: Flag, seconds: float) -> list[str]:
    """Solve one block again: no plan of it may be worth more than its bound.

    Where states of its parts are known, the bound may rest on them; a plan that has others is no plan.
    """
    block = next(b for b in split.blocks if certificate.label[b.columns[0]] == number)
    most = float(certificate.bounds[number])
    model, until = block.priced(certificate.prices), time.monotonic() + seconds
    while (left := until - time.monotonic()) > 0.0:
        task = Task(model, None, ROUNDING, left, 10 * left, None, 0, hulls=block.hulls)
        answer = Alone(stop).submit(solve_task, task).result()
        if answer.objective <= most + ROUNDING * max(1.0, abs(most)):
            return []
        if not outside(block.hulls, answer.plans[-1]):
            return [f"block {number} has a plan worth {answer.objective:.6f}, more than its bound {most:.6f}"]
        broken = violated(block.hulls, answer.plans[-1], {}, lambda: False, whole=True)
        if broken is None:
            break  # nothing keeps it from being found again
        model = broken.below(model if answer.cuts is None else answer.cuts.below(model))
    return []


def _fixed(compiled: Compiled, split: Split, prices: np.ndarray) -> float:
    """Price times limit, and the constant of the model."""
    up, down = prices > 0, prices < 0
    return compiled.constant + float(prices[up] @ split.upper[up] + prices[down] @ split.lower[down])

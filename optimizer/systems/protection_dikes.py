"""When to raise a dike and by how much, over centuries (Eijgenraam, Brekelmans, den Hertog and Roos 2012).

The ring is homogeneous: height H(t) above today's, never falling. Costs, discounted at rate delta:

- a heightening u from H at t: (c + b u) exp(lambda (H + u) - delta t);
- expected damage a year P0 V0 exp(beta t - theta H), beta = alpha eta + gamma, theta = alpha - zeta, until T, and its
  value at T for ever after: S(T) exp(-delta T) / delta.

The state graph of a candidate is its heights. Damage saved by the step from a to b at t is
(exp(-theta a) - exp(-theta b)) D(t), with D(t) the discounted value of the damage at height 0 from t on, whatever other
steps are taken; so, once the order of the years is left aside, each step has its best year on its own, in closed form,
and the best heights are a shortest path. That is a relaxation; its path is a plan where the years come out in order.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from scipy.optimize import minimize

from network_models._numba import kernel
from optimizer.errors import InputError

COARSE, FINE = 500, 2000
NEGLIGIBLE = 1e-9
MOST_GROWTH = 600.0


class Terms(NamedTuple):
    """The ring as the kernels read it."""

    fixed: float
    unit: float
    growth: float  # of the cost with the height, 1/cm
    theta: float
    beta: float
    delta: float
    damage: float  # P0 V0
    end: float


class Steps(NamedTuple):
    """Heights from 0 on, (n + 1,), and the years in which they change, (n,)."""

    heights: np.ndarray
    years: np.ndarray


@dataclass(frozen=True)
class DikeRing:
    """A homogeneous dike ring; heights in cm, money in 10^6 of a currency, time in years.

    Parameters
    ----------
    name
        For messages.
    c, b, growth
        Investment (c + b u) exp(growth (H + u)).
    alpha, eta, zeta
        Flood probability falls with the height by alpha and rises with the water by eta; damage rises with the height
        by zeta.
    value, probability
        Damage of a flood and probability of one a year, today.
    gamma, delta
        Growth of the damage and discount rate, a year.
    horizon
        Years.
    """

    name: str
    c: float
    b: float
    growth: float
    alpha: float
    eta: float
    zeta: float
    value: float
    probability: float
    gamma: float
    delta: float
    horizon: float

    def __post_init__(self) -> None:
        for key in ("c", "value", "probability", "delta", "horizon"):
            self._expect(key, getattr(self, key) > 0, "above 0")
        for key in ("b", "growth"):
            self._expect(key, getattr(self, key) >= 0, "0 or more")
        self._expect("zeta", self.zeta < self.alpha, f"less than alpha, {self.alpha}: else higher is never safer")
        growth = abs(self.alpha * self.eta + self.gamma) * self.horizon
        self._expect("horizon", growth < MOST_GROWTH, "one over which damage grows by less than exp(600)")

    def _expect(self, key: str, fine: bool, what: str) -> None:
        if not fine or not math.isfinite(getattr(self, key)):
            raise InputError(f"dike ring {self.name}: {key} found {getattr(self, key)}; expected a number {what}.")

    @property
    def terms(self) -> Terms:
        """The ring as the kernels read it."""
        return Terms(
            self.c, self.b, self.growth, self.alpha - self.zeta, self.alpha * self.eta + self.gamma, self.delta,
            self.probability * self.value, self.horizon,
        )  # fmt: skip


@dataclass(frozen=True)
class DikePlan:
    """Heightenings and what they cost; ``bound`` is a proven lower bound of the total of every plan.

    Parameters
    ----------
    years, heightenings
        In order of the years, (n,); cm.
    investment, damage, after
        Discounted: works, expected damage within the horizon, and beyond it.
    """

    years: tuple[float, ...]
    heightenings: tuple[float, ...]
    investment: float
    damage: float
    after: float
    bound: float

    @property
    def total(self) -> float:
        """Sum of the three."""
        return self.investment + self.damage + self.after

    @property
    def gap(self) -> float:
        """Share of the total that the bound leaves open."""
        return max(0.0, self.total - self.bound) / self.total


@kernel(error_model="numpy")
def damage_from(t, ring):  # type: ignore[no-untyped-def]
    """D(t): discounted damage at height 0 from t on, with that after the horizon."""
    rate = ring.beta - ring.delta
    x = rate * (ring.end - t)
    within = (ring.end - t) if abs(x) < 1e-12 else math.expm1(x) / rate
    return ring.damage * (math.exp(rate * t) * within + math.exp(rate * ring.end) / ring.delta)


@kernel(error_model="numpy")
def best_year(works, saved, ring):  # type: ignore[no-untyped-def]
    """Year in 0..T that makes works exp(-delta t) - saved D(t) least, and that least value.

    The derivative is exp(-delta t) (saved damage exp(beta t) - delta works): where beta > 0 it changes from falling to
    rising once, at t = ln(delta works / (saved damage)) / beta; else an end is best.
    """
    t = 0.0
    if ring.beta > 0.0:
        t = min(max(math.log(ring.delta * works / (saved * ring.damage)) / ring.beta, 0.0), ring.end)
    value = works * math.exp(-ring.delta * t) - saved * damage_from(t, ring)
    last = works * math.exp(-ring.delta * ring.end) - saved * damage_from(ring.end, ring)
    return (ring.end, last) if last < value else (t, value)


@kernel(error_model="numpy")
def shortest(n, size, ring):  # type: ignore[no-untyped-def]
    """Shortest path over the heights 0, size, .. n size from 0: value from each height on, and the next height or -1."""
    value, after = np.zeros(n + 1), np.full(n + 1, -1)
    dearer, safer = np.empty(n + 1), np.empty(n + 1)
    for k in range(n + 1):
        dearer[k], safer[k] = math.exp(ring.growth * k * size), math.exp(-ring.theta * k * size)
    for a in range(n - 1, -1, -1):
        for b in range(a + 1, n + 1):
            works = (ring.fixed + ring.unit * (b - a) * size) * dearer[b]
            _, cost = best_year(works, safer[a] - safer[b], ring)
            if cost + value[b] < value[a]:
                value[a], after[a] = cost + value[b], b
    return value, after


def solve_dikes(ring: DikeRing) -> DikePlan:
    """Heightenings of least total cost, with a proven bound.

    A coarse path is refined in continuous heights and years; its total gives the range and the bound of a fine one,
    whose path is refined in turn.
    """
    terms = ring.terms
    highest = _highest(terms, float(damage_from(0.0, terms)))
    heights, _ = _path(COARSE, highest, terms)
    first = _refined(heights, terms)
    highest = _highest(terms, _total(first, terms))
    heights, value = _path(FINE, highest, terms)
    found = min((first, _refined(heights, terms)), key=lambda steps: _total(steps, terms))
    least, total = float(damage_from(0.0, terms)) + value, _total(found, terms)
    return _plan(found, _bound(least, total, highest / FINE, highest, terms), terms)


def _highest(ring: Terms, total: float) -> float:
    """Height above which all damage for ever is a negligible share of the total: lower plans are as good."""
    return max(math.log(float(damage_from(0.0, ring)) / (NEGLIGIBLE * total)) / ring.theta, 1.0)


def _path(n: int, highest: float, ring: Terms) -> tuple[np.ndarray, float]:
    """Heights of the shortest path on a grid of n steps, and its value."""
    value, after = shortest(n, highest / n, ring)
    steps, k = [0], int(after[0])
    while k >= 0:
        steps.append(k)
        k = int(after[k])
    return np.array(steps) * (highest / n), float(value[0])


def _works(heights: np.ndarray, ring: Terms) -> np.ndarray:
    return (ring.fixed + ring.unit * np.diff(heights)) * np.exp(ring.growth * heights[1:])


def _years(heights: np.ndarray, ring: Terms) -> np.ndarray:
    """Best years of given heights in this order: steps whose best years are out of order share a year (pooling).

    Each step's cost falls and then rises with its year, as that of steps taken together does.
    """
    works, safer = _works(heights, ring), np.exp(-ring.theta * heights)
    blocks: list[tuple[float, float, float, int]] = []
    for k in range(len(works)):
        cost, saved, count = float(works[k]), float(safer[k] - safer[k + 1]), 1
        year = best_year(cost, saved, ring)[0]
        while blocks and blocks[-1][0] > year:
            _, before, kept, number = blocks.pop()
            cost, saved, count = cost + before, saved + kept, count + number
            year = best_year(cost, saved, ring)[0]
        blocks.append((year, cost, saved, count))
    return np.repeat([b[0] for b in blocks], [b[3] for b in blocks]) if blocks else np.zeros(0)


def _parts(heights: np.ndarray, years: np.ndarray, ring: Terms) -> tuple[float, float, float]:
    """Investment, damage within the horizon and damage after it."""
    investment = float((_works(heights, ring) * np.exp(-ring.delta * years)).sum())
    safer, rate = np.exp(-ring.theta * heights), ring.beta - ring.delta
    begin, end = np.concatenate([[0.0], years]), np.concatenate([years, [ring.end]])
    span = end - begin
    within = span if abs(rate) * ring.end < 1e-12 else np.expm1(rate * span) / rate
    damage = ring.damage * float((safer * np.exp(rate * begin) * within).sum())
    return investment, damage, ring.damage * float(safer[-1]) * math.exp(rate * ring.end) / ring.delta


def _total(steps: Steps, ring: Terms) -> float:
    return math.fsum(_parts(steps.heights, steps.years, ring))


def _refined(heights: np.ndarray, ring: Terms) -> Steps:
    """Heights moved to a minimum, years following; the best of the start and what was found."""
    if len(heights) == 1:
        return Steps(heights, np.zeros(0))

    def of(parts: np.ndarray) -> Steps:
        tops = np.concatenate([[0.0], np.cumsum(parts)])
        return Steps(tops, _years(tops, ring))

    def cost(parts: np.ndarray) -> tuple[float, np.ndarray]:
        steps = of(parts)
        return _total(steps, ring), _slope(*steps, ring)

    start = np.diff(heights)
    found = minimize(
        cost, start, jac=True, method="L-BFGS-B", bounds=[(1e-6, None)] * len(start),
        options={"ftol": 1e-15, "gtol": 1e-12, "maxiter": 500},
    )  # fmt: skip
    return min((of(start), of(np.asarray(found.x))), key=lambda steps: _total(steps, ring))


def _slope(heights: np.ndarray, years: np.ndarray, ring: Terms) -> np.ndarray:
    """Derivative of the total by the heightenings at fixed years (their own part vanishes at the best years)."""
    discount, dearer = np.exp(-ring.delta * years), np.exp(ring.growth * heights[1:])
    value = np.array([damage_from(t, ring) for t in years] + [0.0])
    by_height = ring.growth * _works(heights, ring) * discount
    by_height -= ring.theta * np.exp(-ring.theta * heights[1:]) * (value[:-1] - value[1:])
    return np.cumsum(by_height[::-1])[::-1] + ring.unit * dearer * discount


def _bound(least: float, total: float, size: float, highest: float, ring: Terms) -> float:
    """Lower bound of every plan's total, from the least total of the relaxation on a grid of heights.

    Let P be a best plan. (1) Its heights are a stationary point at its years, for a heightening by nothing would still
    pay c and is left out. Rounded to the grid with the years kept they move by at most size / 2, so the total rises by
    at most half of (size / 2)^2 times the second derivatives: theta^2 of the damage, and of the works growth^2 +
    4 growth b / c, the mixed ones counted in full. Works and damage of P add up to no more than the known ``total``,
    and while heights move they grow by no more than ``swell``. (2) Cut at ``highest`` it costs at most
    exp(-theta highest) D(0) more, as works only get fewer and smaller. (3) The relaxation's best on the grid is no
    dearer than the plan so made. A share of 1e-9 is left for rounding of numbers.
    """
    half = 0.5 * size
    swell = math.exp(max(ring.theta, ring.growth) * half) * (1.0 + ring.unit * size / ring.fixed)
    curvature = max(ring.theta**2, ring.growth**2 + 4.0 * ring.growth * ring.unit / ring.fixed)
    rounding = 0.5 * half**2 * curvature * swell * total
    return least - rounding - math.exp(-ring.theta * highest) * float(damage_from(0.0, ring)) - 1e-9 * total


def _plan(steps: Steps, bound: float, ring: Terms) -> DikePlan:
    heightenings = np.diff(steps.heights)
    return DikePlan(tuple(steps.years.tolist()), tuple(heightenings.tolist()), *_parts(*steps, ring), bound)


def cost_of(ring: DikeRing, years: tuple[float, ...], heightenings: tuple[float, ...]) -> tuple[float, float, float]:
    """Investment, damage within and damage after the horizon of any plan.

    Raises
    ------
    InputError
        Years out of order or outside the horizon, a heightening that is not above 0, lengths that differ.
    """
    when, steps = np.array(years, np.float64), np.array(heightenings, np.float64)
    inside = not len(when) or (when[0] >= 0 and when[-1] <= ring.horizon)
    if len(when) != len(steps) or (np.diff(when) < 0).any() or not inside or (steps <= 0).any():
        raise InputError(f"dike ring {ring.name}: years must rise within 0..{ring.horizon:g}, each with a heightening.")
    return _parts(np.concatenate([[0.0], np.cumsum(steps)]), when, ring.terms)

"""The independent eye on facilities: every rule and value worked out again from a plan, without the model."""

from __future__ import annotations

import numpy as np
import xarray as xr

from optimizer.problem import Problem, SystemProblem
from optimizer.verify.result import Violation

RELATIVE = 1e-6


class _Flows:
    """A plan's shares as units: what is served, enters sites, goes over links, reaches uppers."""

    def __init__(self, problem: Problem, system: SystemProblem, decisions: xr.Dataset) -> None:
        self.problem, self.system = problem, system
        self.d = {str(n): v.values for n, v in system.data.variables.items()}
        self.sizes = dict(system.data.sizes)
        self.share = decisions["share"].values
        self.quantity = self.d["quantity"][self.d["pair_origin"]]
        self.amount = self.share * self.quantity
        self.entering = self._entering()
        self.over_links = self._over_links(decisions["flow"].values)

    def _entering(self) -> np.ndarray:
        """(site, product, period)."""
        entering = np.zeros((self.sizes["site"], self.sizes["product"], self.amount.shape[1]))
        np.add.at(entering, (self.d["pair_site"], self.d["origin_product"][self.d["pair_origin"]]), self.amount)
        return entering

    def _over_links(self, flow: np.ndarray) -> np.ndarray:
        """(link, product, period); a site with one link sends all over it."""
        count = np.bincount(self.d["link_site"], minlength=self.sizes["site"])
        single = count[self.d["link_site"]] == 1
        return np.where(single[:, None, None], self.entering[self.d["link_site"]], flow)

    @property
    def reaching(self) -> np.ndarray:
        """(upper, period)."""
        reaching = np.zeros((self.sizes["upper"], self.amount.shape[1]))
        np.add.at(reaching, self.d["link_upper"], self.over_links.sum(axis=1))
        return reaching

    def pair(self, pair: int) -> str:
        """Names of both ends."""
        return f"{self.d['origin'][self.d['pair_origin'][pair]]} at {self.d['site'][self.d['pair_site'][pair]]}"

    def link(self, link: int) -> str:
        """Names of both ends."""
        return f"{self.d['site'][self.d['link_site'][link]]} to {self.d['upper'][self.d['link_upper'][link]]}"

    def year(self, period: int) -> str:
        """What a reader calls a period."""
        return self.problem.horizon.labels[period]


def _above(f: _Flows, found: np.ndarray, limit: np.ndarray) -> np.ndarray:
    """Where units are above their limit by more than rounding: a millionth of the limit and of the largest demand."""
    rounding = RELATIVE * (f.quantity.max(initial=1.0) + np.where(np.isfinite(limit), np.abs(limit), 0.0))
    return np.argwhere(found > limit + rounding)


def check(problem: Problem, system: SystemProblem, decisions: xr.Dataset, states: np.ndarray) -> list[Violation]:
    """Every broken rule of the archetype.

    Parameters
    ----------
    states
        (candidate, period) state in service.
    """
    flows = _Flows(problem, system, decisions)
    capacity = problem.sequence["capacity"].values[states]
    return [
        *_shares(flows),
        *_served_once(flows),
        *_site_capacity(flows, capacity),
        *_open_first(flows, capacity),
        *_through_flow(flows),
        *_upper_capacity(flows, capacity),
        *_upper_first(flows, capacity),
    ]


def rows_checked(problem: Problem, system: SystemProblem) -> dict[str, int]:
    """How many rows of each rule :func:`check` looks at."""
    n, periods = dict(system.data.sizes), problem.horizon.n_periods
    return {
        "shares": n["pair"] * periods,
        "served_once": n["origin"] * periods,
        "site_capacity": n["site"] * periods,
        "open_first": n["pair"] * periods,
        "through_flow": n["site"] * n["product"] * periods,
        "upper_capacity": n["upper"] * periods,
        "upper_first": n["link"] * periods,
    }


def _shares(f: _Flows) -> list[Violation]:
    """Shares lie between 0 and 1, and are whole where each origin has one site."""
    wrong = (f.share < -RELATIVE) | (f.share > 1 + RELATIVE) | ~np.isfinite(f.share)
    if f.system.data.attrs["single_source"]:
        wrong |= np.abs(f.share - np.rint(f.share)) > RELATIVE
    return [
        Violation(
            "shares",
            f"{f.system.name}, {f.d['origin'][f.d['pair_origin'][p]]}, {f.year(t)}",
            f"{f.share[p, t]:.6g}",
            "0 or 1" if f.system.data.attrs["single_source"] else "0 to 1",
        )
        for p, t in np.argwhere(wrong)
    ]


def _served_once(f: _Flows) -> list[Violation]:
    served = np.zeros((f.sizes["origin"], f.share.shape[1]))
    np.add.at(served, f.d["pair_origin"], f.share)
    wanted = f.d["quantity"] > 0
    wrong = served > 1 + RELATIVE
    if f.system.data.attrs["serve_all"]:
        wrong |= wanted & (served < 1 - RELATIVE)
    return [
        Violation(
            "served_once",
            f"{f.system.name}, {f.d['origin'][i]}, {f.year(t)}",
            f"{served[i, t]:.6g} of the demand served",
            "1" if f.system.data.attrs["serve_all"] else "at most 1",
        )
        for i, t in np.argwhere(wrong)
    ]


def _site_capacity(f: _Flows, capacity: np.ndarray) -> list[Violation]:
    entering, limit = f.entering.sum(axis=1), capacity[f.d["site_candidate"]]
    return [
        Violation(
            "site_capacity",
            f"{f.system.name}, {f.d['site'][j]}, {f.year(t)}",
            f"{entering[j, t]:.6g}",
            f"{limit[j, t]:.6g}",
        )
        for j, t in _above(f, entering, limit)
    ]


def _open_first(f: _Flows, capacity: np.ndarray) -> list[Violation]:
    limit = capacity[f.d["site_candidate"]][f.d["pair_site"]]
    closed = (limit <= 0) & (f.share > RELATIVE) & (f.quantity > 0)
    return [
        Violation(
            "open_first",
            f"{f.system.name}, {f.pair(p)}, {f.year(t)}",
            f"{f.share[p, t]:.6g} served where nothing stands",
            "0",
        )
        for p, t in np.argwhere(closed)
    ]


def _through_flow(f: _Flows) -> list[Violation]:
    if not f.sizes["link"]:
        return []
    leaving = np.zeros_like(f.entering)
    np.add.at(leaving, f.d["link_site"], f.over_links)
    wrong = np.abs(leaving - f.entering) > RELATIVE * (f.quantity.max(initial=1.0) + f.entering)
    negative = [
        Violation(
            "through_flow",
            f"{f.system.name}, {f.d['site'][f.d['link_site'][li]]}, {f.year(t)}",
            f"{f.over_links[li, g, t]:.6g}",
            "0 or more",
        )
        for li, g, t in np.argwhere(f.over_links < -RELATIVE * f.quantity.max(initial=1.0))
    ]
    return negative + [
        Violation(
            "through_flow",
            f"{f.system.name}, {f.d['site'][j]}, {f.year(t)}",
            f"{leaving[j, g, t]:.6g} leaves",
            f"{f.entering[j, g, t]:.6g} as enters",
        )
        for j, g, t in np.argwhere(wrong)
    ]


def _upper_capacity(f: _Flows, capacity: np.ndarray) -> list[Violation]:
    candidate = f.d["upper_candidate"]
    if not len(candidate):
        return []
    limit = np.where((candidate >= 0)[:, None], capacity[candidate], f.d["upper_capacity"])
    return [
        Violation(
            "upper_capacity",
            f"{f.system.name}, {f.d['upper'][u]}, {f.year(t)}",
            f"{f.reaching[u, t]:.6g}",
            f"{limit[u, t]:.6g}",
        )
        for u, t in _above(f, f.reaching, limit)
    ]


def _upper_first(f: _Flows, capacity: np.ndarray) -> list[Violation]:
    """Nothing goes over a link to an upper node that is not in service."""
    candidate = f.d["upper_candidate"][f.d["link_upper"]]
    closed = (
        (candidate >= 0)[:, None] & (capacity[candidate] <= 0)
        if len(candidate)
        else np.zeros((0, f.share.shape[1]), bool)
    )
    sent = f.over_links.sum(axis=1)
    return [
        Violation(
            "upper_first",
            f"{f.system.name}, {f.link(li)}, {f.year(t)}",
            f"{sent[li, t]:.6g} sent where nothing stands",
            "0",
        )
        for li, t in np.argwhere(closed & (sent > RELATIVE * f.quantity.max(initial=1.0)))
    ]


def value(problem: Problem, system: SystemProblem, decisions: xr.Dataset) -> np.ndarray:
    """CNY a year, shape (period,): what is served over pairs and links at what it is worth there."""
    f = _Flows(problem, system, decisions)
    pairs = (f.amount * f.d["pair_value"][:, None]).sum(axis=0)
    return np.asarray(pairs + (f.over_links * f.d["link_value"][:, :, None]).sum(axis=(0, 1)))


def exposed(problem: Problem, system: SystemProblem, decisions: xr.Dataset) -> dict[str, np.ndarray]:
    """CNY a year, (period,), that are earned through the sites of each place."""
    f = _Flows(problem, system, decisions)
    worth = np.zeros((f.sizes["site"], f.amount.shape[1]))
    np.add.at(worth, f.d["pair_site"], f.amount * f.d["pair_value"][:, None])
    np.add.at(worth, f.d["link_site"], (f.over_links * f.d["link_value"][:, :, None]).sum(axis=1))
    places: dict[str, np.ndarray] = {}
    for j, place in enumerate(f.d["site_place"]):
        places[str(place)] = places.get(str(place), 0.0) + worth[j]
    return places


def served(problem: Problem, system: SystemProblem, decisions: xr.Dataset) -> np.ndarray:
    """Units a year served, weighted by coverage, shape (county, period)."""
    f = _Flows(problem, system, decisions)
    result = np.zeros((len(problem.county_ids), f.amount.shape[1]))
    np.add.at(result, f.d["origin_county"][f.d["pair_origin"]], f.amount * f.d["pair_weight"][:, None])
    return result


def demand(problem: Problem, system: SystemProblem) -> np.ndarray:
    """Units a year wanted, shape (county, period)."""
    result = np.zeros((len(problem.county_ids), problem.horizon.n_periods))
    np.add.at(result, system.data["origin_county"].values, system.data["quantity"].values)
    return result

"""What of a plan's services is left, or gained back, when its sites are in other states: fewer, smaller, later, out of service."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

import numpy as np
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from optimizer.plan import Plan
from optimizer.problem import Problem, SystemProblem
from optimizer.systems.evaluation import OUT, Amount, Part, Unit

TOGETHER = 256
"""Units of a part looked at in one go."""


def evaluation(problem: Problem, system: SystemProblem, plan: Plan) -> FacilitiesEvaluation:
    """The services of a plan, as far as sites and what stands above them carry them; nobody is sent elsewhere."""
    return FacilitiesEvaluation(problem, system, plan)


class FacilitiesEvaluation:
    """Sites that no upper node of limited capacity joins are apart from each other."""

    def __init__(self, problem: Problem, system: SystemProblem, plan: Plan) -> None:
        d = {str(name): v.values for name, v in system.data.variables.items()}
        of_site, of_upper = _components(d, system.data.sizes["site"], system.data.sizes["upper"])
        decided = plan.systems[system.name]
        flows = _Flows(d, decided["share"].values, decided["flow"].values, system.data.sizes["product"])
        capacity = np.append(problem.sequence["capacity"].values.astype(float), 0.0)
        count = int(max(of_site.max(initial=-1), of_upper.max(initial=-1))) + 1
        self._carriers = [Carried(flows, capacity, of_site == part, of_upper == part) for part in range(count)]

    @cached_property
    def parts(self) -> Sequence[Part]:
        """Sites with what stands above them."""
        return [one.part for one in self._carriers]

    def valued(self, units: Sequence[Unit]) -> list[Amount]:
        """Every unit; those of one part together."""
        found: list[Amount | None] = [None] * len(units)
        of_part: dict[int, list[int]] = {}
        for i, unit in enumerate(units):
            of_part.setdefault(unit.part, []).append(i)
        for part, mine in of_part.items():
            for first in range(0, len(mine), TOGETHER):
                some = mine[first : first + TOGETHER]
                for i, amount in zip(some, self._carriers[part].valued([units[i] for i in some]), strict=True):
                    found[i] = amount
        return [one for one in found if one is not None]


class _Flows:
    """A plan's services summed up by site: what enters, is earned and counts as served there.

    Attributes
    ----------
    entering, earned
        (site, product, period) units a year, CNY a year over the pairs.
    county
        (row,) county, with ``site``, ``product`` and ``counted`` (row, period) units a year: what counts as served.
    """

    def __init__(self, d: dict[str, np.ndarray], share: np.ndarray, flow: np.ndarray, n_products: int) -> None:
        self.d, self.flow = d, flow
        origin, site = d["pair_origin"], d["pair_site"]
        product, amount = d["origin_product"][origin], share * d["quantity"][origin]
        shape = (len(d["site_candidate"]), n_products, share.shape[1])
        self.entering, self.earned = np.zeros(shape), np.zeros(shape)
        np.add.at(self.entering, (site, product), amount)
        np.add.at(self.earned, (site, product), amount * d["pair_value"][:, None])
        rows = np.column_stack([site, product, d["origin_county"][origin]])
        keys, at = np.unique(rows, axis=0, return_inverse=True)
        self.site, self.product, self.county = keys.T
        self.counted = np.zeros((len(keys), share.shape[1]))
        np.add.at(self.counted, at.ravel(), amount * d["pair_weight"][:, None])
        self.single = np.bincount(d["link_site"], minlength=shape[0])[d["link_site"]] == 1


class Carried:
    """One part: a site over its capacity cuts all it serves by the same share, and so does an upper node."""

    def __init__(self, flows: _Flows, capacity: np.ndarray, sites: np.ndarray, uppers: np.ndarray) -> None:
        d, self.capacity = flows.d, capacity
        site, upper = np.flatnonzero(sites), np.flatnonzero(uppers)
        links, rows = np.flatnonzero(sites[d["link_site"]]), np.flatnonzero(sites[flows.site])
        of = np.concatenate([d["site_candidate"][site], d["upper_candidate"][upper]]).astype(np.int64)
        self.part = Part(np.unique(of[of >= 0]), np.unique(flows.county[rows]))
        self.entering, self.earned = flows.entering[site], flows.earned[site]
        self.site_place = np.searchsorted(self.part.candidates, d["site_candidate"][site])
        self.built = d["upper_candidate"][upper] >= 0
        self.upper_place = np.searchsorted(self.part.candidates, d["upper_candidate"][upper][self.built])
        self.upper_capacity = d["upper_capacity"][upper]
        self.link_site = np.searchsorted(site, d["link_site"][links])
        to = d["link_upper"][links]
        self.limited = uppers[to]
        self.link_upper = np.where(self.limited, np.searchsorted(upper, to), 0)
        single = flows.single[links][:, None, None]
        self.sent = np.where(single, self.entering[self.link_site], flows.flow[links])
        self.single, self.link_value = single, d["link_value"][links]
        self.row_site, self.row_product = np.searchsorted(site, flows.site[rows]), flows.product[rows]
        self.counted, self.row_county = flows.counted[rows], np.searchsorted(self.part.counties, flows.county[rows])

    def valued(self, units: Sequence[Unit]) -> list[Amount]:
        """Every unit of this part."""
        t = np.array([u.period for u in units])
        capacity = self.capacity[np.array([np.where(u.states == OUT, -1, u.states) for u in units]).T]
        entering = self.entering[:, :, t]
        room = np.repeat(_fits(entering.sum(axis=1), capacity[self.site_place])[:, None], entering.shape[1], axis=1)
        worth = np.zeros(len(units))
        if len(self.link_site):
            kept = self._kept(capacity, t)
            passed = np.zeros_like(entering)
            np.add.at(passed, self.link_site, kept)
            over = kept * room[self.link_site]
            room = room * _fits(entering, passed)
            over = np.where(self.single, (entering * room)[self.link_site], over)
            worth = (over * self.link_value[:, :, None]).sum(axis=(0, 1))
        worth = worth + (self.earned[:, :, t] * room).sum(axis=(0, 1))
        served = np.zeros((len(self.part.counties), len(units)))
        np.add.at(served, self.row_county, self.counted[:, t] * room[self.row_site, self.row_product])
        return [Amount(float(worth[i]), served[:, i]) for i in range(len(units))]

    def _kept(self, capacity: np.ndarray, t: np.ndarray) -> np.ndarray:
        """(link, product, unit) units a year that reach an upper node which has room for them."""
        sent = self.sent[:, :, t]
        if not self.limited.any():
            return sent
        limit = self.upper_capacity[:, t]
        limit[self.built] = capacity[self.upper_place]
        reaching = np.zeros_like(limit)
        np.add.at(reaching, self.link_upper[self.limited], sent[self.limited].sum(axis=1))
        share = np.where(self.limited[:, None], _fits(reaching, limit)[self.link_upper], 1.0)
        return np.asarray(sent * share[:, None])


def _components(d: dict[str, np.ndarray], n_sites: int, n_uppers: int) -> tuple[np.ndarray, np.ndarray]:
    """(site,) and (upper,) component; -1 for an upper node that takes any amount and is not built by anyone."""
    limited = (d["upper_candidate"] >= 0) | np.isfinite(d["upper_capacity"]).any(axis=1)
    used = limited[d["link_upper"]]
    ends = np.column_stack([d["link_site"][used], n_sites + d["link_upper"][used]])
    joined = coo_matrix((np.ones(len(ends)), (ends[:, 0], ends[:, 1])), shape=(n_sites + n_uppers,) * 2)
    labels = connected_components(joined, directed=False)[1]
    number = np.full(labels.max(initial=-1) + 1, OUT)
    mine = np.unique(np.concatenate([labels[:n_sites], labels[n_sites:][limited]]))
    number[mine] = np.arange(len(mine))
    return number[labels[:n_sites]], np.where(limited, number[labels[n_sites:]], OUT)


def _fits(wanted: np.ndarray, limit: np.ndarray) -> np.ndarray:
    """Share of what is wanted that a limit allows."""
    return np.minimum(1.0, np.divide(limit, wanted, out=np.ones_like(wanted), where=wanted > 0))

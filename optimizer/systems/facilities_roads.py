"""What a plan's services lose when roads fail: goods take the way that is left, or stay where it is not worth it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

import numpy as np

from optimizer.plan import Plan
from optimizer.problem import Problem, SystemProblem
from optimizer.region import Region
from optimizer.systems.evaluation import Leg
from optimizer.systems.facilities_config import Centres, FacilitiesSettings, Within, read_settings
from optimizer.systems.facilities_travel import leg_cost, unit_worth, weights
from optimizer.systems.tables import Values

NONE = -1


def journeys(
    region: Region, settings: Mapping[str, Any], choice: str, problem: Problem, system: SystemProblem, plan: Plan
) -> FacilitiesJourneys:
    """Journeys from origins to sites and from sites to what stands above them.

    Parameters
    ----------
    settings, choice
        Of the system, and of the values: low, central or high.
    """
    return FacilitiesJourneys(Values(region, choice), read_settings(system.name, settings), problem, system, plan)


class FacilitiesJourneys:
    """Units by pair and link: each goes its two legs as long as they are worth it together."""

    def __init__(
        self, values: Values, settings: FacilitiesSettings, problem: Problem, system: SystemProblem, plan: Plan
    ) -> None:
        self.values, self.settings, self.problem = values, settings, problem
        self.d = {str(name): v.values for name, v in system.data.variables.items()}
        decided = plan.systems[system.name]
        self.pair, self.link, self.amount = self._units(decided["share"].values, decided["flow"].values)
        product = self.d["origin_product"][self.d["pair_origin"][self.pair]]
        onward = self.d["link_value"][self.link, product] if len(self.d["link_site"]) else np.zeros(len(self.pair))
        self.onward = np.where(self.link == NONE, 0.0, onward)

    def _units(self, share: np.ndarray, flow: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """(row,) pair and link (-1: none), (row, period) units a year that go over both."""
        d = self.d
        amount, product = share * d["quantity"][d["pair_origin"]], d["origin_product"][d["pair_origin"]]
        if not len(d["link_site"]):
            used = np.flatnonzero(amount.any(axis=1))
            return used, np.full(len(used), NONE), amount[used]
        n_sites = len(d["site_candidate"])
        single = np.bincount(d["link_site"], minlength=n_sites)[d["link_site"]] == 1
        sent = np.where(single[:, None, None], 1.0, flow)
        total = np.zeros((n_sites, *sent.shape[1:]))
        np.add.at(total, d["link_site"], sent)
        part = np.divide(sent, total[d["link_site"]], out=np.zeros_like(sent), where=total[d["link_site"]] > 0)
        pair, link = np.nonzero(d["pair_site"][:, None] == d["link_site"][None, :])
        over = amount[pair] * part[link, product[pair]]
        used = over.any(axis=1)
        return pair[used], link[used], over[used]

    @cached_property
    def _used(self) -> tuple[np.ndarray, np.ndarray]:
        """Pairs, then links, that something is carried over."""
        return np.unique(self.pair), np.unique(self.link[self.link != NONE])

    @property
    def legs(self) -> Sequence[Leg]:
        """Pairs, then links."""
        d, (pairs, links) = self.d, self._used
        origin, site = d["origin"][d["pair_origin"][pairs]], d["site_place"][d["pair_site"][pairs]]
        found = [Leg((str(a),), str(b)) for a, b in zip(origin, site, strict=True)]
        below, above = d["site_place"][d["link_site"][links]], d["upper_place"][d["link_upper"][links]]
        return found + [Leg((str(a),), str(b)) for a, b in zip(below, above, strict=True)]

    def lost(self, rows: np.ndarray, minutes: np.ndarray, km: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Units whose way is not worth its cost any more, or is gone, are not served; see :class:`Journeys`."""
        pairs, links = self._used
        first = rows < len(pairs)
        on_pair, on_link = pairs[rows[first]], links[rows[~first] - len(pairs)]
        value, weight = self.d["pair_value"].copy(), self.d["pair_weight"].copy()
        value[on_pair], weight[on_pair] = self._pair(minutes[first], km[first])
        cost = np.full(len(self.d["link_site"]), np.nan)
        cost[on_link] = self._link(minutes[~first], km[~first])
        changed = np.isin(self.pair, on_pair) | np.isin(self.link, on_link)
        pair, link, amount = self.pair[changed], self.link[changed], self.amount[changed]
        before = self.d["pair_value"][pair] + self.onward[changed]
        onward = self.onward[changed]
        if len(on_link):
            onward = np.where(np.isnan(cost[link]) | (link == NONE), onward, -cost[link])
        after = value[pair] + onward
        goes = after > 0
        served = np.zeros((len(self.problem.county_ids), amount.shape[1]))
        less = self.d["pair_weight"][pair] - np.where(goes, weight[pair], 0.0)
        np.add.at(served, self.d["origin_county"][self.d["pair_origin"][pair]], amount * less[:, None])
        return (before - np.where(goes, after, 0.0)) @ amount, served

    def _pair(self, minutes: np.ndarray, km: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """CNY a unit and how well the standard is kept; -inf and 0 where no way within the catchment is left."""
        catchment = self.settings.catchment
        reached = np.isfinite(minutes)
        if isinstance(catchment, Within):
            reached &= minutes <= catchment.within_minutes
        known = np.where(reached, minutes, 0.0), np.where(reached, km, 0.0)
        weight = weights(self.settings.coverage, known[0])
        worth = unit_worth(self.settings.worth, self.values, weight, *known)
        return np.where(reached, worth, -np.inf), np.where(reached, weight, 0.0)

    def _link(self, minutes: np.ndarray, km: np.ndarray) -> np.ndarray:
        """CNY a unit that links cost, inf where no way within the catchment is left."""
        upper, reached = self.settings.upper, np.isfinite(minutes)
        if isinstance(upper, Centres) and isinstance(upper.catchment, Within):
            reached &= minutes <= upper.catchment.within_minutes
        known = np.where(reached, minutes, 0.0), np.where(reached, km, 0.0)
        return np.where(reached, leg_cost(self.settings.worth, self.values, "outbound", *known), np.inf)

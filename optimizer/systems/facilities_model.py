"""The MILP of the archetype `facilities` (docs/formulation.md, Facilities): one short method a family of rows."""

from __future__ import annotations

from collections import defaultdict
from functools import cached_property, partial

import numpy as np
import pyomo.environ as pyo

from optimizer.ledger import VALUE, Exposed, Ledger
from optimizer.model.rows import add_rows, at_most, equal
from optimizer.problem import Problem, SystemProblem
from optimizer.terms import NOTHING, Terms, merged, one, total

MILLION = 1e6


class FacilitiesModel:
    """Variables ``share[pair, period]`` and, for sites with several links, ``flow[link, product, period]``."""

    def __init__(self, block: pyo.Block, system: SystemProblem, problem: Problem, ledger: Ledger) -> None:
        self.block, self.problem, self.ledger, self.name = block, problem, ledger, system.name
        self.data = {str(n): v.values for n, v in system.data.variables.items()}
        self.single_source, self.serve_all = (bool(system.data.attrs[k]) for k in ("single_source", "serve_all"))
        self.periods = range(problem.horizon.n_periods)
        self.origins, self.sites, self.uppers = (range(system.data.sizes[d]) for d in ("origin", "site", "upper"))
        self.pairs, self.links = range(system.data.sizes["pair"]), range(system.data.sizes["link"])
        self.products = range(system.data.sizes["product"])
        self.capacity = problem.sequence["capacity"].values.astype(float)
        self.unit = model_unit(self.data["quantity"])
        self._quantities = self.data["quantity"][self.data["pair_origin"]].tolist()
        self._county_of_origin = self.data["origin_county"].tolist()
        self._counties = self.data["origin_county"][self.data["pair_origin"]].tolist()
        self._candidates = self.data["site_candidate"][self.data["pair_site"]].tolist()
        self._states: dict[tuple[int, int], Terms] = {}
        self._whole: dict[tuple[int, int], Terms] = {}
        wanted = [
            (p, t) for p in self.pairs for t in self.periods if self._quantity(p, t) > 0 and self._may_serve(p, t)
        ]
        block.share = pyo.Var(wanted, domain=pyo.Binary if self.single_source else pyo.NonNegativeReals, bounds=(0, 1))
        block.flow = pyo.Var(
            [(li, g, t) for li in self.shared_links for g in self.products for t in self.periods],
            domain=pyo.NonNegativeReals,
        )
        self._share = dict(block.share.items())

    def add(self) -> None:
        """Add every family of rows, and enter values and services in the ledger."""
        self.ledger.tag(self.block.share, lambda key: (self._county_of_pair(key[0]), key[1]), structural=True)
        self.ledger.tag(
            self.block.flow, lambda key: (self._county_of_site(self.data["link_site"][key[0]]), key[2]), structural=True
        )
        self._served_once()
        self._site_capacity()
        self._open_first()
        self._through_flow()
        self._upper_capacity()
        self._upper_first()
        self._enter_value()
        self._enter_service()

    # ---- indices
    @cached_property
    def pairs_of_origin(self) -> dict[int, list[int]]:
        """Pairs by origin."""
        return _groups(self.data["pair_origin"])

    @cached_property
    def pairs_of_site(self) -> dict[int, list[int]]:
        """Pairs by site."""
        return _groups(self.data["pair_site"])

    @cached_property
    def links_of_site(self) -> dict[int, list[int]]:
        """Links by site."""
        return _groups(self.data["link_site"])

    @cached_property
    def only_link(self) -> dict[int, int]:
        """The link of each site that has just one: all that enters the site goes over it."""
        return {site: links[0] for site, links in self.links_of_site.items() if len(links) == 1}

    @cached_property
    def shared_links(self) -> list[int]:
        """Links of sites that have several."""
        return [li for links in self.links_of_site.values() if len(links) > 1 for li in links]

    @cached_property
    def states_of(self) -> dict[int, list[int]]:
        """States by candidate."""
        return _groups(self.problem.sequence["state_candidate"].values)

    def _county_of_pair(self, pair: int) -> int:
        return int(self._counties[pair])

    def _county_of_site(self, site: int) -> int:
        return int(self.data["site_county"][site])

    def _quantity(self, pair: int, period: int) -> float:
        return float(self._quantities[pair][period])

    # ---- terms
    def _amount(self, pair: int, period: int, weight: float = 1.0) -> Terms:
        """Quantity served over a pair times a weight."""
        variable = self._share.get((pair, period))
        return NOTHING if variable is None else one(variable, self._quantity(pair, period) * weight)

    def _shares(self, pairs: list[int], period: int) -> Terms:
        """Sum of the shares served over some pairs."""
        return total(one(self._share[p, period]) for p in pairs if (p, period) in self._share)

    def _entering(self, site: int, period: int, product: int | None = None) -> Terms:
        """What enters a site, in units."""
        mine = (p for p in self.pairs_of_site.get(site, []) if product is None or self._products[p] == product)
        return total(self._amount(p, period) for p in mine)

    def _available(self, candidate: int, period: int, most: float = np.inf) -> Terms:
        """Capacity of a candidate in service, no state counting for more than ``most``."""
        standing = (s for s in self.states_of[candidate] if self.capacity[s] > 0)
        return merged(total(self._in_state(s, period).scaled(min(float(self.capacity[s]), most)) for s in standing))

    def _offered(self, candidate: int, period: int, quantity: float) -> Terms:
        """The share of a quantity that a candidate's states can take: 1 in service, less where the state is smaller."""
        if self._smallest.get(candidate, np.inf) < quantity:
            return self._available(candidate, period, quantity).scaled(1 / quantity)
        key = candidate, period
        if key not in self._whole:
            standing = (s for s in self.states_of[candidate] if self.capacity[s] > 0)
            self._whole[key] = merged(total(self._in_state(s, period) for s in standing))
        return self._whole[key]

    @cached_property
    def _smallest(self) -> dict[int, float]:
        """Least capacity, of those above none, of the states of each candidate."""
        return {
            c: min((float(self.capacity[s]) for s in states if self.capacity[s] > 0), default=np.inf)
            for c, states in self.states_of.items()
        }

    @cached_property
    def _least(self) -> dict[int, float]:
        """Least capacity of the states of each candidate."""
        return {c: float(self.capacity[states].min()) for c, states in self.states_of.items()}

    @cached_property
    def _products(self) -> list[int]:
        """Product of each pair."""
        products: list[int] = self.data["origin_product"][self.data["pair_origin"]].tolist()
        return products

    def _may_serve(self, pair: int, period: int) -> bool:
        """Whether the pair's site, and what stands above it, can be in service by a period; left to the rows where all
        must be served, so that a conflict is reported with its rules.
        """
        if self.serve_all:
            return True
        link = self.only_link.get(int(self.data["pair_site"][pair]))
        above = int(self.data["upper_candidate"][self.data["link_upper"][link]]) if link is not None else -1
        needed = [self._candidates[pair], *([above] if above >= 0 else [])]
        return all(self._offered(c, period, 0.0) != NOTHING for c in needed)

    def _in_state(self, state: int, period: int) -> Terms:
        key = state, period
        if key not in self._states:
            self._states[key] = self.ledger.in_state_terms(state, period)
        return self._states[key]

    def _binds(self, candidate: int, most: float) -> bool:
        """Whether a state with some capacity has less than ``most``."""
        return any(0 < self.capacity[s] < most for s in self.states_of[candidate])

    # ---- rules, one method a family
    def _served_once(self) -> None:
        def rule(origin: int, t: int) -> object:
            served = self._shares(self.pairs_of_origin.get(origin, []), t)
            return equal(served, 1.0) if self.serve_all else at_most(served, 1.0)

        keys = [
            (i, t)
            for i in self.origins
            for t in self.periods
            if self.data["quantity"][i, t] > 0 and (self.serve_all or len(self.pairs_of_origin.get(i, [])) > 1)
        ]
        add_rows(self.block, self.ledger, "served_once", keys, rule, self._of_origin, structural=not self.serve_all)

    def _site_capacity(self) -> None:
        within_reach = {
            (j, t): sum(self._quantity(p, t) for p in pairs)
            for j, pairs in self.pairs_of_site.items()
            for t in self.periods
        }

        def rule(site: int, t: int) -> object:
            available = self._available(int(self.data["site_candidate"][site]), t, within_reach[site, t])
            return at_most(self._entering(site, t).plus(available, -1.0).scaled(1 / self.unit))

        keys = [
            (j, t) for (j, t), most in within_reach.items() if self._binds(int(self.data["site_candidate"][j]), most)
        ]
        add_rows(
            self.block, self.ledger, "site_capacity", keys, rule, lambda key: (self._county_of_site(key[0]), key[1])
        )

    def _open_first(self) -> None:
        def rule(pair: int, t: int) -> object:
            offered = self._offered(self._candidates[pair], t, self._quantity(pair, t))
            return at_most(one(self._share[pair, t]).plus(offered, -1.0))

        keys = [key for key in self._share if not self._always_enough(*key)]
        add_rows(self.block, self.ledger, "open_first", keys, rule, self._of_pair, structural=True)

    def _always_enough(self, pair: int, period: int) -> bool:
        return self._least.get(self._candidates[pair], np.inf) >= self._quantity(pair, period)

    def _through_flow(self) -> None:
        def rule(site: int, product: int, t: int) -> object:
            leaving = total(one(self.block.flow[li, product, t]) for li in self.links_of_site[site])
            return equal(self._entering(site, t, product).scaled(1 / self.unit).plus(leaving, -1.0))

        sites = [j for j, links in self.links_of_site.items() if len(links) > 1]
        keys = [(j, g, t) for j in sites for g in self.products for t in self.periods]
        add_rows(
            self.block,
            self.ledger,
            "through_flow",
            keys,
            rule,
            lambda key: (self._county_of_site(key[0]), key[2]),
            structural=True,
        )

    def _upper_capacity(self) -> None:
        into = _groups(self.data["link_upper"])

        within_reach = {(u, t): sum(self._sent(li, t) for li in into[u]) for u in into for t in self.periods}

        def rule(upper: int, t: int) -> object:
            reaching = total(self._reaching(li, t) for li in into[upper])
            return at_most(reaching.plus(self._upper_available(upper, t, within_reach[upper, t]), -1.0 / self.unit))

        keys = [(u, t) for (u, t), most in within_reach.items() if self._upper_binds(u, into[u], t, most)]
        for family, built in (("upper_capacity", True), ("market_capacity", False)):
            mine = [key for key in keys if (self.data["upper_candidate"][key[0]] >= 0) == built]
            add_rows(self.block, self.ledger, family, mine, rule, self._of_upper, linking=not built)

    def _reaching(self, link: int, period: int) -> Terms:
        """What goes over a link, in the model's unit."""
        site = int(self.data["link_site"][link])
        if site in self.only_link:
            return self._entering(site, period).scaled(1 / self.unit)
        return total(one(self.block.flow[link, g, period]) for g in self.products)

    def _sent(self, link: int, period: int) -> float:
        """The most that can ever go over a link, in units."""
        return sum(self._quantity(p, period) for p in self.pairs_of_site.get(int(self.data["link_site"][link]), []))

    def _upper_available(self, upper: int, period: int, most: float) -> Terms:
        candidate = int(self.data["upper_candidate"][upper])
        if candidate >= 0:
            return self._available(candidate, period, most)
        return Terms(float(self.data["upper_capacity"][upper, period]), [], [])

    def _upper_binds(self, upper: int, links: list[int], period: int, most: float) -> bool:
        """Whether an upper node may be short; one yet to be built always is, unless `upper_first` says it all."""
        candidate = int(self.data["upper_candidate"][upper])
        if candidate < 0:
            return bool(self.data["upper_capacity"][upper, period] < most)
        only = all(int(self.data["link_site"][li]) in self.only_link for li in links)
        return not only or self._binds(candidate, most)

    def _upper_first(self) -> None:
        through: dict[tuple[int, int], list[int]] = defaultdict(list)
        for p in self.pairs:
            link = self.only_link.get(int(self.data["pair_site"][p]))
            if link is not None and self.data["upper_candidate"][self.data["link_upper"][link]] >= 0:
                through[int(self.data["pair_origin"][p]), int(self.data["link_upper"][link])].append(p)

        def rule(origin: int, upper: int, t: int) -> object:
            offered = self._offered(
                int(self.data["upper_candidate"][upper]), t, float(self.data["quantity"][origin, t])
            )
            return at_most(self._shares(through[origin, upper], t).plus(offered, -1.0))

        keys = [(i, u, t) for i, u in through for t in self.periods if self.data["quantity"][i, t] > 0]
        add_rows(
            self.block,
            self.ledger,
            "upper_first",
            keys,
            rule,
            lambda key: (self._county_of_origin[key[0]], key[2]),
            structural=True,
        )

    # ---- what the core reads
    def _enter_value(self) -> None:
        parts: dict[tuple[int, int], list[Terms]] = defaultdict(list)
        for p, t in self._share:
            parts[self._county_of_pair(p), t].append(self._amount(p, t, self._worth[p] / MILLION))
        for (link, product, t), flow in self.block.flow.items():
            worth = float(self.data["link_value"][link, product]) * self.unit / MILLION
            parts[self._county_of_site(self.data["link_site"][link]), t].append(one(flow, worth))
        for (county, t), terms in parts.items():
            self.ledger.benefit(VALUE, county, t, total(terms))
        for site in self.sites:
            for t in self.periods:
                self.ledger.expose(str(self.data["site_place"][site]), partial(self._exposed, site, t))

    def _exposed(self, site: int, t: int) -> Exposed:
        """What is earned through a site, with the least and the most that it can be."""
        terms, low, high = [], 0.0, 0.0
        for p in self.pairs_of_site.get(site, []):
            amount = self._amount(p, t, self._worth[p] / MILLION)
            terms.append(amount)
            low, high = low + sum(min(0.0, c) for c in amount.coefs), high + sum(max(0.0, c) for c in amount.coefs)
        entering = sum(self._quantity(p, t) for p in self.pairs_of_site.get(site, []))
        for li in self.links_of_site.get(site, []) if site not in self.only_link else []:
            for g in self.products:
                worth = float(self.data["link_value"][li, g]) / MILLION
                terms.append(one(self.block.flow[li, g, t], worth * self.unit))
                low, high = low + min(0.0, worth) * entering, high + max(0.0, worth) * entering
        place = str(self.data["site_place"][site])
        return Exposed(VALUE, place, self._county_of_site(site), t, total(terms), low, high)

    @cached_property
    def _worth(self) -> list[float]:
        """CNY a unit over each pair, and over its site's link where there is just one."""
        return [self._worth_of_pair(p) for p in self.pairs]

    def _worth_of_pair(self, pair: int) -> float:
        link = self.only_link.get(int(self.data["pair_site"][pair]))
        product = int(self.data["origin_product"][self.data["pair_origin"][pair]])
        return float(
            self.data["pair_value"][pair] + (self.data["link_value"][link, product] if link is not None else 0.0)
        )

    def _enter_service(self) -> None:
        county_of = self.data["origin_county"]
        counties = range(len(self.problem.county_ids))
        served: dict[tuple[int, int], list[Terms]] = defaultdict(list)
        for p, t in self._share:
            served[self._county_of_pair(p), t].append(self._amount(p, t, float(self.data["pair_weight"][p])))
        for t in self.periods:
            demand = np.bincount(county_of, self.data["quantity"][:, t], minlength=len(counties))
            for county in counties:
                amount = total(served.get((county, t), []))
                self.ledger.serve(county, t, amount, float(demand[county]))
                self.ledger.benefit(f"served:{self.name}", county, t, amount)

    def _of_origin(self, key: tuple[int, int]) -> tuple[int, int]:
        return self._county_of_origin[key[0]], key[1]

    def _of_upper(self, key: tuple[int, int]) -> tuple[int, int]:
        candidate = int(self.data["upper_candidate"][key[0]])
        county = int(self.problem.sequence["candidate_county"].values[candidate]) if candidate >= 0 else -1
        return county, key[1]

    def _of_pair(self, key: tuple[int, int]) -> tuple[int, int]:
        return self._county_of_pair(key[0]), key[1]


def _groups(owner: np.ndarray) -> dict[int, list[int]]:
    groups: dict[int, list[int]] = defaultdict(list)
    for i, o in enumerate(owner):
        groups[int(o)].append(i)
    return groups


def model_unit(quantity: np.ndarray) -> float:
    """A power of ten near the largest quantity, so that coefficients stay near 1."""
    largest = float(quantity.max()) if quantity.size else 1.0
    return float(10.0 ** np.floor(np.log10(max(largest, 1.0))))

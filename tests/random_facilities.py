"""Random facilities for random problems: origins, sites, one or two echelons, flows or single sources."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import xarray as xr

from optimizer.draft import Draft
from optimizer.problem import SystemProblem

Chance = Callable[[str, float], bool]
Columns = dict[str, tuple[str | tuple[str, ...], np.ndarray]]


def random_facilities(rng: np.random.Generator, draft: Draft, name: str, chance: Chance) -> SystemProblem:
    """A system of the candidates that the draft has for it; ``chance`` says whether a feature is in."""
    return _Facilities(rng, draft, name, chance).make()


class _Facilities:
    def __init__(self, rng: np.random.Generator, draft: Draft, name: str, chance: Chance) -> None:
        self.rng, self.draft, self.name, self.chance = rng, draft, name, chance
        self.periods = draft.horizon.n_periods
        mine = [i for i, c in enumerate(draft.candidates) if c["system"] == name]
        with_centres = len(mine) > 2 and chance("centres", 0.33)
        cut = int(rng.integers(1, len(mine) - 1)) if with_centres else 0
        self.centres, self.sites = mine[:cut], mine[cut:]
        markets = 0 if with_centres else int(rng.integers(0, 3))
        self.uppers = self.centres + [-1] * markets
        self.serve_all = chance("serve_all", 0.12)
        self.origins, self.products = int(rng.integers(2, 5)), int(rng.integers(1, 3))

    def make(self) -> SystemProblem:
        if self.serve_all:
            self._make_room()
        data = {**self._origins(), **self._sites(), **self._uppers(), **self._pairs(), **self._links()}
        coords = {
            "origin": [f"o{i}" for i in range(self.origins)],
            "product": [f"g{g}" for g in range(self.products)],
            "site": [f"p{c}" for c in self.sites],
            "upper": np.array([f"u{u}" for u in range(len(self.uppers))], str),
            "period": np.arange(self.periods),
        }
        flags = {"single_source": int(self.chance("single_source", 0.25)), "serve_all": int(self.serve_all)}
        return SystemProblem(
            self.name, "facilities", xr.Dataset(data, coords, {**flags, "commodity": "goods", "unit": "t/yr"})
        )

    def _make_room(self) -> None:
        """Where all must be served, what stands there can mostly serve all."""
        for state in self.draft.states:
            if state["initial"] and state["candidate"] in {self.sites[0], *self.centres}:
                state["capacity"] = np.inf if self.rng.random() < 0.8 else 1500.0

    def _origins(self) -> Columns:
        some = self.rng.random((self.origins, self.periods)) > 0.05
        quantity = self.rng.uniform(50, 900, (self.origins, 1)) * (1 + 0.1 * np.arange(self.periods)) * some
        return {
            "origin_county": ("origin", self.rng.integers(0, len(self.draft.counties), self.origins)),
            "origin_product": ("origin", self.rng.integers(0, self.products, self.origins)),
            "quantity": (("origin", "period"), quantity),
        }

    def _sites(self) -> Columns:
        county = [self.draft.candidates[c]["county"] for c in self.sites]
        return {
            "site_candidate": ("site", np.array(self.sites, np.int64)),
            "site_place": ("site", np.array([f"s{c}" for c in self.sites])),
            "site_county": ("site", np.array(county, np.int64)),
        }

    def _uppers(self) -> Columns:
        shape = len(self.uppers), self.periods
        limited = (self.rng.random(shape) < 0.5) & (not self.serve_all)
        return {
            "upper_candidate": ("upper", np.array(self.uppers, np.int64)),
            "upper_place": ("upper", np.array([f"u{u}" for u in range(shape[0])], str)),
            "upper_capacity": (("upper", "period"), np.where(limited, self.rng.uniform(300, 2000, shape), np.inf)),
        }

    def _pairs(self) -> Columns:
        every = [(i, j) for i in range(self.origins) for j in range(len(self.sites))]
        pairs = [pair for pair in every if self.serve_all or self.rng.random() < 0.75]
        n = len(pairs)
        graded = self.chance("graded", 0.3)
        return {
            **_ends("pair", "origin", "site", pairs),
            "pair_value": ("pair", np.round(self.rng.uniform(-300, 3500, n), 2)),
            "pair_weight": ("pair", np.round(self.rng.uniform(0.2, 1, n), 2) if graded else np.ones(n)),
        }

    def _links(self) -> Columns:
        n = len(self.uppers)
        chosen = [self.rng.permutation(n)[: self.rng.integers(1, n + 1)] if n else [] for _ in self.sites]
        links = [(j, int(u)) for j, some in enumerate(chosen) for u in sorted(some)]
        value = np.round(self.rng.uniform(-800, 600, (len(links), self.products)), 2)
        return {**_ends("link", "site", "upper", links), "link_value": (("link", "product"), value)}


def _ends(edge: str, tail: str, head: str, edges: Sequence[tuple[int, int]]) -> Columns:
    ends = np.array(edges, np.int64).reshape(len(edges), 2)
    nothing = np.zeros(len(edges))
    return {
        f"{edge}_{tail}": (edge, ends[:, 0]),
        f"{edge}_{head}": (edge, ends[:, 1]),
        f"{edge}_minutes": (edge, nothing),
        f"{edge}_km": (edge, nothing),
    }

"""Problems of the core alone (no archetype): works that earn by themselves, as negative fixed O&M."""

from __future__ import annotations

import numpy as np

from optimizer.draft import Draft
from optimizer.horizon import Horizon
from optimizer.problem import ANY, POOL, Exclusion, Problem, Requirement

HUNDRED_THOUSAND = 100_000


def rich_draft(seed: int = 0, candidates: int = 8) -> Draft:
    """Two counties, two systems, upgrades, precedence, corridors, four sources."""
    rng = np.random.default_rng(seed)
    draft = Draft(Horizon(2025, (1, 2, 1), 0.06))
    counties = [
        draft.county(name, own_share=0.1, works_at_once=2, debt_service_ceiling=4 * HUNDRED_THOUSAND) for name in "AB"
    ]
    corridor = draft.corridor("R", 2 * HUNDRED_THOUSAND)
    draft.resource("land", {"A": 5.0, "B": 3.0})
    for i in range(candidates):
        system = "heat" if i % 2 else "gas"
        c = draft.candidate(f"p{i}", system, counties[i % 3 % 2], corridor=corridor if i < 2 else -1)
        cost = int(rng.integers(8, 40)) * HUNDRED_THOUSAND
        small = draft.state(c, "small", fixed_om=-0.3 * cost)
        large = draft.state(c, "large", fixed_om=-0.55 * cost)
        how = dict(
            lead_years=int(rng.integers(0, 2)), spend_profile=(0.6, 0.4), uses={"land": float(rng.integers(1, 3))}
        )
        draft.transition(draft.initial_state(c), small, overnight_cost=cost, **how)
        draft.transition(draft.initial_state(c), large, overnight_cost=2 * cost, **how)
        draft.transition(small, large, overnight_cost=int(1.2 * cost), lead_years=1)
    draft.requirements.append(Requirement(3, ANY, 2, ANY, "requires.csv row 2"))
    draft.exclusions.append(Exclusion("g", (4, 5), "excludes.csv rows 2, 3"))
    money = 60 * HUNDRED_THOUSAND
    draft.source("centre", budget={POOL: [money, 2 * money, money]}, max_share=0.6, carry_over_share=0.3)
    draft.source("province", budget={POOL: money / 2}, systems=["gas"], preference=2)
    draft.source("county", kind="own", budget={"A": money / 3, "B": money / 4}, carry_over_share=1.0, preference=3)
    draft.source("bond", kind="bond", budget={POOL: money}, max_share=0.5, bond_rate=0.03, bond_term=5, preference=4)
    return draft


def rich_problem(seed: int = 0, candidates: int = 8) -> Problem:
    """The draft, frozen."""
    return rich_draft(seed, candidates).freeze()

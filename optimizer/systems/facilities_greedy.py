"""A first idea of what to build: sites by the worth of what they would serve, per yuan."""

from __future__ import annotations

import numpy as np

from optimizer.problem import Problem, SystemProblem
from optimizer.systems.protocol import Proposal


def greedy(problem: Problem, system: SystemProblem) -> list[Proposal]:
    """Starts worth making, best first, money left aside.

    Every site is given the demand of its pairs in the last period, the nearest origins first up to each size's capacity;
    sizes of positive worth are proposed from period 0 on, and every candidate above (a centre) with them.
    """
    worth = _worth_of_sites(problem, system)
    seq = problem.sequence
    years = sum(problem.horizon.lengths)
    proposals = []
    for p, candidate in enumerate(seq["transition_candidate"].values):
        if int(candidate) not in worth:
            continue
        gained = worth[int(candidate)](float(seq["capacity"].values[seq["to_state"].values[p]]))
        kept = worth[int(candidate)](float(seq["capacity"].values[seq["from_state"].values[p]]))
        om = float(seq["fixed_om"].values[seq["to_state"].values[p]] - seq["fixed_om"].values[seq["from_state"].values[p]])
        cost = max(1.0, float(seq["overnight_cost"].values[p]))
        gain = (gained - kept - om) * years
        if gain > 0:
            proposals.append(Proposal(p, 0, gain / cost))
    above = {int(c) for c in system.data["upper_candidate"].values if c >= 0}
    proposals += [Proposal(p, 0, 0.0) for p, c in enumerate(seq["transition_candidate"].values) if int(c) in above]
    return sorted(proposals, key=lambda proposal: -proposal.score)


def _worth_of_sites(problem: Problem, system: SystemProblem):  # type: ignore[no-untyped-def]
    """For each site's candidate a function from capacity to CNY a year."""
    d = {str(n): v.values for n, v in system.data.variables.items()}
    best_link = np.zeros(system.data.sizes["site"])
    if system.data.sizes["link"]:
        best_link[:] = -np.inf
        np.maximum.at(best_link, d["link_site"], d["link_value"].max(axis=1))
    quantity, value = d["quantity"][d["pair_origin"], -1], d["pair_value"] + best_link[d["pair_site"]]
    worth = {}
    for site, candidate in enumerate(d["site_candidate"]):
        mine = np.flatnonzero((d["pair_site"] == site) & (value > 0))
        order = mine[np.argsort(-value[mine], kind="stable")]
        worth[int(candidate)] = _Fill(quantity[order], value[order])
    return worth


class _Fill:
    """What a capacity is worth when the best demand fills it first."""

    def __init__(self, quantity: np.ndarray, value: np.ndarray) -> None:
        self.amount = np.concatenate([[0.0], np.cumsum(quantity)])
        self.worth = np.concatenate([[0.0], np.cumsum(quantity * value)])

    def __call__(self, capacity: float) -> float:
        return float(np.interp(capacity, self.amount, self.worth))

"""What of a plan's services is left when hubs have other capacities than planned: fewer, smaller, or out of service."""

from __future__ import annotations

import numpy as np
import xarray as xr

from optimizer.problem import SystemProblem

Arrays = dict[str, np.ndarray]


def carried(system: SystemProblem, decisions: xr.Dataset, capacity: np.ndarray) -> xr.Dataset:
    """Shares and flows that sites and what stands above them still carry; nobody is sent elsewhere.

    Parameters
    ----------
    decisions
        ``share`` (pair, period) and ``flow`` (link, product, period), as planned.
    capacity
        (candidate, period) units a year.

    Returns
    -------
    The same variables. A site over its capacity cuts all it serves by the same share, and so does an upper node.
    """
    d = {str(name): variable.values for name, variable in system.data.variables.items()}
    share, flow = decisions["share"].values, decisions["flow"].values
    product = d["origin_product"][d["pair_origin"]]
    entering = np.zeros((system.data.sizes["site"], system.data.sizes["product"], share.shape[1]))
    np.add.at(entering, (d["pair_site"], product), share * d["quantity"][d["pair_origin"]])
    room = np.repeat(_fits(entering.sum(axis=1), capacity[d["site_candidate"]])[:, None], entering.shape[1], axis=1)
    if len(d["link_site"]):
        kept = _kept_by_links(d, entering, flow, capacity)
        passed = np.zeros_like(entering)
        np.add.at(passed, d["link_site"], kept)
        flow = np.where(_single(d)[:, None, None], flow, kept * room[d["link_site"]])
        room = room * _fits(entering, passed)
    left = share * room[d["pair_site"], product]
    return decisions.assign(share=(("pair", "period"), left), flow=(("link", "product", "period"), flow))


def _kept_by_links(d: Arrays, entering: np.ndarray, flow: np.ndarray, capacity: np.ndarray) -> np.ndarray:
    """(link, product, period) units that reach an upper node which has room for them."""
    sent = np.where(_single(d)[:, None, None], entering[d["link_site"]], flow)
    reaching = np.zeros((len(d["upper_candidate"]), sent.shape[2]))
    np.add.at(reaching, d["link_upper"], sent.sum(axis=1))
    of = d["upper_candidate"]
    limit = np.where((of >= 0)[:, None], capacity[of], d["upper_capacity"])
    return np.asarray(sent * _fits(reaching, limit)[d["link_upper"]][:, None])


def _single(d: Arrays) -> np.ndarray:
    """(link,) whether a link is the only one of its site, so that all goes over it."""
    return np.asarray(np.bincount(d["link_site"])[d["link_site"]] == 1)


def _fits(wanted: np.ndarray, limit: np.ndarray) -> np.ndarray:
    """Share of what is wanted that a limit allows."""
    return np.minimum(1.0, np.divide(limit, wanted, out=np.ones_like(wanted), where=wanted > 0))

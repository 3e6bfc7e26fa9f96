"""Why a gas network has no physical state: a sentence that names a node or link."""

from __future__ import annotations

import numpy as np

from network_models.hydraulics.gas_batch import Batch


def reasons(batch: Batch) -> np.ndarray:
    """One sentence a scenario, '' where the state is physical, (n_scenarios,) of str."""
    sound = batch.found & batch.settled & (batch.supplied & (batch.squared > 0)).all(axis=1)
    text = np.full(batch.count, "", dtype=object)
    if sound.all():
        return text
    demand = np.broadcast_to(batch.inputs["demand"], batch.squared.shape)
    cut_off = ~batch.supplied & (demand != 0)
    negative = batch.supplied & (batch.squared <= 0)
    singular = ~np.isfinite(batch.squared).all(axis=1)
    wrong = singular | ~batch.found | ~batch.settled | cut_off.any(axis=1) | negative.any(axis=1)
    for s in np.flatnonzero(wrong).tolist():
        if cut_off[s].any():
            text[s] = _cut_off(batch, s, int(np.argmax(cut_off[s])), float(demand[s, np.argmax(cut_off[s])]))
        elif singular[s]:
            text[s] = _undetermined(batch, s)
        elif not batch.settled[s]:
            text[s] = _restless(batch, s)
        elif not batch.found[s]:
            text[s] = f"no state found in {batch.steps[s]} steps: {_largest_loss(batch, s)}"
        else:
            text[s] = _too_low(batch, s)
    return text


def _cut_off(batch: Batch, s: int, node: int, demand: float) -> str:
    network = batch.network
    shut = np.flatnonzero((batch.used[s] == 0) & ((network.tail == node) | (network.head == node)))
    closed = f" (link {network.link_names[shut[0]]!r} is closed)" if len(shut) else ""
    return (
        f"node {network.node_names[node]!r}: draws {demand:.6g} kg/s, but no open link leads to a source of fixed"
        f" pressure{closed}"
    )


def _undetermined(batch: Batch, s: int) -> str:
    k = int(np.argmax((batch.network.kind >= 5) & (batch.used[s] == 2)))
    return (
        f"link {batch.network.link_names[k]!r}: with the pressures that it and other links hold, some part of the network"
        " has given inflows only, and its pressures are not determined"
    )


def _restless(batch: Batch, s: int) -> str:
    devices = (batch.network.kind >= 5) & (batch.wanted[s] > 1)
    switching = devices & (batch.switched(np.array([s]))[0] != batch.used[s])
    k = int(np.argmax(switching if switching.any() else devices))
    return f"link {batch.network.link_names[k]!r}: keeps switching between states; its setting works against another"


def _too_low(batch: Batch, s: int) -> str:
    network = batch.network
    node = int(np.argmin(np.where(batch.supplied[s], batch.squared[s], np.inf)))
    return (
        f"node {network.node_names[node]!r}: its demand cannot be met, the pressure is used up on the way"
        f" (squared pressure {batch.squared[s, node] / 1e10:.4g} bar2): {_largest_loss(batch, s)}"
    )


def _largest_loss(batch: Batch, s: int) -> str:
    network, u = batch.network, batch.squared[s]
    loss = np.abs(u[network.tail] - u[network.head]) * (network.kind == 0) * (batch.used[s] != 0)
    k = int(np.argmax(loss))
    return (
        f"pipe {network.link_names[k]!r} loses most, {loss[k] / 1e10:.4g} bar2 at {abs(batch.flow[s, k]):.6g} kg/s"
        " (wider pipes, a nearer source or a compressor help)"
    )

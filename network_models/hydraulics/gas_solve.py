"""Steady flow in a gas network: pressures, flows and states of one scenario or of many."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from network_models.hydraulics.gas_batch import Batch
from network_models.hydraulics.gas_network import GasLink, GasNetwork
from network_models.hydraulics.gas_reasons import reasons
from network_models.hydraulics.gas_result import GasResult, GasScenarios
from network_models.hydraulics.water_check import NetworkError

ACCURACY = 1e-8


def solve(
    network: GasNetwork,
    demands: ArrayLike | None = None,
    diameters: ArrayLike | None = None,
    scenarios: GasScenarios | None = None,
    *,
    start: GasResult | None = None,
    accuracy: float = ACCURACY,
) -> GasResult:
    """Pressures and flows at which every node is balanced and every link obeys its law.

    Parameters
    ----------
    demands
        (n_nodes,) or (n_scenarios, n_nodes) kg/s in place of the network's.
    diameters
        (n_links,) or (n_scenarios, n_links) m in place of the network's.
    scenarios
        The same and more, for many scenarios at once; not together with ``demands`` or ``diameters``.
    start
        A result to begin from: of the same scenarios, or of one that stands for all.
    accuracy
        Relative error left in flows and squared pressures, estimated from the last two steps, that ends the iteration.

    Returns
    -------
    GasResult
        Without an axis of scenarios if nothing has one. Where no physical state exists, ``solved`` is False and
        ``reason`` names the node or link.

    Raises
    ------
    NetworkError
        Arrays that do not fit, or states of devices that have no meaning.
    """
    if scenarios is None:
        given = {"demand": demands, "diameter": diameters}
    elif demands is None and diameters is None:
        given = dict(vars(scenarios))
    else:
        raise NetworkError("scenarios: put the demands and diameters into the scenarios")
    single = scenarios is None and all(value is None or np.ndim(value) < 2 for value in given.values())
    inputs = {name: _rows(network, name, given.get(name)) for name in GasScenarios.__dataclass_fields__}
    _check_counts(network, inputs)
    batch = Batch(network, inputs, start)
    batch.run(accuracy)
    return _result(batch, single)


def _rows(network: GasNetwork, name: str, value: ArrayLike | None) -> np.ndarray:
    """Rows of one input, in the network's type and checked."""
    usual = getattr(network, name)
    if value is None:
        return np.asarray(usual[None, :])
    found = np.atleast_2d(np.ascontiguousarray(value, usual.dtype))
    if found.ndim != 2 or found.shape[1] != len(usual):
        raise NetworkError(f"{name}: found {np.shape(value)}; expected {len(usual)}, or rows of {len(usual)}")
    if name == "diameter":
        wrong = ~((found > 0) & np.isfinite(found)) & (network.kind == GasLink.PIPE)
    elif name == "demand":
        wrong = ~np.isfinite(found)
    else:
        return found
    if wrong.any():
        row, column = np.argwhere(wrong)[0]
        names = network.node_names if name == "demand" else network.link_names
        raise NetworkError(f"{name}: found {found[row, column]} for {names[column]!r} in scenario {row}")
    return found


def _check_counts(network: GasNetwork, inputs: dict[str, np.ndarray]) -> None:
    sizes = sorted({len(value) for value in inputs.values()} - {1})
    if len(sizes) > 1:
        raise NetworkError(f"scenarios: found arrays of {' and '.join(map(str, sizes))} rows; expected one number")
    if (np.isnan(inputs["fixed_pressure"]) != np.isnan(network.fixed_pressure)).any():
        raise NetworkError("fixed_pressure: the same nodes must have one in every scenario as in the network")


def _result(batch: Batch, single: bool) -> GasResult:
    text = reasons(batch)
    pressures = np.where(batch.supplied & (batch.squared > 0), np.sqrt(np.maximum(batch.squared, 0.0)), np.nan)
    asked = (batch.inputs[name] for name in ("diameter", "demand", "ratio", "set_pressure"))
    parts = (
        *(np.broadcast_to(value, (batch.count, value.shape[1])) for value in asked),
        pressures,
        batch.flow,
        batch.used,
        batch.steps,
        text == "",
        text,
    )
    return GasResult(batch.network, *((part[0] if single else part) for part in parts))

"""Steady gas flow against pandapipes: the same networks, interleaved, thread processor time, results equal.

pandapipes 0.16 wants pandas below 3 and SciPy below 1.17, so it runs in an interpreter of its own, named by the
environment variable CHENGXIANG_PANDAPIPES; each program measures the processor time of its own thread.
"""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import minimum_spanning_tree

from network_models.hydraulics.gas_network import GasNetwork
from network_models.hydraulics.gas_properties import GasProperties
from network_models.hydraulics.gas_result import GasScenarios
from network_models.hydraulics.gas_solve import solve

Row = dict[str, Any]
VARIABLE = "CHENGXIANG_PANDAPIPES"
SOURCE = 1.7e6
EQUAL = 1e-6
"""Relative difference in pressure up to which two results are the same."""
GAS = GasProperties(0.84, 283.15, 1.193e-5, compressibility="linear", z_slope=-2.2e-8)
LAWS = {"nikuradse_laminar": "nikuradse", "colebrook": "colebrook"}
"""Laws of friction, and what pandapipes calls them."""
CASES = (("streets", 1024, 0.1), ("grid", 1024, 1.0))
SMOKE = (("streets", 100, 0.1),)
BATCH = 200
BLOCK, THEIRS = 100, 5
"""Solutions in a row by this program and by the peer at their turns, for about as long; their means count."""


def rows(*, smoke: bool = False, repeats: int = 7) -> list[Row]:
    """Measure every network under every law of friction.

    Returns
    -------
    list
        ``value`` and ``seconds``: median of this program, ``reference``: of pandapipes (None where its interpreter is
        not named), ``ratio``, ``difference`` in pressure, and ``status``: 'equal', 'alone' or 'failed'.
    """
    cases = [(*case, law) for case in (SMOKE if smoke else CASES) for law in LAWS]
    return [_measure(*case, repeats=3 if smoke else repeats) for case in cases]


def street_network(n: int, loops: float, friction: str, seed: int = 1) -> GasNetwork:
    """A medium-pressure network on a square of streets: a random tree and a share of the other streets.

    Parameters
    ----------
    n
        Number of nodes, rounded down to a square.
    loops
        Share of the streets outside the tree that have a pipe too.
    """
    rng, side = np.random.default_rng(seed), int(np.sqrt(n))
    node = np.arange(side * side).reshape(side, side)
    tail = np.concatenate([node[:, :-1].ravel(), node[:-1].ravel()])
    head = np.concatenate([node[:, 1:].ravel(), node[1:].ravel()])
    weight = rng.uniform(0.1, 1.0, len(tail))
    tree = minimum_spanning_tree(coo_matrix((weight, (tail, head)), shape=(node.size, node.size))).tocoo()
    keep = np.isin(tail * node.size + head, tree.row.astype(np.int64) * node.size + tree.col)
    keep |= rng.random(len(tail)) < loops
    demand, fixed = rng.uniform(0.0, 2.0 / node.size, node.size), np.full(node.size, np.nan)
    demand[0], fixed[0] = 0.0, SOURCE
    length, width = rng.uniform(100, 800, keep.sum()), rng.choice([0.1, 0.15, 0.2], keep.sum())
    return GasNetwork.from_arrays(
        demand, fixed, tail[keep], head[keep], length, width, 1e-4, gas=GAS, friction=friction
    )


def _measure(name: str, n: int, loops: float, law: str, *, repeats: int) -> Row:
    network = street_network(n, loops, law)
    result = solve(network)
    ours, theirs, difference = [], [], 0.0
    with _pandapipes(network, law) as ask:
        for _ in range(repeats):
            began = time.thread_time()
            for _ in range(BLOCK):
                result = solve(network)
            ours.append((time.thread_time() - began) / BLOCK)
            if ask is not None:
                theirs.append(sum(float(ask("solve")) for _ in range(THEIRS)) / THEIRS)
        if ask is not None:
            found = np.array(json.loads(ask("pressures")))
            difference = float(np.abs(found / result.pressures - 1.0).max())
    reference = median(theirs) if theirs else None
    good = bool(result.solved) and difference <= EQUAL
    return {
        "instance": f"gas/{name}/{law}",
        "size": f"{network.n_nodes} nodes, {network.n_links} pipes",
        "value": median(ours),
        "bound": None,
        "gap": None,
        "status": "failed" if not good else "equal" if theirs else "alone",
        "seconds": median(ours),
        "spread": [min(ours), max(ours)],
        "reference": reference,
        "peer": "pandapipes 0.16.0",
        "ratio": None if reference is None else reference / median(ours),
        "difference": difference,
        **_scenario_seconds(network),
    }


def _scenario_seconds(network: GasNetwork) -> dict[str, float]:
    """Seconds a scenario in a batch of demands, cold and begun from the network's own state."""
    factors = np.random.default_rng(2).uniform(0.7, 1.1, (BATCH, network.n_nodes))
    batch, base = GasScenarios(demand=network.demand * factors), solve(network)
    found = {}
    for name, start in (("batch_seconds", None), ("warm_seconds", base)):
        began = time.thread_time()
        solve(network, scenarios=batch, start=start)
        found[name] = (time.thread_time() - began) / BATCH
    return found


@contextmanager
def _pandapipes(network: GasNetwork, law: str) -> Iterator[Any]:
    """A function that asks a running pandapipes, or None where there is none."""
    interpreter = os.environ.get(VARIABLE)
    if not interpreter:
        yield None
        return
    script = Path(__file__).with_name("kernels_gas_peer.py")
    with subprocess.Popen([interpreter, str(script)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as peer:
        assert peer.stdin is not None
        assert peer.stdout is not None
        answers, questions = peer.stdout, peer.stdin

        def ask(line: str) -> str:
            questions.write(line + "\n")
            questions.flush()
            return answers.readline()

        questions.write(json.dumps(_case(network, law)) + "\n")
        ask("solve")
        yield ask
        questions.close()


def _case(network: GasNetwork, law: str) -> dict[str, Any]:
    gas = network.gas
    arrays = {name: getattr(network, name).tolist() for name in ("demand", "tail", "head", "length", "diameter")}
    return {
        **arrays,
        "roughness": float(network.roughness[0]),
        "source": SOURCE,
        "friction": LAWS[law],
        "norm_density": gas.norm_density,
        "viscosity": gas.viscosity,
        "z_slope": gas.z_slope,
        "temperature": gas.temperature,
    }

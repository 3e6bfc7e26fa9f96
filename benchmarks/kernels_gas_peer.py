"""pandapipes as a peer, in an interpreter of its own: it wants older versions of pandas and SciPy than this project.

Reads one network as JSON from the first line of standard input; then a line 'solve' runs ``pipeflow`` once and answers
with the processor time of the thread in seconds; 'pressures' answers with the last result in Pa absolute.
"""

from __future__ import annotations

import json
import sys
import time
from typing import Any

import pandapipes  # type: ignore[import-not-found]

BAR = 1e5
AIR = 1.01325


def build(case: dict[str, Any]) -> Any:
    """The network of a case as pandapipes has it."""
    net = pandapipes.create_empty_network()
    gas = pandapipes.create_constant_fluid(
        "gas",
        "gas",
        density=case["norm_density"],
        viscosity=case["viscosity"],
        heat_capacity=2.16,
        molar_mass=18.0,
        der_compressibility=case["z_slope"] * BAR,
        compressibility=1.0,
    )
    properties = pandapipes.properties.fluids
    gas.add_property(
        "compressibility", properties.FluidPropertyLinear(case["z_slope"] * BAR, 1.0), warn_on_duplicates=False
    )
    net.fluid = gas
    kelvin = case["temperature"]
    nodes = pandapipes.create_junctions(net, len(case["demand"]), pn_bar=case["source"] / BAR, tfluid_k=kelvin)
    pandapipes.create_pipes_from_parameters(
        net,
        case["tail"],
        case["head"],
        [v / 1e3 for v in case["length"]],
        inner_diameter_mm=[v * 1e3 for v in case["diameter"]],
        k_mm=case["roughness"] * 1e3,
    )
    drawn = [k for k, value in enumerate(case["demand"]) if value]
    pandapipes.create_sinks(net, nodes[drawn], [case["demand"][k] for k in drawn])
    pandapipes.create_ext_grid(net, 0, p_bar=case["source"] / BAR - AIR, t_k=kelvin)
    return net


def main() -> None:
    """Serve one network."""
    case = json.loads(sys.stdin.readline())
    net = build(case)
    for line in sys.stdin:
        if line.strip() == "solve":
            began = time.thread_time()
            pandapipes.pipeflow(net, friction_model=case["friction"], tol_p=1e-7, tol_m=1e-7)
            print(time.thread_time() - began, flush=True)
        else:
            print(json.dumps([(p + AIR) * BAR for p in net.res_junction["p_bar"]]), flush=True)


if __name__ == "__main__":
    main()

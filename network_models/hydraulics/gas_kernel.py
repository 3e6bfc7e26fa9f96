"""Newton's method on flows and squared pressures at once, compiled: a fixed order of elimination, many scenarios.

Each step puts the linearised law of every link into the balances of the nodes, so that only the squared pressures are
solved for (Todini & Pilati 1988 for water); the matrix is not symmetric where heights, compressibility or ratios of
pressure play a part, but its columns are weakly diagonally dominant, so that no pivoting is needed.

Indices are unsigned: signed ones cost a test for a negative index at every use, which doubles the time of the factors.
"""

from __future__ import annotations

import math

import numpy as np

from network_models._numba import inner, kernel
from network_models.hydraulics.gas_laws import LEAST_PRESSURE, drag, pipe_law, pump_law

FLATTEST = 1e-9
"""Least slope of a law, as a share of the squared reference pressure over 1 kg/s."""
STILL = 1e-19
"""Change of flow a link that always counts as none, kg/s for each Pa2 of the reference: what rounding leaves."""
QUADRATIC = 1e-2
"""Relative change below which convergence is taken to be quadratic."""
CALM = 40
"""Iteration from which on every other step is halved."""
PUMP = 2
ONE, TWO = np.uint64(1), np.uint64(2)


@inner(error_model="numpy")
def factorise(
    n: int, values: np.ndarray, column: np.ndarray, row: np.ndarray, first_dense: np.ndarray, target: np.ndarray
) -> None:
    """LU factors in place; arguments as in ``Elimination``, n the whole size."""
    sparse, t = np.uint64(len(column) - 1), np.uint64(0)
    diagonal, pair = values[:sparse], values[sparse : sparse + TWO * np.uint64(len(row))].reshape(-1, 2)
    dense = _dense(n, len(column) - 1, len(row), values)
    for j in range(sparse):
        inverse = 1.0 / diagonal[j]
        diagonal[j] = inverse
        begin, middle, end = np.uint64(column[j]), np.uint64(first_dense[j]), np.uint64(column[j + ONE])
        for x in range(begin, end):
            pair[x, 0] *= inverse
        for x in range(begin, middle):
            low, up = pair[x, 0], pair[x, 1]
            diagonal[row[x]] -= low * up
            for y in range(x + ONE, end):
                place = target[t]
                t += ONE
                pair[place, 0] -= pair[y, 0] * up
                pair[place, 1] -= low * pair[y, 1]
        for x in range(middle, end):
            below, low = dense[row[x] - sparse], pair[x, 0]
            for y in range(middle, end):
                below[row[y] - sparse] -= low * pair[y, 1]
    _factorise_dense(dense)


@inner(error_model="numpy")
def _dense(n: int, sparse: int, count: int, values: np.ndarray) -> np.ndarray:
    width, start = n - sparse, sparse + 2 * count
    return values[start : start + width * width].reshape(width, width)


@inner(error_model="numpy")
def _factorise_dense(dense: np.ndarray) -> None:
    width = len(dense)
    for j in range(width):
        inverse = 1.0 / dense[j, j]
        dense[j, j] = inverse
        pivot = dense[j, j + 1 :]
        for r in range(j + 1, width):
            low = dense[r, j] * inverse
            dense[r, j] = low
            rest = dense[r, j + 1 :]
            for c in range(len(pivot)):
                rest[c] -= low * pivot[c]


@inner(error_model="numpy")
def substitute(n: int, values: np.ndarray, column: np.ndarray, row: np.ndarray, b: np.ndarray) -> None:
    """Solve with the factors, in place of the right-hand side."""
    sparse = len(column) - 1
    width, pair = n - sparse, values[sparse : sparse + 2 * len(row)].reshape(-1, 2)
    dense = _dense(n, sparse, len(row), values)
    for j in range(sparse):
        for x in range(column[j], column[j + 1]):
            b[row[x]] -= pair[x, 0] * b[j]
    for r in range(width):
        for c in range(r):
            b[sparse + r] -= dense[r, c] * b[sparse + c]
    for r in range(width - 1, -1, -1):
        for c in range(r + 1, width):
            b[sparse + r] -= dense[r, c] * b[sparse + c]
        b[sparse + r] *= dense[r, r]
    for j in range(sparse - 1, -1, -1):
        total = b[j]
        for x in range(column[j], column[j + 1]):
            total -= pair[x, 1] * b[row[x]]
        b[j] = total * values[j]


@inner(error_model="numpy")
def linearise(
    m: np.ndarray,
    u: np.ndarray,
    p: np.ndarray,
    x: np.ndarray,
    ends: np.ndarray,
    laws: np.ndarray,
    numbers: np.ndarray,
    lift: np.ndarray,
    z: tuple[float, float, float],
    warmth: float,
    flattest: float,
    cold: bool,
    out: np.ndarray,
) -> None:
    """Linear form of each law of the core: flow = out[k, 0] + out[k, 1] u_i - out[k, 2] u_j.

    Where the state is a mere guess of the size of the flows (``cold``), the law is taken as proportional to the flow.
    """
    for k in range(len(out)):
        i, j = ends[0, k], ends[1, k]
        if laws[1, k] == PUMP:
            factor = z[0] + p[i] * (z[1] + p[i] * z[2])
            c0, c1, c2 = lift[k, 0], lift[k, 1], lift[k, 2]
            found = pump_law(u[j], p[i], m[k], c0, c1, c2, numbers[k, 6], warmth, factor)
        else:
            friction, slope, x[k] = drag(
                m[k], laws[0, k], numbers[k, 0], numbers[k, 1], numbers[k, 2], numbers[k, 3], numbers[k, 4], x[k]
            )
            found = pipe_law(
                u[i], u[j], p[i], p[j], friction, slope, numbers[k, 5], numbers[k, 6], numbers[k, 7], m[k], z
            )
        y = 1.0 / max(found[3], flattest)
        out[k, 1], out[k, 2] = y * found[1], y * found[2]
        if cold and laws[1, k] != PUMP:
            out[k, 0] = 0.0
        else:
            out[k, 0] = m[k] + y * found[0] - out[k, 1] * u[i] + out[k, 2] * u[j]


@inner(error_model="numpy")
def assemble(
    linear: np.ndarray,
    ends: np.ndarray,
    places: np.ndarray,
    rows: np.ndarray,
    scale: np.ndarray,
    shift: np.ndarray,
    values: np.ndarray,
    b: np.ndarray,
) -> None:
    """Add the linear laws to the balances of the nodes."""
    for k in range(len(linear)):
        i, j = ends[0, k], ends[1, k]
        gi, gj = linear[k, 1] * scale[i], linear[k, 2] * scale[j]
        values[places[0, k]] += gi
        values[places[1, k]] -= gj
        values[places[2, k]] -= gi
        values[places[3, k]] += gj
        known = linear[k, 0] + linear[k, 1] * shift[i] - linear[k, 2] * shift[j]
        b[rows[i]] -= known
        b[rows[j]] += known


@inner(error_model="numpy")
def settle(
    m: float, u: float, sign: float, law: int, numbers: np.ndarray, z: tuple[float, float, float], most: float
) -> float:
    """Squared pressure behind a link of a dead end, from the flow in the link and the squared pressure before it.

    Parameters
    ----------
    sign
        +1 where the link leads away from the known end.
    most
        Squared pressure beyond which none is looked for.
    """
    x = 1.0 / math.sqrt(max(numbers[0], 1e-4))
    friction, slope = 0.0, 0.0
    for _ in range(6):
        friction, slope, x = drag(m, law, numbers[0], numbers[1], numbers[2], numbers[3], numbers[4], x)
    known, v = math.sqrt(min(max(u, LEAST_PRESSURE**2), most)), u
    for _ in range(20):
        p = math.sqrt(min(max(v, LEAST_PRESSURE**2), most))
        if sign > 0.0:
            found = pipe_law(u, v, known, p, friction, slope, numbers[5], numbers[6], numbers[7], m, z)
            step = found[0] / found[2]
        else:
            found = pipe_law(v, u, p, known, friction, slope, numbers[5], numbers[6], numbers[7], m, z)
            step = -found[0] / found[1]
        v += step
        if abs(step) <= 1e-13 * most:
            break
    return v


@inner(error_model="numpy")
def solve_one(
    demand: np.ndarray,
    scale: np.ndarray,
    shift: np.ndarray,
    u: np.ndarray,
    m: np.ndarray,
    x: np.ndarray,
    rows: np.ndarray,
    cols: np.ndarray,
    core: np.ndarray,
    ends: np.ndarray,
    places: np.ndarray,
    column: np.ndarray,
    row: np.ndarray,
    first_dense: np.ndarray,
    target: np.ndarray,
    laws: np.ndarray,
    numbers: np.ndarray,
    lift: np.ndarray,
    z: tuple[float, float, float],
    warmth: float,
    accuracy: float,
    most: int,
    cold: bool,
    reference: float,
    values: np.ndarray,
    b: np.ndarray,
    linear: np.ndarray,
    p: np.ndarray,
) -> int:
    """Improve u, m and x of the core until nothing changes; the number of iterations, negative if that was not enough.

    Parameters
    ----------
    demand, scale, shift
        (n_nodes,); a node's squared pressure is ``scale * w[cols] + shift``, w the unknowns.
    rows, cols
        (n_nodes,) balance and unknown of each node, the spare one after the last where there is none.
    ends, laws, places
        (2, n), (2, n) and (4, n_core): nodes, law and kind, and places in ``values`` of each link.
    numbers
        (n, 8): lambda, rough, reynolds, slim, loss, base, rise and fixed loss of each link.
    accuracy
        Relative error of flows and squared pressures left that ends the iteration. Once a step is small, the next one
        is about its cube over the square of the one before (convergence is quadratic): that is the error left.
    """
    n, last = len(b) - 1, 1.0
    for iteration in range(1, most + 1):
        values[:] = 0.0
        b[:] = 0.0
        for i in core:
            p[i] = math.sqrt(min(max(u[i], LEAST_PRESSURE**2), 100.0 * reference))
            b[rows[i]] -= demand[i]
        linearise(
            m, u, p, x, ends, laws, numbers, lift, z, warmth, FLATTEST * reference, cold and iteration == 1, linear
        )
        assemble(linear, ends, places, rows, scale, shift, values, b)
        factorise(n, values, column, row, first_dense, target)
        substitute(n, values, column, row, b)
        b[n] = 0.0
        rise = 0.0
        step = 0.5 if iteration > CALM and iteration % 2 == 0 else 1.0
        for i in core:
            found = scale[i] * b[cols[i]] + shift[i]
            rise = max(rise, abs(found - u[i]))
            u[i] += step * (found - u[i])
        change, total = 0.0, 0.0
        for k in range(len(linear)):
            flow = linear[k, 0] + linear[k, 1] * u[ends[0, k]] - linear[k, 2] * u[ends[1, k]]
            change += abs(flow - m[k])
            total += abs(flow)
            m[k] = flow
        moved = max(change / (total + 1e-300), rise / reference)
        if change <= STILL * reference * len(linear) and rise <= accuracy * reference:
            moved = 0.0
        left = moved if moved > QUADRATIC else moved * (moved / last) ** 2
        if step == 1.0 and min(moved, left) <= accuracy:
            return iteration
        last = moved
    return -most


@kernel(error_model="numpy")
def solve_many(
    demand: np.ndarray,
    scale: np.ndarray,
    shift: np.ndarray,
    u: np.ndarray,
    m: np.ndarray,
    rows: np.ndarray,
    cols: np.ndarray,
    core: np.ndarray,
    leaf: np.ndarray,
    parent: np.ndarray,
    sign: np.ndarray,
    ends: np.ndarray,
    places: np.ndarray,
    column: np.ndarray,
    row: np.ndarray,
    first_dense: np.ndarray,
    target: np.ndarray,
    n_unknown: int,
    n_values: int,
    laws: np.ndarray,
    numbers: np.ndarray,
    lift: np.ndarray,
    z: tuple[float, float, float],
    warmth: float,
    accuracy: float,
    most: int,
    cold: bool,
    iterations: np.ndarray,
) -> None:
    """Solve scenario after scenario: flows of dead ends, the core, pressures of dead ends.

    Arguments as in ``solve_one`` and ``Structure``; those of the scenarios with a leading axis, of length 1 where shared.
    """
    n_links, n_core = m.shape[1], places.shape[1]
    values, b = np.empty(n_values), np.empty(n_unknown + 1)
    linear, p, x = np.empty((n_core, 3)), np.empty(u.shape[1]), np.empty(n_links)
    drawn = np.empty(u.shape[1])
    for s in range(len(iterations)):
        d, c = min(s, len(demand) - 1), min(s, len(scale) - 1)
        h, q = min(s, len(shift) - 1), min(s, len(numbers) - 1)
        drawn[:] = demand[d]
        for t in range(len(leaf) - 1, -1, -1):
            m[s, n_core + t] = sign[t] * drawn[leaf[t]]
            drawn[parent[t]] += drawn[leaf[t]]
        reference = LEAST_PRESSURE**2
        for i in core:
            reference = max(reference, abs(u[s, i]), shift[h, i])
        for k in range(n_core):
            x[k] = 1.0 / math.sqrt(max(numbers[q, k, 0], 1e-4))
        iterations[s] = solve_one(
            drawn,
            scale[c],
            shift[h],
            u[s],
            m[s],
            x,
            rows,
            cols,
            core,
            ends,
            places,
            column,
            row,
            first_dense,
            target,
            laws,
            numbers[q],
            lift,
            z,
            warmth,
            accuracy,
            most,
            cold,
            reference,
            values,
            b,
            linear,
            p,
        )
        for t in range(len(leaf)):
            k = n_core + t
            u[s, leaf[t]] = settle(m[s, k], u[s, parent[t]], sign[t], laws[0, k], numbers[q, k], z, 100.0 * reference)
